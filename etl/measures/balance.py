"""Whether the items of an order sum up to its amount, in both ways of reading a price: as that of a piece, or of the line."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import compress
from pathlib import Path
from typing import BinaryIO

from etl.files import open_private

ORDERS_AT_ONCE = 1_000_000
"""Numbers that are compared at a time: with more of them the files are gone through again."""

BLOCK = 50_000
NAMED = 20


@dataclass(slots=True)
class Amounts:
    """What the records of a part amount to, each under the number of its order. Amounts are in money.UNITS.

    first, second   of orders the amount and the discount; of items the price, and the price times the quantity
    """

    numbers: Sequence[str] = ()
    first: Sequence[int] = ()
    second: Sequence[int] = ()

    def only(self, kept: Sequence[bool]) -> Amounts:
        return Amounts(
            list(compress(self.numbers, kept)), list(compress(self.first, kept)), list(compress(self.second, kept))
        )


@dataclass(frozen=True, slots=True)
class Differing:
    """An order whose items do not sum up to it. `position` is that of its record in the stage `stage`, from 0."""

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


@dataclass(slots=True)
class Balance:
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

    def weigh(self, one: Differing, tolerance: int) -> bool:
        """Count an order. Whether its items sum up to it."""
        plain = [abs(one.amount - items) <= tolerance for items in (one.line, one.piece)]
        lowered = [abs(one.amount + one.discount - items) <= tolerance for items in (one.line, one.piece)]
        self.compared += 1
        self.line += plain[0] or lowered[0]
        self.piece += plain[1] or lowered[1]
        self.discounted += not any(plain) and any(lowered)
        self.either += any(plain) or any(lowered)
        return any(plain) or any(lowered)


class Ledger:
    """Orders and items of all stages as they are written, in files of a scratch folder. Of orders whose items do not sum up to
    them so many are named, those that differ most."""

    def __init__(self, folder: Path, most: int = NAMED) -> None:
        self._folder, self._most = folder, most
        self._orders: dict[str, _Columns] = {}
        self._items: dict[str, _Columns] = {}
        self._opened = ExitStack()

    def add(self, stage: str, amounts: Amounts, *, items: bool) -> None:
        """Records that are sent, in the order in which they are."""
        kept = self._items if items else self._orders
        if stage not in kept:
            kept[stage] = _Columns(self._opened, self._folder, f"{'items' if items else 'orders'}-{stage}")
        kept[stage].add(amounts)

    def balance(self, tolerance: int) -> Balance:
        found = Balance()
        for one in (*self._orders.values(), *self._items.values()):
            one.flush()
        passes = 1 + sum(one.count for one in self._orders.values()) // ORDERS_AT_ONCE
        for turn in range(passes if self._items else 0):
            _compare(found, self._of_orders(turn, passes), self._of_items(turn, passes), tolerance, self._most)
        return found

    def close(self) -> None:
        self._opened.close()

    def _of_orders(self, turn: int, passes: int) -> Iterator[tuple[int, str, int, int, int]]:
        for stage, columns in self._orders.items():
            for position, (number, amount, discount) in enumerate(columns.rows()):
                if number % passes == turn:
                    yield number, stage, position, amount, discount

    def _of_items(self, turn: int, passes: int) -> Iterator[tuple[int, int, int]]:
        for columns in self._items.values():
            yield from (row for row in columns.rows() if row[0] % passes == turn)


def _compare(
    found: Balance,
    orders: Iterator[tuple[int, str, int, int, int]],
    items: Iterator[tuple[int, int, int]],
    tolerance: int,
    most: int,
) -> None:
    sums: dict[int, tuple[int, int]] = {}
    for number, line, piece in items:
        known = sums.get(number, (0, 0))
        sums[number] = (known[0] + line, known[1] + piece)
    differing = []
    for number, stage, position, amount, discount in orders:
        if number not in sums:
            found.no_items += 1
            continue
        line, piece = (min(items, LARGEST) for items in sums[number])
        one = Differing(stage, position, amount, discount, line, piece)
        if not found.weigh(one, tolerance):
            differing.append(one)
            if len(differing) > max(BLOCK, most):
                differing = nlargest(most, differing, key=_size)
    found.differing = nlargest(most, [*found.differing, *differing], key=_size)


def _size(one: Differing) -> tuple[int, int]:
    return one.size, -one.position


def _whole(values: Sequence[int]) -> array[int]:
    """As whole numbers of 64 bits: a price of billions times a quantity of billions is cut to the largest of them."""
    try:
        return array("q", values)
    except OverflowError:
        return array("q", (max(-LARGEST, min(LARGEST, one)) for one in values))


LARGEST = (1 << 63) - 1


class _Columns:
    """Three columns of whole numbers, each in a file: order numbers as their hashes, of which two alike are no concern."""

    def __init__(self, opened: ExitStack, folder: Path, name: str) -> None:
        self._paths = [folder / f"{name}-{part}" for part in ("numbers", "first", "second")]
        self._files: list[BinaryIO] = [opened.enter_context(open_private(path)) for path in self._paths]
        self.count = 0

    def add(self, amounts: Amounts) -> None:
        self.count += len(amounts.numbers)
        for file, column in zip(self._files, (map(hash, amounts.numbers), amounts.first, amounts.second), strict=True):
            _whole(list(column)).tofile(file)

    def flush(self) -> None:
        for file in self._files:
            file.flush()

    def rows(self) -> Iterator[tuple[int, int, int]]:
        with ExitStack() as opened:
            files = [opened.enter_context(path.open("rb")) for path in self._paths]
            for begin in range(0, self.count, BLOCK):
                columns = [array("q") for _ in files]
                for column, file in zip(columns, files, strict=True):
                    column.fromfile(file, min(BLOCK, self.count - begin))
                yield from zip(*columns, strict=True)
