"""What compiled expressions call for the operators that need care. Each raises ValueError with a reason."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

ROW_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What evaluating an expression on a row may raise; anything else is a bug of ours."""


def multiply(left: Any, right: Any) -> Any:
    """Text or a list times a number would build anything of any size, so only numbers are multiplied."""
    return _number(left, "*") * _number(right, "*")


def modulo(left: Any, right: Any) -> Any:
    """Text % something would be formatting, which can build text of any size."""
    return _number(left, "%") % _number(right, "%")


def _number(value: Any, operator: str) -> Any:
    if isinstance(value, int | float | Decimal):
        return value
    raise ValueError(
        f"{value!r} is not a number, and '{operator}' computes with numbers: write `| int`, `| money` or `| decimal`"
    )


def concat(*parts: Any) -> str | None:
    """Join values as text: null as nothing, the whole trimmed, and null when nothing is left."""
    return "".join(["" if part is None else str(part) for part in parts]).strip() or None


def item(value: Any, key: Any) -> Any:
    """value[key] for nested JSON, text and lists; null has nothing inside, so it stays null."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        if key not in value:
            raise ValueError(f"there is no '{key}' in {{{', '.join(map(str, value))}}}")
        return value[key]
    if isinstance(value, str | list | tuple) and isinstance(key, int | slice):
        return value[key]
    raise ValueError(f"{type(value).__name__} has no '{key}'; only nested JSON has named values")


def clean(value: Any) -> Any:
    """A cell that may be of any type: text is trimmed, and blank text is null."""
    return (value.strip() or None) if isinstance(value, str) else value


def plainer(date_format: str, datetime_format: str) -> Callable[[Any], Any]:
    """The function that turns an expression's value into plain JSON, dates written as the target wants them."""

    def plain(value: Any) -> Any:
        if value is None or isinstance(value, str | int | float):
            return _finite(value)
        if isinstance(value, Decimal):
            return decimal_to_number(value)
        if isinstance(value, datetime.datetime):
            return value.strftime(datetime_format)
        if isinstance(value, datetime.date):
            return value.strftime(date_format)
        if isinstance(value, Mapping):
            return {str(key): plain(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [plain(inner) for inner in value]
        raise ValueError(f"a {type(value).__name__} cannot be written as JSON")

    return plain


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a number that JSON can hold")
    return value


def decimal_to_number(value: Decimal) -> float | int:
    """The JSON number whose decimal text is this Decimal's. Raises ValueError when a float would change it."""
    number = float(value)
    if Decimal(repr(number)) != value:
        raise ValueError(f"{value} has more digits than a JSON number keeps")
    return number
