"""Remove what holds people's data, when a migration is over; what was sent, and what became of it, stays known."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from etl.arguments import checked
from etl.commands.keeping import SNAPSHOTS
from etl.commands.sample import SAMPLES
from etl.commands.which import Which
from etl.corrections import corrections_file
from etl.errors import EtlError, MappingError
from etl.extract.databases.kept import Snapshots
from etl.findings import Sentence, joined, said
from etl.journal.batch import Shipment
from etl.journal.database import NoJournal
from etl.journal.folder import MigrationFolder, person
from etl.journal.journal import Journal
from etl.journal.purges import GonePackage, Purge, add_purge, purges
from etl.journal.reducing import REMOVED, Reducing, is_reduced, reduce_log
from etl.journal.states import State
from etl.journal.transfer import ARRIVING
from etl.journal.workspace import Workspace
from etl.mapping import find_mapping
from etl.package import MANIFEST, Package
from etl.partial import is_partial, partial_of, sweep
from etl.personal import looks_personal
from etl.records import as_dict
from etl.report.mask import HIDDEN_ANSWER, PLAIN_ANSWER, is_plain, without_answer

OPEN = {
    State.SENDING: "being sent, or left so by a process that was killed",
    State.ACCEPTED: "with Omnitron, and what became of them is not known yet",
    State.UNKNOWN: "of unknown fate",
    State.PLANNED: "planned and not sent",
}
"""Why a target is not over yet, by the state of batches."""

ENDS = {
    State.SENDING: "`etl {command} MAPPING` finds out",
    State.ACCEPTED: "`etl {command} MAPPING` follows them",
    State.UNKNOWN: "look in Omnitron, then `etl resolve BATCH`",
    State.PLANNED: "`etl {command} MAPPING` sends them, after `etl retry MAPPING` where a gate was in the way",
}
"""What brings them to an end."""

TAKEN_BACK = "taken back by this; `etl run MAPPING` sends them in a new package"
"""What becomes of planned batches where all is removed in spite of them."""


@checked
@dataclass(frozen=True, slots=True)
class ToPurge:
    """What would be removed. `still`: why it is too early, for each target; `notes`: what a person has to know before.

    `batches` are folders with the bytes that were sent, and what a take-over that was killed had unpacked.
    """

    folder: Path
    packages: tuple[Path, ...]
    snapshots: tuple[str, ...]
    batches: tuple[Path, ...]
    logs: tuple[Path, ...]
    corrections: Path | None
    files: int
    bytes: int
    still: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.packages or self.snapshots or self.batches or self.logs or self.corrections)


def purge(mapping: Path, workspace: Path | None, confirmed: Callable[[ToPurge], bool], *, force: bool = False) -> Purge:
    """Raises MappingError, and removes nothing, where something is still under way or unknown, unless `force` says so."""
    file = find_mapping(mapping)
    folder = Which(mapping, workspace).folder()
    with ExitStack() as locks:
        for one in folder.targets():
            locks.enter_context(one.locked())
        found = to_purge(folder, file, force=force)
        if found.still and not force:
            raise MappingError(joined("\n", [*found.still, said(FORCE)]))
        if not confirmed(found):
            raise MappingError(said("nothing was removed"))
        if found.is_empty:
            return _nothing(folder)
        done = Purge(
            datetime.now(UTC).isoformat(timespec="seconds"), person(), bool(found.still),
            tuple(map(_gone, found.packages)), found.snapshots, found.files, found.bytes,
        )  # fmt: skip
        # First what remembers: who is killed in between runs it again, and nothing of it is lost.
        add_purge(folder.root, done)
        _remove(folder, found)
        done = replace(done, finished=True)
        add_purge(folder.root, done)
    return done


def _nothing(folder: MigrationFolder) -> Purge:
    """What was removed, when nothing is left to be: nothing; and a purge that was killed at its very end has come to it."""
    for last in purges(folder.root)[-1:]:
        if not last.finished:
            add_purge(folder.root, replace(last, finished=True))
    return Purge(datetime.now(UTC).isoformat(timespec="seconds"), person(), False, (), (), 0, 0, finished=True)


ELSEWHERE = "nothing is sent from here any more, so what became of them is known where it went on"

FORCE = (
    "nothing was removed; with --force all is removed all the same: what was not sent is sent from here only in a new package, "
    "and of what is unknown nobody can tell any more from here which records it held"
)


def to_purge(folder: MigrationFolder, mapping: Path, *, force: bool = False) -> ToPurge:
    """`force`: it will be removed whatever is under way."""
    for place in _places(folder):
        deque(sweep(place), maxlen=0)
    packages = tuple(sorted(one.parent for place in _places(folder) for one in place.glob(f"*/{MANIFEST}")))
    snapshots = tuple(Snapshots(folder.root / SNAPSHOTS).names())
    journals = [Workspace(one.parent) for one in sorted(folder.root.glob("*/journal.sqlite"))]
    batches = tuple(one.root / "batches" for one in journals if (one.root / "batches").exists())
    batches += tuple(sorted(folder.root.glob(f"{ARRIVING}*")))
    logs = tuple(one.requests for one in journals if one.requests.exists() and not is_reduced(one.requests, REDUCING))
    corrections = corrections_file(mapping.resolve())
    gone = [*packages, *(folder.root / SNAPSHOTS / name for name in snapshots), *batches]
    files = [path for one in gone for path in one.rglob("*") if path.is_file()]
    files += [corrections] if corrections.exists() else []
    return ToPurge(
        folder.root, packages, snapshots, batches, logs, corrections if corrections.exists() else None,
        len(files), sum(path.stat().st_size for path in files),
        tuple(_still(folder, force=force)), tuple(_notes(folder, packages)),
    )  # fmt: skip


def _places(folder: MigrationFolder) -> tuple[Path, ...]:
    """Where packages lie: those of everything, and the samples with their lists of customers."""
    return folder.packages, folder.root / SAMPLES


def _contents(folder: MigrationFolder) -> Iterator[Path]:
    for place in _places(folder):
        yield from sorted(place.glob("*"))


def _still(folder: MigrationFolder, *, force: bool) -> Iterator[str]:
    for partial in filter(is_partial, _contents(folder)):
        yield said("{path}: a package is being made; wait for it, or stop it", path=str(partial))
    for workspace in folder.targets():
        with closing(Journal.read(workspace)) as journal:
            barred, command = journal.homes.barred(workspace), journal.runs.goes_on()
            for state in OPEN:
                if batches := journal.batches(state=state):
                    then = said(ENDS[state], command=command)
                    if barred:
                        then = said(ELSEWHERE)
                    elif force and state is State.PLANNED:
                        then = said(TAKEN_BACK)
                    yield _open(workspace.target, batches, state, then)


def _open(target: str, batches: Sequence[Shipment], state: State, then: Sentence) -> Sentence:
    count, records = len(batches), sum(one.records for one in batches)
    return said(
        "{target}: {what} ({records}): {why}; {then}",
        target=target, what=said("{count:,} batch" if count == 1 else "{count:,} batches", count=count),
        records=said("{count:,} record" if records == 1 else "{count:,} records", count=records),
        why=said(OPEN[state]), then=then,
    )  # fmt: skip


def _merging(packages: Sequence[Path]) -> list[str]:
    """The stages that have merged records, as far as this version can read the packages."""
    found: dict[str, None] = {}
    for path in packages:
        with suppress(EtlError):
            found |= dict.fromkeys(one.name for one in Package.open(path).manifest.stages if one.counts.merged)
    return list(found)


def _notes(folder: MigrationFolder, packages: Sequence[Path]) -> Iterator[str]:
    for stage in _merging(packages):
        words = (
            "stage '{stage}' has merged records, and packages alone tell into whom: run it with the whole source after this. "
            "Of an export of new rows alone, what refers to a merged record is held, and who shares a value with a record that "
            "was sent is sent"
        )
        yield said(words, stage=stage)
    for path in _contents(folder):
        if not (path / MANIFEST).exists() and not is_partial(path):
            yield said("{path}: is no package, and stays; look what is in it", path=str(path))
    for workspace in folder.targets():
        with closing(Journal.read(workspace)) as journal:
            if failed := sum(one.failed for one in journal.failed()):
                words = (
                    "{target}: {count:,} records have failed; after this `etl dry-run` makes a package that has them, and "
                    "`etl retry` sends them again"
                )
                yield said(words, target=workspace.target, count=failed)
            if refused := sum(journal.batch(number).records for number in journal.refused_and_left()):
                words = "{target}: {count:,} records were refused; after this `etl run` sends them in a new package"
                yield said(words, target=workspace.target, count=refused)
            personal = [f"'{stage}'" for stage in journal.loaded_stages() if _has_personal_keys(journal, stage)]
            if personal:
                words = (
                    "{target}: the keys of {stages} look like people's data (e-mails, telephones), and stay: by them alone is "
                    "known what was sent"
                )
                yield said(words, target=workspace.target, stages=", ".join(personal))


KEYS_LOOKED_AT = 200


def _has_personal_keys(journal: Journal, stage: str) -> bool:
    keys = (key for batch in journal.batches(stage)[:2] for key in journal.keys(batch.id)[:KEYS_LOOKED_AT])
    return any(map(looks_personal, keys))


def _gone(path: Path) -> GonePackage:
    """What a package counted, as far as this version can read it."""
    sha256 = hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()
    try:
        manifest = Package.open(path).manifest
    except EtlError:
        return GonePackage(path.name, "", sha256, {})
    return GonePackage(path.name, manifest.created, sha256, {one.name: as_dict(one.counts) for one in manifest.stages})


def _remove(folder: MigrationFolder, found: ToPurge) -> None:
    snapshots = Snapshots(folder.root / SNAPSHOTS)
    for name in found.snapshots:
        snapshots.remove(name)
    for workspace in folder.targets():
        _forget(workspace)
    for aside in folder.root.glob("aside-*/journal.sqlite"):
        _forget(Workspace(aside.parent))
    for log in found.logs:
        reduce_log(log, REDUCING)
    for batches in found.batches:
        shutil.rmtree(batches)
    for number, package in enumerate(found.packages, 1):
        # Under a name by which the next command knows what a killed one has left, whatever a person has called it.
        gone = package.with_name(f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-9{number:06}")
        shutil.rmtree(package.rename(partial_of(gone)))
    if found.corrections is not None:
        found.corrections.unlink()


def _forget(workspace: Workspace) -> None:
    try:
        with closing(Journal.open(workspace)) as journal:
            journal.supersede(journal.loaded_stages())
            journal.forget(REDUCING.answer, REDUCING.sentence)
    except NoJournal:  # the disk was full before its first table was made
        return


def _plain_answer(text: str) -> str:
    """The id of a migration and its counts, as far as an answer is these."""
    if is_plain(text):
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return REMOVED
    kept = {name: value for name, value in found.items() if name in PLAIN_ANSWER} if isinstance(found, dict) else {}
    shown = json.dumps(kept)
    return shown if kept and is_plain(shown) else REMOVED


def _sentence(text: str) -> str:
    return without_answer(text).replace(HIDDEN_ANSWER, REMOVED)


REDUCING = Reducing(_plain_answer, _sentence)
