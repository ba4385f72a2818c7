"""Run prepare_chunk over the parts of a table, in this process or in others, and give the chunks in order.

Where the others are is a Pool's business: processes of this machine, or a Dask cluster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice

from etl.model import Part, Table, following
from etl.prepare.chunk import Chunk, prepare_chunk
from etl.prepare.pools import Awaited, Pool, Pools, without_collecting
from etl.prepare.processes import processes
from etl.prepare.program import Plan, Program

ROWS_A_PART = 1_000
"""Few enough that a part's cells stay in the processor's cache from reading to writing: 4,000 take a fifth longer."""

ROWS_A_TASK = 5_000
"""The same for a cluster, where a part costs questions over the network as well."""

LOCAL, DASK = "local", "dask"
"""The engines: processes of this machine, or a Dask cluster."""


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
        with (pools or partial(processes, workers))(plan) as pool:
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
