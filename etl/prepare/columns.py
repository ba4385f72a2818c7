"""What is quicker decided a column at a time, in Python, than a record at a time by jsonschema-rs.

Money: at most two decimals. jsonschema-rs divides fractions of big integers for this: exact, and more than half of the time an
order takes. Where a number is small enough to have 15 significant digits at most, rounding it changes it exactly when it has
more decimals.

Dates: jsonschema-rs has to call Python for each one, which costs more than the check itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from typing import Any

from etl.prepare.formats import Check

Records = Sequence[Mapping[str, Any]]

_DIGITS = 15
"""Every decimal number of 15 digits survives becoming a float, and is the shortest text for it."""


Column = Callable[[str], Sequence[Any]]
"""A field's values in all records."""


@dataclass(frozen=True, slots=True)
class ColumnRules:
    """Rules for whole columns: how many decimals the numbers of a field may have, and what its texts must be."""

    decimals: Mapping[str, int]
    formats: Mapping[str, Check]

    def fit(self, column: Column) -> bool:
        """Whether every column keeps these rules. Its types and bounds are known to be right."""
        return have_decimals(column, self.decimals) and have_formats(column, self.formats)


def column_of(records: Records) -> Column:
    return lambda field: [record.get(field) for record in records]


def column_rules(schema: Mapping[str, Any], checks: Mapping[str, Check]) -> ColumnRules:
    """What of a schema can be decided by columns. `checks` are its formats."""
    return ColumnRules(decimal_fields(schema), _format_fields(schema, checks))


def without(schema: Mapping[str, Any], columns: ColumnRules) -> dict[str, Any]:
    """The schema with that left out which the columns decide."""
    rest: dict[str, Any] = copy.deepcopy(dict(schema))
    for name in columns.decimals:
        del rest["properties"][name]["multipleOf"]
    for name in columns.formats:
        del rest["properties"][name]["format"]
    return rest


def decimal_fields(schema: Mapping[str, Any]) -> dict[str, int]:
    """The properties that `round` can decide, and how many decimals each may have."""
    found = {name: _decimals(keywords) for name, keywords in schema.get("properties", {}).items()}
    return {name: places for name, places in found.items() if places is not None}


def have_decimals(column: Column, fields: Mapping[str, int]) -> bool:
    """Whether no number has more decimals than its field may."""
    return all(_are_rounded(_given(column(field)), places) for field, places in fields.items())


def _are_rounded(numbers: list[Any], places: int) -> bool:
    return list(map(round, numbers, repeat(places))) == numbers


def have_formats(column: Column, fields: Mapping[str, Check]) -> bool:
    return all(check.all(_given(column(field))) for field, check in fields.items())


def _given(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _format_fields(schema: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Check]:
    return {
        name: checks[keywords["format"]]
        for name, keywords in schema.get("properties", {}).items()
        if isinstance(keywords, Mapping)
        and keywords.get("format") in checks
        and keywords.get("type") in ("string", ["string", "null"])
    }


def _decimals(keywords: object) -> int | None:
    """2 for the money of the payload schemas; None for anything that has to be left to the validator."""
    if not isinstance(keywords, Mapping) or keywords.get("type") not in ("number", ["number", "null"]):
        return None
    sign, digits, exponent = Decimal(str(keywords.get("multipleOf", 1))).as_tuple()
    if sign or digits != (1,) or not isinstance(exponent, int) or exponent >= 0:
        return None
    bounds = (keywords.get("exclusiveMinimum"), keywords.get("exclusiveMaximum"))
    small = all(isinstance(bound, int) and abs(bound) <= 10 ** (_DIGITS + exponent) for bound in bounds)
    return -exponent if small else None
