"""The one place that knows the order: mapping, sources, package, upload. Everything opened here is closed here."""

from __future__ import annotations

import errno
import os
import platform
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from etl import __version__
from etl.errors import EtlError, MappingError, PackageError
from etl.extract import evidence, fingerprint, rows_of
from etl.files import private_folder
from etl.journal.folder import MigrationFolder
from etl.mapping import Checked, load_mapping, require, target_known
from etl.mapping.rows import with_rows
from etl.model import Locator, Migration, Stage
from etl.package import FORMAT, Input, Manifest, Package, PackagedStage
from etl.packing import PackageWriter
from etl.places import admitted, make_workspace, migration_folder
from etl.prepare.integrity import Arrived, Integrity, none_arrived
from etl.prepare.program import Plan, plan_stage
from etl.prepare.stage import prepare_stage
from etl.report.rejects import data_problems, kinds_of
from etl.report.summary import StageSummary, Summary
from etl.report.uploads import upload_problems
from etl.suggest import did_you_mean
from etl.workers.engine import LOCAL, chunks, pools
from etl.workers.pools import Pools

if TYPE_CHECKING:
    from etl.journal.summary import LoadSummary
    from etl.journal.summary import StageSummary as UploadedStage
    from etl.load.retry import Wanted
    from etl.outside import Outside
    from etl.stop import Stop

Watch = Callable[[str, int], None]
"""Told a stage's name and how many more of its rows have been read."""


def unwatched(stage: str, rows: int) -> None:
    pass


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """How to prepare. `workers` processes; `limit` rows of each source; `keys` held in memory; `fast` paths.

    `stages` names those that are prepared; none is all. A record that refers to another stage's is sent when that one has
    arrived with an earlier load, and held otherwise.
    `engine` is `local` or `dask`; `scheduler` the address of a Dask cluster, None for one on this machine.
    """

    workspace: Path
    workers: int = field(default_factory=usable_cores)
    limit: int | None = None
    keys: int = 50_000
    fast: bool = True
    engine: str = LOCAL
    scheduler: str | None = None
    stages: tuple[str, ...] = ()

    def chosen(self, migration: Migration) -> tuple[Stage, ...]:
        """The stages to prepare, in the mapping's order. Raises MappingError for a name that is none."""
        names = [stage.name for stage in migration.stages]
        for name in self.stages:
            if name not in names:
                raise MappingError(f"--stage {name}: the mapping has no such stage{did_you_mean(name, names)}")
        return tuple(stage for stage in migration.stages if not self.stages or stage.name in self.stages)

    def folder(self, migration: Migration) -> MigrationFolder:
        """Where everything of one migration lies."""
        return migration_folder(self.workspace, migration.name)

    def journal(self, migration: Migration) -> Path:
        """The folder of the target that the mapping names, as it does for every mapping that can upload."""
        return self.folder(migration).target(target_known(migration.target) or "").root


def check(mapping: Path) -> Checked:
    """Read a mapping and find every problem in it, as far as that can be told without a network."""
    with load_mapping(mapping, network=False) as checked:
        return checked


def dry_run(mapping: Path, settings: Settings, watch: Watch = unwatched) -> Package:
    """Prepare the package that `run` would upload. Raises EtlError."""
    with load_mapping(mapping) as checked:
        require(checked, upload=False)
        return prepare(checked, settings, watch)


def prepare(checked: Checked, settings: Settings, watch: Watch = unwatched) -> Package:
    """Sources -> package, stage by stage in the mapping's order."""
    chosen = settings.chosen(checked.migration)
    checked = with_rows(checked, chosen)
    migration = checked.migration
    created = datetime.now(UTC)
    make_workspace(settings.workspace, migration.file)
    path = _new_package_path(private_folder(settings.folder(migration).packages), created)
    plans = [_plan(checked, stage, settings) for stage in chosen]
    with (
        pools(settings.engine, settings.workers, settings.scheduler, plans) as workers,
        _told_when_full(path),
        PackageWriter(path) as writer,
        _arrived(settings, migration) as arrived,
    ):
        with closing(Integrity(writer.scratch, settings.keys, arrived)) as integrity:
            stages = [_prepare_stage(checked, plan, settings, workers, integrity, writer, watch) for plan in plans]
        return writer.finish(_manifest(checked, created, tuple(stages), settings.limit))


