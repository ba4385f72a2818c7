"""CSV one record at a time: slower than a whole block at once, but it can say what is wrong with a row, and where.

The rules, which hold however a file is cut:
- A record ends at \\n, \\r\\n or \\r outside quotes. A blank line is not a record, but it is counted; so is one of
  nothing but delimiters, which is how spreadsheets write a blank row.
- A row with more or fewer cells than the header, with an undecodable byte, or with a NUL character is a fault.
- A quote that breaks the rules makes its row a fault, together with the lines it took along; reading goes on with the
  next line. A record longer than `longest` is taken for one whose quote is never closed.
- A quote inside a cell that does not begin with one is a letter, except where csv_quotes finds that it cannot be.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence

from etl.extract.csv_format import CsvFormat
from etl.extract.csv_quotes import stray_quote, unescaped
from etl.extract.opening import LONGEST_LINE, EndlessLine
from etl.extract.rows import BLANK, ReadRow, ragged
from etl.extract.undecodable import offset, undecodable
from etl.findings import Unfit, inside

NEVER_CLOSED = "row:quote:open"
SHOWN = 500
"""How much of a malformed line is kept for people to see."""


class RecordTooLong(csv.Error):
    """Raised among the lines of a record, to make the reader give it up."""


class Lines:
    """Decoded lines of a byte stream, which remembers where it is, and the record's text and what was wrong with it."""

    def __init__(self, chunks: Iterator[bytes], start: int, format: CsvFormat) -> None:
        self._lines = raw_lines(chunks, start)
        self._encoding, self._longest, self._escape = format.encoding, format.longest, format.escape
        self._format = format
        self.position = start
        self.begin_record()

    def begin_record(self) -> None:
        self.record_start = self.position
        self.complaint: Unfit | None = None
        self.record: list[str] = []

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        text = self._decode(line)
        if self._escape and self._escape in text:
            text = unescaped(text, self._format)
        self.position += len(line)
        self.record.append(text)
        if len(self.record) > 1 and self.position - self.record_start > self._longest:
            raise RecordTooLong
        return text

    def _decode(self, line: bytes) -> str:
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            place = offset(self.position + error.start)
            self.complaint = self.complaint or undecodable(line, error.start, place, self._encoding)
            return line.decode(self._encoding, "backslashreplace")


def at_every_end(data: bytes) -> list[bytes]:
    """Unlike str.splitlines, bytes.splitlines knows no ends but \\n, \\r\\n and \\r."""
    return data.splitlines(keepends=True)


def at_newlines(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def raw_lines(
    chunks: Iterator[bytes], begin: int = 0, cut: Callable[[bytes], list[bytes]] = at_every_end
) -> Iterator[bytes]:
    """Lines with their endings, of a stream whose first byte is number `begin`. Raises EndlessLine."""
    pending: list[bytes] = []  # a line that has not ended, or whose last \r may be half of \r\n
    size = 0
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        # Put together only when there is an end in it: a line of many chunks would be copied for each of them.
        if b"\n" in chunk or b"\r" in chunk or (len(pending) > 1 and pending[-2].endswith(b"\r")):
            lines = cut(b"".join(pending))
            pending = [lines.pop()] if lines and not lines[-1].endswith(b"\n") else []
            begin, size = begin + size - sum(map(len, pending)), sum(map(len, pending))
            yield from lines
        if size > LONGEST_LINE:
            raise EndlessLine(begin)
    yield from pending


def read_records(lines: Lines, format: CsvFormat, stop: int | None = None) -> Iterator[ReadRow]:
    """Records until the one that ends at or after the byte `stop` (None: all), each with what is wrong with it."""
    reader = format.reader(lines)
    while stop is None or lines.position < stop:
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield [lines.record[0].rstrip("\r\n")[:SHOWN]], malformed(error, len(lines.record) - 1, format)
        else:
            yield (
                BLANK
                if format.is_blank(cells)
                else (
                    format.without_nulls([cells])[0],
                    _fault(cells, lines, format),
                )
            )


def _fault(cells: Sequence[str], lines: Lines, format: CsvFormat) -> Unfit | None:
    return lines.complaint or stray_quote(cells, lines.record, format) or complaint(cells, format)


def malformed(error: csv.Error, taken: int, format: CsvFormat) -> Unfit:
    """What csv says, in our words, and of the `taken` lines after the first that are lost with the row."""
    what = _broken(error, format)
    if taken <= 0:
        return what
    words = "{because}; the {taken} lines after it went into this row and cannot be read either"
    if taken == 1:
        words = "{because}; the 1 line after it went into this row and cannot be read either"
    return Unfit(what.rule, None, words, because=inside(what), taken=taken)


def _broken(error: csv.Error, format: CsvFormat) -> Unfit:
    text = str(error)
    if text == "unexpected end of data":
        return Unfit(NEVER_CLOSED, None, "a quote is opened in this row and never closed")
    if isinstance(error, RecordTooLong) or text.startswith("field larger"):
        words = "this row does not end within {most:,} bytes; is a quote never closed?"
        return Unfit("row:quote:long", None, words, most=format.longest)
    if "expected after" in text:
        return Unfit("row:quote", None, "a quote inside a quoted cell is not doubled")
    return Unfit("row:csv", None, "this row cannot be read as CSV; look at its quotes and at control characters in it")


def complaint(cells: Sequence[str], format: CsvFormat) -> Unfit | None:
    if format.width and len(cells) != format.width:
        return ragged(len(cells), format.width)
    for number, cell in enumerate(cells, start=1):
        if "\0" in cell:
            words = "cell {number} holds a NUL character, which no shop can store; is the encoding right (utf-16)?"
            if format.own:
                words = "cell {number} holds a NUL character, which no shop can store; take it out there, or in a query"
            return Unfit("row:nul", None, words, number=number)
    return None
