"""How far a sheet may reach, looked at before anything is made room for; and the cells that cannot be used.

A stray cell at the sheet's far end (XFD1048576) makes a reader reserve half a terabyte for the blanks before it.
"""

from __future__ import annotations

import re

from msgspec import Struct, field

from etl.findings import Unfit, said

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""What a spreadsheet can have."""

LARGEST_GAP = 10_000
"""Blank rows between two rows."""

WIDEST = 2_000
MOST_CELLS = 64_000_000
"""Columns of a sheet, and cells of one that is held whole, with the blank ones: of 300,000 rows by 16 columns each cell took some
95 bytes, so that the largest takes 6 GB."""


class BadSheet(ValueError):
    """A sheet that cannot be read as a whole. `text` is why, mostly a findings.Sentence."""

    @property
    def text(self) -> str:
        why: str = self.args[0]
        return why


class SheetBounds(Struct):
    """Cells in the order in which a file gives them; rows and columns count from 1.

    faults     the first unusable cell of a row: its column, and the reason
    doubtful   row and column of the numbers that are no day and no time of day, where a reader tells of them
    """

    faults: dict[int, tuple[int, Unfit]] = field(default_factory=dict)
    doubtful: list[tuple[int, int]] = field(default_factory=list)
    rows: int = 0
    columns: int = 0

    def filled(self, row: int, column: int) -> None:
        """A cell that holds something. Raises BadSheet when it stands too far out."""
        if self.rows < row or self.columns < column:
            check_gap(self.rows, row, column)
            self.rows, self.columns = max(self.rows, row), max(self.columns, column)
            if self.columns > WIDEST or self.rows * self.columns > MOST_CELLS:
                raise too_large(row, column, self.rows, self.columns)

    def unusable(self, row: int, column: int, why: Unfit) -> None:
        """A cell that holds something nobody means; its name is put into the sentence. Raises BadSheet as `filled` does."""
        self.filled(row, column)
        self.told(row, column, why)

    def told(self, row: int, column: int, why: Unfit) -> None:
        """The same of a sheet whose other cells are not gone through: how far it reaches is found out elsewhere."""
        if row not in self.faults:
            self.faults[row] = column, at_cell(why, row, column)


def check_gap(last: int, row: int, column: int) -> None:
    """Raises BadSheet for a cell that stands too far below the last row that has one."""
    if row - last - 1 > LARGEST_GAP:
        raise BadSheet(f"cell {name(row, column)} stands alone, below {row - last - 1:,} blank rows; {STRAY}")


def too_large(row: int, column: int, rows: int, columns: int) -> BadSheet:
    size = f"{rows:,} rows by {columns:,} columns"
    return BadSheet(f"cell {name(row, column)} makes the sheet {size}, which is more than is read; {STRAY}{AS_CSV}")


def at_cell(why: Unfit, row: int, column: int) -> Unfit:
    """What is wrong with a cell, with its name in the sentence."""
    told = {**why.parts, "cell": name(row, column)}
    told.pop("value")
    return Unfit(why.rule, None, why.words, **told)


def shows(error: str | None) -> Unfit:
    """A cell that shows an error, such as #N/A; None where it is not known which."""
    words = "cell {cell} shows an error"
    if error:
        words = "cell {cell} shows {error}"
    return Unfit("row:cell", None, words, error=error)


def not_computed() -> Unfit:
    words = "cell {cell} is a formula without a value; open the workbook in a spreadsheet program, save it, and run it again"
    return Unfit("row:formula", None, words)


def before_time() -> Unfit:
    """A number less than nothing that is shown as a date or a time: spreadsheets show #### for it."""
    words = (
        "cell {cell} holds a number less than zero, shown as a date or a time, which there is none of; put the cell right, "
        "or show the column as numbers"
    )
    return Unfit("row:moment", None, words)


LEAP_DAY = 60
"""The 29th of February 1900, which there never was but in spreadsheets: the days before it are one later than they count."""


def is_leap_day(days: float) -> bool:
    return LEAP_DAY <= days < LEAP_DAY + 1


def is_no_moment(number: float) -> bool:
    """Whether a number is no date and no time, should it be shown as one."""
    return number < 0 or is_leap_day(number)


def leap_day() -> Unfit:
    words = (
        "cell {cell} holds day 60, which spreadsheets show as the 29th of February 1900: there never was such a day; put the "
        "cell right, or show the column as numbers"
    )
    return Unfit("row:moment", None, words)


AS_CSV = ". If it belongs there, save the sheet as CSV: a CSV is read whatever its size"
STRAY = "if it is there by mistake, delete its row and its column and save the workbook"


def name(row: int, column: int) -> str:
    """B2 for row 2, column 2."""
    letters = ""
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return f"{letters}{row}"


_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)


def place(reference: str) -> tuple[int, int]:
    """Row and column of a cell's name. Raises BadSheet for one that no sheet can have."""
    found = _REFERENCE.fullmatch(reference)
    row, column = (int(found[2]), column_number(found[1])) if found else (0, 0)
    if not (0 < row <= MOST_ROWS and 0 < column <= MOST_COLUMNS):
        words = "is damaged: there is no cell '{cell}'; save the workbook anew in a spreadsheet program"
        raise BadSheet(said(words, cell=reference[:40]))
    return row, column


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
