"""The journal: everything ever planned, sent, answered and decided, and the one place where a batch changes its state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from etl.journal.answers import recorded
from etl.journal.attempts import Attempts
from etl.journal.batch import (
    NOTHING,
    Draft,
    Facts,
    Shipment,
    Taken,
    batch_of,
    fate_of,
    pieces_of,
)
from etl.journal.batches import Batches, Clock, utc_now
from etl.journal.counts import StageCounts
from etl.journal.database import BUSY_SECONDS, JournalDatabase, NoJournal
from etl.journal.decisions import Decisions
from etl.journal.homes import Homes
from etl.journal.lookups import Lookups
from etl.journal.neighbours import opened
from etl.journal.notes import note
from etl.journal.plans import FORESEEN, json_list
from etl.journal.stages import StageNames
from etl.journal.states import LETS_GO, State
from etl.journal.trail import Trail
from etl.journal.workspace import Workspace
from etl.seams import Seam, no_seam

ARRIVED = """
SELECT wanted.value AS key FROM json_each(?) AS wanted
CROSS JOIN records AS r ON r.stage = ? AND r.key = wanted.value AND r.live = 1
CROSS JOIN batches AS b ON b.id = r.batch
    AND (b.state = 'accepted' OR (b.state = 'done' AND (b.failed = 0 OR b.reported < b.records)))
"""

REFUSED_AND_LEFT = """
SELECT b.id FROM batches AS b WHERE b.state = 'refused' AND EXISTS (
    SELECT 1 FROM records AS r WHERE r.batch = b.id AND NOT EXISTS (
        SELECT 1 FROM records AS l WHERE l.stage = r.stage AND l.key = r.key AND l.live = 1))
