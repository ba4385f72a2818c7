"""Akinon's test migration: a few records that belong together, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from etl.commands.keeping import opened
from etl.commands.prepare import prepare
from etl.commands.settings import Settings, Watch, unwatched
from etl.load.pilot import PilotResult, run_pilot
from etl.load.uploader import check_ready
from etl.mapping import Checked
from etl.outside import Outside
from etl.places import admitted


@dataclass(frozen=True, slots=True)
class Piloted:
    """A pilot that succeeded, and the package its records are from."""

    migration: str
    package: Path
    result: PilotResult


def pilot(
    mapping: Path,
    settings: Settings,
    outside: Outside,
    watch: Watch = unwatched,
    *,
    key: str | None = None,
    records: int = 1,
) -> Piloted:
    """Prepare a package and send a small set of it, one stage at a time, until the first error."""

    def ready(checked: Checked) -> None:
        target = replace(checked.migration.target, require_pilot=False)
        check_ready(target, admitted(settings.workspace, checked.migration), outside)

    with opened(mapping, settings, ready, upload=True) as (checked, migration):
        package = prepare(checked, settings, watch, outside.stop)
    root = admitted(settings.workspace, migration)
    with outside.uploading():
        done = run_pilot(
            package,
            migration.target,
            migration.stages,
            root,
            key=key,
            records=records,
            outside=outside,
        )
    return Piloted(migration.name, package.path, done)
