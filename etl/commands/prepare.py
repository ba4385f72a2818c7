"""Sources to package: the way through the stages, and what a package says of itself."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from etl import __version__
from etl.commands.foreseeing import Foresight
from etl.commands.report_files import write_report
from etl.commands.settings import Settings, Watch, unwatched
from etl.commands.workbook import write_workbook
from etl.commands.written import mapping_evidence
from etl.corrections import corrections_file, told_row
from etl.errors import PackageError
from etl.expressions import PRIVATE_KEYS, PrivateKey, Resources, flat_fields, uses_resource
from etl.extract import Corrected, evidence, height_of, locate, name_of, unread_rows, with_needs
from etl.extract.database import FetchedTable, named_rows
from etl.files import FULL, kept_secret, private_folder
from etl.findings import said
from etl.mapping import Checked, target_known
from etl.mapping.geography_checks import uses_places
from etl.mapping.rows import with_rows
from etl.measures.ledger import Ledger
from etl.model import Evidence, Expression, Migration, Place, Stage, Table, UnreadRow
from etl.package import FORMAT, LIMIT, FileEntry, Input, Manifest, Package, PackagedStage, RefusedCorrection
from etl.packing import PackageWriter
from etl.partial import sweep
from etl.places import make_workspace
from etl.prepare.integrity import NOTHING_BEFORE, Integrity
from etl.prepare.merging import Before
from etl.prepare.plan import Plan, plan_stage
from etl.prepare.profiling import Profiler, profile_facts, profiler_of
from etl.prepare.stage import Scribe, prepare_stage
from etl.report.catalogue import catalogue_of
from etl.report.page.facts import Telling
from etl.stop import Stop, Stopped
from etl.workers.engine import chunks, pools
from etl.workers.pools import Pools


def prepare(checked: Checked, settings: Settings, watch: Watch = unwatched, stop: Stop | None = None) -> Package:
    """Sources -> package, stage by stage in the mapping's order. Raises Stopped between two chunks when `stop` is asked to."""
    told = watch if stop is None else stopping(watch, stop)
    chosen = settings.chosen(checked.migration)
    checked, created = with_rows(checked, chosen, settings.limit), datetime.now(UTC)
    path = _new_package(settings, checked.migration, created)
    plans = [_plan(checked, stage, settings) for stage in chosen]
    with (
        pools(settings.engine, settings.workers, settings.scheduler, plans) as workers,
        _told_when_full(path),
        PackageWriter(path) as writer,
        _before(settings, checked.migration) as before,
    ):
        stages, profile = _prepare_stages(_Desk(checked, settings, workers, writer, told), plans, before)
        manifest = _manifest(checked, created, stages, profile, settings)
        checked.connections.files.check()
        package = writer.finish(manifest)
        catalogue = catalogue_of(settings.language)
        write_report(package, Telling(settings.show_data, catalogue))
        write_workbook(package, checked.resources, catalogue)
        return package


def _new_package(settings: Settings, migration: Migration, created: datetime) -> Path:
    """Where the package will be. What dead processes have left beside it is swept away."""
    make_workspace(settings.workspace, migration.file)
    packages = private_folder(settings.packages or settings.folder(migration).packages)
    for left in sweep(packages):
        settings.tell(left)
    return packages / created.strftime("%Y%m%dT%H%M%SZ")


def stopping(watch: Watch, stop: Stop) -> Watch:
    """The watch of a preparation that somebody may stop: it is told after each chunk."""

    def told(stage: str, rows: int) -> None:
        watch(stage, rows)
        try:
            stop.check()
        except Stopped as stopped:
            raise Stopped(stopped.why, said("no package was made, and nothing was sent")) from None

    return told


