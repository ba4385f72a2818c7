"""What compiled expressions call to join, to reach into nested values, and to write JSON. Raises Unfit."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from etl.expressions.cells import shown
from etl.expressions.functions.values import LARGEST, as_text, within_bound
from etl.findings import Unfit

ROW_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What evaluating an expression on a row may raise; anything else is a bug of ours."""


def concat(*parts: Any) -> str | None:
    """Join values as text: null as nothing, the whole trimmed, and null when nothing is left."""
    text = "".join(["" if part is None else as_text(part) for part in parts]).strip()
    if len(text) > LARGEST:
        within_bound("joining", len(text))
    return text or None


def item(value: Any, key: Any) -> Any:
    """value[key] for nested JSON, lists, and text, whose parts are texts like any other; null has nothing inside: null."""
    if value is None:
        return None
    if isinstance(value, Mapping) and isinstance(key, str | int):
        if key not in value:
            raise Unfit("item", value, "there is no '{told}' in {{{names}}}", told=key, names=list(map(str, value)))
        return value[key]
    if isinstance(value, str | list | tuple) and isinstance(key, int | slice):
        if isinstance(key, int) and not -len(value) <= key < len(value):
            words = _ABSENT[isinstance(value, str), len(value) == 1]
            raise Unfit("item", value, words, told=key, count=len(value))
        part = value[key] if isinstance(key, int) else _some(value, key)
        return shown(part) if isinstance(value, str) else part
    if isinstance(key, str):
        raise Unfit("item", value, "{value} has no '{told}': only nested JSON has named values", told=key)
    raise Unfit("item", value, "{value} has no parts that are counted: only a list or a text has")


def _some(value: Any, counted: slice) -> Any:
    try:
        return value[counted]
    except (TypeError, ValueError):
        raise Unfit("item", value, "parts are counted by whole numbers: [0:2], [-1:], [::2]") from None


def name(value: Any) -> str:
    """The name of a value in an object that an expression builds: JSON has names that are text only."""
    if value is None:
        raise Unfit("item", value, "null is no name in an object")
    return as_text(value)


_ABSENT = {
    (True, True): "there is no [{told}] in {count} character",
    (True, False): "there is no [{told}] in {count} characters",
    (False, True): "there is no [{told}] in {count} value",
    (False, False): "there is no [{told}] in {count} values",
}
"""By whether it is a text, and whether it has one part."""


class Writers(Struct, frozen=True):
    """How values of an expression become plain JSON: `plain` for any value, `known` for what is known to be of a type."""

    date_format: str
    datetime_format: str
    plain: Callable[[Any], Any]
    known: Mapping[type, Callable[[Any], Any] | None]


def writers(date_format: str, datetime_format: str) -> Writers:
    """The writers of a target, which wants dates written its own way. None: the type is plain JSON already."""
    write_date, write_moment = _dates(date_format), _moments(datetime_format)
    known: dict[type, Callable[[Any], Any] | None] = {
        str: None, int: None, bool: None, Decimal: decimal_to_number, datetime.date: write_date,
        datetime.datetime: write_moment,
    }  # fmt: skip

    def plain(value: Any) -> Any:
        if value is None or isinstance(value, str | int | float):
            return _finite(value)
        if isinstance(value, Decimal):
            return decimal_to_number(value)
        if isinstance(value, datetime.datetime):
            return write_moment(value)
        if isinstance(value, datetime.date):
            return write_date(value)
        if isinstance(value, datetime.time):
            return value.isoformat()
        if isinstance(value, Mapping):
            return {str(key): plain(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [plain(inner) for inner in value]
        raise Unfit("json", value, "a {type} cannot be written as JSON", type=type(value).__name__)

    return Writers(date_format, datetime_format, plain, known)


def _dates(date_format: str) -> Callable[[Any], str]:
    """isoformat is ten times as fast as strftime, and writes the usual format."""
    if date_format == "%Y-%m-%d":
        return lambda value: value.isoformat()
    return lambda value: value.strftime(date_format)


def _moments(datetime_format: str) -> Callable[[Any], str]:
    if datetime_format == "%Y-%m-%d %H:%M:%S":
        return lambda value: value.isoformat(" ", "seconds")
    return lambda value: value.strftime(datetime_format)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise Unfit("json:number", value, "{value} is not a number that JSON can hold")
    return value


EXACT_DIGITS = 15
"""Every decimal number of so many digits survives becoming a float, and is that float's shortest text."""

EXACT = float(10**EXACT_DIGITS)


def decimal_to_number(value: Decimal) -> float:
    """The JSON number whose decimal text is this Decimal's. Raises Unfit when a float would change it."""
    text = str(value)
    number = float(text)
    # What is short and written without an exponent is exact; anything else (and infinity) is looked at.
    short = len(text) <= EXACT_DIGITS and -EXACT < number < EXACT and "E" not in text
    if not short and not (math.isfinite(number) and Decimal(repr(number)) == value):
        broken = value.is_finite() and value != value.to_integral_value()
        words = "{value} has more digits than a JSON number keeps"
        if broken:
            words = "{value} has more digits than a JSON number keeps; write `| round` for two decimals"
        raise Unfit("json:digits", value, words)
    return number
