"""INSERT statements -> rows of cells, one tuple after the other, so that a statement of any length needs little memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from etl.dumps.create import BINARY, NAME, QUALIFIED, Column, table_named, unquoted
from etl.dumps.dialect import POSTGRES, SQL_SERVER, SQLITE, Dialect
from etl.dumps.errors import DumpError, excerpt
from etl.dumps.sqlite_calls import CALLS, called
from etl.dumps.statements import Cursor
from etl.dumps.text import BLOCK
from etl.dumps.unread import ENOUGH, kind_at, otherwise

Cell = str | None
"""None is NULL. Bytes that are no text in the dump's encoding are surrogates (PEP 383); those of a BLOB are hex digits."""
Convert = Callable[[bytes], Cell]

LONGEST_HEAD = 1 << 16
_HEAD = re.compile(
    rb"(INSERT|REPLACE)\s+((?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*)(?:INTO\s+)?%s\s*"
    rb"(?:\(((?:\s*%s\s*,)*\s*%s\s*)\)\s*)?(?:OVERRIDING\s+\w+\s+VALUE\s+)?VALUES?\s*(?=\()" % (QUALIFIED, NAME, NAME),
    re.IGNORECASE,
)
_NAMES = re.compile(NAME)


class Head(Struct, frozen=True):
    """What an INSERT says before its values. `columns` is None when it does not name them. `keeps_one`: of two rows with the same
    key a database keeps one."""

    table: str
    columns: tuple[str, ...] | None
    schema: str = ""
    keeps_one: bool = False


def head(cursor: Cursor) -> Head:
    """Read the head of the INSERT at which the cursor stands; it stands before the first tuple then."""
    cursor.ahead(LONGEST_HEAD)
    text = cursor.text
    match = _HEAD.match(text.data, text.position)
    if match is None:
        raise DumpError(
            cursor.line, f"an INSERT of a form that is not read (VALUES with tuples is): {excerpt(text.rest())}"
        )
    text.position = match.end()
    columns = [unquoted(name) for name in _NAMES.findall(match[4] or b"")]
    named = table_named(match[3], cursor.dialect)
    keeps_one = match[1].upper() == b"REPLACE" or b"IGNORE" in match[2].upper()
    return Head(named.table, tuple(columns) or None, named.schema, keeps_one)


def tuples(cursor: Cursor) -> Iterator[list[bytes]]:
    """The values of each tuple as the dump writes them; the cursor stands behind the statement at the end."""
    text, pattern, value = cursor.text, _tuple(cursor.dialect), _value(cursor.dialect)
    while True:
        match = pattern.match(text.data, text.position)
        if match is None:
            _refuse_unread(cursor)
            if text.more():
                continue
            raise DumpError(text.line(), otherwise(text.data, _stop(cursor), excerpt(text.rest())))
        text.position = match.start(1)  # of this line the row is told
        yield value.findall(match[1])
        text.position = match.end()
        if match[2] != b",":
            return


def first_tuple(cursor: Cursor) -> list[bytes] | None:
    """The values of the tuple before which the cursor stands, and where it stays; None where the window does not hold them."""
    cursor.ahead(BLOCK)
    match = _tuple(cursor.dialect).match(cursor.text.data, cursor.text.position)
    return _value(cursor.dialect).findall(match[1]) if match else None


def _refuse_unread(cursor: Cursor) -> None:
    """Raise DumpError where it is plain what stands there, so that no more of the dump is looked through for an end."""
    text, at = cursor.text, _stop(cursor)
    # A text of many lines is a call, too, of which the window may hold a part.
    if not text.ended and (cursor.dialect is SQLITE or len(text.data) - at < ENOUGH):
        return
    if (said := kind_at(text.data, at)) is not None:
        text.position = at
        raise DumpError(text.line(), f"{said}: {excerpt(text.rest())}")


def _stop(cursor: Cursor) -> int:
    """Where the row that begins here is no longer one."""
    match = _begun(cursor.dialect).match(cursor.text.data, cursor.text.position)
    return match.end() if match else cursor.text.position


