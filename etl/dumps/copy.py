"""COPY ... FROM stdin of pg_dump: a line a row, tabs between cells, backslashes before what is meant otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.dumps.create import NAME, QUALIFIED, table_named, unquoted
from etl.dumps.dialect import POSTGRES
from etl.dumps.errors import DumpError, excerpt
from etl.dumps.insert import Cell, Head, text_of
from etl.dumps.text import Text

_COPY = re.compile(
    rb"COPY\s+%s\s*\(((?:\s*%s\s*,)*\s*%s\s*)?\)\s+FROM\s+stdin\s*\Z" % (QUALIFIED, NAME, NAME), re.IGNORECASE
)
_NAMES = re.compile(NAME)
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def copy_head(statement: bytes, line: int) -> Head:
    match = _COPY.match(statement)
    if match is None:
        raise DumpError(
            line, f"a COPY of a form that is not read (COPY table (columns) FROM stdin is): {excerpt(statement)}"
        )
    named = table_named(match[1], POSTGRES)
    return Head(named.table, tuple(map(unquoted, _NAMES.findall(match[2] or b""))), named.schema)


def copied(text: Text, encoding: str) -> Iterator[list[Cell]]:
    """The rows between the COPY statement and its `\\.`, behind which the text stands then."""
    for line in _lines(text):
        cells = line.split(b"\t")
        if b"\\" not in line:
            yield [text_of(cell, encoding) for cell in cells]
        else:
            yield [None if cell == b"\\N" else text_of(_ESCAPE.sub(_unescape, cell), encoding) for cell in cells]


def _lines(text: Text) -> Iterator[bytes]:
    """Whole lines of the block, without their ends; CR LF, too, when the line of the COPY ended in it."""
    while b"\n" not in text.data[text.position :] and text.more():
        pass
    end = b"\r\n" if text.data.startswith(b"\r\n", text.position) else b"\n"
    text.position += len(end)
    while True:
        last = text.data.rfind(b"\n", text.position)
        if last < 0:
            if not text.more():
                raise DumpError(text.line(), "a COPY whose rows do not end (with \\.); was the dump cut off?")
            continue
        for line in text.data[text.position : last + 1].split(end)[:-1]:
            text.position += len(line) + len(end)
            if line == b"\\.":
                return
            yield line


def _unescape(match: re.Match[bytes]) -> bytes:
    found = match[1]
    if found[:1].isdigit():
        return bytes([int(found, 8) & 0xFF])
    if len(found) > 1:
        return bytes([int(found[1:], 16)])
    return _LETTERS.get(found, found)
