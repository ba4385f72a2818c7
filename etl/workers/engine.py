"""Run prepare_chunk over the parts of a table, in this process or in others, and give the chunks in order.

Where the others are is a Pool's business: processes of this machine, or a Dask cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice

from etl.extract import in_order
from etl.model import Part, Table
from etl.prepare.chunk import Chunk, Numbered, prepare_chunk
from etl.prepare.plan import Plan
from etl.prepare.program import Program
from etl.workers.names import LOCAL
from etl.workers.pools import ROWS_A_PART, Pools, without_collecting


@contextmanager
def pools(engine: str, workers: int, scheduler: str | None, plans: Sequence[Plan]) -> Iterator[Pools | None]:
    """Who prepares the parts of tables, while the context lasts. None: this process. Worker processes know these plans only."""
    if engine == LOCAL and workers == 1:
        yield None
    elif engine == LOCAL:
        from etl.workers.processes import processes

        with processes(workers, plans) as found:
            yield found
    else:
        from etl.workers.dask_engine import dask_pools

        with dask_pools(scheduler, workers) as found:
            yield found


def chunks(
    plan: Plan, table: Table, pools: Pools | None = None, *, limit: int | None = None, rows: int | None = None
) -> Generator[Chunk]:
    """Every chunk of a table, in the table's order, whoever prepares them. With `limit`, of its first rows only.

    To be closed. Where that is before the last chunk, worker processes are ended with what they have under way, and so serve no
    further table; the tasks of a cluster are let go.
    """
    rows = rows or (ROWS_A_PART if pools is None else pools.rows)
    cut = table.parts(rows if limit is None else min(rows, max(limit, 1)))
    parts: Iterator[Part] = (Numbered(part, number) for number, part in enumerate(cut))
    if limit is not None:
        pools = None  # nothing is looked at that may not be wanted
    first = [] if pools is None else list(islice(parts, pools.least))
    if pools is not None and len(first) == pools.least:
        with pools.pool(plan) as pool:
            yield from in_order(chain(first, parts), lambda part: _of(part, pool.submit(part).result), pool.most)
    else:
        yield from _in_this_process(Program(plan), chain(first, parts), limit)


def _of(part: Part, wait: Callable[[], Chunk]) -> Callable[[], Chunk]:
    """The way to wait for a chunk, which then knows its part: that has not to come back from whoever prepared it."""

    def waited() -> Chunk:
        chunk = wait()
        chunk.part = part
        return chunk

    return waited


def _in_this_process(program: Program, parts: Iterator[Part], limit: int | None) -> Iterator[Chunk]:
    left = limit

    def prepared(part: Part) -> Chunk:
        with without_collecting():
            return prepare_chunk(program, part, left)

    for chunk in in_order(parts, lambda part: _of(part, partial(prepared, part))):
        yield chunk
        left = None if left is None else left - chunk.read
        # A part after the last one that is wanted must not even be looked for.
        if left is not None and left <= 0:
            return
