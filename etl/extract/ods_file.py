"""An .ods sheet as a grid of cells. (OpenDocument 1.3, part 3: 6.1 white space, 9.1 tables, 19.385 values.)

Our own reader, over the stream of elements: calamine and odfpy lose line breaks, tabs or errors, or hold the whole document.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile

from msgspec import Struct

from etl.extract.sheet_bounds import MOST_ROWS, BadSheet, SheetBounds, not_computed, shows
from etl.extract.sheet_rows import SheetNames
from etl.extract.xlsx_parts import damaged, parse_xml, pieces
from etl.findings import Unfit

CONTENT = "content.xml"
_ERROR = re.compile(r"#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)|Err:\d+")
_DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,](\d+))?S")


def ods_names(archive: ZipFile) -> SheetNames:
    """Raises BadSheet."""
    styles: set[str] = set()
    found: list[tuple[str, str]] = []
    current = ""

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal current
        if element == "style:style":
            current = attributes.get("style:name", "")
        elif element == "style:table-properties" and attributes.get("table:display") == "false":
            styles.add(current)
        elif element == "table:table":
            found.append((attributes.get("table:name", ""), attributes.get("table:style-name", "")))

    parse_xml(pieces(archive, CONTENT), start)
    return SheetNames([name for name, _ in found], frozenset(name for name, style in found if style in styles))


def read_ods(archive: ZipFile, sheet: str) -> tuple[list[list[Any]], SheetBounds]:
    """A sheet's cells from A1 on ("" for a blank one, as calamine has it), and those that cannot be used. Raises BadSheet."""
    reader = _Reader(sheet)
    parse_xml(pieces(archive, CONTENT), reader.start, reader.parser)
    return reader.rows, reader.bounds


class _Reader:
    """Follows the elements of one sheet. Comments, and what else stands in a cell beside its paragraphs, are passed over."""

    def __init__(self, sheet: str) -> None:
        self._sheet, self._inside = sheet, 0
        self.rows: list[list[Any]] = []
        self.bounds = SheetBounds()
        self._cells: list[tuple[Any, int]] = []
        self._row_repeat, self._blank_rows = 1, 0
        self._cell: dict[str, str] | None = None
        self._paragraphs: list[str] = []
        self._in_paragraph = self._note = 0
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "table:table":
            self._inside += self._inside > 0 or attributes.get("table:name") == self._sheet
        elif self._inside == 1:
            self._start_inside(element, attributes)

    def _start_inside(self, element: str, attributes: dict[str, str]) -> None:
        if element == "office:annotation":
            self._note += 1
        elif element == "table:table-row":
            self._cells, self._row_repeat = [], _repeat(attributes, "table:number-rows-repeated")
        elif element in ("table:table-cell", "table:covered-table-cell"):
            self._cell, self._paragraphs = attributes, []
        elif self._note or self._cell is None:
            return
        elif element in ("text:p", "text:h"):
            self._in_paragraph += 1
            self._paragraphs.append("")
        elif self._in_paragraph and element in _BLANKS:
            self._paragraphs[-1] += _BLANKS[element] * min(_repeat(attributes, "text:c"), 10_000)

    def _characters(self, text: str) -> None:
        if self._in_paragraph and not self._note:
            # White space as it stands in the XML is one space; what is meant as more has elements of its own.
            text = re.sub("[ \t\r\n]+", " ", text)
            before = self._paragraphs[-1]
            self._paragraphs[-1] += text[1:] if text[0] == " " and before[-1:] in ("", " ") else text

    def _end(self, element: str) -> None:
        if not self._inside:
            return
        if element == "table:table":
            self._inside -= 1
        elif element == "office:annotation":
            self._note -= 1
        elif element in ("text:p", "text:h"):
            self._in_paragraph -= self._in_paragraph > 0 and not self._note
        elif (
            self._inside == 1 and element in ("table:table-cell", "table:covered-table-cell") and self._cell is not None
        ):
            self._end_cell(self._cell)
            self._cell = None
        elif self._inside == 1 and element == "table:table-row":
            self._end_row()

    def _end_cell(self, attributes: dict[str, str]) -> None:
        text = "\n".join(self._paragraphs)
        self._cells.append((_value(attributes, text), _repeat(attributes, "table:number-columns-repeated")))

    def _end_row(self) -> None:
        """Blank cells and rows are repeated to the sheet's far end; they count only when something follows them."""
        while self._cells and self._cells[-1][0] == "":
            self._cells.pop()
        if not self._cells:
            self._blank_rows += self._row_repeat
            return
        width = sum(repeat for _, repeat in self._cells)
        self._bound(len(self.rows) + self._blank_rows + 1, width)
        self.rows.extend([] for _ in range(self._blank_rows))
        self._blank_rows = 0
        cells = [value for value, repeat in self._cells for _ in range(repeat)]
        for row in range(len(self.rows) + 1, len(self.rows) + 1 + self._row_repeat):
            self._bound(row, width)
            self._note_faults(row, cells)
            self.rows.append(["" if isinstance(one, _Unusable) else one for one in cells])

    def _bound(self, row: int, width: int) -> None:
        if row > MOST_ROWS:
            raise BadSheet(damaged(f"there is no row {row:,}"))
        self.bounds.filled(row, width)

    def _note_faults(self, row: int, cells: list[Any]) -> None:
        for column, one in enumerate(cells, start=1):
            if isinstance(one, _Unusable):
                self.bounds.unusable(row, column, one.why)


_BLANKS = {"text:s": " ", "text:tab": "\t", "text:line-break": "\n"}


class _Unusable(Struct, frozen=True):
    why: Unfit


def _repeat(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadSheet(damaged(f"{name} is {text[:20]!r}"))
    return max(1, int(text))


def _value(attributes: dict[str, str], text: str) -> Any:
    kind = attributes.get("office:value-type", attributes.get("calcext:value-type", ""))
    computed = "table:formula" in attributes
    if attributes.get("calcext:value-type") == "error" or (computed and _ERROR.fullmatch(text.strip())):
        return _Unusable(shows(text.strip()))
    if not kind:
        return _Unusable(not_computed()) if computed and not text else text
    try:
        return _TYPES[kind](attributes, text)
    except (KeyError, ValueError):
        return _Unusable(Unfit("row:cell:type", None, "cell {cell} holds a {kind} that cannot be read", kind=kind))


def _number(attributes: dict[str, str], text: str) -> int | float:
    return float(attributes["office:value"])


def _date(attributes: dict[str, str], text: str) -> datetime.date:
    given = attributes["office:date-value"]
    return datetime.datetime.fromisoformat(given) if "T" in given else datetime.date.fromisoformat(given)


def _time(attributes: dict[str, str], text: str) -> datetime.time | datetime.timedelta:
    """A time of the day; a duration when it is a day or longer."""
    found = _DURATION.fullmatch(attributes["office:time-value"])
    if found is None:
        raise ValueError
    hours, minutes, seconds = (int(found[group]) for group in (1, 2, 3))
    micros = int(((found[4] or "") + "000000")[:6])
    if hours < 24:
        return datetime.time(hours, minutes, seconds, micros)
    return datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros)


_TYPES: dict[str, Callable[[dict[str, str], str], Any]] = {
    "float": _number,
    "percentage": _number,
    "currency": _number,
    "date": _date,
    "time": _time,
    "boolean": lambda attributes, text: {"true": True, "false": False}[attributes["office:boolean-value"]],
    "string": lambda attributes, text: attributes.get("office:string-value", text),
}
