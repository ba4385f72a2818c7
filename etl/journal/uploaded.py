"""Which records Omnitron has from earlier loads: a delta's new orders belong to customers that were moved long ago."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from etl.journal.journal import Journal
from etl.journal.workspace import Workspace


class Uploaded:
    """The records that have arrived, from the journal as it is. Looks only, beside a process that writes."""

    def __init__(self, root: Path) -> None:
        """Raises JournalError when there is no journal."""
        self._journal = Journal.read(Workspace(root))

    def among(self, stage: str, keys: Collection[str]) -> set[str]:
        """Those of the keys whose records have arrived, as far as is known: where only some of a batch failed, it may be any."""
        return self._journal.arrived(stage, sorted(keys))

    def close(self) -> None:
        self._journal.close()
