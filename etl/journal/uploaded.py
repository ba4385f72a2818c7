"""Which records Omnitron has from earlier loads: a delta's new orders belong to customers that were moved long ago."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from etl.journal.journal import Journal
from etl.journal.plans import json_list
from etl.journal.workspace import Workspace


class Uploaded:
    """The records that have arrived, from the journal as it is. Looks only, beside a process that writes."""

    def __init__(self, root: Path) -> None:
        """Raises JournalError when there is no journal."""
        self._journal = Journal.read(Workspace(root))

    def among(self, stage: str, keys: Collection[str]) -> set[str]:
        """Those of the keys whose records have arrived, as far as is known: where only some of a batch failed, it may be any."""
        rows = self._journal.database.rows(
            "SELECT wanted.value AS key FROM json_each(?) AS wanted "
            "CROSS JOIN records AS r ON r.stage = ? AND r.key = wanted.value AND r.live = 1 "
            "CROSS JOIN batches AS b ON b.id = r.batch "
            "AND (b.state = 'accepted' OR (b.state = 'done' AND (b.failed = 0 OR b.reported < b.records)))",
            (json_list(sorted(keys)), stage),
        )
        return {row["key"] for row in rows}

    def close(self) -> None:
        self._journal.close()
