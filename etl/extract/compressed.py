"""Compressed files as streams of what is in them. A file may hold several compressed streams, one after the other.

Python's own readers of .bz2 and .xz take a damaged second stream for something that may be passed over.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

PIECE = 1 << 16


def unpacked(packed: BinaryIO, suffix: str) -> BinaryIO:
    """What is in a stream whose file's name ends in `suffix`: as it is, unless that is one of SUFFIXES.

    Reading raises EOFError, zlib.error, lzma.LZMAError or gzip.BadGzipFile for what is damaged or cut off.
    """
    if suffix == ".gz":
        return gzip.GzipFile(fileobj=packed)  # type: ignore[return-value]
    if suffix in _NEW:
        return io.BufferedReader(_Unpacked(packed, _NEW[suffix]))
    return packed


_NEW: dict[str, Callable[[], Any]] = {".bz2": bz2.BZ2Decompressor, ".xz": lzma.LZMADecompressor}
SUFFIXES = (".gz", *_NEW)
MAGIC = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0"}
"""What such a file begins with."""


class _Unpacked(io.RawIOBase):
    """The streams of a .bz2 or .xz file, one after the other. Zeros between them and at the end are padding."""

    def __init__(self, packed: BinaryIO, new: Callable[[], Any]) -> None:
        self._packed, self._new, self._stream = packed, new, new()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _read(self, most: int) -> bytes:
        while True:
            data = b""
            if self._stream.eof:
                data = self._next_stream()
                if not data:
                    return b""
                self._stream = self._new()
            elif self._stream.needs_input and not (data := self._packed.read(PIECE)):
                raise EOFError("it ends in the middle")
            if found := self._decompressed(data, most):
                return found

    def _next_stream(self) -> bytes:
        """The first bytes after a stream that are no padding."""
        data: bytes = self._stream.unused_data.lstrip(b"\0")
        while not data:
            piece = self._packed.read(PIECE)
            if not piece:
                return b""
            data = piece.lstrip(b"\0")
        return data

    def _decompressed(self, data: bytes, most: int) -> bytes:
        try:
            found: bytes = self._stream.decompress(data, most)
        except OSError as error:  # what bz2 raises looks like a fault of the disk
            raise zlib.error(str(error)) from None
        return found
