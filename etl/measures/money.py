"""Amounts, summed up exactly: by what became of their rows, and by currency, status and month."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from heapq import nlargest
from itertools import islice
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.measures.amounts import UNITS, all_units
from etl.measures.groups import Group, Groups, GroupSums
from etl.measures.spelling import MOST_SHAPES, Spelling

AMOUNTS = {"order": ("amount", "discount_amount"), "order_item": ("price",)}
"""The fields of each payload that hold money."""

MAY_BE_NULL = ("discount_amount",)
"""That such an amount is missing is nothing to be told."""

EDGES = (0, 1, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000)
"""Where one size of amounts ends and the next begins. (The first is of those below zero.)"""

MADE, REJECTED, FILTERED, HELD, REPEATED, ROUNDED = "made", "rejected", "filtered", "held", "repeated", "rounded"
DIFFERS = "differs"
FATES = (MADE, REJECTED, FILTERED, HELD, REPEATED, ROUNDED, DIFFERS)
"""In the order in which they are told: which of them a sketch meets first depends on how the rows were cut in parts."""

Sums = dict[Group, list[int]]
"""Group -> how many amounts, and their sum in UNITS."""

Totals = tuple[Sums, Sums]
"""The same amounts by currency and status, and by currency and month. (By all three, a part's rows are nearly a group each.)"""


MOST_GROUPS = 20_000
NAMED = 20


class NamedAmount(Struct, frozen=True):
    """One row's amount: of a row that is not sent, or by how much what is sent differs from the source. None: unreadable."""

    fate: str
    key: str | None
    row: int
    units: int | None


class MoneySketch(Struct):
    """The amounts of one field.

    sums      fate -> how many, and their sum; those that are made are those of all records, before any is held or repeated
    made      the same of one part's records, until they are added to the sums of others
    unread    fate -> how many rows have no amount that can be read
    rounded   by how much the source's amounts exceed those of the records
    differs   the same of amounts that are computed, and are not what `totals` says that the source has
    shapes    how amounts are written in the source ('9.999,99'): how many, and the first with what is made of it
    named     the largest of those that are not sent as they stand in the source
    many      fate -> how many of these there are
    lacking   the first rows of each fate whose amount cannot be read
    most      so many rows of each fate are named
    """

    sums: dict[str, Totals] = field(default_factory=dict)
    made: GroupSums | None = None
    unread: Counter[str] = field(default_factory=Counter)
    rounded: Totals = field(default_factory=lambda: ({}, {}))
    differs: Totals = field(default_factory=lambda: ({}, {}))
    shapes: dict[str, Spelling] = field(default_factory=dict)
    named: list[NamedAmount] = field(default_factory=list)
    many: Counter[str] = field(default_factory=Counter)
    lacking: list[NamedAmount] = field(default_factory=list)
    most: int = NAMED

    def take(self, fate: str, groups: Groups, units: Sequence[int | None]) -> None:
        summed, unread = groups.sums(units)
        self._include(fate, summed)
        self._miss(fate, unread)

    def take_made(self, groups: Groups, values: Sequence[Any], *, few_decimals: bool) -> None:
        """The amounts of a part's records as these have them. `few_decimals`: none has more than UNITS tell."""
        self.made, unread = groups.sums_of(values) if few_decimals else groups.sums(all_units(values))
        self._miss(MADE, unread)

    def _include(self, fate: str, summed: GroupSums) -> None:
        _add_each(self.sums.setdefault(fate, ({}, {})), summed)

    def _miss(self, fate: str, unread: int) -> None:
        if unread:
            self.unread[fate] += unread

    def round(self, groups: Groups, differences: Sequence[int]) -> None:
        _add_each(self.rounded, groups.sums(differences)[0])

    def differ(self, groups: Groups, differences: Sequence[int]) -> None:
        _add_each(self.differs, groups.sums(differences)[0])

    def name(self, found: Sequence[NamedAmount]) -> None:
        """Count them, and remember the largest of each fate."""
        self.many.update(one.fate for one in found)
        self._keep(found)

    def lack(self, found: Iterable[NamedAmount]) -> None:
        """Remember the first of these, which are all of one fate."""
        self._keep_first(list(islice(found, self.most)))

    def renumber(self, number_of: Callable[[int], int]) -> None:
        """Tell the rows by other numbers."""
        self.named = [replace(one, row=number_of(one.row)) for one in self.named]
        self.lacking = [replace(one, row=number_of(one.row)) for one in self.lacking]

    def _keep(self, found: Sequence[NamedAmount]) -> None:
        everything = [*self.named, *found]
        fates = dict.fromkeys(one.fate for one in everything)
        self.named = [one for fate in fates for one in nlargest(self.most, _of(fate, everything), key=_size)]

    def _keep_first(self, found: Sequence[NamedAmount]) -> None:
        everything = [*self.lacking, *found]
        fates = dict.fromkeys(one.fate for one in everything)
        self.lacking = [one for fate in fates for one in islice(_of(fate, everything), self.most)]

    def move(self, fate: str, groups: Groups, units: int | None) -> None:
        """A record that is not sent for the sake of another one."""
        self.take(fate, groups, [units])
        if units is None:
            self.unread[MADE] -= 1
        else:
            for sums, its in zip(self.sums[MADE], groups.sums([units])[0], strict=True):
                _add(sums, ((group, -1, -units) for group in its.groups))

    def add(self, other: MoneySketch) -> None:
        for fate, totals in other.sums.items():
            _put_together(self.sums.setdefault(fate, ({}, {})), totals)
        if other.made is not None:
            self._include(MADE, other.made)
        _put_together(self.rounded, other.rounded)
        _put_together(self.differs, other.differs)
        self.unread.update(other.unread)
        for written, shape in other.shapes.items():
            known = self.shapes.get(written)
            if known is not None:
                known.count += shape.count
            elif len(self.shapes) < MOST_SHAPES:
                self.shapes[written] = shape
        self.many.update(other.many)
        self._keep(other.named)
        self._keep_first(other.lacking)


def _of(fate: str, found: Iterable[NamedAmount]) -> Iterator[NamedAmount]:
    return (one for one in found if one.fate == fate)


def _size(one: NamedAmount) -> tuple[int, int]:
    return abs(one.units or 0), -one.row


def _put_together(totals: Totals, others: Totals) -> None:
    for sums, more in zip(totals, others, strict=True):
        _add(sums, ((group, many, units) for group, (many, units) in more.items()))


def _add_each(totals: Totals, summed: GroupSums) -> None:
    for sums, more in zip(totals, summed, strict=True):
        _add(sums, zip(*more, strict=True))


def _add(sums: Sums, summed: Iterable[tuple[Group, int, int]]) -> None:
    for group, many, units in summed:
        found = sums.get(group)
        if found is None:
            if not many:
                continue
            found = sums.setdefault(_bounded(sums, group), [0, 0])
        found[0] += many
        found[1] += units


def _bounded(sums: Sums, group: Group) -> Group:
    """Without its status or month, when there are too many: something is wrong with these then."""
    return group if len(sums) < MOST_GROUPS else (group[0], None)


HALF_A_CENT = UNITS // 200
"""What rounding to cents may take away, or add."""


def apart(total: int | None, own: int | None, sent: int | None) -> tuple[int, int]:
    """What lies between a row's own total and its record: what was rounded, and what differs for another reason.

    `own` is what the record's expression gives before it rounds; where that is no amount, what is sent stands for it. A total
    that is not known differs in nothing.
    """
    before = sent if own is None else own
    rounded = 0 if before is None or sent is None else before - sent
    differs = 0 if total is None else total - (before or 0)
    return (rounded + differs, 0) if abs(differs) <= HALF_A_CENT else (rounded, differs)


def sizes(values: Iterable[Any]) -> dict[int, int]:
    """How many amounts are between which of EDGES; each size under its number."""
    return Counter(map(partial(bisect_right, EDGES), filter(None, values)))
