"""Amounts of money as whole numbers, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import floor
from operator import eq
from typing import Any

DECIMALS = 4
UNITS: int = 10**DECIMALS
"""Amounts are summed as whole ten-thousandths: a sum of a million floats is not what a person gets who adds them up."""

HALF, EXACT_HALF = 0.5, Decimal("0.5")
"""What is added before the rest is cut off, which rounds and is quicker than `round`."""

MOST_MONEY = 10**12
"""What is beyond is no amount of money, whatever currency."""


def units_of(value: Any) -> int | None:
    """An amount as whole ten-thousandths; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not -MOST_MONEY < value < MOST_MONEY:
        return None
    return floor(value * UNITS + HALF) if isinstance(value, float) else floor(value * UNITS + EXACT_HALF)


def all_units(values: Sequence[Any]) -> Sequence[int | None]:
    """The same of each value, and quicker where all are floats or null."""
    some = some_of(values)
    if not {float}.issuperset(map(type, some)) or not sum(map(abs, some)) < MOST_MONEY:
        return [units_of(value) for value in values]
    if len(some) == len(values):
        return list(map(floor, [value * UNITS + HALF for value in values]))
    return [None if value is None else floor(value * UNITS + HALF) for value in values]


MOST_ADDED = 10**11
"""Of so many floats times their sum: what adding them takes away from the sum is far less than half a ten-thousandth then."""


def sum_as_it_is(amounts: Sequence[Any]) -> int | None:
    """The sum, in UNITS, of amounts of which none has more decimals than UNITS tell; None where just adding them may be wrong."""
    try:
        total = sum(amounts)
    except TypeError:  # a Decimal among floats
        return None
    if not isinstance(total, int | float):
        return None
    size = total if min(amounts, default=0) >= 0 else sum(map(abs, amounts))
    return round(total * UNITS) if len(amounts) * size < MOST_ADDED else None


def some_of(values: Sequence[Any]) -> Sequence[Any]:
    """Those that are neither null nor zero. Where no zero is among the values, only null is left out."""
    return values if all(values) else list(filter(None, values))


def exceeding(source: Sequence[Any], sent: Sequence[Any]) -> list[int]:
    """By how much, in UNITS, each amount of the source exceeds the one that is sent; in nothing where one of them is no amount.

    Nearly all are the same, which is told before any is turned into UNITS.
    """
    off = [0] * len(sent)
    for at, same in enumerate(map(eq, source, sent)):
        if not same:
            before, after = units_of(source[at]), units_of(sent[at])
            off[at] = 0 if before is None or after is None else before - after
    return off
