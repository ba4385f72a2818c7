"""What the process of queries is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

AT_ONCE = 5000

CellColumns = Sequence[Sequence[str | None]]
"""Some rows of a table, column by column."""


class Task(Struct, frozen=True):
    """A query that was checked and put in a fixed order, the columns of its tables, and the file its rows go into.

    `folder` is where the engine may put what does not fit into `memory`: an empty one of ours.
    """

    sql: str
    headers: Mapping[str, tuple[str, ...]]
    memory: str
    threads: int
    folder: Path
    result: Path
