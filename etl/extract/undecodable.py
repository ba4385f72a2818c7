"""What to say of a byte that is not in the encoding the mapping names."""

from __future__ import annotations

from etl.findings import Unfit, Words, phrase

LIKELY_ENCODINGS = ("utf-8", "windows-1254", "windows-1252", "iso-8859-9")


def offset(at: int) -> Words:
    return "offset {at}", {"at": at}


def column(number: int) -> Words:
    return "column {number}", {"number": number}


def undecodable(data: bytes, at: int, place: Words, encoding: str) -> Unfit:
    """About the byte `data[at]`, which stands at `place`; names an encoding in which all of `data` is text."""
    guess = next((name for name in LIKELY_ENCODINGS if name != encoding and _decodes(data, name)), None)
    words = "byte {byte} at {place} is not {encoding}"
    if guess is not None:
        words = "byte {byte} at {place} is not {encoding}; is the encoding {guess}?"
    byte = f"0x{data[at]:02X}"
    return Unfit("row:encoding", None, words, byte=byte, place=phrase(place), encoding=encoding, guess=guess)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        return bool(data.decode(encoding))
    except UnicodeDecodeError:
        return False
