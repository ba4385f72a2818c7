"""An .xlsx sheet, looked at before calamine reads it: how far it reaches, and cells that show an error or were never computed.

The XML is streamed, so that what is looked at takes no memory. (Office Open XML, ECMA-376, 18.3.1: sheetData, row, c, f, v.)
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile

from etl.extract.sheet_bounds import MOST_ROWS, BadSheet, SheetBounds, not_computed, place, shows

PIECE = 1 << 18
LARGEST_MEMBER = 1 << 32
DAMAGED = "is damaged ({}); save the workbook anew in a spreadsheet program"


@dataclass(frozen=True, slots=True)
class Scan:
    """How a workbook's format is looked at, given the member that lists its sheets. Both raise BadSheet for damage."""

    check_texts: Callable[[ZipFile, str], None]
    look: Callable[[ZipFile, str, str], SheetBounds]


def _look(archive: ZipFile, workbook: str, sheet: str) -> SheetBounds:
    bounds = SheetBounds()
    member = _member_of(archive, workbook, sheet)
    if member is not None:
        _SheetScan(bounds).read(archive, member)
    return bounds


def pieces(archive: ZipFile, member: str) -> Generator[bytes]:
    """A member's content. Raises BadSheet when it unpacks to more than any workbook has."""
    if archive.getinfo(member).file_size > LARGEST_MEMBER:
        raise BadSheet(DAMAGED.format(f"{member} unpacks to more than {LARGEST_MEMBER >> 30} GB"))
    with archive.open(member) as file:
        while piece := file.read(PIECE):
            yield piece


def parse_xml(parts: Generator[bytes], start: Callable[[str, dict[str, str]], None], parser: Any = None) -> None:
    """Call `start` for every element. Raises BadSheet for what is no XML, or XML with definitions of its own."""
    parser = parser or expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse
    with closing(parts):
        try:
            for part in parts:
                parser.Parse(part)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise BadSheet(DAMAGED.format(error)) from None


def _refuse(*_: object) -> None:
    raise BadSheet(DAMAGED.format("its XML has definitions of its own"))


def local(element: str) -> str:
    """An element's name without its prefix, which is the writer's to choose."""
    return element.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class PartLink:
    """What a part of a workbook refers to: the last word of its type, and the member it leads to."""

    kind: str
    member: str


def relations(archive: ZipFile, of: str) -> dict[str, PartLink]:
    """What a member refers to, by the references' ids. "" is the archive itself."""
    folder, file = posixpath.split(of)
    found: dict[str, PartLink] = {}

    def relation(element: str, attributes: dict[str, str]) -> None:
        if local(element) == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = posixpath.join("/", folder, attributes.get("Target", ""))
            found[attributes.get("Id", "")] = PartLink(kind, posixpath.normpath(target).lstrip("/"))

    listed = posixpath.join(folder, "_rels", f"{file}.rels")
    if listed in archive.NameToInfo:
        parse_xml(pieces(archive, listed), relation)
    return found


def related(archive: ZipFile, of: str, kind: str) -> str | None:
    """The member of this kind that a member refers to, if it is there."""
    found = (one.member for one in relations(archive, of).values() if one.kind == kind)
    return next((member for member in found if member in archive.NameToInfo), None)


def workbook_of(archive: ZipFile) -> str | None:
    return related(archive, "", "officeDocument")


def _member_of(archive: ZipFile, workbook: str, sheet: str) -> str | None:
    """The member that holds a sheet's cells, by the workbook's list of sheets and that of its parts."""
    wanted: list[str] = []

    def listed(element: str, attributes: dict[str, str]) -> None:
        if local(element) == "sheet" and attributes.get("name") == sheet:
            wanted.extend(value for key, value in attributes.items() if key.endswith(":id"))

    parse_xml(pieces(archive, workbook), listed)
    found = relations(archive, workbook).get(wanted[0]) if wanted else None
    return found.member if found and found.member in archive.NameToInfo else None