@contextmanager
def _before(settings: Settings, migration: Migration) -> Iterator[Before]:
    """What earlier loads have brought to this Omnitron: records may refer to it, though it is not in the sources any more."""
    root = settings.journal(migration)
    if target_known(migration.target) is None or not root.exists():
        yield NOTHING_BEFORE
        return
    from etl.journal.database import NoJournal
    from etl.journal.uploaded import Uploaded

    try:
        uploaded = Uploaded(root)
    except NoJournal:  # the disk was full before its first table was made
        yield NOTHING_BEFORE
        return
    with closing(uploaded):
        yield uploaded


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


def _plan(checked: Checked, stage: Stage, settings: Settings) -> Plan:
    resources = {**checked.resources, **_private_keys(checked.migration, stage, settings)}
    return plan_stage(checked.migration, stage, checked.table(stage), resources, fast=settings.fast)


def _private_keys(migration: Migration, stage: Stage, settings: Settings) -> Resources:
    """The stage's own key, under a secret that the next package is made with, too; nothing, where no expression needs one."""
    templates = [template for _, template in flat_fields(stage.fields)]
    if not any(isinstance(one, Expression) and uses_resource(one.text, PRIVATE_KEYS) for one in templates):
        return {}
    path = settings.folder(migration).secret
    private_folder(path.parent)  # a sample's packages lie elsewhere
    secret = kept_secret(path)
    return {PRIVATE_KEYS: {"passwords": PrivateKey(secret, stage.name)}}


class _Desk(Struct, frozen=True):
    """What all stages of a package are prepared with."""

    checked: Checked
    settings: Settings
    workers: Pools | None
    writer: PackageWriter
    watch: Watch


def _prepare_stages(desk: _Desk, plans: Sequence[Plan], before: Before) -> tuple[tuple[PackagedStage, ...], FileEntry]:
    """The stages of the plans in their order, and the profile that tells of them all."""
    writer, merging = desk.writer, {stage.name for stage in desk.checked.migration.stages if stage.merges}
    with (
        closing(Integrity(writer.scratch, desk.settings.keys, before, merging)) as integrity,
        closing(Ledger(writer.scratch)) as ledger,
    ):
        unread = _unread_of(desk.checked, [plan.stage for plan in plans])
        profiles = [profiler_of(plan, ledger) for plan in plans]
        stages = [
            _prepare_stage(desk, integrity, plan, profile, unread[plan.stage.name])
            for plan, profile in zip(plans, profiles, strict=True)
        ]
        return tuple(stages), writer.profile(profile_facts(plans, profiles, ledger, writer.key_at))


def _prepare_stage(
    desk: _Desk, integrity: Integrity, plan: Plan, profiler: Profiler, unread: Iterable[UnreadRow]
) -> PackagedStage:
    migration, stage = desk.checked.migration, plan.stage
    table = desk.checked.table(stage)
    size = stage.batch_size or migration.target.batch_size
    writer = desk.writer.stage(stage.name, stage.payload, size, tuple(table.header), merges=stage.merges)
    source, tables = migration.sources[stage.source], desk.checked.tables
    expect = desk.settings.expect
    foresight = Foresight(
        height_of(table), lambda rows, about: expect(stage.name, rows, about=about), desk.settings.limit
    )
    with closing(chunks(plan, table, desk.workers, limit=desk.settings.limit)) as found:
        packaged = prepare_stage(
            plan,
            Scribe(plan, named_rows(partial(locate, source, table), tables[stage.source]), writer, profiler),
            table.first_row,
            foresight.chunks(found),
            integrity.stage(stage),
            lambda rows: desk.watch(stage.name, rows),
            unread,
        )
    inner = tables[stage.source]
    identity = inner.identity if isinstance(inner, FetchedTable) else ()
    corrected = _sums(desk.checked.corrected.get(stage.name))
    return replace(
        packaged,
        identity=identity,
        corrected=corrected,
        source=name_of(source, inner),
        key=stage.key_text,
        may_be_empty=stage.may_be_empty,
    )


def _sums(corrected: Corrected | None) -> dict[str, str]:
    return {} if corrected is None else {str(number): one.sum for number, one in sorted(corrected.rows.items())}


