"""The SQLite file behind the journal: its tables, its transactions, and its troubles told in a sentence."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from etl.errors import EtlError
from etl.files import open_private, private_folder
from etl.findings import Sentence, joined, said
from etl.journal.tables import ADDED_LATER, VERSION, create, upgrade

BUSY_SECONDS = 10.0


class JournalError(EtlError):
    """The journal cannot be read or written. What was sent until now is in it all the same."""


class NoJournal(JournalError):
    """Nothing has been sent from here: there is no journal, or a full disk kept its tables from being made."""

    def __init__(self, path: Path) -> None:
        words = (
            "{path}: no journal here; nothing has been sent to this target from this workspace yet. `etl run MAPPING` sends it; "
            "what was sent from another workspace is known there: name that with --workspace"
        )
        super().__init__(said(words, path=str(path)))


Parameters = Sequence[object] | Mapping[str, object]


class JournalDatabase:
    """One connection, used under one lock. Every statement that changes something runs in `transaction()`.

    `noted`: it is an empty one in memory, and nothing of it will ever be in the file.
    """

    def __init__(self, path: Path, *, writing: bool, busy_seconds: float = BUSY_SECONDS, noted: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        with self.explained():
            self._connection = _noted() if noted else _connect(path, writing, busy_seconds)
            try:
                self._prepare() if writing else self._require_tables()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and durable on leaving. Nested ones are part of the outermost."""
        with self._lock, self.explained():
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1 and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def checkpoint(self) -> None:
        """Bring all into the one file, as far as nobody reads the older state: a copy of it without its -wal is whole then."""
        with self._lock, self.explained():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def rewrite(self) -> None:
        """Write the file anew, so that nothing is left in it of what was taken out."""
        with self._lock, self.explained():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def copy_to(self, path: Path) -> None:
        """The whole journal as it is now, in a file of its own, also while a load writes."""
        _create_private(path)
        with self._lock, self.explained(), closing(sqlite3.connect(path)) as copy:
            self._connection.backup(copy)

    def has(self, table: str) -> bool:
        """Whether a table is there that was added later: whoever only looks adds none."""
        return bool(self.value("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)))

    def beside(self, tables: Sequence[str]) -> None:
        """From here on these tables are empty ones of this connection's own: what is put into them is in no file, and is
        forgotten on closing."""
        made = "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name IN (SELECT value FROM json_each(?))"
        for row in self.rows(made, (json.dumps(tables),)):
            self.rows(row["sql"].replace("CREATE TABLE", "CREATE TEMP TABLE", 1))

    @property
    def in_transaction(self) -> bool:
        return self._depth > 0

    def change(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement inside a transaction; the id of the row it inserted."""
        assert self._depth, "a change outside a transaction"
        return self._connection.execute(sql, parameters).lastrowid or 0

    def change_many(self, sql: str, rows: Iterator[Sequence[object]]) -> None:
        assert self._depth, "a change outside a transaction"
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        with self._lock, self.explained():
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        return next(iter(self.rows(sql, parameters)), None)

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        found = self.row(sql, parameters)
        return None if found is None else found[0]

    @contextmanager
    def explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(joined(": ", [str(self.path), _explain(error)])) from error

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        found = self._check_version()
        if found == 0:
            create(self._connection)
        elif found < VERSION:
            upgrade(self._connection, found)
        for statement in ADDED_LATER:
            self._connection.execute(statement)

    def _require_tables(self) -> None:
        found = self._check_version()
        if found == 0:
            raise NoJournal(self.path)
        if found < VERSION:
            self._connection = _upgraded_copy(self._connection, found)

    def _check_version(self) -> int:
        found: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            words = (
                "{path}: written by a newer omnitron-etl (journal version {number}, this one knows {known}); go on with the "
                "version that wrote it"
            )
            raise JournalError(said(words, path=str(self.path), number=found, known=VERSION))
        return found


def _connect(path: Path, writing: bool, busy_seconds: float) -> sqlite3.Connection:
    if writing:
        _create_private(path)
        return _opened(path, "mode=rw", busy_seconds)
    if not path.exists():
        raise NoJournal(path)
    if path.is_dir():
        raise JournalError(said("{path}: is a folder; put the journal back in its place, from a copy", path=str(path)))
    return _for_looking(path, busy_seconds)


def _opened(path: Path, how: str, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{_quoted(path)}?{how}", uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


NEEDS_WRITING = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})


def _for_looking(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Also where the folder cannot be written: SQLite itself wants to make the -shm file there, where none is left."""
    connection = _opened(path, "mode=ro", busy_seconds)
    try:
        connection.execute("PRAGMA schema_version").fetchall()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in NEEDS_WRITING:
            raise
        return _of_nobody(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _of_nobody(path: Path) -> sqlite3.Connection:
    """A journal without a -shm file: no process has it open. What its last one left in the -wal file belongs to it."""
    import shutil
    from tempfile import TemporaryDirectory

    rest = path.with_name(f"{path.name}-wal")
    if not rest.exists() or not rest.stat().st_size:
        return _opened(path, "mode=ro&immutable=1")
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(rest, copy.with_name(rest.name))
        with closing(_opened(copy, "mode=rw")) as connection:
            return _in_memory(connection)


def _in_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = _blank()
    connection.backup(copy)
    return copy


def _noted() -> sqlite3.Connection:
    connection = _blank()
    create(connection)
    for statement in ADDED_LATER:
        connection.execute(statement)
    return connection


def _blank() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def _upgraded_copy(connection: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """Whoever only looks changes nothing: a journal of an older version is brought up to date in memory."""
    with closing(connection):
        copy = _in_memory(connection)
    upgrade(copy, version)
    return copy


def _create_private(path: Path) -> None:
    """SQLite gives its -wal and -shm files the mode of the file itself."""
    try:
        private_folder(path.parent)
        open_private(path, append=True).close()
    except OSError as error:
        raise JournalError(said("{path}: cannot be written ({error})", path=str(path), error=error.strerror)) from None


def _quoted(path: Path) -> str:
    return os.fspath(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _explain(error: sqlite3.Error) -> Sentence:
    text = str(error)
    words = "the journal cannot be used ({error}); restore it from a copy, never delete it: it knows what was sent"
    if "locked" in text or "busy" in text:
        words = "locked by another program; close what has it open (nothing was lost), and give the same command again"
    elif "full" in text or "disk I/O" in text or "unable to open" in text:
        words = "the disk cannot take more ({error}); make room, and give the same command again"
    elif "readonly" in text:
        words = "the file, or the disk it lies on, is read-only; make it writable, and give the same command again"
    return said(words, error=text)
