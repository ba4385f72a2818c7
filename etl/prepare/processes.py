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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

from etl.errors import SourceError
from etl.model import Part
from etl.prepare.chunk import Chunk, prepare_chunk
from etl.prepare.pools import AHEAD, ROWS_A_PART, Pool, Pools
from etl.prepare.program import Plan, Program


@contextmanager
def processes(workers: int, plans: Sequence[Plan]) -> Iterator[Pools]:
    """Worker processes for these plans. They start when the first table is worth it, and then work for all.

    So they are forked once, while this process is small: what it holds later (keys, mostly) is none of theirs.
    """
    started: list[ProcessPoolExecutor] = []

    @contextmanager
    def pool(plan: Plan) -> Iterator[Pool]:
        if not started:
            started.append(_started(workers, plans))
        (executor,) = started
        number = next(number for number, one in enumerate(plans) if one is plan)
        try:
            yield _ProcessPool(executor, number, AHEAD * workers)
        except BrokenProcessPool:
            raise SourceError(
                "a worker process was ended from outside (out of memory?); use --workers 1, or a machine with more memory"
            ) from None
        except BaseException:
            _abandon(executor)  # what is under way is not wanted any more, and may never come
            raise

    try:
        yield Pools(pool, ROWS_A_PART, least=2)
    finally:
        for executor in started:
            executor.shutdown()


def _started(workers: int, plans: Sequence[Plan]) -> ProcessPoolExecutor:
    executor = ProcessPoolExecutor(workers, _context(), initializer=_start, initargs=(plans,))
    _widen_pipe(executor)
    with _signals_waiting():
        executor.submit(_nothing)  # starts the workers
    return executor


@dataclass(frozen=True, slots=True)
class _ProcessPool:
    executor: ProcessPoolExecutor
    plan: int
    most: int

    def submit(self, part: Part) -> _InProcess:
        return _InProcess(self.executor, self.executor.submit(_work, self.plan, part))


@dataclass(frozen=True, slots=True)
class _InProcess:
    executor: ProcessPoolExecutor
    future: Future[Chunk]

    def result(self) -> Chunk:
        """The chunk. Raises BrokenProcessPool when a worker has died.

        One that is killed while it writes its chunk leaves half a message, and the executor waits for the other half for
        ever. So the workers are looked at while waiting.
        """
        while True:
            try:
                return self.future.result(timeout=1)
            except TimeoutError:
                if not all(worker.is_alive() for worker in self.executor._processes.values()):
                    _abandon(self.executor)
                    raise BrokenProcessPool from None


LARGE_PIPE = 1 << 20
"""Bytes; what Linux lets anybody ask for. A chunk is half of that, and a pipe takes 64 KB: eight turns of two processes."""


def _widen_pipe(executor: ProcessPoolExecutor) -> None:
    """Let a worker hand over a chunk at once and go on."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # an administrator may allow less
            fcntl.fcntl(executor._result_queue._reader.fileno(), fcntl.F_SETPIPE_SZ, LARGE_PIPE)  # type: ignore[attr-defined]


INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def _signals_waiting() -> Iterator[None]:
    """Let an interruption wait: while a process is forked, Python drops it, and a worker does not yet ignore it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTIONS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)


def _nothing() -> None:
    pass


def _abandon(executor: ProcessPoolExecutor) -> None:
    """End the workers at once. The executor holds the writing end of their pipe too: closed, half a message is its end."""
    for worker in list((executor._processes or {}).values()):
        worker.kill()
    if not executor._result_queue._writer.closed:  # type: ignore[attr-defined]
        executor._result_queue._writer.close()  # type: ignore[attr-defined]
    executor.shutdown(wait=True, cancel_futures=True)


def _context() -> multiprocessing.context.BaseContext:
    """fork starts at once with everything imported. macOS' system libraries do not survive it."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


_plans: Sequence[Plan]


def _start(plans: Sequence[Plan]) -> None:
    """Make this a worker process. Ctrl-C is the main process' business."""
    gc.disable()  # for the reason without_collecting gives
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)
    threading.Thread(target=_end_with_the_main_process, daemon=True).start()
    global _plans  # noqa: PLW0603 - the one state a worker process has
    _plans = plans


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


def _work(number: int, part: Part) -> Chunk:
    return prepare_chunk(_program(number), part)
