"""How often each group of rows has come so far: in memory while groups are few, in a file without a name when they are many."""

from __future__ import annotations

import sqlite3

from etl.expressions import key_text
from etl.expressions.cells import clean

MOST = 500_000
"""So many groups are in memory. When there are more, all go to the file: memory is flat however many there are."""


class GroupCounts:
    """Groups are tuples of cells; equal ones are those that would be the same key."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._counts: dict[tuple[str | None, ...], int] = {}
        self._file: sqlite3.Connection | None = None

    @property
    def in_memory(self) -> int:
        return len(self._counts)

    def next(self, cells: tuple[object, ...]) -> int:
        """Which row of its group this is: the first is 1."""
        group = tuple(map(_comparable, cells))
        count = self._counts.get(group)
        if count is None:
            count = self._filed(group)
            if len(self._counts) >= self._most:
                self._spill()
        self._counts[group] = count + 1
        return count + 1

    def _filed(self, group: tuple[str | None, ...]) -> int:
        if self._file is None:
            return 0
        found = self._file.execute("SELECT count FROM groups WHERE name = ?", (_written(group),)).fetchone()
        return int(found[0]) if found else 0

    def _spill(self) -> None:
        if self._file is None:
            # Without a name it is SQLite's own, private, and gone with the connection.
            self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._file.execute("CREATE TABLE groups (name TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID")
        rows = sorted((_written(group), count) for group, count in self._counts.items())
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR REPLACE INTO groups VALUES (?, ?)", rows)
        self._file.execute("COMMIT")
        self._counts.clear()


def _comparable(cell: object) -> str | None:
    """A cell as the text that a key has of it: 1, 1.0 and '1' are one, and true is none of them."""
    value = clean(cell)
    return None if value is None else key_text(value)


def _written(group: tuple[str | None, ...]) -> str:
    return repr(group)
