"""Source rows beside what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from etl.commands.keeping import opened
from etl.commands.settings import Settings
from etl.errors import MappingError
from etl.extract import place_of, read_all
from etl.mapping import Checked
from etl.mapping.rows import with_rows
from etl.model import Migration, RowFault, Source, Stage, Table
from etl.places import workspace_of
from etl.prepare.program import Program, plan_stage
from etl.report.preview import PreviewRow
from etl.suggest import did_you_mean


def preview(
    mapping: Path, stage_name: str | None, number: int, key: str | None = None, settings: Settings | None = None
) -> list[PreviewRow]:
    """The first rows of a stage (or of each), or the row whose record has this key. Reads no more than it needs."""
    how = settings or Settings(workspace_of(mapping, None))
    with opened(mapping, how, ready=lambda checked: None) as (checked, migration):
        stages = [named_stage(migration, stage_name)] if stage_name else list(migration.stages)
        ready = with_rows(checked, stages)
        found = [row for stage in stages for row in islice(_previewed(ready, stage, key), number)]
    if key is not None and not found:
        raise MappingError(f"no row of {', '.join(stage.name for stage in stages)} has the key '{key}'")
    return found


def named_stage(migration: Migration, name: str) -> Stage:
    names = [stage.name for stage in migration.stages]
    if name not in names:
        raise MappingError(f"unknown stage '{name}'{did_you_mean(name, names)}")
    return migration.stage(name)


def _previewed(checked: Checked, stage: Stage, key: str | None) -> Iterator[PreviewRow]:
    table, source = checked.table(stage), checked.migration.sources[stage.source]
    program = Program(plan_stage(checked.migration, stage, table, checked.resources))
    for number, row, fault in numbered_rows(table):
        if key is None or (fault is None and program.key(row) == key):
            yield _preview_row(stage, source, table, program, number, row, fault)


LOOKED_AT = 200
"""Rows of a part when somebody looks at the first few."""


def numbered_rows(table: Table) -> Iterator[tuple[int, Any, RowFault | None]]:
    for first, rows in read_all(table, LOOKED_AT):
        faults = {fault.index: fault for fault in rows.faults}
        for index, row in enumerate(rows.rows):
            yield first + rows.place(index), row, faults.get(index)


def _preview_row(
    stage: Stage, source: Source, table: Table, program: Program, number: int, row: Any, fault: RowFault | None
) -> PreviewRow:
    file, number = place_of(source, table, number)
    name = Path(file).name
    if fault is not None:
        cells = {f"cell {index}": cell for index, cell in enumerate(fault.cells, 1)}
        findings = program.findings_of(fault)
        return PreviewRow(stage.name, name, number, cells, "rejected", {}, findings)
    outcome = program.outcome(row)
    cells = dict(zip(table.header, row, strict=True))
    fate = "filtered" if outcome.filtered else "rejected" if outcome.findings else "valid"
    made, privacy = outcome.record or outcome.partial, program.privacy
    shown_columns = cells.keys() - privacy.columns
    return PreviewRow(stage.name, name, number, cells, fate, made, outcome.findings, shown_columns, privacy.fields)
