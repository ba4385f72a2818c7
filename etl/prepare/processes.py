"""Worker processes of this machine, and what it takes to end well when one of them, or the main process, does not."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from etl.errors import SourceError
from etl.model import Part
from etl.prepare.chunk import Chunk, prepare_chunk
from etl.prepare.pools import AHEAD, Pool
from etl.prepare.program import Plan, Program


@contextmanager
def processes(workers: int, plan: Plan) -> Iterator[Pool]:
    with ProcessPoolExecutor(workers, _context(), initializer=_start, initargs=(plan,)) as executor:
        try:
            with _signals_waiting():
                executor.submit(_nothing)  # starts the workers
            yield _ProcessPool(executor, AHEAD * workers)
        except BrokenProcessPool:
            raise SourceError(
                "a worker process was ended from outside (out of memory?); use --workers 1, or a machine with more memory"
            ) from None
        except BaseException:
            _abandon(executor)  # what is under way is not wanted any more, and may never come
            raise


@dataclass(frozen=True, slots=True)
class _ProcessPool:
    executor: ProcessPoolExecutor
    most: int

    def submit(self, part: Part) -> _InProcess:
        return _InProcess(self.executor, self.executor.submit(_work, part))


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


_program: Program


def _start(plan: Plan) -> None:
    """Compile the plan, once in each worker process. Ctrl-C is the main process' business."""
    gc.disable()  # for the reason without_collecting gives
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)
    threading.Thread(target=_end_with_the_main_process, daemon=True).start()
    global _program  # noqa: PLW0603 - the one state a worker process has
    _program = Program(plan)


def _end_with_the_main_process() -> None:
    """A main process that is killed cannot end its workers: they would wait for work for ever."""
    main = multiprocessing.parent_process()
    if main is not None:
        main.join()
        os._exit(1)


def _work(part: Part) -> Chunk:
    return prepare_chunk(_program, part)
