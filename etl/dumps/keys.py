"""The keys of a table's rows, where a dump says what a database does with a row whose key is there already.

REPLACE puts it in the place of the earlier one, INSERT IGNORE and ON CONFLICT DO NOTHING leave it out. The tools that dump
write no key twice; where one is, a reader that gives both rows would give more than the database has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

from etl.dumps.errors import DumpError
from etl.dumps.insert import Cell

Keys = tuple[tuple[str, ...], ...]
"""Of a table: the columns of its primary key, and of each that is unique."""


class SeenKeys:
    """All keys of the rows that went by. They lie in a file that SQLite makes and takes away, so that any number of rows takes
    the same memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._made: dict[tuple[str, tuple[str, ...]], str] = {}

    def add(self, table: str, key: Sequence[str], rows: Iterable[tuple[Sequence[Cell], int]]) -> None:
        """The cells of a key in each row, and the row's line. Raises DumpError for a key that is there already. Of one with a
        NULL there may be any number."""
        name = self._table(table, tuple(key))
        marks = ", ".join("?" * (len(key) + 1))
        add = f"INSERT OR IGNORE INTO {name} VALUES ({marks})"  # noqa: S608 - a name of our own
        for cells, line in rows:
            if None in cells:
                continue
            kept = [_kept(cell) for cell in cells if cell is not None]
            try:
                added = self._connection.execute(add, [*kept, line]).rowcount
            except sqlite3.OperationalError:
                raise DumpError(line, _NO_ROOM) from None
            if not added:
                raise DumpError(line, _twice(table, key, self._line(name, kept)))

    def _table(self, table: str, key: tuple[str, ...]) -> str:
        if (table, key) not in self._made:
            name = self._made[table, key] = f"key{len(self._made)}"
            columns = ", ".join(f"c{number}" for number in range(len(key)))
            self._connection.execute(f"CREATE TABLE {name} ({columns}, line, PRIMARY KEY ({columns})) WITHOUT ROWID")
        return self._made[table, key]

    def _line(self, name: str, kept: Sequence[bytes | int]) -> int:
        where = " AND ".join(f"c{number} = ?" for number in range(len(kept)))
        select = f"SELECT line FROM {name} WHERE {where}"  # noqa: S608 - names of our own
        found: int = self._connection.execute(select, kept).fetchone()[0]
        return found


@contextmanager
def seen_keys() -> Iterator[SeenKeys]:
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("BEGIN")
        yield SeenKeys(connection)


LARGEST = 2**63
_NO_ROOM = (
    "the keys of its rows cannot be kept to see whether one is there twice; make room, or name another folder as TMPDIR"
)


def _kept(cell: str) -> bytes | int:
    """Numbers as numbers: those that ascend are added quickly."""
    if cell.isascii() and cell.isdigit() and (cell[0] != "0" or cell == "0") and int(cell) < LARGEST:
        return int(cell)
    return cell.encode("utf-8", "surrogateescape")


def _twice(table: str, key: Sequence[str], first: int) -> str:
    return (
        f"a row of table '{table}' with the same {', '.join(key)} as the one of line {first}, and a database that loads the dump "
        "keeps one of the two; load it into one, and read that"
    )
