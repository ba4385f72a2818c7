"""What a mapping's own tests reach of it, and what none of them does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from etl.expressions import LOOKUP
from etl.expressions.points import ENTRY, NULL, Point, Points
from etl.extract import place_of
from etl.mapping import Checked
from etl.mapping.lookups import Unread, entry_rows
from etl.model import Lookup
from etl.prepare.program import Program
from etl.report.tested import Coverage, Unreached


class Footprints(Struct):
    """What rows have reached so far. A stage that no test is of counts, too: see `knows`."""

    known: dict[Point, None] = field(default_factory=dict)
    reached: set[Point] = field(default_factory=set)

    def knows(self, program: Program) -> Points:
        plan = program.plan
        points = Points(plan.stage, plan.header, plan.resources, program.write)
        self.known |= dict.fromkeys(points.all)
        return points

    def sees(self, points: Points, row: Sequence[Any]) -> None:
        self.reached |= points.reached(row)

    def coverage(self, checked: Checked) -> Coverage:
        """Of the points in the order of the mapping, entries of lookups at the end."""
        counted = [one for one in self.known if one.kind != NULL]
        missing = [one for one in counted if one not in self.reached]
        entries = _EntryPlaces(checked)
        found = [_unreached(one, entries) for one in sorted(missing, key=lambda one: one.kind == ENTRY)]
        return Coverage(len(counted), len(counted) - len(missing), tuple(found), unread_lookups(checked))


class _EntryPlaces(Struct):
    """Where entries of lookups stand: in the mapping, or in a row of a file, which is read for it when it is first asked for."""

    checked: Checked
    files: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, name: str, key: str) -> str:
        lookup = self.checked.migration.lookups[name]
        if key in lookup.places:
            return str(lookup.places[key])
        if name not in self.files:
            self.files[name] = self._rows(lookup)
        return self.files[name].get(key, str(lookup.place))

    def _rows(self, lookup: Lookup) -> dict[str, str]:
        table = self.checked.lookup_tables.get(lookup.name)
        if lookup.source is None or table is None:
            return {}
        found = {}
        for key, number in entry_rows(lookup, lookup.source, table).items():
            file, row = place_of(lookup.source, table, number)
            found[key] = f"{Path(file).name} row {row}"
        return found


def _unreached(point: Point, entries: _EntryPlaces) -> Unreached:
    place = entries.of(point.field, point.what) if point.kind == ENTRY else str(point.place)
    return Unreached(point.kind, point.stage, point.field, point.what, place)


def unread_lookups(checked: Checked) -> tuple[str, ...]:
    """Lookups of whose entries nothing is known, as they were not read."""
    return tuple(name for name, one in checked.resources[LOOKUP].items() if isinstance(one, Unread))
