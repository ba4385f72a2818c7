"""How the cells of a source's rows are reached by compiled functions."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from etl.expressions.cells import all_of, inside, texts_of

Row = Sequence[Any]
"""The cells of a row, in the order of the source's columns."""


_TEXTS = frozenset({str, type(None)})
_PLAIN = frozenset({
    int, float, bool, Decimal, datetime.date, datetime.datetime, datetime.time, type(None),
})  # fmt: skip
"""Types of cells in which there is no text."""


class Header(Struct, frozen=True):
    """How a row's cells are reached: names to positions, and whether all of them are text (CSV) or any JSON value."""

    columns: tuple[str, ...]
    text_only: bool = True
    trim: bool = True
    normalize: bool = True

    def read(self, column: str) -> str:
        """The source of a cell's value; `cell` is the function of one (see `cell`)."""
        return f"cell(row[{self.columns.index(column)}])"

    def holds_texts(self, column: Sequence[Any]) -> bool:
        """Whether a column can be taken for one of a CSV: its cells are texts whose blanks do not count, or null."""
        return self.text_only or (self.trim and _TEXTS.issuperset(map(type, column)))

    def cell(self) -> Callable[[Any], Any]:
        """The function of a cell that gives the value expressions see."""
        text_of = texts_of(trim=self.trim, normalize=self.normalize)
        if self.text_only:
            return lambda text: text_of(text) or None
        # An empty text of JSON is one, beside null, unless cells are trimmed. A CSV has only blank cells.
        blank = None if self.trim else ""
        return lambda value: inside(value, text_of, blank)

    def texts(self, column: Sequence[Any]) -> Sequence[Any]:
        """A column's texts without what does not count; "" for blank. As it is where not all are texts."""
        if not self.text_only:
            if not self.holds_texts(column):
                return column
            column = ["" if one is None else one for one in column]
        return all_of(texts_of(trim=self.trim, normalize=self.normalize), column)

    def values(self) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """The function of what `texts` gives to the values expressions see."""
        if self.text_only:
            return _blank_to_none
        cell = self.cell()

        def seen(column: Sequence[Any]) -> Sequence[Any]:
            if self.holds_texts(column):
                return _blank_to_none(column)
            return column if _PLAIN.issuperset(map(type, column)) else list(map(cell, column))

        return seen


def _blank_to_none(column: Sequence[Any]) -> Sequence[Any]:
    return [None if one == "" else one for one in column] if "" in column else column
