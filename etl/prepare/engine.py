"""Run prepare_chunk over the parts of a table, in this process or in others, and give the chunks in order.

Where the others are is a Pool's business: processes of this machine here, a Dask cluster in `dask_engine`.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Protocol

from etl.errors import SourceError
from etl.model import Part, Table, following
from etl.prepare.chunk import Chunk, prepare_chunk
from etl.prepare.program import Plan, Program

ROWS_A_PART = 1_000
"""Few enough that a part's cells stay in the processor's cache from reading to writing: 4,000 take a fifth longer."""

ROWS_A_TASK = 5_000
"""The same for a cluster, where a part costs questions over the network as well."""

AHEAD = 4
"""Parts under way for each worker: enough that none waits, few enough that memory stays flat."""

LOCAL, DASK = "local", "dask"
"""The engines: processes of this machine, or a Dask cluster."""


class Awaited(Protocol):
    """A chunk that is being prepared somewhere else."""

    def result(self) -> Chunk: ...


class Pool(Protocol):
    """Workers that know one plan. `most` parts are given to them at a time; `submit` does not wait."""

    @property
    def most(self) -> int: ...

    def submit(self, part: Part) -> Awaited: ...


Pools = Callable[[Plan], AbstractContextManager[Pool]]
"""Makes the pool for one plan."""


@contextmanager
def pools(engine: str, workers: int, scheduler: str | None) -> Iterator[Pools | None]:
    """Connect to the engine for as long as a package is prepared. None: `chunks` needs nothing that outlives a stage."""
    if engine == LOCAL:
        yield None
        return
    from etl.prepare.dask_engine import dask_pools

    with dask_pools(scheduler, workers) as found:
        yield found


def chunks(
    plan: Plan,
    table: Table,
    *,
    workers: int = 1,
    limit: int | None = None,
    rows: int | None = None,
    pools: Pools | None = None,
) -> Iterator[Chunk]:
    """Every chunk of a table, in the table's order, whatever the number of workers. With `limit`, of its first rows only.

    Without `pools`, `workers` processes of this machine.
    """
    rows = rows or (ROWS_A_PART if pools is None else ROWS_A_TASK)
    parts = table.parts(rows if limit is None else min(rows, max(limit, 1)))
    # A second part is worth processes of their own. With a limit nothing is looked at that may not be wanted.
    first = list(islice(parts, 2)) if workers > 1 and limit is None and pools is None else []
    if limit is None and (pools is not None or len(first) == 2):
        with (pools or partial(_processes, workers))(plan) as pool:
            yield from _in_order(pool, chain(first, parts))
    else:
        yield from _in_this_process(Program(plan), chain(first, parts), limit)


def _in_order(pool: Pool, parts: Iterator[Part]) -> Iterator[Chunk]:
    """Parts are read ahead where they are guessed to begin; the rare wrong guess is read again in its turn."""
    waiting: deque[tuple[Part, Awaited]] = deque()
    end: int | None = None
    while True:
        for part in islice(parts, pool.most - len(waiting)):
            waiting.append((part, pool.submit(part)))
        if not waiting:
            return
        part, awaited = waiting.popleft()
        true_part = following(part, end)
        chunk = awaited.result() if true_part is part else pool.submit(true_part).result()
        end = chunk.end
        yield chunk


def _in_this_process(program: Program, parts: Iterator[Part], limit: int | None) -> Iterator[Chunk]:
    end, left = None, limit
    while left is None or left > 0:
        # A part after the last one that is wanted must not even be looked for.
        part = next(parts, None)
        if part is None:
            return
        with without_collecting():
            chunk = prepare_chunk(program, following(part, end), left)
        end = chunk.end
        left = None if left is None else left - chunk.read
        yield chunk


@contextmanager
def without_collecting() -> Iterator[None]:
    """Rows and records make no cycles, and looking for some among millions of cells takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _processes(workers: int, plan: Plan) -> Iterator[Pool]:
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
