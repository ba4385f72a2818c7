"""How the cells of a source's rows are reached by compiled functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from etl.expressions.runtime import clean


@dataclass(frozen=True, slots=True)
class Header:
    """How a row's cells are reached: names to positions, and whether all of them are text (CSV) or any JSON value."""

    columns: tuple[str, ...]
    text_only: bool = True
    trim: bool = True

    def read(self, column: str) -> str:
        cell = f"row[{self.columns.index(column)}]"
        if not self.trim:
            return f"{cell} if {cell} != '' else None" if self.text_only else cell
        return f"{cell}.strip() or None" if self.text_only else f"clean({cell})"

    @property
    def strips(self) -> bool:
        """Whether every cell is text whose blanks around it do not count."""
        return self.text_only and self.trim

    def cells(self) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """The function of a column (trimmed already, where `strips`) that gives the values expressions see."""
        if self.text_only:
            return _blank_to_none
        return _clean_all if self.trim else _as_they_are


def _as_they_are(column: Sequence[Any]) -> Sequence[Any]:
    # An empty text of JSON is one, beside null. A CSV has only blank cells.
    return column


def _blank_to_none(column: Sequence[Any]) -> Sequence[Any]:
    return [None if one == "" else one for one in column] if "" in column else column


def _clean_all(column: Sequence[Any]) -> list[Any]:
    return list(map(clean, column))
