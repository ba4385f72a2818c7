"""A workbook or CSV that a person has edited -> its sheets, cell by cell as they are: what was typed is not guessed at."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from etl.errors import MappingError
from etl.extract.csv_format import CsvFormat
from etl.extract.csv_records import malformed
from etl.extract.sheet_bounds import BadSheet
from etl.extract.sheet_rows import CellOfRow
from etl.extract.workbooks import names_in, open_sheet
from etl.findings import Sentence, joined, said

DELIMITERS = (",", ";", "\t")
PLAIN = (".csv", ".txt", ".tsv")


class EditedSheet(Struct, frozen=True):
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
    except FileNotFoundError:
        raise MappingError(
            said(
                "{path}: there is no such file; `etl dry-run` makes the workbook, and says where it is", path=str(path)
            )
        ) from None
    except OSError as error:
        raise MappingError(said("{path}: cannot be read ({error})", path=str(path), error=error.strerror)) from None
    except BadSheet as error:
        raise MappingError(joined(" ", [f"{path}:", error.text])) from None


def _sheets(path: Path) -> list[EditedSheet]:
    return [EditedSheet(name, _with_faults(path, name)) for name in names_in(path).all]


class Broken(Sentence):
    """What stands in the place of a cell that shows an error, or cannot be used: why."""

    __slots__ = ()


def _with_faults(path: Path, name: str) -> list[list[object]]:
    return [list(_row(cells, fault)) for cells, fault in open_sheet(path, lambda names: name).rows()]


def _row(cells: list[object], fault: CellOfRow | None) -> Iterator[object]:
    at, why = (0, None) if fault is None else (fault[0], Broken(str(fault[1]), fault[1].words, fault[1].parts))
    for column, cell in enumerate((*cells, *[None] * (at - len(cells))), start=1):
        yield why if column == at else "" if cell is None else cell


def _plain_rows(path: Path) -> list[list[object]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MappingError(
            said("{path}: is not UTF-8; save it as 'CSV UTF-8', or as a workbook", path=str(path))
        ) from None
    head = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [list(row) for row in rows]
    except csv.Error as error:
        what = malformed(error, 0, CsvFormat())
        raise MappingError(f"{path}:{rows.line_num}: is no CSV: {what}; save it anew, or as a workbook") from None
