"""What came in, in one SQLite file: each request before it is answered, each accepted upload, each of its records.

A commit is on the disk when it returns. Opened again, everything is known that was known before.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import uuid
from contextlib import contextmanager

from . import contract

TABLES = """
CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY, method TEXT, path TEXT, headers TEXT, body BLOB, whole INTEGER);
CREATE TABLE IF NOT EXISTS violations (request INTEGER, text TEXT);
CREATE TABLE IF NOT EXISTS uploads (
    migration_id TEXT PRIMARY KEY, type TEXT, filename TEXT, sha256 TEXT, size INTEGER, count INTEGER,
    success INTEGER, errors INTEGER, looks INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS records (
    type TEXT, content TEXT, migration_id TEXT, complaints TEXT, code TEXT, email TEXT
);
CREATE INDEX IF NOT EXISTS by_content ON records (type, content);
CREATE INDEX IF NOT EXISTS by_code ON records (type, code) WHERE complaints = '{}';
CREATE INDEX IF NOT EXISTS by_email ON records (email) WHERE complaints = '{}';
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY);
"""


class Ledger:
    """Usable from several threads; `turn` holds it, so that what is judged together is judged alone."""

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(TABLES)

    @contextmanager
    def turn(self):
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, sql, *values):
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def write(self, sql, *values):
        with self._lock:
            return self._db.execute(sql, values).lastrowid

    def forget(self):
        """Everything but the tokens."""
        with self.turn():
            for table in ("requests", "violations", "uploads", "records"):
                self.write(f"DELETE FROM {table}")

    # Tokens

    def allow(self, token):
        self.write("INSERT OR IGNORE INTO tokens VALUES (?)", token)

    def revoke(self, token):
        self.write("DELETE FROM tokens WHERE token = ?", token)

    def allows(self, token):
        return bool(self.rows("SELECT 1 FROM tokens WHERE token = ?", token))

    # Requests

    def note(self, method, path, headers, body, whole):
        """Keep a request, or as much of it as came (`whole`). Its number."""
        sql = "INSERT INTO requests (method, path, headers, body, whole) VALUES (?, ?, ?, ?, ?)"
        return self.write(sql, method, path, json.dumps(headers), body, whole)

    def object_to(self, request, text):
        self.write("INSERT INTO violations VALUES (?, ?)", request, text)

    # Uploads

    def take(self, kind, filename, content, exact, kept, failing=0):
        """Accept a file and judge its records in their order; the first `failing` fail whatever they are. The id it has."""
        migration_id = uuid.uuid4().hex
        with self.turn():
            bad = 0
            for position, (record, plain) in enumerate(zip(exact, kept, strict=True)):
                found = {"": "made to fail"} if position < failing else self._judge(kind, record)
                bad += bool(found)
                self._keep(kind, plain, migration_id, found)
            sha256, good = hashlib.sha256(content).hexdigest(), len(kept) - bad
            self.write(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
                *(migration_id, kind, filename, sha256, len(content), len(kept), good, bad),
            )
        return migration_id

    def _judge(self, kind, record):
        found = contract.complaints(kind, record)
        if found:
            return found
        if kind == "user":
            return self._twice("email", email_of(record)) | self._twice("code", code_of(kind, record))
        if kind == "order_item":
            return self._needs("order", record["order_number"])
        if kind == "order" and self._has("order", "code", record["number"]):
            return {"number": "an order with this number is there"}
        return self._needs("user", contract.customer_of(record))

    def _keep(self, kind, record, migration_id, found):
        values = (code_of(kind, record), email_of(record) if kind == "user" else None)
        sql = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)"
        self.write(sql, kind, canonical(record), migration_id, json.dumps(found), *values)

    def _has(self, kind, column, value):
        sql = f"SELECT 1 FROM records WHERE type = ? AND {column} = ? AND complaints = '{{}}' LIMIT 1"
        return bool(self.rows(sql, kind, value))

    def _twice(self, column, value):
        return {column: "a user with this is there"} if self._has("user", column, value) else {}

    def _needs(self, kind, code):
        return {} if self._has(kind, "code", code) else {kind: f"no such {kind} was migrated: {code}"}

    # What is known at the end

    def arrivals(self, kind):
        """Each different record of a type: how often it came, and how often it was stored."""
        rows = self.rows(
            "SELECT content, count(*) AS received, sum(complaints = '{}') AS stored, max(migration_id) AS migration_id"
            " FROM records WHERE type = ? GROUP BY content ORDER BY min(rowid)",
            kind,
        )
        return [{"record": json.loads(row.pop("content")), **row} for row in rows]


def canonical(record):
    return json.dumps(record, sort_keys=True, ensure_ascii=False)


def email_of(record):
    return str(record.get("email")).lower()


def code_of(kind, record):
    """What others refer to it by, and what is unique."""
    name = {"user": "customer_code", "order": "number"}.get(kind)
    return None if name is None or not isinstance(record, dict) else str(record.get(name))
