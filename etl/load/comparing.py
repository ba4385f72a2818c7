"""Which of a package's records batches of other packages hold, with the same bytes or with others; and which would wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from contextlib import closing
from pathlib import Path

from etl.journal.batch import Taken, record_hash
from etl.journal.journal import Journal
from etl.journal.plans import Wait, Why
from etl.journal.summary import LoadSummary, summarise
from etl.journal.workspace import Workspace
from etl.load.parents import Parents
from etl.model import Stage
from etl.package import Batch, Package, PackagedStage

NEVER_LOADED = 0
"""The number of a package that the journal does not know."""


def foresee(root: Path, package: Package, stages: Sequence[Stage]) -> LoadSummary:
    """What a load of a new package would find at a target: what has arrived with others, has changed since, is to be sent, or
    would wait. Nothing is written.
    """
    with closing(Journal.beside(Workspace(root))) as journal, journal.transaction():
        for stage in stages:
            _foresee_stage(journal, package, stage)
        lost = [] if journal.workspace.holder() else journal.lost()
        return summarise(journal, package, NEVER_LOADED, [one.id for one in lost])


def _foresee_stage(journal: Journal, package: Package, stage: Stage) -> None:
    journal.plans.begin_comparing(NEVER_LOADED, stage.name)
    parents = Parents(journal, NEVER_LOADED, stage.refers, unplanned=[one.name for one in package.stages])
    others = journal.plans.others_hold(NEVER_LOADED, stage.name)
    if not (others or parents or stage.settled is not None):
        return
    for batch in package.batches(package.stage(stage.name)):
        unsettled = package.unsettled(batch)
        if not (others or parents):  # then the records themselves tell nothing
            waits = [Wait(key, Why.UNSETTLED) for key in unsettled]
        else:
            records = _by_key(package, batch)
            taken = journal.sent(stage.name, [*records]) if others else {}
            note_taken(journal, NEVER_LOADED, stage.name, records, taken)
            waits = waits_of({key: one for key, one in records.items() if key not in taken}, unsettled, parents)
        journal.plans.wait(NEVER_LOADED, stage.name, waits)


def compare(journal: Journal, package: Package, number: int) -> None:
    """Note it for all stages of which nothing is planned, so that the counts of `etl status` are those of this package."""
    for stage in package.stages:
        if not journal.plans.holds(number, stage.name):
            _compare_stage(journal, package, number, stage)


def _compare_stage(journal: Journal, package: Package, number: int, stage: PackagedStage) -> None:
    with journal.transaction():
        journal.plans.begin_comparing(number, stage.name)
        for batch in package.batches(stage) if journal.plans.others_hold(number, stage.name) else ():
            records = _by_key(package, batch)
            note_taken(journal, number, stage.name, records, journal.taken(stage.name, [*records]))


def _by_key(package: Package, batch: Batch) -> dict[str, bytes]:
    return dict(zip(package.keys(batch), package.records(batch), strict=True))


def waits_of(free: Mapping[str, bytes], unsettled: Set[str], parents: Parents) -> list[Wait]:
    """Those of the records (key -> bytes), which no batch holds, that may not go yet."""
    waits = [Wait(key, Why.UNSETTLED) for key in free if key in unsettled]
    return waits + parents.missed_by({key: free[key] for key in free if key not in unsettled})


def note_taken(
    journal: Journal, number: int, stage: str, records: Mapping[str, bytes], taken: Mapping[str, Taken]
) -> None:
    """`records`: key -> bytes; `taken`: those of them that some batch holds. Inside a transaction."""
    same, changed = Counter[int](), dict[str, int]()
    for key, earlier in taken.items():
        if earlier.package == number:
            continue
        if earlier.sha256 == record_hash(records[key]):
            same[earlier.batch] += 1
        else:
            changed[key] = earlier.batch
    differing = Counter(changed.values())
    journal.plans.change(number, stage, changed)
    for batch in same | differing:
        journal.plans.overlap(number, stage, batch, same[batch], differing[batch])
