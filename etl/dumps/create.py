"""CREATE TABLE -> the names of its columns, and what a row that leaves one out holds there."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec import Struct

from etl.dumps.dialect import POSTGRES, SQLITE, Dialect
from etl.dumps.errors import DumpError

NAME = rb"(?:`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|\[[^\]]+\]|[\w$\x80-\xff]+)"
QUALIFIED = rb"((?:%s\s*\.\s*){0,2}%s)" % (NAME, NAME)
_PARTS = re.compile(NAME)
_PARTITIONED = re.compile(rb"\)\s*PARTITION\s+BY\b", re.IGNORECASE)
_INHERITS = re.compile(rb"\)\s*INHERITS\s*\(\s*(%s(?:\s*,\s*%s)*)\s*\)" % (QUALIFIED, QUALIFIED), re.IGNORECASE)
_QUALIFIED = re.compile(QUALIFIED)
_CREATE = re.compile(
    rb"CREATE\s+(?:(?:GLOBAL|LOCAL|TEMPORARY|TEMP|UNLOGGED|FOREIGN)\s+)*TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?%s\s*\("
    % QUALIFIED,
    re.IGNORECASE,
)
_NO_COLUMN = {
    True: re.compile(
        rb"(?:PRIMARY|UNIQUE|KEY|INDEX|CONSTRAINT|FULLTEXT|SPATIAL|FOREIGN|CHECK|PERIOD)\b", re.IGNORECASE
    ),
    False: re.compile(rb"(?:PRIMARY|UNIQUE|CONSTRAINT|FOREIGN|CHECK|EXCLUDE|LIKE)\b", re.IGNORECASE),
}
"""What stands between columns, in MySQL (True) and elsewhere, where `key` and `index` may be names."""
_COLUMN = re.compile(rb"\s*(%s)\s+(%s)" % (NAME, NAME))
_BARE_COLUMN = re.compile(rb"\s*(%s)\s*\Z" % NAME)
_DEFAULT = re.compile(rb"\bDEFAULT\s+(NULL|[-+]?[\d.]+|[bB]?'(?:[^'\\]|\\.|'')*')", re.IGNORECASE | re.DOTALL)
_COMPUTED_DEFAULT = re.compile(
    rb"'(?:[^'\\]|\\.|'')*'|(?<!SET )\b(DEFAULT)\s++(?!NULL\b|[-+]?[\d.]|[bB]?')", re.IGNORECASE | re.DOTALL
)
"""`DEFAULT now()`, `DEFAULT (uuid())`: what no literal says; not in a text, and not ON DELETE SET DEFAULT."""
_GENERATED = re.compile(rb"'(?:[^'\\]|\\.|'')*'|\b(AS)\s*(?:\(|ROW\s+(?:START|END)\b)", re.IGNORECASE | re.DOTALL)
"""`GENERATED ALWAYS AS (...)` and `AS (...)`; not in a text, and not `GENERATED ALWAYS AS IDENTITY (...)`, which has values."""
_KEY = re.compile(
    rb"(?:CONSTRAINT\s+(?:%s\s+)?)?(?:PRIMARY\s+KEY|UNIQUE\b(?:\s+(?:KEY|INDEX)\b)?)\s*(?:%s\s*)?(?:USING\s+\w+\s*)?"
    rb"\((\s*%s(?:\s*,\s*%s)*)\s*\)" % (NAME, NAME, NAME, NAME),
    re.IGNORECASE,
)
"""A key of whole columns; one of the first letters of a column, or of an expression, is another."""
_KEY_OF_COLUMN = re.compile(rb"'(?:[^'\\]|\\.|'')*'|\b(PRIMARY\s+KEY|UNIQUE)\b", re.IGNORECASE | re.DOTALL)
_REQUIRED = re.compile(rb"\bNOT\s+NULL\b", re.IGNORECASE)
_COUNTED = re.compile(rb"\b(?:AUTO_INCREMENT|SERIAL|IDENTITY)\b", re.IGNORECASE)
_TOKEN = re.compile(rb"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|[(),]|[^'\"`\[(),]+", re.DOTALL)

_ROWS_ALONE = (
    "dump the rows alone, with the names of their columns (mysqldump --no-create-info --complete-insert, "
    "pg_dump --data-only --column-inserts)"
)

BINARY = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point", "image"})


class Column(Struct, frozen=True):
    """`kind` is its type's first word, small. `default` is a literal of the dump; b"" when the table does not say one."""

    name: str
    kind: str
    default: bytes = b""
    nullable: bool = True
    counted: bool = False
    generated: bool = False
    computed_default: bool = False
    unique: bool = False
    """Whether it is a key by itself, where its own definition says so."""


