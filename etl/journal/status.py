"""Where a migration stands: stages, batches, what needs a person, how fast it goes and how long it will take."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from etl.journal.answers import recorded
from etl.journal.journal import Batch, Journal
from etl.journal.states import State
from etl.journal.workspace import Holder, Workspace

WAITING = ("planned", "sending", "accepted")
SHOWN = 100
"""Batches of a kind that are listed; all of them are counted."""


@dataclass(frozen=True, slots=True)
class StageStatus:
    """A stage over all packages. `batches` and `records` count by state; the records of `done` are uploaded."""

    name: str
    batches: Mapping[str, int]
    records: Mapping[str, int]
    errors: int
    changed: int

    @property
    def uploaded(self) -> int:
        return self.records.get("done", 0)

    @property
    def waiting(self) -> int:
        return sum(self.records.get(state, 0) for state in WAITING)


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run. Times are UTC, ISO 8601; `outcome` is 'ok', an error's text, or None while it runs or when it was killed."""

    id: int
    command: str
    started: str
    ended: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Attention:
    """A batch that a person should look at, and why. `file` is where its bytes lie, `sha256` is theirs."""

    batch: int
    stage: str
    state: str
    records: int
    errors: int
    file: Path
    sha256: str
    migration_id: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Status:
    """Where the load to one target stands.

    `per_second` records in the last run, `forecast` seconds for what is waiting; None when nothing tells.
    """

    target: str
    package: Path | None
    running: Holder | None
    run: RunStatus | None
    pilot_succeeded: bool
    stages: tuple[StageStatus, ...]
    attention: tuple[Attention, ...]
    per_second: float | None
    forecast: float | None
    requests: Path

    @property
    def waiting(self) -> int:
        return sum(stage.waiting for stage in self.stages)


def read_status(root: Path) -> Status:
    """Raises JournalError when there is no journal. Looks only: may be called while a load runs."""
    workspace = Workspace(root)
    journal = Journal.read(workspace)
    try:
        return _status(journal, workspace.holder())
    finally:
        journal.close()


def nothing_sent(workspace: Workspace) -> Status:
    """The status of a target that has no journal."""
    return Status(workspace.target, None, workspace.holder(), None, False, (), (), None, None, workspace.requests)


def _status(journal: Journal, running: Holder | None) -> Status:
    run = journal.database.row("SELECT * FROM runs ORDER BY id DESC LIMIT 1")
    # Without a process that sends, what is `sending` was left so by one that died.
    lost = [] if running else _lost(journal)
    stages = _stages(journal, lost)
    per_second = _per_second(journal)
    waiting = sum(stage.waiting for stage in stages)
    return Status(
        target=journal.workspace.target,
        package=_package(journal),
        running=running,
        run=RunStatus(*(run[name] for name in ("id", "command", "started", "ended", "outcome"))) if run else None,
        pilot_succeeded=pilot_succeeded(journal),
        stages=stages,
        attention=_attention(journal, lost),
        per_second=per_second,
        forecast=waiting / per_second if per_second else None,
        requests=journal.workspace.requests,
    )


def pilot_succeeded(journal: Journal) -> bool:
    return bool(journal.database.value("SELECT count(*) FROM runs WHERE command = 'pilot' AND outcome = 'ok'"))


def _package(journal: Journal) -> Path | None:
    path = journal.database.value(
        "SELECT p.path FROM runs AS r JOIN packages AS p ON p.id = r.package ORDER BY r.id DESC LIMIT 1"
    )
    return None if path is None else journal.workspace.whole(path)


def _lost(journal: Journal) -> list[Batch]:
    """Batches that a process which is no more left in `sending`, and of whose answer nothing is known."""
    left = journal.batches(state=State.SENDING)
    return [one for one in left if recorded(journal.workspace, one.id, one.sha256)[0] is State.UNKNOWN]


