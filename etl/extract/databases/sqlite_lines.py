"""Rows of an SQLite table, each put together by SQLite itself: half of the time that its cells take one by one.

`json_array` makes one text of a row, in which it escapes what could part it. Of numbers only whole ones are made texts so: of
others SQLite shows fewer digits than they have. Bytes it refuses. Whoever meets either begins again, cell by cell.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import BinaryIO

from etl.dumps.escapes import with_meant
from etl.extract.databases.session import quoted
from etl.extract.databases.writing import AT_ONCE, DELIMITER, lines_of

_CELL = DELIMITER.encode()
_QUOTE, _BACKSLASH = b"\x01", b"\x02"
"""Stand for those that a text holds. As they are, JSON has no such bytes."""
_MEANT = {b'"': _QUOTE, b"\\": _BACKSLASH}
_TEXT_KINDS = ("CHAR", "CLOB", "TEXT")


class NotTexts(Exception):
    """A row holds something that SQLite must not make a text of."""


def row_as_text(columns: Sequence[tuple[str, str]]) -> str:
    """The expression for columns, each with the type that it was declared with, if it is to be relied upon."""
    return f"json_array({', '.join(_cell(quoted(name, chr(34)), kind.upper()) for name, kind in columns)})"


def _cell(column: str, kind: str) -> str:
    """What is declared as text holds texts, bytes and NULL (sqlite.org/datatype3.html, "Type Affinity"); others hold anything."""
    if "INT" not in kind and any(word in kind for word in _TEXT_KINDS):
        return f"ifnull({column}, '')"
    return f"CASE typeof({column}) WHEN 'text' THEN {column} WHEN 'integer' THEN {column} || '' WHEN 'null' THEN '' ELSE x'' END"


def write_texts(found: sqlite3.Cursor, width: int, file: BinaryIO) -> int:
    """Rows that came as `row_as_text`, in bytes and of more than one cell, in the form of `writing`. Raises NotTexts, and
    sqlite3.Error at bytes."""
    count = 0
    while some := found.fetchmany(AT_ONCE):
        file.write(_lines([row for (row,) in some], width))
        count += len(some)
    return count


def _lines(rows: Sequence[bytes], width: int) -> bytes:
    text = _with_marks(b"\n".join([row[2:-2] for row in rows]))
    if text is None:
        return b"".join(_escaped(row) if b"\\" in row else _lines([row], width) for row in rows)
    # Every double quote that is left begins or ends a text.
    lines = text.replace(b'","', _CELL)
    if b'"' in lines or lines.count(b"\n") != len(rows) - 1 or lines.count(_CELL) != len(rows) * (width - 1):
        raise NotTexts
    return lines.replace(_QUOTE, b'"').replace(_BACKSLASH, b"\\") + b"\n"


def _with_marks(text: bytes) -> bytes | None:
    """The text with marks for escaped quotes and backslashes; None where anything else is escaped, such as a line break."""
    try:
        return with_meant(text, _MEANT)
    except KeyError:
        return None


def _escaped(row: bytes) -> bytes:
    cells = json.loads(row.decode("utf-8", "surrogateescape"))
    if not all(isinstance(cell, str) for cell in cells):
        raise NotTexts
    return lines_of([cells])
