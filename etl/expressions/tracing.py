"""What an expression computes on its way: the emitter's own source, with every value noted where it comes about.

email: "{{ mail | email | lower }}"   ->   mail: ' Ali@X.com', email: 'Ali@x.com', lower: 'ali@x.com'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from jinja2 import nodes
from msgspec import Struct, field

from etl.expressions.emit import Emitter
from etl.expressions.entries import comparing, lookups_in
from etl.expressions.functions.table import Resources
from etl.expressions.header import Header
from etl.expressions.names import Names, column_of
from etl.expressions.runtime import ROW_ERRORS, Writers
from etl.expressions.source import function_with, source_of
from etl.expressions.types import COMPARING, COMPUTING
from etl.model import Expression

COLUMN, FUNCTION, OPERATOR, CHOICE = "column", "function", "operator", "choice"


class TracedStep(Struct, frozen=True):
    """A value on the way: of a column, a function with its arguments, an operator, or what an `if` chose.

    hit    of a lookup: whether the value has an entry; where it has none, the default stands for it. None: of anything else
    entry  its key
    """

    kind: str
    what: str
    value: Any
    hit: bool | None = None
    entry: str | None = None

    @property
    def is_column(self) -> bool:
        return self.kind == COLUMN


Hit = tuple[bool | None, str | None]
NO_HIT: Hit = (None, None)


class Tracer(Emitter, Struct):
    """Emits what Emitter emits, each part inside a call that notes its value."""

    text: str = ""
    noted: list[TracedStep] = field(default_factory=list)
    looked: dict[int, Hit] = field(default_factory=dict)
    """Where the tree has a lookup, by its node, what the row's value hit there."""

    def emit(self, node: nodes.Node) -> str:
        source = Emitter.emit(self, node)
        told = _told(node, self.text)
        if told is None:
            return source
        note = self.keep(self._noting(*told, id(node)), "n")
        return f"{note}({source})"

    def piped(self, node: nodes.Filter, source: str) -> str:
        lookups = lookups_in(node, self.names)
        if not lookups:
            return source
        compared = comparing(node, self.names)
        keys = {compared(key): key for one in lookups for key in reversed(one.content)}

        def look(value: Any) -> Any:
            entry = None if value is None else keys.get(compared(value))
            self.looked[id(node)] = NO_HIT if value is None else (entry is not None, entry)
            return value

        return f"{self.keep(look, 'p')}({source})"

    def _noting(self, kind: str, what: str, node: int) -> Callable[[Any], Any]:
        def note(value: Any) -> Any:
            self.noted.append(TracedStep(kind, what, value, *self.looked.get(node, NO_HIT)))
            return value

        return note


def trace(
    template: Expression, header: Header, resources: Resources, write: Writers | None, row: Sequence[Any]
) -> tuple[list[TracedStep], Any, BaseException | None]:
    """The values on the way of one row, in the order in which they come about; the last one; and what was raised instead.

    Without `write` the expression is a condition.
    """
    tracer = Tracer(Names(frozenset(header.columns), resources, header.text_only), text=template.text)
    compute = function_with(tracer, partial(source_of, template, write), header)
    try:
        return tracer.noted, compute(row), None
    except ROW_ERRORS as error:
        return tracer.noted, None, error


def _told(node: nodes.Node, text: str) -> tuple[str, str] | None:
    """What a part of an expression is called; None for what needs no line of its own."""
    if (column := column_of(node)) is not None:
        return COLUMN, column
    if isinstance(node, nodes.Filter):
        return FUNCTION, call_at(text, node.lineno, node.name)
    if isinstance(node, nodes.CondExpr):
        return CHOICE, "if"
    if isinstance(node, nodes.Compare):
        return OPERATOR, " ".join(COMPARING[one.op] for one in node.ops)
    return next(((OPERATOR, name) for kind, name in COMPUTING.items() if type(node) is kind), None)


_PARTS = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|.", re.DOTALL)


def call_at(text: str, at: int, name: str) -> str:
    """The call of a function as it is written in the text, which has its name at this position."""
    begin = text.find(name, max(at - 1, 0))
    written, depth = name, 0
    for part in _PARTS.findall(text[begin + len(name) :] if begin >= 0 else ""):
        if not depth and part != "(":
            break
        depth += {"(": 1, ")": -1}.get(part, 0)
        written += part
        if not depth:
            break
    return written
