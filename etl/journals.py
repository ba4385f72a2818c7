"""What is asked of a migration's journal: where it stands, what became of a record, a person's decisions, the pilot.

Each answer is plain data, the same that `--json` prints.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Rows
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any

from etl.errors import EtlError, MappingError
from etl.journal.folder import MigrationFolder
from etl.journal.history import read_history
from etl.journal.status import nothing_sent, read_changed, read_status
from etl.load import resolve as resolving
from etl.load.pilot import run_pilot
from etl.load.uploader import check_ready
from etl.mapping import USUAL, load_mapping, migration_name, read_target, require, target_known
from etl.model import Migration, Secret, Target
from etl.outside import Outside
from etl.places import admitted, migration_folder, workspace_of
from etl.runner import Settings, Watch, prepare, unwatched
from etl.suggest import did_you_mean
from etl.verify import asking
from etl.verify import verify as verifying

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which journal is meant: by the mapping, by the workspace when it holds one migration, by the target's own name."""

    mapping: Path | None = None
    workspace: Path | None = None
    target: str | None = None

    def folder(self) -> MigrationFolder:
        """The migration's: that of the mapping, of the one here, or the only one in the workspace."""
        workspace, file = workspace_of(self.mapping, self.workspace), self._file()
        return _only_migration(workspace) if file is None else migration_folder(workspace, migration_name(file))

    def journal(self) -> Path:
        """The folder of the target that was named, else of the mapping's, else of the only one."""
        folder = self.folder()
        own = self.target or self.own()
        known = [one.target for one in folder.targets()]
        if self.target is not None and self.target not in known:
            raise MappingError(f"{folder.root}: nothing was sent to a target '{own}'{did_you_mean(self.target, known)}")
        if own is None and len(known) > 1:
            raise MappingError(f"{folder.root} holds several targets ({', '.join(known)}); name one with --target")
        return folder.target(own or next(iter(known), "")).root

    def own(self) -> str | None:
        """The target of the mapping, as far as it says which."""
        file = self._file()
        return None if file is None else target_known(read_target(file))

    def _file(self) -> Path | None:
        return self.mapping or (Path(USUAL) if Path(USUAL).is_file() else None)


def _only_migration(workspace: Path) -> MigrationFolder:
    found = [one for one in map(MigrationFolder, sorted(workspace.glob("*"))) if one.is_begun()]
    if len(found) == 1:
        return migration_folder(workspace, found[0].root.name)
    if not found:
        raise MappingError(f"{workspace}: no migration has been loaded from here; name the mapping, or the --workspace")
    names = ", ".join(one.root.name for one in found)
    raise MappingError(f"{workspace} holds several migrations ({names}); name the mapping of the one you mean")


def targets(asked: Asked) -> Plain:
    """The targets that records were sent to, the mapping's own, and what was decided about them."""
    folder = asked.folder()
    known = [one.target for one in folder.targets()]
    return {"target": asked.own(), "targets": known, "decisions": plain(folder.records().decisions)}


def decide_target(mapping: Path, workspace: Path | None, same_as: str | None) -> Plain:
    """Record that the mapping's target is another Omnitron, or `same_as` a known one."""
    asked = Asked(mapping, workspace)
    asked.folder().decide(_own(asked), same_as)
    return targets(asked)


def start_over(mapping: Path, workspace: Path | None, confirmed: Callable[[str], bool]) -> Plain:
    """Put the journal of the mapping's target aside, so that everything is sent to it again."""
    asked = Asked(mapping, workspace)
    target = _own(asked)
    folder = asked.folder()
    folder.check_put_aside(target)
    if not confirmed(target):
        raise MappingError(f"that is not the name of the target, {target}; nothing was done")
    return {"target": target, "aside": str(folder.put_aside(target))}


def _own(asked: Asked) -> str:
    target = asked.own()
    if target is None:
        raise MappingError(f"{asked.mapping}: does not say which target; set target.url and target.channel")
    return target


