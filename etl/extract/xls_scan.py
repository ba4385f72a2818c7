"""The cells of an old .xls that calamine does not give as they are: those that show an error are blank, negative
dates are times, and the 29th of February 1900 is the day before.

A sheet is a stream of records: a number, a length, a content. ([MS-XLS] 2.1.4, 2.4.28 BoundSheet8, 2.4.24 BoolErr, 2.4.127
Formula, 2.4.180 Number, 2.4.220 RK, 2.4.175 MulRk; the stream lies in a compound file, which olefile opens.)
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from etl.extract.sheet_bounds import BadSheet, SheetBounds, is_no_moment, shows
from etl.extract.xlsb_scan import SHOWN, short_number
from etl.findings import Unfit, said

STREAMS = ("Workbook", "Book")
"""Its name since Excel 97, and before."""
BOUND_SHEET, BOOL_OR_ERROR, FORMULA, END = 0x85, 0x205, 0x06, 0x0A
NUMBER, SHORT, SHORTS = 0x203, 0x27E, 0xBD
NO_NUMBER, IS_ERROR = 0xFFFF, 2
"""What stands in a formula's result when it is no number, and when that is an error."""

Faults = dict[int, tuple[int, Unfit]]


def bounds_of(workbook: Path | bytes, number: int) -> SheetBounds:
    """Of the sheet with this number (from 0): each row's first cell with an error, and what it shows; and the numbers that are
    no day. Raises BadSheet."""
    stream = _stream(workbook)
    bounds = SheetBounds()
    if stream:
        starts = [content for kind, content in _records(stream, 0) if kind == BOUND_SHEET]
        if number < len(starts):
            _look(stream, struct.unpack_from("<I", starts[number])[0], bounds)
    return bounds


def _stream(workbook: Path | bytes) -> bytes:
    """The workbook's records; nothing of a file that is no compound file: calamine has told of that."""
    import olefile

    source = workbook if isinstance(workbook, Path) else io.BytesIO(workbook)
    if not olefile.isOleFile(source):
        return b""
    try:
        with olefile.OleFileIO(source) as file:
            name = next((one for one in STREAMS if file.exists(one)), None)
            return b"" if name is None else file.openstream(name).read()
    except (OSError, ValueError, struct.error, IndexError):
        raise BadSheet(said("is damaged or cut off; fetch it again, or save it anew as .xlsx")) from None


def _look(stream: bytes, start: int, bounds: SheetBounds) -> None:
    for kind, content in _records(stream, start):
        if kind in (BOOL_OR_ERROR, FORMULA) and (code := _error(kind, content)) is not None:
            row, column = struct.unpack_from("<HH", content)
            bounds.told(row + 1, column + 1, shows(SHOWN.get(code)))
        elif kind in DOUBTFUL:
            bounds.doubtful += ((row + 1, column + 1) for row, column in DOUBTFUL[kind](content))


def _error(kind: int, content: bytes) -> int | None:
    """The number of a cell's error; None when it has none."""
    if kind == BOOL_OR_ERROR and len(content) >= 8:
        return content[6] if content[7] else None
    if kind == FORMULA and len(content) >= 14:
        is_error = struct.unpack_from("<H", content, 12)[0] == NO_NUMBER and content[6] == IS_ERROR
        return content[8] if is_error else None
    return None


def _of_double(at: int, content: bytes) -> Iterator[tuple[int, int]]:
    """The place of a cell whose double, there in its record, is no day."""
    if len(content) >= at + 8 and is_no_moment(struct.unpack_from("<d", content, at)[0]):
        yield struct.unpack_from("<HH", content)


def _of_short(content: bytes) -> Iterator[tuple[int, int]]:
    if len(content) >= 10 and is_no_moment(short_number(struct.unpack_from("<I", content, 6)[0])):
        yield struct.unpack_from("<HH", content)


def _of_shorts(content: bytes) -> Iterator[tuple[int, int]]:
    """Of cells beside each other: the row, the first column, a format and a number for each, the last column."""
    if len(content) < 6:
        return
    row, first = struct.unpack_from("<HH", content)
    for column, at in enumerate(range(6, len(content) - 5, 6), start=first):
        if is_no_moment(short_number(struct.unpack_from("<I", content, at)[0])):
            yield row, column


DOUBTFUL: dict[int, Callable[[bytes], Iterator[tuple[int, int]]]] = {
    NUMBER: partial(_of_double, 6),
    FORMULA: partial(_of_double, 6),
    SHORT: _of_short,
    SHORTS: _of_shorts,
}


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Until the end of the workbook's globals, or of the sheet that begins there."""
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == END:
            return
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size
