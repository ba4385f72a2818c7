"""What is asked of a migration's journal: where it stands, what became of a record, a person's decisions, the pilot.

Each answer is plain data, the same that `--json` prints.
"""

from __future__ import annotations

from collections.abc import Mapping as Rows
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

from etl.errors import MappingError
from etl.journal.history import read_history
from etl.journal.status import read_changed, read_status
from etl.load import resolve as resolving
from etl.load.pilot import run_pilot
from etl.load.uploader import check_ready
from etl.mapping import USUAL, load_mapping, migration_name, require
from etl.model import Secret
from etl.outside import Outside
from etl.runner import Settings, Watch, prepare, unwatched
from etl.verify import verify as verifying

Plain = dict[str, Any]


def status(mapping: Path | None, workspace: Path, *, changed: bool = False) -> Plain:
    """Where a migration stands; with `changed`, also the keys of the records that were not sent again."""
    root = journal_folder(mapping, workspace)
    found = _answer(read_status(root))
    if changed:
        found["changed"] = [plain(one) for one in read_changed(root)]
    return found


def history(mapping: Path | None, workspace: Path, stage: str, key: str) -> Plain:
    return _answer(read_history(journal_folder(mapping, workspace), stage, key))


def resolve(
    mapping: Path | None,
    workspace: Path,
    batch: int,
    outside: Outside,
    *,
    arrived: bool,
    migration_id: str | None = None,
) -> Plain:
    """Record a person's decision about a batch."""
    root = journal_folder(mapping, workspace)
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
        check_ready(replace(migration.target, require_pilot=False), settings.folder(migration))
        package = prepare(checked, settings, watch)
    with outside.stop.on_signals():
        done = run_pilot(
            package,
            migration.target,
            migration.stages,
            settings.folder(migration),
            key=key,
            records=records,
            outside=outside,
        )
    return {"migration": migration.name, "package": str(package.path), **_answer(done)}


def verify(mapping: Path, workspace: Path, email: str, password: str) -> Plain:
    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True, shop=True)
    report = verifying.verify(workspace / migration.name, migration.target, email, Secret(password))
    return {"passed": report.passed, **_answer(report)}


def journal_folder(mapping: Path | None, workspace: Path) -> Path:
    """The folder of the migration that is meant: of the mapping, of the one here, or the only one in the workspace."""
    if mapping is not None or Path(USUAL).is_file():
        return workspace / migration_name(mapping or Path(USUAL))
    found = sorted(one.parent for one in workspace.glob("*/journal.sqlite"))
    if len(found) == 1:
        return found[0]
    if not found:
        raise MappingError(f"{workspace}: no migration has been loaded from here; name the mapping, or the --workspace")
    names = ", ".join(one.name for one in found)
    raise MappingError(f"{workspace} holds several migrations ({names}); name the mapping of the one you mean")


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
