"""SQLite files, by the standard library. Opened for reading only; a statement may read and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from etl.errors import SourceError
from etl.extract.databases.session import (
    Copied,
    OneByOne,
    Relation,
    identity_of,
    quoted,
    selecting,
    selecting_expression,
    trimmed,
)
from etl.extract.databases.sqlite_lines import NotTexts, row_as_text, write_texts
from etl.extract.databases.writing import write_rows
from etl.suggest import did_you_mean

MAGIC = b"SQLite format 3\0"
HIDDEN = 1
"""What table_xinfo says of a column of a virtual table that * does not give (SQLite, "PRAGMA table_xinfo")."""
ALLOWED = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)  # fmt: skip


class SqliteSession(OneByOne):
    def __init__(self, path: Path) -> None:
        self._path = path
        with self._speaking():
            # Opened as it is written: a name with a ? is a name, no option.
            self._connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
            self._connection.text_factory = _with_its_bytes
            self._connection.execute("BEGIN")
            self._tables = self._names()
            self._plain = self._with_declared_types()
            self.taken: str = self._connection.execute("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')").fetchone()[0]

    def _names(self) -> list[str]:
        found = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        return [name for (name,) in found]

    def _with_declared_types(self) -> frozenset[str]:
        """The quoted names of tables whose columns hold what they are declared to; views and virtual tables may hold anything."""
        found = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'create virtual%'"
        )
        return frozenset(quoted(name, '"') for (name,) in found)

    def tables(self) -> list[str]:
        return list(self._tables)

    def table(self, name: str) -> Relation:
        if name not in self._tables:
            raise SourceError(f"{self._path}: no table '{name}'{did_you_mean(name, self._tables)}")
        with self._speaking():
            found = self._connection.execute(f"PRAGMA table_xinfo({quoted(name, chr(34))})").fetchall()
        found = [one for one in found if one[-1] != HIDDEN]  # what is left has the generated columns, too
        keys = sorted((number, column, kind) for _, column, kind, _, _, number, _ in found if number)
        columns = tuple(column for _, column, *_ in found)
        identity = identity_of([(column, kind) for _, column, kind in keys])
        return Relation(columns, of=quoted(name, '"'), key=tuple(column for _, column, _ in keys), identity=identity)

    def statement(self, sql: str) -> Relation:
        with self._reading_only():
            cursor = self._connection.execute(trimmed(sql))
            names = tuple(one[0] for one in cursor.description or ())
            cursor.close()
        if not names:
            raise SourceError(f"{self._path}: the statement gives no rows; it has to be a SELECT")
        return Relation(names, sql=trimmed(sql))

    def count(self, relation: Relation) -> int:
        with self._speaking():
            number: int = self._connection.execute(f"SELECT count(*) FROM {relation.of}").fetchone()[0]  # noqa: S608
        return number

    def copy(self, relation: Relation, columns: Sequence[str], file: BinaryIO) -> Copied:
        statement = relation.sql or selecting(relation, columns, '"')
        positions = [relation.columns.index(name) for name in columns] if relation.sql else None
        as_texts = self._as_texts(relation, columns)
        with self._reading_only():
            count = self._write_texts(as_texts, len(columns), file) if as_texts else None
            return Copied(statement, self._write(statement, positions, file) if count is None else count)

    def _as_texts(self, relation: Relation, columns: Sequence[str]) -> str:
        """The statement that gives each row as one text; none for a statement of the mapping, whose order is its own."""
        if relation.sql or len(columns) < 2:
            return ""
        with self._speaking():
            found = self._connection.execute(f"PRAGMA table_info({relation.of})").fetchall()
        kinds = {name: kind for _, name, kind, *_ in found} if relation.of in self._plain else {}
        return selecting_expression(relation, row_as_text([(name, kinds.get(name, "")) for name in columns]), '"')

    def _write_texts(self, statement: str, width: int, file: BinaryIO) -> int | None:
        """How many rows there were; None where they have to be read cell by cell, and what is wrong there is told then."""
        begin = file.tell()
        self._connection.text_factory = bytes
        try:
            return write_texts(self._connection.execute(statement), width, file)
        except (NotTexts, sqlite3.Error):
            file.seek(begin)
            file.truncate()
            return None
        finally:
            self._connection.text_factory = _with_its_bytes

    def _write(self, statement: str, positions: Sequence[int] | None, file: BinaryIO) -> int:
        # sqlite3 itself decodes in half the time, and stops at what is no UTF-8: then all is read once more, the slow way.
        begin = file.tell()
        self._connection.text_factory = str
        try:
            return write_rows(self._connection.execute(statement), positions, file)
        except sqlite3.OperationalError as error:
            if "Could not decode" not in str(error):
                raise
            file.seek(begin)
            file.truncate()
        finally:
            self._connection.text_factory = _with_its_bytes
        return write_rows(self._connection.execute(statement), positions, file)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _reading_only(self) -> Iterator[None]:
        """mode=ro keeps this file as it is; ATTACH would still make another."""
        self._connection.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in ALLOWED else sqlite3.SQLITE_DENY
        )
        try:
            with self._speaking():
                yield
        finally:
            self._connection.set_authorizer(None)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise SourceError(f"{self._path}: {_sentence(str(error))}") from None


def _with_its_bytes(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _sentence(text: str) -> str:
    if "not authorized" in text:
        return "the statement does more than read; it has to be one SELECT"
    if "one statement at a time" in text:
        return "these are several statements; a source is one SELECT"
    if "locked" in text:
        return "somebody is writing it; wait until they have done, or copy the file"
    if "malformed" in text or "not a database" in text:
        return "is damaged or no SQLite file; fetch it again"
    return text
