"""Where a file of lines can be cut without reading it: seek, read a little, find a newline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from etl.extract.locations import File
from etl.extract.opening import LONGEST_LINE, EndlessLine, reading

# \n, \r\n, or the lone \r of old Macs; a \r at the very end of what was read may be half of \r\n, so it does not count.
LINE_END = re.compile(rb"\n|\r(?=[^\n])")
NEWLINE = re.compile(rb"\n")

WINDOW = 1 << 16
LARGEST_PART = 1 << 23
"""No part is much longer, however many rows are asked for: a worker's memory stays bounded."""

ChooseCut = Callable[[bytes], int | None]
"""Takes some bytes of the file; returns the position in them where a line begins, or None."""


def first_line(window: bytes, ending: re.Pattern[bytes] = LINE_END) -> int | None:
    found = ending.search(window)
    return found.end() if found else None


def ranges(path: File, begin: int, end: int, size: int, choose: ChooseCut = first_line) -> Iterator[tuple[int, int]]:
    """Cut the bytes from `begin` to `end` in ranges of about `size`, each of which begins where a line begins."""
    start = begin
    with reading(path), path.open("rb") as file:
        while start < end:
            stop = min(_line_after(file, start + size - 1, choose), end)
            yield start, stop
            start = stop


def _line_after(file: BinaryIO, at: int, choose: ChooseCut) -> int:
    """The place after `at` where a line begins, or the end of the file."""
    begin = at
    while window := _window(file, at):
        found = choose(window)
        if found is not None:
            return at + found
        at += max(1, len(window) - 1)  # the last byte again: it may be a \r whose \n comes next
        if at - begin > LONGEST_LINE:
            raise EndlessLine(begin)
        if len(window) == 1:
            break
    return at


def _window(file: BinaryIO, at: int) -> bytes:
    file.seek(at)
    return file.read(WINDOW)


def sample(path: File, begin: int) -> bytes:
    """The first bytes from `begin` on; how many rows they hold tells how large a part has to be."""
    with reading(path), path.open("rb") as file:
        return _window(file, begin)


def part_size(rows: int, bytes_a_row: float) -> int:
    return max(1, min(LARGEST_PART, int(rows * bytes_a_row)))
