"""An .xlsb sheet, looked at before calamine reads it. How far it reaches, and its errors.

A record is its number, its length (both 7 bits a byte, the lowest first) and its content. ([MS-XLSB], 2.1.4, 2.4, 2.5.97.2.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO
from zipfile import ZipFile

from etl.extract.sheet_bounds import MOST_COLUMNS, MOST_ROWS, BadSheet, SheetBounds, shows
from etl.extract.xlsx_parts import DAMAGED, related, relations

ROW, FIRST_CELL, LAST_CELL = 0, 2, 11  # 1 is a blank cell
ERRORS = (3, 11)
"""A cell that holds an error, and a formula that gave one."""
SHORT, DOUBLES = 2, (5, 9)
"""A number in 4 bytes; one in 8, and a formula that gave one."""
SHEET, TEXT_COUNT = 156, 159

SHOWN = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
"""What a cell shows for an error's number, in .xlsb as in .xls."""


def look(archive: ZipFile, workbook: str, sheet: str) -> SheetBounds:
    """Raises BadSheet."""
    bounds = SheetBounds()
    member = _member_of(archive, workbook, sheet)
    if member is not None:
        _scan(archive, member, bounds)
    return bounds


def _scan(archive: ZipFile, member: str, bounds: SheetBounds) -> None:
    row = 0
    for kind, content in _records(archive, member):
        if kind == ROW:
            row = _number(content, 0) + 1
        elif FIRST_CELL <= kind <= LAST_CELL:
            column = _number(content, 0) + 1
            if row > MOST_ROWS or column > MOST_COLUMNS:
                raise BadSheet(DAMAGED.format(f"there is no column {column:,} of row {row:,}"))
            if kind in ERRORS:
                bounds.unusable(row, column, shows(SHOWN.get(content[8])))
            else:
                bounds.filled(row, column)
                if _is_negative(kind, content):
                    bounds.negatives.append((row, column))


def _is_negative(kind: int, content: bytes) -> bool:
    if kind in DOUBLES:
        return bool(struct.unpack_from("<d", content, 8)[0] < 0)
    return kind == SHORT and is_negative(_number(content, 8))


def is_negative(short: int) -> bool:
    """Of a number in 4 bytes: 30 bits of a double, or of a whole number, and which it is. ([MS-XLS] 2.5.217 RkNumber.)"""
    return bool(short & 0x80000000 and short & 0x7FFFFFFC)


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
                    raise BadSheet(DAMAGED.format(f"{member} is cut off"))
                yield kind, content
        except (struct.error, IndexError):
            raise BadSheet(DAMAGED.format(f"{member} is cut off")) from None


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
        raise BadSheet(DAMAGED.format(f"its list of texts promises {_number(content, 4)} of them"))
