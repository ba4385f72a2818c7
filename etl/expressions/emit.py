"""Write an expression tree as Python source. The tree has been found without fault (syntax.faults) before it comes here.

Jinja's semantics are kept, with the differences the mapping language promises: null passes by functions, `~` and text
around expressions take null as nothing, an `if` without `else` gives null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from etl.expressions import runtime
from etl.expressions.functions.table import Function
from etl.expressions.syntax import Names, Piece, column_of, constant_arguments, resource_of

LARGEST_LITERAL = 10**18
OPERATORS = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Div: "/", nodes.FloorDiv: "//", nodes.And: "and", nodes.Or: "or",
}  # fmt: skip
CALLED = {nodes.Mul: "multiply", nodes.Mod: "modulo"}
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in"}


@dataclass(slots=True)
class Emitter:
    """Collects what the emitted source refers to: `namespace` (functions, tables) and `columns` (name -> local)."""

    names: Names
    namespace: dict[str, Any] = field(
        default_factory=lambda: {
            "__builtins__": {},
            "multiply": runtime.multiply,
            "modulo": runtime.modulo,
            "concat": runtime.concat,
            "item": runtime.item,
        }
    )
    columns: dict[str, str] = field(default_factory=dict)
    text_only: bool = False
    _temporaries: int = 0

    def value(self, pieces: Sequence[Piece]) -> str:
        """The source of a whole YAML string: one expression keeps its type, anything else is joined as text."""
        parts = [piece for piece in pieces if not isinstance(piece, str) or piece.strip()]
        if len(parts) == 1 and isinstance(parts[0], nodes.Expr):
            return self.emit(parts[0])
        return f"concat({', '.join(repr(p) if isinstance(p, str) else self.emit(p) for p in pieces)})"

    def emit(self, node: nodes.Node) -> str:
        column = column_of(node)
        if column is not None:
            return self.column(column)
        return EMITTERS[type(node)](self, node)

    def type_of(self, node: nodes.Node) -> type | None:
        """The type of what an expression gives when it is not null, where that can be told without a row."""
        if column_of(node) is not None:
            return str if self.text_only else None
        return self.names.functions[node.name].gives if isinstance(node, nodes.Filter) else None

    def column(self, name: str) -> str:
        return self.columns.setdefault(name, f"c{len(self.columns)}")

    def constant(self, value: Any) -> str:
        """A constant as source. Infinity and numbers too long for Python to write have no literal."""
        written = value is None or isinstance(value, str | bool)
        if written or (isinstance(value, int | float) and -LARGEST_LITERAL < value < LARGEST_LITERAL):
            return repr(value)
        return self.keep(value, "k")

    def keep(self, value: Any, prefix: str) -> str:
        """A name in the namespace for a value that has no literal."""
        name = f"{prefix}{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    def all(self, items: list[Any]) -> str:
        return ", ".join(self.emit(item) for item in items)


def _const(e: Emitter, node: nodes.Const) -> str:
    return e.constant(node.value)


def _operator(e: Emitter, node: nodes.BinExpr) -> str:
    return f"({e.emit(node.left)} {OPERATORS[type(node)]} {e.emit(node.right)})"


def _called(e: Emitter, node: nodes.BinExpr) -> str:
    return f"{CALLED[type(node)]}({e.emit(node.left)}, {e.emit(node.right)})"


def _concat(e: Emitter, node: nodes.Concat) -> str:
    return f"concat({e.all(node.nodes)})"


def _not(e: Emitter, node: nodes.Not) -> str:
    return f"(not {e.emit(node.node)})"


def _negative(e: Emitter, node: nodes.Neg) -> str:
    return f"(- {e.emit(node.node)})"


def _positive(e: Emitter, node: nodes.Pos) -> str:
    return f"(+ {e.emit(node.node)})"


def _compare(e: Emitter, node: nodes.Compare) -> str:
    rest = " ".join(f"{COMPARISONS[operand.op]} {e.emit(operand.expr)}" for operand in node.ops)
    return f"({e.emit(node.expr)} {rest})"


def _condition(e: Emitter, node: nodes.CondExpr) -> str:
    otherwise = "None" if node.expr2 is None else e.emit(node.expr2)
    return f"({e.emit(node.expr1)} if {e.emit(node.test)} else {otherwise})"


def _is_none(e: Emitter, node: nodes.Test) -> str:
    # Through a name: Python warns of `'x' is None`.
    return f"(({e.temporary()} := {e.emit(node.node)}) is None)"


def _list(e: Emitter, node: nodes.List | nodes.Tuple) -> str:
    return f"[{e.all(node.items)}]"


def _dict(e: Emitter, node: nodes.Dict) -> str:
    return "{" + ", ".join(f"{e.emit(pair.key)}: {e.emit(pair.value)}" for pair in node.items) + "}"


def _attribute(e: Emitter, node: nodes.Getattr) -> str:
    return f"item({e.emit(node.node)}, {node.attr!r})"


def _item(e: Emitter, node: nodes.Getitem) -> str:
    return f"item({e.emit(node.node)}, {e.emit(node.arg)})"


def _slice(e: Emitter, node: nodes.Slice) -> str:
    e.namespace["slice"] = slice
    return f"slice({', '.join('None' if end is None else e.emit(end) for end in (node.start, node.stop, node.step))})"


def _function(e: Emitter, node: nodes.Filter) -> str:
    """A call; null passes by it unless the function wants to see it."""
    assert node.node is not None
    function = e.names.functions[node.name]
    name, arguments = _callee(e, function, node)
    piped = e.emit(node.node)
    if function.null:
        return f"{name}({piped}{arguments})"
    if piped.isidentifier():
        return f"(None if {piped} is None else {name}({piped}{arguments}))"
    once = e.temporary()
    return f"(None if ({once} := {piped}) is None else {name}({once}{arguments}))"


def _callee(e: Emitter, function: Function, node: nodes.Filter) -> tuple[str, str]:
    """The name to call, and the source of the arguments that remain (all constant ones are bound once)."""
    constants = constant_arguments(node, e.names)
    if function.bind is not None and constants is not None:
        args, kwargs = constants
        return e.keep(function.bind(*args, **kwargs), "f"), ""
    written = [_argument(e, node, argument) for argument in node.args]
    written += [f"{pair.key}={_argument(e, node, pair.value)}" for pair in node.kwargs]
    return e.keep(function.call, "f"), "".join(f", {argument}" for argument in written)


def _argument(e: Emitter, node: nodes.Filter, argument: nodes.Expr) -> str:
    resource = resource_of(node, argument, e.names)
    return e.emit(argument) if resource is None else e.keep(resource, "k")


EMITTERS: Mapping[type[nodes.Node], Callable[[Emitter, Any], str]] = {
    nodes.Const: _const,
    nodes.Filter: _function,
    nodes.Test: _is_none,
    nodes.CondExpr: _condition,
    nodes.And: _operator,
    nodes.Or: _operator,
    nodes.Not: _not,
    nodes.Compare: _compare,
    nodes.Add: _operator,
    nodes.Sub: _operator,
    nodes.Mul: _called,
    nodes.Mod: _called,
    nodes.Div: _operator,
    nodes.FloorDiv: _operator,
    nodes.Neg: _negative,
    nodes.Pos: _positive,
    nodes.Concat: _concat,
    nodes.List: _list,
    nodes.Tuple: _list,
    nodes.Dict: _dict,
    nodes.Getattr: _attribute,
    nodes.Getitem: _item,
    nodes.Slice: _slice,
}
