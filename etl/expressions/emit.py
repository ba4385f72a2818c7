"""Write an expression tree as Python source. The tree has been found without fault (syntax.faults) before it comes here.

Jinja's semantics are kept, with the differences the mapping language promises: null passes by functions, `~` and text
around expressions take null as nothing, an `if` without `else` gives null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import nodes
from msgspec import Struct, field

from etl.expressions import operators, runtime
from etl.expressions.functions.table import Function
from etl.expressions.names import Names, column_of
from etl.expressions.syntax import Piece, constant_arguments, given_resources, resource_of
from etl.expressions.types import is_condition, is_never_null, type_of

LARGEST_LITERAL = 10**18
CALLED: dict[Any, str] = {
    nodes.Add: "add", nodes.Sub: "subtract", nodes.Mul: "multiply", nodes.Div: "divide",
    nodes.FloorDiv: "floor_divide", nodes.Mod: "modulo", nodes.Neg: "negative",
    nodes.Pos: "positive",
    "eq": "equal", "ne": "unequal", "lt": "less", "lteq": "at_most",
    "gt": "more", "gteq": "at_least", "in": "contains", "notin": "lacks",
}  # fmt: skip
CONNECTING: dict[Any, str] = {nodes.And: "and", nodes.Or: "or"}
THEN, ELSE = "then", "else"
PLAIN = {"eq": "==", "ne": "!=", "in": "in", "notin": "not in"}


class Emitter(Struct):
    """Collects what the emitted source refers to: `namespace` (functions, tables) and `columns` (name -> local)."""

    names: Names
    namespace: dict[str, Any] = field(
        default_factory=lambda: {
            "__builtins__": {},
            "concat": runtime.concat,
            "item": runtime.item,
            "name": runtime.name,
            "truth": operators.truth,
        }
    )
    columns: dict[str, str] = field(default_factory=dict)
    costly: bool = False
    """Whether it is worth while to compute rows that are alike once."""
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

    def condition(self, node: nodes.Node) -> str:
        """The source of an expression of which only matters whether it is true."""
        if isinstance(node, nodes.And | nodes.Or):
            return f"({self.condition(node.left)} {CONNECTING[type(node)]} {self.condition(node.right)})"
        if isinstance(node, nodes.CondExpr):
            return _choice(self, node, self.condition)
        source = self.emit(node)
        return source if self.type_of(node) is bool else f"truth({source})"

    def type_of(self, node: nodes.Node) -> type | None:
        return type_of(node, self.names)

    def branch(self, node: nodes.CondExpr | nodes.Or, taken: str, source: str) -> str:
        """The source of what is computed only when this way is taken: THEN or ELSE. Who follows an expression notes it here."""
        return source

    def piped(self, node: nodes.Filter, source: str) -> str:
        """The source of what a function is given. Who follows an expression looks at it here."""
        return source

    def calling(self, node: nodes.Filter, function: Callable[..., Any]) -> Callable[..., Any]:
        """What is called with arguments that are computed. Who follows an expression looks at them here."""
        return function

    def called(self, operator: Any) -> str:
        """The name of an operator's function."""
        name = CALLED[operator]
        self.namespace[name] = getattr(operators, name)
        return name

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


def _and(e: Emitter, node: nodes.And) -> str:
    return _answer(e, node)


def _answer(e: Emitter, node: nodes.And | nodes.Or) -> str:
    """The source of conditions that are a value: true or false, also where `| bool` has found a blank cell."""
    source = e.condition(node)
    return source if is_never_null(node) else f"truth({source})"


def _or(e: Emitter, node: nodes.Or) -> str:
    """The first that is not null, were it false; of conditions, whether one is true."""
    if is_condition(node, e.names):
        return _answer(e, node)
    once = e.temporary()
    there = f"({once} := {e.emit(node.left)}) is not None"
    return f"({once} if {there} else {e.branch(node, ELSE, e.emit(node.right))})"


def _computed(e: Emitter, node: nodes.BinExpr) -> str:
    return f"{e.called(type(node))}({e.emit(node.left)}, {e.emit(node.right)})"


def _signed(e: Emitter, node: nodes.UnaryExpr) -> str:
    return f"{e.called(type(node))}({e.emit(node.node)})"


