"""Rows side by side with what they become: source, payload, problems."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.expressions import WHERE
from etl.findings import Finding, Heading, joined, said
from etl.model import Locator
from etl.personal import mask_field
from etl.report.looking import fate_told
from etl.report.mask import mask_record
from etl.suggest import look_like_data
from etl.terminal import plain_json, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


class PreviewRow(Struct, frozen=True):
    """One source row and what becomes of it. `fate` is valid, rejected or filtered.

    `shown` columns feed plain fields alone; `personal` are the fields that are masked. `feeds` are the columns that each field
    is made from, and those of `where`, `settled` and a `key` that is no field.
    """

    stage: str
    source: str
    row: int
    cells: Mapping[str, Any]
    fate: str
    record: Mapping[str, Any]
    findings: Sequence[Finding]
    shown: Collection[str] = ()
    personal: Collection[str] = ()
    is_masked: bool = False
    feeds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    place: str | None = None
    """How its source itself calls the row, where that is no row of a file (model.Locator)."""

    def masked(self) -> PreviewRow:
        known = {name: name for name in self.cells}
        if look_like_data(list(known)):
            # The first customer of a file without a header line.
            known = {name: said("column {number}", number=number) for number, name in enumerate(known, 1)}
        cells = {known[name]: mask_field(one, personal=name not in self.shown) for name, one in self.cells.items()}
        feeds = {name: tuple(known.get(one, one) for one in read) for name, read in self.feeds.items()}
        return replace(self, cells=cells, record=mask_record(self.record, self.personal), is_masked=True, feeds=feeds)

    @property
    def problems(self) -> list[tuple[str | None, str]]:
        """Field and sentence of everything that is wrong."""
        return [(one.field, one.told(masked=self.is_masked)) for one in self.findings]

    def as_plain(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "source": self.source,
            "row": self.row,
            "place": self.place,
            "fate": self.fate,
            "cells": dict(self.cells),
            "record": dict(self.record),
            "problems": [
                {"field": field, "reason": reason, "rule": one.rule}
                for (field, reason), one in zip(self.problems, self.findings, strict=True)
            ],
            "feeds": {name: list(read) for name, read in self.feeds.items()},
        }


COLOURS = {"valid": "green", "rejected": "red", "filtered": "dim"}

NARROW = 60
"""Columns of a terminal below which there is no table."""


class Beside(Struct, frozen=True):
    """What stands side by side: cells, the field that is made of them, and what is wrong with it."""

    cells: Sequence[str] = ()
    field: str = ""
    problems: Sequence[str] = ()


def side_by_side(row: PreviewRow) -> Iterator[Beside]:
    """Fields that columns feed, each beside these; fields that none does; problems of no field; columns that feed nothing."""
    told = _by_field(row)
    fed = [name for name, read in row.feeds.items() if any(one in row.cells for one in read)]
    fed.sort(key=lambda name: name != WHERE)  # it comes first
    made = [*fed, *(name for name in [*row.record, *told] if name not in fed)]
    for name in made:
        cells = [_cell(row, one) for one in row.feeds.get(name, ()) if one in row.cells]
        if cells or name in row.record or name in told:
            yield Beside(cells, _field(row, name, told), told.get(name, ()))
    used = {one for read in row.feeds.values() for one in read}
    left = [_cell(row, name) for name in row.cells if name not in used]
    if left:
        yield Beside(left)


def _field(row: PreviewRow, name: str, told: Mapping[str, Sequence[str]]) -> str:
    if name == WHERE and name not in told:
        return f"{name}: {_shown(row.fate != 'filtered')}"
    return f"{name}: {_shown(row.record[name])}" if name in row.record else name or Heading("row")


def _by_field(row: PreviewRow) -> dict[str, list[str]]:
    """Problems by the field that has them; those of the row as a whole are of "". A part of a field is told by its path."""
    found: dict[str, list[str]] = {}
    for path, reason in row.problems:
        name = (path or "").split(".")[0]
        found.setdefault(name, []).append(reason if path in (None, name) else joined(": ", [path or "", reason]))
    return found


def _cell(row: PreviewRow, name: str) -> str:
    return joined(": ", [name, _shown(row.cells[name])])


def print_preview(console: Console, rows: Sequence[PreviewRow]) -> None:
    for row in rows:
        at = Locator(row.source, row.row, row.place).told
        console.print(_told(console, joined(": ", [row.stage, at, fate_told(row.fate)]), COLOURS[row.fate]))
        beside = list(side_by_side(row))
        console.print(_table(console, beside) if console.width >= NARROW else _stacked(console, beside))


def _told(console: Console, line: str, style: str = "") -> Text:
    """A line as this console says it: in its language."""
    return console.render_str(visible(line), style=style, markup=False)


def _table(console: Console, rows: Sequence[Beside]) -> Any:
    """Where there is a problem it has a column of its own."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0))
    wrong = any(one.problems for one in rows)
    for heading in (Heading("source row"), Heading("payload"), *([Heading("problems")] if wrong else [])):
        table.add_column(heading, ratio=1, overflow="fold")
    for one in rows:
        fields = [one.field] if one.field else []
        cells = [_text(console, one.cells), _text(console, fields), _text(console, one.problems, "red")]
        table.add_row(*cells[: len(table.columns)])
    return table


def _stacked(console: Console, rows: Sequence[Beside]) -> Any:
    """The same below each other, for a terminal that has no room for it side by side."""
    from rich.text import Text

    lines = Text()
    for row in rows:
        lines.append(_told(console, row.field or said("feeds nothing"), "bold")).append("\n")
        for text in row.cells:
            lines.append("  < ").append(_told(console, text)).append("\n")
        for text in row.problems:
            lines.append("  ! ", "red").append(_told(console, text, "red")).append("\n")
    return lines


def _text(console: Console, lines: Sequence[str], style: str = "") -> Text:
    from rich.text import Text

    return Text("\n", style=style).join(_told(console, line, style) for line in lines)


def _shown(value: Any) -> str:
    """As JSON writes it, so that text and numbers, blank and null can be told apart."""
    return plain_json(value)
