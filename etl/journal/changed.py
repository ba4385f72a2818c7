"""What has changed since it was uploaded, field by field, and what is gone: from the journal and the last package."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from etl.errors import PackageError
from etl.journal.journal import Journal
from etl.journal.kept import SentRecords
from etl.journal.plans import json_list
from etl.journal.purges import purges
from etl.journal.workspace import Workspace
from etl.package import Batch, Package, PackagedStage
from etl.package.changes import FieldChange, changes


class ChangedRecord(Struct, frozen=True):
    """A record of the last package whose bytes are not those that were uploaded in `batch`. It was not sent again.

    `fields` is None when the bytes that were uploaded cannot be read any more.
    """

    stage: str
    key: str
    batch: int
    migration_id: str | None
    fields: tuple[FieldChange, ...] | None


class GoneRecord(Struct, frozen=True):
    """A record that was uploaded in `batch` and is not among those that the last package would send."""

    stage: str
    key: str
    batch: int
    migration_id: str | None


class Differences:
    """Open for looking, beside a process that writes. Goes through a batch at a time, however many there are."""

    def __init__(self, root: Path) -> None:
        """Raises JournalError when there is no journal, PackageError when the last package is gone."""
        self._journal = Journal.read(Workspace(root))
        self._kept = SentRecords(self._journal)
        last = self._journal.runs.last_used()
        self._number = last[0] if last else 0
        try:
            self._package = self._opened(last[1]) if last else None
        except BaseException:
            self.close()
            raise

    def _opened(self, path: Path) -> Package:
        """The last package. Of one that is gone nothing can be told, whoever asks: the next load has one again."""
        if path.exists():
            return Package.open(path, again="run")
        by = next(
            (f" (removed by the purge of {one.time})" for one in reversed(purges(self._journal.workspace.migration))),
            "",
        )
        raise PackageError(
            f"{path}: is not there any more{by}, so it cannot be told what has changed since it was uploaded; "
            "`etl run` makes a new package, sends what has not arrived, and after it this can be told"
        )

    def close(self) -> None:
        self._journal.close()

    def changed(self) -> Iterator[ChangedRecord]:
        """In the order of the package."""
        for stage in self._package.stages if self._package else ():
            if self._journal.plans.differing(self._number, stage.name):
                for batch in self._package.batches(stage) if self._package else ():
                    yield from self._changed_in(stage, batch)

    def _changed_in(self, stage: PackagedStage, batch: Batch) -> Iterator[ChangedRecord]:
        assert self._package is not None
        keys = self._package.keys(batch)
        rows = self._journal.plans.changed(self._number, stage.name, keys)
        if not rows:
            return
        records = dict(zip(keys, self._package.records(batch), strict=True))
        for row in rows:
            old = self._kept.record(row["batch"], row["position"], row["sha256"])
            fields = None if old is None else tuple(changes(old, records[row["key"]]))
            yield ChangedRecord(stage.name, row["key"], row["batch"], row["migration_id"], fields)

    def gone(self) -> Iterator[GoneRecord]:
        """Stage by stage, in the order in which they were sent."""
        for stage in self._package.stages if self._package else ():
            if self._journal.plans.made(self._number, stage.name):
                yield from self._gone_of(stage)

    def _gone_of(self, stage: PackagedStage) -> Iterator[GoneRecord]:
        assert self._package is not None
        with closing(_Keys()) as there:
            for batch in self._package.batches(stage):
                there.add(self._package.keys(batch))
            for number, migration_id in self._journal.plans.others(self._number, stage.name):
                for key in there.lacks(self._journal.counting_keys(number)):
                    yield GoneRecord(stage.name, key, number, migration_id)


class _Keys:
    """Keys of which there may be more than memory holds: in a file of SQLite's own, that has no name."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("")
        self._connection.execute("CREATE TABLE keys (key TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, keys: Collection[str]) -> None:
        self._connection.executemany("INSERT OR IGNORE INTO keys VALUES (?)", ((key,) for key in keys))

    def lacks(self, keys: Sequence[str]) -> list[str]:
        """Those of the keys that are not there, in their order."""
        found = self._connection.execute(
            "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT key FROM keys) ORDER BY id", (json_list(keys),)
        )
        return [str(key) for (key,) in found]

    def close(self) -> None:
        self._connection.close()
