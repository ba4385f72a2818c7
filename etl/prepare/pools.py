"""What the engine asks of workers, wherever they are: processes of this machine (`processes`), or a cluster (`dask_engine`)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from etl.model import Part
from etl.prepare.chunk import Chunk
from etl.prepare.program import Plan

AHEAD = 4
"""Parts under way for each worker: enough that none waits, few enough that memory stays flat."""


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
def without_collecting() -> Iterator[None]:
    """Rows and records make no cycles, and looking for some among millions of cells takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
