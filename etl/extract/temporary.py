"""Files without a name, for what does not fit into memory: no other user sees them, and they are gone with the process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from etl.errors import SourceError


class Scratch:
    """Bytes that are written one after another, and read anywhere. `TMPDIR` says where; `what` they are is for people."""

    def __init__(self, file: BinaryIO, what: str) -> None:
        self.file, self._what = file, what
        self.size = 0

    def write(self, data: bytes) -> None:
        """Raises SourceError when the disk cannot take it."""
        left = memoryview(data)
        try:
            while left:  # a disk that is nearly full takes a part
                left = left[self.file.write(left) :]
        except OSError as error:
            raise _cannot_take(self._what, error) from None
        self.size += len(data)

    def read(self, begin: int, end: int) -> bytes:
        return os.pread(self.file.fileno(), end - begin, begin)


@contextmanager
def scratch(what: str) -> Iterator[Scratch]:
    try:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed below
    except OSError as error:
        raise _cannot_take(what, error) from None
    with file:
        yield Scratch(file, what)


def _cannot_take(what: str, error: OSError) -> SourceError:
    return SourceError(
        f"{tempfile.gettempdir()}: the disk cannot take {what} ({error.strerror}); make room, or name another folder in TMPDIR"
    )
