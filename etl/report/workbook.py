"""rejects.xlsx: the rows that are rejected, whole and unmasked, for the person who mends them. A sheet a stage.

Every cell is text: nothing in it is computed, no zero at its beginning is lost, and no link can be followed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from etl.corrections import cell_text, mark_of
from etl.findings import HIDDEN
from etl.package import Package, PackagedStage, Reject, SourceRow
from etl.report.catalogue import ENGLISH, Catalogue
from etl.terminal import visible

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST = 20_000
"""Rows of a sheet. Nobody mends more by hand; `rejects/` of the package has all of them."""

LONGEST = 32_000
"""Characters of a cell: Excel takes 32,767."""

SHEET_NAME = 31
WIDEST = 40

Suggest = Callable[[Reject], str | None]
"""A problem -> what the cell might have to be; None where nobody can tell."""

TOLD = ("field", "reason", "suggestion", "row", "key", "mark")
"""What follows the source's own columns. By its mark a line is found again, wherever it is moved to."""

SETTINGS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def workbook(package: Package, suggest: Suggest, catalogue: Catalogue = ENGLISH) -> bytes | None:
    """The bytes of the workbook; None where no row is rejected."""
    stages = [stage for stage in package.stages if stage.counts.rejected]
    if not stages:
        return None
    from xlsxwriter import Workbook

    made = io.BytesIO()
    with Workbook(made, SETTINGS) as book:
        for stage in stages:
            _Sheet(book, stage).write(_rows(package, stage), suggest, catalogue)
    return made.getvalue()


def _rows(package: Package, stage: PackagedStage) -> Iterator[tuple[SourceRow, list[Reject]]]:
    """The rejected rows, each with its problems. Both files are in the order of the rows."""
    problems: dict[tuple[str, int], list[Reject]] = {}
    rows = list(islice((row for row in package.rows(stage) if row.fate == "rejected"), MOST))
    wanted = {(row.source, row.row) for row in rows}
    for reject in package.rejects(stage):
        if (reject.source, reject.row) in wanted:
            problems.setdefault((reject.source, reject.row), []).append(reject)
        elif len(problems) == len(wanted):
            break  # what follows is of rows that no sheet has
    yield from ((row, problems.get((row.source, row.row), [])) for row in rows)


class _Sheet:
    """One stage's sheet."""

    def __init__(self, book: Workbook, stage: PackagedStage) -> None:
        self._stage, self._columns = stage, [*stage.columns, *TOLD]
        self._text: Format = book.add_format({"num_format": "@", "valign": "top"})
        self._wrong: Format = book.add_format({"num_format": "@", "valign": "top", "bg_color": "#FFF2B3"})
        self._told: Format = book.add_format({"valign": "top", "text_wrap": True, "font_color": "#555555"})
        self._head: Format = book.add_format({"bold": True, "bottom": 1})
        self._sheet: Worksheet = book.add_worksheet(stage.name[:SHEET_NAME])

    def write(self, rows: Iterator[tuple[SourceRow, list[Reject]]], suggest: Suggest, catalogue: Catalogue) -> None:
        self._sheet.freeze_panes(1, 0)
        self._set_widths()
        self._write_row(0, [*column_headings(self._stage.columns), *headings(catalogue)], self._head)
        number = 0
        for number, (row, problems) in enumerate(rows, 1):
            cells = [shown(cell) for cell in row.cells][: len(self._stage.columns)]
            for at, cell in enumerate(cells):
                if cell:  # a blank one is as its column is
                    self._sheet.write_string(
                        number, at, cell, self._wrong if _is_at_fault(row.cells[at], problems) else self._text
                    )
            told = _told(self._stage.name, row, problems, suggest, catalogue)
            self._write_row(number, told, self._told, begin=len(self._stage.columns))
        if number:
            self._sheet.autofilter(0, 0, number, len(self._columns) - 1)

    def _set_widths(self) -> None:
        for at, name in enumerate(self._columns):
            wide = (
                {"reason": 60, "suggestion": 24, "mark": 8}.get(name, 16)
                if at >= len(self._stage.columns)
                else min(len(name) + 6, WIDEST)
            )
            self._sheet.set_column(at, at, wide, self._text if at < len(self._stage.columns) else None)

    def _write_row(self, number: int, texts: Sequence[str], form: Format, begin: int = 0) -> None:
        for at, text in enumerate(texts, begin):
            if text:
                self._sheet.write_string(number, at, text, form)


def headings(catalogue: Catalogue) -> list[str]:
    """Those of TOLD, in a language. The mark is called the same in all of them: the row with the headings is found by it."""
    return [catalogue.text(name) for name in TOLD]


def column_headings(columns: Sequence[str]) -> list[str]:
    """Those of the source's columns: what no key types is seen as what it is, and none is another column's name or heading."""
    found, taken = list[str](), set(columns)
    for name in columns:
        seen, number = shown(name), 2
        heading = name if seen == name else seen
        while heading != name and heading in taken:
            heading, number = f"{seen} ({number})", number + 1
        taken.add(heading)
        found.append(heading)
    return found


def shown(cell: Any) -> str:
    """A cell as text; what no key types is seen as what it is."""
    text = cell if isinstance(cell, str) else cell_text(cell)
    lines = "\n".join(map(visible, text.replace("\r\n", "\n").split("\n")))
    return lines if len(lines) <= LONGEST else f"{lines[:LONGEST]}..."


def _is_at_fault(cell: Any, problems: Sequence[Reject]) -> bool:
    """Whether a problem is about what is in this cell."""
    return cell not in (None, "", HIDDEN) and any(one.value == cell for one in problems)


def _told(stage: str, row: SourceRow, problems: Sequence[Reject], suggest: Suggest, catalogue: Catalogue) -> list[str]:
    fields = dict.fromkeys(one.field or "" for one in problems)
    reasons = [catalogue.say(one.words, one.parts, masked=False) for one in problems]
    suggestions = dict.fromkeys(found for one in problems if (found := suggest(one)))
    lines: Mapping[str, str] = {
        "field": "\n".join(fields),
        "reason": "\n".join(reasons),
        "suggestion": "\n".join(suggestions),
        "row": row.place or str(row.row),
        "key": row.key or "",
        "mark": mark_of(stage, row.source, row.row, row.cells),
    }
    return [shown(lines[name]) for name in TOLD]
