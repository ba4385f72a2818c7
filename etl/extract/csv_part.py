"""One range of a CSV file, read in whichever process gets it.

A range is cut at a newline that may stand inside a quoted cell. The part in front of it reads on until its last record
is whole and says where that was (Rows.end); who consumes the parts then moves the next one there (rows.in_order). So,
by induction, every part that counts begins where a record begins, and what is read does not depend on the cuts.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from etl.extract.csv_format import CsvFormat
from etl.extract.csv_quotes import is_suspect
from etl.extract.csv_records import Lines, read_records
from etl.extract.cuts import LINE_END
from etl.extract.locations import File
from etl.extract.opening import reading
from etl.extract.rows import gather, ragged, shown_cells
from etl.model import RowFault, Rows

READ_ON = 1 << 16
CANDIDATES = 50
LOOK_AHEAD = 4096


class CsvPart(Struct, frozen=True):
    """The records that begin in the bytes from `start` to `stop` of a file."""

    path: File
    start: int
    stop: int
    format: CsvFormat
    reached: float | None = None

    def moved(self, start: int) -> CsvPart:
        return replace(self, start=start)

    def read(self) -> Rows:
        """Raises SourceError when the file cannot be read any more."""
        if self.start >= self.stop:
            return Rows((), end=self.start)
        with reading(self.path), self.path.open("rb") as file:
            file.seek(self.start)
            block = file.read(self.stop - self.start)
            return self._at_once(block) or self._one_by_one(block, file)

    def _at_once(self, block: bytes) -> Rows | None:
        return at_once(block, self.format, self.stop)

    def _one_by_one(self, block: bytes, file: BinaryIO) -> Rows:
        lines = Lines(_reading_on(block, file), self.start, self.format)
        content = gather(read_records(lines, self.format, self.stop))
        return replace(content, end=lines.position)


def at_once(block: bytes, format: CsvFormat, end: int) -> Rows | None:
    """The usual case, fast: the block is whole, decodable and well formed. None when it is not."""
    if len(block) > format.longest or b"\0" in block:
        return None
    try:
        text = block.decode(format.encoding)
        if format.escape and format.escape in text:
            return None
        if _has_blank_runs(block):
            return _spread(text, format, end)
        rows = parse(text, format)
    except (UnicodeDecodeError, csv.Error):
        return None
    return _content(rows, format, end)


RUNS = (b"\n" * 64, b"\r\n" * 64, b"\r" * 64)
NO_CELLS: list[str] = []
"""Every blank line: one list for all of them."""


def _has_blank_runs(block: bytes) -> bool:
    """Whether so many lines may be blank that a list of them all would take many times the block's memory."""
    # A long pattern is looked for in long steps.
    return any(run in block for run in RUNS)


def parse(text: str, format: CsvFormat) -> list[list[str]]:
    """All rows of a text, blank lines as []. Raises csv.Error, also for a row whose quotes need a closer look.

    A line without a quote is a record that only has to be split, which takes half the time of csv.reader. It gets the lines
    with quotes; all of them, where they are many.
    """
    quote = format.quote if format.quote and format.quote in text else None
    if "\r" in text:
        if quote or text.count("\r") != text.count("\r\n"):
            return _read(io.StringIO(text, newline=""), format)
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    quoted = [index for index, line in enumerate(lines) if quote in line] if quote else []
    if len(quoted) > len(lines) // 2:
        return _read(io.StringIO(text, newline=""), format)
    delimiter = format.delimiter
    rows = [line.split(delimiter) if line else NO_CELLS for line in lines]
    return _with_quoted(rows, lines, quoted, format) if quoted else rows


def _read(lines: Iterable[str], format: CsvFormat) -> list[list[str]]:
    """What csv.reader makes of the lines. Raises csv.Error, also when a row of it is suspect."""
    rows = list(format.reader(lines))
    _check_quotes(rows, format.quote)
    return rows


def _check_quotes(rows: list[list[str]], quote: str | None) -> None:
    if quote and _has_quotes_at_ends(rows, quote) and any(is_suspect(row, quote) for row in rows):
        raise csv.Error