def _check_texts(archive: ZipFile, workbook: str) -> None:
    """calamine makes room for as many texts as their list promises."""
    texts = related(archive, workbook, "sharedStrings")
    if texts is None:
        return
    most = archive.getinfo(texts).file_size // len("<si/>")

    def promised(element: str, attributes: dict[str, str]) -> None:
        number = attributes.get("uniqueCount", "0")
        if not (number.isascii() and number.isdigit() and int(number[:20]) <= most):
            raise BadSheet(DAMAGED.format(f"its list of texts promises {number[:20]} of them"))
        raise _Enough

    try:
        parse_xml(pieces(archive, texts), promised)
    except _Enough:
        return


class _Enough(Exception):
    pass


class _SheetScan:
    """Follows the elements of a sheet. A cell is judged when the next one begins."""

    def __init__(self, bounds: SheetBounds) -> None:
        self._bounds = bounds
        self._columns: dict[str, int] = {}
        self._row, self._row_text, self._column = 0, "", 0
        self._in_cell = self._formula = self._value = False
        self._type: str | None = None
        self._text = ""
        self._parser: Any = expat.ParserCreate()
        self._parser.buffer_text = True
        self._handlers = {
            "c": self._begin_cell,
            "v": self._begin_value,
            "row": self._begin_row,
            "f": self._begin_formula,
            "is": self._begin_text,
            "t": self._nothing,
        }

    def read(self, archive: ZipFile, member: str) -> None:
        parse_xml(pieces(archive, member), self._start, self._parser)
        self._judge()

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        handler = self._handlers.get(element)
        if handler is None:
            handler = self._handlers[element] = self._handlers.get(local(element), self._other)
        handler(attributes)

    def _begin_value(self, attributes: dict[str, str]) -> None:
        self._value = True
        if self._formula or self._type == "e":
            self._parser.CharacterDataHandler = self._characters

    def _begin_formula(self, attributes: dict[str, str]) -> None:
        self._formula = True

    def _begin_text(self, attributes: dict[str, str]) -> None:
        self._value = True

    def _nothing(self, attributes: dict[str, str]) -> None:
        pass

    def _other(self, attributes: dict[str, str]) -> None:
        """An element of another part of the sheet, in which the names may mean something else."""
        self._judge()

    def _characters(self, text: str) -> None:
        self._text += text

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._judge()
        text = attributes.get("r")
        row = self._row + 1 if text is None else int(text) if text.isascii() and text.isdigit() else 0
        if not 0 < row <= MOST_ROWS:
            raise BadSheet(DAMAGED.format(f"there is no row {str(text)[:20]!r}"))
        self._row, self._row_text, self._column = row, str(row), 0

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        if self._in_cell:
            self._judge()
        reference = attributes.get("r")
        if reference is None:
            self._column += 1
        else:
            letters = reference.removesuffix(self._row_text)
            column = self._columns.get(letters)
            if column is None:
                self._row, column = place(reference)
                self._row_text = str(self._row)
                self._columns[reference.removesuffix(self._row_text)] = column
            self._column = column
        self._in_cell, self._formula, self._value, self._text = True, False, False, ""
        self._type = attributes.get("t")

    def _judge(self) -> None:
        if not self._in_cell:
            return
        self._in_cell = False
        if self._formula or self._type == "e":
            self._parser.CharacterDataHandler = None
            self._judge_computed()
        elif self._value and (self._row > self._bounds.rows or self._column > self._bounds.columns):
            self._bounds.filled(self._row, self._column)

    def _judge_computed(self) -> None:
        text = self._text.strip()
        if self._type == "e":
            self._bounds.unusable(self._row, self._column, shows(text))
        elif not text and not (self._value and self._type == "str"):
            self._bounds.unusable(self._row, self._column, not_computed())
        else:
            self._bounds.filled(self._row, self._column)


XLSX = Scan(_check_texts, _look)
