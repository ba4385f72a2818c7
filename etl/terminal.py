"""Text from outside, made fit for a terminal: a cell or an answer may hold what moves the cursor or turns a line round.

And names and numbers, as a sentence has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def visible(text: str) -> str:
    """One line: line breaks, escape sequences, control, bidi and zero-width characters as Python escapes (`\\x1b`, `\\u202e`)."""
    # What is printable, in Unicode's sense, neither controls anything nor is invisible; of the blanks it is the space alone.
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def plain_json(value: Any) -> str:
    """A value as JSON, in one line; what `visible` escapes with JSON's own escapes, so that it reads back as it was."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if text.isprintable() else "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def plain_value(value: Any) -> str:
    """A value inside a line: a text in quotes, a number and a time as they are, all else as JSON writes it."""
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, bool | Mapping | list | tuple) or value is None:
        return plain_json(value)
    return str(value)


def visible_lines(text: str) -> str:
    """As `visible`, but the line breaks (`\\n`) stay. For a whole message, whose own lines are meant."""
    return "\n".join(map(visible, text.split("\n")))


def listed(names: Iterable[str]) -> str:
    """'a', 'b', 'c'"""
    return ", ".join(f"'{name}'" for name in names)


def counted(number: int, word: str, more: str = "s") -> str:
    """1 row; 1,200 rows. `more` is what the word ends in where there is not one."""
    return f"{number:,} {word}{'' if number == 1 else more}"
