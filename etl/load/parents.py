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
    """What is known of the records that those of a stage refer to. `refers`: field -> stage.

    `unplanned` are stages that are only looked at: a record of one is sent before, unless it is known to wait.
    """

    def __init__(
        self, journal: Journal, package: int, refers: Mapping[str, str], unplanned: Collection[str] = ()
    ) -> None:
        self._journal, self._package, self._unplanned = journal, package, unplanned
        # In a stage that lacks nothing there is nothing to find, and millions of records need not be parsed.
        self._refers = {name: stage for name, stage in refers.items() if self._lacks(stage)}

    def __bool__(self) -> bool:
        """Whether a record may have to wait for one."""
        return bool(self._refers)

    def _lacks(self, stage: str) -> bool:
        plans = self._journal.plans
        is_unplanned = stage in self._unplanned
        return plans.is_lacking(self._package, stage) if is_unplanned else not plans.is_whole(self._package, stage)

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
            taken = (self._journal.sent if stage in self._unplanned else self._journal.taken)(stage, sorted(keys))
            waits = self._journal.plans.waiting(self._package, stage, keys - taken.keys())
            found |= {(stage, key): Why.FAILED for key, one in taken.items() if one.fate is RecordState.FAILED}
            found |= {(stage, key): one.why for key, one in waits.items()}
            if stage not in self._unplanned:
                found |= {(stage, key): Why.ABSENT for key in keys - taken.keys() - waits.keys()}
        return found
