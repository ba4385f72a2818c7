"""A CSV file of which no part can be sought (compressed, in an archive, in UTF-16): one process makes text of it and cuts that in
blocks, others make rows of the blocks.

A block is cut at a line end that may stand inside of quotes. A part cannot read on behind its block, so one whose last record is
not whole leaves it: its end (Rows.end) is where that record begins, and the next part, moved there, begins with what was left.
So, by induction, every part that counts begins where a record begins, and what is read does not depend on the cuts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.extract.csv_format import LONGEST_RECORD, CsvFormat
from etl.extract.csv_part import at_once, record_start
from etl.extract.csv_records import NEVER_CLOSED, Lines, read_records
from etl.extract.cuts import WINDOW, part_size
from etl.extract.locations import File
from etl.extract.opening import LONGEST_LINE, EndlessLine, reading, text_chunks
from etl.extract.reach import Reach
from etl.extract.rows import ReadRow, gather
from etl.findings import Unfit
from etl.model import Part, Rows


class Recent:
    """The last blocks that were cut: as many bytes as the longest record has, for what a part may leave."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[int, bytes]] = deque()
        self._size = 0

    def add(self, start: int, block: bytes) -> None:
        self._blocks.append((start, block))
        self._size += len(block)
        while self._size - len(self._blocks[0][1]) > 2 * LONGEST_RECORD:
            self._size -= len(self._blocks.popleft()[1])

    def since(self, start: int, end: int) -> bytes:
        """The text from `start` to `end`, which are places in it."""
        pieces = [
            block[max(0, start - at) : end - at] for at, block in self._blocks if at < end and at + len(block) > start
        ]
        found = b"".join(pieces)
        if len(found) != end - start:
            raise AssertionError("text that a part has left is gone; please report this")
        return found


class TextPart(Struct, frozen=True):
    """A block of a file's text that begins at `start`. `recent` stays in the process that has cut it."""

    start: int
    block: bytes
    last: bool
    format: CsvFormat
    recent: Recent | None = None
    reached: float | None = None

    def __reduce__(self) -> Any:
        return TextPart, (self.start, self.block, self.last, self.format)

    def moved(self, start: int) -> TextPart:
        if start >= self.start:
            return replace(self, start=start, block=self.block[start - self.start :])
        assert self.recent is not None  # parts are moved where they were cut
        return replace(self, start=start, block=self.recent.since(start, self.start) + self.block)

    def read(self) -> Rows:
        end = self.start + len(self.block)
        return at_once(self.block, self.format, end) or self._one_by_one(end)

    def _one_by_one(self, end: int) -> Rows:
        lines = Lines(iter((self.block,)), self.start, self.format)
        whole = _Whole(lines, end, self.last)
        content = gather(whole.records(self.format))
        return replace(content, end=whole.end)


class _Whole(Struct):
    """The records of a block without the one that its end has cut off, and where that one begins."""

    lines: Lines
    end: int
    last: bool

    def records(self, format: CsvFormat) -> Iterator[ReadRow]:
        for cells, reason in read_records(self.lines, format):
            is_open = isinstance(reason, Unfit) and reason.rule == NEVER_CLOSED
            is_cut = is_open and self.lines.position >= self.end
            if is_cut and not self.last:
                self.end = self.lines.record_start
                return
            yield cells, reason


class StreamedTable(Struct, frozen=True):
    """`encoding` is the file's, `format` has that of its text as it comes (see opening.text_chunks); `begin` is where in the
    text the data begin, `bytes_a_row` about how long a row is."""

    path: File
    encoding: str
    header: tuple[str, ...]
    first_row: int
    begin: int
    bytes_a_row: float
    format: CsvFormat
    text_only: bool = True
    reach: Reach = field(default_factory=Reach)

    def parts(self, rows: int) -> Iterator[Part]:
        return self.byte_parts(part_size(rows, self.bytes_a_row))

    def byte_parts(self, size: int) -> Iterator[Part]:
        """Parts of about `size` bytes."""
        recent = Recent()
        with reading(self.path):
            for start, block, last in self._blocks(size):
                recent.add(start, block)
                yield TextPart(start, block, last, self.format, recent, self.reach.share(last=last))

    def _blocks(self, size: int) -> Iterator[tuple[int, bytes, bool]]:
        """Where each block begins, its text, and whether it is the last one."""
        text = _Text(text_chunks(self.path, self.encoding, self.reach), self.begin)
        start = self.begin
        while text.fill(size + WINDOW):
            cut = text.cut(size, self.format)
            yield start, text.take(cut), not text.fill(1)
            start += cut


class _Text:
    """The text of a file from a place on, as much of it as is asked for."""

    def __init__(self, pieces: Iterator[bytes], begin: int) -> None:
        self._pieces, self._skip, self._begin = pieces, begin, begin
        self._held = bytearray()

    def fill(self, size: int) -> bool:
        """Hold so many bytes, if there are as many; whether there is any."""
        while len(self._held) < size and (piece := next(self._pieces, None)) is not None:
            skipped = min(self._skip, len(piece))
            self._skip -= skipped
            self._held += piece[skipped:]
        return bool(self._held)

    def cut(self, size: int, format: CsvFormat) -> int:
        """Where, from `size` on, a record probably begins; the end, where no line begins any more."""
        at = size - 1
        while at < len(self._held):
            found = record_start(bytes(self._held[at : at + WINDOW]), format)
            if found is not None:
                return at + found
            at += max(1, WINDOW - 1)  # the last byte again: it may be a \r whose \n comes next
            if at > LONGEST_LINE:
                raise EndlessLine(self._begin)
            self.fill(at + WINDOW)
        return len(self._held)

    def take(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        self._begin += size
        return taken