class Created(Struct, frozen=True):
    """A table as its CREATE TABLE tells of it."""

    name: str
    columns: tuple[Column, ...]
    schema: str = ""
    partitioned: bool = False
    """Whether PostgreSQL keeps its rows in partitions, tables of their own, in which pg_dump writes them."""
    keys: tuple[tuple[str, ...], ...] = ()
    """The columns of its primary key, and of each other one that is unique, as far as the table is created with them."""
    parents: tuple[str, ...] = ()
    """The tables of PostgreSQL whose columns it has, too, and whose rows hold its own on the server."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def generated(self) -> list[str]:
        """The columns that the database computes, whose values a dump may have or not."""
        return [column.name for column in self.columns if column.generated]


def created(statement: bytes, line: int, dialect: Dialect) -> Created | None:
    """The table that a statement creates; None when it makes no table of columns of its own (AS SELECT, PARTITION OF)."""
    match = _CREATE.match(statement)
    if match is None:
        return None
    items, no_column = _items(statement, match.end(), line, dialect), _NO_COLUMN[dialect.backslash]
    columns = tuple(
        _column(item, line, dialect) for item in items if item.strip() and not no_column.match(item.lstrip())
    )
    named = table_named(match[1], dialect)
    partitioned = dialect is POSTGRES and bool(_PARTITIONED.search(statement))
    return Created(named.table, columns, named.schema, partitioned, _keys(items, columns), _parents(statement, dialect))


def _parents(statement: bytes, dialect: Dialect) -> tuple[str, ...]:
    match = _INHERITS.search(statement) if dialect is POSTGRES else None
    return tuple(table_named(one[0], dialect).table for one in _QUALIFIED.finditer(match[1])) if match else ()


def _keys(items: list[bytes], columns: tuple[Column, ...]) -> tuple[tuple[str, ...], ...]:
    found = [tuple(map(unquoted, _PARTS.findall(key[1]))) for item in items if (key := _KEY.match(item.strip()))]
    return (*((column.name,) for column in columns if column.unique), *found)


class Named(NamedTuple):
    """`table` as a mapping names it, and the schema or database that the dump writes before it; "" when it writes none."""

    table: str
    schema: str


def table_named(written: bytes, dialect: Dialect) -> Named:
    """As the server itself is asked: PostgreSQL's `sales.orders` with its schema, unless that is `public`."""
    *before, name = map(unquoted, _PARTS.findall(written))
    schema = before[-1] if before else ""
    qualified = dialect is POSTGRES and schema not in ("", "public")
    return Named(f"{schema}.{name}" if qualified else name, schema)


def unquoted(name: bytes) -> str:
    """A name without its quotes."""
    text = name.decode("utf-8", "replace")
    if text[0] in '`"':
        return text[1:-1].replace(text[0] * 2, text[0])
    return text[1:-1] if text[0] == "[" else text


