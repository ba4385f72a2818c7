"""Stopping a load: the first signal asks it to end after the request in hand, a second one ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from etl.arguments import checked
from etl.errors import EtlError, Exit
from etl.findings import said

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heeded() -> tuple[signal.Signals, ...]:
    """The signals that end a command. A hang-up that is ignored (`nohup`) stays ignored."""
    return tuple(one for one in SIGNALS if one is not signal.SIGHUP or signal.getsignal(one) is not signal.SIG_IGN)


@contextmanager
def deaf() -> Iterator[None]:
    """Threads that are begun in here get no signals. The kernel gives a signal to any thread that takes it, and Python heeds
    it in the main one: waiting there for an answer, it would learn of a Ctrl-C that another thread got when the answer is there.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def later() -> Iterator[None]:
    """Hold a first signal back until this is left, for what must not be left half begun or half closed. A second one ends the
    process at once, as everywhere."""
    came: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        if came:
            _end_at_once(number)
        came.append(number)

    here = threading.current_thread() is threading.main_thread()
    before = {one: handler for one in SIGNALS if here and callable(handler := signal.getsignal(one))}
    for number in before:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def nobody_hears(signal_name: str) -> None:
    """Who is told of the first signal in a load that runs by itself."""


class Stopped(EtlError):
    """What is under way was asked to stop; nothing was lost. `then` says how it goes on, where whoever raises it knows."""

    exit_code = Exit.TARGET
    ending = "somebody stopped it"

    def __init__(self, why: str = "", then: str = "") -> None:
        words = "stopped by {signal}; {then}" if why else "stopped; {then}"
        super().__init__(said(words, signal=why, then=then or said("give the same command again")))
        self.why, self.then = why, then


@checked
class Stop:
    """Whether a load shall stop. Everything that waits, waits through it, so that waiting ends when asked."""

    def __init__(self, heard: Callable[[str], None] = nobody_hears) -> None:
        """`heard` is told the first signal's name, in its handler."""
        self._heard = heard
        self._event = threading.Event()
        self._asked = False
        self._why = ""

    def ask(self, why: str = "") -> None:
        self._asked, self._why = True, self._why or why
        self._event.set()

    @property
    def asked(self) -> bool:
        return self._asked

    def check(self) -> None:
        """Raise Stopped when asked to stop."""
        if self._event.is_set():
            raise Stopped(self._why)

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Stopped as soon as it is asked to stop."""
        if self._event.wait(seconds):
            raise Stopped(self._why)

    @contextmanager
    def halting(self) -> Iterator[None]:
        """While in here everything stops at its next wait, as if asked: one batch has failed, the others shall not go on."""
        self._event.set()
        try:
            yield
        finally:
            if not self._asked:
                self._event.clear()

    @contextmanager
    def on_signals(self) -> Iterator[Stop]:
        """Listen to the signals that end a command (main thread only). A second one ends the process at once, also when the load
        has stopped already and the command is about to say so: it has been told that it would."""
        before = {number: signal.getsignal(number) for number in heeded()}

        def heard(number: int, frame: FrameType | None) -> None:
            if self.asked:
                _end_at_once(number)
            self.ask(signal.Signals(number).name)
            self._heard(signal.Signals(number).name)

        for number in before:
            signal.signal(number, heard)
        try:
            yield self
        finally:
            if not self.asked:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _end_at_once(number: int) -> None:
    """Die of the signal itself. The journal is made for a process that dies at any moment; unwinding would wait for threads."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
