"""Plain YAML scalars: what each means, and those that do not mean what they look like."""

from __future__ import annotations

import re
from decimal import Decimal

NULL = re.compile(r"(~|null|Null|NULL|)\Z")
LOGICAL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")

MOST_DIGITS = 18
"""A whole number of so many digits fits the 64 bits that JSON's readers have for it."""

_NUMBER = ", or write the number in plain digits"

TRAPS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"(y|yes|on)\Z", re.I), "true to some YAML readers and text to others", ", true if it is a logical value"),
    (re.compile(r"(n|no|off)\Z", re.I), "false to some YAML readers and text to others", ", false if it is a logical value"),
    (re.compile(r"(none|nil)\Z", re.I), "text to YAML", ", or null if nothing is meant"),
    (re.compile(r"[-+]?0[0-9_]+\Z"), "an octal number to YAML", _NUMBER),
    (re.compile(r"[-+]?0[xob][0-9a-f_]+\Z", re.I), "a number in another base to YAML", _NUMBER),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z"), "a number in base 60 to YAML", _NUMBER),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?e[-+]?[0-9]+\Z", re.I),
        "a number with an exponent to some YAML readers",
        _NUMBER,
    ),
    (re.compile(r"[-+]?\.(inf|nan)\Z", re.I), "not a number that JSON can hold", ""),
    (re.compile(r"[-+]?[0-9][0-9,_.]*_[0-9_.]*\Z"), "a number with separators to YAML", _NUMBER),
    (re.compile(r"\+[0-9.]+\Z"), "a number to YAML, which loses its +", _NUMBER),
    (re.compile(r"([-+]?\.[0-9]+|[-+]?[0-9]+\.)\Z"), "a number without its digits before or after the point", _NUMBER),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?\Z"), "a date to YAML", ""),
)  # fmt: skip
"""A form, what it is, and what else may have been meant."""


def read_plain(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar. Raises ValueError for one that does not mean what it looks like."""
    if NULL.match(text):
        return None
    if text in LOGICAL:
        return LOGICAL[text]
    if INTEGER.match(text) or DECIMAL.match(text):
        return _number(text)
    for form, meaning, otherwise in TRAPS:
        if form.match(text):
            raise ValueError(f"{text} is {meaning}: write '{text}' in quotes if it is text{otherwise}")
    return text


def _number(text: str) -> int | float:
    if len(text.strip("-0.")) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} characters: write it in quotes if it is text")
    if INTEGER.match(text):
        return int(text)
    if Decimal(repr(float(text))) != Decimal(text):
        raise ValueError(f"{text} has more digits than a number keeps: write '{text}' in quotes if it is text")
    return float(text)
