"""The bytes of records as they were sent, from the files of their batches."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from etl.journal.batch import record_hash
from etl.journal.journal import Journal
from etl.package import split_records

FILES = 4
"""Files that are kept in memory: whoever goes through the records of a package meets those of a batch together."""


class SentRecords:
    """Looks only. A record is None when its file is gone, or no longer the one that was planned."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._files: OrderedDict[int, list[bytes]] = OrderedDict()

    def record(self, batch: int, position: int, sha256: bytes) -> bytes | None:
        """The record at this position (from 0) of the batch's file, whose own bytes have this SHA-256."""
        records = self._records(batch)
        found = records[position] if position < len(records) else None
        return found if found is not None and record_hash(found) == sha256 else None

    def _records(self, number: int) -> list[bytes]:
        if number not in self._files:
            self._files[number] = self._read(number)
            if len(self._files) > FILES:
                self._files.popitem(last=False)
        self._files.move_to_end(number)
        return self._files[number]

    def _read(self, number: int) -> list[bytes]:
        batch = self._journal.batch(number)
        try:
            data = self._journal.workspace.whole(batch.file).read_bytes()
        except OSError:
            return []
        return split_records(data) if hashlib.sha256(data).hexdigest() == batch.sha256 else []
