"""The one place that knows the order: mapping, sources, package, upload. Everything opened here is closed here."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from etl import __version__
from etl.errors import MappingError
from etl.extract import KINDS, read_all
from etl.files import private_folder, sha256_of
from etl.mapping import Checked, load_mapping, require
from etl.model import Migration, RowFault, Source, Stage, Table
from etl.package import Input, Manifest, Package, PackagedStage, PackageWriter
from etl.prepare.engine import chunks
from etl.prepare.integrity import Integrity
from etl.prepare.program import Outcome, Program, plan_stage
from etl.prepare.stage import prepare_stage
from etl.report.preview import PreviewRow
from etl.report.rejects import data_problems
from etl.report.summary import StageSummary, Summary
from etl.suggest import did_you_mean

Watch = Callable[[str, int], None]
"""Told a stage's name and how many more of its rows have been read."""


def unwatched(stage: str, rows: int) -> None:
    pass


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """How to prepare. `workers` processes; `limit` rows of each source; `keys` held in memory for each index; `fast` paths."""

    workspace: Path = Path("work")
    workers: int = field(default_factory=usable_cores)
    limit: int | None = None
    keys: int = 100_000
    fast: bool = True

    def folder(self, migration: Migration) -> Path:
        """Where everything of one migration lies."""
        return self.workspace / migration.name


def check(mapping: Path) -> Checked:
    """Read a mapping and find every problem in it."""
    return load_mapping(mapping)


def dry_run(mapping: Path, settings: Settings, watch: Watch = unwatched) -> Package:
    """Prepare the package that `run` would upload. Raises EtlError."""
    checked = load_mapping(mapping)
    require(checked, upload=False)
    return prepare(checked, settings, watch)


def prepare(checked: Checked, settings: Settings, watch: Watch = unwatched) -> Package:
    """Sources -> package, stage by stage in the mapping's order."""
    migration = checked.migration
    created = datetime.now(UTC)
    path = _new_package_path(private_folder(settings.folder(migration)) / "packages", created)
    with PackageWriter(path) as writer:
        integrity = Integrity(writer.scratch, settings.keys)
        try:
            stages = [_prepare_stage(checked, stage, settings, integrity, writer, watch) for stage in migration.stages]
        finally:
            integrity.close()
        return writer.finish(_manifest(migration, created, tuple(stages)))


def _prepare_stage(
    checked: Checked, stage: Stage, settings: Settings, integrity: Integrity, writer: PackageWriter, watch: Watch
) -> PackagedStage:
    migration, table = checked.migration, checked.tables[stage.source]
    plan = plan_stage(migration, stage, table, checked.lookups, fast=settings.fast)
    return prepare_stage(
        plan,
        migration.sources[stage.source].location,
        table.first_row,
        chunks(plan, table, workers=settings.workers, limit=settings.limit),
        integrity.stage(stage),
        writer.stage(stage.name, stage.payload, stage.batch_size or migration.target.batch_size),
        lambda rows: watch(stage.name, rows),
    )


def _new_package_path(folder: Path, created: datetime) -> Path:
    """A folder named after the time, with a number when that second already has one."""
    name = created.strftime("%Y%m%dT%H%M%SZ")
    candidates = [name, *(f"{name}-{number}" for number in range(2, 1000))]
    taken = {one.name.removesuffix(".partial") for one in folder.glob("*")}
    return folder / next(candidate for candidate in candidates if candidate not in taken)


def _manifest(migration: Migration, created: datetime, stages: tuple[PackagedStage, ...]) -> Manifest:
    used = {stage.source for stage in migration.stages}
    sources = [source for name, source in migration.sources.items() if name in used]
    lookups = [one.source for one in migration.lookups.values() if one.source is not None]
    return Manifest(
        format=1,
        migration=migration.name,
        created=created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        versions={"omnitron-etl": __version__, "python": platform.python_version()},
        mapping=_input("mapping", migration.file),
        inputs=tuple(
            _input(one.name, Path(one.location)) for one in [*sources, *lookups] if KINDS[one.kind].local_file
        ),
        stages=stages,
    )


def _input(name: str, file: Path) -> Input:
    return Input(name, str(file), file.stat().st_size, sha256_of(file))


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
            batches=len(stage.batches),
        )
        for stage in package.stages
    ]
    clean = all(stage.counts.rejected == stage.counts.held == 0 for stage in package.stages)
    problems = data_problems(package, show_data=show_data)
    return Summary(package.manifest.migration, str(package.path), clean, stages, problems)


