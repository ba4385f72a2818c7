"""A workbook or CSV that a person has edited -> its sheets, cell by cell as they are: what was typed is not guessed at."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from etl.errors import MappingError
from etl.extract.sheet_bounds import BadSheet
from etl.extract.workbooks import read_sheet

DELIMITERS = (",", ";", "\t")
PLAIN = (".csv", ".txt", ".tsv")


@dataclass(frozen=True, slots=True)
class EditedSheet:
    """`name` is empty for a CSV, of which every cell is text, whatever it was. Rows are from the first on, blank ones too."""

    name: str
    rows: Sequence[Sequence[object]]

    @property
    def is_plain(self) -> bool:
        return not self.name


def read_edited(path: Path) -> list[EditedSheet]:
    """Raises MappingError for a file that is none of both."""
    try:
        if path.suffix.lower() in PLAIN:
            return [EditedSheet("", _plain_rows(path))]
        return _sheets(path)
    except OSError as error:
        raise MappingError(f"{path}: cannot be read ({error.strerror})") from None
    except BadSheet as error:
        raise MappingError(f"{path}: {error}") from None


def _sheets(path: Path) -> list[EditedSheet]:
    data, names = path.read_bytes(), _names(path)
    return [EditedSheet(name, _with_faults(data, name)) for name in names]


def _names(path: Path) -> list[str]:
    found: list[str] = []

    def first(names: list[str], hidden: frozenset[str]) -> str:
        found.extend(names)
        return names[0]

    read_sheet(path.read_bytes(), first)
    return found


class Broken(str):
    """What stands in the place of a cell that shows an error, or cannot be used: why."""

    __slots__ = ()


def _with_faults(data: bytes, name: str) -> list[list[object]]:
    sheet = read_sheet(data, lambda names, hidden: name)
    rows: list[list[object]] = [list(row) for row in sheet.cells]
    for row, (column, why) in sheet.faults.items():
        rows[row - 1][column - 1] = Broken(why)
    return rows


def _plain_rows(path: Path) -> list[list[object]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MappingError(f"{path}: is not UTF-8; save it as 'CSV UTF-8', or as a workbook") from None
    head = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
    except csv.Error as error:
        raise MappingError(f"{path}: is no CSV ({error}); save it anew, or as a workbook") from None
