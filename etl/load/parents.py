"""Records whose parent has not arrived are not sent: an address of a user who is not there is an error (Omnitron contract)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import orjson

from etl.journal.journal import Journal
from etl.journal.plans import Wait, Why
from etl.journal.states import RecordState

Parent = tuple[str, str]
"""A stage, and the key of a record of it."""


class Parents:
    """What is known of the records that those of a stage refer to. `refers`: field -> stage."""

    def __init__(self, journal: Journal, package: int, refers: Mapping[str, str]) -> None:
        self._journal, self._package = journal, package
        # In a stage that lacks nothing there is nothing to find, and millions of records need not be parsed.
        self._refers = {name: stage for name, stage in refers.items() if not journal.plans.is_whole(package, stage)}

    def missed_by(self, records: Mapping[str, bytes]) -> list[Wait]:
        """Those of the records (key -> bytes) that have to wait for a parent."""
        if not self._refers:
            return []
        parents = {key: self._parents_of(record) for key, record in records.items()}
        missing = self._missing({parent for one in parents.values() for parent in one})
        found = ((key, next((one for one in parents[key] if one in missing), None)) for key in parents)
        return [Wait(key, missing[parent], *parent) for key, parent in found if parent is not None]

    def _parents_of(self, record: bytes) -> list[Parent]:
        fields = orjson.loads(record)
        return [(stage, str(fields[name])) for name, stage in self._refers.items() if fields.get(name) is not None]

    def _missing(self, parents: Collection[Parent]) -> dict[Parent, Why]:
        """Those that have not arrived, are not on their way, and will not be sent before; and why."""
        found: dict[Parent, Why] = {}
        for stage in set(self._refers.values()):
            keys = {key for name, key in parents if name == stage}
            taken = self._journal.taken(stage, sorted(keys))
            waits = self._journal.plans.waiting(self._package, stage, keys - taken.keys())
            found |= {(stage, key): Why.FAILED for key, one in taken.items() if one.fate is RecordState.FAILED}
            found |= {(stage, key): waits[key].why if key in waits else Why.ABSENT for key in keys - taken.keys()}
        return found
