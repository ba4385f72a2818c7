"""A batch and a record as the journal knows them, and a batch that is to be planned."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from etl.journal.states import RecordState, State

LONGEST_ANSWER = 4096
"""Characters of an answer that are kept; Omnitron's own are a few dozen."""


class Shipment(Struct, frozen=True):
    """A batch as the journal knows it. `file` is relative to the workspace when inside it; see Workspace.whole.

    counting  of its records, those that no later attempt has taken over
    again     a repetition: its one record had been sent before
    place     its turn among the planned ones of its stage
    reported  records that Omnitron did not count as a success
    failed    of those that count, the ones that failed as far as is known now
    """

    id: int
    stage: str
    payload: str
    package: int
    pilot: bool
    alone: bool
    file: str
    sha256: str
    records: int
    state: State
    migration_id: str | None
    total: int | None
    success: int | None
    errors: int | None
    status: int | None
    answer: str | None
    sent: str | None
    ended: str | None
    counting: int
    recovered: int
    again: bool
    place: float
    reported: int
    failed: int

    @property
    def failed_whole(self) -> bool:
        """Whether it surely created none of its records; where only some failed, nobody knows which."""
        return self.failed > 0 and self.reported >= self.records


class Draft(Struct, frozen=True):
    """A batch to be planned. `file` and `sha256` name the package's own file; None: one is written with these records.

    `place` None is the end of the queue.
    """

    stage: str
    payload: str
    package: int
    keys: Sequence[str]
    records: Sequence[bytes]
    pilot: bool = False
    alone: bool = False
    file: str | None = None
    sha256: str = ""
    again: bool = False
    place: float | None = None


class Taken(Struct, frozen=True):
    """A record that some batch holds, and what is known of it there."""

    sha256: bytes
    batch: int
    package: int
    fate: RecordState
    planned: bool = False
    """The batch was not sent yet, and a load of another package takes it back."""


class Facts(Struct, frozen=True):
    """What comes with a transition, to be kept with the batch. None leaves what is there."""

    note: str = ""
    status: int | None = None
    answer: str | None = None
    migration_id: str | None = None
    total: int | None = None
    success: int | None = None
    errors: int | None = None


NOTHING = Facts()


def record_hash(record: bytes) -> bytes:
    return hashlib.sha256(record).digest()


def pieces_of(draft: Draft, size: int, first: float, end: float) -> list[Draft]:
    """A batch in pieces of `size` records, whose places lie from `first` on and before `end`."""
    starts = range(0, len(draft.keys), size)
    return [
        replace(
            draft,
            keys=draft.keys[start : start + size],
            records=draft.records[start : start + size],
            place=first + (end - first) * turn / len(starts),
        )
        for turn, start in enumerate(starts)
    ]


def batch_of(row: sqlite3.Row) -> Shipment:
    values: dict[str, Any] = dict(row)
    values["counting"] = values.pop("held")
    flags = {name: bool(values[name]) for name in ("pilot", "alone", "again")}
    return Shipment(**{**values, **flags, "state": State(values["state"])})


def fate_of(state: str, records: int, reported: int, failed: int) -> RecordState:
    """What is known of each record that such a batch holds."""
    if state == State.UNKNOWN:
        return RecordState.UNKNOWN
    if state != State.DONE:
        return RecordState.WAITING
    if failed == 0:
        return RecordState.ARRIVED
    return RecordState.FAILED if reported >= records else RecordState.DOUBTFUL


INSERT = """
INSERT INTO batches (id, stage, payload, package, pilot, alone, again, place, file, sha256, records, held, state)
VALUES (:id, :stage, :payload, :package, :pilot, :alone, :again, :place, :file, :sha256, :records, :records, 'planned')
"""

UPDATE = """
UPDATE batches SET
    state        = :after,
    migration_id = coalesce(:migration_id, migration_id),
    total        = coalesce(:total, total),
    success      = coalesce(:success, success),
    errors       = coalesce(:errors, errors),
    status       = coalesce(:status, status),
    answer       = coalesce(:answer, answer),
    sent         = coalesce(:sent, sent),
    ended        = coalesce(:ended, ended)
WHERE id = :number
"""


def columns_of(batch: Shipment, after: State, facts: Facts, time: str) -> Mapping[str, object]:
    return {
        "number": batch.id,
        "after": after,
        "migration_id": facts.migration_id,
        "total": facts.total,
        "success": facts.success,
        "errors": facts.errors,
        "status": facts.status,
        "answer": None if facts.answer is None else facts.answer[:LONGEST_ANSWER],
        "sent": time if after is State.SENDING else None,
        "ended": time if after in (State.DONE, State.REFUSED) else None,
    }
