"""What became of every key of a stage: in memory while they take little of it, in a SQLite file when they take more."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from enum import IntEnum
from itertools import islice
from math import ceil
from pathlib import Path

import orjson

from etl.payloads.sendable import is_unicode
from etl.prepare.numbers import PLACES_OF_A_KEY, KeyColumn, NumberedRows
from etl.prepare.texts import TextIndex


class Fate(IntEnum):
    """What became of a record. The lower one wins when several rows have the same key."""

    VALID = 0
    MERGED = 1
    HELD = 2
    REJECTED = 3
    FILTERED = 4
    ABSENT = 5

    @property
    def spoken(self) -> str:
        return ("migrated", "merged", "held", "rejected", "filtered", "not in the source")[self]


DecidedFate = tuple[Fate, int]
"""A key's fate and the row that decided it."""

FATES = tuple(Fate)
SPILLED_AT_ONCE = 10_000
_ROW_BITS = 48
_ROW = (1 << _ROW_BITS) - 1


class Budget:
    """How many keys all indexes together may hold in memory. Above it the one that holds most goes to its file.

    So memory stays flat at any size and for any number of stages; and what goes is a good part of the whole, never a few.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._indexes: list[KeyIndex | TextIndex] = []

    def index(self, path: Path) -> KeyIndex:
        """A new index, whose file lies at `path` when it needs one."""
        index = KeyIndex(path)
        self._indexes.append(index)
        return index

    def texts(self, path: Path) -> TextIndex:
        """The same for texts that stand for others."""
        index = TextIndex(path)
        self._indexes.append(index)
        return index

    def keep(self) -> None:
        """Bring what is in memory under the bound again."""
        while sum(index.in_memory for index in self._indexes) > self._bound:
            max(self._indexes, key=lambda index: index.in_memory).spill()

    def close(self) -> None:
        for index in self._indexes:
            index.close()


class KeyIndex:
    """Key -> fate and row: in memory, and after `spill` in a file. Valid ones that are numbers lie in an array, where they can.

    The keys themselves are kept, not hashes of them: a collision would reject a good record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbered = NumberedRows()
        self._valid: dict[str, int] = {}
        self._others: dict[str, int] = {}
        self._file: sqlite3.Connection | None = None
        self._range: tuple[str, str] | None = None  # the lowest and the highest key in the file

    def add_valid(self, keys: KeyColumn, rows: Sequence[int]) -> None:
        """Note keys of valid records, none of which is known as such, and their rows."""
        if not self._numbered.take(keys, rows):
            self._valid.update(zip(keys.texts, rows, strict=True))

    def add(self, fate: Fate, entries: Iterable[tuple[str, int]]) -> None:
        """Note another fate of keys. A key that is known keeps the better of its fates, and of equal ones the first row."""
        high = fate << _ROW_BITS
        for key, row in entries:
            self._others[key] = min(high | row, self._others.get(key, high | row))

    @property
    def in_memory(self) -> int:
        """As how many keys of a dictionary it takes memory."""
        return len(self._valid) + len(self._others) + ceil(self._numbered.places / PLACES_OF_A_KEY)

    def not_valid(self, keys: KeyColumn) -> Set[str]:
        """Those of the keys that are of no valid record: of parents nearly always none."""
        found = self._numbered.of(keys)
        left = set() if all(found) else {key for key, row in zip(keys.texts, found, strict=True) if not row}
        left -= self._valid.keys()
        if not self._may_be_in_file(left):
            return left
        asked = orjson.dumps(sorted(left)).decode()
        if NUL in asked:
            return left - self.find(left, valid_only=True).keys()
        return {key for (key,) in self._ask(MISSING, asked)}

    def taken(self, columns: Iterable[KeyColumn]) -> Set[str]:
        """Those of the keys that are of a valid record in the file: of new ones nearly always none."""
        if self._range is None:
            return frozenset()
        keys = set().union(*(one.texts for one in columns))
        if not self._may_be_in_file(keys):
            return frozenset()
        asked = orjson.dumps(sorted(keys)).decode()
        if NUL in asked:
            return self.find(keys, valid_only=True).keys()
        return {key for (key,) in self._ask(PRESENT, asked)}

    def are_new_in_memory(self, keys: KeyColumn) -> bool:
        """Whether no valid record in memory has any of the keys."""
        return self._valid.keys().isdisjoint(keys.texts) and self._numbered.are_new(keys)

    def _ask(self, question: str, asked: str) -> Iterable[tuple[str]]:
        assert self._file is not None
        return self._file.execute(question, (asked, _ROW))

    def find(self, keys: Iterable[str], *, valid_only: bool = False) -> Mapping[str, DecidedFate]:
        """Those of the keys that are known."""
        wanted = set(keys)
        found = dict(self._find_in_file(wanted))
        for key, entry in self._find_in_memory(wanted):
            found[key] = min(entry, found.get(key, entry))
        entries = {key: (FATES[packed >> _ROW_BITS], packed & _ROW) for key, packed in found.items()}
        return {key: entry for key, entry in entries.items() if not valid_only or entry[0] is Fate.VALID}

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def spill(self) -> None:
        """Move what is in memory to the file: sorted, so that each page of its tree is visited once."""
        if self._file is None:
            self._file = _scratch_file(self._path)
        for memory in (self._others, self._valid):
            keys = sorted(memory)
            self._note_range(keys)
            for start in range(0, len(keys), SPILLED_AT_ONCE):
                _insert(self._file, {key: memory[key] for key in keys[start : start + SPILLED_AT_ONCE]})
        self._spill_numbered(self._file)
        self._numbered, self._valid, self._others = NumberedRows(), {}, {}

    def _spill_numbered(self, file: sqlite3.Connection) -> None:
        """In pieces: all of them as texts would take many times the memory that they take now."""
        entries = self._numbered.all()
        while some := dict(islice(entries, SPILLED_AT_ONCE)):
            self._note_range(sorted(some))
            _insert(file, some)

    def _note_range(self, keys: Sequence[str]) -> None:
        """`keys` are sorted."""
        if keys:
            lowest, highest = self._range or (keys[0], keys[-1])
            self._range = min(lowest, keys[0]), max(highest, keys[-1])

    def _may_be_in_file(self, keys: Collection[str]) -> bool:
        """Exports are mostly in the order of their numbers: then new ones lie beyond all that the file holds."""
        if self._range is None or not keys:
            return False
        return min(keys) <= self._range[1] and max(keys) >= self._range[0]

    def _find_in_memory(self, keys: Collection[str]) -> Iterable[tuple[str, int]]:
        asked = list(keys)
        numbered, valid, others = self._numbered.of(KeyColumn(asked)), self._valid, self._others
        known = [
            (key, row - 1 if row else valid.get(key, others.get(key))) for key, row in zip(asked, numbered, strict=True)
        ]
        return [(key, entry) for key, entry in known if entry is not None]

    def _find_in_file(self, keys: Collection[str]) -> Iterable[tuple[str, int]]:
        if self._file is None or not self._may_be_in_file(keys):
            return []
        asked = orjson.dumps(sorted(keys)).decode()
        if NUL in asked:
            return self._find_each(keys)
        return self._file.execute(
            "SELECT keys.key, keys.entry FROM json_each(?) AS asked JOIN keys ON keys.key = asked.value", (asked,)
        ).fetchall()

    def _find_each(self, keys: Iterable[str]) -> Iterable[tuple[str, int]]:
        """The same for keys with a NUL among them, one by one."""
        assert self._file is not None
        ask = "SELECT key, entry FROM keys WHERE key = ?"
        return [row for key in sorted(keys) for row in self._file.execute(ask, (key,))]


