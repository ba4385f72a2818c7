"""Worker processes of this machine, and what it takes to end well when one of them, or the main process, does not."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from functools import cache

from msgspec import Struct

from etl.errors import SourceError
from etl.model import Part
from etl.prepare.chunk import Chunk, prepare_chunk
from etl.prepare.plan import Plan
from etl.prepare.program import Program
from etl.stop import SIGNALS, deaf, later
from etl.workers.pools import ROWS_A_PART, Pool, Pools
from etl.workers.slots import Slots
from etl.workers.stdlib import abandon, are_alive

AHEAD = 8
"""Parts under way for each worker: enough that none waits while chunks are written, few enough that memory stays flat."""

SlottedChunk = tuple[Chunk, int | None]
"""A chunk; and where its lines were left in a slot, how many bytes they are."""


@contextmanager
def processes(workers: int, plans: Sequence[Plan]) -> Iterator[Pools]:
    """Worker processes for these plans. They start when the first table is worth it, and then work for all.

    So they are forked once, while this process is small: what it holds later (keys, mostly) is none of theirs.
    """
    most = AHEAD * workers
    started: list[ProcessPoolExecutor] = []

    @contextmanager
    def pool(plan: Plan) -> Iterator[Pool]:
        if not started:
            # While a process is forked, Python drops a signal, and a worker does not yet ignore it: so it waits meanwhile, and
            # until what has begun is where it will be ended. The executor's own thread begins here, too. Another thread of
            # whoever called may take the signal all the same: then Python holds it back.
            with later(), deaf():
                started.append(_started(workers, plans, slots))
        (executor,) = started
        number = next(number for number, one in enumerate(plans) if one is plan)
        try:
            yield _ProcessPool(executor, slots, number, most)
        except BrokenProcessPool:
            raise SourceError(
                "a worker process was ended from outside (out of memory?); use --workers 1, or a machine with more memory"
            ) from None
        except BaseException:
            abandon(executor)  # what is under way is not wanted any more, and may never come
            raise

    with closing(Slots(most)) as slots:
        try:
            yield Pools(pool, ROWS_A_PART, least=2)
        finally:
            # Left half ended, the executor's own thread closes a pipe while Python's end still writes to it.
            with later():
                for executor in started:
                    executor.shutdown()


def _started(workers: int, plans: Sequence[Plan], slots: Slots) -> ProcessPoolExecutor:
    # Where workers are not forked, they have no memory in common with this process.
    shared = slots if FORKED else None
    executor = ProcessPoolExecutor(workers, _context(), initializer=_start, initargs=(plans, shared))
    executor.submit(_nothing)  # starts the workers
    return executor


class _ProcessPool(Struct, frozen=True):
    executor: ProcessPoolExecutor
    slots: Slots
    plan: int
    most: int

    def submit(self, part: Part) -> _InProcess:
        slot = self.slots.take()
        return _InProcess(self.executor, self.slots, slot, self.executor.submit(_work, self.plan, part, slot))


class _InProcess(Struct, frozen=True):
    executor: ProcessPoolExecutor
    slots: Slots
    slot: int
    future: Future[SlottedChunk]

    def result(self) -> Chunk:
        """The chunk. Raises BrokenProcessPool when a worker has died."""
        chunk, left = self._answer()
        if left is not None:
            chunk.lines = self.slots.get(self.slot, left)
        self.slots.free(self.slot)
        return chunk

    def _answer(self) -> SlottedChunk:
        """Wait for the worker. One that was killed is noticed while waiting (stdlib.py tells why)."""
        while True:
            try:
                return self.future.result(timeout=1)
            except TimeoutError:
                if not are_alive(self.executor):
                    abandon(self.executor)
                    raise BrokenProcessPool from None


def _nothing() -> None:
    pass


FORKED = sys.platform == "linux"
"""fork starts at once with everything imported. macOS' system libraries do not survive it."""


def _context() -> multiprocessing.context.BaseContext:
    return multiprocessing.get_context("fork" if FORKED else "spawn")


_plans: Sequence[Plan]
_slots: Slots | None


def _start(plans: Sequence[Plan], slots: Slots | None) -> None:
    """Make this a worker process. Ctrl-C and a terminal that is closed are the main process' business."""
    gc.disable()  # for the reason without_collecting gives
    for told_to_all in (signal.SIGINT, signal.SIGHUP):
        signal.signal(told_to_all, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_end_with_the_main_process, daemon=True).start()
    global _plans, _slots
    _plans, _slots = plans, slots


@cache
def _program(number: int) -> Program:
    """A plan, compiled once in each worker process."""
    return Program(_plans[number])


def _end_with_the_main_process() -> None:
    """A main process that is killed cannot end its workers: they would wait for work for ever."""
    main = multiprocessing.parent_process()
    if main is not None:
        main.join()
        os._exit(1)


def _work(number: int, part: Part, slot: int) -> SlottedChunk:
    chunk = prepare_chunk(_program(number), part)
    if _slots is None or not _slots.put(slot, chunk.lines):
        return chunk, None
    left, chunk.lines = len(chunk.lines), b""
    return chunk, left
