"""What the engine asks of workers, wherever they are: processes of this machine (`processes`), or a cluster (`dask_engine`)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from msgspec import Struct

from etl.model import Part
from etl.prepare.chunk import Chunk
from etl.prepare.plan import Plan

ROWS_A_PART = 1_000
"""Few enough that a part's cells stay in the processor's cache from reading to writing: 4,000 take a fifth longer."""


class Awaited(Protocol):
    """A chunk that is being prepared somewhere else."""

    def result(self) -> Chunk: ...


class Pool(Protocol):
    """Workers that know one plan. `most` parts are given to them at a time; `submit` does not wait."""

    @property
    def most(self) -> int: ...

    def submit(self, part: Part) -> Awaited: ...


class Pools(Struct, frozen=True):
    """Where the parts of a package's stages can be prepared by others.

    pool   makes the pool for one plan
    rows   rows of a part that is worth being given away
    least  parts a table must have before any of them is
    """

    pool: Callable[[Plan], AbstractContextManager[Pool]]
    rows: int
    least: int


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