def _concat(e: Emitter, node: nodes.Concat) -> str:
    return f"concat({e.all(node.nodes)})"


def _not(e: Emitter, node: nodes.Not) -> str:
    return f"(not {e.condition(node.node)})"


def _compare(e: Emitter, node: nodes.Compare) -> str:
    """Each with the next one; what stands in the middle of a < b < c is computed once."""
    parts, left, left_source = [], node.expr, e.emit(node.expr)
    for number, operand in enumerate(node.ops, 1):
        right_source, again = e.emit(operand.expr), ""
        if number < len(node.ops):
            again = e.temporary()
            right_source = f"({again} := {right_source})"
        parts.append(_compared(e, operand, left, left_source, right_source))
        left, left_source = operand.expr, again
    return f"({' and '.join(parts)})"


def _compared(e: Emitter, operand: nodes.Operand, left: nodes.Node, left_source: str, right_source: str) -> str:
    """Texts, which most comparisons are of, need no care: `status == '1'` and `status in ['1', '2']`."""
    right = operand.expr
    others = right.items if isinstance(right, nodes.List) and operand.op in ("in", "notin") else [right]
    plain = operand.op in PLAIN and (operand.op in ("eq", "ne") or isinstance(right, nodes.List))
    if plain and all(e.type_of(one) is str for one in (left, *others)):
        return f"{left_source} {PLAIN[operand.op]} {right_source}"
    return f"{e.called(operand.op)}({left_source}, {right_source})"


def _condition(e: Emitter, node: nodes.CondExpr) -> str:
    return _choice(e, node, e.emit)


def _choice(e: Emitter, node: nodes.CondExpr, emit: Callable[[nodes.Node], str]) -> str:
    otherwise = "None" if node.expr2 is None else emit(node.expr2)
    chosen = e.branch(node, THEN, emit(node.expr1))
    return f"({chosen} if {e.condition(node.test)} else {e.branch(node, ELSE, otherwise)})"


def _is_none(e: Emitter, node: nodes.Test) -> str:
    # Through a name: Python warns of `'x' is None`.
    return f"(({e.temporary()} := {e.emit(node.node)}) is None)"


def _list(e: Emitter, node: nodes.List | nodes.Tuple) -> str:
    return f"[{e.all(node.items)}]"


def _dict(e: Emitter, node: nodes.Dict) -> str:
    return "{" + ", ".join(f"{_name(e, pair.key)}: {e.emit(pair.value)}" for pair in node.items) + "}"


def _name(e: Emitter, node: nodes.Expr) -> str:
    return e.emit(node) if e.type_of(node) is str and isinstance(node, nodes.Const) else f"name({e.emit(node)})"


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
    e.costly = e.costly or function.costly
    name, arguments = _callee(e, function, node)
    piped = e.piped(node, e.emit(node.node))
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
    written += [f"{name}={e.keep(one, 'k')}" for name, one in given_resources(function, e.names).items()]
    return e.keep(e.calling(node, function.call), "f"), "".join(f", {argument}" for argument in written)


def _argument(e: Emitter, node: nodes.Filter, argument: nodes.Expr) -> str:
    resource = resource_of(node, argument, e.names)
    return e.emit(argument) if resource is None else e.keep(resource, "k")


EMITTERS: Mapping[type[nodes.Node], Callable[[Emitter, Any], str]] = {
    nodes.Const: _const,
    nodes.Filter: _function,
    nodes.Test: _is_none,
    nodes.CondExpr: _condition,
    nodes.And: _and,
    nodes.Or: _or,
    nodes.Not: _not,
    nodes.Compare: _compare,
    nodes.Add: _computed,
    nodes.Sub: _computed,
    nodes.Mul: _computed,
    nodes.Mod: _computed,
    nodes.Div: _computed,
    nodes.FloorDiv: _computed,
    nodes.Neg: _signed,
    nodes.Pos: _signed,
    nodes.Concat: _concat,
    nodes.List: _list,
    nodes.Tuple: _list,
    nodes.Dict: _dict,
    nodes.Getattr: _attribute,
    nodes.Getitem: _item,
    nodes.Slice: _slice,
}
