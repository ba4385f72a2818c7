"""jsonschema, made exact where it is not: this is the validator that decides what a payload schema means.

Importing this module imports jsonschema, which takes longer than validating a thousand records: only do so to explain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from math import isfinite
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

Errors = Iterator[ValidationError]

_EXACT = Context(prec=1000)
"""Wide enough for the remainder of any float or 64-bit whole number; Python's usual 28 digits are not."""

_additional_properties = Draft202012Validator.VALIDATORS["additionalProperties"]


def reference_validator(schema: Mapping[str, object], formats: Mapping[str, Callable[[str], bool]]) -> Any:
    """A validator of one schema. `formats` are the only formats it knows."""
    checker = FormatChecker(formats=())
    checker.checkers = {name: (_of_text(check), ()) for name, check in formats.items()}
    return _Exact(schema, format_checker=checker)


def _of_text(check: Callable[[str], bool]) -> Callable[[object], bool]:
    """A format says nothing about what is no text."""
    return lambda value: not isinstance(value, str) or check(value)


def is_multiple(value: int | float | Decimal, of: int | float) -> bool:
    """Whether a number, read in its shortest decimal form, is a multiple of another. Exact: 0.07 is one of 0.01."""
    return _EXACT.remainder(Decimal(str(value)), Decimal(str(of))) == 0


def _multiple_of(validator: Any, of: int | float, value: Any, schema: Any) -> Errors:
    if validator.is_type(value, "number") and not is_multiple(value, of):
        yield ValidationError(f"{value} is not a multiple of {of}")


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Errors:
    if validator.is_type(value, "string") and not _expression(pattern).is_valid(value):
        yield ValidationError(f"{value!r} does not match {pattern}")


@lru_cache(maxsize=256)
def _expression(pattern: str) -> jsonschema_rs.Draft202012Validator:
    """JSON Schema's expressions are JavaScript's, and Python's `re` reads them differently: to it '$' also matches
    before a newline at the end, and '\\d' any script's digit. So both validators use the same engine."""
    return jsonschema_rs.Draft202012Validator({"pattern": pattern})


def _required(validator: Any, names: list[str], value: Any, schema: Any) -> Errors:
    """As jsonschema's own, with the missing name in the error's path."""
    if validator.is_type(value, "object"):
        yield from (ValidationError("required", path=[name]) for name in names if name not in value)


def _no_additional_properties(validator: Any, allowed: Any, value: Any, schema: Any) -> Errors:
    """As jsonschema's own; where none are allowed, an error for each, with its name in the path."""
    if allowed is not False or "patternProperties" in schema:
        yield from _additional_properties(validator, allowed, value, schema) or ()
    elif validator.is_type(value, "object"):
        extra = (name for name in value if name not in schema.get("properties", {}))
        yield from (ValidationError("unknown", path=[name], instance=value[name]) for name in extra)


def _is_number(checker: object, value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and isfinite(value)


def _is_integer(checker: object, value: object) -> bool:
    """1.0 is a whole number: JSON does not tell it from 1."""
    return _is_number(checker, value) and value == int(value)  # type: ignore[call-overload]


def _is_array(checker: object, value: object) -> bool:
    return isinstance(value, list | tuple)


_Exact: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={
        "multipleOf": _multiple_of,
        "pattern": _pattern,
        "required": _required,
        "additionalProperties": _no_additional_properties,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_integer, "array": _is_array}
    ),
)
