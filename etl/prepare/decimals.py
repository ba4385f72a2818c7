"""Money in the fast validator: at most two decimals, decided by `round` instead of jsonschema-rs.

jsonschema-rs divides fractions of big integers for this: exact, and more than half of the time an order takes. Where a
number is small enough to have 15 significant digits at most, rounding it changes it exactly when it has more decimals.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

_DIGITS = 15
"""Every decimal number of 15 digits survives becoming a float, and is the shortest text for it."""


def decimal_fields(schema: Mapping[str, Any]) -> dict[str, int]:
    """The properties that `round` can decide, and how many decimals each may have."""
    found = {name: _decimals(keywords) for name, keywords in schema.get("properties", {}).items()}
    return {name: places for name, places in found.items() if places is not None}


def without_decimals(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with that left out which `have_decimals` decides."""
    rest: dict[str, Any] = copy.deepcopy(dict(schema))
    for name in decimal_fields(schema):
        del rest["properties"][name]["multipleOf"]
    return rest


def have_decimals(records: Iterable[Mapping[str, Any]], fields: Mapping[str, int]) -> bool:
    """Whether no number has more decimals than its field may. The records' types and bounds are known to be right."""
    return all(
        value is None or round(value, places) == value
        for field, places in fields.items()
        for record in records
        for value in (record.get(field),)
    )


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
