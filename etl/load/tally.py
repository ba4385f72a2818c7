"""Errors and records of the batches that ended, kept while a stage runs: judging each batch must not read all before it."""

from __future__ import annotations

import threading

from etl.journal.journal import Batch, Journal
from etl.journal.states import State
from etl.model import Gate


class Tally:
    """What the gate of one stage is judged by: the batches of one package. Usable from several threads."""

    def __init__(self, journal: Journal, stage: str, package: int) -> None:
        self._lock = threading.Lock()
        self._package = package
        row = journal.database.row(
            "SELECT coalesce(sum(failed), 0) AS errors, coalesce(sum(records), 0) AS records FROM batches "
            "WHERE stage = ? AND state = 'done' AND package = ?",
            (stage, package),
        )
        self.errors: int = row["errors"] if row else 0
        self.records: int = row["records"] if row else 0

    def add(self, batch: Batch) -> None:
        if batch.state is State.DONE and batch.package == self._package:
            with self._lock:
                self.errors += batch.failed
                self.records += batch.records

    def within(self, gate: Gate) -> bool:
        with self._lock:
            return gate.allows(self.errors, self.records)
