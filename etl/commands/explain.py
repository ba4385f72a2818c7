"""How each field of one record came about: the cells it was made from, each value on the way, and the schema's verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from etl.arguments import Key
from etl.commands.find import find_keyed
from etl.commands.keeping import opened
from etl.commands.packages import package_of
from etl.commands.preview import named_stage, numbered_rows
from etl.commands.settings import Settings
from etl.commands.since import changed_since
from etl.commands.which import Which
from etl.corrections import corrections_file
from etl.errors import EtlError, MappingError
from etl.expressions import WHERE, flat_fields
from etl.expressions.tracing import TracedStep, trace
from etl.findings import said
from etl.mapping import Checked
from etl.mapping.rows import teller, with_rows
from etl.model import Expression, Table, Template
from etl.prepare.plan import plan_stage
from etl.prepare.privacy import own_texts
from etl.prepare.program import Outcome, Program
from etl.report.results import ExplainedAlias, ExplainedField, Explanation, FoundRecord


def explain(mapping: Path, settings: Settings, stage_name: str, key: Key) -> Explanation:
    """Raises MappingError when no row has the key. Reads the source: `went` is of the package, which may be older."""
    with opened(mapping, settings, ready=lambda checked: None) as (checked, migration):
        stage = named_stage(migration, stage_name)
        ready = with_rows(checked, [stage])
        program = Program(plan_stage(migration, stage, ready.table(stage), checked.resources))
        number, row = _row_with_key(ready.table(stage), program, key)
        outcome = program.outcome(row)
        fields = tuple(_fields(program, row, outcome))
        aliases = tuple(_aliases(mapping, settings, stage.refers, outcome.partial))
        corrected = tuple(_corrected(ready, stage_name, number))
        notes = tuple(_notes(mapping, settings, ready, stage_name))
        at = teller(migration.sources[stage.source], ready.tables[stage.source])(number, row)
    return Explanation(
        stage_name, key, at.source, at.number,
        "filtered" if outcome.filtered else "rejected" if outcome.findings else "valid",
        fields,
        tuple((one.told(masked=False), one.told(masked=True)) for one in outcome.findings if one.field is None),
        _went(mapping, settings, stage_name, key),
        aliases,
        corrected,
        at.place,
        notes,
    )  # fmt: skip


def _notes(mapping: Path, settings: Settings, checked: Checked, stage: str) -> Iterator[str]:
    """What is not what the newest package was made from: where the record went is of what it was then."""
    try:
        made = package_of(Which(mapping, settings.workspace), None).manifest
    except EtlError:
        return
    for name in changed_since(made, checked, [stage]):
        words = "{name} has changed since the newest package was made: where the record went is of what it was then"
        yield said(words, name=name)


def _corrected(checked: Checked, stage: str, number: int) -> Iterator[str]:
    found = checked.corrected.get(stage)
    one = None if found is None else found.rows.get(number)
    file = corrections_file(checked.migration.file).name
    for edit in one.edits if one else ():
        yield said("column '{column}' is mended: {file}:{number}", column=edit.column, file=file, number=str(edit.line))


def _row_with_key(table: Table, program: Program, key: str) -> tuple[int, Any]:
    for number, row, fault in numbered_rows(table):
        if fault is None and program.key(row) == key:
            return number, row
    words = "no row of {stage} has the key {key}; `etl find MAPPING TEXT` looks for other texts"
    raise MappingError(said(words, stage=program.plan.stage.name, key=key))


def _went(mapping: Path, settings: Settings, stage: str, key: str) -> tuple[FoundRecord, ...]:
    try:
        return find_keyed(Which(mapping, settings.workspace), stage, key)
    except MappingError:
        return ()


def _aliases(
    mapping: Path, settings: Settings, refers: Mapping[str, str], record: Mapping[str, Any]
) -> Iterator[ExplainedAlias]:
    """The fields that refer to a record for which another one stands in the newest package."""
    try:
        package = package_of(Which(mapping, settings.workspace), None)
    except EtlError:
        return
    stages = {stage.name: stage for stage in package.stages}
    for field, parent in refers.items():
        key = None if record.get(field) is None else str(record[field])
        if key is not None and parent in stages:
            found = (one for one in package.merged(stages[parent]) if one.key == key)
            yield from (ExplainedAlias(field, parent, key, one.into) for one in found)


def _fields(program: Program, row: Any, outcome: Outcome) -> Iterator[ExplainedField]:
    stage, cells = program.plan.stage, dict(zip(program.plan.header.columns, row, strict=True))
    conditions: Mapping[str, Template] = {} if stage.where is None else {WHERE: stage.where}
    for name, template in [*conditions.items(), *flat_fields(stage.fields)]:
        told = [one for one in outcome.findings if one.field in (name, name.split(".")[0])]
        steps, value, _ = _computed(program, name, template, row)
        yield ExplainedField(
            name,
            str(template.place) if isinstance(template, Expression) else None,
            template.text if isinstance(template, Expression) else "",
            tuple(steps),
            value,
            tuple(one.told(masked=False) for one in told),
            tuple(one.told(masked=True) for one in told),
            program.privacy.is_personal(name),
            name.split(".")[0] in program.privacy.secret,
            tuple(sorted(own_texts(template, cells))),
        )


def _computed(
    program: Program, name: str, template: Template, row: Any
) -> tuple[list[TracedStep], Any, BaseException | None]:
    if not isinstance(template, Expression):
        return [], template, None
    plan = program.plan
    return trace(template, plan.header, plan.resources, None if name == WHERE else program.write, row)