_STRINGS = {
    True: rb"(?:_[a-z0-9]+\s?|[NnXxBb])?'(?:[^'\\]++|\\.|'')*+'|\"(?:[^\"\\]++|\\.|\"\")*+\"",
    False: rb"[eE]'(?:[^'\\]++|\\.|'')*+'|[NnXxBb]?'(?:[^']++|'')*+'",
}
_OTHERS = rb"0[xX][0-9A-Fa-f]*+|[-+]?(?:\d[\d.]*+|\.\d++)(?:[eE][-+]?\d++)?|(?:[A-Za-z]++)(?![\w'(])"


def _any(dialect: Dialect) -> bytes:
    """The pattern of one value."""
    calls = CALLS + rb"|" if dialect is SQLITE else b""
    return rb"%s%s|%s" % (calls, _STRINGS[dialect.backslash], _OTHERS)


@lru_cache(maxsize=8)
def _value(dialect: Dialect) -> re.Pattern[bytes]:
    return re.compile(_any(dialect), re.DOTALL)


@lru_cache(maxsize=8)
def _tuple(dialect: Dialect) -> re.Pattern[bytes]:
    value = rb"(?:%s)" % _any(dialect)
    # Scripts for SQL Server end an INSERT with its line alone.
    ends = {SQL_SERVER: rb"[,;]|(?=(?:INSERT|GO|SET)\b|\Z)", POSTGRES: rb"(?:ON\s+CONFLICT\s+DO\s+NOTHING\s*+)?;|,"}
    end = ends.get(dialect, rb"[,;]")
    return re.compile(rb"\s*+\(\s*+(%s\s*+(?:,\s*+%s\s*+)*+)\)\s*+(%s)" % (value, value, end), re.DOTALL)


@lru_cache(maxsize=8)
def _begun(dialect: Dialect) -> re.Pattern[bytes]:
    """As much of a row as can be read, with what closes it."""
    value = rb"(?:%s)" % _any(dialect)
    row = rb"\(\s*+(?:%s\s*+,\s*+)*+(?:%s\s*+)?+(?:\)\s*+)?+" % (value, value)
    return re.compile(rb"\s*+(?:%s)?+" % row, re.DOTALL)


class CellReader:
    """Turns the values of tuples into cells of the wanted columns."""

    def __init__(self, dialect: Dialect, encoding: str, columns: Sequence[Column]) -> None:
        text = _Converter(dialect, encoding)
        self._convert = [text.converter(column) for column in columns]

    def row(self, values: Sequence[bytes]) -> list[Cell]:
        return [convert(value) for convert, value in zip(self._convert, values, strict=True)]


