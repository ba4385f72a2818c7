"""How much of a file has been read, of what is stored: of a compressed one, of its compressed bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO


class Reach:
    """One for each table that is read from its beginning to its end. Whoever reads the file says how far it is."""

    def __init__(self) -> None:
        self._share = 0.0

    def share(self, *, last: bool) -> float | None:
        """None where nothing can be told: at the very beginning, and where all is read of which something is still to be cut."""
        if last:
            return 1.0
        return self._share if 0 < self._share < 1 else None

    def followed(self, pieces: Iterator[bytes], stored: BinaryIO, size: int) -> Iterator[bytes]:
        """The pieces of what is made of `stored`, which has so many bytes. A piece counts when the next one is asked for:
        it has been used by then."""
        self._share = 0.0
        for piece in pieces:
            at = stored.tell()
            yield piece
            self._share = at / size if size else 1.0


def reached(at: float, begin: float, end: float) -> float:
    """The share of what lies between `begin` and `end` that ends at `at`."""
    return (at - begin) / (end - begin) if end > begin else 1.0
