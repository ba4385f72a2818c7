"""Whether the items of an order sum up to its amount, in both ways of reading a price: as that of a piece, or of the line."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import Any

from msgspec import Struct, field

from etl.measures.amounts import UNITS, units_of
from etl.measures.money import AMOUNTS

NUMBERS = {"order": "number", "order_item": "order_number"}
"""Payload -> the field that tells which order a record is, or belongs to."""


def weighed_by(payload: str, fields: Collection[str]) -> str | None:
    """The field with the number of an order, of records with these fields; None where they lack it or have no amount."""
    number, (amount, *_) = NUMBERS.get(payload), AMOUNTS.get(payload, ("",))
    return number if number in fields and amount in fields else None


class Amounts(Struct):
    """What the records of a part amount to, in their order. They are empty where nothing is weighed.

    first, second   of orders the amount and the discount; of items the price and the quantity
    """

    first: array[float] = field(default_factory=lambda: array("d"))
    second: array[float] = field(default_factory=lambda: array("d"))

    def only(self, kept: Sequence[bool]) -> Amounts:
        return Amounts(array("d", compress(self.first, kept)), array("d", compress(self.second, kept)))


AMOUNTS_OF = {"order": ("amount", "discount_amount", 0.0), "order_item": ("price", "quantity", 1.0)}
"""Payload -> the fields that `Amounts` are of, and what the second one is where it is null, or the records have none."""


def amounts_of(payload: str, made: Mapping[str, Sequence[Any]]) -> Amounts:
    """What each record amounts to, to be held against its order or items."""
    first, second, otherwise = AMOUNTS_OF[payload]
    amounts = _floats(made[first], 0.0)
    if second not in made:
        return Amounts(amounts, array("d", [otherwise]) * len(amounts))
    return Amounts(amounts, _floats(made[second], otherwise))


def _floats(values: Sequence[Any], instead: float) -> array[float]:
    """`instead` of null; zero instead of what is no number that a float is."""
    try:
        return array("d", values)
    except (TypeError, OverflowError):
        given = [instead if one is None else one for one in values]
    try:
        return array("d", given)
    except (TypeError, OverflowError):
        return array("d", [(units_of(one) or 0) / UNITS for one in given])


class Differing(Struct, frozen=True):
    """An order whose items do not sum up to it. `position` is that of its record in the stage `stage`, from 0; amounts are in
    money.UNITS."""

    stage: str
    position: int
    amount: int
    discount: int
    line: int
    piece: int

    @property
    def size(self) -> int:
        return min(abs(whole - items) for whole in self._wholes for items in (self.line, self.piece))

    @property
    def _wholes(self) -> tuple[int, int]:
        return self.amount, self.amount + self.discount


class Balance(Struct):
    """How many orders have items and an amount, and of how many these agree.

    line, piece   of so many orders the items sum up to the amount, when a price is that of the line, or of a piece
    discounted    of so many of these they do when the discount is added to the amount
    either        of so many in one way or the other
    no_items      orders without items
    differing     those with the largest differences
    """

    compared: int = 0
    line: int = 0
    piece: int = 0
    discounted: int = 0
    either: int = 0
    no_items: int = 0
    differing: list[Differing] = field(default_factory=list)

    @property
    def price_of(self) -> str | None:
        """What a price is, as the most orders have it. None: as many have it the one way as the other."""
        if self.line == self.piece:
            return None
        return "line" if self.line > self.piece else "piece"
