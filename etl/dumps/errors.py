"""What is wrong with a dump, and in which line."""

from __future__ import annotations

import re


class DumpError(ValueError):
    """A dump that cannot be read to its end. `line` counts from 1; the caller names the file."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


LONGEST_SHOWN = 60


_WORD = re.compile(r"\w+")
_SQL = frozenset({
    "ALTER", "BEGIN", "COPY", "CREATE", "DEFAULT", "DELETE", "DUPLICATE", "END", "FROM", "INSERT", "INTO", "KEY", "MERGE", "NULL",
    "ON", "REPLACE", "SELECT", "SET", "TABLE", "UPDATE", "VALUE", "VALUES", "WHERE", "WITH", "stdin",
})  # fmt: skip
"""Words of a statement that are shown as they are."""


def excerpt(data: bytes) -> str:
    """The beginning of a piece of a dump, as `beginning` shows it, with all masked that may be a customer's data."""
    return _WORD.sub(lambda word: word[0] if word[0] in _SQL else _masked(word[0]), beginning(data))


def _masked(word: str) -> str:
    """As everything personal is masked (etl/personal.py): of a word of one or two letters nothing is shown."""
    return f"{word[0]}***" if len(word) > 2 else "***"


def beginning(data: bytes) -> str:
    """The beginning of a message or a dump: one line, without what a terminal would act upon."""
    text = data[:LONGEST_SHOWN].decode("utf-8", "replace").split("\n")[0].strip()
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"{printable}..." if len(data) > len(text.encode()) else printable