def _items(statement: bytes, position: int, line: int, dialect: Dialect) -> list[bytes]:
    """What stands between the outer parentheses, parted at the outer commas."""
    items: list[bytes] = []
    item, depth = bytearray(), 1
    for match in _TOKEN.finditer(_without_comments(statement, dialect), position):
        token = match[0]
        depth += {b"(": 1, b")": -1}.get(token, 0)
        if depth == 0:
            return [*items, bytes(item)]
        if depth == 1 and token == b",":
            items.append(bytes(item))
            item.clear()
        else:
            item += token
    raise DumpError(line, "CREATE TABLE that does not end; was the dump cut off?")


def _without_comments(statement: bytes, dialect: Dialect) -> bytes:
    """Comments become blanks of the same length; those within texts and names stay."""
    quoted = rb"'(?:[^'\\]|\\.|'')*'" if dialect.backslash else rb"'(?:[^']|'')*'"
    pattern = rb"(%s|\"[^\"]*\"|`[^`]*`)|--(?=\s)[^\n]*|/\*(?!M?!).*?\*/|/\*M?!\d*|\*/" % quoted
    return re.sub(pattern, lambda m: m[1] or b" " * len(m[0]), statement, flags=re.DOTALL)


def _column(item: bytes, line: int, dialect: Dialect) -> Column:
    match = _COLUMN.match(item) or _BARE_COLUMN.match(item)
    if match is None:
        raise DumpError(
            line, f"a column that cannot be read: {item.strip()[:60].decode('utf-8', 'replace')}; {_ROWS_ALONE}"
        )
    kind = unquoted(match[2]).lower() if match.re is _COLUMN else ""
    default = _DEFAULT.search(item)
    is_made = any(found[1] for found in _COMPUTED_DEFAULT.finditer(item))
    if default and dialect is not SQLITE:
        is_made = is_made or not _stands_as_written(kind, item, default[1], dialect)
    return Column(
        unquoted(match[1]),
        kind,
        default[1] if default else b"",
        nullable=not _REQUIRED.search(item),
        counted=bool(_COUNTED.search(item)) or kind.endswith("serial"),
        computed_default=is_made,
        generated=any(found[1] for found in _GENERATED.finditer(item)),
        unique=any(found[1] for found in _KEY_OF_COLUMN.finditer(item)),
    )


_WHOLE = re.compile(r"-?(?:0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_FLOAT = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_WRITTEN = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "integer", "bigint"), _WHOLE),
    **dict.fromkeys(("float", "double", "real"), _FLOAT),
    **dict.fromkeys(("timestamp", "datetime"), _MOMENT),
    "date": _DATE,
}
_SCALE = re.compile(rb"\(\s*\d+\s*(?:,\s*(\d+)\s*)?\)")


def _stands_as_written(kind: str, item: bytes, default: bytes, dialect: Dialect) -> bool:
    """Whether a server's rows have a default as the table writes it: `DEFAULT '5'` is 5.00 in a decimal(10,2)."""
    text = default.decode("utf-8", "replace").strip("'")
    if default.upper() == b"NULL":
        return True
    if kind == "bit" or default[:1] in b"bB":
        return False
    if kind in ("decimal", "numeric", "dec", "fixed"):
        scale = _SCALE.search(item)
        is_any = scale is None and dialect is POSTGRES
        decimals = len(text.partition(".")[2])
        return _DECIMAL.fullmatch(text) is not None and (is_any or decimals == int(scale[1] or 0 if scale else 0))
    written = _WRITTEN.get(kind)
    return written is None or written.fullmatch(text) is not None


_DEFAULTED = re.compile(
    rb"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?%s\s+ALTER\s+(?:COLUMN\s+)?(%s)\s+SET\s+DEFAULT\b"
    % (QUALIFIED, NAME),
    re.IGNORECASE,
)


def defaulted(statement: bytes, dialect: Dialect) -> tuple[str, str] | None:
    """Table and column, of a statement that gives a column another default than its table was made with."""
    match = _DEFAULTED.match(statement)
    return (table_named(match[1], dialect).table, unquoted(match[2])) if match else None
