"""The batches of a journal: planned with their bytes on the disk, and taken from state to state, each step on record."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from etl.errors import EtlError
from etl.files import cannot_be_written, durably, private_folder
from etl.findings import said
from etl.journal.batch import INSERT, UPDATE, Draft, Facts, Shipment, batch_of, columns_of, record_hash
from etl.journal.database import JournalDatabase, JournalError
from etl.journal.plans import Plans
from etl.journal.runs import Runs
from etl.journal.states import LETS_GO, State, is_legal
from etl.journal.workspace import Workspace
from etl.package import join_records
from etl.seams import Seam

Clock = Callable[[], datetime]


class IllegalTransition(EtlError):
    """A batch cannot go from its state to the one asked for."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Batches:
    """What everything that changes a batch needs: the batch itself, and how a change is put on record."""

    def __init__(self, workspace: Workspace, database: JournalDatabase, now: Clock, seam: Seam) -> None:
        self.workspace = workspace
        self._database = database
        self.plans = Plans(database)
        self.runs = Runs(database, workspace, self.plans, self.time, seam)
        self._now = now
        self.seam = seam

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, and durable on leaving."""
        return self._database.transaction()

    def batch(self, number: int) -> Shipment:
        row = self._database.row("SELECT * FROM batches WHERE id = ?", (number,))
        if row is None:
            last = self._database.value("SELECT max(id) FROM batches")
            words = "no batch {batch} in {path}; there is none yet (`etl status` lists them)"
            if last:
                words = "no batch {batch} in {path}; there are 1 to {total} (`etl status` lists them)"
            raise JournalError(said(words, batch=number, path=str(self.workspace.journal), total=last))
        return batch_of(row)

    def keys(self, batch: int) -> list[str]:
        rows = self._database.rows("SELECT key FROM records WHERE batch = ? ORDER BY position", (batch,))
        return [row["key"] for row in rows]

    def next_number(self) -> int:
        """The number that the next batch will have."""
        return int(self._database.value("SELECT coalesce(max(id), 0) + 1 FROM batches"))

    def add(self, draft: Draft) -> int:
        """Plan a batch; its bytes are on the disk before it is in the journal. The batch's number."""
        with self._database.transaction():
            number = self.next_number()
            file, sha256 = (draft.file, draft.sha256) if draft.file else self._write_file(number, draft)
            self._database.change(
                INSERT,
                {
                    **{
                        name: getattr(draft, name)
                        for name in ("stage", "payload", "package", "pilot", "alone", "again")
                    },
                    "id": number,
                    "place": number if draft.place is None else draft.place,
                    "file": file,
                    "sha256": sha256,
                    "records": len(draft.keys),
                },
            )
            self._add_records(number, draft)
            self.note(number, None, State.PLANNED, "")
            self.seam("planned:unwritten")
        self.written("planned")
        return number

    def _write_file(self, number: int, draft: Draft) -> tuple[str, str]:
        path, data = self.workspace.batch_file(draft.stage, number), join_records(draft.records)
        try:
            private_folder(path.parent)
            with durably(path) as file:
                file.write(data)
        except OSError as error:
            raise JournalError(cannot_be_written(path, error)) from error
        self.seam("file:written")
        return self.workspace.shorten(path), hashlib.sha256(data).hexdigest()

    def _add_records(self, number: int, draft: Draft) -> None:
        rows = (
            (number, position, draft.stage, key, record_hash(record))
            for position, (key, record) in enumerate(zip(draft.keys, draft.records, strict=True))
        )
        try:
            self._database.change_many(
                "INSERT INTO records (batch, position, stage, key, sha256, live) VALUES (?, ?, ?, ?, ?, 1)", rows
            )
        except sqlite3.IntegrityError:
            raise JournalError(
                f"a record of stage '{draft.stage}' would be in two batches; it is not planned twice"
            ) from None

    def change_state(self, number: int, after: State, facts: Facts) -> Shipment:
        """The change itself; inside a transaction. The batch as it was."""
        batch = self.batch(number)
        if not is_legal(batch.state, after):
            raise IllegalTransition(f"batch {number} is {batch.state}; it cannot become {after}")
        self._database.change(UPDATE, columns_of(batch, after, facts, self.time()))
        self.note(number, batch.state, after, facts.note)
        if after in LETS_GO:
            self._database.change("UPDATE records SET live = 0 WHERE batch = ?", (number,))
            self._database.change("UPDATE batches SET held = 0 WHERE id = ?", (number,))
        return batch

    def note(self, number: int, before: State | None, after: State, note: str) -> None:
        """Put something that happened to a batch on record; inside a transaction."""
        self._database.change(
            "INSERT INTO transitions (batch, run, time, before, after, note) VALUES (?, ?, ?, ?, ?, ?)",
            (number, self.runs.current, self.time(), before, after, note),
        )

    def written(self, state: str) -> None:
        """Come by the moment at which a transition is durable; inside a transaction it is not yet."""
        if not self._database.in_transaction:
            self.seam(f"{state}:written")

    def time(self) -> str:
        """Now: UTC, ISO 8601, as everything is noted."""
        return self._now().isoformat(timespec="milliseconds")
