"""How many rows a stage is going to read: known, or told by how many there were in the part of the source that is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from etl.prepare.chunk import Chunk

TellExtent = Callable[[int, bool], None]
"""Told a number of rows, and whether it is about so many."""


class Foresight(Struct):
    """`height` is how many rows the source has, where that is known; `limit`: no more of them are read than so many."""

    height: int | None
    tell: TellExtent
    limit: int | None = None
    seen: int = 0
    told: tuple[int, bool] | None = None
    share: float | None = None

    def chunks(self, found: Iterable[Chunk]) -> Iterator[Chunk]:
        """The same chunks; after each of them the number is told, where it is another one."""
        if self.height is not None:
            self._tell(self.height, about=False)
        for chunk in found:
            self.seen += chunk.read
            self._reached(chunk.part.reached if chunk.part else None)
            yield chunk
        if self.height is None:
            self._tell(self.seen, about=False)

    def _reached(self, share: float | None) -> None:
        """What is read piece by piece tells of its place after each piece, and so of the rows that were in it."""
        if self.height is None and share and share != self.share:
            self.share = share
            self._tell(round(self.seen / share), about=share < 1)

    def _tell(self, rows: int, *, about: bool) -> None:
        within = rows if self.limit is None else min(rows, self.limit)
        if self.told != (within, about):
            self.told = within, about
            self.tell(within, about)
