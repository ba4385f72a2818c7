"""Why a value was refused, in words. One small function for each keyword of JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from etl.findings import HIDDEN, Unfit, Words, literally, phrase
from etl.payloads.formats import DATETIME, PAST_DATE
from etl.suggest import MOST_NAMED, nearest

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_MOST_LISTED = 8

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a JSON object",
    "array": "a list",
}


def unfit(error: ValidationError, formats: Mapping[str, str]) -> Unfit:
    """An error as the keyword that refuses. `formats`: how dates of each format are written ('YYYY-MM-DD')."""
    words, parts = _words(error, formats)
    value = HIDDEN if is_hidden(error) else error.instance
    return Unfit(str(error.validator), value, words, it=value, **parts)


def _words(error: ValidationError, formats: Mapping[str, str]) -> Words:
    if error.instance is None and error.validator in {"type", "enum"}:
        return "must not be null", {}
    if error.validator == "format":
        return _format(str(error.validator_value), formats)
    in_words = _IN_WORDS.get(str(error.validator))
    return in_words(error) if in_words else ("{told}", {"told": error.message})


def _format(name: str, formats: Mapping[str, str]) -> Words:
    if name not in formats:
        return "{it} is not {wanted}", {"wanted": name}
    written: dict[str, object] = {"written": formats[name]}
    if name == DATETIME:
        return "{it} is not a date and time written as {written}", written
    if name == PAST_DATE:
        return "{it} is not a date written as {written} that does not lie ahead", written
    return "{it} is not a date written as {written}", written


def settles(error: ValidationError) -> bool:
    """Whether an error makes every other one about the same value pointless: the wrong type, or nothing there."""
    return error.validator == "type" or (error.validator == "minLength" and error.instance == "")


def is_hidden(error: ValidationError) -> bool:
    """Whether the value is one that nobody should see (a password), which its schema says by `writeOnly`."""
    return isinstance(error.schema, Mapping) and error.schema.get("writeOnly") is True


def _type(error: ValidationError) -> Words:
    wanted: Any = error.validator_value
    names = [wanted] if isinstance(wanted, str) else [name for name in wanted if name != "null"]
    parts: dict[str, object] = {"type": [_TYPES.get(name, name) for name in names]}
    if names == ["string"] and isinstance(error.instance, bool | int | float | Decimal):
        return "{it} is not {type}; `| text` makes it one", parts
    return "{it} is not {type}", parts


def _enum(error: ValidationError) -> Words:
    values: Any = error.validator_value
    allowed = [json_text(value) for value in values if value is not None]
    near = nearest(error.instance, allowed) if isinstance(error.instance, str) else None
    meant: dict[str, object] = {"near": near} if near and not near.isdigit() else {}
    if len(allowed) <= _MOST_LISTED:
        words = "{it} is not one of {allowed}; did you mean '{near}'?" if meant else "{it} is not one of {allowed}"
        return words, {"allowed": ", ".join(allowed), **meant}
    words = "{it} is not one of {allowed}, ...; see docs/payloads.md"
    if meant:
        words = "{it} is not one of {allowed}, ...; did you mean '{near}'?; see docs/payloads.md"
    return words, {"allowed": ", ".join(allowed[:3]), **meant}


def json_text(value: object) -> str:
    """A value of a list of allowed ones. The empty text is shown as ''."""
    return value if isinstance(value, str) and value else repr(value)


def _const(error: ValidationError) -> Words:
    return "{it} is not {wanted}", {"wanted": json_text(error.validator_value)}


def _multiple_of(error: ValidationError) -> Words:
    step = Decimal(str(error.validator_value))
    exponent = step.as_tuple().exponent
    if isinstance(exponent, int) and exponent < 0 and step == Decimal(1).scaleb(exponent):
        return "{it} has more than {places} decimals", {"places": -exponent}
    return "{it} is not a multiple of {limit}", {"limit": error.validator_value}


def _max_length(error: ValidationError) -> Words:
    return "{it} is longer than {limit} characters ({length})", _lengths(error)


def _min_length(error: ValidationError) -> Words:
    if error.instance == "":
        return "must not be empty", {}
    return "{it} is shorter than {limit} characters ({length})", _lengths(error)


def _lengths(error: ValidationError) -> dict[str, object]:
    return {"limit": error.validator_value, "length": len(str(error.instance))}


def _pattern(error: ValidationError) -> Words:
    """What the schema says itself, in the keyword that editors read too; else the expression."""
    said = error.schema.get("patternErrorMessage") if isinstance(error.schema, Mapping) else None
    if said:
        return f"{{it}} {literally(said)}", {}
    return "{it} does not match {pattern}", {"pattern": error.validator_value}


def _any_of(error: ValidationError) -> Words:
    """Either-or of fields is the one form the payload schemas have; any other is named as it stands."""
    branches: Any = error.validator_value
    if not all(isinstance(branch, Mapping) and branch.keys() == {"required"} for branch in branches):
        return "{it} fits none of the {count} forms that are allowed", {"count": len(branches)}
    return "needs {fields}, and has none of them", {"fields": [_together(branch["required"]) for branch in branches]}


def _together(names: Sequence[str]) -> object:
    """Fields that are needed together."""
    *before, last = names
    return phrase(_with(_together(before), last)) if before else f"'{last}'"


def _with(before: object, name: str) -> Words:
    return "{before} with '{name}'", {"before": before, "name": name}


def _unknown(error: ValidationError) -> Words:
    """The error stands at the unknown field; its schema is that of the object around it."""
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    near = nearest(str(error.absolute_path[-1]), known)
    if near is not None:
        return "no such field; did you mean '{near}'?", {"near": near}
    if known and len(known) <= MOST_NAMED:
        return "no such field; there is {fields}", {"fields": ", ".join(sorted(known))}
    return "no such field", {}


def _limit(error: ValidationError) -> Words:
    return _COMPARED[str(error.validator)], {"limit": error.validator_value}


_COMPARED = {
    "minimum": "{it} is less than {limit}",
    "maximum": "{it} is more than {limit}",
    "exclusiveMinimum": "{it} is not more than {limit}",
    "exclusiveMaximum": "{it} is not less than {limit}",
}


def _required(error: ValidationError) -> Words:
    return "required but missing", {}


_IN_WORDS: Mapping[str, Callable[[ValidationError], Words]] = {
    "required": _required,
    "additionalProperties": _unknown,
    "anyOf": _any_of,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "multipleOf": _multiple_of,
    "minimum": _limit,
    "maximum": _limit,
    "exclusiveMinimum": _limit,
    "exclusiveMaximum": _limit,
    "maxLength": _max_length,
    "minLength": _min_length,
    "pattern": _pattern,
}
