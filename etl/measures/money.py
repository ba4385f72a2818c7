"""Amounts, summed up exactly: by what became of their rows, and by currency, status and month."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from heapq import nlargest
from itertools import filterfalse, islice
from math import floor
from operator import itemgetter
from typing import Any, NamedTuple

from etl.measures.spelling import MOST_SHAPES, Spelling

AMOUNTS = {"order": ("amount", "discount_amount"), "order_item": ("price",)}
"""The fields of each payload that hold money."""

MAY_BE_NULL = ("discount_amount",)
"""That such an amount is missing is nothing to be told."""

DECIMALS = 4
UNITS: int = 10**DECIMALS
"""Amounts are summed as whole ten-thousandths: a sum of a million floats is not what a person gets who adds them up."""

EDGES = (0, 1, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000)
"""Where one size of amounts ends and the next begins. (The first is of those below zero.)"""

Group = tuple[str | None, str | None]
"""Currency, and status or month ('2019-03'), as the payload has them; None where a row has none that can be read."""

MADE, REJECTED, FILTERED, HELD, REPEATED, ROUNDED = "made", "rejected", "filtered", "held", "repeated", "rounded"
DIFFERS = "differs"
FATES = (MADE, REJECTED, FILTERED, HELD, REPEATED, ROUNDED, DIFFERS)
"""In the order in which they are told: which of them a sketch meets first depends on how the rows were cut in parts."""

Labels = Sequence[str | None]

Sums = dict[Group, list[int]]
"""Group -> how many amounts, and their sum in UNITS."""

Totals = tuple[Sums, Sums]
"""The same amounts by currency and status, and by currency and month. (By all three, a part's rows are nearly a group each.)"""


class SumsByGroup(NamedTuple):
    """Sums of one part's amounts: groups, how many amounts each has (there may be none in one), and what they add up to.

    Three columns are sent from a worker, and added to what is known, in half the time that a dictionary of pairs takes.
    """

    groups: Sequence[Group]
    many: Sequence[int]
    units: Sequence[int]


GroupSums = tuple[SumsByGroup, SumsByGroup]
"""By currency and status, and by currency and month."""

MOST_GROUPS = 20_000
NAMED = 20


@dataclass(frozen=True, slots=True)
class NamedAmount:
    """One row's amount: of a row that is not sent, or by how much what is sent differs from the source. None: unreadable."""

    fate: str
    key: str | None
    row: int
    units: int | None


@dataclass(slots=True)
class MoneySketch:
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


class Groups:
    """The groups of some rows, in their order: by currency and status, and by currency and month."""

    def __init__(self, currencies: Labels, statuses: Labels, months: Labels) -> None:
        # Nearly always nearly all rows have one currency: their groups are told by the other label, which spares a pair for each.
        usual = currencies[len(currencies) // 2] if currencies else None
        rare = []
        if currencies.count(usual) < len(currencies):
            rare = [(row, one) for row, one in enumerate(currencies) if one != usual]
        self._by_status, self._by_month = _grouping(usual, rare, statuses), _grouping(usual, rare, months)

    def sums(self, units: Sequence[int | None]) -> tuple[GroupSums, int]:
        """The sums of these rows' amounts, and how many have none."""
        return self._sums(units, sum)

    def sums_of(self, values: Sequence[Any]) -> tuple[GroupSums, int]:
        """The same of amounts that have no more decimals than UNITS tell: floats are added as they are, where they may be."""
        return self._sums(values, _nearest_sum) if can_be_added(values) else self.sums(all_units(values))

    @property
    def months(self) -> dict[str, int]:
        """How many of the rows are of each month."""
        found: dict[str, int] = {}
        for (_, month), many in zip(self._by_month.groups, self._by_month.many, strict=True):
            if month:
                found[month] = found.get(month, 0) + many
        return found

    def _sums(self, values: Sequence[Any], add: Add) -> tuple[GroupSums, int]:
        nothing = [] if all(values) else list(filterfalse(None, values))
        unread = nothing.count(None)
        if not unread:
            return (self._by_status.added(values, add), self._by_month.added(values, add)), 0
        given = _given if unread < len(nothing) else _some
        return (self._by_status.added_of(given, values, add), self._by_month.added_of(given, values, add)), unread


Add = Callable[[Iterable[Any]], int]
"""Amounts -> their sum in UNITS."""


@dataclass(frozen=True, slots=True)
class _Grouping:
    """Rows by one label: the groups, how many rows each has, and the way from all rows' values to those of each."""

    groups: Sequence[Group]
    many: Sequence[int]
    picks: Sequence[Callable[[Sequence[Any]], Sequence[Any]]]

    def added(self, values: Sequence[Any], add: Add) -> SumsByGroup:
        return SumsByGroup(self.groups, self.many, [add(pick(values)) for pick in self.picks])

    def added_of(self, given: Callable[[Iterable[Any]], list[Any]], values: Sequence[Any], add: Add) -> SumsByGroup:
        """`given`: values -> those of them that are not null."""
        picked = [given(pick(values)) for pick in self.picks]
        return SumsByGroup(self.groups, list(map(len, picked)), list(map(add, picked)))


def _grouping(usual: str | None, rare: Sequence[tuple[int, str | None]], labels: Labels) -> _Grouping:
    """`rare`: the rows with another currency than the usual one."""
    if labels and not rare and labels.count(labels[0]) == len(labels):
        return _Grouping([(usual, labels[0])], [len(labels)], [itemgetter(slice(None))])
    marked: list[str | Group | None] = [*labels]
    for row, currency in rare:
        marked[row] = currency, labels[row]
    rows: dict[str | Group | None, list[int]] = defaultdict(list)
    for row, label in enumerate(marked):
        rows[label].append(row)
    groups = [one if isinstance(one, tuple) else (usual, one) for one in rows]
    return _Grouping(groups, list(map(len, rows.values())), list(map(_pick, rows.values())))


def _pick(rows: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Picking a group's values in one call, and adding them in another, is quicker than adding row by row."""
    first = rows[0]
    return itemgetter(*rows) if len(rows) > 1 else itemgetter(slice(first, first + 1))


def _given(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _some(values: Iterable[Any]) -> list[Any]:
    """The same of values among which no zero is, and quicker."""
    return list(filter(None, values))


def _nearest_sum(values: Iterable[float]) -> int:
    return round(sum(values) * UNITS)


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
    some = values if all(values) else list(filter(None, values))
    if not {float}.issuperset(map(type, some)) or not sum(map(abs, some)) < MOST_MONEY:
        return [units_of(value) for value in values]
    if len(some) == len(values):
        return list(map(floor, [value * UNITS + HALF for value in values]))
    return [None if value is None else floor(value * UNITS + HALF) for value in values]


MOST_ADDED = 10**11
"""Of so many floats times their sum: what adding them takes away from the sum is far less than half a ten-thousandth then."""


def can_be_added(values: Sequence[Any]) -> bool:
    """Whether the sum of these amounts is right when they are just added. None has more decimals than UNITS tell."""
    some = values if all(values) else list(filter(None, values))
    try:
        total = sum(some)
    except TypeError:  # a Decimal among floats
        return False
    if not isinstance(total, int | float):
        return False
    size = total if min(some, default=0) >= 0 else sum(map(abs, some))
    return len(some) * size < MOST_ADDED


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
