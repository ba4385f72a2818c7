"""Send failed records again, on a person's word: which ones, what that may come to, and the load of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from etl.arguments import Key, checked
from etl.errors import MappingError
from etl.findings import Sentence, said
from etl.journal.attempts import REFUSES_REPEATED
from etl.journal.batch import Shipment
from etl.journal.folder import person
from etl.journal.journal import Journal
from etl.journal.states import RecordState, told_state
from etl.journal.summary import LoadSummary
from etl.journal.workspace import Workspace
from etl.load.comparing import compare
from etl.load.uploader import Asked, load_package, require_fit, session, stop_at_unknown
from etl.model import Stage
from etl.outside import Outside
from etl.package import Package, newest
from etl.target import Target


@checked
@dataclass(frozen=True, slots=True)
class RetryChoice:
    """Which failed records are meant: those of a stage, of a batch, with these keys; all of them where nothing is said."""

    stage: str | None = None
    batch: int | None = None
    keys: tuple[Key, ...] = ()


class Again(Struct, frozen=True):
    """Records of one batch that are sent again; `keys` None: all that it holds."""

    batch: Shipment
    keys: tuple[str, ...] | None

    @property
    def records(self) -> int:
        return self.batch.counting if self.keys is None else len(self.keys)

    @property
    def certain(self) -> bool:
        """Whether the batch surely created none of them."""
        return self.batch.failed_whole

    @property
    def told(self) -> Sentence:
        """What is known of them, and what sending them again may come to."""
        batch = self.batch
        words = (
            "batch {batch} ({stage}): {count} of {records} failed, nobody knows which; its records would be sent again: "
            "{then}"
        )
        if self.keys is not None:
            words = (
                "batch {batch} ({stage}): {count} of {records} failed, nobody knows which; {some} of its records would be sent "
                "again: {then}"
            )
        if self.certain:
            words = (
                "batch {batch} ({stage}): all of its records failed, so it is certain that it created none of them "
                "(they may be there from elsewhere: an e-mail that exists is an error, too)"
            )
        parts = {"batch": batch.id, "stage": batch.stage, "count": batch.failed, "records": batch.counting}
        return said(words, some=self.records, then=self._twice(), **parts)

    def _twice(self) -> Sentence:
        words = "one that is there comes twice, for Omnitron knows no {payload} again"
        if self.batch.payload in REFUSES_REPEATED:
            words = (
                "one that is there is refused, because its e-mail exists, and counts as failed until all of them are "
                "there"
            )
        return said(words, payload=self.batch.payload)


def find(root: Path, wanted: RetryChoice) -> list[Again]:
    """The failed records that are meant. Raises MappingError when there are none, or one that is named has not failed."""
    workspace = Workspace(root)
    journal = Journal.read(workspace)
    try:
        journal.homes.check(workspace)  # whether anything failed is known where it is sent from, not here
        return _find(journal, wanted)
    finally:
        journal.close()


def _find(journal: Journal, wanted: RetryChoice) -> list[Again]:
    failed = [one for one in journal.failed(wanted.stage) if wanted.batch in (None, one.id)]
    if wanted.batch is not None and not failed:
        batch = journal.batch(wanted.batch)
        raise MappingError(
            said(
                "batch {batch} is {state}, and none of its records is known to have failed",
                batch=batch.id,
                state=told_state(batch.state),
            )
        )
    if wanted.keys:
        failed_keys = _of_keys(journal, failed, wanted.keys)
        return [Again(one, failed_keys[one.id]) for one in failed if one.id in failed_keys]
    if not failed:
        raise MappingError(said("no record is known to have failed, so there is nothing to send again"))
    return [Again(one, None) for one in failed]


def _of_keys(journal: Journal, failed: Sequence[Shipment], keys: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """The keys in each of the batches."""
    found: dict[int, list[str]] = {}
    for stage in dict.fromkeys(one.stage for one in failed):
        for key, taken in journal.taken(stage, keys).items():
            if taken.fate in (RecordState.FAILED, RecordState.DOUBTFUL):
                found.setdefault(taken.batch, []).append(key)
    times = Counter(key for each in found.values() for key in each)
    for key in keys:
        if not times[key]:
            raise MappingError(
                said("no record with the key {key} is known to have failed; `etl status` lists those that did", key=key)
            )
        if times[key] > 1:
            raise MappingError(said("records of several stages have the key {key}; say which with --stage", key=key))
    return {batch: tuple(each) for batch, each in found.items()}


def within(root: Path, package: Package, again: Sequence[Again]) -> list[Again]:
    """Of these records those that the package has. The others stay what they are: what nothing would send again is not let go.

    Raises MappingError where it has none of them.
    """
    journal = Journal.read(Workspace(root))
    try:
        there = _there(journal, package, again)
    finally:
        journal.close()
    found = [
        one if len(there[one.batch.id]) == one.records else replace(one, keys=there[one.batch.id]) for one in again
    ]
    if not any(there.values()):
        words = (
            "{path}: has none of the records that have failed; put their rows right, and `etl dry-run` makes a package that has "
            "them"
        )
        raise MappingError(said(words, path=str(package.path)))
    return [one for one in found if there[one.batch.id]]


def _there(journal: Journal, package: Package, again: Sequence[Again]) -> dict[int, tuple[str, ...]]:
    """Batch -> the keys of those of its records that are meant and that the package has."""
    meant = {one.batch.id: None if one.keys is None else set(one.keys) for one in again}
    found: dict[int, list[str]] = {number: [] for number in meant}
    stages = {one.batch.stage for one in again}
    for stage in package.stages:
        for batch in package.batches(stage) if stage.name in stages else ():
            for key, taken in journal.taken(stage.name, package.keys(batch)).items():
                keys = meant.get(taken.batch, ())
                if keys is None or key in keys:
                    found[taken.batch].append(key)
    return {number: tuple(keys) for number, keys in found.items()}


def retry(
    package: Package,
    target: Target,
    stages: Sequence[Stage],
    root: Path,
    again: Collection[Again],
    outside: Outside | None = None,
    asked: Asked | None = None,
) -> LoadSummary:
    """Send these records again, one by one, as the package has them. Raises like `load`; no gate stops it on its way."""
    require_fit(package, stages, asked or Asked(), remake="retry")
    with session("retry", package, target, stages, root, outside or Outside(), asked) as here:
        compare(here.journal, package, here.number)
        for stage in stages:
            stop_at_unknown(here.journal, stage.name)
        with here.journal.transaction():
            for one in again:
                here.journal.attempts.let_go(one.batch.id, person(), one.keys)
        return load_package(here, stages, again=True)


def newest_package(folder: Path) -> Package:
    """The package that was made last. Raises MappingError when there is none, PackageError when there is none to be read."""
    found = newest(folder)
    if found is None:
        raise MappingError(
            said("{path}: no package is here to take the records from; `etl dry-run` makes one", path=str(folder))
        )
    return found
