"""The folder of one migration: its packages, a folder for each target that they were sent to, and what persons decided."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from etl.address import is_on_this_machine, is_target_name
from etl.errors import MappingError
from etl.files import alone, private_folder, replace_durably, sync_folder
from etl.journal.database import JournalError, NoJournal
from etl.journal.homes import HANDED_OVER
from etl.journal.workspace import PACKAGES, Workspace
from etl.records import as_dict

if TYPE_CHECKING:
    from etl.journal.journal import Journal
    from etl.model import Stage

RECORDS = "targets.json"
SECRET = "secret"  # noqa: S105 - the name of its file


class TargetDecision(Struct, frozen=True):
    """What a person said of a target: that it is `same_as` another one, or (None) an Omnitron of its own."""

    target: str
    same_as: str | None
    person: str
    time: str


class TargetsFile(Struct, frozen=True):
    """targets.json: the mapping files that have sent from here, relative to the workspace, and all decisions in order."""

    mappings: tuple[str, ...] = ()
    decisions: tuple[TargetDecision, ...] = ()

    def about(self, target: str) -> TargetDecision | None:
        """The last decision about a target; those before it were taken back by it."""
        return next((one for one in reversed(self.decisions) if one.target == target), None)

    def joined(self, other: TargetsFile) -> TargetsFile:
        """What either remembers, each thing once; the decisions in the order of their times."""
        mappings = dict.fromkeys([*self.mappings, *other.mappings])
        decisions = dict.fromkeys([*self.decisions, *other.decisions])
        return TargetsFile((*mappings,), (*sorted(decisions, key=lambda one: one.time),))


class MigrationFolder(Struct, frozen=True):
    """work/<migration>/"""

    root: Path

    @property
    def packages(self) -> Path:
        return self.root / PACKAGES

    @property
    def secret(self) -> Path:
        """Under which the digests are made that no password has."""
        return self.root / SECRET

    def target(self, name: str) -> Workspace:
        """Where the journal of a target lies: in its own folder, or in that of the target which it is another name of."""
        decided = self.records().about(name)
        return Workspace(self.root / (decided.same_as or name if decided else name))

    def targets(self) -> list[Workspace]:
        """Those that have a journal, by name."""
        found = [one.parent for one in self.root.glob("*/journal.sqlite") if is_target_name(one.parent.name)]
        return [Workspace(one) for one in sorted(found)]

    def is_begun(self) -> bool:
        """Whether anything of the migration was ever sent from here, in today's form of a workspace or the one before."""
        return (self.root / "journal.sqlite").exists() or bool(self.targets())

    def has_sent(self) -> bool:
        return any(map(has_sent, self.targets()))

    # What is remembered of the migration

    def records(self) -> TargetsFile:
        """Raises JournalError when they cannot be read: without them a target might be sent everything twice."""
        return read_records(self.root / RECORDS)

    def change(self, how: Callable[[TargetsFile], TargetsFile]) -> None:
        """Write all of them anew, or not at all. One after the other: nobody takes back what another has just written."""
        with alone(private_folder(self.root)):
            before = self.records()
            after = how(before)
            if after != before:
                replace_durably(self.root / RECORDS, json.dumps(as_dict(after), indent=2).encode())

    def decide(self, target: str, same_as: str | None) -> None:
        """Record that a target is another Omnitron, or another name of one. Raises MappingError when it cannot be.

        What was sent under both names cannot become one journal.
        """
        if same_as is not None:
            same_as = self._joined(target, same_as)
        made = TargetDecision(target, same_as, person(), datetime.now(UTC).isoformat(timespec="seconds"))
        self.change(lambda records: replace(records, decisions=(*records.decisions, made)))

    def _joined(self, target: str, same_as: str) -> str:
        """The target whose journal is to count for both names."""
        known = [one.target for one in self.targets()]
        joined = self.target(same_as).target
        if joined not in known:
            others = f"; there is: {', '.join(known)}" if known else ""
            raise MappingError(f"{self.root}: nothing was sent to a target '{same_as}'{others}")
        if joined == target:
            raise MappingError(f"{target} is its own name")
        if has_sent(Workspace(self.root / target)):
            raise MappingError(f"records were sent to both {target} and {joined}; their journals cannot become one")
        return joined

    def names_of(self, target: str) -> list[str]:
        """A target, and every name that was said to be its own."""
        named = {one.target for one in self.records().decisions}
        return [target, *(one for one in sorted(named) if one != target and self.target(one).target == target)]

    def belongs_to(self, mapping: Path) -> None:
        """Remember the mapping file, in a way that outlives moving the whole."""
        self.change(lambda records: records.joined(TargetsFile(mappings=(self._relative(mapping),))))

    def _relative(self, mapping: Path) -> str:
        return os.path.relpath(mapping.resolve(), self.root.resolve().parent)

    def check_put_aside(self, target: str) -> None:
        """Raise MappingError unless a target is on this machine under all its names: what was sent elsewhere is there."""
        workspace = self.target(target)
        away = [one for one in self.names_of(workspace.target) if not is_on_this_machine(one)]
        if away:
            raise MappingError(
                f"{away[0]} is not on this machine: what was sent there is there, and its journal is kept"
            )
        if not workspace.journal.exists():
            raise NoJournal(workspace.journal)
        _check_not_handed_over(workspace)

    def put_aside(self, target: str) -> Path:
        """Take a target's journal, and all that belongs to it, out of use. Where it lies then."""
        self.check_put_aside(target)
        workspace = self.target(target)
        with workspace.locked():
            aside = self.root / f"aside-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{workspace.target}"
            workspace.root.rename(aside)
            sync_folder(self.root)
        return aside

    def formerly(self, mapping: Path) -> MigrationFolder | None:
        """The folder from which this mapping has sent records under another name, while from this one nothing was sent."""
        if self.has_sent():
            return None
        others = (MigrationFolder(one) for one in sorted(self.root.parent.glob("*")) if one != self.root)
        name = self._relative(mapping)
        return next((one for one in others if name in one.records().mappings and one.has_sent()), None)


