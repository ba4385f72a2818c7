"""What functions ask of the values they are given, and how their messages show a value."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

LARGEST = 1_000_000
"""The most characters a function may return: a mapping must not be able to fill the memory."""

SHOWN = 60
MOST_PLACES = 1000

GIVE_AN_ERROR: Any = ...
"""The default of a `default` parameter: without one, what cannot be read is an error. Expressions cannot write it."""


def shown(value: object) -> str:
    """A value for a message: in quotes when it is text, and never longer than a line."""
    if isinstance(value, str) and len(value) > SHOWN:
        return f"{value[:SHOWN]!r}... ({len(value)} characters)"
    written = repr(value) if isinstance(value, str) else str(value)
    return written if len(written) <= 2 * SHOWN else f"{written[:SHOWN]}..."


def text_for(function: str, value: object) -> str:
    """The value, when it is text. Raises ValueError that says what to write instead."""
    if isinstance(value, str):
        return value
    raise ValueError(f"{function} expects text, not {shown(value)}; write `| text | {function}`")


def whole(name: str, value: object, least: int, most: int) -> int:
    """A parameter that is a count. Raises ValueError when it is none, or out of bounds."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise ValueError(f"{name} is a whole number from {least} to {most:,}, not {shown(value)}")


def one_of(name: str, value: object, choices: Collection[object]) -> None:
    """Refuse a parameter that is not one of a few words."""
    if not isinstance(value, str | None) or value not in choices:
        raise ValueError(f"{name} is {' or '.join(_written(choice) for choice in choices)}, not {shown(value)}")


def _written(choice: object) -> str:
    return "none" if choice is None else repr(choice)


def text_parameter(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{name} is a text in quotes, not {shown(value)}")


def within_bound(function: str, length: int) -> None:
    """Refuse to build a text longer than LARGEST characters."""
    if length > LARGEST:
        raise ValueError(f"{function} would give {length:,} characters; at most {LARGEST:,} are allowed")


def as_text(value: Any) -> str:
    """Any single value as text; 5.0, as Excel stores whole numbers, is '5'. Lists and mappings raise ValueError."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    raise ValueError(f"{shown(value)} is a {type(value).__name__}; only a single value can become text")


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > MOST_PLACES:
        raise ValueError(f"{value} is not a number that can be written")
    return f"{value:f}"


def _float_text(value: float) -> str:
    if not isfinite(value):
        raise ValueError(f"{value} is not a number that can be written")
    # repr is the shortest decimal text that is this float; Decimal writes it without an exponent.
    plain = f"{Decimal(repr(value)):f}"
    return plain.removesuffix(".0")
