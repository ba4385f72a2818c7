"""Which records Omnitron has from earlier loads: a delta's new orders belong to customers that were moved long ago."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from etl.errors import PackageError
from etl.journal.journal import Journal
from etl.journal.kept import SentRecords
from etl.journal.workspace import Workspace
from etl.package import Package


class Uploaded:
    """The records that have arrived, from the journal as it is. Looks only, beside a process that writes."""

    def __init__(self, root: Path) -> None:
        """Raises JournalError when there is no journal."""
        self._journal = Journal.read(Workspace(root))

    def among(self, stage: str, keys: Collection[str]) -> set[str]:
        """Those of the keys whose records have arrived, as far as is known: where only some of a batch failed, it may be any."""
        return self._journal.arrived(stage, sorted(keys))

    def records(self, stage: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Key and payload of each record that has arrived. What was sent from files that are gone is left out."""
        kept, trail = SentRecords(self._journal), self._journal.trail
        for batch in trail.arrived_batches(stage):
            for key, one in trail.carried_by(batch):
                if (record := kept.record(batch, one.position, one.sha256)) is not None:
                    yield key, orjson.loads(record)

    def aliases(self, stage: str) -> Iterator[tuple[str, str]]:
        """Alias and key of each record that was merged, of all packages that were loaded and are there: the oldest first."""
        for path in self._journal.runs.packages():
            with suppress(PackageError):
                package = Package.open(path)
                for packaged in package.stages:
                    if packaged.name == stage:
                        yield from ((one.key, one.into) for one in package.merged(packaged))

    def close(self) -> None:
        self._journal.close()