@contextmanager
def _arrived(settings: Settings, migration: Migration) -> Iterator[Arrived]:
    """What earlier loads have brought to this Omnitron: records may refer to it, though it is not in the sources any more."""
    root = settings.journal(migration)
    if target_known(migration.target) is None or not (root / "journal.sqlite").exists():
        yield none_arrived
        return
    from etl.journal.database import NoJournal
    from etl.journal.uploaded import Uploaded

    try:
        uploaded = Uploaded(root)
    except NoJournal:  # the disk was full before its first table was made
        yield none_arrived
        return
    with closing(uploaded):
        yield uploaded.among


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def _told_when_full(path: Path) -> Iterator[None]:
    """A disk that is full tells neither which one it is, nor that nothing was sent."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        reason = error.strerror
    except sqlite3.OperationalError as error:
        reason = str(error)  # the keys' index lies on the same disk
    else:
        return
    raise PackageError(
        f"{path}: the disk cannot take the package ({reason}); make room and run it again; nothing was sent"
    )


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
    from etl.load.uploader import Asked, check_ready, load

    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True)
        root = admitted(settings.workspace, migration)
        check_ready(migration.target, root, outside)
        package = prepare(checked, settings, watch)
    upload = partial(load, package, migration.target, migration.stages, root, outside, Asked(final=final))
    return _loaded(package, root, upload, outside.stop, show_data)


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
    from etl.load.uploader import Asked, check_ready, load, require_fit

    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True)
    package = Package.open(path.resolve())
    if package.manifest.migration != migration.name:
        raise MappingError(f"{path} belongs to the migration '{package.manifest.migration}', not to '{migration.name}'")
    asked = Asked(mapping=None if old_mapping else _sha256(migration), final=final)
    require_fit(package, migration.stages, asked)
    package.check()
    root = admitted(settings.workspace, migration)
    check_ready(migration.target, root, outside)
    upload = partial(load, package, migration.target, migration.stages, root, outside, asked)
    return _loaded(package, root, upload, outside.stop, show_data)


def resume(
    mapping: Path, settings: Settings, outside: Outside, *, show_data: bool = False, old_mapping: bool = False
) -> tuple[Summary, EtlError | None]:
    """Go on with the upload that was interrupted: the same package, the same bytes.

    `old_mapping`: also when the mapping has changed since the package was made.
    """
    from etl.load import uploader

    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True)
    root = admitted(settings.workspace, migration)
    package = uploader.last_package(root)
    uploader.check_ready(migration.target, root, outside)
    asked = uploader.Asked(mapping=None if old_mapping else _sha256(migration))
    upload = partial(uploader.resume, migration.target, migration.stages, root, outside, asked)
    return _loaded(package, root, upload, outside.stop, show_data)


def retry(
    mapping: Path,
    settings: Settings,
    outside: Outside,
    wanted: Wanted,
    agree: Callable[[Sequence[str]], None],
    *,
    show_data: bool = False,
    old_mapping: bool = False,
) -> tuple[Summary, EtlError | None]:
    """Send failed records again, from the newest package. `agree` is told what may come twice, and raises if it must not."""
    from etl.load import retry as retrying
    from etl.load.uploader import Asked, check_ready, require_fit

    with load_mapping(mapping) as checked:
        migration = require(checked, upload=True)
    root = admitted(settings.workspace, migration)
    again = retrying.find(root, wanted)
    package = retrying.newest_package(settings.folder(migration).packages)
    asked = Asked(mapping=None if old_mapping else _sha256(migration))
    require_fit(package, migration.stages, asked)
    check_ready(migration.target, root, outside)
    if unsure := [str(one) for one in again if not one.certain]:
        agree(unsure)
    upload = partial(retrying.retry, package, migration.target, migration.stages, root, again, outside, asked)
    return _loaded(package, root, upload, outside.stop, show_data)


def _sha256(migration: Migration) -> str | None:
    return fingerprint(str(migration.file)).sha256


def _loaded(
    package: Package, root: Path, upload: Callable[[], LoadSummary], stop: Stop, show_data: bool
) -> tuple[Summary, EtlError | None]:
    """Upload, and sum up what is in the journal then, also when the upload ended in an error."""
    prepared = replace(summary_of(package, show_data=show_data), target=root.name)
    try:
        with stop.on_signals():
            loaded = upload()
    except EtlError as failure:
        return _ended_in(failure, prepared, package, root), failure
    return with_uploads(prepared, loaded, None), None


def _ended_in(failure: EtlError, prepared: Summary, package: Package, root: Path) -> Summary:
    """The failure has to be told in any case: a full disk, for one, keeps the journal from being read, too."""
    from etl.journal.summary import read_summary

    try:
        return with_uploads(prepared, read_summary(root, package), failure)
    except EtlError:
        return replace(prepared, ok=False, problems=[*prepared.problems, *str(failure).split("\n")])


def _plan(checked: Checked, stage: Stage, settings: Settings) -> Plan:
    return plan_stage(checked.migration, stage, checked.table(stage), checked.resources, fast=settings.fast)


def _prepare_stage(
    checked: Checked,
    plan: Plan,
    settings: Settings,
    workers: Pools | None,
    integrity: Integrity,
    writer: PackageWriter,
    watch: Watch,
) -> PackagedStage:
    migration, stage = checked.migration, plan.stage
    table = checked.table(stage)
    with closing(chunks(plan, table, workers, limit=settings.limit)) as found:
        return prepare_stage(
            plan,
            partial(Locator, Path(rows_of(migration.sources[stage.source])).name),
            table.first_row,
            found,
            integrity.stage(stage),
            writer.stage(
                stage.name, stage.payload, stage.batch_size or migration.target.batch_size, tuple(table.header)
            ),
            lambda rows: watch(stage.name, rows),
        )


def _new_package_path(folder: Path, created: datetime) -> Path:
    """A folder named after the time, with a number when that second already has one."""
    name = created.strftime("%Y%m%dT%H%M%SZ")
    candidates = [name, *(f"{name}-{number}" for number in range(2, 1000))]
    taken = {one.name.removesuffix(".partial") for one in folder.glob("*")}
    return folder / next(candidate for candidate in candidates if candidate not in taken)


def _manifest(checked: Checked, created: datetime, stages: tuple[PackagedStage, ...], limit: int | None) -> Manifest:
    migration = checked.migration
    used = {migration.stage(stage.name).source for stage in stages}
    sources = [source for name, source in migration.sources.items() if name in used]
    lookups = [one.source for one in migration.lookups.values() if one.source is not None]
    # A quick look at the first rows of a large file must not read the rest to sum it up.
    inputs = [Input.of(one.name, evidence(one, checked.tables[one.name], whole=limit is None)) for one in sources]
    inputs += [Input.of(one.name, evidence(one, checked.lookup_tables[one.name])) for one in lookups]
    return Manifest(
        format=FORMAT,
        migration=migration.name,
        # To the microsecond: the journal knows a package by its manifest, and two of one second are not the same.
        created=created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        versions={"omnitron-etl": __version__, "python": platform.python_version()},
        mapping=Input.of("mapping", fingerprint(str(migration.file))),
        inputs=tuple(inputs),
        stages=stages,
    )


def summary_of(package: Package, *, show_data: bool = False) -> Summary:
    """What a package holds, as a summary of which nothing has been uploaded."""
    stages = [
        StageSummary(
            stage.name,
            stage.counts.read,
            stage.counts.filtered,
            stage.counts.rejected,
            stage.counts.held,
            stage.counts.valid,
            waiting=stage.counts.valid,
            batches=stage.batches.records,
        )
        for stage in package.stages
    ]
    empty = [
        f"{stage.name}: the source has no rows; is the export whole?"
        for stage in package.stages
        if not stage.counts.read
    ]
    clean = not empty and all(stage.counts.rejected == stage.counts.held == 0 for stage in package.stages)
    problems = [*empty, *data_problems(package, show_data=show_data)]
    kinds = kinds_of(package, show_data=show_data)
    return Summary(package.manifest.migration, str(package.path), clean, stages, problems, kinds)


def with_uploads(summary: Summary, loaded: LoadSummary, error: EtlError | None) -> Summary:
    """The summary with what the journal knows of the upload."""
    by_name = {stage.name: stage for stage in loaded.stages}
    stages = [_with_upload(stage, by_name[stage.name]) for stage in summary.stages]
    problems = [*summary.problems, *(line for stage in loaded.stages for line in upload_problems(stage))]
    if error is not None:
        problems += str(error).split("\n")
    clean = summary.ok and error is None and loaded.complete and not any(one.changed for one in loaded.stages)
    return replace(summary, ok=clean, stages=stages, problems=problems)


PREPARED = ("name", "read", "filtered", "rejected", "held", "valid")
LOADED = tuple(one.name for one in fields(StageSummary) if one.name not in PREPARED)
"""What the journal tells of a stage."""


def _with_upload(stage: StageSummary, loaded: UploadedStage) -> StageSummary:
    return replace(stage, **{name: getattr(loaded, name) for name in LOADED})
