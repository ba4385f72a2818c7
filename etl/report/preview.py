"""Rows side by side with what they become: source, payload, problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl.report.mask import mask_reason, mask_record, mask_value
from etl.report.summary import plain_json
from etl.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One source row and what becomes of it. `fate` is valid, rejected or filtered."""

    stage: str
    source: str
    row: int
    cells: Mapping[str, Any]
    fate: str
    record: Mapping[str, Any]
    problems: Sequence[tuple[str | None, str]]

    def masked(self) -> PreviewRow:
        # A column's name tells nothing about what is in it, so that every cell is masked, and what is nested in it.
        cells = {name: mask_value(None, value) for name, value in self.cells.items()}
        problems = [(field, mask_reason(field, reason)) for field, reason in self.problems]
        return PreviewRow(self.stage, self.source, self.row, cells, self.fate, mask_record(self.record), problems)

    def as_plain(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "source": self.source,
            "row": self.row,
            "fate": self.fate,
            "cells": dict(self.cells),
            "record": dict(self.record),
            "problems": [{"field": field, "reason": reason} for field, reason in self.problems],
        }


COLOURS = {"valid": "green", "rejected": "red", "filtered": "dim"}


def print_preview(console: Console, rows: Sequence[PreviewRow]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    for row in rows:
        title = Text(f"{row.stage}: {row.source} row {row.row}: {row.fate}", style=COLOURS[row.fate])
        table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", expand=True)
        for heading in ("source row", "payload", "problems"):
            table.add_column(heading, ratio=1, overflow="fold")
        table.add_row(_lines(row.cells), _lines(row.record), _problem_lines(row))
        console.print(table)


def _lines(values: Mapping[str, Any]) -> Any:
    from rich.text import Text

    return Text("\n".join(visible(f"{name}: {_shown(value)}") for name, value in values.items()))


def _shown(value: Any) -> str:
    """As JSON writes it, so that text and numbers, blank and null can be told apart."""
    return plain_json(value)


def _problem_lines(row: PreviewRow) -> Any:
    from rich.text import Text

    return Text("\n".join(visible(f"{field or 'row'}: {reason}") for field, reason in row.problems))