def _has_quotes_at_ends(rows: list[list[str]], quote: str) -> bool:
    """A quick look. Nearly always the quotes were around cells, and are gone, or stand inside of one: no row is suspect then."""
    return any(_is_at_an_end(cell, quote) for cell in chain.from_iterable(rows) if quote in cell)


def _is_at_an_end(cell: str, quote: str) -> bool:
    """Whether a quote stands at an end, but for blanks, of a cell that holds one."""
    stripped = cell.strip()
    return stripped[0] == quote or stripped[-1] == quote


def _with_quoted(rows: list[list[str]], lines: list[str], quoted: list[int], format: CsvFormat) -> list[list[str]]:
    """The rows with those of `quoted` lines read by csv.reader, and without the lines that went into them."""
    if _each_is_a_record(rows, lines, quoted, format):
        return rows
    taken: set[int] = set()
    for index in quoted:
        if index not in taken:
            reader = format.reader(f"{lines[at]}\n" for at in range(index, len(lines)))
            rows[index] = next(reader)
            _check_quotes([rows[index]], format.quote)
            taken.update(range(index + 1, index + reader.line_num))
    return [row for index, row in enumerate(rows) if index not in taken]


def _each_is_a_record(rows: list[list[str]], lines: list[str], quoted: list[int], format: CsvFormat) -> bool:
    """Read the quoted lines as if none of them went on in the next line. If one does, there are fewer rows than lines."""
    try:
        read = _read([lines[index] for index in quoted], format)
    except csv.Error:
        return False
    if len(read) != len(quoted):
        return False
    for index, row in zip(quoted, read, strict=True):
        rows[index] = row
    return True


def _content(rows: list[list[str]], format: CsvFormat, end: int) -> Rows:
    # One pass in C when all is well; the blank lines are only looked for when something is not.
    if set(map(len, rows)) <= {format.width} and format.surely_not_blank(rows):
        return Rows(format.without_nulls(rows), (), end)
    places = [place for place, row in enumerate(rows) if not format.is_blank(row)]
    return _with_places([rows[place] for place in places], places, len(rows), format, end)


def _with_places(rows: list[list[str]], places: list[int], height: int, format: CsvFormat, end: int) -> Rows:
    faults = [
        RowFault(index, ragged(len(row), format.width), shown_cells(row))
        for index, row in enumerate(rows)
        if len(row) != format.width
    ]
    blank = height - len(rows)
    return Rows(format.without_nulls(rows), tuple(faults), end, blank, places if blank else None)


def _spread(text: str, format: CsvFormat, end: int) -> Rows | None:
    """A text that is mostly blank lines, without a list of them. None when more than newlines has to be looked at."""
    text = text.replace("\r\n", "\n")
    if "\r" in text or (format.quote and format.quote in text):
        return None
    rows, places, place, at = [], [], 0, 0
    for line in re.finditer("[^\n]+", text):
        place += text.count("\n", at, line.start())
        at = line.start()
        cells = line[0].split(format.delimiter)
        if not format.is_blank(cells):
            rows.append(cells)
            places.append(place)
    height = place + text.count("\n", at) + (not text.endswith("\n"))
    return _with_places(rows, places, height, format, end)


def _reading_on(block: bytes, file: BinaryIO) -> Iterator[bytes]:
    for at in range(0, len(block), READ_ON):
        yield block[at : at + READ_ON]
    while more := file.read(READ_ON):
        yield more


def record_start(window: bytes, format: CsvFormat) -> int | None:
    """Where in some bytes of the file a record probably begins: after a newline that is followed by rows of the right
    width. Only a guess, but a wrong one costs reading a part twice."""
    ends = [found.end() for found in islice(LINE_END.finditer(window), CANDIDATES)]
    if not ends or format.quote is None or format.quote.encode(format.encoding) not in window:
        return ends[0] if ends else None
    return next((end for end in ends if _rows_follow(window[end : end + LOOK_AHEAD], format)), ends[0])


def _rows_follow(data: bytes, format: CsvFormat) -> bool:
    reader = format.reader(io.StringIO(data.decode(format.encoding, "replace"), newline=""))
    widths = []
    try:
        for _ in range(3):
            widths.append(len(next(reader)))
    except (csv.Error, StopIteration):
        widths = widths[:-1]  # the last one may have been cut short
    return bool(widths) and set(widths) == {format.width}
