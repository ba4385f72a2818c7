"""Rows with their faults, parts of them, and the rule by which parts are read in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from etl.model import Part, RowFault, Rows, Table, following

Record = tuple[Sequence[object], str]
"""A row's cells, and why it cannot be used ("" when it can)."""


def gather(records: Iterable[Record], end: int | None = None) -> Rows:
    rows: list[Sequence[object]] = []
    faults: list[RowFault] = []
    for cells, reason in records:
        if reason:
            faults.append(RowFault(len(rows), reason, tuple(map(str, cells))))
        rows.append(cells)
    return Rows(rows, tuple(faults), end)


def ragged(cells: int, columns: int) -> str:
    return f"has {cells} cell{'' if cells == 1 else 's'}, the header has {columns}"


@dataclass(frozen=True, slots=True)
class RowsPart:
    """A part of a source that cannot be cut unread: it carries its rows with it."""

    content: Rows
    start: None = None

    def moved(self, start: int) -> RowsPart:
        """Its place is certain, so it stays where it is."""
        return self

    def read(self) -> Rows:
        return self.content


@dataclass(frozen=True, slots=True)
class SequentialTable:
    """A table that one process reads from its beginning to its end. `records` begins anew with every call."""

    header: tuple[str, ...]
    first_row: int
    records: Callable[[], Iterator[Record]]
    text_only: bool = False

    def parts(self, rows: int) -> Iterator[Part]:
        records = self.records()
        while batch := list(islice(records, rows)):
            yield RowsPart(gather(batch))


def read_all(table: Table, rows: int = 5000) -> Iterator[tuple[int, Rows]]:
    """Every part's rows in order, with the number its first row has for a person. Reads lazily, in this process."""
    number, end = table.first_row, None
    for part in table.parts(rows):
        content = following(part, end).read()
        end = content.end
        yield number, content
        number += len(content.rows)
