"""The records of a stage in two packages, paired by their keys.

Both packages are read once, side by side: made from one source they have their records in one order, and each is met at once or
soon. What has not met its like waits, in memory or, where much has to wait, in a file that has no name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest

from msgspec import Struct

from etl.package.reading import Package, Walked

MOST = 20_000
"""Records that wait in memory."""


class Pair(Struct, frozen=True):
    """A record as either package has it; None where one has it not."""

    key: str
    old: bytes | None
    new: bytes | None


def pairs(old: Package, new: Package, stage: str, most: int = MOST) -> Iterator[Pair]:
    """Every record of a stage that both packages have, once; those of one package alone come last. Raises PackageError."""
    with closing(Waiting(most)) as of_old, closing(Waiting(most)) as of_new:
        for before, after in zip_longest(old.walk(old.stage(stage)), new.walk(new.stage(stage))):
            if before is not None and after is not None and before.key == after.key:
                yield Pair(before.key, before.data, after.data)
                continue
            if (met := _met(before, of_old, of_new)) is not None:
                yield Pair(met.key, met.mine, met.other)
            if (met := _met(after, of_new, of_old)) is not None:
                yield Pair(met.key, met.other, met.mine)
        yield from (Pair(key, data, None) for key, data in of_old.left())
        yield from (Pair(key, None, data) for key, data in of_new.left())


class _Met(Struct, frozen=True):
    key: str
    mine: bytes
    other: bytes


def _met(record: Walked | None, own: Waiting, others: Waiting) -> _Met | None:
    """The record with its like; without one it waits."""
    if record is None:
        return None
    other = others.take(record.key)
    if other is None:
        own.add(record.key, record.data)
        return None
    return _Met(record.key, record.data, other)


class Waiting:
    """Records by their keys. Above `most` of them, they lie in a file of SQLite's own."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._here: dict[str, bytes] = {}
        self._file: sqlite3.Connection | None = None

    def add(self, key: str, data: bytes) -> None:
        self._here[key] = data
        if len(self._here) > self._most:
            self._put_away()

    def take(self, key: str) -> bytes | None:
        """The record, which does not wait any more; None where none with this key does."""
        found = self._here.pop(key, None)
        if found is not None or self._file is None:
            return found
        row = self._file.execute("DELETE FROM waiting WHERE key = ? RETURNING data", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def left(self) -> Iterator[tuple[str, bytes]]:
        """In the order in which they came."""
        if self._file is not None:
            for key, data in self._file.execute("SELECT key, data FROM waiting ORDER BY number"):
                yield key, bytes(data)
        yield from self._here.items()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _put_away(self) -> None:
        if self._file is None:
            self._file = sqlite3.connect("", isolation_level=None)
            self._file.execute("PRAGMA journal_mode = OFF")
            self._file.execute("CREATE TABLE waiting (number INTEGER PRIMARY KEY, key TEXT UNIQUE, data BLOB)")
        self._file.execute("BEGIN")
        self._file.executemany("INSERT INTO waiting (key, data) VALUES (?, ?)", self._here.items())
        self._file.execute("COMMIT")
        self._here.clear()
