"""Texts whose UTF-8 bytes lie in latin1 columns of MySQL: the server takes each byte for a letter ('Ã¼' for 'ü')."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from etl.dumps.latin1 import LETTERS
from etl.extract.databases.writing import DELIMITER, QUOTE

OPTION = "utf8_in_latin1"
LOOKED_AT = 300
"""So many rows are looked at: what was written wrongly was so from the first day."""

NOTE = (
    "letters look like UTF-8 that lies in latin1 columns (Ã¼ for ü); with `utf8_in_latin1: true` at the database "
    "they are read as they are meant"
)


_BYTES = {letter: byte for byte, letter in enumerate(LETTERS)}


def mended(text: str) -> str:
    """The text that was meant; itself, where its bytes are no UTF-8, as of a letter that was written rightly."""
    if text.isascii():
        return text
    try:
        return bytes(map(_BYTES.__getitem__, text)).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return text


def mended_rows(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    for row in rows:
        yield [mended(cell) if isinstance(cell, str) else cell for cell in row]


def is_mixed(file: Path) -> bool:
    """Whether the first rows that have come hold texts that were meant otherwise."""
    before = csv.field_size_limit(sys.maxsize)  # a text of a database has any length
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
            rows = islice(csv.reader(lines, delimiter=DELIMITER, quotechar=QUOTE), LOOKED_AT)
            return any(mended(cell) != cell for row in rows for cell in row)
    finally:
        csv.field_size_limit(before)
