"""What persons have mended in rejected rows: a CSV beside the mapping, a line a cell, found again by its row's other cells."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, time
from hashlib import blake2b
from itertools import groupby
from math import isnan
from operator import attrgetter
from pathlib import Path

from msgspec import Struct

from etl.findings import said

ENDING = ".corrections.csv"

NAMES = ("stage", "key", "row", "sum", "column", "old", "new", "who", "when", "why", "columns")
"""The columns of the file."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
SUM = re.compile(r"row-[0-9a-f]{20}")
MARK = re.compile(r"mark-[0-9a-f]{16}")
BETWEEN = " | "
"""Between the names in the column `columns`; where one of them has this in it, they are a JSON list instead."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


class Edit(Struct, frozen=True):
    """A cell that was mended: what the source has, and what is taken in its place. `line` is its place in the file."""

    column: str
    old: str
    new: str
    who: str
    when: str
    why: str
    line: int = 0


class RowCorrection(Struct, frozen=True):
    """The mended cells of one row of a stage.

    sum      of the row's cells in `columns`, as the source has them: by it the row is found again, wherever it stands
    row      where it stood (model.Locator), by which it is told from others with the same cells
    key      its record's key when it was mended; for people
    """

    stage: str
    key: str
    row: str
    sum: str
    columns: tuple[str, ...]
    edits: tuple[Edit, ...] = ()

    @property
    def name(self) -> tuple[str, str, str]:
        """What no other correction has."""
        return self.stage, self.sum, self.row

    @property
    def line(self) -> int:
        return self.edits[0].line


def told_row(written: str) -> str:
    """Where a row stood, as a correction has it written, for people: a sentence that every language says in its own order."""
    found = re.fullmatch(r"(.+) row (\d+)", written, re.DOTALL)
    return said("{source} row {row}", source=found[1], row=int(found[2])) if found else written


class LineFault(Struct, frozen=True):
    """Something that is wrong with the file, and where."""

    line: int
    column: int
    what: str


def corrections_file(mapping: Path) -> Path:
    """Where the corrections of a mapping lie, whether there are any or not."""
    return mapping.with_name(f"{mapping.stem}{ENDING}")


def cell_text(cell: object) -> str:
    """A cell as text, the same whether it comes from its source or from the lines of a package. Blanks around it do not count."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None or (isinstance(cell, float) and isnan(cell)):
        return ""
    if isinstance(cell, bool | int | float | dict | list | tuple):
        return json.dumps(cell, ensure_ascii=False, sort_keys=True, default=str)
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def sum_of(cells: Iterable[object]) -> str:
    """row-0123456789abcdef0123: it begins with a word, as a spreadsheet program takes 12e45678 for a number."""
    return f"row-{_digest(map(cell_text, cells), 10)}"


def mark_of(stage: str, source: str, number: int, cells: Iterable[object]) -> str:
    """What a line of the workbook is told by, wherever it is moved to."""
    return f"mark-{_digest((stage, source, str(number), *map(cell_text, cells)), 8)}"


def _digest(texts: Iterable[str], size: int) -> str:
    whole = "".join(f"{len(text)}:{text}" for text in texts)
    return blake2b(whole.encode("utf-8", "backslashreplace"), digest_size=size).hexdigest()


