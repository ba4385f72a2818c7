"""Texts of many lines in a dump of SQLite: its tool writes them in one, within a call that gives what was meant."""

from __future__ import annotations

import re

_TEXT = rb"'(?:[^']++|'')*+'"
CALLS = (
    rb"(?:replace\()++%s(?:,'[^']*+',char\(1[03]\)\))++|unistr\('(?:[^'\\]++|''|\\\\|\\u00[0-9a-fA-F]{2})*+'\)" % _TEXT
)
"""`replace(replace('a\\r\\nb','\\r',char(13)),'\\n',char(10))`; since 3.50 `unistr('a\\u000d\\u000ab')`."""
_REPLACED = re.compile(rb"(?:replace\()+(%s)((?:,'[^']*',char\(1[03]\)\))+)" % _TEXT)
_STEP = re.compile(rb",'([^']*)',char\((1[03])\)\)")
_ESCAPE = re.compile(rb"\\(?:\\|u00([0-9a-fA-F]{2}))")


def called(value: bytes) -> bytes | None:
    """The text that the call gives; None where the value is none."""
    if value.startswith(b"unistr("):
        return _ESCAPE.sub(_letter, value[len("unistr('") : -len("')")].replace(b"''", b"'"))
    match = _REPLACED.fullmatch(value) if value.startswith(b"replace(") else None
    if match is None:
        return None
    text = match[1][1:-1].replace(b"''", b"'")
    for sign, code in _STEP.findall(match[2]):  # the innermost call stands first
        text = text.replace(sign, b"\n" if code == b"10" else b"\r")
    return text


def _letter(match: re.Match[bytes]) -> bytes:
    return b"\\" if match[1] is None else chr(int(match[1], 16)).encode()
