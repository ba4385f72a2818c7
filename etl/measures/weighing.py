"""Orders held against the sums of their items: by columns, a million records at a time. (Imports numpy, which takes its time.)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from heapq import nlargest

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from etl.measures.amounts import UNITS
from etl.measures.balance import Balance, Differing
from etl.measures.ledger import Weighable

AT_ONCE = 1_000_000
"""So many orders, and so many items, are in memory at a time. With more orders the files are gone through again."""

LARGEST = 1e15
"""Of what is beyond, such as a price of billions times a quantity of billions, nobody wants to know more."""

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


def weigh(orders: Sequence[Weighable], items: Sequence[Weighable], tolerance: int, most: int) -> Balance:
    found = Balance()
    for one in orders:
        passes = 1 + one.count // AT_ONCE
        theirs = [its for its in items if its.of in (None, one.stage)]
        for turn in range(passes):
            some = _sorted(_blocks(one, turn, passes))
            if len(some.numbers):
                _compare(found, one.stage, some, _sums_of(some.numbers, theirs, turn, passes), tolerance, most)
    return found


def _sums_of(numbers: Whole, items: Sequence[Weighable], turn: int, passes: int) -> _Sums:
    sums = _Sums(numbers)
    for one in items:
        for block in _blocks(one, turn, passes):
            sums.add(block.by_number)
    return sums


class _Records(Struct, frozen=True):
    """Records of a stage by columns: their positions in it, the numbers of their orders, and their two amounts."""

    positions: Whole
    numbers: Whole
    first: Floats
    second: Floats

    def at(self, those: Truths | Whole) -> _Records:
        return _Records(self.positions[those], self.numbers[those], self.first[those], self.second[those])

    @property
    def by_number(self) -> _Records:
        """The same, sorted: sorting takes a quarter of the time that looking up numbers takes which are in no order."""
        return self.at(np.argsort(self.numbers))


def _blocks(kept: Weighable, turn: int, passes: int) -> Iterator[_Records]:
    """Of so many passes those records whose order's number has its turn."""
    with ExitStack() as opened:
        numbers, *amounts = (opened.enter_context(path.open("rb")) for path in (kept.numbers, kept.first, kept.second))
        for begin in range(0, kept.count, AT_ONCE):
            size = min(AT_ONCE, kept.count - begin)
            first, second = (np.fromfile(file, np.float64, size).clip(-LARGEST, LARGEST) for file in amounts)
            block = _Records(np.arange(begin, begin + size), np.fromfile(numbers, np.int64, size), first, second)
            yield block if passes == 1 else block.at(block.numbers % passes == turn)


def _sorted(blocks: Iterator[_Records]) -> _Records:
    columns = zip(*((one.positions, one.numbers, one.first, one.second) for one in blocks), strict=True)
    return _Records(*map(np.concatenate, columns)).by_number


class _Sums:
    """The sums of the items by order, in both ways of reading a price. `numbers`: those of the orders, sorted."""

    def __init__(self, numbers: Whole) -> None:
        self._numbers = numbers
        self._many = np.zeros(len(numbers), np.int64)
        self._lines, self._pieces = np.zeros(len(numbers)), np.zeros(len(numbers))

    def add(self, items: _Records) -> None:
        places = self._numbers.searchsorted(items.numbers).clip(max=len(self._numbers) - 1)
        known = self._numbers[places] == items.numbers
        places, size = places[known], len(self._numbers)
        self._many += np.bincount(places, minlength=size)
        self._lines += np.bincount(places, items.first[known], minlength=size)
        self._pieces += np.bincount(places, (items.first * items.second)[known], minlength=size)

    def of(self, numbers: Whole) -> tuple[Truths, Floats, Floats]:
        """Of these orders: whether they have items, and what these sum up to by line and by piece."""
        places = self._numbers.searchsorted(numbers)
        return self._many[places] > 0, self._lines[places], self._pieces[places]


def _compare(found: Balance, stage: str, orders: _Records, sums: _Sums, tolerance: int, most: int) -> None:
    having, lines, pieces = sums.of(orders.numbers)
    its = orders.at(having)
    columns = [np.rint(one * UNITS) for one in (its.first, its.second, lines[having], pieces[having])]
    amounts, discounts, by_line, by_piece = columns
    apart = [np.abs(whole - by) for whole in (amounts, amounts + discounts) for by in (by_line, by_piece)]
    line, piece, lowered_line, lowered_piece = (one <= tolerance for one in apart)
    plain, lowered = line | piece, lowered_line | lowered_piece
    found.compared += len(amounts)
    found.no_items += len(having) - len(amounts)
    found.line += _count(line | lowered_line)
    found.piece += _count(piece | lowered_piece)
    found.discounted += _count(lowered & ~plain)
    found.either += _count(plain | lowered)
    differing = np.flatnonzero(~(plain | lowered))
    sizes = np.minimum.reduce(apart)[differing]
    largest = differing[np.lexsort((its.positions[differing], -sizes))[:most]]
    named = [Differing(stage, *(int(one[place]) for one in (its.positions, *columns))) for place in largest.tolist()]
    found.differing = nlargest(most, [*found.differing, *named], key=_size)


def _count(truths: Truths) -> int:
    return int(np.count_nonzero(truths))


def _size(one: Differing) -> tuple[int, int]:
    return one.size, -one.position
