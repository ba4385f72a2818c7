"""How large the next batch of a stage may be. After errors it is smaller, so that they are found among fewer records.

    500 with errors -> 50 with errors -> 5 with errors -> 1, 1, ... with none -> 10 -> 100 -> 500

Omnitron gives counts only, and a batch of one names its failed record. Only the batch whose turn it is is cut, in at most
ten pieces, so the larger ones behind it stay whole for the time when the errors stop.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from etl.journal.batch import Shipment

TIMES = 10


class Cutting:
    """Usable from several threads. `done` are the stage's last batches, oldest first: a run goes on where another stopped."""

    def __init__(self, full: int, done: Iterable[Shipment] = ()) -> None:
        self._lock = threading.Lock()
        self._full = self._limit = full
        for batch in done:
            self.saw(batch)

    def saw(self, batch: Shipment) -> None:
        """Take note of a batch that was worked off. That a record failed again tells nothing of those that are new."""
        if batch.again and batch.reported:
            return
        with self._lock:
            if batch.reported:
                self._limit = max(1, min(self._limit, batch.records) // TIMES)
            else:
                self._limit = min(self._full, self._limit * TIMES)

    def pieces(self, records: int) -> int | None:
        """The size of the pieces in which a batch is to be cut before it is sent; None: it can go as it is."""
        with self._lock:
            return None if records <= self._limit else max(self._limit, -(-records // TIMES))