def written(corrections: Iterable[RowCorrection]) -> bytes:
    """The bytes of the file: UTF-8 with the mark by which spreadsheet programs know it."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(NAMES)
    for correction in corrections:
        columns = _listed(correction.columns)
        for edit in correction.edits:
            cells = (
                correction.stage,
                correction.key,
                correction.row,
                correction.sum,
                edit.column,
                edit.old,
                edit.new,
                edit.who,
                edit.when,
                edit.why,
            )
            writer.writerow([*map(_no_formula, cells), _no_formula(columns)])
    return made.getvalue().encode("utf-8-sig", "backslashreplace")


def _listed(columns: tuple[str, ...]) -> str:
    plain = BETWEEN.join(columns)
    unclear = tuple(plain.split(BETWEEN)) != columns or plain.startswith('["')
    return json.dumps(columns, ensure_ascii=False) if unclear else plain


def _no_formula(text: str) -> str:
    """A spreadsheet program would compute what begins like a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _as_meant(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


class _Line(Struct, frozen=True):
    number: int
    cells: dict[str, str]
    raw: str
    delimiter: str

    @property
    def columns(self) -> tuple[str, ...]:
        text = self.cells["columns"]
        if text.startswith('["'):
            with suppress(ValueError):
                return tuple(map(str, json.loads(text)))
        return tuple(text.split(BETWEEN))

    def fault(self, name: str, what: str) -> LineFault:
        return LineFault(self.number, _begin(self.raw, self.delimiter, NAMES.index(name)), what)


def read(data: bytes) -> tuple[list[RowCorrection], list[LineFault]]:
    """The file's corrections, and all that is wrong with it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return [], [LineFault(line, 1, "is not UTF-8; save the file as 'CSV UTF-8'")]
    faults: list[LineFault] = []
    before = csv.field_size_limit(sys.maxsize)  # a mended text may be as long as its source lets it be
    try:
        lines = list(_lines(text, faults))
    finally:
        csv.field_size_limit(before)
    wrong = {line.number: list(_line_faults(line)) for line in lines}
    faults += [fault for found in wrong.values() for fault in found]
    good = [line for line in lines if not wrong[line.number]]
    made = [_rows(name, list(group)) for name, group in groupby(sorted(good, key=_name), key=_name)]
    corrections = sorted(made, key=attrgetter("line"))
    return corrections, [*faults, *_repeated(good), *_divided(good)]


def _name(line: _Line) -> tuple[str, str, str]:
    return line.cells["stage"], line.cells["sum"], line.cells["row"]


def _edit(line: _Line) -> Edit:
    cells = line.cells
    return Edit(cells["column"], cells["old"], cells["new"], cells["who"], cells["when"], cells["why"], line.number)


def _rows(name: tuple[str, str, str], lines: Sequence[_Line]) -> RowCorrection:
    first = min(lines, key=attrgetter("number"))
    stage, total, row = name
    columns = first.columns
    edits = map(_edit, sorted(lines, key=attrgetter("number")))
    return RowCorrection(stage, first.cells["key"], row, total, columns, tuple(edits))


def _lines(text: str, faults: list[LineFault]) -> Iterator[_Line]:
    raw = text.splitlines()
    delimiter = ";" if raw and raw[0].count(";") > raw[0].count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begun = 0
    for cells in reader:
        number, begun = begun + 1, reader.line_num
        if number == 1:
            if tuple(cells) != NAMES:
                faults.append(LineFault(1, 1, f"the first line has to be: {','.join(NAMES)}"))
                return
        elif len(cells) != len(NAMES) and any(cells):
            faults.append(LineFault(number, 1, f"has {len(cells)} cells, and {len(NAMES)} are wanted"))
        elif any(cells):
            named = dict(zip(NAMES, map(_as_meant, cells), strict=True))
            yield _Line(number, named, raw[number - 1] if number <= len(raw) else "", delimiter)


def _line_faults(line: _Line) -> Iterator[LineFault]:
    cells = line.cells
    if not SUM.fullmatch(cells["sum"]):
        yield line.fault("sum", "is no sum of a row; mend the row in rejects.xlsx, and let `etl fix` write the line")
    if cells["column"] not in line.columns:
        yield line.fault("column", f"'{cells['column']}' is none of the names in 'columns'")
    if cells["old"] == cells["new"]:
        yield line.fault("new", "is what 'old' is; take the line out, or say what the cell has to be")
    if not MOMENT.fullmatch(cells["when"]):
        yield line.fault(
            "when",
            "is no time as 2026-01-31 09:00:00 UTC; a spreadsheet program that writes times anew takes zeros from the "
            "beginning of numbers, too: look at 'old' and 'new'",
        )


def _repeated(lines: Sequence[_Line]) -> Iterator[LineFault]:
    first: dict[tuple[object, ...], int] = {}
    for line in lines:
        before = first.setdefault((_name(line), line.cells["column"]), line.number)
        if before != line.number:
            yield line.fault("column", f"the same cell as in line {before}; take one of them out")


def _divided(lines: Sequence[_Line]) -> Iterator[LineFault]:
    first: dict[tuple[str, str, str], _Line] = {}
    for line in lines:
        before = first.setdefault(_name(line), line)
        if before.cells["columns"] != line.cells["columns"]:
            yield line.fault("columns", f"differ from those in line {before.number}, which is of the same row")


def _begin(raw: str, delimiter: str, cell: int) -> int:
    """Where a cell begins in a line, counted from 1."""
    quoted, seen = False, 0
    for at, letter in enumerate(raw):
        if seen == cell:
            return at + 1
        quoted ^= letter == '"'
        seen += letter == delimiter and not quoted
    return 1
