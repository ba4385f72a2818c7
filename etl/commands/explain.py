"""How each field of one record came about: the cells it was made from, each value on the way, and the schema's verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from etl.arguments import Key
from etl.commands.find import find_keyed
from etl.commands.keeping import opened
from etl.commands.packages import packages_with
from etl.commands.preview import named_stage, numbered_rows
from etl.commands.settings import Settings
from etl.commands.since import changed_since
from etl.commands.which import Which
from etl.corrections import corrections_file
from etl.errors import MappingError
from etl.expressions import WHERE, flat_fields
from etl.expressions.tracing import TracedStep, trace
from etl.findings import said
from etl.mapping import Checked
from etl.mapping.rows import teller, with_rows
from etl.model import Expression, Table, Template
from etl.package import Package
from etl.prepare.plan import plan_stage
from etl.prepare.privacy import own_texts
from etl.prepare.program import Outcome, Program
from etl.report.results import ExplainedAlias, ExplainedField, Explanation


def explain(mapping: Path, settings: Settings, stage_name: str, key: Key) -> Explanation:
    """Raises MappingError when no row has the key. Reads the source: `went` is of a package, which may be older."""
    with opened(mapping, settings, ready=lambda checked: None) as (checked, migration):
        stage = named_stage(migration, stage_name)
        ready = with_rows(checked, [stage])
        program = Program(plan_stage(migration, stage, ready.table(stage), checked.resources))
        number, row = _row_with_key(ready.table(stage), program, key)
        outcome = program.outcome(row)
        fields = tuple(_fields(program, row, outcome))
        which = Which(mapping, settings.workspace)
        aliases = tuple(_aliases(which, stage.refers, outcome.partial))
        corrected = tuple(_corrected(ready, stage_name, number))
        at = teller(migration.sources[stage.source], ready.tables[stage.source])(number, row)
        went = find_keyed(which, stage_name, key, at)
        notes = tuple(_notes(went.package, ready, stage_name))
    return Explanation(
        stage_name, key, at.source, at.number,
        "filtered" if outcome.filtered else "rejected" if outcome.findings else "valid",
        fields,
        tuple((one.told(masked=False), one.told(masked=True)) for one in outcome.findings if one.field is None),
        went.records,
        aliases,
        corrected,
        at.place,
        notes,
        went.package,
    )  # fmt: skip


def _notes(package: Path | None, checked: Checked, stage: str) -> Iterator[str]:
    """What is not what the package was made from: where the record went is of what it was then."""
    if package is None:
        return
    for name in changed_since(Package.open(package).manifest, checked, [stage]):
        words = "{name} has changed since this package was made: where the record went is of what it was then"
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


def _aliases(which: Which, refers: Mapping[str, str], record: Mapping[str, Any]) -> Iterator[ExplainedAlias]:
    """The fields that refer to a record for which another one stands in the newest package that has it."""
    for field, parent in refers.items():
        key = None if record.get(field) is None else str(record[field])
        for package in packages_with(which, parent)[:1] if key is not None else ():
            found = (one for one in package.merged(package.stage(parent)) if one.key == key)
            yield from (ExplainedAlias(field, parent, one.key, one.into) for one in found)


def _fields(program: Program, row: Any, outcome: Outcome) -> Iterator[ExplainedField]:
    stage, cells = program.plan.stage, dict(zip(program.plan.header.columns, row, strict=True))
    shown = frozenset(cells.keys() - program.privacy.columns)
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
            shown,
        )


def _computed(
    program: Program, name: str, template: Template, row: Any
) -> tuple[list[TracedStep], Any, BaseException | None]:
    if not isinstance(template, Expression):
        return [], template, None
    plan = program.plan
    return trace(template, plan.header, plan.resources, None if name == WHERE else program.write, row)
