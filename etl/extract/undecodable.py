"""What to say of a byte that is not in the encoding the mapping names."""

from __future__ import annotations

LIKELY_ENCODINGS = ("utf-8", "windows-1254", "windows-1252", "iso-8859-9")


def undecodable(data: bytes, at: int, place: str, encoding: str) -> str:
    """A sentence about the byte `data[at]`, which stands at `place`; names an encoding in which all of `data` is text."""
    guess = next((name for name in LIKELY_ENCODINGS if name != encoding and _decodes(data, name)), "")
    hint = f"; is the encoding {guess}?" if guess else ""
    return f"byte 0x{data[at]:02X} at {place} is not {encoding}{hint}"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        return bool(data.decode(encoding))
    except UnicodeDecodeError:
        return False
