"""Everything the stand-in knows, in one SQLite file: tokens, uploads, records, errors, sessions. Thread-safe.

Without a path it is a private temporary database that is gone when the server stops. With one, the store survives a
restart, and so does the queue of uploads not yet worked off. It holds personal data: the file is its owner's alone.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

_TABLES = """
CREATE TABLE IF NOT EXISTS tokens (key TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, user INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS places (tree TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (
    id INTEGER PRIMARY KEY, migration_id TEXT UNIQUE, type TEXT, filename TEXT, sha256 TEXT, size INTEGER,
    count INTEGER, received_at TEXT, pause REAL, failing INTEGER, position INTEGER DEFAULT 0,
    success INTEGER DEFAULT 0, errors INTEGER DEFAULT 0
);
CREATE INDEX IF NOT EXISTS pending ON uploads (id) WHERE position < count;
CREATE TABLE IF NOT EXISTS bodies (migration_id TEXT PRIMARY KEY, body BLOB);
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY, type TEXT, key TEXT, email TEXT, customer TEXT, order_number TEXT, record TEXT,
    received INTEGER, stored INTEGER, migration_id TEXT, UNIQUE (type, key)
);
CREATE INDEX IF NOT EXISTS by_email ON records (type, email) WHERE email IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_customer ON records (type, customer) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_order ON records (type, order_number) WHERE order_number IS NOT NULL;
CREATE TABLE IF NOT EXISTS errors (migration_id TEXT, position INTEGER, type TEXT, key TEXT, reasons TEXT);
"""

# A record that came before and was refused gives way to one that is accepted; an accepted one stays as it was.
_NOTE = """
INSERT INTO records (type, key, email, customer, order_number, record, received, stored, migration_id)
VALUES (:type, :key, :email, :customer, :order_number, :record, 1, :stored, :migration_id)
ON CONFLICT (type, key) DO UPDATE SET
    email = iif(stored = 0, excluded.email, email),
    customer = iif(stored = 0, excluded.customer, customer),
    order_number = iif(stored = 0, excluded.order_number, order_number),
    record = iif(stored = 0, excluded.record, record),
    migration_id = iif(stored = 0, excluded.migration_id, migration_id),
    received = received + 1,
    stored = stored + excluded.stored
"""


StoredRecord = dict[str, Any]
"""A record as it was uploaded, or what the channel shows of one."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An accepted file, and how far its records are judged. `pause` (seconds a record) and `failing` are faults."""

    migration_id: str
    type: str
    filename: str
    sha256: str
    size: int
    count: int
    received_at: str
    pause: float
    failing: int
    position: int = 0
    success: int = 0
    errors: int = 0

    @property
    def finished(self) -> bool:
        return self.position >= self.count


_UPLOAD = "migration_id, type, filename, sha256, size, count, received_at, pause, failing, position, success, errors"


@dataclass(frozen=True, slots=True)
class Noted:
    """A record as it is kept: `key` is how a repeated one is recognised, the rest how it is found by others."""

    type: str
    key: str
    record: str
    stored: bool
    migration_id: str
    email: str | None = None
    customer: str | None = None
    order_number: str | None = None

    def values(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}


class Store:
    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path or "", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        if path is not None:
            self._db.execute("PRAGMA journal_mode=WAL").fetchone()
        # A killed server loses nothing so; the power cut that could is not what a rehearsal is for.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA cache_size=-65536")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def records_by(self, sql: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
        """Rows that hold a `record`, which is read; `values` are the names in the SQL."""
        with self._lock:
            found = [dict(row) for row in self._db.execute(sql, values)]
        return [row | {"record": orjson.loads(row["record"])} for row in found]

    def row(self, sql: str, *values: object) -> dict[str, Any] | None:
        return next(iter(self.rows(sql, *values)), None)

    def exists(self, sql: str, *values: object) -> bool:
        with self._lock:
            return self._db.execute(sql, values).fetchone() is not None

    def execute(self, sql: str, *values: object) -> None:
        with self._lock:
            self._db.execute(sql, values)

    # Tokens and sessions

    def add_token(self, key: str) -> None:
        self.execute("INSERT OR IGNORE INTO tokens VALUES (?)", key)

    def revoke_token(self, key: str) -> None:
        self.execute("DELETE FROM tokens WHERE key = ?", key)

    def knows_token(self, key: str) -> bool:
        return self.exists("SELECT 1 FROM tokens WHERE key = ?", key)

    # Uploads

    def add_upload(self, upload: Upload, body: bytes) -> None:
        """Keep an accepted file. Once this returns, a restarted server goes on with it."""
        values = [getattr(upload, name) for name in _UPLOAD.split(", ")]
        marks = ", ".join("?" * len(values))
        with self.transaction():
            self.execute(f"INSERT INTO uploads ({_UPLOAD}) VALUES ({marks})", *values)  # noqa: S608  our own names
            self.execute("INSERT INTO bodies VALUES (?, ?)", upload.migration_id, body)

    def upload(self, migration_id: str) -> Upload | None:
        row = self.row(f"SELECT {_UPLOAD} FROM uploads WHERE migration_id = ?", migration_id)  # noqa: S608
        return None if row is None else Upload(**row)

    def uploads(self) -> list[Upload]:
        return [Upload(**row) for row in self.rows(f"SELECT {_UPLOAD} FROM uploads ORDER BY id")]  # noqa: S608

    def body(self, migration_id: str) -> bytes:
        """The bytes of an upload that is not finished; b"" when it is, or was forgotten by a reset."""
        row = self.row("SELECT body FROM bodies WHERE migration_id = ?", migration_id)
        return b"" if row is None else bytes(row["body"])

    def drop_body(self, migration_id: str) -> None:
        self.execute("DELETE FROM bodies WHERE migration_id = ?", migration_id)

    def unfinished(self) -> list[str]:
        found = self.rows("SELECT migration_id FROM uploads WHERE position < count ORDER BY id")
        return [row["migration_id"] for row in found]

    def advance(self, migration_id: str, *, good: int, bad: int) -> None:
        self.execute(
            "UPDATE uploads SET position = position + ?, success = success + ?, errors = errors + ?"
            " WHERE migration_id = ?",
            good + bad,
            good,
            bad,
            migration_id,
        )

    # Records

    def note(self, noted: Noted) -> None:
        with self._lock:
            self._db.execute(_NOTE, noted.values())

    def add_error(self, noted: Noted, position: int, reasons: Mapping[str, str]) -> None:
        text = orjson.dumps(reasons).decode()
        self.execute(
            "INSERT INTO errors VALUES (?, ?, ?, ?, ?)", noted.migration_id, position, noted.type, noted.key, text
        )

    def has(self, payload: str, column: str, value: str) -> bool:
        """Whether a stored record of this type has `value` in `column` (email, customer, order_number)."""
        sql = f"SELECT 1 FROM records WHERE type = ? AND {column} = ? AND stored > 0"  # noqa: S608
        return self.exists(sql, payload, value)

    def records(self, payload: str, **where: object) -> list[dict[str, Any]]:
        """Records of a type with `id`, `key`, `record`, `received`, `stored`, `migration_id`, in order of arrival."""
        conditions = "".join(f" AND {column} = ?" for column in where)
        columns = "id, key, record, received, stored, migration_id"
        sql = f"SELECT {columns} FROM records WHERE type = ?{conditions} ORDER BY id"  # noqa: S608
        found = self.rows(sql, payload, *where.values())
        return [row | {"record": orjson.loads(row["record"])} for row in found]

    def reset(self) -> None:
        """Forget uploads, records, errors and sessions. Tokens stay valid, added places known."""
        with self.transaction():
            for table in ("uploads", "bodies", "records", "errors", "sessions"):
                self.execute(f"DELETE FROM {table}")  # noqa: S608


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
