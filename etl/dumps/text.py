"""A dump as a stream of UTF-8-like bytes: opened, unmasked when it is no dump at all, numbered by lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import BinaryIO

from etl.dumps.errors import DumpError, beginning

BLOCK = 1 << 20
BEGINNING = 1 << 16
"""Bytes in which a dump shows its dialect."""
LONGEST = 256 << 20
"""Bytes of one row, or of one statement that is no INSERT. MySQL's own bound of a packet is 1 GB, its usual one 64 MB."""

DISGUISES = (
    (b"PGDMP", "is pg_dump's custom format; make a plain one: pg_dump --format=plain, or pg_restore -f shop.sql THIS"),
    (b"SQLite format 3\x00", "is an SQLite database, not a dump; name it as the database itself"),
    (b"PK\x03\x04", "is a zip archive; name it .zip"),
    (b"\x1f\x8b", "is compressed with gzip; name it .gz"),
    (b"BZh", "is compressed with bzip2; name it .bz2"),
    (b"\xfd7zXZ", "is compressed with xz; name it .xz"),
    (b"7z\xbc\xaf", "is a 7-Zip archive; unpack it first"),
    (b"<!DOCTYPE", "is a web page, not a dump; was the download answered with a login page?"),
    (b"<html", "is a web page, not a dump; was the download answered with a login page?"),
    (b"<?xml", "is XML, not SQL; dump without --xml"),
)
_TOOL_FAILED = re.compile(rb"\A(?:mysqldump|mariadb-dump|mysql|pg_dump|sqlite3?)(?:\.exe)?: [^\n]*")


class Text:
    """A window on a dump: `data[position:]` is what has not been used. `more` makes it longer."""

    def __init__(self, file: BinaryIO, block: int = BLOCK) -> None:
        self._block = block
        self.data = b""
        self.position = 0
        self.ended = False
        self._counted, self._lines = 0, 0  # a position of the window, and the line ends before it in the dump
        first = file.read(max(block, BEGINNING))
        refuse_disguises(first)
        self._read = _utf8(first, file)
        self.more()

    def more(self) -> bool:
        """Read a block more, and forget what was used; whether there was one."""
        if self.ended:
            return False
        block = self._read(self._block)
        if not block:
            self.ended = True
            return False
        self.line()
        self._counted -= self.position
        self.data = self.data[self.position :] + block
        self.position = 0
        if len(self.data) > LONGEST + BLOCK:
            raise DumpError(
                self.line(), f"a row or statement of more than {LONGEST >> 20} MB; is a quote missing before it?"
            )
        return True

    def line(self) -> int:
        """The line, from 1, in which the position lies. It is asked for with each statement, so none is counted twice."""
        if self.position < self._counted:
            self._lines -= self.data.count(b"\n", self.position, self._counted)
        else:
            self._lines += self.data.count(b"\n", self._counted, self.position)
        self._counted = self.position
        return self._lines + 1

    def rest(self) -> bytes:
        return self.data[self.position : self.position + 200]


def refuse_disguises(first: bytes) -> None:
    """Raise DumpError when a file is something else by the name of a dump."""
    found = next((what for sign, what in DISGUISES if first.lower().startswith(sign.lower())), None)
    if found is not None:
        raise DumpError(1, found)
    if message := _TOOL_FAILED.match(first):
        raise DumpError(1, f"holds the error message of the tool that should have dumped: {beginning(message[0])}")


def _utf8(first: bytes, file: BinaryIO) -> Callable[[int], bytes]:
    """Read on after `first`; UTF-16, which PowerShell's `>` writes, becomes UTF-8, and a mark is left out."""
    ready = [first.removeprefix(codecs.BOM_UTF8)]

    def raw(size: int) -> bytes:
        return ready.pop() if ready else file.read(size)

    if not first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw
    decoder = codecs.getincrementaldecoder("utf-16")()

    def converted(size: int) -> bytes:
        while block := raw(size):
            if text := decoder.decode(block):
                return text.encode()
        if decoder.getstate()[0]:
            raise DumpError(1, "is UTF-16 that ends within a letter; was it cut off?")
        return b""

    return converted
