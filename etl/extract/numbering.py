"""Columns that a file does not have: a row's number, and its number among the rows of a group.

Both depend on every row before, so one process reads such a table from its beginning to its end and hands the rows on: what
comes out is the same however many processes compute the records, and wherever a file is cut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from etl.extract.group_counts import GroupCounts
from etl.extract.kinds import COUNTERS, GroupColumns
from etl.extract.rows import RowsPart, read_parts
from etl.model import Part, Rows, Source, Table

ROW_NUMBER = "row_number"
"""The column of a row's number, as reports and spreadsheets give it. A file's own column of this name comes first."""


def counters_of(source: Source) -> GroupColumns:
    """The columns that count, and those whose rows each counts. The options have been checked."""
    found: GroupColumns = COUNTERS.check(source.options.get(COUNTERS.name) or {})  # type: ignore[assignment]
    return found


def further_columns(source: Source, header: Collection[str]) -> list[str]:
    """What expressions may read beside a table's own columns."""
    return [name for name in (ROW_NUMBER, *counters_of(source)) if name not in header]


def read_columns(source: Source, used: Collection[str]) -> set[str]:
    """The columns that have to be read to give these: of a counter, those of its group."""
    counters = counters_of(source)
    groups = (counters[name] for name in used if name in counters)
    return {name for name in used if name != ROW_NUMBER and name not in counters} | {
        one for group in groups for one in group
    }


def numbered(table: Table, source: Source, used: Collection[str]) -> Table:
    """The table with those of its further columns that are used. One of which none is used can still be read in parts."""
    wanted = [name for name in further_columns(source, table.header) if name in used]
    if not wanted:
        return table
    counters = counters_of(source)
    groups = {name: tuple(map(table.header.index, counters.get(name, ()))) for name in wanted}
    return NumberedTable(table, (*table.header, *wanted), groups)


class NumberedTable(Struct, frozen=True):
    """`groups` are the further columns, each with the positions of the columns whose values make a group; of the row's
    number none."""

    inner: Table
    header: tuple[str, ...]
    groups: Mapping[str, tuple[int, ...]]

    @property
    def first_row(self) -> int:
        return self.inner.first_row

    @property
    def text_only(self) -> bool:
        return self.inner.text_only

    def parts(self, rows: int) -> Iterator[Part]:
        seen = {name: GroupCounts() for name in self.groups}
        for first, part, content in read_parts(self.inner, rows):
            yield RowsPart(self._with_numbers(content, first, seen), reached=part.reached)

    def _with_numbers(self, content: Rows, first: int, seen: Mapping[str, GroupCounts]) -> Rows:
        faulty = {fault.index for fault in content.faults}
        found: list[Sequence[object]] = []
        for index, row in enumerate(content.rows):
            if index in faulty:  # it has no cells that a group could be told by
                found.append(row)
            else:
                number = str(first + content.place(index))
                found.append(
                    [*row, *(self._further(row, number, group, seen[name]) for name, group in self.groups.items())]
                )
        return replace(content, rows=found, end=None)

    def _further(self, row: Sequence[object], number: str, group: tuple[int, ...], seen: GroupCounts) -> str:
        return str(seen.next(tuple(row[position] for position in group))) if group else number
