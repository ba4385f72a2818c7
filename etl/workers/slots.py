"""Memory that this process and the workers it forks share.

A worker leaves the lines of a chunk there, and only says how many bytes they are. Through the pipe of a ProcessPoolExecutor
the same half a megabyte is copied seven times, which is a tenth of the time the chunk takes altogether.
"""

from __future__ import annotations

import mmap
from collections import deque

SIZE = 1 << 20
"""Bytes of a slot: twice what the lines of a usual part need. Memory that is never written to is never taken."""


class Slots:
    """So many slots, each with room for the lines of one part. Longer ones have to go through the pipe."""

    def __init__(self, count: int) -> None:
        self._memory = mmap.mmap(-1, count * SIZE)
        self._free = deque(range(count))

    def take(self) -> int:
        """A slot that nobody uses. There are as many as parts under way."""
        return self._free.popleft()

    def free(self, slot: int) -> None:
        self._free.append(slot)

    def put(self, slot: int, lines: bytes) -> bool:
        """In a worker: leave lines for the main process. False when they are too long."""
        if len(lines) > SIZE:
            return False
        begin = slot * SIZE
        self._memory[begin : begin + len(lines)] = lines
        return True

    def get(self, slot: int, size: int) -> bytes:
        """In the main process: what a worker has left."""
        begin = slot * SIZE
        return self._memory[begin : begin + size]

    def close(self) -> None:
        self._memory.close()
