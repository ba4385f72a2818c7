"""A dump in one pass: the rows of all tables that are wanted, in the order in which they stand there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import BinaryIO

from msgspec import Struct, field

from etl.dumps.copy import copied, copy_head
from etl.dumps.create import BINARY, NAME, QUALIFIED, Column, created, defaulted, table_named, unquoted
from etl.dumps.dialect import MYSQL, POSTGRES, Dialect, delimiter_of, dialect_of
from etl.dumps.errors import DumpError, excerpt
from etl.dumps.insert import Cell, CellReader, Head, first_tuple, head, tuples
from etl.dumps.keys import SeenKeys, seen_keys
from etl.dumps.known import Known
from etl.dumps.quick import PlainRows, plain_rows
from etl.dumps.shape import COMPUTED, Shape, shape_of, unnamed, without_values
from etl.dumps.statements import Cursor
from etl.dumps.text import BEGINNING, BLOCK, Text

FROM_ROOT = "dump it with pg_dump --load-via-partition-root"
_WITH_PARENTS = "dump that, too, or with --column-inserts"
ROWS = 1000
"""Rows that are handed over at once."""

SKIPPED = frozenset({
    "ALTER", "ANALYZE", "BEGIN", "CALL", "CHANGE", "COMMENT", "COMMIT", "DECLARE", "DO", "END", "EXEC", "FLUSH", "GRANT", "IF",
    "LOCK", "OPTIMIZE", "PRAGMA", "PRINT", "REFRESH", "REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "START", "UNLOCK",
    "USE",
})  # fmt: skip
"""Statements that bring no row and take none away."""
_NAMES = re.compile(rb"(?:/\*!\d+\s*)?SET\s+NAMES\s+'?(\w+)|SET\s+client_encoding\s*(?:=|TO)\s*'?(\w+)", re.IGNORECASE)
_REMOVED = re.compile(
    rb"(?:DROP\s+TABLE|TRUNCATE|DELETE\s+FROM)\s+(?:TABLE\s+)?(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?%s" % QUALIFIED,
    re.IGNORECASE,
)
_USED = re.compile(rb"USE\s+(%s)" % NAME, re.IGNORECASE)
_NO_ESCAPES = re.compile(rb"sql_mode\s*=.*NO_BACKSLASH_ESCAPES", re.IGNORECASE)
_VIEW = re.compile(rb"CREATE\s.*?\bVIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?%s" % QUALIFIED, re.IGNORECASE | re.DOTALL)


class Block(Struct, frozen=True):
    """Some rows of a table. `line` is that of the statement they are from; `plain` are the same rows as its text, where that is
    at hand."""

    table: str
    columns: tuple[str, ...]
    made: Sequence[Sequence[Cell]]
    line: int
    plain: PlainRows | None = None

    @property
    def rows(self) -> Sequence[Sequence[Cell]]:
        return self.made if self.plain is None else self.plain.rows()


class DumpTable(Struct, frozen=True):
    """A table of a dump, its columns in their order, and how many rows the dump has of it; `note`: why it, or one of its columns,
    cannot be read."""

    name: str
    columns: tuple[str, ...]
    rows: int
    note: str = ""


class DumpOutline(Struct, frozen=True):
    """The columns of all tables of a dump that can be read, and of each of the others the line of its first rows; `one_kept` are
    those with rows of which a database keeps one, where two have the same key. `absent` are the columns that the database
    computes and the dump has no values of, none of `columns`: table -> column -> the line of the first rows without.
    `heirs` are the tables that inherit from each, whose rows a server gives with its own."""

    columns: dict[str, tuple[str, ...]]
    nameless: dict[str, int]
    one_kept: frozenset[str] = frozenset()
    absent: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    heirs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read(
    file: BinaryIO,
    wanted: Mapping[str, Sequence[str] | None],
    encoding: str | None = None,
    *,
    block: int = BLOCK,
    one_kept: Collection[str] = (),
) -> Iterator[Block]:
    """The rows of the tables in `wanted`, each with the columns that are named there (None: all).

    `one_kept` are tables of which no key may be there twice; the dump tells of them itself, but maybe behind such a row.
    `encoding` is a Python name and wins over what the dump says of itself; where neither does, UTF-8 is meant. Raises
    DumpError for what cannot be read, and ValueError for a table or a column that is not there.
    """
    pass_ = Pass(file, encoding, block)
    pass_.known.one_kept.update(one_kept)
    yield from pass_.blocks(wanted)
    for table in wanted:
        if table not in pass_.known.tables and table not in pass_.known.filled:
            raise UnknownTable(table, sorted({*pass_.known.tables, *pass_.known.filled} - pass_.known.views))
        if table not in pass_.known.filled and pass_.known.tables[table].partitioned:
            raise DumpError(1, f"the rows of table '{table}' stand in its partitions; {FROM_ROOT}")


def tables(file: BinaryIO) -> list[DumpTable]:
    """All tables of a dump, with their rows counted."""
    known = _gone_through(file, counting=True)
    found = [
        DumpTable(name, columns, known.rows(name), _lacking(known.lacking(name)))
        for name, columns in known.tables_told().items()
    ]
    return found + [DumpTable(name, (), known.counts.get(name, 0), nameless(name)) for name in known.nameless]


def outline(file: BinaryIO) -> DumpOutline:
    """The columns of all tables of a dump, in a third of the time in which its rows are counted."""
    known = _gone_through(file, counting=False)
    told = known.tables_told()
    absent, heirs = {name: known.lacking(name) for name in told}, {name: tuple(known.heirs(name)) for name in told}
    return DumpOutline(told, known.nameless, frozenset(known.one_kept), absent, heirs)


def _lacking(columns: Collection[str]) -> str:
    return f"without {', '.join(columns)}: {COMPUTED}" if columns else ""


def nameless(table: str) -> str:
    return (
        f"rows of table '{table}' without the names of their columns; dump it with its structure (CREATE TABLE), or with "
        "--complete-insert"
    )


def _gone_through(file: BinaryIO, *, counting: bool) -> Known:
    pass_ = Pass(file, None, counting=counting)
    for _ in pass_.blocks({}):
        pass
    return pass_.known


class UnknownTable(ValueError):
    """A table that is not in the dump; `there_are` those that are."""

    def __init__(self, table: str, there_are: Sequence[str]) -> None:
        super().__init__(f"no table '{table}' in the dump")
        self.table = table
        self.there_are = there_are


class Pass:
    """One way through a dump. `known` is what it has said until now; with `counting`, also of rows that are not wanted."""

    def __init__(self, file: BinaryIO, encoding: str | None, block: int = BLOCK, *, counting: bool = False) -> None:
        text = Text(file, block)
        self.known = Known(encoding=encoding)
        self._told = encoding is not None
        self._counting = counting
        beginning = text.data[:BEGINNING]
        self._cursor = Cursor(text, dialect_of(beginning), delimiter_of(beginning))

    def blocks(self, wanted: Mapping[str, Sequence[str] | None]) -> Iterator[Block]:
        cursor = self._cursor
        with seen_keys() as seen:
            while cursor.next():
                word = cursor.words[0]
                if word in ("INSERT", "REPLACE"):
                    yield from self._inserted(wanted, seen)
                elif word == "COPY":
                    yield from self._copied(wanted)
                else:
                    self._other(word)

    def _other(self, word: str) -> None:
        """A statement that brings no rows."""
        cursor = self._cursor
        if word == "CREATE":
            self._create()
        elif word == "SET":
            self._set()
        elif word in ("DROP", "TRUNCATE", "DELETE"):
            self._refuse_removal(cursor.statement())
        elif word in SKIPPED:
            if used := _USED.match(cursor.text.rest()):
                self.known.database = unquoted(used[1])
            elif given := defaulted(cursor.text.rest(), cursor.dialect):
                self.known.give_default(*given)
            cursor.skip()
        else:
            raise DumpError(cursor.line, f"a statement that is not read: {excerpt(cursor.text.rest())}")

    def _create(self) -> None:
        cursor, known = self._cursor, self.known
        conditional, line = cursor.conditional, cursor.line
        if "TABLE" not in cursor.words and "VIEW" not in cursor.words and cursor.delimiter != b";":
            cursor.skip()
            return
        statement = cursor.statement()
        if view := _VIEW.match(statement):
            known.views.add(table_named(view[1], cursor.dialect).table)
        # What only some MySQL carries out is a stand-in for a view.
        table = None if conditional else created(statement, line, cursor.dialect)
        if table is None:
            return
        if table.name in known.filled:
            first = known.filled[table.name]
            raise DumpError(
                line, f"table '{table.name}' again, of which rows begin in line {first}; part the two dumps"
            )
        known.place(table.name, table.schema, line)
        known.create(table)

    def _set(self) -> None:
        cursor = self._cursor
        if cursor.dialect.backslash is False and not cursor.dialect.encodings:
            cursor.skip()
            return
        line, statement = cursor.line, cursor.statement()
        if _NO_ESCAPES.search(statement):
            raise DumpError(line, "its sql_mode has NO_BACKSLASH_ESCAPES, which is not read; dump it without")
        match = _NAMES.match(statement)
        if match and not self._told:
            self.known.encoding = _encoding((match[1] or match[2]).decode().lower(), line, cursor.dialect)

    def _refuse_removal(self, statement: bytes) -> None:
        """Rows that were read must not be taken away later: this is no replay of a server's work."""
        match = _REMOVED.match(statement)
        name = table_named(match[1], self._cursor.dialect).table if match else ""
        if name in self.known.filled:
            raise DumpError(
                self._cursor.line,
                f"removes rows of table '{name}', which the dump has from line {self.known.filled[name]} on; "
                "are these two dumps in one file? part them",
            )

    def _refuse_replacing(self, table: str, line: int) -> None:
        """mysqldump --replace writes no INSERT of a table; where both are, a REPLACE is there to take the place of rows."""
        if self._cursor.words[0] == "REPLACE" and table in self.known.inserted:
            raise DumpError(
                line,
                f"REPLACE takes the place of rows of table '{table}', which the dump inserts from line "
                f"{self.known.inserted[table]} on, and that is not read; load the dump into a database, and read that",
            )

    def _inserted(self, wanted: Mapping[str, Sequence[str] | None], seen: SeenKeys) -> Iterator[Block]:
        cursor = self._cursor
        line, found = cursor.line, head(cursor)
        self.known.fill(found.table, found.schema, line)
        self.known.learn(found, line)
        self._note_absent(found, line)
        if cursor.words[0] == "INSERT":
            self.known.inserted.setdefault(found.table, line)
        if found.keeps_one:
            self.known.one_kept.add(found.table)
        if found.table not in wanted:
            if self._counting:
                self._count(found.table, sum(1 for _ in tuples(cursor)))
            else:
                cursor.skip_values()
            return
        self._refuse_replacing(found.table, line)
        columns, encoding = self._columns_of(found, line, wanted[found.table]), self.known.encoding or "utf-8"
        plain = self._plain(encoding, columns)
        rows: Iterator[list[bytes]] = tuples(cursor) if plain is None else iter(())
        first = next(rows, [])
        order = found.columns or unnamed(columns, len(first) if plain is None else plain.width)
        shape = shape_of(found.table, columns, order, wanted[found.table], line)
        keys = [shape_of(found.table, columns, order, key, line) for key in self._keys(found.table, order)]
        if plain is not None:
            self._note_plain(seen, keys, found.table, plain, line)
            yield from self._plain_blocks(found.table, shape, plain, line)
            return
        convert = CellReader(cursor.dialect, encoding, shape.present).row
        noted = self._noted(seen, keys, found.table, chain([first], rows), encoding)
        yield from self._blocks(found.table, shape, (convert(shape.pick(values)) for values in noted), line)

    def _note_absent(self, found: Head, line: int) -> None:
        """The generated columns that these rows have no values of; of a table without such nothing is looked at."""
        table = self.known.tables.get(found.table)
        if table is None or self.known.absent.get(table.name, {}).keys() >= {*table.generated}:
            return
        is_clear = self._cursor.words[0] == "COPY" or table.name in self.known.looked_into
        values = None if is_clear else first_tuple(self._cursor)
        if values is not None:
            self.known.looked_into.add(table.name)
        if found.columns is not None or values is not None:
            order = unnamed(table.columns, len(values or ())) if found.columns is None else found.columns
            self.known.lack(table.name, without_values(table.columns, order, values), line)

    def _keys(self, table: str, order: Sequence[str]) -> list[tuple[str, ...]]:
        """Those of the table's keys that the statement gives, where no two rows may have the same. PostgreSQL says only behind
        the rows that it keeps one of two."""
        if table not in self.known.tables or not (table in self.known.one_kept or self._cursor.dialect is POSTGRES):
            return []
        given = {*order} - {*self.known.absent.get(table, ())}
        return [key for key in self.known.tables[table].keys if given.issuperset(key)]

    def _noted(
        self, seen: SeenKeys, keys: Sequence[Shape], table: str, rows: Iterator[list[bytes]], encoding: str
    ) -> Iterator[list[bytes]]:
        """The same rows, once their keys have been noted."""
        readers = [(key, CellReader(self._cursor.dialect, encoding, key.present).row) for key in keys]
        for values in rows:
            for key, convert in readers:
                seen.add(table, key.names, [(convert(key.pick(values)), self._cursor.text.line())])
            yield values

    def _note_plain(self, seen: SeenKeys, keys: Sequence[Shape], table: str, plain: PlainRows, line: int) -> None:
        with self._told_of(table):
            for key in keys:
                rows = plain.picked(key.pick(range(plain.width))).rows()
                seen.add(table, key.names, ((row, line) for row in rows))

    def _plain_blocks(self, table: str, shape: Shape, plain: PlainRows, line: int) -> Iterator[Block]:
        with self._told_of(table):
            rows = plain.picked(shape.pick(range(plain.width)))
        if len(shape.present) < len(shape.columns):
            yield from self._blocks(table, shape, iter(rows.rows()), line)
        else:
            self._count(table, rows.height)
            yield Block(table, shape.names, (), line, rows)

    def _plain(self, encoding: str, columns: Sequence[Column]) -> PlainRows | None:
        """All rows of the INSERT, when it is of the plain kind that plain_rows knows, and not long."""
        cursor, text = self._cursor, self._cursor.text
        if cursor.dialect is not MYSQL or any(column.kind in BINARY or column.kind == "bit" for column in columns):
            return None
        end = cursor.values_end()
        if end is None:
            return None
        values = text.data[text.position : end]  # the window may have moved
        try:
            rows = plain_rows(values if encoding == "utf-8" else values.decode(encoding, "strict").encode())
        except UnicodeDecodeError:
            return None
        if rows is None:
            cursor.is_misled(end)
        else:
            text.position = end
        return rows

    def _copied(self, wanted: Mapping[str, Sequence[str] | None]) -> Iterator[Block]:
        cursor = self._cursor
        line = cursor.line
        found = copy_head(cursor.statement(), line)
        self.known.fill(found.table, found.schema, line)
        self.known.learn(found, line)
        self._note_absent(found, line)
        rows = copied(cursor.text, self.known.encoding or "utf-8")
        if found.table not in wanted:
            self._count(found.table, sum(1 for _ in rows))
            return
        columns = self._columns_of(found, line, wanted[found.table])
        shape = shape_of(found.table, columns, found.columns or (), wanted[found.table], line)
        yield from self._blocks(found.table, shape, (shape.pick(row) for row in rows), line)

    def _blocks(self, table: str, shape: Shape, rows: Iterator[list[Cell]], line: int) -> Iterator[Block]:
        """`rows` hold the columns that are present."""
        with self._told_of(table):
            while batch := [shape.complete(row) for row in islice(rows, ROWS)]:
                self._count(table, len(batch))
                yield Block(table, shape.names, batch, line)

    @contextmanager
    def _told_of(self, table: str) -> Iterator[None]:
        """What is wrong with a value, with its line and table."""
        try:
            yield
        except DumpError:
            raise
        except ValueError as error:
            raise DumpError(self._cursor.text.line(), f"table '{table}': {error}") from None

    def _count(self, table: str, rows: int) -> None:
        self.known.counts[table] = self.known.counts.get(table, 0) + rows

    def _columns_of(self, found: Head, line: int, wanted: Sequence[str] | None) -> tuple[Column, ...]:
        """The table's columns. Raises DumpError when neither a CREATE TABLE nor the INSERT names them."""
        if found.table in self.known.tables:
            if found.columns is None and (missing := self.known.orphaned(found.table)):
                raise DumpError(line, f"table '{found.table}' inherits columns from '{missing[0]}'; {_WITH_PARENTS}")
            return self.known.tables[found.table].columns
        if found.columns is None:
            raise DumpError(line, nameless(found.table))
        # Other rows of the table may be given with further columns.
        names = dict.fromkeys((*found.columns, *(wanted or ())))
        return tuple(Column(name, "", nullable=False) for name in names)


def _encoding(name: str, line: int, dialect: Dialect) -> str:
    """Python's name of an encoding that a dump sets."""
    if name not in dialect.encodings:
        known = ", ".join(dialect.encodings)
        raise DumpError(line, f"its encoding {name} is not read; dump it as utf8 (those that are: {known})")
    return dialect.encodings[name]