"""


class Journal(Batches):
    """Open for the process that holds the workspace. Usable from several threads."""

    def __init__(
        self, workspace: Workspace, database: JournalDatabase, now: Clock = utc_now, seam: Seam = no_seam
    ) -> None:
        super().__init__(workspace, database, now, seam)
        self.trail = Trail(database)
        self.decisions = Decisions(self, database)
        self.attempts = Attempts(self, self.decisions, database)
        self.lookups = Lookups(database, self.time)
        self.homes = Homes(database, self.time)
        self.stage_names = StageNames(database, self.time)

    @classmethod
    def open(
        cls, workspace: Workspace, *, now: Clock = utc_now, seam: Seam = no_seam, busy_seconds: float = BUSY_SECONDS
    ) -> Journal:
        """Open for writing; the caller holds the workspace. What a dead process left in `sending` becomes what
        requests.jsonl knows of it, or `unknown`."""
        journal = cls(workspace, opened(workspace, writing=True, busy_seconds=busy_seconds), now, seam)
        for batch in journal.batches(state=State.SENDING):
            state, found = recorded(workspace, batch.id, batch.sha256)
            facts = Facts(**found)
            journal.accept(batch.id, facts) if state is State.ACCEPTED else journal.move(batch.id, state, facts)
        return journal

    @classmethod
    def read(cls, workspace: Workspace) -> Journal:
        """Open for looking only, beside a process that writes."""
        return cls(workspace, opened(workspace, writing=False))

    @classmethod
    def beside(cls, workspace: Workspace) -> Journal:
        """Open for looking only, as if no package had been compared with it: what is found of one is noted in memory.

        Where nothing was sent yet, all of it is there.
        """
        try:
            journal = cls.read(workspace)
        except NoJournal:
            return cls(workspace, JournalDatabase(workspace.journal, writing=False, noted=True))
        journal._database.beside(FORESEEN)
        return journal

    def close(self) -> None:
        self._database.close()

    def checkpoint(self) -> None:
        """Bring all into the one file, as far as nobody reads the older state: a copy of it without its -wal is whole then."""
        self._database.checkpoint()

    def forget(self, answer: Callable[[str], str], note: Callable[[str], str]) -> None:
        """Keep of what Omnitron answered, and of sentences that may repeat it, what these give; and nothing else in the file."""
        with self.transaction():
            for table, column, reduced in (
                ("batches", "answer", answer),
                ("transitions", "note", note),
                ("runs", "outcome", note),
            ):
                statement = f"UPDATE {table} SET {column} = ? WHERE {column} = ?"  # noqa: S608 - both are constants
                for row in self._database.rows(f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''"):  # noqa: S608
                    if (kept := reduced(row[0])) != row[0]:
                        self._database.change(statement, (kept, row[0]))
            self._database.change("DELETE FROM endings")  # the text of each is left, as far as it may be
        self._database.rewrite()

    def copy_to(self, path: Path) -> None:
        """The whole journal as it is now, in a file of its own, also while a load writes."""
        self._database.copy_to(path)

    def has_sent(self) -> bool:
        """Whether a record may have arrived: an empty journal, and one of surely failed attempts, knows of none."""
        return bool(
            self._database.value(
                "SELECT count(*) FROM batches WHERE state IN ('sending', 'accepted', 'done', 'unknown')"
            )
        )

    def batches(self, stage: str | None = None, state: State | None = None) -> list[Shipment]:
        rows = self._database.rows(
            "SELECT * FROM batches WHERE (:stage IS NULL OR stage = :stage) AND (:state IS NULL OR state = :state) ORDER BY id",
            {"stage": stage, "state": state},
        )
        return [batch_of(row) for row in rows]

    def lost(self) -> list[Shipment]:
        """Batches that a process which is no more left in `sending`, and of whose answer nothing is known. To be asked for when
        nobody holds the workspace."""
        left = self.batches(state=State.SENDING)
        return [one for one in left if recorded(self.workspace, one.id, one.sha256)[0] is State.UNKNOWN]

    def next_planned(self, stage: str, besides: Collection[int] = (), *, again: bool = False) -> Shipment | None:
        """The planned batch whose turn it is; `again`: only repetitions are looked at."""
        row = self._database.row(
            "SELECT * FROM batches WHERE stage = ? AND state = 'planned' AND again >= ? "
            "AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY place, id LIMIT 1",
            (stage, again, json_list(besides)),
        )
        return None if row is None else batch_of(row)

    def counting_keys(self, batch: int, most: int = -1) -> list[str]:
        """Keys of the records that the batch holds, or the first of them."""
        rows = self._database.rows(
            "SELECT key FROM records WHERE batch = ? AND live = 1 ORDER BY position LIMIT ?", (batch, most)
        )
        return [row["key"] for row in rows]

    def taken(self, stage: str, keys: Sequence[str]) -> dict[str, Taken]:
        """Which of these records some batch holds already."""
        # CROSS JOIN keeps SQLite from starting with the millions of records.
        rows = self._database.rows(
            "SELECT r.key, r.sha256, r.batch, b.package, b.state, b.records, b.reported, b.failed "
            "FROM json_each(?) AS wanted "
            "CROSS JOIN records AS r ON r.stage = ? AND r.key = wanted.value AND r.live = 1 "
            "CROSS JOIN batches AS b ON b.id = r.batch",
            (json_list(keys), stage),
        )
        return {
            row["key"]: Taken(
                row["sha256"], row["batch"], row["package"], fate_of(*row[4:8]), row["state"] == State.PLANNED
            )
            for row in rows
        }

    def sent(self, stage: str, keys: Sequence[str]) -> dict[str, Taken]:
        """Those of them whose batch was sent, or is being sent: a load of another package leaves them where they are."""
        return {key: one for key, one in self.taken(stage, keys).items() if not one.planned}

    def arrived(self, stage: str, keys: Sequence[str]) -> set[str]:
        """Those of the keys whose records have arrived, as far as is known: where only some of a batch failed, it may be any."""
        rows = self._database.rows(ARRIVED, (json_list(keys), stage))
        return {row["key"] for row in rows}

    def counts(self, package: int, stage: str, lost: Sequence[int] = ()) -> StageCounts:
        """What has become of the records of a stage."""
        return StageCounts(self._database, self.plans, package, stage, lost)

    def loaded_stages(self) -> list[str]:
        """Those of which anything was ever planned, in the order in which it was."""
        return [
            row["stage"] for row in self._database.rows("SELECT stage FROM batches GROUP BY stage ORDER BY min(id)")
        ]

    def refused_and_left(self) -> list[int]:
        """Refused batches with records that no other batch has taken since."""
        return [row["id"] for row in self._database.rows(REFUSED_AND_LEFT)]

    def worked_off(self, stage: str) -> tuple[int, int]:
        """Failed records, and all, in the stage's batches that are done."""
        row = self._database.row(
            "SELECT coalesce(sum(failed), 0), coalesce(sum(held), 0) FROM batches WHERE stage = ? AND state = 'done'",
            (stage,),
        )
        return (row[0], row[1]) if row else (0, 0)

    def planned(self, stage: str) -> tuple[int, int]:
        """Batches that are planned, and the records in them."""
        found = self.batches(stage, State.PLANNED)
        return len(found), sum(batch.records for batch in found)

    def failed(self, stage: str | None = None) -> list[Shipment]:
        """Batches that hold failed records."""
        return [batch for batch in self.batches(stage, State.DONE) if batch.failed]

    def last_done(self, stage: str, most: int) -> list[Shipment]:
        """The last batches of a stage that were worked off, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM batches WHERE stage = ? AND state = 'done' ORDER BY ended DESC, id DESC LIMIT ?",
            (stage, most),
        )
        return [batch_of(row) for row in reversed(rows)]

    # Transitions

    def move(self, number: int, after: State, facts: Facts = NOTHING) -> Shipment:
        """Take a batch to another state; it is durable when this returns. Raises IllegalTransition."""
        with self._database.transaction():
            batch = self.change_state(number, after, facts)
            if after in LETS_GO:
                self.plans.void(batch.stage)
            if after is State.DONE and batch.again:
                self.attempts.ended(self.batch(number))
            self.seam(f"{after}:unwritten")
        self.written(after)
        return self.batch(number)

    def died(self, number: int, person: str) -> None:
        """Keep that the job of an accepted batch died, as a person has it from Akinon: none of its records is there."""
        with self.transaction():
            failed = Facts(note("died"), errors=self.batch(number).records)
            self.move(number, State.DONE, failed)
            self.attempts.decide(number, person, arrived=False)

    def accept(self, number: int, facts: Facts) -> int | None:
        """Enter that Omnitron took a batch as facts.migration_id. When another batch has that id, nobody can say which of
        them it means: then this one is `unknown`, and the other one's number is given."""
        with self._database.transaction():
            other = self.owner(facts.migration_id, besides=number)
            if other is None:
                self.move(number, State.ACCEPTED, facts)
            else:
                taken = note("taken id", migration=facts.migration_id, batch=other)
                self.move(number, State.UNKNOWN, replace(facts, note=taken, migration_id=None))
        self.written(State.ACCEPTED if other is None else State.UNKNOWN)
        return other

    def owner(self, migration_id: str | None, besides: int) -> int | None:
        """The batch, other than this one, that became this migration."""
        found: int | None = self._database.value(
            "SELECT id FROM batches WHERE migration_id = ? AND id <> ? LIMIT 1", (migration_id, besides)
        )
        return found

    def cut(self, number: int, records: Sequence[bytes], size: int, facts: Facts) -> list[int]:
        """Put batches of at most `size` records in the place of one. Raises ValueError when it has no more than that."""
        batch, keys = self.batch(number), self.keys(number)
        if len(records) <= size:
            raise ValueError(f"{len(records)} records cannot be cut in pieces of {size}")
        whole = Draft(batch.stage, batch.payload, batch.package, keys, records, batch.pilot, batch.alone)
        with self.transaction():
            self.change_state(number, State.SUPERSEDED, facts)
            pieces = [self.add(piece) for piece in pieces_of(whole, size, batch.place, self._place_after(batch))]
            self.seam("superseded:unwritten")
        self.written("superseded")
        return pieces

    def _place_after(self, batch: Shipment) -> float:
        found = self._database.value(
            "SELECT min(place) FROM batches WHERE stage = ? AND place > ?", (batch.stage, batch.place)
        )
        return batch.place + 1 if found is None else float(found)

    def supersede(self, stages: Iterable[str], which: Callable[[Shipment], bool] = lambda batch: True) -> int:
        """Take back batches of these stages that are planned (never sent, or surely lost); how many."""
        found = [batch for stage in stages for batch in self.batches(stage, State.PLANNED) if which(batch)]
        if not found:
            return 0
        with self._database.transaction():
            for batch in found:
                why = note("planned anew" if batch.sent else "never sent, planned anew")
                self.change_state(batch.id, State.SUPERSEDED, Facts(why))
                self.plans.void(batch.stage)
            self.seam("superseded:unwritten")
        self.written("superseded")
        return len(found)
