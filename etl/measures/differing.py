"""What two versions of many records differ in: how often, and where that is concentrated. In bounded room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from etl.measures.census import Census, census, together
from etl.measures.concentration import Concentration, Concentrations

ADDED, GONE, CHANGED = "added", "gone", "changed"
EXAMPLES = 3
TOGETHER = 500
"""Records whose values are counted at once."""


class BothValues(Struct, frozen=True):
    """A record in which a field differs."""

    key: str
    old: Any
    new: Any


class FieldDiffers(Struct):
    """How many records differ in a field in one way (`what`: changed, added, removed), and the first of them."""

    field: str
    what: str
    count: int = 0
    examples: list[BothValues] = msgspec.field(default_factory=list)

    def add(self, example: BothValues) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


class Everything(Struct):
    """The values that all records of one version have in some fields: against these something is concentrated."""

    columns: Sequence[str]
    records: int = 0
    _values: dict[str, Census] = msgspec.field(default_factory=dict)
    _waiting: list[Sequence[Any]] = msgspec.field(default_factory=list)

    def add(self, cells: Sequence[Any]) -> None:
        self.records += 1
        self._waiting.append(cells)
        if len(self._waiting) >= TOGETHER:
            self._count()

    def values(self) -> dict[str, Census]:
        self._count()
        return self._values

    def _count(self) -> None:
        for name, cells in zip(self.columns, zip(*self._waiting, strict=True), strict=False):
            if name not in self._values:
                self._values[name] = census(cells)
            elif self._values[name] is not None:  # a column of too many values is not counted again
                self._values[name] = together(self._values[name], census(cells))
        self._waiting.clear()


class DifferenceTally:
    """Takes in pairs of records. `columns` are the fields by whose values differences may be told to be concentrated."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self.counts = dict.fromkeys((ADDED, GONE, CHANGED, "same"), 0)
        self._fields: dict[tuple[str, str], FieldDiffers] = {}
        self.first: dict[str, list[str]] = {ADDED: [], GONE: [], CHANGED: []}
        self._old, self._new = Everything(columns), Everything(columns)
        self._of_old, self._of_new = Concentrations(columns), Concentrations(columns)

    def same(self, new: Mapping[str, Any]) -> None:
        self.counts["same"] += 1
        cells = self._cells(new)
        self._old.add(cells)
        self._new.add(cells)

    def added(self, key: str, new: Mapping[str, Any]) -> None:
        self._count(ADDED, key)
        cells = self._cells(new)
        self._new.add(cells)
        self._of_new.add((ADDED, None, ADDED), cells)

    def gone(self, key: str, old: Mapping[str, Any]) -> None:
        self._count(GONE, key)
        cells = self._cells(old)
        self._old.add(cells)
        self._of_old.add((GONE, None, GONE), cells)

    def changed(
        self, key: str, old: Mapping[str, Any], new: Mapping[str, Any], fields: Iterable[tuple[str, str, Any, Any]]
    ) -> None:
        """`fields`: the name of each one that differs, in which way, and both values."""
        self._count(CHANGED, key)
        cells = self._cells(new)
        self._old.add(self._cells(old))
        self._new.add(cells)
        for name, what, before, after in fields:
            self._fields.setdefault((name, what), FieldDiffers(name, what)).add(BothValues(key, before, after))
            self._of_new.add((CHANGED, name, what), cells)

    def fields(self) -> list[FieldDiffers]:
        """The commonest first."""
        return sorted(self._fields.values(), key=lambda one: (-one.count, one.field, one.what))

    def concentrations(self) -> list[Concentration]:
        """That a changed field has its new value goes without saying: each is held against the other fields."""
        found = [
            *self._of_new.found(self._new.values(), max(self._new.records, 1)),
            *self._of_old.found(self._old.values(), max(self._old.records, 1)),
        ]
        return [one for one in found if one.column != one.field]

    def _cells(self, record: Mapping[str, Any]) -> list[Any]:
        return [record.get(name) for name in self._columns]

    def _count(self, what: str, key: str) -> None:
        self.counts[what] += 1
        if len(self.first[what]) < EXAMPLES:
            self.first[what].append(key)
