"""A batch and a record as the journal knows them, and a batch that is to be planned."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etl.journal.states import Fate, State


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the journal knows it. `file` is relative to the workspace when inside it; see Workspace.whole.

    held      of its records, those that no later attempt has taken over
    again     a repetition: its one record had been sent before
    place     its turn among the planned ones of its stage
    reported  records that Omnitron did not count as a success
    failed    of the records it holds, those that failed as far as is known now
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
    held: int
    recovered: int
    again: bool
    place: int
    reported: int
    failed: int

    @property
    def failed_whole(self) -> bool:
        """Whether it surely created none of its records; where only some failed, nobody knows which."""
        return self.failed > 0 and self.reported >= self.records


@dataclass(frozen=True, slots=True)
class Draft:
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
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A record that some batch holds, and what is known of it there."""

    sha256: bytes
    batch: int
    package: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class Facts:
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


def batch_of(row: sqlite3.Row) -> Batch:
    values: dict[str, Any] = dict(row)
    flags = {name: bool(values[name]) for name in ("pilot", "alone", "again")}
    return Batch(**{**values, **flags, "state": State(values["state"])})


def fate_of(state: str, records: int, reported: int, failed: int) -> Fate:
    """What is known of each record that such a batch holds."""
    if state == State.UNKNOWN:
        return Fate.UNKNOWN
    if state != State.DONE:
        return Fate.WAITING
    if failed == 0:
        return Fate.ARRIVED
    return Fate.FAILED if reported >= records else Fate.DOUBTFUL
