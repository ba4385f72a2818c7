"""The fewest records that belong together and show everything that a mapping does: a package, and a list of customers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from msgspec.structs import replace

from etl.commands.keeping import opened
from etl.commands.prepare import prepare
from etl.commands.report_files import write_report
from etl.commands.sampling import SampledRecord, Selection, choose_sample, shown_by, users_of
from etl.commands.settings import Settings, Watch, unwatched
from etl.errors import PackageError
from etl.expressions import WHERE
from etl.expressions.points import BRANCH, ENTRY, KEY, SETTLED, Point
from etl.files import private_folder, write_private
from etl.journal.folder import barred
from etl.mapping import target_known
from etl.mapping.rows import with_rows
from etl.measures.ledger import Ledger
from etl.model import Counts, Migration, Rows
from etl.package import SAMPLE, FileEntry, Package
from etl.packing import PackageWriter
from etl.places import make_workspace
from etl.prepare.chunk import prepare_rows
from etl.prepare.profiling import Profiler, profile_facts, profiler_of
from etl.prepare.program import Program
from etl.report.catalogue import catalogue_of
from etl.report.page.facts import Telling
from etl.report.results import LookAt, Sampled, SampledCustomer, SampledPoint, SampledStage
from etl.report.sample import NO_ROW, NOT_SENT, customers_book

SAMPLES = "samples"
CUSTOMERS = "customers.xlsx"

CONDITIONS = {WHERE, SETTLED, KEY}
"""What is said beside the fields of a stage, and nobody sees in a shop."""


def sample(mapping: Path, settings: Settings, watch: Watch = unwatched) -> Sampled:
    """Prepare everything, in a folder that is not kept, and choose from it. Reads the sources twice or three times.

    Raises PackageError when there is no record to choose.
    """
    with opened(mapping, settings, ready=lambda checked: None) as (checked, migration):
        ready = with_rows(checked, migration.stages)
        with TemporaryDirectory(prefix="etl-sample-") as place:
            package = prepare(ready, dataclasses.replace(settings, packages=Path(place)), watch)
            chosen = choose_sample(ready, package, watch)
            if not chosen.records:
                raise PackageError(f"{mapping}: no record would be sent, so there is none to choose; see `etl dry-run`")
            make_workspace(settings.workspace, migration.file)
            made = _written(migration, package, chosen, settings)
    return _told(migration, package, made, chosen, settings)


def _written(migration: Migration, package: Package, chosen: Selection, settings: Settings) -> Package:
    """The package of the chosen records: the very bytes, keys and rows of the whole one."""
    now = datetime.now(UTC)
    folder = private_folder(settings.folder(migration).root / SAMPLES)
    with PackageWriter(folder / now.strftime("%Y%m%dT%H%M%SZ")) as writer:
        stages = []
        for stage in package.stages:
            records = chosen.of(stage.name)
            size = migration.stage(stage.name).batch_size or migration.target.batch_size
            written = writer.stage(stage.name, stage.payload, size, stage.columns)
            written.add([one.data for one in records], [one.line for one in records])
            stages.append(written.close(Counts(read=len(records), valid=len(records))))
        created = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        profile = _profile(writer, chosen)
        made = writer.finish(
            replace(package.manifest, created=created, stages=tuple(stages), profile=profile, part=SAMPLE)
        )
    write_report(made, Telling(settings.show_data, catalogue_of(settings.language)))
    return made


def _profile(writer: PackageWriter, chosen: Selection) -> FileEntry:
    """What the report tells of the chosen records' values, measured as of every package."""
    with closing(Ledger(writer.scratch)) as ledger:
        plans = [program.plan for program in chosen.programs.values()]
        profilers = [profiler_of(plan, ledger) for plan in plans]
        for profiler, (name, program) in zip(profilers, chosen.programs.items(), strict=True):
            _measure(profiler, program, chosen.of(name))
        return writer.profile(profile_facts(plans, profilers, ledger, writer.key_at))


def _measure(profiler: Profiler, program: Program, records: Sequence[SampledRecord]) -> None:
    chunk = prepare_rows(program, Rows([one.cells for one in records]))
    for money in chunk.sketch.money.values():
        money.renumber(lambda row: records[row].line[1])
    profiler.add(chunk.sketch, 0)
    profiler.sent(chunk, ())


def _told(migration: Migration, package: Package, made: Package, chosen: Selection, settings: Settings) -> Sampled:
    ordered = [one for stage in package.stages for one in chosen.of(stage.name)]
    shown = shown_by(ordered)
    told = Sampled(
        migration.name,
        made.path,
        made.path / CUSTOMERS,
        tuple(SampledStage(one.name, len(chosen.of(one.name)), one.counts.valid) for one in package.stages),
        tuple(_customers(package, chosen, shown, ordered)),
        tuple(_points(migration, chosen, shown)),
        barred(settings.folder(migration).target(target_known(migration.target) or "")),
        chosen.least,
    )
    write_private(told.customers_file, customers_book(told, catalogue_of(settings.language)))
    return told


def _customers(
    package: Package, chosen: Selection, shown: dict[Point, SampledRecord], ordered: list[SampledRecord]
) -> Iterator[SampledCustomer]:
    users = users_of(chosen, {stage.name: stage.payload for stage in package.stages})
    for user in dict.fromkeys(users.values()):
        own = [one for one in ordered if users.get(one.name) == user]
        data = orjson.loads(chosen.records[user].data)
        name = " ".join(str(data[part]) for part in ("first_name", "last_name") if data.get(part))
        looks = (_look_at(one, shown) for one in own)
        yield SampledCustomer(
            user[1],
            name,
            str(data.get("email") or ""),
            str(data.get("phone") or ""),
            dict(Counter(one.stage for one in own)),
            tuple(one for one in looks if one.fields),
        )


def _look_at(record: SampledRecord, shown: dict[Point, SampledRecord]) -> LookAt:
    """The fields, and of lookups the entries, by which a record is the first to show something."""
    own = [point for point in record.points if shown[point] is record and point.field]
    fields = {point.field if point.kind != ENTRY else f"{point.field} '{point.what}'" for point in own}
    return LookAt(record.stage, record.line[0], tuple(sorted(fields - CONDITIONS)))


def _points(migration: Migration, chosen: Selection, shown: dict[Point, SampledRecord]) -> Iterator[SampledPoint]:
    """What there is to reach, in the mapping's order, and then what rows showed beside that: fields that are null."""
    for point in dict.fromkeys([*chosen.known, *sorted(chosen.sent - chosen.known.keys(), key=_in_order)]):
        if point.kind == BRANCH and point.field == WHERE and point.what == "false":
            continue  # what `where` leaves out is no record
        place = point.place or (migration.lookups[point.field].place if point.field in migration.lookups else None)
        record = shown.get(point)
        look = None if record is None else LookAt(record.stage, record.line[0], (point.field,))
        why = None if look else NOT_SENT if point in chosen.left else NO_ROW
        yield SampledPoint(
            point.kind, point.stage, point.field, point.what, None if place is None else str(place), look, why
        )


def _in_order(point: Point) -> tuple[str, str, str]:
    return point.stage, point.field, point.what
