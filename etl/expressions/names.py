"""What an expression's tree names: columns, functions, resources; and where something is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from jinja2 import nodes
from msgspec import Struct, field

from etl.expressions.functions import TABLE
from etl.expressions.functions.table import Function, Resources
from etl.expressions.parsing import expressions
from etl.model import Expression

ROW = "row"
"""The name that reaches columns whose names are no identifiers: row['First Name']."""


class Flaw(Struct, frozen=True):
    """Something wrong with an expression, at a position in its text; or at `word`, the next one (or the last, `back`)."""

    what: str
    at: int = 0
    word: str = ""
    back: bool = False


class Names(Struct, frozen=True):
    """What an expression may use. `columns` None: not known, so any name may be a column. `text_only`: all cells are text.

    `trims`: a cell that is text is not blank. `used` are the columns that the mapping names of this source, where it is known;
    `absent` those that it has not here, each with why.
    """

    columns: frozenset[str] | None = None
    resources: Resources = field(default_factory=dict)
    text_only: bool = False
    trims: bool = False
    functions: Mapping[str, Function] = field(default_factory=lambda: TABLE)
    used: frozenset[str] = frozenset()
    absent: Mapping[str, str] = field(default_factory=dict)


def column_of(node: nodes.Node) -> str | None:
    """The column a node names: `email`, `row['First Name']` or `row.email`; None when it names none."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and _is_row(node.node):
        return node.attr
    if isinstance(node, nodes.Getitem) and _is_row(node.node) and isinstance(node.arg, nodes.Const):
        return str(node.arg.value)
    return None


def summand(written: Expression) -> Expression:
    """What `totals` adds up: an expression as it is; a bare name is a column, which is read as a number."""
    if "{{" in written.text:
        return written
    name = json.dumps(written.text, ensure_ascii=False)
    return Expression(f"{{{{ row[{name}] | decimal }}}}", written.place)


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


def texts_in(text: str) -> frozenset[str]:
    """The texts that stand in an expression and may be what it gives: of an `if`, behind an `or`, of a `default`."""
    trees = expressions(text)
    return frozenset(_given(trees[0])) if len(trees) == 1 else frozenset()


def _given(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for one in _ways(node):
        yield from _given(one)


def _ways(node: nodes.Node) -> list[nodes.Expr]:
    """The parts that an expression may come to."""
    if isinstance(node, nodes.CondExpr):
        return [node.expr1, *([node.expr2] if node.expr2 is not None else [])]
    if isinstance(node, nodes.Or):
        return [node.left, node.right]
    if isinstance(node, nodes.Filter):
        given = [pair.value for pair in node.kwargs if pair.key == "default"]
        return given if node.name != "default" or node.node is None else [*given, node.node, *node.args]
    return []
