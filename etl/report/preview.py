"""Rows side by side with what they become: source, payload, problems."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from etl.findings import Finding
from etl.report.mask import mask_field, mask_record
from etl.report.summary import plain_json
from etl.suggest import look_like_data
from etl.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One source row and what becomes of it. `fate` is valid, rejected or filtered.

    `shown` columns feed plain fields alone; `personal` are the fields that are masked.
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

    def masked(self) -> PreviewRow:
        names = list(self.cells)
        if look_like_data(names):
            # The first customer of a file without a header line.
            names = [f"column {number}" for number in range(1, len(names) + 1)]
        values = [mask_field(value, personal=name not in self.shown) for name, value in self.cells.items()]
        cells = dict(zip(names, values, strict=True))
        return replace(self, cells=cells, record=mask_record(self.record, self.personal), is_masked=True)

    @property
    def problems(self) -> list[tuple[str | None, str]]:
        """Field and sentence of everything that is wrong."""
        return [(one.field, one.masked_reason if self.is_masked else one.reason) for one in self.findings]

    def as_plain(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "source": self.source,
            "row": self.row,
            "fate": self.fate,
            "cells": dict(self.cells),
            "record": dict(self.record),
            "problems": [
                {"field": field, "reason": reason, "rule": one.rule}
                for (field, reason), one in zip(self.problems, self.findings, strict=True)
            ],
        }


COLOURS = {"valid": "green", "rejected": "red", "filtered": "dim"}


def print_preview(console: Console, rows: Sequence[PreviewRow]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    for row in rows:
        title = Text(visible(f"{row.stage}: {row.source} row {row.row}: {row.fate}"), style=COLOURS[row.fate])
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
