"""The Python source of templates, and functions made from such source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import nodes

from etl.expressions.emit import Emitter
from etl.expressions.header import Header
from etl.expressions.names import Names
from etl.expressions.parsing import ExpressionError, Piece, is_single, only, parse
from etl.expressions.runtime import Writers
from etl.expressions.syntax import faults
from etl.model import Expression, Template


def emit(emitter: Emitter, template: Template, write: Writers | None) -> str:
    """The source of a template; with `write`, what it gives is plain JSON."""
    if isinstance(template, Expression):
        return _emit_expression(emitter, template, write)
    if isinstance(template, Mapping):
        return "{" + ", ".join(f"{name!r}: {emit(emitter, one, write)}" for name, one in template.items()) + "}"
    if isinstance(template, tuple):
        return "[" + ", ".join(emit(emitter, one, write) for one in template) + "]"
    return emitter.constant(template)


def _emit_expression(emitter: Emitter, template: Expression, write: Writers | None) -> str:
    pieces = _faultless(emitter, template, condition=False)
    source = emitter.value(pieces)
    if write is None or not is_single(pieces):
        return source
    return _written(emitter, source, only(pieces), write)


def emit_condition(emitter: Emitter, template: Expression) -> str:
    """The source of an expression that has to be true or false."""
    pieces = _faultless(emitter, template, condition=True)
    return emitter.condition(only(pieces)) if is_single(pieces) else emitter.value(pieces)


def source_of(template: Template, write: Writers | None, emitter: Emitter) -> str:
    """The source of a template; without `write`, of an expression that has to be true or false."""
    if write is None and isinstance(template, Expression):
        return emit_condition(emitter, template)
    return emit(emitter, template, write)


def _faultless(emitter: Emitter, template: Expression, *, condition: bool) -> Sequence[Piece]:
    found = faults(template.text, emitter.names, condition=condition)
    if found:
        raise ExpressionError(f"{template.place}: {found[0].what}")
    return parse(template.text)


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


RowFunction = Callable[[Sequence[Any]], Any]
"""A row's cells -> a value."""


def row_function(template: Template, names: Names, header: Header, write: Writers | None) -> RowFunction:
    """The function of a row that gives the template's value."""
    return function_of_row(lambda emitter: emit(emitter, template, write), names, header)


def condition_of_row(template: Expression, names: Names, header: Header) -> RowFunction:
    """The function of a row that tells whether the expression is true."""
    return function_of_row(lambda emitter: emit_condition(emitter, template), names, header)


def function_of_row(source_of: Callable[[Emitter], str], names: Names, header: Header) -> RowFunction:
    """The same for any source, whose columns are read first."""
    return function_with(Emitter(names), source_of, header)


def function_with(emitter: Emitter, source_of: Callable[[Emitter], str], header: Header) -> RowFunction:
    """The same by an emitter of one's own."""
    emitter.namespace["cell"] = header.cell()
    body = f"return {source_of(emitter)}"
    reads = [f"{local} = {header.read(column)}" for column, local in emitter.columns.items()]
    return define(reads, body, emitter.namespace)


def define(lines: list[str], body: str, namespace: dict[str, Any], parameters: str = "row") -> Callable[..., Any]:
    """Compile a function. Its source holds only literals, operators and names of the namespace; no builtins."""
    source = "\n    ".join([f"def compiled({parameters}):", *lines, body])
    exec(compile(source, "<mapping>", "exec"), namespace)  # noqa: S102
    function: Callable[..., Any] = namespace["compiled"]
    return function
