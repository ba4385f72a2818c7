"""How many rows a stage is going to read: known, or told by how many there were in the bytes so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from etl.extract import Extent
from etl.prepare.chunk import Chunk

TellExtent = Callable[[int, bool], None]
"""Told a number of rows, and whether it is about so many."""


@dataclass(slots=True)
class Foresight:
    """`limit`: no more rows are read than so many."""

    extent: Extent
    tell: TellExtent
    limit: int | None = None
    seen: int = 0

    def chunks(self, found: Iterable[Chunk]) -> Iterator[Chunk]:
        """The same chunks; after each of them the number is told, where it is another one."""
        told = self._known()
        for chunk in found:
            self.seen += chunk.read
            told = self._estimated(chunk.end, told)
            yield chunk

    def _known(self) -> int | None:
        if self.extent.rows is None:
            return None
        rows = self._within(self.extent.rows)
        self.tell(rows, False)
        return rows

    def _estimated(self, at: int | None, told: int | None) -> int | None:
        begin, end = self.extent.begin, self.extent.end
        if self.extent.rows is not None or end is None or at is None or at <= begin:
            return told
        rows = self._within(round(self.seen * (end - begin) / (at - begin)))
        if rows != told:
            self.tell(rows, at < end)
        return rows

    def _within(self, rows: int) -> int:
        return rows if self.limit is None else min(rows, self.limit)