def read_records(path: Path) -> TargetsFile:
    """targets.json, or one of another folder; nothing where there is none. Raises JournalError."""
    try:
        found = json.loads(path.read_bytes())
        return TargetsFile(tuple(found["mappings"]), tuple(TargetDecision(**one) for one in found["decisions"]))
    except (FileNotFoundError, NotADirectoryError):
        return TargetsFile()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, LookupError):
        raise JournalError(f"{path}: damaged; restore it from a copy") from None


def has_sent(workspace: Workspace) -> bool:
    """Whether a record may have arrived at a target."""
    try:
        journal = _read(workspace)
    except NoJournal:
        return False
    try:
        return journal.has_sent()
    finally:
        journal.close()


def barred(workspace: Workspace) -> str | None:
    """Why nothing is sent from here, as of a journal that was handed over; None where it may be, or no journal tells."""
    try:
        journal = _read(workspace)
    except JournalError:
        return None
    with closing(journal):
        return journal.homes.barred(workspace)


def check_known(folder: MigrationFolder, target: str) -> None:
    """Raise MappingError when a target is not on this machine, and might be another one under a new name.

    The caller holds the target's workspace, or asks again when it does: of two that begin at once, each sees the other.
    """
    workspace = folder.target(target)
    if (
        not is_target_name(target)
        or is_on_this_machine(target)
        or folder.records().about(target) is not None
        or has_sent(workspace)
    ):
        return
    others = [one.target for one in folder.targets() if one.target != workspace.target and _counts(one)]
    if others:
        raise MappingError(_two_names(target, others))


def check_stages(workspace: Workspace, stages: Sequence[Stage]) -> None:
    """Raise MappingError when a stage may be one that has sent records to this target under another name."""
    try:
        journal = _read(workspace)
    except NoJournal:
        return
    with closing(journal):
        journal.stage_names.check(stages, workspace.target)


def _counts(workspace: Workspace) -> bool:
    return not is_on_this_machine(workspace.target) and (has_sent(workspace) or workspace.holder() is not None)


def _two_names(target: str, others: Iterable[str]) -> str:
    known = ", ".join(others)
    return (
        f"records of this migration were sent to {known}, and now the target is {target}. If that is another Omnitron, which "
        "shall get everything as well: `etl target MAPPING --another`. If it is the same one under another name: "
        f"`etl target MAPPING --same-as {next(iter(others))}`. Nothing was sent"
    )


def person() -> str:
    """Who decides, as it is kept."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container without a user name


def _check_not_handed_over(workspace: Workspace) -> None:
    """What was handed over is sent elsewhere, also to a target of this machine: it may be the end of a tunnel."""
    try:
        journal = _read(workspace)
    except JournalError:
        return  # a journal that cannot be used is no reason against a new one
    with closing(journal):
        last = journal.homes.last()
        if last is not None and last.how == HANDED_OVER:
            journal.homes.check(workspace)


def _read(workspace: Workspace) -> Journal:
    # Most commands only ask where things lie, and loading all that a journal can do takes a moment.
    from etl.journal.journal import Journal

    return Journal.read(workspace)
