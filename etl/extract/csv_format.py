"""How a CSV file is written."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from etl.expressions.cells import tidy

LONGEST_RECORD = 1 << 24


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a CSV file is written, and how many columns it has (0 while that is not known yet)."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    nulls: frozenset[str] = frozenset()
    trim: bool = True
    width: int = 0
    longest: int = LONGEST_RECORD

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

    def without_nulls(self, rows: list[list[str]]) -> list[list[str]]:
        """The rows with "" for every cell that is one of the texts that mean null."""
        nulls = self.nulls
        if not nulls:
            return rows
        if self.trim:
            return [["" if tidy(cell) in nulls else cell for cell in row] for row in rows]
        return [["" if cell in nulls else cell for cell in row] for row in rows]
