"""Whether the items of an order sum up to its amount, in both ways of reading a price: as that of a piece, or of the line."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from heapq import nlargest
from itertools import compress
from operator import add, mul, sub
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct, field

from etl.files import open_private
from etl.measures.amounts import HALF, UNITS, units_of
from etl.measures.money import AMOUNTS

ORDERS_AT_ONCE = 1_000_000
"""Numbers that are compared at a time: with more of them the files are gone through again."""

BLOCK = 4000
NAMED = 20


NUMBERS = {"order": "number", "order_item": "order_number"}
"""Payload -> the field that tells which order a record is, or belongs to."""


def weighed_by(payload: str, fields: Collection[str]) -> str | None:
    """The field with the number of an order, of records with these fields; None where they lack it or have no amount."""
    number, (amount, *_) = NUMBERS.get(payload), AMOUNTS.get(payload, ("",))
    return number if number in fields and amount in fields else None


class Amounts(Struct):
    """What the records of a part amount to, in their order; what is no amount is zero. They are empty where nothing is weighed.

    first, second   of orders the amount and the discount; of items the price, and the price times the quantity
    """

    first: array[float] = field(default_factory=lambda: array("d"))
    second: array[float] = field(default_factory=lambda: array("d"))

    def only(self, kept: Sequence[bool]) -> Amounts:
        return Amounts(array("d", compress(self.first, kept)), array("d", compress(self.second, kept)))


def orders_of(payload: str, made: Mapping[str, Sequence[Any]]) -> Amounts:
    """What each record amounts to, to be held against its order or items."""
    if payload == "order":
        amounts = _amounts(made["amount"])
        return Amounts(amounts, _amounts(made["discount_amount"]) if "discount_amount" in made else _zeros(amounts))
    prices, quantities = _amounts(made["price"]), made.get("quantity")
    return Amounts(prices, prices if quantities is None else _times(prices, quantities))


def _times(prices: array[float], quantities: Sequence[Any]) -> array[float]:
    try:
        return array("d", map(mul, prices, quantities))
    except (TypeError, OverflowError):  # one is null, or what no float is
        return array("d", map(mul, prices, _amounts([1 if one is None else one for one in quantities])))


def _amounts(values: Sequence[Any]) -> array[float]:
    try:
        return array("d", values)
    except (TypeError, OverflowError):  # one is null, no number, or a number of some hundred digits
        return array("d", [(units_of(one) or 0) / UNITS for one in values])


def _zeros(like: array[float]) -> array[float]:
    return array("d", bytes(like.itemsize * len(like)))


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

    def count(self, fits: Counter[Fits]) -> None:
        for (line, piece, lowered_line, lowered_piece), many in fits.items():
            plain, lowered = line or piece, lowered_line or lowered_piece
            self.compared += many
            self.line += many * (line or lowered_line)
            self.piece += many * (piece or lowered_piece)
            self.discounted += many * (lowered and not plain)
            self.either += many * (plain or lowered)


Fits = tuple[bool, bool, bool, bool]
"""Whether an order's items sum up to its amount when a price is that of the line, or of a piece; and whether they do so to its
amount and discount together."""

NOT_AT_ALL = (False, False, False, False)


class Ledger:
    """Orders and items of all stages as they are written, in files of a scratch folder. Of orders whose items do not sum up to
    them so many are named, those that differ most."""

    def __init__(self, folder: Path, most: int = NAMED) -> None:
        self._folder, self._most = folder, most
        self._orders: dict[str, _Columns] = {}
        self._items: dict[str, _Columns] = {}
        self._opened = ExitStack()

    def add(self, stage: str, numbers: Sequence[str | None], amounts: Amounts, *, items: bool) -> None:
        """Records that are sent, in the order in which they are; and the numbers of their orders."""
        kept = self._items if items else self._orders
        if stage not in kept:
            kept[stage] = _Columns(self._opened, self._folder, f"{'items' if items else 'orders'}-{stage}")
        kept[stage].add(numbers, amounts)

    def balance(self, tolerance: int) -> Balance:
        found = Balance()
        for one in (*self._orders.values(), *self._items.values()):
            one.flush()
        passes = 1 + sum(one.count for one in self._orders.values()) // ORDERS_AT_ONCE
        for turn in range(passes if self._items else 0):
            items = _Items()
            for columns in self._items.values():
                for _, *block in columns.blocks(turn, passes):
                    items.add(*block)
            for stage, columns in self._orders.items():
                for positions, *block in columns.blocks(turn, passes):
                    _weigh(found, items.beside(stage, positions, *block), tolerance, self._most)
        return found

    def close(self) -> None:
        self._opened.close()


class _Orders(Struct, frozen=True):
    """Orders of one stage that have items, by columns: where they are, and what they and their items amount to."""

    stage: str
    positions: Sequence[int]
    amounts: Sequence[float]
    discounts: Sequence[float]
    lines: Sequence[float]
    pieces: Sequence[float]
    no_items: int

    def at(self, place: int) -> Differing:
        columns = (self.amounts, self.discounts, self.lines, self.pieces)
        return Differing(self.stage, self.positions[place], *(_in_units(column[place]) for column in columns))


class _Items:
    """The sums of the items by order, in both ways of reading a price."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._lines, self._pieces = array("d"), array("d")

    def add(self, numbers: Sequence[int], prices: Sequence[float], pieces: Sequence[float]) -> None:
        places, by_line, by_piece = self._places, self._lines, self._pieces
        for number, line, piece in zip(numbers, prices, pieces, strict=True):
            place = places.get(number)
            if place is None:
                places[number] = len(by_line)
                by_line.append(line)
                by_piece.append(piece)
            else:
                by_line[place] += line
                by_piece[place] += piece

    def beside(
        self,
        stage: str,
        positions: Sequence[int],
        numbers: Sequence[int],
        amounts: Sequence[float],
        discounts: Sequence[float],
    ) -> _Orders:
        """Those of the orders that have items, with what these sum up to."""
        places = list(map(self._places.get, numbers))
        given = [place for place in places if place is not None]
        lines, pieces = (list(map(sums.__getitem__, given)) for sums in (self._lines, self._pieces))
        if len(given) < len(places):
            having = [place is not None for place in places]
            positions = list(compress(positions, having))
            amounts, discounts = list(compress(amounts, having)), list(compress(discounts, having))
        return _Orders(stage, positions, amounts, discounts, lines, pieces, len(places) - len(given))


