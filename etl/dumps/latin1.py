"""MySQL's latin1: Windows' code page, in which the five bytes that have no letter there stand for themselves."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NAME = "mysql_latin1"


def _letter(byte: int) -> str:
    letter = bytes([byte]).decode("cp1252", "replace")
    return chr(byte) if letter == "\ufffd" else letter


LETTERS = "".join(map(_letter, range(256)))
"""The letter of each byte."""
_BYTES = codecs.charmap_build(LETTERS)


def _decode(data: ReadableBuffer, errors: str = "strict") -> tuple[str, int]:
    return codecs.charmap_decode(data, errors, LETTERS)


def _encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
    return codecs.charmap_encode(text, errors, _BYTES)


def _found(name: str) -> codecs.CodecInfo | None:
    return codecs.CodecInfo(_encode, _decode, name=NAME) if name == NAME else None


codecs.register(_found)
