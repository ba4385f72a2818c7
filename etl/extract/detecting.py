"""Which encoding a file's bytes are in: what `encoding: detect` means, and what a declared one is held against.

A mark says it; bytes that are UTF-8 are UTF-8, for nothing else looks like it by chance; text with a NUL at every second byte is
UTF-16. What is left is decided by the six letters that only Turkish has: their bytes are other letters in windows-1252.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from msgspec import Struct

from etl.errors import SourceError
from etl.extract.locations import File
from etl.extract.opening import MARKS, byte_stream, reading

DETECT = "detect"
"""What stands in a mapping instead of an encoding's name."""

TURKISH = "windows-1254"
"""It holds all of iso-8859-9, and quotes and dashes beside."""

CHUNK = 1 << 20
_LETTER = rb"A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\xff"
_TURKISH_LETTERS = re.compile(
    rb"(?:(?<=[%(l)s])[\xd0\xdd\xde\xf0\xfd\xfe]|[\xd0\xdd\xde\xf0\xfd\xfe](?=[%(l)s]))" % {b"l": _LETTER}
)
"""Ğ İ Ş ğ ı ş of windows-1254, beside another letter."""
_UTF8_LETTERS = re.compile(rb"[\xc3-\xc5][\x80-\xbf]")
_DOS_LETTERS = re.compile(rb"(?<=[A-Za-z])[\x81\x87\x8d\x94\x9f\xa7](?=[A-Za-z])")
"""ü ç ı ö ş ğ of code page 857, between letters that no other code page would break a word by."""
_CENTRAL_LETTERS = re.compile(
    rb"(?<=[A-Za-z\xc6-\xd6\xd8-\xf6\xf8-\xff])(?:[\xa3\xa5\xaa\xb9\xba]|(?<![Mm])\xb3)(?=[%(l)s])" % {b"l": _LETTER}
)
"""Ł Ą Ş ą ş ł of windows-1250, which are £ ¥ ª ¹ º ³ in windows-1254: nothing that stands within a word, but a cubic metre with
an ending. (Not after Ã, Ä and Å, which these follow where UTF-8 was read as Latin.)"""
_NOT_ASCII = re.compile(rb"[\x80-\xff]")

SHOWN = 3
LONGEST_SHOWN = 40
_CELLS = re.compile(r"[^,;\t|\r\n\"'<>{}\[\]]+")
_ONLY_TURKISH = re.compile("[ĞİŞğış]")
_PLAIN = re.compile(r"[A-Za-z0-9]")


class Detected(Struct, frozen=True):
    """`encoding` is Python's name, `why` what says so. `letters`: whether a byte beyond ASCII was seen at all."""

    encoding: str
    why: str
    letters: bool = True


class _Seen(Struct):
    """What the bytes of a file that is not UTF-8 have shown so far."""

    turkish: int = 0
    utf8_letters: int = 0
    dos: int = 0
    central: int = 0
    undefined: bool = False


def detected(path: File, most: int | None = None) -> Detected:
    """By all of a file's bytes, or by the first `most`. Raises SourceError where they are of no encoding that is known."""
    with reading(path), byte_stream(path) as stream:
        head = stream.read(CHUNK if most is None else min(CHUNK, most))
        sure = by_mark(head)
        if sure:
            return sure
        if b"\0" in head:
            raise SourceError(f"{path}: holds zeros, which no text has; is this a text file?")
        sure = _as_utf8(chain([head], _blocks(stream, most, len(head))), whole=most is None)
    if sure:
        return sure
    # Letters are counted only now: nearly every file is UTF-8, and to see that is a hundred times as quick.
    with reading(path), byte_stream(path) as stream:
        return _judged(path, _looked_at(_blocks(stream, most)))


def _blocks(stream: BinaryIO, most: int | None, read: int = 0) -> Iterator[bytes]:
    """The rest of a stream of which `read` bytes have been read, up to its byte `most`."""
    while block := stream.read(CHUNK if most is None else min(CHUNK, most - read)):
        read += len(block)
        yield block


