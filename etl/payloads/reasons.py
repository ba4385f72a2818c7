"""Why a value was refused, in words. One small function for each keyword of JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from etl.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

LONGEST_SHOWN = 80
"""A longer text is not repeated within a sentence about it."""

_MOST_LISTED = 8

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a JSON object",
    "array": "a list",
}


def reason(error: ValidationError, formats: Mapping[str, str]) -> str:
    """A sentence about one error. `formats` tells for each format what a good value is ('a date written as ...')."""
    if error.instance is None and error.validator in {"type", "enum"}:
        return "must not be null"
    if error.validator == "format":
        wanted = formats.get(str(error.validator_value), str(error.validator_value))
        return f"{shown(error)} is not {wanted}"
    in_words = _IN_WORDS.get(str(error.validator))
    return in_words(error) if in_words else error.message


def settles(error: ValidationError) -> bool:
    """Whether an error makes every other one about the same value pointless: the wrong type, or nothing there."""
    return error.validator == "type" or (error.validator == "minLength" and error.instance == "")


def is_hidden(error: ValidationError) -> bool:
    """Whether the value is one that nobody should see (a password), which its schema says by `writeOnly`."""
    return isinstance(error.schema, Mapping) and error.schema.get("writeOnly") is True


def shown(error: ValidationError) -> str:
    """The value as a sentence begins with it."""
    value: Any = error.instance
    if is_hidden(error):
        return "the value"
    if isinstance(value, str):
        return repr(value) if len(value) <= LONGEST_SHOWN else "the text"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float | Decimal):
        return str(value)
    return "the object" if isinstance(value, dict) else "the list"


def _type(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    names = [wanted] if isinstance(wanted, str) else [name for name in wanted if name != "null"]
    advice = (
        "; `| text` makes it one"
        if names == ["string"] and isinstance(error.instance, bool | int | float | Decimal)
        else ""
    )
    return f"{shown(error)} is not {' or '.join(_TYPES.get(name, name) for name in names)}{advice}"


def _enum(error: ValidationError) -> str:
    values: Any = error.validator_value
    allowed = [json_text(value) for value in values if value is not None]
    if len(allowed) <= _MOST_LISTED:
        return f"{shown(error)} is not one of {', '.join(allowed)}{_meant(error, allowed)}"
    return f"{shown(error)} is not one of {', '.join(allowed[:3])}, ...{_meant(error, allowed)}; see docs/payloads.md"


def _meant(error: ValidationError, allowed: list[str]) -> str:
    near = nearest(error.instance, allowed) if isinstance(error.instance, str) else None
    return f"; did you mean '{near}'?" if near and not near.isdigit() else ""


def json_text(value: object) -> str:
    """A value of a list of allowed ones. The empty text is shown as ''."""
    return value if isinstance(value, str) and value else repr(value)


def _const(error: ValidationError) -> str:
    return f"{shown(error)} is not {json_text(error.validator_value)}"


def _multiple_of(error: ValidationError) -> str:
    step = Decimal(str(error.validator_value))
    exponent = step.as_tuple().exponent
    if isinstance(exponent, int) and exponent < 0 and step == Decimal(1).scaleb(exponent):
        return f"{shown(error)} has more than {-exponent} decimals"
    return f"{shown(error)} is not a multiple of {error.validator_value}"


def _max_length(error: ValidationError) -> str:
    return f"{shown(error)} is longer than {error.validator_value} characters ({len(str(error.instance))})"


def _min_length(error: ValidationError) -> str:
    if error.instance == "":
        return "must not be empty"
    return f"{shown(error)} is shorter than {error.validator_value} characters ({len(str(error.instance))})"


def _pattern(error: ValidationError) -> str:
    """What the schema says itself, in the keyword that editors read too; else the expression."""
    said = error.schema.get("patternErrorMessage") if isinstance(error.schema, Mapping) else None
    return f"{shown(error)} {said or f'does not match {error.validator_value}'}"


def _any_of(error: ValidationError) -> str:
    """Either-or of fields is the one form the payload schemas have; any other is named as it stands."""
    branches: Any = error.validator_value
    if not all(isinstance(branch, Mapping) and branch.keys() == {"required"} for branch in branches):
        return f"{shown(error)} fits none of the {len(branches)} forms that are allowed"
    names = [" with ".join(f"'{name}'" for name in branch["required"]) for branch in branches]
    return f"needs {' or '.join(names)}, and has none of them"


def _unknown(error: ValidationError) -> str:
    """The error stands at the unknown field; its schema is that of the object around it."""
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    return f"no such field{did_you_mean(str(error.absolute_path[-1]), known)}"


def _compared(words: str) -> Callable[[ValidationError], str]:
    return lambda error: f"{shown(error)} is {words} {error.validator_value}"


_IN_WORDS: Mapping[str, Callable[[ValidationError], str]] = {
    "required": lambda error: "required but missing",
    "additionalProperties": _unknown,
    "anyOf": _any_of,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "multipleOf": _multiple_of,
    "minimum": _compared("less than"),
    "maximum": _compared("more than"),
    "exclusiveMinimum": _compared("not more than"),
    "exclusiveMaximum": _compared("not less than"),
    "maxLength": _max_length,
    "minLength": _min_length,
    "pattern": _pattern,
}
