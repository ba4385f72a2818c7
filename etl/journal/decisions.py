"""What persons say became of a batch, and how it is taken back where it was typed wrongly."""

from __future__ import annotations

from etl.journal.batch import Facts, Shipment
from etl.journal.batches import Batches
from etl.journal.database import JournalDatabase
from etl.journal.notes import note
from etl.journal.states import State


class Decisions:
    """The journal keeps every one of them, also those that were taken back."""

    def __init__(self, batches: Batches, database: JournalDatabase) -> None:
        self._batches = batches
        self._database = database

    def make(self, number: int, after: State, facts: Facts, person: str) -> Shipment:
        """Record what a person says became of a batch; a decision from which nothing has followed is taken back first."""
        with self._database.transaction():
            batch = self._batches.batch(number)
            if (before := self.state_before(batch)) is not batch.state:
                self._take_back(batch, before)
            self._batches.change_state(number, after, facts)
            self.keep(number, person, arrived=after is not State.PLANNED, migration_id=facts.migration_id)
            self._batches.seam("decision:unwritten")
        self._batches.seam("decision:written")
        return self._batches.batch(number)

    def keep(self, number: int, person: str, *, arrived: bool, migration_id: str | None = None) -> None:
        """Put a decision on record; inside a transaction."""
        self._database.change(
            "INSERT INTO decisions (batch, run, time, arrived, migration_id, person) VALUES (?, ?, ?, ?, ?, ?)",
            (number, self._batches.runs.current, self._batches.time(), arrived, migration_id, person),
        )

    def state_before(self, batch: Shipment) -> State:
        """The state that a person decides about: the batch's own, or the one before a decision from which nothing has
        followed, for the batch was neither sent nor followed to its end since."""
        last = self._database.row(
            "SELECT before FROM transitions WHERE id = (SELECT max(id) FROM transitions WHERE batch = ?) "
            "AND run IN (SELECT run FROM decisions WHERE batch = ?)",
            (batch.id, batch.id),
        )
        return batch.state if last is None else State(last["before"])

    def _take_back(self, batch: Shipment, before: State) -> None:
        self._database.change(
            "UPDATE batches SET state = ?, migration_id = CASE ? WHEN 'accepted' THEN migration_id END, ended = NULL "
            "WHERE id = ?",
            (before, before, batch.id),
        )
        self._batches.note(batch.id, batch.state, before, note("taken back"))
