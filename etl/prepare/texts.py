"""Texts that stand for others: in memory while they are few, in a SQLite file when they are many."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

import orjson

from etl.payloads.sendable import is_unicode

ASKED_AT_ONCE = 10_000
NUL = "\0"


class TextIndex:
    """Text -> text: in memory, and after `spill` in a file. Of two values of a text the later one holds.

    A text with half a character in it, which no file can hold, is forgotten when the others go to theirs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._memory: dict[str, str] = {}
        self._file: sqlite3.Connection | None = None

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._memory.update(pairs)

    @property
    def in_memory(self) -> int:
        return len(self._memory)

    def find(self, texts: Collection[str]) -> dict[str, str]:
        """Those of the texts that stand for another, each with that."""
        found = dict(self._in_file(texts)) if self._file is not None else {}
        memory = self._memory
        if memory:
            found.update((text, memory[text]) for text in texts if text in memory)
        return found

    def spill(self) -> None:
        """Move what is in memory to the file: sorted, so that each page of its tree is visited once."""
        if self._file is None:
            self._file = _scratch_file(self._path)
        whole = (pair for pair in sorted(self._memory.items()) if is_unicode(pair[0]) and is_unicode(pair[1]))
        self._file.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?)", whole)
        self._memory = {}

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _in_file(self, texts: Collection[str]) -> Iterator[tuple[str, str]]:
        assert self._file is not None
        asked = iter(sorted(text for text in texts if is_unicode(text)))
        while some := list(islice(asked, ASKED_AT_ONCE)):
            # SQLite's JSON ends a text at a NUL.
            plain = [text for text in some if NUL not in text]
            yield from self._file.execute(ASKED, (orjson.dumps(plain).decode(),)).fetchall()
            for text in (text for text in some if NUL in text):
                yield from self._file.execute("SELECT text, value FROM texts WHERE text = ?", (text,)).fetchall()


ASKED = "SELECT texts.text, texts.value FROM json_each(?) AS asked JOIN texts ON texts.text = asked.value"


def _scratch_file(path: Path) -> sqlite3.Connection:
    """Nothing in it needs to survive a crash: it is scratch of one preparation."""
    path.touch(mode=0o600)
    file = sqlite3.connect(path, isolation_level=None)
    file.executescript(
        "PRAGMA page_size=16384; PRAGMA cache_size=-1000;"
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
        "CREATE TABLE texts (text TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID; BEGIN"
    )
    return file
