"""Where a migration stands with each of its targets."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from etl.commands.differences import write_differences
from etl.commands.which import Which
from etl.journal.changed import Differences
from etl.journal.status import Status, nothing_sent, read_status
from etl.report.results import Standing


def status(which: Which, *, changed: bool = False) -> Standing:
    """Where a migration stands; with `changed`, also the records that were not sent again. Raises JournalError;
    with `changed` also PackageError, when the last package is gone."""
    folder = which.folder()
    targets = {one.target: read_status(one.root) for one in folder.targets()}
    workspace = folder.target(which.target or which.own() or _last_used(targets))
    if not targets or (which.target is not None and workspace.target not in targets):
        return Standing(read_status(which.journal()), ())  # raises, saying what is not there
    own = targets.get(workspace.target) or nothing_sent(workspace)
    if not changed or workspace.target not in targets:
        return Standing(own, tuple(targets.values()))
    with closing(Differences(workspace.root)) as found:
        return Standing(own, tuple(targets.values()), tuple(found.changed()), tuple(found.gone()))


def write_changed(which: Which, file: Path) -> int:
    """Write what has changed or is gone since it was uploaded as a table, unmasked; how many records.

    A record at a time, however many there are. Raises like `status`, MappingError when the file cannot be written.
    """
    with closing(Differences(which.journal())) as found:
        return write_differences(file, found.changed(), found.gone())


def _last_used(targets: dict[str, Status]) -> str:
    used = [(one.run.started if one.run else "", name) for name, one in targets.items()]
    return max(used, default=("", ""))[1]
