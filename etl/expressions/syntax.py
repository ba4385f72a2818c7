"""Read an expression and find everything wrong with it. Evaluates nothing.

Jinja's parser gives the tree; which of its nodes mean something here is the table `READERS`. What is not in the table
(calls, loops, imports, powers) is refused, so a mapping can compute and do nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from etl.expressions.functions import TABLE
from etl.expressions.functions.table import Function, signature
from etl.suggest import did_you_mean

ROW = "row"
"""The name that reaches columns whose names are no identifiers: row['First Name']."""

LONGEST = 10_000
DEEPEST = 60
TESTS = ("none",)

_environment = Environment(autoescape=False, keep_trailing_newline=True)  # noqa: S701 - nothing is rendered as HTML


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with an expression; `word` is the text to point at."""

    what: str
    word: str = ""


class ExpressionError(ValueError):
    """An expression that cannot be compiled."""


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression may use. `columns` None: not known, so any name may be a column."""

    columns: frozenset[str] | None = None
    lookups: Mapping[str, Mapping[str, object]] | frozenset[str] = frozenset()
    functions: Mapping[str, Function] = field(default_factory=lambda: TABLE)


Piece = str | nodes.Expr
"""Plain text between expressions, or an expression."""


def parse(text: str) -> list[Piece]:
    """Split a YAML string in plain text and expression trees. Raises ExpressionError with the parser's reason."""
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression of {len(text)} characters; {LONGEST} are allowed")
    try:
        body = _environment.parse(text).body
    except TemplateSyntaxError as error:
        raise ExpressionError(f"cannot be read as an expression: {error.message}") from None
    except RecursionError:
        raise ExpressionError("is nested too deeply") from None
    return [piece for part in body for piece in _pieces(part)]


def _pieces(part: nodes.Node) -> Iterator[Piece]:
    if not isinstance(part, nodes.Output):
        raise ExpressionError(
            f"{{% {type(part).__name__.lower()} %}} is not available: an expression computes a value from the row's columns, "
            "it has no statements, loops or imports"
        )
    for node in part.nodes:
        yield node.data if isinstance(node, nodes.TemplateData) else node


def is_single(pieces: list[Piece]) -> bool:
    """Whether a string is one expression and nothing else, so that its value keeps its type."""
    return len(_without_blank(pieces)) == 1 and isinstance(_without_blank(pieces)[0], nodes.Expr)


def only(pieces: list[Piece]) -> nodes.Expr:
    """The expression of a string that is_single."""
    return next(piece for piece in pieces if isinstance(piece, nodes.Expr))


def _without_blank(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if not isinstance(piece, str) or piece.strip()]


def expressions(text: str) -> list[nodes.Expr]:
    return [piece for piece in parse(text) if isinstance(piece, nodes.Expr)]


