"""Turn a stage's expressions into one Python function of a row, and into slow ones that explain a row that failed.

migration.yaml                                   what is compiled
customer_code: "{{ customer_id }}"               c0 = row[0].strip() or None
email: "{{ email | lower }}"               ->    c1 = row[3].strip() or None
gender: null                                     return {'customer_code': c0, 'gender': None,
                                                         'email': (None if c1 is None else f9(c1))}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from etl.expressions import runtime
from etl.expressions.emit import Emitter
from etl.expressions.runtime import ROW_ERRORS, Writers
from etl.expressions.syntax import ExpressionError, Names, faults, is_single, only, parse
from etl.model import Expression, Stage, Template

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Header:
    """How a row's cells are reached: names to positions, and whether all of them are text (CSV) or any JSON value."""

    columns: tuple[str, ...]
    text_only: bool = True
    trim: bool = True

    def read(self, column: str) -> str:
        cell = f"row[{self.columns.index(column)}]"
        if not self.trim:
            return f"{cell} if {cell} != '' else None"
        return f"{cell}.strip() or None" if self.text_only else f"clean({cell})"


@dataclass(frozen=True, slots=True)
class Failure:
    """A field that could not be computed: its path, the source's value it was made from, and why."""

    field: str
    value: object
    reason: str


@dataclass(frozen=True, slots=True)
class CompiledStage:
    """A stage as functions of a row.

    record    the whole record, or FILTERED; raises one of ROW_ERRORS when any field fails
    key       the record's key alone, for rows that have no record
    fields    each field by itself, to find every one that fails; `where` among them under its own name
    """

    record: Callable[[Row], Any]
    key: Callable[[Row], Any]
    fields: Mapping[str, Callable[[Row], Any]]
    inputs: Mapping[str, int | None]

    def failures(self, row: Row) -> list[Failure]:
        """Every field of this row that fails, each with its reason."""
        found = []
        for name, compute in self.fields.items():
            try:
                compute(row)
            except ROW_ERRORS as error:
                position = self.inputs[name]
                found.append(Failure(name, None if position is None else row[position], reason_of(error)))
        return found


FILTERED: Any = None
"""What `record` gives for a row that `where` leaves out."""

WHERE = "where"


def reason_of(error: BaseException) -> str:
    """An exception's reason in a sentence. Our own functions raise ValueError with one; Python's operators do not."""
    if type(error) is ValueError:
        return str(error)
    if isinstance(error, KeyError | IndexError):
        return f"there is no {error}"
    return f"cannot be computed: {error}"


def compile_stage(
    stage: Stage,
    header: Header,
    lookups: Mapping[str, Mapping[str, object]],
    write: Writers,
) -> CompiledStage:
    """Compile a stage's `where`, key and fields. Raises ExpressionError when one has a fault."""
    names = Names(frozenset(header.columns), lookups)
    key = stage.fields[stage.key] if isinstance(stage.key, str) else stage.key
    parts: dict[str, Template] = dict(flat_fields(stage.fields))
    if stage.where is not None:
        parts = {WHERE: stage.where, **parts}
    return CompiledStage(
        record=_function(_record_source(stage, write), names, header),
        key=_function(lambda e: f"return {_emit(e, key, write)}", names, header),
        fields={name: _field_function(template, names, header, write) for name, template in parts.items()},
        inputs={name: _input(template, header) for name, template in parts.items()},
    )


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


def compile_value(
    template: Template, lookups: Mapping[str, Mapping[str, object]] | None = None
) -> Callable[[Mapping[str, object]], Any]:
    """Compile one template to a function of a row given as a mapping; its names are checked when they are read.

    Values keep the types expressions have inside (Decimal, date). Raises ExpressionError when the template has a fault.
    """
    emitter = Emitter(Names(None, lookups or {}))
    body = f"return {_emit(emitter, template, None)}"
    emitter.namespace |= {"clean": runtime.clean, "named": _named}
    reads = [f"{local} = clean(named(row, {column!r}))" for column, local in emitter.columns.items()]
    return _define(reads, body, emitter.namespace)


def _named(row: Mapping[str, object], column: str) -> object:
    if column not in row:
        raise ValueError(f"there is no '{column}' in {{{', '.join(row)}}}")
    return row[column]


def _record_source(stage: Stage, write: Writers) -> Callable[[Emitter], str]:
    def source(emitter: Emitter) -> str:
        record = _emit(emitter, stage.fields, write)
        if stage.where is None:
            return f"return {record}"
        return f"return {record} if {_emit(emitter, stage.where, None)} else None"

    return source


def _field_function(template: Template, names: Names, header: Header, write: Writers) -> Callable[[Row], Any]:
    return _function(lambda e: f"return {_emit(e, template, write)}", names, header)


def _input(template: Template, header: Header) -> int | None:
    """The position of the first column a template reads: what a person wants to see when it fails."""
    if not isinstance(template, Expression):
        return None
    emitter = Emitter(Names(None, _AnyLookup()))
    emitter.value(parse(template.text))
    first = next(iter(emitter.columns), None)
    return header.columns.index(first) if first is not None else None


class _AnyLookup(dict[str, Mapping[str, object]]):
    """Stands for the lookups where only the columns matter."""

    def __missing__(self, name: str) -> Mapping[str, object]:
        return {}


def _emit(emitter: Emitter, template: Template, write: Writers | None) -> str:
    """The source of a template; with `plain`, what it gives is plain JSON."""
    if isinstance(template, Expression):
        return _emit_expression(emitter, template, write)
    if isinstance(template, Mapping):
        return "{" + ", ".join(f"{name!r}: {_emit(emitter, one, write)}" for name, one in template.items()) + "}"
    if isinstance(template, tuple):
        return "[" + ", ".join(_emit(emitter, one, write) for one in template) + "]"
    return emitter.constant(template)


def _emit_expression(emitter: Emitter, template: Expression, write: Writers | None) -> str:
    found = faults(template.text, emitter.names)
    if found:
        raise ExpressionError(f"{template.place}: {found[0].what}")
    pieces = parse(template.text)
    source = emitter.value(pieces)
    if write is None or not is_single(pieces):
        return source
    return _written(emitter, source, only(pieces), write)


def _written(emitter: Emitter, source: str, tree: nodes.Expr, write: Writers) -> str:
    """The source of a value as plain JSON: at once where the type is known, else after a look at it."""
    once = emitter.temporary()
    given = emitter.type_of(tree)
    if given is not None and given in write.known:
        writer = write.known[given]
        name = writer and emitter.keep(writer, "w")
        return f"(None if ({once} := {source}) is None else {name}({once}))" if name else source
    emitter.namespace |= {"plain": write.plain, "str": str}
    # Nearly every value is text, and looking at its class is cheaper than a call.
    return f"({once} if ({once} := {source}).__class__ is str else plain({once}))"


def _function(body_of: Callable[[Emitter], str], names: Names, header: Header) -> Callable[[Row], Any]:
    emitter = Emitter(names, text_only=header.text_only)
    emitter.namespace["clean"] = runtime.clean
    body = body_of(emitter)
    reads = [f"{local} = {header.read(column)}" for column, local in emitter.columns.items()]
    return _define(reads, body, emitter.namespace)


def _define(reads: list[str], body: str, namespace: dict[str, Any]) -> Callable[[Any], Any]:
    """Compile the function. Its source holds only literals, operators and names of the namespace; no builtins."""
    source = "\n    ".join(["def compiled(row):", *reads, body])
    exec(compile(source, "<mapping>", "exec"), namespace)  # noqa: S102
    function: Callable[[Any], Any] = namespace["compiled"]
    return function
