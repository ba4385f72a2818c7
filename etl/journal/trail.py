"""What happened to one record and to one batch, in order: what the journal keeps of it."""

from __future__ import annotations

from msgspec import Struct

from etl.journal.database import JournalDatabase
from etl.journal.notes import noted


class Step(Struct, frozen=True):
    """A transition of the record's batch. `time` is UTC, ISO 8601; `before` of the first is None."""

    time: str
    run: int | None
    before: str | None
    after: str
    note: str


class BatchDecision(Struct, frozen=True):
    """What a person decided about the batch."""

    time: str
    person: str
    arrived: bool
    migration_id: str | None


class Carried(Struct, frozen=True):
    """A record as one batch has it: at which position (from 0), of which bytes, and whether this batch is the one that counts."""

    batch: int
    position: int
    sha256: bytes
    counts: bool


class Trail:
    """Only reads."""

    def __init__(self, database: JournalDatabase) -> None:
        self._database = database

    def stages(self) -> list[str]:
        """Every stage of which something was planned, or that is in a package that was loaded."""
        rows = self._database.rows("SELECT stage FROM contents UNION SELECT stage FROM batches")
        return [row["stage"] for row in rows]

    def batches_of(self, stage: str, key: str) -> list[Carried]:
        """Every batch that has or had the record, oldest first."""
        # Each half has an index of its own; together they would have none.
        rows = self._database.rows(
            "SELECT batch, position, sha256, live FROM records WHERE stage = :stage AND key = :key AND live = 1 "
            "UNION ALL SELECT batch, position, sha256, live FROM records WHERE stage = :stage AND key = :key AND live = 0 "
            "ORDER BY batch",
            {"stage": stage, "key": key},
        )
        return [Carried(row["batch"], row["position"], row["sha256"], bool(row["live"])) for row in rows]

    def arrived_batches(self, stage: str) -> list[int]:
        """Those of a stage whose records have arrived (Journal.arrived), in the order in which they were planned."""
        rows = self._database.rows(
            "SELECT id FROM batches WHERE stage = ? AND (state = 'accepted' OR "
            "(state = 'done' AND (failed = 0 OR reported < records))) ORDER BY id",
            (stage,),
        )
        return [row["id"] for row in rows]

    def carried_by(self, batch: int) -> list[tuple[str, Carried]]:
        """Key and place of each record for which this batch counts."""
        rows = self._database.rows(
            "SELECT key, batch, position, sha256, live FROM records WHERE batch = ? AND live = 1 ORDER BY position",
            (batch,),
        )
        return [(row["key"], Carried(row["batch"], row["position"], row["sha256"], True)) for row in rows]

    def changed_in(self, stage: str, key: str) -> list[int]:
        """Packages that had other bytes for the record than those that were sent."""
        rows = self._database.rows(
            "SELECT package FROM changed WHERE stage = ? AND key = ? ORDER BY package", (stage, key)
        )
        return [row["package"] for row in rows]

    def steps(self, batch: int) -> tuple[Step, ...]:
        rows = self._database.rows(
            "SELECT time, run, before, after, note FROM transitions WHERE batch = ? ORDER BY id", (batch,)
        )
        return tuple(Step(row["time"], row["run"], row["before"], row["after"], noted(row["note"])) for row in rows)

    def last_note(self, batch: int) -> str:
        """What was noted when the batch came to its state."""
        found = self._database.value("SELECT note FROM transitions WHERE batch = ? ORDER BY id DESC LIMIT 1", (batch,))
        return noted(str(found or ""))

    def decisions(self, batch: int) -> tuple[BatchDecision, ...]:
        rows = self._database.rows(
            "SELECT time, person, arrived, migration_id FROM decisions WHERE batch = ? ORDER BY id", (batch,)
        )
        return tuple(
            BatchDecision(row["time"], row["person"], bool(row["arrived"]), row["migration_id"]) for row in rows
        )
