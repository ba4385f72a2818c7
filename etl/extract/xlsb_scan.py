"""An .xlsb sheet, looked at before calamine reads it. How far it reaches, its errors, and the dates that calamine leaves numbers.

A record is its number, its length (both 7 bits a byte, the lowest first) and its content. ([MS-XLSB], 2.1.4, 2.4, 2.5.97.2.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import IO, Any
from zipfile import ZipFile

from msgspec import Struct, field

from etl.extract.sheet_bounds import MOST_COLUMNS, MOST_ROWS, BadSheet, SheetBounds, at_cell, is_no_moment, shows
from etl.extract.xlsx_formats import BUILT_IN, NoMoment, Shown, moment, shown_by, span
from etl.extract.xlsx_parts import damaged, related, relations

ROW, FIRST_CELL, LAST_CELL = 0, 2, 11  # 1 is a blank cell
ERRORS = (3, 11)
"""A cell that holds an error, and a formula that gave one."""
SHORT, DOUBLES = 2, (5, 9)
"""A number in 4 bytes; one in 8, and a formula that gave one."""
WHOLE, OF_HUNDRED = 2, 1
"""Bits of a number in 4 bytes: it is a whole one; it is a hundred times what is meant."""
SHEET, TEXT_COUNT, BOOK = 156, 159, 153
FORMAT, STYLE, STYLES, STYLES_END = 44, 47, 617, 618
LEAST_FORMAT, LEAST_STYLE = 6, 4
"""Bytes of what is read of them."""

SHOWN = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
"""What a cell shows for an error's number, in .xlsb as in .xls."""


class XlsbSheet(Struct, frozen=True):
    """`days`: row, column and format of the whole numbers in 4 bytes that are shown as dates or times."""

    bounds: SheetBounds = field(default_factory=SheetBounds)
    days: list[tuple[int, int, Shown]] = field(default_factory=list)
    since_1904: bool = False

    def with_days(self, grid: list[list[Any]]) -> None:
        """What calamine leaves a number becomes the date that it is; one that there never was a fault."""
        faults = self.bounds.faults
        for row, column, shown in self.days:
            cells = grid[row - 1] if row <= len(grid) else []
            number = cells[column - 1] if column <= len(cells) else ""
            if type(number) not in (int, float):
                continue
            try:
                cells[column - 1] = self._shown(float(number), shown)
            except NoMoment as none:
                cells[column - 1] = ""
                if row not in faults or column < faults[row][0]:
                    faults[row] = column, at_cell(none.why, row, column)

    def _shown(self, number: float, shown: Shown) -> object:
        return span(number) if shown is Shown.SPAN else moment(number, since_1904=self.since_1904)


def look(archive: ZipFile, workbook: str, sheet: str) -> XlsbSheet:
    """Raises BadSheet."""
    member = _member_of(archive, workbook, sheet)
    if member is None:
        return XlsbSheet()
    found = XlsbSheet(since_1904=_since_1904(archive, workbook))
    _scan(archive, member, found, _styles(archive, workbook))
    return found


def _since_1904(archive: ZipFile, workbook: str) -> bool:
    return any(kind == BOOK and content[:1] and content[0] & 1 for kind, content in _records(archive, workbook))


def _styles(archive: ZipFile, workbook: str) -> Mapping[int, Shown]:
    """By the number of a style: those that make something else of a number."""
    member = related(archive, workbook, "styles")
    codes: dict[int, Shown | None] = {int(number): shown for number, shown in BUILT_IN.items()}
    found: dict[int, Shown] = {}
    count, inside = 0, False
    for kind, content in _records(archive, member) if member else ():
        if kind == FORMAT and len(content) >= LEAST_FORMAT:
            codes[struct.unpack_from("<H", content)[0]] = shown_by(_wide_text(content, 2)[0])
        elif kind in (STYLES, STYLES_END):
            inside = kind == STYLES
        elif kind == STYLE and inside and len(content) >= LEAST_STYLE:
            shown = codes.get(struct.unpack_from("<H", content, 2)[0])
            if shown:
                found[count] = shown
            count += 1
    return found


