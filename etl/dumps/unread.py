"""What stands among the rows of an INSERT and is not read: told by how it begins, with what to do."""

from __future__ import annotations

import re

_ADVICE = "is not read; load the dump into a database, and read that"
_KINDS = (
    (re.compile(rb"/\*|\*/|--\s|#"), f"a comment within or around the rows of an INSERT {_ADVICE}"),
    (re.compile(rb"(?:ON|AS|RETURNING)\b", re.IGNORECASE), f"what an INSERT says behind its rows {_ADVICE}"),
    (re.compile(rb"[A-Za-z_]\w*\s*\("), f"a function in the place of a value {_ADVICE}"),
    (re.compile(rb"_[a-z0-9]+\s*(?:0|[xX]')"), f"a text as bytes, with its encoding before them, {_ADVICE}"),
)
_TEXT = re.compile(rb"(?:_[a-z0-9]+\s?|[A-Za-z])?['\"]")
_ELSE = "is a quote missing? Else load the dump into a database, and read that"
_BESIDE = f"two texts without a comma between them are not read; {_ELSE}"
_NO_END = "a row that does not end: is a quote missing, or was the dump cut off? dump it again"
_OTHER = f"a row that cannot be read; {_ELSE}"
ENOUGH = 64
"""Bytes behind a place that show what stands there."""


def kind_at(data: bytes, at: int) -> str | None:
    """What begins there; None for what may be a value that goes on."""
    if _before(data, at) in (b"'", b'"') and data[at : at + 1] in (b"'", b'"'):
        return _BESIDE
    return next((said for pattern, said in _KINDS if pattern.match(data, at)), None)


def otherwise(data: bytes, at: int, row: str) -> str:
    """What is wrong where nothing that has a name begins; `row` is how the row begins."""
    is_begun = _before(data, at) in (b",", b"(") and _TEXT.match(data, at) is not None
    is_endless = is_begun or not data[at:].strip()
    return (_NO_END if is_endless else _OTHER) + (f": {row}" if row else "")


def _before(data: bytes, at: int) -> bytes:
    return data[max(0, at - ENOUGH) : at].rstrip()[-1:]