def _refused(checked: Checked) -> Iterator[RefusedCorrection]:
    """In the order of their file."""
    found = [one for corrected in checked.corrected.values() for one in corrected.refused]
    for one in sorted(found, key=lambda one: one.correction.line):
        yield RefusedCorrection(*one.correction.name, one.correction.line, one.why)


def _warnings(checked: Checked, refused: Iterable[RefusedCorrection]) -> Iterator[str]:
    for one in checked.warnings:
        yield f"{replace(one.place, file=Path(one.place.file).name)}: {one.what}"
    file = corrections_file(checked.migration.file).name
    for lost in refused:
        words = (
            "{place}: the correction of stage '{stage}', {source}, is not applied: {why}; mend the row anew, or "
            "`etl fix MAPPING --drop-refused` takes it out"
        )
        yield said(words, place=str(Place(file, lost.line)), stage=lost.stage, source=told_row(lost.row), why=lost.why)


def _unread_of(checked: Checked, stages: Sequence[Stage]) -> dict[str, Iterable[UnreadRow]]:
    """For each stage the rows that its query could not read: each row once, and none that a stage reads by itself."""
    sources = checked.migration.sources
    told = {stage.source for stage in stages}
    found: dict[str, Iterable[UnreadRow]] = {}
    for stage in stages:
        new = with_needs(sources, {stage.source}) - told
        found[stage.name] = _among(checked.tables[stage.source], new)
        told |= new
    return found


def _among(table: Table, sources: Set[str]) -> Iterator[UnreadRow]:
    return (row for row in unread_rows(table) if row.source in sources)


def _manifest(
    checked: Checked, created: datetime, stages: tuple[PackagedStage, ...], profile: FileEntry, settings: Settings
) -> Manifest:
    migration = checked.migration
    refused = tuple(_refused(checked))
    return Manifest(
        format=FORMAT,
        migration=migration.name,
        # To the microsecond: the journal knows a package by its manifest, and two of one second are not the same.
        created=created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        versions={"omnitron-etl": __version__, "python": platform.python_version()},
        mapping=mapping_input(checked),
        # A quick look at the first rows of a large file must not read the rest to sum it up.
        inputs=inputs_of(checked, [stage.name for stage in stages], whole=settings.limit is None),
        stages=stages,
        warnings=tuple(_warnings(checked, refused)),
        profile=profile,
        refused=refused,
        language=settings.language,
        part=None if settings.limit is None else LIMIT,
    )


def mapping_input(checked: Checked) -> Input:
    return Input.of("mapping", mapping_evidence(checked.migration.file, checked.files))


def inputs_of(checked: Checked, names: Sequence[str], *, whole: bool = True) -> tuple[Input, ...]:
    """What the stages of these names are made from. Reads files to sum them up; sources only where they are to be `whole`."""
    migration = checked.migration
    stages = [migration.stage(name) for name in names]
    used = with_needs(migration.sources, {stage.source for stage in stages})
    sources = [source for name, source in migration.sources.items() if name in used]
    lookups = [one.source for one in migration.lookups.values() if one.source is not None]
    inputs = [Input.of(one.name, evidence(one, checked.tables[one.name], whole=whole)) for one in sources]
    inputs += [Input.of(one.name, evidence(one, checked.lookup_tables[one.name])) for one in lookups]
    return (*inputs, *_lists_used(checked, stages))


def _lists_used(checked: Checked, stages: Sequence[Stage]) -> list[Input]:
    """The channel's lists, where an expression looks into them."""
    lists = checked.lists
    if lists is None or not any(map(uses_places, stages)):
        return []
    asked, rows = f"{lists.address}, channel {lists.channel}", sum(lists.counts.values())
    return [
        Input.of("geography", Evidence(str(lists.path.resolve()), lists.bytes, lists.sha256, asked, lists.taken, rows))
    ]
