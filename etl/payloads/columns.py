"""What a schema says of one field, as a rule for many of its values at once.

jsonschema-rs decides nearly all of it, a column in one call. Three things are decided here instead:

Money, at most two decimals. jsonschema-rs divides fractions of big integers for this: exact, and more than half of the time an
order takes. A number of at most 15 significant digits is written as JSON with just the decimals that it has, so that it is
enough to write the column and look for a third digit after a dot.

Dates. jsonschema-rs has to call Python for each one, which costs more than the check itself.

Fields in which anything may stand (`extra_field`): JSON Schema takes for granted that a value can be written as JSON at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any, TypeGuard

import jsonschema_rs
import orjson

from etl.few import few_different
from etl.payloads.formats import Check
from etl.payloads.sendable import are_sendable

ColumnRule = Callable[[list[Any]], bool]
"""Whether all of some values of a field are right."""

_DIGITS = 15
"""Every decimal number of 15 digits survives becoming a float, and is the shortest text for it."""


def field_rule(keywords: Any, formats: Mapping[str, Check], *, is_open: bool) -> ColumnRule:
    """The rule of a property. `formats` are the only ones there are; `is_open`: it may hold what JSON cannot."""
    rest, rules = keywords, []
    if (places := decimals_of(keywords)) is not None:
        rest = {name: rule for name, rule in rest.items() if name != "multipleOf"}
        rules.append(have_decimals(places))
    if _is_text_of(keywords, formats):
        rest = {name: rule for name, rule in rest.items() if name != "format"}
        rules.append(_are_written(formats[keywords["format"]]))
    if (sign := _rare_sign(keywords)) is not None:
        rest = {name: rule for name, rule in rest.items() if name != "pattern"}
        rules.append(_fit_with(sign, accepts({"items": {"pattern": keywords["pattern"]}}, formats)))
    if is_open:
        rules.append(are_sendable)
    # The first rule, which sees to it that the others are asked about values of the right type.
    rules.insert(0, accepts({"type": "array", "items": rest}, formats))
    whole = rules[0] if len(rules) == 1 else lambda values: all(rule(values) for rule in rules)
    return _of_each_different(whole) if _is_text(keywords) else whole


def _of_each_different(rule: ColumnRule) -> ColumnRule:
    """The rule of a field of text: each of few different values is looked at once."""

    def right(values: list[Any]) -> bool:
        try:
            few = few_different(values)
        except TypeError:
            return False  # a list or an object
        return rule(values if few is None else list(few))

    return right


def accepts(schema: Mapping[str, Any], formats: Mapping[str, Check]) -> Callable[[Any], bool]:
    """Whether jsonschema-rs accepts a value."""
    is_valid = jsonschema_rs.Draft202012Validator(
        dict(schema), formats=dict(formats), validate_formats=True, ignore_unknown_formats=False
    ).is_valid

    def accepted(value: Any) -> bool:
        try:
            return is_valid(value)
        except ValueError:
            return False  # no JSON at all: half a character, a date object

    return accepted


def refused(rule: ColumnRule, values: Sequence[Any]) -> list[int]:
    """The positions of the values that a rule refuses: nearly always none, which one call tells; else looked for by halves."""
    return _refused(rule, values if values.__class__ is list else list(values), 0)


def _refused(rule: ColumnRule, values: list[Any], begin: int) -> list[int]:
    if rule(values):
        return []
    if len(values) == 1:
        return [begin]
    middle = len(values) // 2
    return _refused(rule, values[:middle], begin) + _refused(rule, values[middle:], begin + middle)


def have_decimals(places: int) -> ColumnRule:
    # A number that is written with an exponent is small, and has to be looked at by itself.
    too_many = re.compile(rb"\.[0-9]{%d}|e" % (places + 1)).search

    def have(values: list[Any]) -> bool:
        try:
            if too_many(orjson.dumps(values)) is None:
                return True
        except orjson.JSONEncodeError:
            pass  # a Decimal
        numbers = _given(values)
        return list(map(round, numbers, repeat(places))) == numbers

    return have


_ANY_WITHOUT = re.compile(r"\^\(\[\^(?P<sign>[^\\^\]-])\]\*\$\|")
"""How a pattern begins that takes every text in which a sign is not: '^([^+]*$|'."""


def _rare_sign(keywords: object) -> str | None:
    if not isinstance(keywords, Mapping) or keywords.get("type") != "string":
        return None
    found = _ANY_WITHOUT.match(str(keywords.get("pattern", "")))
    return None if found is None else found["sign"]


def _fit_with(sign: str, fit: Callable[[Any], bool]) -> ColumnRule:
    """Nearly never is the sign in any text of a column, which one look at all of them tells."""
    return lambda values: sign not in "".join(values) or fit(values)


def _are_written(check: Check) -> ColumnRule:
    return lambda values: check.all(_given(values))


def _given(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None] if None in values else values


def _is_text_of(keywords: object, formats: Mapping[str, Check]) -> bool:
    return _is_text(keywords) and keywords.get("format") in formats


def _is_text(keywords: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(keywords, Mapping) and keywords.get("type") in ("string", ["string", "null"])


def decimals_of(keywords: object) -> int | None:
    """2 for the money of the payload schemas; None for anything that has to be left to the validator."""
    if not isinstance(keywords, Mapping) or keywords.get("type") not in ("number", ["number", "null"]):
        return None
    sign, digits, exponent = Decimal(str(keywords.get("multipleOf", 1))).as_tuple()
    if sign or digits != (1,) or not isinstance(exponent, int) or exponent >= 0:
        return None
    bounds = (keywords.get("exclusiveMinimum"), keywords.get("exclusiveMaximum"))
    small = all(isinstance(bound, int) and abs(bound) <= 10 ** (_DIGITS + exponent) for bound in bounds)
    return -exponent if small else None
