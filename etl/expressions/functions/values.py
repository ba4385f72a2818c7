"""What functions ask of the values they are given, and how their messages show a value."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any

from etl.findings import Unfit

LARGEST = 1_000_000
"""The most characters a function may return: a mapping must not be able to fill the memory."""

MOST_PLACES = 1000

GIVE_AN_ERROR: Any = ...
"""The default of a `default` parameter: without one, what cannot be read is an error. Expressions cannot write it."""


def text_for(function: str, value: object) -> str:
    """The value, when it is text. Raises Unfit, which says what to write instead."""
    if isinstance(value, str):
        return value
    words = "{function} expects text, not {value}; write `| text` before it"
    raise Unfit(f"function:{function}:text", value, words, function=function)


def whole(name: str, value: object, least: int, most: int) -> int:
    """A parameter that is a count. Raises Unfit when it is none, or out of bounds."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    words = "{name} is a whole number from {least} to {most:,}, not {value}"
    raise Unfit(f"parameter:{name}", value, words, name=name, least=least, most=most)


def one_of(name: str, value: object, choices: Collection[object]) -> None:
    """Refuse a parameter that is not one of a few words."""
    if not isinstance(value, str | None) or value not in choices:
        listed = [_written(choice) for choice in choices]
        raise Unfit(f"parameter:{name}", value, "{name} is {choices}, not {value}", name=name, choices=listed)


def _written(choice: object) -> str:
    return "none" if choice is None else repr(choice)


def text_parameter(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise Unfit(f"parameter:{name}", value, "{name} is a text in quotes, not {value}", name=name)


def within_bound(function: str, length: int) -> None:
    """Refuse to build a text longer than LARGEST characters."""
    if length > LARGEST:
        words = "{function} would give {length:,} characters; at most {most:,} are allowed"
        raise Unfit(f"function:{function}:length", None, words, function=function, length=length, most=LARGEST)


def as_text(value: Any) -> str:
    """Any single value as text; 5.0, as Excel stores whole numbers, is '5', and -0 is '0'. Lists and mappings raise Unfit."""
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
    if isinstance(value, date | time):
        return value.isoformat()
    words = "{value} is {type}; only a single value can become text"
    raise Unfit("function:text:single", value, words, type=_MANY.get(type(value), "an object"))


def key_text(value: Any) -> str:
    """The same as the text of a key, which any value has."""
    try:
        return as_text(value)
    except Unfit:
        return str(value)


_MANY: dict[type, str] = {list: "a list", tuple: "a list", type(None): "null"}


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > MOST_PLACES:
        raise Unfit("function:text:number", value, "{value} is not a number that can be written")
    return f"{value or abs(value):f}"


def _float_text(value: float) -> str:
    if not isfinite(value):
        raise Unfit("function:text:number", value, "{value} is not a number that can be written")
    # repr is the shortest decimal text that is this float; Decimal writes it without an exponent.
    plain = f"{Decimal(repr(value or 0.0)):f}"
    return plain.removesuffix(".0")
