"""The rows of a sheet, whichever program wrote it, and the numbers in its cells."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import date, time
from typing import Any

from msgspec import Struct, field

from etl.extract.reach import Reach
from etl.extract.sheet_bounds import at_cell, before_time, leap_day
from etl.findings import Unfit

EXACT = 10**15
"""Excel keeps 15 digits; of a larger number the last ones are lost already."""

CellOfRow = tuple[int, Unfit]
"""A row's first cell that cannot be used: its column, from 1, and why."""

SheetRow = tuple[list[Any], CellOfRow | None]
"""Cells from column A to the last one that holds something; a blank one is None, a whole number an int."""


class SheetNames(Struct, frozen=True):
    """The sheets' names, in their order; those that are hidden, or have no cells."""

    all: list[str]
    hidden: frozenset[str]


class Sheet(Struct, frozen=True):
    """`rows` begins anew with every call, at row 1; the last row is one that holds something. `height` is how many there are,
    where that is known; `reach` how much of the sheet they have been read from."""

    rows: Callable[[], Generator[SheetRow]]
    height: int | None = None
    reach: Reach = field(default_factory=Reach)


def sheet_of(grid: list[list[Any]], faults: Mapping[int, CellOfRow]) -> Sheet:
    """A sheet that is in memory, with "" for a blank cell."""
    while grid and all(cell == "" for cell in grid[-1]) and len(grid) not in faults:
        grid.pop()
    return Sheet(lambda: _rows_of(grid, faults), len(grid))


def only_real_moments(grid: list[list[Any]], faults: dict[int, CellOfRow], doubtful: Iterable[tuple[int, int]]) -> None:
    """Of a date or a time that is less than zero calamine makes a time of the day before, and of the leap day of 1900 the day
    before that: blank them, as faults."""
    for row, column in doubtful:
        cells = grid[row - 1] if row <= len(grid) else []
        why = _no_moment(cells[column - 1]) if column <= len(cells) else None
        if why is not None:
            cells[column - 1] = ""
            if row not in faults or column < faults[row][0]:
                faults[row] = column, at_cell(why, row, column)


def _no_moment(cell: Any) -> Unfit | None:
    """Why a number that is no day is none, where it is shown as one. (Day 60 of a workbook that counts from 1904 is one.)"""
    if type(cell) is time:
        return before_time()
    return leap_day() if isinstance(cell, date) and cell.year == 1900 else None


def _rows_of(grid: list[list[Any]], faults: Mapping[int, CellOfRow]) -> Generator[SheetRow]:
    import petl

    width = max(map(len, grid), default=0)
    # Without failonerror petl would turn a cell that cannot be converted into None.
    rows: Iterable[Any] = petl.data(
        petl.convertall(petl.pushheader(grid, list(range(width))), native, failonerror=True)
    )
    for number, row in enumerate(rows, start=1):
        cells = list(row)
        while cells and cells[-1] is None:
            cells.pop()
        yield cells, faults.get(number)


def native(cell: Any) -> Any:
    if type(cell) is float and cell.is_integer() and abs(cell) < EXACT:
        return int(cell)
    return None if cell == "" else cell
