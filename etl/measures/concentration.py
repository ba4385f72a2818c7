"""Where problems are concentrated: "97 % of these have ulke = DE, 9 times its share of all rows"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from msgspec import Struct, field

from etl.measures.census import MOST, Census

FEWEST = 5
"""Rows that make a concentration: of fewer it may be chance."""

SHARE = 0.5
TIMES = 1.5
DEVIATIONS = 4
"""Worth being told is a value that at least half of the problems have, that is so much commoner among them than among all rows,
and by so many standard deviations: of six rows it is chance that five have what every second row has."""

KINDS = 60
BEST = 2

RuleOfFate = tuple[str, str | None, str]
"""Fate, field and rule."""


class Concentration(Struct, frozen=True):
    """`count` of `of` rows with this kind of problem have this value in this column: `times` as many as of all rows."""

    fate: str
    field: str | None
    rule: str
    column: str
    value: Any
    count: int
    of: int
    times: float


class Concentrations(Struct):
    """Counts the cells of rows that are not sent, by kind of problem. `columns` are the source's."""

    columns: Sequence[str]
    _kinds: dict[RuleOfFate, _Kind] = field(default_factory=dict)

    def add(self, name: RuleOfFate, cells: Sequence[Any]) -> None:
        kind = self._kinds.get(name)
        if kind is None:
            if len(self._kinds) >= KINDS:
                return
            kind = self._kinds[name] = _Kind([Counter() for _ in self.columns])
        kind.add(cells)

    def found(self, everything: Mapping[str, Census], rows: int) -> list[Concentration]:
        """`everything`: the values of all rows of the source, which are `rows`."""
        return [one for name, kind in self._kinds.items() for one in self._best(name, kind, everything, rows)]

    def _best(self, name: RuleOfFate, kind: _Kind, everything: Mapping[str, Census], rows: int) -> list[Concentration]:
        found = []
        for column, counted in zip(self.columns, kind.values, strict=True):
            usual = everything.get(column)
            if counted and usual is not None:
                value, count = max(counted.items(), key=lambda one: (one[1], str(one[0])))
                share = usual.get(value, 0) / rows
                if count >= SHARE * kind.count and _is_telling(count, kind.count, share):
                    found.append(Concentration(*name, column, value, count, kind.count, count / kind.count / share))
        return sorted(found, key=lambda one: (-one.times * one.count, one.column))[:BEST]


def _is_telling(count: int, of: int, share: float) -> bool:
    """`share`: of all rows that have the value."""
    if count < FEWEST or not 0 < share < 1 or count < TIMES * share * of:
        return False
    return count - of * share >= DEVIATIONS * sqrt(of * share * (1 - share))


class _Kind(Struct):
    values: list[Counter[Any] | None]
    count: int = 0

    def add(self, cells: Sequence[Any]) -> None:
        self.count += 1
        if len(cells) != len(self.values):  # a row that could not be read as the header promises
            return
        for at, cell in enumerate(cells):
            counted = self.values[at]
            if counted is not None:
                try:
                    counted[cell] += 1
                except TypeError:  # nested
                    self.values[at] = None
                if len(counted) > MOST:
                    self.values[at] = None