def status(asked: Asked, *, changed: bool = False) -> Plain:
    """Where a migration stands with its target, and with all others under `targets`; `changed` adds keys not sent again."""
    targets = {one.target: _answer(read_status(one.root)) for one in asked.folder().targets()}
    own = asked.target or asked.own() or _last_used(targets)
    if not targets or asked.target not in (None, *targets):
        return _answer(read_status(asked.journal()))  # raises, saying what is not there
    found = targets[own] if own in targets else _answer(nothing_sent(asked.folder().target(own)))
    if changed and own in targets:
        found["changed"] = [plain(one) for one in read_changed(asked.folder().target(own).root)]
    return {**found, "targets": list(targets.values())}


def _last_used(targets: Rows[str, Plain]) -> str:
    used = [(one["run"]["started"] if one["run"] else "", name) for name, one in targets.items()]
    return max(used, default=("", ""))[1]


def history(asked: Asked, stage: str, key: str) -> Plain:
    return _answer(read_history(asked.journal(), stage, key))


def resolve(asked: Asked, batch: int, outside: Outside, *, arrived: bool, migration_id: str | None = None) -> Plain:
    """Record a person's decision about a batch."""
    root = asked.journal()
    return _answer(resolving.resolve(root, batch, arrived=arrived, migration_id=migration_id, outside=outside))


def pilot(
    mapping: Path,
    settings: Settings,
    outside: Outside,
    watch: Watch = unwatched,
    *,
    key: str | None = None,
    records: int = 1,
) -> Plain:
    """Prepare a package and send a small set of it, one stage at a time, until the first error."""
    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True)
        root = admitted(settings.workspace, migration)
        check_ready(replace(migration.target, require_pilot=False), root, outside)
        package = prepare(checked, settings, watch)
    with outside.stop.on_signals():
        done = run_pilot(
            package,
            migration.target,
            migration.stages,
            root,
            key=key,
            records=records,
            outside=outside,
        )
    return {"migration": migration.name, "package": str(package.path), **_answer(done)}


def verify(mapping: Path, workspace: Path | None, email: str, password: str) -> Plain:
    """Look in the shop, and whether the channel knows the user, too: then it can be asked about others."""
    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True, shop=True)
    root = _journal_of(migration, mapping, workspace)
    report = verifying.verify(root, migration.target, email, Secret(password))
    return {"passed": report.passed, **_answer(report), "channel": _channel(root, migration.target, email)}


def _channel(root: Path, target: Target, email: str) -> Plain:
    try:
        trial = asking.try_out(root, target, email, Outside())
    except EtlError as error:
        return {"found": None, "seconds": None, "text": f"it could not be asked: {error}"}
    return {"found": trial.found, "seconds": round(trial.seconds, 1), "text": asking.told(trial)}


def resolve_by_asking(mapping: Path, workspace: Path | None, batch: int, outside: Outside) -> Plain:
    """Ask the channel what became of a batch of users, and decide by that."""
    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True)
    root = _journal_of(migration, mapping, workspace)
    with outside.stop.on_signals():
        evidence = asking.evidence_on(root, migration.target, batch, outside)
    failed = len(evidence.missing) if evidence.whole else None
    found = resolving.Found(evidence.arrived, why=evidence.text, failed=failed)
    return {**_answer(resolving.settle(root, batch, found, outside)), "evidence": evidence.text, **_missing(evidence)}


def _missing(evidence: asking.Evidence) -> Plain:
    return {"missing": list(evidence.missing) if evidence.arrived else []}


def arrived(mapping: Path, workspace: Path | None, outside: Outside) -> Plain:
    """Ask the channel for every user that was uploaded."""
    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True)
    with outside.stop.on_signals():
        return _answer(asking.look_all_up(_journal_of(migration, mapping, workspace), migration.target, outside))


def _journal_of(migration: Migration, mapping: Path, workspace: Path | None) -> Path:
    return Settings(workspace_of(mapping, workspace)).journal(migration)


def _answer(result: Any) -> Plain:
    """A result dataclass as plain data."""
    return {name: plain(getattr(result, name)) for name in result.__dataclass_fields__}


def plain(value: Any) -> Any:
    """A result as JSON has it."""
    if is_dataclass(value):
        return _answer(value)
    if isinstance(value, Rows):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return str(value) if isinstance(value, Path) else value
