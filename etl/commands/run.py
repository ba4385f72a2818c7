"""Prepare a package and upload it; or upload one that was looked at before."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from etl.commands.keeping import opened
from etl.commands.packages import named_package
from etl.commands.prepare import prepare
from etl.commands.settings import Settings, Watch, unwatched
from etl.commands.summing import mapping_sha256, uploaded
from etl.errors import EtlError, MappingError
from etl.findings import said
from etl.journal.folder import check_stages
from etl.journal.workspace import Workspace
from etl.load.uploader import Asked, check_ready, load, require_fit
from etl.mapping import Checked, Opens, load_mapping, require
from etl.model import Migration
from etl.outside import Outside
from etl.package import Package
from etl.places import admitted
from etl.report.summary import Summary


def run(
    mapping: Path,
    settings: Settings,
    outside: Outside,
    watch: Watch = unwatched,
    *,
    show_data: bool = False,
    final: bool = False,
) -> tuple[Summary, EtlError | None]:
    """Prepare a package and upload it. Gives what became of every row, and the error the upload ended in, if any.

    `final`: records that may still change go, too. Raises EtlError when it did not come to an upload.
    """

    def ready(checked: Checked) -> None:
        check_ready(checked.migration.target, admitted(settings.workspace, checked.migration), outside)

    with opened(mapping, settings, ready, upload=True) as (checked, migration):
        package = prepare(checked, settings, watch, outside.stop)
    root = admitted(settings.workspace, migration)
    upload = partial(load, package, migration.target, migration.stages, root, outside, Asked(final=final))
    return uploaded(package, root, upload, outside, show_data, settings.strict)


def run_package(
    mapping: Path,
    settings: Settings,
    outside: Outside,
    path: Path,
    *,
    show_data: bool = False,
    old_mapping: bool = False,
    final: bool = False,
) -> tuple[Summary, EtlError | None]:
    """Upload a package that was prepared before, as it is: what was looked at is what is sent. All its sums are checked first."""

    migration, package, asked = package_to_send(mapping, settings, path, old_mapping=old_mapping, final=final)
    root = admitted(settings.workspace, migration)
    check_ready(migration.target, root, outside)
    upload = partial(load, package, migration.target, migration.stages, root, outside, asked)
    return uploaded(package, root, upload, outside, show_data, settings.strict)


def package_to_send(
    mapping: Path,
    settings: Settings,
    path: Path,
    *,
    old_mapping: bool = False,
    final: bool = False,
    remake: str = "run",
) -> tuple[Migration, Package, Asked]:
    """A package that was named, once it is known to be what this mapping makes, and whole."""

    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=True, strict=settings.strict)
    check_stages(Workspace(settings.journal(migration)), migration.stages)
    package = named_package(path)
    if package.manifest.migration != migration.name:
        words = "{path} belongs to the migration '{migration}', not to '{name}'"
        raise MappingError(said(words, path=str(path), migration=package.manifest.migration, name=migration.name))
    asked = Asked(mapping=None if old_mapping else mapping_sha256(migration), final=final)
    require_fit(package, migration.stages, asked, remake)
    package.check()
    return migration, package, asked
