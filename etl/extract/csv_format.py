"""How a CSV file is written."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from msgspec import Struct

from etl.expressions.cells import all_of, as_it_is, tidy

LONGEST_RECORD = 1 << 24

ESCAPED_NULL = "\ufdd0"
"""What stands for a cell of \\N until `nulls` are looked for: a sign that Unicode keeps from texts. That of \\\\N is a text."""


class CsvFormat(Struct, frozen=True):
    """How a CSV file is written, and how many columns it has (0 while that is not known yet).

    `own` is a file of ours, in which a record of nothing but blank cells is a row: a server had it.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    nulls: frozenset[str] = frozenset()
    trim: bool = True
    width: int = 0
    longest: int = LONGEST_RECORD
    own: bool = False

    @property
    def null(self) -> str:
        """What csv is given for a cell of \\N: the sign of it, where it is null, or its letters as they are."""
        return ESCAPED_NULL if ESCAPED_NULL in self.nulls else f"{self.escape}{self.escape}N"

    def reader(self, lines: Iterable[str]) -> Any:
        """A csv.reader. Its limit on a cell's length is one for the whole process, so it is set each time."""
        csv.field_size_limit(self.longest)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape,
            # Blanks before a quote; what else it takes away would be trimmed later.
            skipinitialspace=self.trim and self.delimiter != " ",
            strict=True,
        )

    def is_blank(self, cells: Sequence[str]) -> bool:
        """Whether a record is a blank line: so spreadsheets write a blank row, as delimiters with nothing between them. Of a
        single column a blank cell is a row: only quotes make one."""
        if not cells:
            return True
        if self.own or (len(cells) == 1 and self.width < 2):
            return False
        return not any(map(tidy, cells) if self.trim else cells)

    def surely_not_blank(self, rows: Sequence[Sequence[str]]) -> bool:
        """A quick look at rows that all have a cell: whether there is something in the first one of each."""
        if self.own or self.width < 2:
            return True
        return all(all_of(tidy if self.trim else as_it_is, list(map(itemgetter(0), rows))))

    def without_nulls(self, rows: list[list[str]]) -> list[list[str]]:
        """The rows with "" for every cell that is one of the texts that mean null."""
        nulls = self.nulls
        if not nulls:
            return rows
        if self.trim:
            return [["" if tidy(cell) in nulls else cell for cell in row] for row in rows]
        return [["" if cell in nulls else cell for cell in row] for row in rows]