def column_of(node: nodes.Node) -> str | None:
    """The column a node names: `email`, `row['First Name']` or `row.email`; None when it names none."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and _is_row(node.node):
        return node.attr
    if isinstance(node, nodes.Getitem) and _is_row(node.node) and isinstance(node.arg, nodes.Const):
        return str(node.arg.value)
    return None


def _is_row(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == ROW


def columns_in(text: str) -> list[str]:
    """The columns an expression reads, in the order of their first use."""
    found: dict[str, None] = {}
    for tree in expressions(text):
        _collect(tree, found)
    return list(found)


def _collect(node: nodes.Node, found: dict[str, None]) -> None:
    column = column_of(node)
    if column is not None:
        found.setdefault(column)
        return
    for child in node.iter_child_nodes():
        _collect(child, found)


def faults(text: str, names: Names) -> list[Fault]:
    """Everything wrong with an expression, each fault once."""
    try:
        trees = expressions(text)
    except ExpressionError as error:
        return [Fault(str(error))]
    if any(_depth(tree) > DEEPEST for tree in trees):
        return [Fault("is nested too deeply")]
    found = [fault for tree in trees for fault in _faults(tree, names)]
    return list(dict.fromkeys(found))


def _depth(node: nodes.Node) -> int:
    deepest, level = 0, [node]
    while level:
        deepest += 1
        level = [child for one in level for child in one.iter_child_nodes()]
    return deepest


def _faults(node: nodes.Node, names: Names) -> Iterator[Fault]:
    column = column_of(node)
    if column is not None:
        yield from _column_faults(column, names)
        return
    reader = READERS.get(type(node))
    if reader is None:
        yield Fault(f"{_spoken(node)} is not available in an expression", _word(node))
        return
    yield from reader(node, names)
    for child in node.iter_child_nodes():
        yield from _faults(child, names)


def _spoken(node: nodes.Node) -> str:
    return {"Pow": "a power (**)", "Call": "a call"}.get(type(node).__name__, type(node).__name__.lower())


def _word(node: nodes.Node) -> str:
    return "**" if isinstance(node, nodes.Pow) else ""


def _column_faults(column: str, names: Names) -> Iterator[Fault]:
    if column == ROW:
        yield Fault("'row' reaches one column at a time: write row['column name']", ROW)
    elif column.startswith("_"):
        yield Fault(f"'{column}' begins with '_', which an expression may not reach", column)
    elif names.columns is not None and column not in names.columns:
        yield Fault(f"unknown column '{column}'{did_you_mean(column, names.columns)}", column)


def _fine(node: Any, names: Names) -> Iterator[Fault]:
    return iter(())


def _attribute_faults(node: nodes.Getattr, names: Names) -> Iterator[Fault]:
    if node.attr.startswith("_"):
        yield Fault(f"'{node.attr}' begins with '_', which an expression may not reach", node.attr)


def _item_faults(node: nodes.Getitem, names: Names) -> Iterator[Fault]:
    if isinstance(node.arg, nodes.Const) and str(node.arg.value).startswith("_"):
        yield Fault(f"'{node.arg.value}' begins with '_', which an expression may not reach", str(node.arg.value))


def _call_faults(node: nodes.Call, names: Names) -> Iterator[Fault]:
    called = node.node
    name = getattr(called, "attr", None) or getattr(called, "name", None) or "..."
    piped = "value" if isinstance(called, nodes.Name) else "it"
    advice = (
        f"write {piped} | {name}" if name in names.functions else "there is one way to call a function: value | name"
    )
    yield Fault(f"'{name}(...)' is a call, and calls are not available; {advice}", str(name))


def _product_faults(node: nodes.BinExpr, names: Names) -> Iterator[Fault]:
    for side in (node.left, node.right):
        if isinstance(side, nodes.List | nodes.Tuple) or (
            isinstance(side, nodes.Const) and isinstance(side.value, str)
        ):
            yield Fault(f"'{node.operator}' is for numbers; text is joined with '~'", node.operator)


def _test_faults(node: nodes.Test, names: Names) -> Iterator[Fault]:
    if node.name not in TESTS:
        yield Fault(f"unknown test 'is {node.name}'; there is 'is none', and the function `blank`", node.name)


def _function_faults(node: nodes.Filter, names: Names) -> Iterator[Fault]:
    function = names.functions.get(node.name)
    if function is None:
        yield Fault(f"unknown function '{node.name}'{did_you_mean(node.name, names.functions)}", node.name)
    elif node.dyn_args is not None or node.dyn_kwargs is not None:
        yield Fault(f"{signature(function)} takes no * or ** arguments", node.name)
    else:
        yield from argument_faults(function, node, names)


def _pairs(node: nodes.Filter) -> list[Any]:
    """A call's keyword arguments. (Jinja's types call them pairs; its parser makes them Keywords.)"""
    return list(node.kwargs)


def _keywords(node: nodes.Filter) -> list[str]:
    return [str(pair.key) for pair in _pairs(node)]


def argument_faults(function: Function, node: nodes.Filter, names: Names) -> Iterator[Fault]:
    known = [parameter.name for parameter in function.parameters]
    for keyword in _keywords(node):
        if keyword not in known:
            yield Fault(f"{signature(function)} has no parameter '{keyword}'{did_you_mean(keyword, known)}", keyword)
            return
    try:
        inspect.signature(function.call).bind(None, *node.args, **dict.fromkeys(_keywords(node)))
    except TypeError as error:
        yield Fault(f"{signature(function)} does not fit its arguments: {error}", node.name)
        return
    yield from _constant_argument_faults(function, node, names)


def _constant_argument_faults(function: Function, node: nodes.Filter, names: Names) -> Iterator[Fault]:
    constants = constant_arguments(node)
    if function.name == "lookup":
        yield from _lookup_faults(node, names)
    elif function.bind is not None and constants is not None:
        args, kwargs = constants
        try:
            function.bind(*args, **kwargs)
        except (ValueError, TypeError) as error:
            yield Fault(f"{signature(function)}: {error}", node.name)


def lookup_name(node: nodes.Filter) -> nodes.Expr | None:
    """The argument of `lookup` that names the table."""
    named = [pair.value for pair in _pairs(node) if pair.key == "table"]
    return node.args[0] if node.args else (named[0] if named else None)


def _lookup_faults(node: nodes.Filter, names: Names) -> Iterator[Fault]:
    name = lookup_name(node)
    if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
        yield Fault("lookup wants the name of a lookup in quotes: lookup('status')", node.name)
    elif name.value not in names.lookups:
        yield Fault(f"unknown lookup '{name.value}'{did_you_mean(name.value, names.lookups)}", name.value)


def constant_arguments(node: nodes.Filter) -> tuple[list[Any], dict[str, Any]] | None:
    """A call's arguments when all of them are written out, else None."""
    try:
        return [literal(argument) for argument in node.args], dict(
            zip(_keywords(node), [literal(pair.value) for pair in _pairs(node)], strict=True)
        )
    except nodes.Impossible:
        return None


