"""Which records of a package are still to be sent, and in which batches: the delta, the ramp-up, the batch size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from msgspec import Struct, field
from msgspec.structs import replace

from etl.errors import PackageError
from etl.journal.batch import Draft, Taken
from etl.journal.journal import Journal
from etl.load.comparing import note_taken, waits_of
from etl.load.parents import Parents
from etl.package import Batch as PackageBatch
from etl.package import Package, PackagedStage
from etl.personal import is_code


class Cut(Struct, frozen=True):
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


class _Rest(Struct):
    """Records waiting until they are enough for a batch."""

    keys: list[str] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)

    def take(self, size: int) -> tuple[list[str], list[bytes]]:
        taken = self.keys[:size], self.records[:size]
        del self.keys[:size], self.records[:size]
        return taken


class Rules(Struct, frozen=True):
    """Which records may go: those whose parents were sent (`refers`: field -> stage), unless they are not settled yet."""

    refers: Mapping[str, str] = field(default_factory=dict)
    final: bool = False


def plan_batches(
    journal: Journal, package: Package, number: int, stage: PackagedStage, cut: Cut, rules: Rules | None = None
) -> None:
    """Plan what no batch holds yet. `number` is the package's in the journal. Either all is planned, or nothing."""
    if journal.plans.holds(number, stage.name):
        return
    with journal.transaction():
        planner = _Planner(journal, package, number, stage, cut, rules or Rules())
        for batch in package.batches(stage):
            planner.add(batch)
        planner.finish()
    journal.written("planned")


def plan_again(journal: Journal, package: Package, number: int, stage: PackagedStage, cut: Cut, rules: Rules) -> None:
    """Plan a stage anew whose turn it is, when records that it refers to have failed, or were left out, since."""
    if all(journal.plans.is_whole(number, parent) for parent in rules.refers.values()):
        return
    with journal.transaction():
        journal.supersede([stage.name])
        journal.plans.void(stage.name)
        plan_batches(journal, package, number, stage, cut, rules)
    journal.written("planned")


class _Planner:
    """Walks through one stage of a package, holding no more than two batches in memory."""

    def __init__(
        self, journal: Journal, package: Package, number: int, stage: PackagedStage, cut: Cut, rules: Rules
    ) -> None:
        self._journal, self._package, self._number, self._stage = journal, package, number, stage
        self._sizes = cut.sizes()
        self._size, self._alone = next(self._sizes)
        self._first = journal.next_number()
        self._rest = _Rest()
        self._final = rules.final
        self._parents = Parents(journal, number, rules.refers)
        journal.plans.begin(number, stage.name)

    def add(self, batch: PackageBatch) -> None:
        keys = self._package.keys(batch)
        records = self._package.records(batch)
        self._refuse_repeated(keys)
        unsettled = set() if self._final else self._package.unsettled(batch)
        wanted = self._wanted(keys, records, unsettled)
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
        self._journal.plans.finish(self._number, self._stage.name)

    def _wanted(self, keys: Sequence[str], records: Sequence[bytes], unsettled: Set[str]) -> list[int]:
        """Positions of the records that no batch holds, and that may go. Those that were sent before go by themselves."""
        taken = self._journal.taken(self._stage.name, keys)
        self._refuse_planned(taken)
        of_key = dict(zip(keys, records, strict=True))
        note_taken(self._journal, self._number, self._stage.name, of_key, taken)
        free = {key: record for key, record in of_key.items() if key not in taken}
        waits = waits_of(free, unsettled, self._parents)
        self._journal.plans.wait(self._number, self._stage.name, waits)
        for wait in waits:
            del free[wait.key]
        again = self._journal.attempts.among(self._stage.name, free)
        for key in [key for key in free if key in again]:
            self._repeat(key, free.pop(key))
        return [position for position, key in enumerate(keys) if key in free]

    def _refuse_planned(self, taken: Mapping[str, Taken]) -> None:
        for key, one in taken.items():
            if one.batch >= self._first:
                raise PackageError(self._repeated(key))

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
        draft = self._draft(keys, records, alone=self._alone)
        self._journal.add(replace(draft, file=file, sha256=whole.payload.sha256) if whole else draft)
        self._size, self._alone = next(self._sizes)

    def _repeat(self, key: str, record: bytes) -> None:
        """Plan a record that was sent before. Its turn is before all others: what comes of it tells whether these can go."""
        self._journal.add(replace(self._draft([key], [record], alone=False), again=True, place=0))

    def _draft(self, keys: Sequence[str], records: Sequence[bytes], *, alone: bool) -> Draft:
        return Draft(self._stage.name, self._stage.payload, self._number, keys, records, alone=alone)
