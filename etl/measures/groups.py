"""Rows by groups, and what their amounts add up to: the columns of a part at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, count, filterfalse, repeat
from operator import itemgetter, ne
from typing import Any, NamedTuple

from msgspec import Struct

from etl.measures.amounts import UNITS, all_units, some_of, sum_as_it_is

Group = tuple[str | None, str | None]
"""Currency, and status or month ('2019-03'), as the payload has them; None where a row has none that can be read."""

Labels = Sequence[str | None]


class SumsByGroup(NamedTuple):
    """Sums of one part's amounts: groups, how many amounts each has (there may be none in one), and what they add up to.

    Three columns are sent from a worker, and added to what is known, in half the time that a dictionary of pairs takes.
    """

    groups: Sequence[Group]
    many: Sequence[int]
    units: Sequence[int]


GroupSums = tuple[SumsByGroup, SumsByGroup]
"""By currency and status, and by currency and month."""


class Groups:
    """The groups of some rows, in their order: by currency and status, and by currency and month."""

    def __init__(self, currencies: Labels, statuses: Labels, months: Labels) -> None:
        # Nearly always nearly all rows have one currency: their groups are told by the other label, which spares a pair for each.
        usual = currencies[len(currencies) // 2] if currencies else None
        rare = []
        if currencies.count(usual) < len(currencies):
            others = map(ne, currencies, repeat(usual))
            rare = [(row, currencies[row]) for row in compress(count(), others)]
        self._by_status, self._by_month = _grouping(usual, rare, statuses), _grouping(usual, rare, months)

    def sums(self, units: Sequence[int | None]) -> tuple[GroupSums, int]:
        """The sums of these rows' amounts, and how many have none."""
        some = some_of(units)
        return self._sums(units, some, sum(some), sum)

    def sums_of(self, values: Sequence[Any]) -> tuple[GroupSums, int]:
        """The same of amounts that have no more decimals than UNITS tell: floats are added as they are, where they may be."""
        some = some_of(values)
        total = sum_as_it_is(some)
        return self.sums(all_units(values)) if total is None else self._sums(values, some, total, _nearest_sum)

    @property
    def months(self) -> dict[str, int]:
        """How many of the rows are of each month."""
        found: dict[str, int] = {}
        for (_, month), many in zip(self._by_month.groups, self._by_month.many, strict=True):
            if month:
                found[month] = found.get(month, 0) + many
        return found

    def _sums(self, values: Sequence[Any], some: Sequence[Any], total: int, add: Add) -> tuple[GroupSums, int]:
        """`some`: those that are neither null nor zero; `total`: what they add up to."""
        nothing = [] if len(some) == len(values) else list(filterfalse(None, values))
        unread = nothing.count(None)
        if not unread:
            return (self._by_status.added(values, add, total), self._by_month.added(values, add, total)), 0
        given = _given if unread < len(nothing) else some_of
        whole = len(values) - unread, total
        by_status, by_month = (one.added_of(given, values, add, whole) for one in (self._by_status, self._by_month))
        return (by_status, by_month), unread


Add = Callable[[Iterable[Any]], int]
"""Amounts -> their sum in UNITS."""


class _Grouping(Struct, frozen=True):
    """Rows by one label: the groups, how many rows each has, and the way from all rows' values to those of each.

    The last group has no way of its own: its sum is what the others leave of the sum of all rows, which spares picking the values
    of the largest one.
    """

    groups: Sequence[Group]
    many: Sequence[int]
    picks: Sequence[Callable[[Sequence[Any]], Sequence[Any]]]

    def added(self, values: Sequence[Any], add: Add, total: int) -> SumsByGroup:
        return SumsByGroup(self.groups, self.many, _with_rest([add(pick(values)) for pick in self.picks], total))

    def added_of(
        self, given: Callable[[Sequence[Any]], Sequence[Any]], values: Sequence[Any], add: Add, whole: tuple[int, int]
    ) -> SumsByGroup:
        """`given`: values -> those of them that are not null; `whole`: how many of all rows' are not, and their sum."""
        picked = [given(pick(values)) for pick in self.picks]
        many, total = whole
        return SumsByGroup(
            self.groups, _with_rest(list(map(len, picked)), many), _with_rest(list(map(add, picked)), total)
        )


def _with_rest(parts: list[int], whole: int) -> list[int]:
    return [*parts, whole - sum(parts)]


def _grouping(usual: str | None, rare: Sequence[tuple[int, str | None]], labels: Labels) -> _Grouping:
    """`rare`: the rows with another currency than the usual one."""
    rows: dict[Group, list[int]] = defaultdict(list)
    if labels.count(labels[0]) == len(labels) if labels else True:
        last = (usual, labels[0] if labels else None)
        for row, currency in rare:
            rows[currency, labels[row]].append(row)
    else:
        rows = _rows_by_group(usual, rare, labels)
        last = max(rows, key=lambda group: len(rows[group]))
        del rows[last]
    many = _with_rest(list(map(len, rows.values())), len(labels))
    return _Grouping([*rows, last], many, list(map(_pick, rows.values())))


def _rows_by_group(usual: str | None, rare: Sequence[tuple[int, str | None]], labels: Labels) -> dict[Group, list[int]]:
    marked: list[str | Group | None] = [*labels]
    for row, currency in rare:
        marked[row] = currency, labels[row]
    rows: dict[str | Group | None, list[int]] = defaultdict(list)
    for row, label in enumerate(marked):
        rows[label].append(row)
    return {one if isinstance(one, tuple) else (usual, one): its for one, its in rows.items()}


def _pick(rows: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Picking a group's values in one call, and adding them in another, is quicker than adding row by row."""
    first = rows[0]
    return itemgetter(*rows) if len(rows) > 1 else itemgetter(slice(first, first + 1))


def _given(values: Sequence[Any]) -> Sequence[Any]:
    return [value for value in values if value is not None]


def _nearest_sum(values: Iterable[float]) -> int:
    return round(sum(values) * UNITS)