def encoding_of(path: File, declared: str) -> str:
    """The declared encoding of a file, or the one that its bytes are in. Raises SourceError."""
    return detected(path).encoding if declared == DETECT else declared


def by_mark(head: bytes) -> Detected | None:
    """What a file's first bytes say for certain: a mark, or the zeros of UTF-16."""
    mark = next((name for sign, name in MARKS.items() if head.startswith(sign)), None)
    if mark:
        return Detected(mark, "its mark (BOM)")
    zeros = [head[:4096][at::2].count(0) for at in (0, 1)]
    half = min(len(head), 4096) // 2
    if half and zeros[1] > half * 0.7 > zeros[0] * 10:
        return Detected("utf-16-le", "a zero in every second byte")
    if half and zeros[0] > half * 0.7 > zeros[1] * 10:
        return Detected("utf-16-be", "a zero in every second byte")
    return None


def _as_utf8(blocks: Iterable[bytes], *, whole: bool) -> Detected | None:
    """`whole`: the last block is the end of the file, where no letter may be cut."""
    decoder, letters = codecs.getincrementaldecoder("utf-8")(), False
    try:
        for block in blocks:
            letters = letters or not block.isascii()
            decoder.decode(block)
        decoder.decode(b"", whole)
    except UnicodeDecodeError:
        return None
    return Detected("utf-8", "all of it is UTF-8" if letters else "all of it is ASCII", letters)


def _looked_at(blocks: Iterable[bytes]) -> _Seen:
    """Each block is looked at with the last letter of the one before, so that no pair of letters is cut apart."""
    seen, last = _Seen(), b""
    for block in blocks:
        piece, last = last + block, block[-1:]
        if not piece.isascii():
            seen.turkish += len(_TURKISH_LETTERS.findall(piece))
            seen.utf8_letters += len(_UTF8_LETTERS.findall(piece))
            seen.dos += len(_DOS_LETTERS.findall(piece))
            seen.central += len(_CENTRAL_LETTERS.findall(piece))
            seen.undefined = seen.undefined or not _is_turkish(block)
    return seen


def _is_turkish(data: bytes) -> bool:
    try:
        data.decode(TURKISH)
    except UnicodeDecodeError:
        return False
    return True


def _judged(path: File, seen: _Seen) -> Detected:
    if seen.utf8_letters > seen.turkish * 4 and seen.utf8_letters > seen.dos:
        # Damaged in places: these rows are rejected, and the others are right.
        return Detected("utf-8", "nearly all of it is UTF-8")
    if seen.dos > seen.turkish:
        raise SourceError(
            f"{path}: its encoding cannot be told: it may be cp857, of old DOS programs; name it as `encoding`"
        )
    if seen.central * 4 > seen.turkish:
        raise SourceError(
            f"{path}: its encoding cannot be told: it may be windows-1250, of Central Europe; name it as `encoding`"
        )
    if seen.undefined:
        raise SourceError(f"{path}: its encoding is neither UTF-8, UTF-16 nor {TURKISH}; name it as `encoding`")
    why = "letters that only Turkish has" if seen.turkish else "it is no UTF-8, and all letters fit"
    return Detected(TURKISH, why)


def cells_with_letters(path: File, encoding: str) -> list[str]:
    """Up to three texts of a file that hold letters which only Turkish has, or else any beyond ASCII, with all other letters
    starred: enough to see that they are read right, and nobody's name."""
    found: dict[bool, dict[str, None]] = {True: {}, False: {}}
    with reading(path), byte_stream(path) as stream:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        for piece in iter(lambda: stream.read(CHUNK), b""):
            text = decoder.decode(piece)
            for cell in () if text.isascii() else _CELLS.findall(text):
                if not cell.isascii() and len(cell) <= LONGEST_SHOWN:
                    found[_ONLY_TURKISH.search(cell) is not None].setdefault(starred(cell.strip()))
                    if len(found[True]) == SHOWN:
                        return list(found[True])
    return list(found[True] or found[False])[:SHOWN]


def starred(text: str) -> str:
    return _PLAIN.sub("*", text)
