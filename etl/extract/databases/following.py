"""Rows that come from elsewhere, and files that take long, told to whoever waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

Follow = Callable[[str, int, int | None], None]
"""Told what is going on ('customers: rows fetched'), how many more rows there are, and of how many, where that is known."""

AT_ONCE = 1000
"""Rows after which something is told."""


@contextmanager
def followed(file: BinaryIO, what: str, follow: Follow | None, total: int | None) -> Iterator[BinaryIO]:
    """The file, into which rows are written; where somebody follows, they are counted on the way."""
    if follow is None:
        yield file
        return
    counting = _Counting(file, lambda rows: follow(what, rows, total), total)
    counting.tell_rows()
    yield cast("BinaryIO", counting)
    counting.tell_rows()


MB = 1_000_000


def read_followed(file: BinaryIO, what: str, follow: Follow | None, total: int | None) -> BinaryIO:
    """The file, that is read from its beginning to its end; where somebody follows, its megabytes are counted on the way."""
    if follow is None:
        return file
    follow(what, 0, total)
    return cast("BinaryIO", _CountingRead(file, lambda more: follow(what, more, total)))


class _CountingRead:
    """A file that is read. Megabytes that are not whole yet are not told."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], None]) -> None:
        self._file, self._tell = file, tell
        self._bytes = self._told = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._bytes += len(data)
        if more := self._bytes // MB - self._told:
            self._told += more
            self._tell(more)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Counting:
    """A file of rows. A line break inside of a text passes for the end of a row, so no more rows are told than there are."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], None], total: int | None) -> None:
        self._file, self._tell, self._total = file, tell, total
        self._rows = self._told = 0

    def write(self, data: Any) -> int:
        self._rows += bytes(data).count(b"\n")
        if self._rows - self._told >= AT_ONCE:
            self.tell_rows()
        return self._file.write(data)

    def tell_rows(self) -> None:
        known = self._rows if self._total is None else min(self._rows, self._total)
        self._tell(known - self._told)
        self._told = known

    def seek(self, at: int) -> int:
        """Back to the beginning, when rows are read once more in another way."""
        self._rows = 0
        return self._file.seek(at)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