def literal(node: nodes.Node) -> Any:
    """The value of a written-out constant. Raises nodes.Impossible for anything else.

    Jinja's own as_const would compute it too ('x' * 10 ** 9): a mapping that is only being checked must compute nothing.
    """
    if isinstance(node, nodes.Const):
        return node.value
    if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const) and isinstance(node.node.value, int | float):
        return -node.node.value
    if isinstance(node, nodes.List | nodes.Tuple):
        return [literal(item) for item in node.items]
    raise nodes.Impossible


Reader = Callable[[Any, Names], Iterable[Fault]]

READERS: Mapping[type[nodes.Node], Reader] = {
    nodes.Const: _fine,
    nodes.TemplateData: _fine,
    nodes.Filter: _function_faults,
    nodes.Keyword: _fine,
    nodes.Test: _test_faults,
    nodes.CondExpr: _fine,
    nodes.And: _fine,
    nodes.Or: _fine,
    nodes.Not: _fine,
    nodes.Compare: _fine,
    nodes.Operand: _fine,
    nodes.Add: _fine,
    nodes.Sub: _fine,
    nodes.Mul: _product_faults,
    nodes.Mod: _product_faults,
    nodes.Div: _fine,
    nodes.FloorDiv: _fine,
    nodes.Neg: _fine,
    nodes.Pos: _fine,
    nodes.Concat: _fine,
    nodes.List: _fine,
    nodes.Tuple: _fine,
    nodes.Dict: _fine,
    nodes.Pair: _fine,
    nodes.Getattr: _attribute_faults,
    nodes.Getitem: _item_faults,
    nodes.Slice: _fine,
    nodes.Call: _call_faults,
}
"""The nodes that mean something, and who finds what is wrong with each. A Call has a reader only for its better message."""
