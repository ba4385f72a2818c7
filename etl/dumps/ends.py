"""Where the values of one of MySQL's INSERTs end, told by counting quotes: a fraction of the time of going through its texts."""

from __future__ import annotations

import re

from etl.dumps.escapes import ITSELF, with_meant
from etl.dumps.text import Text

LONGEST_QUICK = 8 << 20
"""Bytes of a statement that is looked at as a whole."""

_LAST_VALUE = re.compile(rb"\);(?=\r?\n)")
_NO_QUOTES = ITSELF | {b"'": b"", b'"': b"", b"\\": b""}
_OTHERS = (b";", b'"', b"`", b"#", b"--", b"/*")
"""What ends a statement, or begins what may hold a quote and is no text in single ones."""


def likely_end(text: Text) -> int | None:
    """Where the delimiter of the INSERT stands whose values begin here: at the first line that ends in `);` and has an even
    number of quotes before that. Whoever takes it for true has to look at what stands between the texts, too. None where
    nothing in the window looks so."""
    counted = quotes = 0
    while True:
        begin = text.position + counted
        if found := _LAST_VALUE.search(text.data, begin):
            quotes += with_meant(text.data[begin : found.start()], _NO_QUOTES).count(b"'")
            counted = found.start() + 1 - text.position
            if quotes % 2 == 0:
                return found.start() + 1
        elif len(text.data) - text.position > LONGEST_QUICK or not text.more():
            return None


def is_one(values: bytes) -> bool:
    """Whether nothing outside of the texts could have ended the statement before, or made a text of what is none."""
    bare = with_meant(values, _NO_QUOTES)
    return all(_only_in_texts(other, bare) for other in _OTHERS if other in bare)


def _only_in_texts(other: bytes, values: bytes) -> bool:
    """Whether there is an odd number of quotes before each."""
    quotes = 0
    for piece in values.split(other)[:-1]:
        quotes += piece.count(b"'")
        if quotes % 2 == 0:
            return False
    return True
