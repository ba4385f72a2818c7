"""CSV one record at a time: slower than a whole block at once, but it can say what is wrong with a row, and where.

The rules, which hold however a file is cut:
- A record ends at \\n, \\r\\n or \\r outside quotes. A blank line is not a record: it is passed over and not counted.
- A row with more or fewer cells than the header, with an undecodable byte, or with a NUL character is a fault.
- A quote that breaks the rules makes its row a fault, together with the lines it took along; reading goes on with the
  next line. A record longer than `longest` is taken for one whose quote is never closed.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from etl.extract.rows import Record, ragged
from etl.extract.undecodable import undecodable

LONGEST_RECORD = 1 << 24
SHOWN = 500
"""How much of a malformed line is kept for people to see."""


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a CSV file is written, and how many columns it has (0 while that is not known yet)."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str | None = '"'
    nulls: frozenset[str] = frozenset()
    width: int = 0
    longest: int = LONGEST_RECORD

    def reader(self, lines: Iterator[str]) -> Any:
        """A csv.reader. Its limit on a cell's length is one for the whole process, so it is set each time."""
        csv.field_size_limit(self.longest)
        if self.quote is None:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)


class RecordTooLong(csv.Error):
    """Raised among the lines of a record, to make the reader give it up."""


class Lines:
    """Decoded lines of a byte stream, which remembers where it is and what was wrong since the record began."""

    def __init__(self, chunks: Iterator[bytes], start: int, format: CsvFormat) -> None:
        self._lines = raw_lines(chunks)
        self._encoding, self._longest = format.encoding, format.longest
        self.position = start
        self.begin_record()

    def begin_record(self) -> None:
        self._record_start = self.position
        self.first_line, self.lines, self.complaint = "", 0, ""

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        text = self._decode(line)
        self.position += len(line)
        self.lines += 1
        if self.lines == 1:
            self.first_line = text
        elif self.position - self._record_start > self._longest:
            raise RecordTooLong
        return text

    def _decode(self, line: bytes) -> str:
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            place = f"offset {self.position + error.start}"
            self.complaint = self.complaint or undecodable(line, error.start, place, self._encoding)
            return line.decode(self._encoding, "backslashreplace")


def raw_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines with their endings. Unlike str.splitlines, bytes.splitlines knows no ends but \\n, \\r\\n and \\r."""
    rest = b""
    for chunk in chunks:
        lines = (rest + chunk).splitlines(keepends=True)
        # A last line without \n may go on in the next chunk, and its \r may be half of \r\n.
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        yield from lines
    if rest:
        yield rest


def read_records(lines: Lines, format: CsvFormat, stop: int | None = None) -> Iterator[Record]:
    """Records until the one that ends at or after the byte `stop` (None: all), each with what is wrong with it."""
    reader = format.reader(lines)
    while stop is None or lines.position < stop:
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield [lines.first_line.rstrip("\r\n")[:SHOWN]], malformed(error, lines.lines - 1, format)
        else:
            if cells:
                yield without_nulls([cells], format.nulls)[0], lines.complaint or complaint(cells, format.width)


def malformed(error: csv.Error, taken: int, format: CsvFormat) -> str:
    """A sentence for csv's own, and for the `taken` lines after the first that are lost with the row."""
    text = str(error)
    if text == "unexpected end of data":
        what = "a quote is opened in this row and never closed"
    elif isinstance(error, RecordTooLong) or text.startswith("field larger"):
        what = f"this row does not end within {format.longest:,} bytes; is a quote never closed?"
    elif "expected after" in text:
        what = f"a quote inside a quoted cell is not doubled ({text})"
    else:
        what = text
    if taken <= 0:
        return what
    return f"{what}; the {taken} line{'s' if taken > 1 else ''} after it went into this row and cannot be read either"


def complaint(cells: Sequence[str], width: int) -> str:
    if width and len(cells) != width:
        return ragged(len(cells), width)
    for number, cell in enumerate(cells, start=1):
        if "\0" in cell:
            return f"cell {number} holds a NUL character, which no shop can store; is the encoding right (utf-16)?"
    return ""


def without_nulls(rows: list[list[str]], nulls: Collection[str]) -> list[list[str]]:
    """The rows with "" for every cell that is one of the texts that mean null."""
    if not nulls:
        return rows
    return [["" if cell in nulls else cell for cell in row] for row in rows]
