"""A sheet of an .xlsx workbook as a stream: a row is made when all of its XML is there, and nothing is held but that.

(ECMA-376 part 1, 18.3.1: sheetData, row, c, f, v, is; 18.18.11 the types of cells.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from etl.extract.reach import Reach
from etl.extract.sheet_bounds import (
    MOST_ROWS,
    WIDEST,
    BadSheet,
    at_cell,
    check_gap,
    not_computed,
    place,
    shows,
    too_large,
)
from etl.extract.sheet_rows import CellOfRow, SheetRow, native
from etl.extract.temporary import scratch
from etl.extract.xlsx_formats import NoMoment, Shown, iso_moment, moment, span, styles_of
from etl.extract.xlsx_parts import book_of, damaged, elements, member_named, related
from etl.extract.xlsx_texts import SharedTexts, text_of, unescaped
from etl.findings import Unfit

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_EXACT_DIGITS = 15


def read_rows(archive: ZipFile, workbook: str, sheet: str, reach: Reach) -> Iterator[SheetRow]:
    """Every row of the sheet. `reach` is told how far it is read. Raises BadSheet."""
    book = book_of(archive, workbook)
    member = member_named(archive, book.sheets[sheet])
    if member is None:
        raise BadSheet(damaged("the part that holds the sheet is missing"))
    styles = styles_of(archive, related(archive, workbook, "styles"))
    with scratch("the workbook's texts") as file:
        texts = SharedTexts(archive, related(archive, workbook, "sharedStrings"), file)
        reader = _Rows(_Values(texts, styles, since_1904=book.since_1904))
        yield from reader.all_of(elements(archive, member, "sheetData", 1, reach))


class _Values:
    """What cells hold."""

    def __init__(self, texts: SharedTexts, styles: Mapping[str, Shown], *, since_1904: bool) -> None:
        self._styles, self._since_1904, self._texts = styles, since_1904, texts
        self.readers: Mapping[str | None, Callable[[str, str | None], Any]] = {
            None: self._number_or_text,
            "n": self._number,
            "s": self._shared,
            "str": lambda text, style: unescaped(text),
            "b": self._truth,
            "inlineStr": lambda text, style: None,  # its text is not in a `v`
            "d": lambda text, style: iso_moment(text),
        }

    def of(self, text: str, type: str | None, style: str | None) -> Any:
        """What the text of a `v` stands for. Raises BadSheet."""
        read = self.readers.get(type)
        if read is None:
            raise BadSheet(damaged(f"a cell is of the type {str(type)[:20]!r}, which there is none of"))
        return read(text, style)

    def _number_or_text(self, text: str, style: str | None) -> Any:
        # Most numbers are whole, and take the shortest way.
        if text.isdigit() and text.isascii() and len(text) <= _EXACT_DIGITS and style not in self._styles:
            return int(text)
        if not _NUMBER.fullmatch(text):
            return text
        shown = self._styles.get(style or "")
        if shown is None:
            return native(float(text))
        number = span(float(text)) if shown is Shown.SPAN else moment(float(text), since_1904=self._since_1904)
        return native(number)

    def _number(self, text: str, style: str | None) -> Any:
        found = self._number_or_text(text, style)
        if isinstance(found, str):
            raise BadSheet(damaged(f"{text[:20]!r} is no number"))
        return found

    def _shared(self, text: str, style: str | None) -> str:
        try:
            number = int(text)
        except ValueError:
            raise BadSheet(damaged(f"it has no text {text[:20]!r}")) from None
        return self._texts.text(number)

    def _truth(self, text: str, style: str | None) -> bool:
        if text not in _TRUTH:
            raise BadSheet(damaged(f"{text[:20]!r} is neither true nor false"))
        return _TRUTH[text]


_TRUTH = {"0": False, "1": True, "false": False, "true": True}


class _Rows:
    def __init__(self, values: _Values) -> None:
        self._values = values
        self._columns: dict[str, int] = {}
        self._row, self._row_text = 0, "0"
        self._value_tag = ""

    def all_of(self, rows: Iterable[Element]) -> Iterator[SheetRow]:
        """Blank rows are given when one follows that is not."""
        given = 0
        for element in rows:
            if element.tag.rpartition("}")[2] != "row":
                continue
            self._begin(element)
            cells, fault = self._cells(element)
            if not cells and fault is None:
                continue
            column = max(len(cells), fault[0] if fault else 0)
            check_gap(given, self._row, column)
            if column > WIDEST:
                raise too_large(self._row, column, self._row, column)
            for _ in range(given + 1, self._row):
                yield [], None
            given = self._row
            yield cells, fault

    def _begin(self, element: Element) -> None:
        text, before = element.get("r"), self._row
        self._row = before + 1 if text is None else int(text) if text.isascii() and text.isdigit() else 0
        if not 0 < self._row <= MOST_ROWS:
            raise BadSheet(damaged(f"there is no row {str(text)[:20]!r}"))
        if self._row <= before:
            raise BadSheet(damaged(f"row {self._row} stands below row {before}"))
        self._row_text = str(self._row)
        self._value_tag = element.tag[:-3] + "v"

    def _cells(self, row: Element) -> SheetRow:
        cells: list[Any] = []
        fault: CellOfRow | None = None
        column, tag, readers, columns, suffix = 0, self._value_tag, self._values.readers, self._columns, self._row_text
        for cell in row:
            reference, type = cell.get("r"), cell.get("t")
            if reference is None:
                column += 1
            else:
                column = columns.get(reference.removesuffix(suffix)) or self._column(reference)
            try:
                if len(cell) == 1 and type in readers and cell[0].tag == tag:
                    text = cell[0].text
                    value = readers[type](text, cell.get("s")) if text else None
                else:
                    value, why = self._unusual(cell, type)
                    fault = self._first(fault, column, why)
            except NoMoment as none:
                value, fault = None, self._first(fault, column, none.why)
            if value is None or value == "":
                continue
            if column == len(cells) + 1:
                cells.append(value)
            else:
                self._put(cells, column, value)
        return cells, fault

    def _column(self, reference: str) -> int:
        row, column = place(reference)
        if row != self._row:
            raise BadSheet(damaged(f"cell {reference} stands in row {self._row}"))
        self._columns[reference.removesuffix(self._row_text)] = column
        return column

    def _put(self, cells: list[Any], column: int, value: Any) -> None:
        """Not beside the last one."""
        cells.extend([None] * (column - len(cells)))
        cells[column - 1] = value

    def _first(self, fault: CellOfRow | None, column: int, why: Unfit | None) -> CellOfRow | None:
        return (column, at_cell(why, self._row, column)) if why and fault is None else fault

    def _unusual(self, cell: Element, type: str | None) -> tuple[Any, Unfit | None]:
        """The value of a cell that is not just one of a `v`: blank, with a formula or an error, or with a text of its own."""
        parts = {part.tag.rpartition("}")[2]: part for part in cell}
        value, formula, own = parts.get("v"), parts.get("f"), parts.get("is")
        text = (value.text if value is not None else None) or ""
        if type == "e":
            return None, shows(text.strip())
        if formula is not None and not text.strip() and own is None and not (value is not None and type == "str"):
            return None, not_computed()
        if own is not None:
            return text_of(own), None
        return (self._values.of(text, type, cell.get("s")) if text else None), None
