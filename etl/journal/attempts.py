"""Records that are sent again: what lets go of them, and what the new attempt tells about the one before.

A batch that failed as a whole created none of its records, so a new attempt says all there is to know. Where only some
failed, a record that is sent again may be there already:

    the new attempt succeeds    it has arrived; a user surely failed before, because an e-mail that exists is refused
    the new attempt fails       it is again one of those of which some failed, as before

Where somebody found out which ones failed, these become a batch of their own, that failed as a whole and was never sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from etl.journal.batch import Draft, Shipment
from etl.journal.batches import Batches
from etl.journal.database import JournalDatabase
from etl.journal.decisions import Decisions
from etl.journal.notes import note
from etl.journal.plans import json_list
from etl.journal.states import State

REFUSES_REPEATED = frozenset({"user"})
"""Payloads of which Omnitron refuses a record that it has already (Omnitron contract, 'Records': e-mail)."""


class Attempts:
    """Every record that a batch lets go of after Omnitron has worked it off, and every new attempt at one."""

    def __init__(self, batches: Batches, decisions: Decisions, database: JournalDatabase) -> None:
        self._batches = batches
        self._decisions = decisions
        self._database = database

    def let_go(self, number: int, person: str, keys: Collection[str] | None = None) -> int:
        """Have records of a batch that was worked off sent again: these, or all it holds. How many."""
        wanted = None if keys is None else json_list(keys)
        with self._database.transaction():
            batch = self._batches.batch(number)
            self._database.change(
                "UPDATE records SET live = 0 WHERE batch = ? AND live = 1 "
                "AND (? IS NULL OR key IN (SELECT value FROM json_each(?)))",
                (number, wanted, wanted),
            )
            left = self._count_held(number)
            gone = batch.counting - left
            self._batches.note(number, batch.state, batch.state, note("sent again", person=person, count=gone))
            self._batches.plans.void(batch.stage)
        return gone

    def decide(self, number: int, person: str, *, arrived: bool) -> None:
        """Keep what a person says of a batch with failed records: that they are there all the same, or are to be sent again."""
        with self._database.transaction():
            if arrived:
                self._database.change("UPDATE batches SET recovered = reported WHERE id = ?", (number,))
                self._batches.note(number, State.DONE, State.DONE, note("failed are there"))
            else:
                self.let_go(number, person)
            self._decisions.keep(number, person, arrived=arrived)

    def name_failed(self, number: int, failed: Mapping[str, bytes], evidence: str) -> int | None:
        """Keep which of a batch's records (key -> bytes) failed, where only their count was known: they become a batch of
        their own, whose number is given. None, and nothing is kept: there are none, the batch failed as a whole, or fewer failed
        than these, so that not all of them can have."""
        with self._database.transaction():
            batch = self._batches.batch(number)
            if not failed or batch.failed_whole or len(failed) > batch.failed:
                return None
            self._database.change(
                "UPDATE records SET live = 0 WHERE batch = ? AND key IN (SELECT value FROM json_each(?))",
                (number, json_list(failed)),
            )
            own = self._add_failed(batch, failed, evidence)
            self._database.change("UPDATE batches SET recovered = recovered + ? WHERE id = ?", (len(failed), number))
            self._count_held(number)
            self._batches.note(number, State.DONE, State.DONE, note("failed are a batch", batch=own, why=evidence))
            self._batches.plans.share(number, own, len(failed))
            self._batches.plans.void(batch.stage)
        return own

    def _add_failed(self, batch: Shipment, failed: Mapping[str, bytes], evidence: str) -> int:
        draft = Draft(batch.stage, batch.payload, batch.package, [*failed], [*failed.values()], batch.pilot)
        own = self._batches.add(draft)
        self._database.change(
            "UPDATE batches SET state = 'done', total = records, success = 0, errors = records, ended = ? WHERE id = ?",
            (batch.ended, own),
        )
        self._batches.note(own, State.PLANNED, State.DONE, note("taken out", batch=batch.id, why=evidence))
        return own

    def failed_again(self, batch: Shipment, most: int) -> list[str]:
        """Keys of the records that failed again when they were sent alone, where they may be all that failed.

        More of them than failed: some were only refused because they are there.
        """
        rows = self._database.rows(
            "SELECT r.key FROM records AS r WHERE r.batch = ? AND r.live = 1 AND EXISTS "
            "(SELECT 1 FROM records AS a JOIN batches AS b ON b.id = a.batch WHERE a.stage = r.stage AND a.key = r.key "
            "AND a.live = 0 AND a.batch > r.batch AND b.state = 'done' AND b.again = 1 AND b.reported = 1) "
            "ORDER BY r.position LIMIT ?",
            (batch.id, batch.failed + 1),
        )
        return [] if len(rows) > batch.failed else [row["key"] for row in rows[:most]]

    def _count_held(self, number: int) -> int:
        self._database.change(
            "UPDATE batches SET held = (SELECT count(*) FROM records WHERE batch = id AND live = 1) WHERE id = ?",
            (number,),
        )
        return int(self._database.value("SELECT held FROM batches WHERE id = ?", (number,)))

    def among(self, stage: str, keys: Collection[str]) -> set[str]:
        """Those of these records that were sent before, and let go to be sent again."""
        if not self._database.value(
            "SELECT EXISTS (SELECT 1 FROM batches WHERE stage = ? AND state = 'done' AND held < records)", (stage,)
        ):
            return set()
        rows = self._database.rows(
            "SELECT DISTINCT r.key FROM json_each(?) AS wanted "
            "CROSS JOIN records AS r ON r.stage = ? AND r.key = wanted.value AND r.live = 0 "
            "CROSS JOIN batches AS b ON b.id = r.batch AND b.state = 'done'",
            (json_list(keys), stage),
        )
        return {row["key"] for row in rows}

    def ended(self, again: Shipment) -> None:
        """Draw the conclusion from an attempt that was worked off; inside a transaction."""
        [key] = self._batches.keys(again.id)
        origin = self._database.value(
            "SELECT max(r.batch) FROM records AS r JOIN batches AS b ON b.id = r.batch "
            "WHERE r.stage = ? AND r.key = ? AND r.live = 0 AND b.state = 'done' AND b.reported < b.records "
            # One that was named since has surely failed there: the new attempt tells no more about it.
            "AND NOT EXISTS (SELECT 1 FROM records AS n JOIN batches AS m ON m.id = n.batch WHERE n.stage = r.stage "
            "AND n.key = r.key AND n.live = 0 AND n.batch > r.batch AND m.state = 'done' AND m.sent IS NULL)",
            (again.stage, key),
        )
        if origin is None:
            return
        if again.failed:
            self._give_back(again, key, origin)
        elif again.payload in REFUSES_REPEATED:
            self._database.change("UPDATE batches SET recovered = recovered + 1 WHERE id = ?", (origin,))

    def _give_back(self, again: Shipment, key: str, origin: int) -> None:
        hashes = set()
        for batch, live in ((again.id, 0), (origin, 1)):  # in this order: the index knows one batch for a record
            self._database.change("UPDATE records SET live = ? WHERE batch = ? AND key = ?", (live, batch, key))
            hashes.add(self._database.value("SELECT sha256 FROM records WHERE batch = ? AND key = ?", (batch, key)))
            self._count_held(batch)
        self._batches.note(origin, State.DONE, State.DONE, note("failed again"))
        if self._batches.batch(origin).package != again.package:
            self._batches.plans.overlap(again.package, again.stage, origin, *((1, 0) if len(hashes) == 1 else (0, 1)))
