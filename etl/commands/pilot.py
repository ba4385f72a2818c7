"""Akinon's test migration: a few records that belong together, stage by stage."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from etl.arguments import Count, Key
from etl.commands.keeping import opened
from etl.commands.prepare import prepare
from etl.commands.run import package_to_send
from etl.commands.settings import Settings, Watch, unwatched
from etl.load.pilot import PilotResult, run_pilot
from etl.load.uploader import check_ready
from etl.mapping import Checked
from etl.model import Migration
from etl.outside import Outside
from etl.package import Package
from etl.places import admitted


class Piloted(Struct, frozen=True):
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
    key: Key | None = None,
    records: Count = 1,
    path: Path | None = None,
) -> Piloted:
    """Send a small set of a package, one stage at a time, until the first error. The package is prepared now, or named."""
    if path is None:
        migration, package = _prepared(mapping, settings, outside, watch)
    else:
        migration, package, _ = package_to_send(mapping, settings, path, remake="pilot")
        _check_ready(migration, settings, outside)
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


def _prepared(mapping: Path, settings: Settings, outside: Outside, watch: Watch) -> tuple[Migration, Package]:
    def ready(checked: Checked) -> None:
        _check_ready(checked.migration, settings, outside)

    with opened(mapping, settings, ready, upload=True) as (checked, migration):
        return migration, prepare(checked, settings, watch, outside.stop)


def _check_ready(migration: Migration, settings: Settings, outside: Outside) -> None:
    target = replace(migration.target, require_pilot=False)
    check_ready(target, admitted(settings.workspace, migration), outside)