def _stages(journal: Journal, lost: Sequence[Batch]) -> tuple[StageStatus, ...]:
    """In the order in which they were first planned, which is the order they are loaded in."""
    rows = journal.database.rows(
        "SELECT stage, CASE WHEN id IN (SELECT value FROM json_each(?)) THEN 'unknown' ELSE state END AS fate, min(id) AS first, "
        "count(*) AS batches, sum(records) AS records, sum(CASE state WHEN 'done' THEN failed ELSE 0 END) AS errors "
        "FROM batches GROUP BY stage, fate ORDER BY first",
        (orjson.dumps([one.id for one in lost]).decode(),),
    )
    changed = journal.database.rows(
        "SELECT stage, count(*) AS records FROM changed WHERE package = (SELECT max(package) FROM runs) GROUP BY stage"
    )
    differing = {row["stage"]: row["records"] for row in changed}
    names = dict.fromkeys(row["stage"] for row in rows)
    return tuple(_stage(name, [row for row in rows if row["stage"] == name], differing.get(name, 0)) for name in names)


def _stage(name: str, rows: list[sqlite3.Row], changed: int) -> StageStatus:
    batches = {row["fate"]: row["batches"] for row in rows}
    records = {row["fate"]: row["records"] for row in rows}
    return StageStatus(name, batches, records, sum(row["errors"] for row in rows), changed)


def _attention(journal: Journal, lost: Sequence[Batch]) -> tuple[Attention, ...]:
    unknown = [*journal.batches(state=State.UNKNOWN), *lost]
    failed = [_of(row) for row in journal.database.rows("SELECT id FROM batches WHERE state = 'done' AND failed > 0")]
    refused = [_of(row) for row in journal.database.rows(REFUSED_AND_LEFT)]
    wanted = [*(one.id for one in unknown[:SHOWN]), *refused[:SHOWN], *failed[:SHOWN]]
    return tuple(_explained(journal, journal.batch(number)) for number in wanted)


REFUSED_AND_LEFT = """
SELECT b.id FROM batches AS b WHERE b.state = 'refused' AND EXISTS (
    SELECT 1 FROM records AS r WHERE r.batch = b.id AND NOT EXISTS (
        SELECT 1 FROM records AS l WHERE l.stage = r.stage AND l.key = r.key AND l.live = 1))
"""
"""Refused batches with records that no other batch has taken since."""


def _of(row: sqlite3.Row) -> int:
    return int(row["id"])


def _explained(journal: Journal, batch: Batch) -> Attention:
    note = journal.database.value("SELECT note FROM transitions WHERE batch = ? ORDER BY id DESC LIMIT 1", (batch.id,))
    why = {
        State.DONE: f"{batch.failed} of its records failed",
        State.SENDING: "the process ended before an answer was written",
    }.get(batch.state, note)
    return Attention(
        batch.id,
        batch.stage,
        str(State.UNKNOWN if batch.state is State.SENDING else batch.state),
        batch.records,
        batch.failed if batch.state is State.DONE else 0,
        journal.workspace.whole(batch.file),
        batch.sha256,
        batch.migration_id,
        why,
    )


def _per_second(journal: Journal) -> float | None:
    """Records worked off a second, in the last run that brought a batch to its end."""
    row = journal.database.row(
        "SELECT sum(b.records) AS records, max(t.time) AS last, "
        "(SELECT min(time) FROM transitions WHERE run = t.run AND after IN ('sending', 'done')) AS first "
        "FROM transitions AS t JOIN batches AS b ON b.id = t.batch "
        "WHERE t.after = 'done' AND t.run = (SELECT max(run) FROM transitions WHERE after = 'done')"
    )
    if row is None or row["records"] is None:
        return None
    seconds = (datetime.fromisoformat(row["last"]) - datetime.fromisoformat(row["first"])).total_seconds()
    return row["records"] / seconds if seconds > 0 else None


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """A record of the last package whose bytes are not those that were uploaded in `batch`. It was not sent again."""

    stage: str
    key: str
    batch: int


def read_changed(root: Path) -> list[ChangedRecord]:
    """Raises JournalError when there is no journal."""
    journal = Journal.read(Workspace(root))
    try:
        rows = journal.database.rows(
            "SELECT stage, key, batch FROM changed WHERE package = (SELECT max(package) FROM runs) ORDER BY batch, key"
        )
        return [ChangedRecord(row["stage"], row["key"], row["batch"]) for row in rows]
    finally:
        journal.close()
