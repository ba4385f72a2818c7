"""What differs between the SQL of MySQL, PostgreSQL, SQLite and SQL Server, as far as dumps show it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from etl.dumps import latin1


@dataclass(frozen=True, slots=True)
class Dialect:
    """`backslash`: whether a backslash in a text escapes what follows. `hash`: whether # begins a comment.

    `encodings` are the names that its SET statement knows, as Python's; `utf8` is what is meant when nothing is said.
    """

    name: str
    backslash: bool
    hash: bool
    encodings: Mapping[str, str] = field(hash=False)


MYSQL_ENCODINGS = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf8": "utf-8",
    # MySQL's latin1 is nearly Windows' code page, and its latin5 is the Turkish one of ISO (MySQL manual, "Character Sets").
    "latin1": latin1.NAME,
    "latin2": "iso8859-2",
    "latin5": "iso8859-9",
    "latin7": "iso8859-13",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "greek": "iso8859-7",
    "hebrew": "iso8859-8",
    "koi8r": "koi8-r",
    "ascii": "ascii",
    "binary": "utf-8",
}
POSTGRES_ENCODINGS = {
    "utf8": "utf-8",
    "unicode": "utf-8",
    "latin1": "iso8859-1",
    "latin2": "iso8859-2",
    "latin5": "iso8859-9",
    "latin9": "iso8859-15",
    "win1250": "cp1250",
    "win1251": "cp1251",
    "win1252": "cp1252",
    "win1254": "cp1254",
    "sql_ascii": "utf-8",
}

MYSQL = Dialect("MySQL", backslash=True, hash=True, encodings=MYSQL_ENCODINGS)
POSTGRES = Dialect("PostgreSQL", backslash=False, hash=False, encodings=POSTGRES_ENCODINGS)
SQLITE = Dialect("SQLite", backslash=False, hash=False, encodings={})
SQL_SERVER = Dialect("SQL Server", backslash=False, hash=False, encodings={})

_SIGNS = (
    (POSTGRES, re.compile(rb"PostgreSQL database|standard_conforming_strings|^COPY .* FROM stdin;", re.MULTILINE)),
    (SQLITE, re.compile(rb"^PRAGMA foreign_keys", re.MULTILINE)),
    (SQL_SERVER, re.compile(rb"^GO\r?$|^SET IDENTITY_INSERT |INSERT (?:INTO )?\[", re.MULTILINE)),
)


_BATCH = re.compile(rb"^GO\r?$", re.MULTILINE)


def delimiter_of(beginning: bytes) -> bytes:
    """What ends a statement: a semicolon, or in scripts of SQL Server's own tools a line GO."""
    return b"\nGO" if _BATCH.search(beginning) else b";"


def dialect_of(beginning: bytes) -> Dialect:
    """The dialect that the first pages of a dump show; MySQL's when nothing tells."""
    return next((dialect for dialect, sign in _SIGNS if sign.search(beginning)), MYSQL)
