"""A stage, ready to be applied to rows: compiled expressions and a compiled schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.expressions import (
    FILTERED,
    ROW_ERRORS,
    WHERE,
    Columns,
    CompiledStage,
    Writers,
    columns_in,
    compile_stage,
    flat_fields,
    key_text,
    unfit,
    writers,
)
from etl.findings import Finding, Unfit, about, inside
from etl.measures.money import NAMED
from etl.model import Expression, Record, RowFault, Template
from etl.payloads.validate import Validator
from etl.prepare.lines import lines_of
from etl.prepare.meter import Meter
from etl.prepare.plan import Plan
from etl.prepare.privacy import Privacy


class Outcome(Struct, frozen=True):
    """What becomes of one row: a valid record, or nothing (filtered), or findings.

    `partial` holds the fields that could be made.
    """

    key: str | None
    record: Record | None = None
    findings: tuple[Finding, ...] = ()
    filtered: bool = False
    partial: Record = field(default_factory=dict)


class Program:
    """A compiled plan. `records` is the fast way, for many rows; `outcome` the slow one, which explains what became of one.

    `named`: of each part's rows whose amounts are not sent as they are, its meter names so many."""

    def __init__(self, plan: Plan, named: int = NAMED) -> None:
        self.plan, self._named = plan, named
        write = writers(plan.date_format, plan.datetime_format)
        self._compiled: CompiledStage = compile_stage(plan.stage, plan.header, plan.resources, write)
        self.validator = Validator(
            plan.schema, date_format=plan.date_format, datetime_format=plan.datetime_format, fast=plan.fast
        )
        self._lines = lines_of(plan.stage.fields)
        self._settling = _settling(plan, write)
        self.write = write

    def cell_of(self, field: str, row: Sequence[Any]) -> object:
        """The first cell that a field is made from."""
        position = self._compiled.fields[field].input
        return None if position is None else row[position]

    @property
    def record(self) -> Callable[[Sequence[Any]], Any]:
        """Row -> record, or FILTERED; raises one of ROW_ERRORS."""
        return self._compiled.record

    def records(self, rows: Sequence[Sequence[Any]]) -> Columns:
        """What many rows make."""
        return self._compiled.records(rows) if self.plan.fast else self._one_by_one(rows)

    def _one_by_one(self, rows: Sequence[Sequence[Any]]) -> Columns:
        """The same, each row by itself with the function of one row."""
        made = [self._record_or_error(row) for row in rows]
        stay = [(row, one) for row, one in zip(rows, made, strict=True) if one is not FILTERED]
        failed = frozenset(position for position, (_, one) in enumerate(stay) if isinstance(one, Exception))
        fields = self.plan.stage.fields
        columns = {name: [None if at in failed else one[name] for at, (_, one) in enumerate(stay)] for name in fields}
        notes = self._compiled.records(rows).notes
        return Columns(
            columns, [self.key(row) for row, _ in stay], failed, [one is not FILTERED for one in made], notes
        )

    def _record_or_error(self, row: Sequence[Any]) -> Any:
        try:
            return self.record(row)
        except ROW_ERRORS as error:
            return error

    def lines(self, columns: Mapping[str, Sequence[Any]]) -> bytes:
        """Valid records as lines of JSON."""
        return self._lines(columns)

    def unsettled(self, rows: Sequence[Sequence[Any]]) -> tuple[set[int], frozenset[int]]:
        """The positions of rows whose records may still change, and of those of which it cannot be computed."""
        if self._settling is None:
            return set(), frozenset()
        batch = self._settling.records(rows)
        keep = [True] * len(rows) if batch.keep is None else batch.keep
        stay = [position for position, stays in enumerate(keep) if stays]
        # One that cannot be computed stays, too.
        return {at for at, stays in enumerate(keep) if not stays}, frozenset(stay[at] for at in batch.failed)

    def key(self, row: Sequence[Any]) -> str | None:
        """The record's key as text; None when it has none or it cannot be computed."""
        try:
            return text_of(self._compiled.key(row))
        except ROW_ERRORS:
            return None

    def outcome(self, row: Sequence[Any]) -> Outcome:
        """All that can be said about one row by itself. Its findings are empty exactly when the record may be sent."""
        key = self.key(row)
        try:
            record = self.record(row)
        except ROW_ERRORS as error:
            return self._failed(row, key, error)
        if record is FILTERED:
            return Outcome(key, filtered=True)
        findings = self.validator.explain(record)
        if key is None:
            findings.append(self._keyless(row))
        findings += self._unsettleable(row)
        return Outcome(key, None if findings else record, self._stamped(findings), partial=record)

    def findings_of(self, fault: RowFault) -> tuple[Finding, ...]:
        """What a row that could not be read is told as: once, or for each field that is made from the cell at fault."""
        paths: list[str | None] = [] if fault.column is None else [*self.fields_from(fault.column)]
        return self._stamped([about_row(fault, path) for path in paths or [None]])

    def fields_from(self, column: int) -> list[str]:
        """The paths of the fields that are made from a column, which counts from 0."""
        name = self.plan.header.columns[column]
        fields = flat_fields(self.plan.stage.fields)
        return [path for path, one in fields if isinstance(one, Expression) and name in columns_in(one.text)]

    def _failed(self, row: Sequence[Any], key: str | None, error: BaseException) -> Outcome:
        """Every field that cannot be computed, and what the schema says about those that can."""
        failures = [about(one.field, one.value, one.why) for one in self._compiled.failures(row)]
        if not failures:
            failures = [about(None, None, unfit(error))]
        if failures[0].field == WHERE:
            return Outcome(key, findings=self._stamped(failures[:1]))
        failed = {str(one.field).split(".")[0] for one in failures}
        partial = self._partial(row, failed)
        schema = self.validator.explain(partial, failed)
        if key is None and self.plan.stage.key not in failed:
            schema.append(self._keyless(row))
        return Outcome(key, findings=self._stamped([*failures, *schema]), partial=partial)

    @cached_property
    def meter(self) -> Meter:
        return Meter(self.plan, self.write, self._named)

    @cached_property
    def privacy(self) -> Privacy:
        return self.plan.privacy

    def _stamped(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        return tuple(map(self.privacy.stamped, findings))

    def _partial(self, row: Sequence[Any], failed: set[str]) -> Record:
        """The record without the fields that failed."""
        fields = self.plan.stage.fields
        return {name: self._made(name, template, row) for name, template in fields.items() if name not in failed}

    def _made(self, path: str, template: Template, row: Sequence[Any]) -> Any:
        """One field by itself; one with parts is put together from them."""
        if isinstance(template, Mapping):
            return {name: self._made(f"{path}.{name}", one, row) for name, one in template.items()}
        if isinstance(template, tuple):
            return [self._made(f"{path}.{index}", one, row) for index, one in enumerate(template)]
        return self._compiled.fields[path].compute(row)

    def _unsettleable(self, row: Sequence[Any]) -> list[Finding]:
        failures = [] if self._settling is None else self._settling.failures(row)
        return [about(SETTLED, one.value, one.why) for one in failures if one.field == WHERE]

    def _keyless(self, row: Sequence[Any]) -> Finding:
        key = self.plan.stage.key
        try:
            self._compiled.key(row)
            why = Unfit("key", None, "its key is null")
        except ROW_ERRORS as error:
            why = unfit(error)
        no_key = Unfit("key", None, "the record has no key: {because}", because=inside(why))
        return about(key if isinstance(key, str) else None, None, no_key)


SETTLED = "settled"


def _settling(plan: Plan, write: Writers) -> CompiledStage | None:
    """The stage's `settled`, compiled as the `where` of a stage without fields: it is computed and fails as that does."""
    stage = plan.stage
    if stage.settled is None:
        return None
    fields = {stage.key: stage.fields[stage.key]} if isinstance(stage.key, str) else {}
    return compile_stage(replace(stage, where=stage.settled, fields=fields), plan.header, plan.resources, write)


def text_of(value: object) -> str | None:
    """A key as text. Keys of JSON sources may be numbers."""
    return None if value is None else key_text(value)


def about_row(fault: RowFault, path: str | None = None) -> Finding:
    """What is told of a row that could not be read, or of the field that is made from its cell at fault."""
    return about(path, list(fault.cells), fault.reason)
