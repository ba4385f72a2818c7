"""The tuples of one INSERT in a few steps of the whole text, where nothing in it asks for more; a fifth of the time.

`tuples` of insert.py reads any INSERT; `plain_rows` gives the same rows, or None when it must not be sure of that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from etl.dumps.escapes import ITSELF, with_meant
from etl.dumps.insert import ESCAPED, Cell
from etl.dumps.picking import picker

CELL, ROW = b"\x1f", b"\n"
"""What parts cells, and rows."""
_NULL, _QUOTE, _BACKSLASH, _FEED, _RETURN = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
"""Stand for NULL, and for what a text holds that would part it. Bytes that no text of a shop has; where one does, all is left."""
_MARKS = (CELL, _NULL, _QUOTE, _BACKSLASH, _FEED, _RETURN)

_ITEM = rb"(?:'|NULL|[-+]?(?:[0-9][0-9.]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?)"
"""What stands between commas once texts are taken out: the place of one, or a plain value."""
_MEANT = ITSELF | {letter: meant.replace(b"\\", _BACKSLASH) for letter, meant in ESCAPED.items()}
_MEANT |= {b"'": _QUOTE, b"\\": _BACKSLASH, b"n": _FEED, b"r": _RETURN}


class PlainRows(Struct, frozen=True):
    """Rows of `width` cells as lines of UTF-8, `height` of them, with marks. `positions` are those of the wanted cells."""

    marked: bytes
    height: int
    width: int
    positions: tuple[int, ...] | None = None

    def picked(self, positions: Sequence[int]) -> PlainRows:
        """The same rows, of which the cells at these positions (among the wanted ones) are wanted."""
        own = range(self.width) if self.positions is None else self.positions
        wanted = tuple(own[at] for at in positions)
        return replace(self, positions=None if wanted == tuple(range(self.width)) else wanted)

    def rows(self) -> list[list[Cell]]:
        text = self.marked.decode("utf-8", "surrogateescape")
        cell, null = CELL.decode(), _NULL.decode()
        rows = [[None if one == null else one for one in line.split(cell)] for line in text.split("\n")]
        if self._is_broken():
            rows = [[one and _with_breaks(one) for one in row] for row in rows]
        return rows if self.positions is None else [[row[at] for at in self.positions] for row in rows]

    def lines(self) -> bytes | None:
        """The wanted cells as lines with CELL between them, NULL as a blank one; None where a text holds a line break."""
        if self._is_broken():
            return None
        bare = self.marked.replace(_NULL, b"")
        if self.positions is None:
            return bare + ROW
        pick = picker(self.positions)
        return ROW.join([CELL.join(pick(line.split(CELL))) for line in bare.split(ROW)]) + ROW

    def _is_broken(self) -> bool:
        return _FEED in self.marked or _RETURN in self.marked


def _with_breaks(text: str) -> str:
    return text.replace(_FEED.decode(), "\n").replace(_RETURN.decode(), "\r")


def plain_rows(values: bytes) -> PlainRows | None:
    """The rows of `(1,'a'),(2,NULL)`, in UTF-8. None where anything rare stands, or a row is longer than another."""
    if any(mark in values for mark in _MARKS):
        return None
    values = with_meant(values, _MEANT)
    # Every second part is within quotes. What is between them has to be tuples of plain values, to the letter.
    parts = values.split(b"'")
    if len(parts) % 2 == 0:
        return None
    between = b"'".join(parts[0::2])
    if b"''" in between:
        parts = _undoubled(parts)
        between = b"'".join(parts[0::2])
    width = between.partition(b")")[0].count(b",") + 1
    if not _tuples(width).fullmatch(between):
        return None
    lined = b"".join(between.split())[1:-1].replace(b"),(", ROW).replace(b",", CELL).replace(b"NULL", _NULL)
    parts[0::2] = lined.split(b"'")
    if b"\r" in values or values.count(ROW) != between.count(ROW):
        parts[1::2] = _without_breaks(parts[1::2])
    marked = b"".join(parts).replace(_QUOTE, b"'").replace(_BACKSLASH, b"\\")
    return PlainRows(marked, lined.count(ROW) + 1, width)


def _undoubled(parts: Sequence[bytes]) -> list[bytes]:
    """Where nothing is between two texts they are one, with a quote in it."""
    found, text = [parts[0]], parts[1]
    for between, following in zip(parts[2:-1:2], parts[3::2], strict=True):
        if between:
            found += [text, between]
            text = following
        else:
            text += _QUOTE + following
    return [*found, text, parts[-1]]


def _without_breaks(texts: list[bytes]) -> list[bytes]:
    together = b"'".join(texts)
    return together.replace(b"\n", _FEED).replace(b"\r", _RETURN).split(b"'") if texts else texts


@lru_cache(maxsize=64)
def _tuples(width: int) -> re.Pattern[bytes]:
    row = rb"\(%s(?:, ?%s){%d}\)" % (_ITEM, _ITEM, width - 1)
    return re.compile(rb"%s(?:,\s*+%s)*+" % (row, row))
