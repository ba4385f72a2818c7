"""Turn a stage's expressions into one Python function of a row, and into slow ones that explain a row that failed.

migration.yaml                                   what is compiled
customer_code: "{{ customer_id }}"               c0 = row[0].strip() or None
email: "{{ email | lower }}"               ->    c1 = row[3].strip() or None
gender: null                                     return {'customer_code': c0, 'gender': None,
                                                         'email': (None if c1 is None else f9(c1))}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from etl.expressions.cells import clean
from etl.expressions.columnar import MakeRecords, compile_records
from etl.expressions.emit import Emitter
from etl.expressions.functions.table import Resources
from etl.expressions.header import Header, Row
from etl.expressions.names import Names, columns_in
from etl.expressions.runtime import ROW_ERRORS, Writers
from etl.expressions.source import (
    RowFunction,
    condition_of_row,
    define,
    emit,
    emit_condition,
    function_of_row,
    row_function,
)
from etl.expressions.syntax import ExpressionError, faults
from etl.findings import Unfit
from etl.model import Expression, Stage, Template


class Failure(Struct, frozen=True):
    """A field that could not be computed: its path, the source's value it was made from, and why."""

    field: str
    value: object
    why: Unfit

    @property
    def reason(self) -> str:
        return str(self.why)


class CompiledStage(Struct, frozen=True):
    """A stage as functions of a row.

    records   many rows at a time: the fast path
    record    the whole record, or FILTERED; raises one of ROW_ERRORS when any field fails
    key       the record's key alone, for rows that have no record
    fields    each field by itself, to find every one that fails; `where` among them under its own name
    """

    records: MakeRecords
    record: RowFunction
    key: RowFunction
    fields: Mapping[str, RowField]

    def failures(self, row: Row) -> list[Failure]:
        """Every field of this row that fails, each with its reason."""
        found = []
        for name, field in self.fields.items():
            try:
                field.compute(row)
            except ROW_ERRORS as error:
                position = field.input
                found.append(Failure(name, None if position is None else row[position], unfit(error)))
        return found


def compile_field(template: Template, header: Header, resources: Resources, write: Writers) -> RowFunction:
    """One field of a row by itself. Raises ExpressionError when it has a fault, or what it needs is not there."""
    names = Names(frozenset(header.columns), resources, header.text_only)
    found = faults(template.text, names) if isinstance(template, Expression) else []
    if found:
        raise ExpressionError(found[0].what)
    return row_function(template, names, header, write)


class RowField:
    """A field by itself. It is compiled when it is first asked for: most mappings' rows do not fail."""

    def __init__(self, template: Template, compiled: Callable[[], RowFunction], header: Header) -> None:
        self._template, self._compiled, self._header = template, compiled, header

    @cached_property
    def compute(self) -> RowFunction:
        """Row -> the field's value; raises one of ROW_ERRORS."""
        return self._compiled()

    @cached_property
    def input(self) -> int | None:
        """The position of the first column the field is made from: what a person wants to see when it fails."""
        if not isinstance(self._template, Expression):
            return None
        first = next(iter(columns_in(self._template.text)), None)
        return self._header.columns.index(first) if first is not None else None


FILTERED: Any = None
"""What `record` gives for a row that `where` leaves out."""

WHERE = "where"


def unfit(error: BaseException) -> Unfit:
    """An error of computing a value as what a rule refuses. Our own functions raise such; Python's operators do not."""
    if isinstance(error, Unfit):
        return error
    if type(error) is ValueError:
        return Unfit("expression", None, "{told}", told=str(error))
    if isinstance(error, KeyError | IndexError):
        return Unfit("expression:missing", None, "there is no {told}", told=str(error))
    # What Python says of types and of numbers quotes no value.
    return Unfit(f"expression:{type(error).__name__}", None, "cannot be computed: {detail}", detail=str(error))


def reason_of(error: BaseException) -> str:
    """Why a value could not be computed, in a sentence."""
    return str(unfit(error))


def compile_stage(
    stage: Stage,
    header: Header,
    resources: Resources,
    write: Writers,
) -> CompiledStage:
    """Compile a stage's `where`, key and fields. Raises ExpressionError when one has a fault."""
    names = Names(frozenset(header.columns), resources, header.text_only)
    key = stage.fields[stage.key] if isinstance(stage.key, str) else stage.key
    fields = {
        name: RowField(one, _valued(one, names, header, write), header) for name, one in flat_fields(stage.fields)
    }
    if stage.where is not None:
        fields = {WHERE: RowField(stage.where, _asked(stage.where, names, header), header), **fields}
    return CompiledStage(
        records=compile_records(stage, names, header, write),
        record=function_of_row(_record_source(stage, write), names, header),
        key=row_function(key, names, header, write),
        fields=fields,
    )


def _valued(template: Template, names: Names, header: Header, write: Writers) -> Callable[[], RowFunction]:
    return lambda: row_function(template, names, header, write)


def _asked(where: Expression, names: Names, header: Header) -> Callable[[], RowFunction]:
    return lambda: condition_of_row(where, names, header)


def flat_fields(fields: Mapping[str, Template], prefix: str = "") -> list[tuple[str, Template]]:
    """Every leaf of the fields with its path: extra_field.points, tags.0."""
    found: list[tuple[str, Template]] = []
    for name, template in fields.items():
        if isinstance(template, Mapping):
            found += flat_fields(template, f"{prefix}{name}.")
        elif isinstance(template, tuple):
            found += flat_fields({str(i): one for i, one in enumerate(template)}, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", template))
    return found


def compile_value(template: Template, resources: Resources | None = None) -> Callable[[Mapping[str, object]], Any]:
    """Compile one template to a function of a row given as a mapping; its names are checked when they are read.

    Values keep the types expressions have inside (Decimal, date). Raises ExpressionError when the template has a fault.
    """
    emitter = Emitter(Names(None, resources or {}))
    body = f"return {emit(emitter, template, None)}"
    emitter.namespace |= {"clean": clean, "named": _named}
    reads = [f"{local} = clean(named(row, {column!r}))" for column, local in emitter.columns.items()]
    return define(reads, body, emitter.namespace)


def _named(row: Mapping[str, object], column: str) -> object:
    if column not in row:
        raise Unfit("item", None, "there is no '{column}' in {{{names}}}", column=column, names=list(row))
    return row[column]


def _record_source(stage: Stage, write: Writers) -> Callable[[Emitter], str]:
    def source(emitter: Emitter) -> str:
        record = emit(emitter, stage.fields, write)
        if stage.where is None:
            return record
        return f"{record} if {emit_condition(emitter, stage.where)} else None"

    return source
