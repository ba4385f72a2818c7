"""Rows with their faults, parts of them, and the rule by which parts are read in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from msgspec import Struct, field

from etl.extract.reach import Reach
from etl.findings import Unfit
from etl.model import Part, RowFault, Rows, Table


class CellFault(Struct, frozen=True):
    """Why one cell of a row cannot be used. `column` counts from 0."""

    column: int
    reason: Unfit


ReadRow = tuple[Sequence[object], Unfit | CellFault | None]
"""A row's cells, and why it cannot be used (None: it can)."""

BLANK: ReadRow = ((), None)
"""A blank line: no row, but counted where rows are numbered."""


def gather(records: Iterable[ReadRow], end: int | None = None) -> Rows:
    rows: list[Sequence[object]] = []
    faults: list[RowFault] = []
    places: list[int] = []
    height = 0
    for height, (cells, reason) in enumerate(records, start=1):
        if reason is not None:
            faults.append(_row_fault(len(rows), reason, cells))
        elif not cells:
            continue
        places.append(height - 1)
        rows.append(cells)
    blank = height - len(rows)
    return Rows(rows, tuple(faults), end, blank, places if blank else None)


def _row_fault(index: int, fault: Unfit | CellFault, cells: Sequence[object]) -> RowFault:
    if isinstance(fault, CellFault):
        return RowFault(index, fault.reason, shown_cells(cells), fault.column)
    return RowFault(index, fault, shown_cells(cells))


def shown_cells(cells: Sequence[object]) -> tuple[str, ...]:
    """A faulty row's cells for people. Whether blanks around a cell are kept depends on the way it was read."""
    return tuple("" if cell is None else str(cell).strip() for cell in cells)


def ragged(cells: int, columns: int) -> Unfit:
    words = "has {cells} cells, the header has {columns}"
    if cells == 1:
        words = "has 1 cell, the header has {columns}"
    return Unfit("row:cells", None, words, cells=cells, columns=columns)


class RowsPart(Struct, frozen=True):
    """A part of a source that cannot be cut unread: it carries its rows with it."""

    content: Rows
    start: None = None
    reached: float | None = None

    def moved(self, start: int) -> RowsPart:
        """Its place is certain, so it stays where it is."""
        return self

    def read(self) -> Rows:
        return self.content


class SequentialTable(Struct, frozen=True):
    """A table that one process reads from its beginning to its end. `records` begins anew with every call.

    `height` is how many records there are, where all are at hand; `reach` how much of its file they have been read from.
    """

    header: tuple[str, ...]
    first_row: int
    records: Callable[[], Iterator[ReadRow]]
    text_only: bool = False
    height: int | None = None
    reach: Reach = field(default_factory=Reach)

    def parts(self, rows: int) -> Iterator[Part]:
        records, read = self.records(), 0
        while batch := list(islice(records, rows)):
            read += len(batch)
            yield RowsPart(gather(batch), reached=self._reached(read, last=len(batch) < rows))

    def _reached(self, read: int, *, last: bool) -> float | None:
        return self.reach.share(last=last) if self.height is None else read / self.height


def read_all(table: Table, rows: int = 5000) -> Iterator[tuple[int, Rows]]:
    """Every part's rows in order, with the number its first row has for a person. Reads lazily, in this process."""
    for number, _, content in read_parts(table, rows):
        yield number, content


def read_parts(table: Table, rows: int) -> Iterator[tuple[int, Part, Rows]]:
    """The same, each with its part."""
    number = table.first_row
    for done in in_order(table.parts(rows), lambda part: lambda: _Read(part, part.read())):
        yield number, done.part, done.content
        number += done.content.height


class _Read(Struct, frozen=True):
    part: Part
    content: Rows

    @property
    def end(self) -> int | None:
        return self.content.end


class Ended(Protocol):
    """Whatever is made of a part's rows: it keeps their Rows.end."""

    @property
    def end(self) -> int | None: ...


E = TypeVar("E", bound=Ended)


def in_order(parts: Iterator[Part], begin: Callable[[Part], Callable[[], E]], ahead: int = 1) -> Iterator[E]:
    """What is made of each part, in the parts' order. `begin` starts on a part and gives the way to wait for it; it is
    called for up to `ahead` parts before the first is awaited. No part is looked for before it is needed.

    Where a part begins may be a guess (see Part.moved). Ahead it is taken for true; a wrong one is done again in its turn.
    """
    waiting: deque[tuple[Part, Callable[[], E]]] = deque()
    end: int | None = None
    while True:
        for part in islice(parts, ahead - len(waiting)):
            due = part if waiting else _following(part, end)
            waiting.append((due, begin(due)))
        if not waiting:
            return
        part, wait = waiting.popleft()
        made, true_part = wait(), _following(part, end)
        if true_part is not part:
            made = begin(true_part)()
        end = made.end
        yield made


def _following(part: Part, end: int | None) -> Part:
    """The part to read after one whose Rows.end was `end`: itself, or itself moved to where it truly begins."""
    return part if part.start is None or end is None or part.start == end else part.moved(end)
