"""What is wrong with a dump, and in which line."""

from __future__ import annotations


class DumpError(ValueError):
    """A dump that cannot be read to its end. `line` counts from 1; the caller names the file."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


LONGEST_SHOWN = 60


def excerpt(data: bytes) -> str:
    """The beginning of a piece of a dump, for a message: one line, without what a terminal would act upon."""
    text = data[:LONGEST_SHOWN].decode("utf-8", "replace").split("\n")[0].strip()
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"{printable}..." if len(data) > len(text.encode()) else printable