# Looking at rows without preparing them


def preview(mapping: Path, stage_name: str | None, number: int, key: str | None = None) -> list[PreviewRow]:
    """The first rows of a stage (or of each), or the row whose record has this key. Reads no more than it needs."""
    checked = load_mapping(mapping)
    migration = require(checked, upload=False)
    stages = [_named_stage(migration, stage_name)] if stage_name else list(migration.stages)
    found = [row for stage in stages for row in islice(_previewed(checked, stage, key), number)]
    if key is not None and not found:
        raise MappingError(f"no row of {', '.join(stage.name for stage in stages)} has the key '{key}'")
    return found


def _named_stage(migration: Migration, name: str) -> Stage:
    names = [stage.name for stage in migration.stages]
    if name not in names:
        raise MappingError(f"unknown stage '{name}'{did_you_mean(name, names)}")
    return migration.stage(name)


def _previewed(checked: Checked, stage: Stage, key: str | None) -> Iterator[PreviewRow]:
    table, source = checked.tables[stage.source], checked.migration.sources[stage.source]
    program = Program(plan_stage(checked.migration, stage, table, checked.lookups))
    for number, row, fault in _numbered(table):
        if key is None or (fault is None and program.key(row) == key):
            yield _preview_row(stage, source, table, program, number, row, fault)


LOOKED_AT = 200
"""Rows of a part when somebody looks at the first few."""


def _numbered(table: Table) -> Iterator[tuple[int, Any, RowFault | None]]:
    for first, rows in read_all(table, LOOKED_AT):
        faults = {fault.index: fault for fault in rows.faults}
        for index, row in enumerate(rows.rows):
            yield first + index, row, faults.get(index)


def _preview_row(
    stage: Stage, source: Source, table: Table, program: Program, number: int, row: Any, fault: RowFault | None
) -> PreviewRow:
    name = Path(source.location).name
    if fault is not None:
        cells = {f"cell {index}": cell for index, cell in enumerate(fault.cells, 1)}
        return PreviewRow(stage.name, name, number, cells, "rejected", {}, [(None, fault.reason)])
    outcome = program.outcome(row)
    cells = dict(zip(table.header, row, strict=True))
    problems = [(finding.field, finding.reason) for finding in outcome.findings]
    fate = "filtered" if outcome.filtered else "rejected" if problems else "valid"
    return PreviewRow(stage.name, name, number, cells, fate, outcome.record or outcome.partial, problems)


# The mapping's own tests


@dataclass(frozen=True, slots=True)
class TestResult:
    """One of the mapping's tests: its name, where it stands, and what was not as expected (nothing: it passed)."""

    name: str
    place: str
    differences: tuple[str, ...]


def run_tests(mapping: Path) -> list[TestResult]:
    """Run the mapping's own `tests:`. Opens no source beyond its header."""
    checked = load_mapping(mapping)
    migration = require(checked, upload=False)
    programs = {
        stage.name: Program(plan_stage(migration, stage, checked.tables[stage.source], checked.lookups))
        for stage in migration.stages
    }
    results = []
    for number, test in enumerate(migration.tests, 1):
        program = programs[test.stage]
        row = [test.given.get(column, "") for column in program.plan.header.columns]
        outcome = program.outcome(row)
        differences = _differences(outcome, test.expect, test.reject, test.filtered)
        results.append(TestResult(test.name or f"test {number} ({test.stage})", str(test.place), tuple(differences)))
    return results


def _differences(
    outcome: Outcome, expect: Mapping[str, object] | None, reject: tuple[str, ...], filtered: bool
) -> Iterator[str]:
    found = [f"{finding.field}: {finding.reason}" for finding in outcome.findings]
    if filtered or outcome.filtered:
        if filtered != outcome.filtered:
            yield "the row is not filtered" if filtered else "the row is filtered"
        return
    if reject:
        named = {finding.field for finding in outcome.findings}
        yield from (f"'{name}' is not rejected" for name in reject if name not in named)
        yield from (
            f"rejected for {line}" for f, line in zip(outcome.findings, found, strict=True) if f.field not in reject
        )
        return
    made = outcome.record or outcome.partial
    for name, wanted in (expect or {}).items():
        if name not in made:
            continue
        if made[name] != wanted or type(made[name]) is not type(wanted):
            yield f"'{name}' is {made[name]!r}, expected {wanted!r}"
    # A test row gives the columns that matter: only the fields it expects have to be right.
    yield from (line for f, line in zip(outcome.findings, found, strict=True) if f.field in (expect or {}))