ESCAPED = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a", b"%": b"\\%", b"_": b"\\_"}
"""What a letter after a backslash stands for in MySQL; any other one stands for itself (MySQL manual, "String Literals")."""
_ESCAPE = re.compile(rb"\\(.)|''", re.DOTALL)
_ESCAPE_DOUBLE = re.compile(rb"\\(.)|\"\"", re.DOTALL)
_PREFIX = re.compile(rb"(?:_([a-z0-9]+)\s?|([A-Za-z]))(?=')")
_REAL = re.compile(rb"(?=.*[.eE])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_OF_DEFAULT = "load the dump into a database, and read that"
_OF_DEFAULT_IN_POSTGRES = "dump it without --inserts (as COPY), or with --column-inserts"
_WORDS = {b"NULL": None, b"TRUE": b"1", b"FALSE": b"0"}
_POSTGRES_WORDS = {b"NULL": None, b"TRUE": b"t", b"FALSE": b"f"}


class _Converter(Struct, frozen=True):
    """From a value as the dump writes it to a cell."""

    dialect: Dialect
    encoding: str

    def converter(self, column: Column) -> Convert:
        if self.dialect is SQLITE:
            return self._of_sqlite
        # PostgreSQL writes its bytes, points and shapes as the text that it shows of them.
        if column.kind in BINARY and self.dialect is not POSTGRES:
            return self._binary
        if column.kind == "bit":
            return self._bit
        return self._text

    def _value(self, value: bytes) -> bytes | None:
        if value[0] == 39:  # a quote: nearly every value is a plain text or a number
            inner = value[1:-1]
            return inner if b"\\" not in inner and b"'" not in inner else self._unescaped(inner)
        return value if value[0] < 58 and value[0] != 34 and value[:2] not in (b"0x", b"0X") else self._other(value)

    def _text(self, value: bytes) -> Cell:
        cell = self._value(value)
        return None if cell is None else text_of(cell, self.encoding)

    def _unescaped(self, inner: bytes, pattern: re.Pattern[bytes] = _ESCAPE) -> bytes:
        if not self.dialect.backslash:
            return inner.replace(b"''", b"'")
        return pattern.sub(lambda match: _unescape(match, pattern), inner)

    def _other(self, value: bytes) -> bytes | None:
        """A word, a number in another base, a text with a mark before it."""
        if value[:2] in (b"0x", b"0X"):
            return bytes.fromhex(value[2:].decode())
        if value[0] == 34:
            return self._unescaped(value[1:-1], _ESCAPE_DOUBLE)
        if match := _PREFIX.match(value):
            return self._marked((match[2] or b"").upper(), value[match.end() + 1 : -1])
        words = _POSTGRES_WORDS if self.dialect.name == "PostgreSQL" else _WORDS
        if value.upper() in words:
            return words[value.upper()]
        shown = value.decode("utf-8", "replace")
        advice = "dump the table's data, not expressions"
        if value.upper() == b"DEFAULT":
            advice = _OF_DEFAULT_IN_POSTGRES if self.dialect is POSTGRES else _OF_DEFAULT
        raise ValueError(f"{shown} is no value that is read; {advice}")

    def _marked(self, mark: bytes, inner: bytes) -> bytes:
        if mark == b"X":
            return bytes.fromhex(inner.decode())
        if mark == b"B":
            if self.dialect.name == "PostgreSQL":  # its bits are a text, on the server and in COPY, too
                return inner
            return b"%d" % int(inner or b"0", 2)
        if mark == b"E":
            return _ESCAPE.sub(lambda match: _unescape(match, _ESCAPE), inner)
        return self._unescaped(inner)

    def _of_sqlite(self, value: bytes) -> Cell:
        """Bytes, texts and numbers are told by how they are written: a column of SQLite holds any of them, whatever its type."""
        if value[:2] in (b"X'", b"x'"):
            return value[2:-1].decode().lower()
        text = called(value)
        if text is not None:
            return text_of(text, self.encoding)
        # Its tool writes twenty digits of 19.99; the database itself gives the shortest text of the same number.
        return str(float(value)) if _REAL.fullmatch(value) else self._text(value)

    def _binary(self, value: bytes) -> Cell:
        cell = self._value(value)
        return None if cell is None else cell.hex()

    def _bit(self, value: bytes) -> Cell:
        """As a number: `b'101'` is 5, and so are `0x05` and the byte 5, as other options of the tools write it."""
        if value[:2] in (b"0x", b"0X"):
            return str(int(value, 16))
        if value[:1] == b"'" and self.dialect.name == "MySQL":
            return str(int.from_bytes(self._unescaped(value[1:-1]), "big"))
        return self._text(value)


def _unescape(match: re.Match[bytes], pattern: re.Pattern[bytes]) -> bytes:
    letter = match[1]
    if letter is None:
        return match[0][:1]
    return ESCAPED.get(letter, letter)


def text_of(cell: bytes, encoding: str) -> str:
    """The text; bytes that are none in this encoding become surrogates, for whoever writes or reads the row to find."""
    try:
        return cell.decode(encoding)
    except UnicodeDecodeError:
        return cell.decode("utf-8", "surrogateescape")
