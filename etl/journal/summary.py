"""What has become of a package's records, and of the others of its stages, read from the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from etl.files import sha256_of
from etl.journal.counts import StageCounts
from etl.journal.database import JournalError, NoJournal
from etl.journal.journal import Journal
from etl.journal.runs import LoadEnded
from etl.journal.workspace import Workspace
from etl.package import MANIFEST, Package


class StageUpload(Struct, frozen=True):
    """A stage. records = uploaded + already + failed + changed + waiting + refused + unknown, always.

    records    valid ones in the package
    uploaded   of this package, and not known to have failed
    already    uploaded from another package with the same bytes
    failed     Omnitron has counted them as errors, whichever package brought them
    changed    uploaded from another package with other bytes, and not sent again
    waiting    planned, on their way, or not even planned
    refused    in a batch that was refused, and not in another one since
    unknown    in a batch that may have arrived
    batches    of this package that are done

    unsettled  of those that wait: they may still change, and nothing is wrong
    held_back  of those that wait: their parent has not arrived
    gone       uploaded from another package, and not in this one
    elsewhere  failed or unknown, and not in this package
    """

    name: str
    records: int
    uploaded: int = 0
    already: int = 0
    failed: int = 0
    changed: int = 0
    waiting: int = 0
    refused: int = 0
    unknown: int = 0
    batches: int = 0
    unsettled: int = 0
    held_back: int = 0
    gone: int = 0
    elsewhere: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing of the stage has failed, or is left to be sent or decided."""
        return not (self.waiting - self.unsettled or self.troubled)

    @property
    def troubled(self) -> bool:
        """Whether something of the stage has failed, or was refused, or nobody knows whether it arrived."""
        return bool(self.failed or self.refused or self.unknown or self.elsewhere)


class LoadSummary(Struct, frozen=True):
    """Every stage of a package, in its order, and every other one that was ever loaded."""

    package: Path
    requests: Path
    stages: tuple[StageUpload, ...]

    @property
    def complete(self) -> bool:
        return all(stage.complete for stage in self.stages)


def read_summary(root: Path, package: Package) -> LoadSummary:
    """The summary as it is now, also after a load that ended in an error. Nothing sent: all is waiting."""
    workspace = Workspace(root)
    try:
        journal = Journal.read(workspace)
    except NoJournal:
        stages = tuple(
            StageUpload(stage.name, stage.counts.valid, waiting=stage.counts.valid) for stage in package.stages
        )
        return LoadSummary(package.path, workspace.requests, stages)
    try:
        number = journal.runs.find_package(sha256_of(package.path / MANIFEST)) or 0
        return summarise(journal, package, number)
    finally:
        journal.close()


def read_last_ending(root: Path) -> LoadEnded | None:
    """What the last load at a target ended in, if nothing was done there since and it did not come to its end."""
    workspace = Workspace(root)
    with closing(Journal.read(workspace)) as journal:
        return journal.runs.last_load_ended(running=workspace.holder() is not None)


def summarise(journal: Journal, package: Package, number: int, lost: Sequence[int] = ()) -> LoadSummary:
    """`number` is the package's in the journal; `lost`: as `summarise_stages` takes them."""
    valid = {stage.name: stage.counts.valid for stage in package.stages}
    stages = summarise_stages(journal, number, valid, lost, is_part=package.manifest.part is not None)
    return LoadSummary(package.path, journal.workspace.requests, stages)


def summarise_stages(
    journal: Journal, number: int, valid: Mapping[str, int], lost: Sequence[int] = (), *, is_part: bool = False
) -> tuple[StageUpload, ...]:
    """`valid`: the package's records, by stage. `lost`: batches that a crash left on their way, and nobody knows of.

    `is_part`: the package was not to hold everything, so nothing is gone because it lacks it.
    """
    names = [*valid, *(stage for stage in journal.loaded_stages() if stage not in valid)]
    return tuple(_stage(journal.counts(number, name, lost), valid.get(name, 0), is_part=is_part) for name in names)


def _stage(count: StageCounts, records: int, *, is_part: bool) -> StageUpload:
    own, others, everywhere = count.own(), count.others(), count.everywhere()
    # A load that sends nothing new finds its records with others, so each is counted once, in one of the two.
    known = {
        "uploaded": own["held"] - own["failed"],
        "already": others["same"],
        "changed": others["changed"],
        "failed": own["failed"] + others["failed"],
        "unknown": own["unknown"] + others["unknown"],
        "refused": count.refused(),
    }
    waiting, waits = records - sum(known.values()), count.waits()
    if waiting < 0:
        raise JournalError(
            f"stage '{count.stage}': what became of its records does not add up ({known} of {records}); please report this"
        )
    arrived = known["uploaded"] + known["already"] + known["changed"]
    return StageUpload(
        count.stage,
        records,
        waiting=waiting,
        batches=own["batches"],
        unsettled=min(waiting, waits["unsettled"]),
        held_back=min(waiting, waits["held_back"]),
        gone=everywhere["arrived"] - arrived if count.is_planned() and not is_part else 0,
        elsewhere=everywhere["failed"] + everywhere["unknown"] - known["failed"] - known["unknown"],
        **known,
    )