def _insert(file: sqlite3.Connection, entries: Mapping[str, int]) -> None:
    """A fate and a row are one number: of two, the lower one is kept. SQLite reads them from JSON at thrice the speed."""
    try:
        asked = orjson.dumps(entries).decode()
    except orjson.JSONEncodeError:
        asked = NUL  # half a character in a key
    if NUL not in asked:
        file.execute(INSERT_ALL, (asked,))
    else:
        file.executemany(INSERT_ONE, [(key, entry) for key, entry in entries.items() if is_unicode(key)])


INSERT_ALL = (
    "INSERT INTO keys SELECT key, value FROM json_each(?) WHERE true"
    " ON CONFLICT (key) DO UPDATE SET entry = excluded.entry WHERE excluded.entry < entry"
)
MISSING = (
    "SELECT asked.value FROM json_each(?) AS asked LEFT JOIN keys ON keys.key = asked.value"
    " WHERE keys.entry IS NULL OR keys.entry > ?"
)
PRESENT = "SELECT asked.value FROM json_each(?) AS asked JOIN keys ON keys.key = asked.value WHERE keys.entry <= ?"
INSERT_ONE = (
    "INSERT INTO keys VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET entry = excluded.entry WHERE excluded.entry < entry"
)

NUL = "\\u0000"
"""As JSON writes it. SQLite's JSON ends a text there, so keys with one go their own way."""


def _scratch_file(path: Path) -> sqlite3.Connection:
    """Nothing in it needs to survive a crash: it is scratch of one preparation."""
    path.touch(mode=0o600)
    file = sqlite3.connect(path, isolation_level=None)
    file.executescript(
        "PRAGMA page_size=16384; PRAGMA cache_size=-1000;"
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
        "CREATE TABLE keys (key TEXT PRIMARY KEY, entry INTEGER NOT NULL) WITHOUT ROWID; BEGIN"
    )
    return file
