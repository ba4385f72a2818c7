"""The journal: everything ever planned, sent, answered and decided, and the one place where a batch changes its state."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from etl.errors import EtlError
from etl.files import durably, private_folder
from etl.journal.answers import recorded
from etl.journal.database import BUSY_SECONDS, Database, JournalError
from etl.journal.states import LETS_GO, State, is_legal
from etl.journal.workspace import Holder, Workspace
from etl.package import join_records
from etl.seams import Seam, no_seam

Clock = Callable[[], datetime]

LONGEST_ANSWER = 4096
"""Characters of an answer that are kept; Omnitron's own are a few dozen."""


class IllegalTransition(EtlError):
    """A batch cannot go from its state to the one asked for."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the journal knows it. `file` is relative to the workspace when inside it; see Workspace.whole."""

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
    failed: int
    status: int | None
    answer: str | None
    sent: str | None
    ended: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch to be planned. `file` and `sha256` name the package's own file; None: one is written with these records."""

    stage: str
    payload: str
    package: int
    keys: Sequence[str]
    records: Sequence[bytes]
    pilot: bool = False
    alone: bool = False
    file: str | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A record that some batch holds."""

    sha256: bytes
    batch: int
    package: int


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


def utc_now() -> datetime:
    return datetime.now(UTC)


class Journal:
    """Open for the process that holds the workspace. Usable from several threads."""

    def __init__(self, workspace: Workspace, database: Database, now: Clock = utc_now, seam: Seam = no_seam) -> None:
        self.workspace = workspace
        self.database = database
        self.run: int | None = None
        self._now = now
        self._seam = seam

    @classmethod
    def open(
        cls, workspace: Workspace, *, now: Clock = utc_now, seam: Seam = no_seam, busy_seconds: float = BUSY_SECONDS
    ) -> Journal:
        """Open for writing; the caller holds the workspace. What a dead process left in `sending` becomes what
        requests.jsonl knows of it, or `unknown`."""
        database = Database(workspace.journal, writing=True, busy_seconds=busy_seconds)
        journal = cls(workspace, database, now, seam)
        for batch in journal.batches(state=State.SENDING):
            state, found = recorded(workspace, batch.id, batch.sha256)
            facts = Facts(**found)
            journal.accept(batch.id, facts) if state is State.ACCEPTED else journal.move(batch.id, state, facts)
        return journal

    @classmethod
    def read(cls, workspace: Workspace) -> Journal:
        """Open for looking only, beside a process that writes."""
        return cls(workspace, Database(workspace.journal, writing=False))

    def close(self) -> None:
        self.database.close()

    # Runs and packages

    def begin_run(self, command: str, holder: Holder, package: int | None = None) -> int:
        with self.database.transaction():
            self.run = self.database.change(
                "INSERT INTO runs (command, package, pid, host, started) VALUES (?, ?, ?, ?, ?)",
                (command, package, holder.pid, holder.host, self._time()),
            )
        self._seam("run:begun")
        return self.run

    def end_run(self, outcome: str) -> None:
        with self.database.transaction():
            self.database.change(
                "UPDATE runs SET ended = ?, outcome = ? WHERE id = ?", (self._time(), outcome, self.run)
            )
        self._seam("run:ended")

    def package_id(self, path: str, sha256: str) -> int:
        """The package's number. A package that was moved is known again by its manifest."""
        with self.database.transaction():
            self.database.change(
                "INSERT INTO packages (path, sha256, opened) VALUES (?, ?, ?) "
                "ON CONFLICT (sha256) DO UPDATE SET path = excluded.path",
                (path, sha256, self._time()),
            )
        return int(self.database.value("SELECT id FROM packages WHERE sha256 = ?", (sha256,)))

    # Looking

    def batch(self, number: int) -> Batch:
        row = self.database.row("SELECT * FROM batches WHERE id = ?", (number,))
        if row is None:
            last = self.database.value("SELECT max(id) FROM batches")
            there_are = f"there are 1 to {last}" if last else "there is none yet"
            raise JournalError(f"no batch {number} in {self.workspace.journal}; {there_are} (`etl status` lists them)")
        return _batch(row)

    def batches(self, stage: str | None = None, state: State | None = None) -> list[Batch]:
        rows = self.database.rows(
            "SELECT * FROM batches WHERE (:stage IS NULL OR stage = :stage) AND (:state IS NULL OR state = :state) ORDER BY id",
            {"stage": stage, "state": state},
        )
        return [_batch(row) for row in rows]

    def next_planned(self, stage: str, after: int) -> Batch | None:
        row = self.database.row(
            "SELECT * FROM batches WHERE stage = ? AND state = 'planned' AND id > ? ORDER BY id LIMIT 1", (stage, after)
        )
        return None if row is None else _batch(row)

    def keys(self, batch: int) -> list[str]:
        rows = self.database.rows("SELECT key FROM records WHERE batch = ? ORDER BY position", (batch,))
        return [row["key"] for row in rows]

    def taken(self, stage: str, keys: Sequence[str]) -> dict[str, Taken]:
        """Which of these records some batch holds already."""
        # CROSS JOIN keeps SQLite from starting with the millions of records.
        rows = self.database.rows(
            "SELECT r.key, r.sha256, r.batch, b.package FROM json_each(?) AS wanted "
            "CROSS JOIN records AS r ON r.stage = ? AND r.key = wanted.value AND r.live = 1 "
            "CROSS JOIN batches AS b ON b.id = r.batch",
            (orjson.dumps(list(keys)).decode(), stage),
        )
        return {row["key"]: Taken(row["sha256"], row["batch"], row["package"]) for row in rows}

    # Planning

    def add(self, draft: Draft) -> int:
        """Plan a batch; its bytes are on the disk before it is in the journal. The batch's number."""
        with self.database.transaction():
            number: int = self.database.value("SELECT coalesce(max(id), 0) + 1 FROM batches")
            file, sha256 = (draft.file, draft.sha256) if draft.file else self._write_file(number, draft)
            self.database.change(
                "INSERT INTO batches (id, stage, payload, package, pilot, alone, file, sha256, records, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned')",
                (
                    number,
                    draft.stage,
                    draft.payload,
                    draft.package,
                    draft.pilot,
                    draft.alone,
                    file,
                    sha256,
                    len(draft.keys),
                ),
            )
            self._add_records(number, draft)
            self._note(number, None, State.PLANNED, "")
            self._seam("planned:unwritten")
        self.written("planned")
        return number

    def _write_file(self, number: int, draft: Draft) -> tuple[str, str]:
        path, data = self.workspace.batch_file(draft.stage, number), join_records(draft.records)
        try:
            private_folder(path.parent)
            with durably(path) as file:
                file.write(data)
        except OSError as error:
            raise JournalError(f"{path}: cannot be written ({error.strerror}); make room and go on") from error
        self._seam("file:written")
        return self.workspace.shorten(path), hashlib.sha256(data).hexdigest()

    def _add_records(self, number: int, draft: Draft) -> None:
        rows = (
            (number, position, draft.stage, key, record_hash(record))
            for position, (key, record) in enumerate(zip(draft.keys, draft.records, strict=True))
        )
        try:
            self.database.change_many(
                "INSERT INTO records (batch, position, stage, key, sha256, live) VALUES (?, ?, ?, ?, ?, 1)", rows
            )
        except sqlite3.IntegrityError:
            raise JournalError(
                f"a record of stage '{draft.stage}' would be in two batches; it is not planned twice"
            ) from None

    # Transitions

    def move(self, number: int, after: State, facts: Facts = NOTHING) -> Batch:
        """Take a batch to another state; it is durable when this returns. Raises IllegalTransition."""
        with self.database.transaction():
            batch = self._move(number, after, facts)
            if after in LETS_GO:
                self._void_plans(batch.stage)
            self._seam(f"{after}:unwritten")
        self.written(after)
        return self.batch(number)

    def accept(self, number: int, facts: Facts) -> int | None:
        """Enter that Omnitron took a batch as facts.migration_id. When another batch has that id, nobody can say which of
        them it means: then this one is `unknown`, and the other one's number is given."""
        with self.database.transaction():
            other = self.owner(facts.migration_id, besides=number)
            if other is None:
                self.move(number, State.ACCEPTED, facts)
            else:
                note = f"Omnitron answered with migration {facts.migration_id}, which is batch {other}"
                self.move(number, State.UNKNOWN, replace(facts, note=note, migration_id=None))
        self.written(State.ACCEPTED if other is None else State.UNKNOWN)
        return other

    def owner(self, migration_id: str | None, besides: int) -> int | None:
        """The batch, other than this one, that became this migration."""
        found: int | None = self.database.value(
            "SELECT id FROM batches WHERE migration_id = ? AND id <> ? LIMIT 1", (migration_id, besides)
        )
        return found

    def _move(self, number: int, after: State, facts: Facts) -> Batch:
        batch = self.batch(number)
        if not is_legal(batch.state, after):
            raise IllegalTransition(f"batch {number} is {batch.state}; it cannot become {after}")
        self.database.change(UPDATE, _columns(batch, after, facts, self._time()))
        self._note(number, batch.state, after, facts.note)
        if after in LETS_GO:
            self.database.change("UPDATE records SET live = 0 WHERE batch = ?", (number,))
        return batch

    def _note(self, number: int, before: State | None, after: State, note: str) -> None:
        self.database.change(
            "INSERT INTO transitions (batch, run, time, before, after, note) VALUES (?, ?, ?, ?, ?, ?)",
            (number, self.run, self._time(), before, after, note),
        )

    def _void_plans(self, stage: str) -> None:
        """Records were let go and no other batch took them: the stage has to be planned again."""
        self.database.change("UPDATE plans SET valid = 0 WHERE stage = ?", (stage,))

    def written(self, state: str) -> None:
        """Come by the moment at which a transition is durable; inside a transaction it is not yet."""
        if not self.database.in_transaction:
            self._seam(f"{state}:written")

    def halve(self, number: int, records: Sequence[bytes], facts: Facts) -> tuple[int, int]:
        """Put two batches in the place of one that was too large. Raises ValueError when it has one record."""
        batch, keys, middle = self.batch(number), self.keys(number), len(records) // 2
        if middle == 0:
            raise ValueError("one record cannot be halved")
        with self.database.transaction():
            self._move(number, State.SUPERSEDED, facts)
            first, second = (
                self.add(
                    Draft(
                        batch.stage, batch.payload, batch.package, keys[part], records[part], batch.pilot, batch.alone
                    )
                )
                for part in (slice(middle), slice(middle, None))
            )
            self._seam("superseded:unwritten")
        self.written("superseded")
        return first, second

    def supersede(self, stages: Iterable[str], which: Callable[[Batch], bool] = lambda batch: True) -> int:
        """Take back batches of these stages that are planned and were not sent; how many."""
        found = [batch for stage in stages for batch in self.batches(stage, State.PLANNED) if which(batch)]
        if not found:
            return 0
        with self.database.transaction():
            for batch in found:
                self._move(batch.id, State.SUPERSEDED, Facts("never sent, and planned anew"))
                self._void_plans(batch.stage)
            self._seam("superseded:unwritten")
        self.written("superseded")
        return len(found)

    def decide(self, number: int, after: State, facts: Facts, person: str) -> Batch:
        """Record what a person says became of a batch; a decision from which nothing has followed is taken back first."""
        with self.database.transaction():
            batch = self.batch(number)
            if (before := self.before_decision(batch)) is not batch.state:
                self._take_back(batch, before)
            self._move(number, after, facts)
            self.database.change(
                "INSERT INTO decisions (batch, run, time, arrived, migration_id, person) VALUES (?, ?, ?, ?, ?, ?)",
                (number, self.run, self._time(), after is not State.PLANNED, facts.migration_id, person),
            )
            self._seam("decision:unwritten")
        self._seam("decision:written")
        return self.batch(number)

    def before_decision(self, batch: Batch) -> State:
        """The state that a person decides about: the batch's own, or the one before a decision from which nothing has
        followed, for the batch was neither sent nor followed to its end since."""
        last = self.database.row(
            "SELECT before FROM transitions WHERE id = (SELECT max(id) FROM transitions WHERE batch = ?) "
            "AND run IN (SELECT run FROM decisions WHERE batch = ?)",
            (batch.id, batch.id),
        )
        return batch.state if last is None else State(last["before"])

    def _take_back(self, batch: Batch, before: State) -> None:
        self.database.change(
            "UPDATE batches SET state = ?, migration_id = CASE ? WHEN 'accepted' THEN migration_id END, ended = NULL "
            "WHERE id = ?",
            (before, before, batch.id),
        )
        self._note(batch.id, batch.state, before, "the decision is taken back")

    def _time(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


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


def _columns(batch: Batch, after: State, facts: Facts, time: str) -> Mapping[str, object]:
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


def _batch(row: sqlite3.Row) -> Batch:
    values: dict[str, Any] = dict(row)
    return Batch(
        **{
            **values,
            "state": State(values["state"]),
            "pilot": bool(values["pilot"]),
            "alone": bool(values["alone"]),
        }
    )