def _weigh(found: Balance, orders: _Orders, tolerance: int, most: int) -> None:
    limit = (tolerance + HALF) / UNITS
    apart = [list(map(abs, map(sub, orders.amounts, sums))) for sums in (orders.lines, orders.pieces)]
    if any(orders.discounts):
        wholes = list(map(add, orders.amounts, orders.discounts))
        apart += [list(map(abs, map(sub, wholes, sums))) for sums in (orders.lines, orders.pieces)]
    else:
        apart += apart
    fits = list(zip(*(map(limit.__gt__, column) for column in apart), strict=True))
    counted = Counter(fits)
    found.no_items += orders.no_items
    found.count(counted)
    if NOT_AT_ALL in counted:
        sizes = list(map(min, *apart))
        differing = [place for place, fit in enumerate(fits) if fit == NOT_AT_ALL]
        largest = nlargest(most, differing, key=sizes.__getitem__)
        found.differing = nlargest(most, [*found.differing, *map(orders.at, largest)], key=_size)


def _in_units(amount: float) -> int:
    return round(min(max(amount, -LARGEST), LARGEST) * UNITS)


LARGEST = 1e15
"""Of what is beyond, such as a price of billions times a quantity of billions, nobody wants to know more."""


def _size(one: Differing) -> tuple[int, int]:
    return one.size, -one.position


class _Columns:
    """Three columns, each in a file: order numbers as their hashes, of which two alike are no concern, and two of amounts."""

    def __init__(self, opened: ExitStack, folder: Path, name: str) -> None:
        self._paths = [folder / f"{name}-{part}" for part in ("numbers", "first", "second")]
        self._files: list[BinaryIO] = [opened.enter_context(open_private(path)) for path in self._paths]
        self.count = 0

    def add(self, numbers: Sequence[str | None], amounts: Amounts) -> None:
        self.count += len(numbers)
        columns: tuple[array[Any], ...] = (array("q", map(hash, numbers)), amounts.first, amounts.second)
        for file, column in zip(self._files, columns, strict=True):
            column.tofile(file)

    def flush(self) -> None:
        for file in self._files:
            file.flush()

    def blocks(self, turn: int, passes: int) -> Iterator[tuple[Sequence[Any], ...]]:
        """Positions, order numbers and amounts; of each so many passes those whose numbers have their turn."""
        with ExitStack() as opened:
            files = [opened.enter_context(path.open("rb")) for path in self._paths]
            for begin in range(0, self.count, BLOCK):
                columns: tuple[array[Any], ...] = (array("q"), array("d"), array("d"))
                for column, file in zip(columns, files, strict=True):
                    column.fromfile(file, min(BLOCK, self.count - begin))
                block = (range(begin, begin + len(columns[0])), *columns)
                if passes == 1:
                    yield block
                else:
                    its = [number % passes == turn for number in columns[0]]
                    yield tuple(list(compress(column, its)) for column in block)
