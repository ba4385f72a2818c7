"""Which records of a package are still to be sent, and in which batches: the delta, the ramp-up, the batch size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from etl.errors import PackageError
from etl.journal.journal import Draft, Journal, record_hash
from etl.load.wording import is_code
from etl.package import Batch as PackageBatch
from etl.package import Package, PackagedStage


@dataclass(frozen=True, slots=True)
class Cut:
    """How a stage is cut in batches."""

    size: int
    ramp_up: bool = False

    def sizes(self) -> Iterator[tuple[int, bool]]:
        """The size of each batch, and whether it belongs to the ramp-up: 1, 10, 100, ... until the batch size."""
        size = 1
        while self.ramp_up and size < self.size:
            yield size, True
            size *= 10
        while True:
            yield self.size, False


@dataclass(slots=True)
class _Rest:
    """Records waiting until they are enough for a batch."""

    keys: list[str] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)

    def take(self, size: int) -> tuple[list[str], list[bytes]]:
        taken = self.keys[:size], self.records[:size]
        del self.keys[:size], self.records[:size]
        return taken


def plan_stage(journal: Journal, package: Package, number: int, stage: PackagedStage, cut: Cut) -> None:
    """Plan what no batch holds yet. `number` is the package's in the journal. Either all is planned, or nothing."""
    valid = journal.database.value("SELECT valid FROM plans WHERE package = ? AND stage = ?", (number, stage.name))
    if valid:
        return
    with journal.database.transaction():
        planner = _Planner(journal, package, number, stage, cut)
        for batch in package.batches(stage):
            planner.add(batch)
        planner.finish()
    journal.written("planned")


class _Planner:
    """Walks through one stage of a package, holding no more than two batches in memory."""

    def __init__(self, journal: Journal, package: Package, number: int, stage: PackagedStage, cut: Cut) -> None:
        self._journal, self._package, self._number, self._stage = journal, package, number, stage
        self._sizes = cut.sizes()
        self._size, self._alone = next(self._sizes)
        self._first = journal.database.value("SELECT coalesce(max(id), 0) + 1 FROM batches")
        self._rest = _Rest()
        self._already = self._changed = 0
        journal.database.change("DELETE FROM changed WHERE package = ? AND stage = ?", (number, stage.name))

    def add(self, batch: PackageBatch) -> None:
        keys = [key for key, _ in self._package.index(batch)]
        records = self._package.records(batch)
        self._refuse_repeated(keys)
        wanted = self._wanted(keys, records)
        if 0 < len(wanted) == len(keys) <= self._size:
            self._flush()  # so that this batch, and those after it, can be the package's own files
            self._plan(keys, records, batch)
            return
        self._rest.keys += [keys[position] for position in wanted]
        self._rest.records += [records[position] for position in wanted]
        while len(self._rest.keys) >= self._size:
            self._plan(*self._rest.take(self._size))

    def finish(self) -> None:
        self._flush()
        self._journal.database.change(
            "INSERT OR REPLACE INTO plans (package, stage, already, changed, valid) VALUES (?, ?, ?, ?, 1)",
            (self._number, self._stage.name, self._already, self._changed),
        )

    def _wanted(self, keys: Sequence[str], records: Sequence[bytes]) -> list[int]:
        """Positions of the records that no batch holds."""
        taken = self._journal.taken(self._stage.name, keys)
        for key in taken:
            if taken[key].batch >= self._first:
                raise PackageError(self._repeated(key))
        foreign = {key: one for key, one in taken.items() if one.package != self._number}
        differing = [
            (self._number, self._stage.name, key, foreign[key].batch)
            for key, record in zip(keys, records, strict=True)
            if key in foreign and foreign[key].sha256 != record_hash(record)
        ]
        self._journal.database.change_many(
            "INSERT OR REPLACE INTO changed (package, stage, key, batch) VALUES (?, ?, ?, ?)", iter(differing)
        )
        self._changed += len(differing)
        self._already += len(foreign) - len(differing)
        return [position for position, key in enumerate(keys) if key not in taken]

    def _refuse_repeated(self, keys: Sequence[str]) -> None:
        seen = set(self._rest.keys)
        for key in keys:
            if key in seen:
                raise PackageError(self._repeated(key))
            seen.add(key)

    def _repeated(self, key: str) -> str:
        named = f"the key '{key}'" if is_code(key) else "the same key"
        return (
            f"{self._package.path}: two records of stage '{self._stage.name}' have {named}, so one of them would "
            "be lost; give the stage a key that is unique, and prepare again"
        )

    def _flush(self) -> None:
        if self._rest.keys:
            self._plan(*self._rest.take(self._size))

    def _plan(self, keys: list[str], records: list[bytes], whole: PackageBatch | None = None) -> None:
        file = self._journal.workspace.shorten(self._package.path / whole.payload.file) if whole else None
        self._journal.add(
            Draft(
                stage=self._stage.name,
                payload=self._stage.payload,
                package=self._number,
                keys=keys,
                records=records,
                alone=self._alone,
                file=file,
                sha256=whole.payload.sha256 if whole else "",
            )
        )
        self._size, self._alone = next(self._sizes)