def _scan(archive: ZipFile, member: str, found: XlsbSheet, styles: Mapping[int, Shown]) -> None:
    row, bounds = 0, found.bounds
    for kind, content in _records(archive, member):
        if kind == ROW:
            row = _number(content, 0) + 1
        elif FIRST_CELL <= kind <= LAST_CELL:
            column = _number(content, 0) + 1
            if row > MOST_ROWS or column > MOST_COLUMNS:
                raise BadSheet(damaged(f"there is no column {column:,} of row {row:,}"))
            if kind in ERRORS:
                bounds.unusable(row, column, shows(SHOWN.get(content[8])))
            else:
                bounds.filled(row, column)
                if _is_whole(kind, content):
                    if shown := styles.get(_number(content, 4) & 0xFFFFFF):
                        found.days.append((row, column, shown))
                elif _is_doubtful(kind, content):
                    bounds.doubtful.append((row, column))


def _is_whole(kind: int, content: bytes) -> bool:
    return kind == SHORT and content[8] & (WHOLE | OF_HUNDRED) == WHOLE


def _is_doubtful(kind: int, content: bytes) -> bool:
    if kind in DOUBLES:
        return is_no_moment(struct.unpack_from("<d", content, 8)[0])
    return kind == SHORT and is_no_moment(short_number(_number(content, 8)))


def short_number(short: int) -> float:
    """A number in 4 bytes: 30 bits of a double, or of a whole number, and which it is. ([MS-XLS] 2.5.217 RkNumber.)"""
    bits = short & ~(WHOLE | OF_HUNDRED)
    if short & WHOLE:
        number: float = (bits - (1 << 32) if bits & 0x80000000 else bits) >> 2
    else:
        number = struct.unpack("<d", struct.pack("<II", 0, bits))[0]
    return number / 100 if short & OF_HUNDRED else number


def _number(content: bytes, at: int) -> int:
    found: int = struct.unpack_from("<I", content, at)[0]
    return found


def _records(archive: ZipFile, member: str) -> Iterator[tuple[int, bytes]]:
    size = archive.getinfo(member).file_size
    with archive.open(member) as file:
        try:
            while first := file.read(1):
                kind = _varied(first, file, 2)
                length = _varied(file.read(1), file, 4)
                content = file.read(min(length, size))
                if len(content) < length:
                    raise BadSheet(damaged(f"{member} is cut off"))
                yield kind, content
        except (struct.error, IndexError):
            raise BadSheet(damaged(f"{member} is cut off")) from None


def _varied(first: bytes, file: IO[bytes], most: int) -> int:
    """A number of up to `most` bytes, of which each but the last has its highest bit set."""
    value, byte = first[0] & 0x7F, first[0]
    for place in range(1, most):
        if not byte & 0x80:
            break
        byte = file.read(1)[0]
        value |= (byte & 0x7F) << 7 * place
    return value


def _member_of(archive: ZipFile, workbook: str, sheet: str) -> str | None:
    found = relations(archive, workbook)
    for kind, content in _records(archive, workbook):
        if kind == SHEET:
            relation, rest = _wide_text(content, 8)
            if relation in found and _wide_text(content, rest)[0] == sheet:
                member = found[relation].member
                return member if member in archive.NameToInfo else None
    return None


def _wide_text(content: bytes, at: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends."""
    end = at + 4 + 2 * _number(content, at)
    return content[at + 4 : end].decode("utf-16-le", "replace"), end


def check_texts(archive: ZipFile, workbook: str) -> None:
    """calamine makes room for as many texts as their list promises. Raises BadSheet."""
    texts = related(archive, workbook, "sharedStrings")
    if texts is None:
        return
    kind, content = next(_records(archive, texts), (0, b""))
    if kind == TEXT_COUNT and _number(content, 4) > archive.getinfo(texts).file_size // 4:
        raise BadSheet(damaged(f"its list of texts promises {_number(content, 4)} of them"))
