"""What a stage is judged by while it runs: its failed records, and how large a batch may be after those that had errors."""

from __future__ import annotations

import threading

from etl.journal.batch import Shipment
from etl.journal.journal import Journal
from etl.journal.states import State
from etl.model import Gate


class Tally:
    """Records that were worked off and those of them that failed, whichever package brought them. Usable from several threads."""

    def __init__(self, journal: Journal, stage: str) -> None:
        self._lock = threading.Lock()
        self._journal, self._stage = journal, stage
        self.failed, self.records = journal.worked_off(stage)

    def add(self, batch: Shipment) -> None:
        if batch.state is not State.DONE:
            return
        with self._lock:
            if batch.again:  # what it tells may be about the batch that had its record before
                self.failed, self.records = self._journal.worked_off(self._stage)
            else:
                self.failed += batch.failed
                self.records += batch.counting

    def within(self, gate: Gate) -> bool:
        with self._lock:
            return gate.allows(self.failed, self.records)
