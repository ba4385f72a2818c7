"""The types of values, as far as they can be told without a row, and what is asked of them where they stand.

A cell of a CSV is text, `money` gives a number, a comparison true or false: so that a mapping in which '0' would count as true,
or a text be compared with a number, is refused before a row is read. What a JSON file or a workbook holds is not known: there
the operators (operators.py) refuse the same for the row.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import product
from numbers import Number
from typing import Any

from jinja2 import nodes

from etl.expressions.functions.table import LOOKUP
from etl.expressions.names import Flaw, Names, column_of
from etl.expressions.parsing import levels, start
from etl.findings import Words, sentence, shown

COMPUTING = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/", nodes.FloorDiv: "//", nodes.Mod: "%",
}  # fmt: skip
SIGNS = {nodes.Neg: "-", nodes.Pos: "+"}
COMPARING = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in"}
ORDERING = frozenset(("<", "<=", ">", ">="))

SPOKEN: dict[type, str] = {
    str: "text", Decimal: "a number", bool: "true or false", datetime.date: "a date",
    datetime.datetime: "a date with a time", datetime.time: "a time", list: "a list", dict: "an object", type(None): "null",
    object: "no value that can be computed with",
}  # fmt: skip


def truth_wanted() -> Words:
    words = "text where true or false is asked for; `is not none` asks whether there is one, `| bool` reads a flag such as 0 or 1"
    return words, {}


def family(type_: type) -> type:
    """Numbers of any type are one family; everything else is its own."""
    if type_ is bool or type_ is str:
        return type_
    return Decimal if issubclass(type_, Number) else list if type_ is tuple else type_


def incomparable(operator: str, left: type, right: type) -> Words | None:
    """Why values of two types are not compared by an operator, and what to write instead. None when they are."""
    one, other = family(left), family(right)
    if operator in ORDERING and type(None) in (one, other):
        return "null is neither more nor less than anything; write `is not none and` before it, or `| default(0)`", {}
    if type(None) in (one, other):
        return None
    if one is not other:
        return _reading(one, other)
    if operator in ORDERING and one not in (Decimal, datetime.date, datetime.datetime, datetime.time):
        words = "'{operator}' compares numbers and dates; write `| int`, `| money` or `| date` on both sides"
        return words, {"operator": operator}
    return None


def _reading(one: type, other: type) -> Words:
    """How values of two different types become comparable."""
    if {one, other} == {datetime.date, datetime.datetime}:
        return "write `| date` after the one, or `| datetime` after the other", {}
    if str in (one, other) and (found := other if one is str else one) in _READ_AS:
        return _READ_AS[found], {}
    if {one, other} == {Decimal, bool}:
        return "read the number with `| bool`", {}
    return "they are never equal", {}


_READ_AS = {
    Decimal: "put the number in quotes, or read the text with `| int` or `| money`",
    bool: "read the text with `| bool`",
    datetime.date: "read the text with `| date`",
    datetime.datetime: "read the text with `| datetime`",
    datetime.time: "write `| text` after the time, which makes 12:00:00 of noon",
}


def type_of(node: nodes.Node, names: Names) -> type | None:
    """The type of what an expression gives when that is not null; None: it depends on the row."""
    if column_of(node) is not None:
        return str if names.text_only else None
    if isinstance(node, nodes.Const):
        return type(node.value)
    if isinstance(node, nodes.Filter):
        function = names.functions.get(node.name)
        return str if _gives_text(node, names) else function.gives if function is not None else None
    if isinstance(node, nodes.Getitem):
        return str if type_of(node.node, names) is str else None
    if isinstance(node, nodes.Or):
        return bool if is_condition(node, names) else _either(node.left, node.right, names)
    if isinstance(node, nodes.CondExpr):
        return _either(node.expr1, node.expr2, names)
    return next((type_ for kind, type_ in GIVES.items() if isinstance(node, kind)), None)


def _gives_text(node: nodes.Filter, names: Names) -> bool:
    """Whether a function that gives what it is given (a `default`, a `lookup`) has texts alone to give, and null."""
    if node.name == "default":
        instead = _instead(node)
        return len(instead) == 1 and node.node is not None and _either(node.node, instead[0], names) is str
    entries = _types_of_entries(node, names)
    if not entries or not {str, type(None)}.issuperset(entries):
        return False
    return all(type_of(one, names) in (str, type(None)) for one in _instead(node))


MOST_ENTRIES = 10_000
"""A lookup of more is not looked through for each expression that names it."""

GIVES: dict[Any, type] = {
    (nodes.Test, nodes.Not, nodes.Compare, nodes.And): bool,
    (nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos): Number,
    (nodes.Concat,): str, (nodes.List, nodes.Tuple): list, (nodes.Dict,): dict,
}  # fmt: skip


def _either(one: nodes.Node, other: nodes.Node | None, names: Names) -> type | None:
    """The type of one of two; null beside it changes nothing."""
    found = {type_of(each, names) for each in (one, other) if each is not None} - {type(None)}
    return next(iter(found)) if len(found) == 1 else None


def is_condition(node: nodes.Or, names: Names) -> bool:
    """Whether an `or` asks if either is true, rather than for the first that is not null. The left one says so.

    What may be false in the row is a value: `{{ active or status == '1' }}` gives the false of a JSON's `active`. Beside a
    condition a text is meant as one, which is refused. A `true` on the right would always be the answer: it stands in for null.
    """
    left = type_of(node.left, names)
    if left is bool:
        return not (isinstance(node.right, nodes.Const) and isinstance(node.right.value, bool))
    looked_up = isinstance(node.left, nodes.Filter) and node.left.name == "lookup"
    return left is str and not looked_up and type_of(node.right, names) is bool


def is_never_null(node: nodes.Node) -> bool:
    """Whether an expression gives true or false for every row that it can be computed for: a comparison, `not`, `is none`."""
    if isinstance(node, nodes.And | nodes.Or):
        return is_never_null(node.left) and is_never_null(node.right)
    return isinstance(node, nodes.Test | nodes.Not | nodes.Compare)


def type_faults(tree: nodes.Node, names: Names, *, condition: bool) -> Iterator[Flaw]:
    """Where a tree puts a value of a type that can be told to a use that this type has none of."""
    if condition:
        yield from _asked(tree, names)
    for level in levels(tree):
        for node in level:
            for asked in _conditions(node, names):
                yield from _asked(asked, names)
            yield from _operand_faults(node, names)


def _conditions(node: nodes.Node, names: Names) -> Sequence[nodes.Node]:
    """The parts of a node that have to be true or false."""
    if isinstance(node, nodes.CondExpr):
        return [node.test]
    if isinstance(node, nodes.Not):
        return [node.node]
    if isinstance(node, nodes.And) or (isinstance(node, nodes.Or) and is_condition(node, names)):
        return [node.left, node.right]
    return []


def _asked(node: nodes.Node, names: Names) -> Iterator[Flaw]:
    """The fault of an expression that is text, or always the same, where true or false is asked for."""
    for part, given in _types(node, names):
        if given is str:
            yield Flaw(f"{_named(part)} is {sentence(*truth_wanted())}", start(part))
        elif isinstance(part, nodes.List | nodes.Tuple | nodes.Dict):
            always = "true" if part.items else "false"
            yield Flaw(f"{_named(part)} is written out, so it is always {always}: ask for what is in it", start(part))


def _types(node: nodes.Node, names: Names) -> Iterator[tuple[nodes.Node, type | None]]:
    """The parts of an expression that may be what it gives, each with its type, where it can be told."""
    if isinstance(node, nodes.CondExpr):
        parts = [node.expr1, *([] if node.expr2 is None else [node.expr2])]
    elif isinstance(node, nodes.Or) and not is_condition(node, names):
        parts = [node.left, node.right]
    elif isinstance(node, nodes.Filter) and node.name in ("default", "lookup"):
        parts = [*([node.node] if node.name == "default" and node.node is not None else []), *_instead(node)]
        # What a lookup of several types gives only a row shows.
        entries = {family(given) for given in _types_of_entries(node, names)} - {type(None)}
        yield node, next(iter(entries)) if len(entries) == 1 else None
    else:
        yield node, type_of(node, names)
        return
    for part in parts:
        yield from _types(part, names)


def _instead(call: nodes.Filter) -> list[nodes.Expr]:
    """What a call of `default` or `lookup` gives in place of what there is not."""
    named = [pair.value for pair in call.kwargs if pair.key in ("default", "instead")]
    return [*(call.args if call.name == "default" else call.args[1:2]), *named]


def _types_of_entries(call: nodes.Filter, names: Names) -> list[type]:
    """Those of what a lookup has; none of one that is too large to be looked through, or of another function."""
    given = [*call.args[:1], *(pair.value for pair in call.kwargs if pair.key == "table")]
    if call.name != "lookup" or not given or not isinstance(given[0], nodes.Const):
        return []
    entries = names.resources.get(LOOKUP, {}).get(given[0].value, {})
    return [*dict.fromkeys(map(type, entries.values()))] if len(entries) <= MOST_ENTRIES else []


def _operand_faults(node: nodes.Node, names: Names) -> Iterator[Flaw]:
    if isinstance(node, nodes.BinExpr) and type(node) in COMPUTING:
        for side in (node.left, node.right):
            yield from _not_a_number(side, COMPUTING[type(node)], names)
    elif isinstance(node, nodes.UnaryExpr) and type(node) in SIGNS:
        yield from _not_a_number(node.node, SIGNS[type(node)], names)
    elif isinstance(node, nodes.Compare):
        left = node.expr
        for operand in node.ops:
            yield from _comparison_faults(COMPARING[operand.op], left, operand.expr, names)
            left = operand.expr
    elif isinstance(node, nodes.Getattr | nodes.Getitem) and column_of(node) is None:
        yield from _no_parts(node, names)


def _no_parts(node: nodes.Getattr | nodes.Getitem, names: Names) -> Iterator[Flaw]:
    """Of a value that has none of the kind that is asked for."""
    given = type_of(node.node, names)
    named = isinstance(node, nodes.Getattr) or type_of(node.arg, names) is str
    if given is None or given is type(None) or given is dict or (not named and given in (str, list, tuple)):
        return
    what = f"{_named(node.node)} is {SPOKEN[family(given)]}, and "
    if named:
        of_text = "; `| json` reads one out of a text" if given is str else ""
        yield Flaw(f"{what}only an object of JSON has named values{of_text}", start(node))
    else:
        yield Flaw(f"{what}only a list or a text has parts that are counted", start(node))


def _not_a_number(node: nodes.Node, operator: str, names: Names) -> Iterator[Flaw]:
    # Lists are added, and null may stand for a number that is missing in this row.
    usual = {None, type(None), *([list] if operator == "+" else [])}
    for part, given in _types(node, names):
        if given not in usual and family(given or Decimal) is not Decimal:
            what = f"{_named(part)} is {SPOKEN[family(given or str)]}, and {sentence(*computes(operator))}"
            yield Flaw(what, start(part))
            return


def computes(operator: str) -> Words:
    """What an operator wants, and how a text becomes it."""
    words = "'{sign}' computes with numbers: write `| int`, `| money` or `| decimal`"
    if operator == "+":
        words = "'{sign}' computes with numbers: write `| int`, `| money` or `| decimal`; `~` joins texts"
    return words, {"sign": operator}


def _comparison_faults(operator: str, left: nodes.Node, right: nodes.Node, names: Names) -> Iterator[Flaw]:
    one = type_of(left, names)
    listed = operator in ("in", "not in")
    others = right.items if listed and isinstance(right, nodes.List | nodes.Tuple) else [] if listed else [right]
    if listed and one not in (None, str, type(None)) and type_of(right, names) is str:
        pair = f"{_named(left)} is {SPOKEN[family(one or str)]} and {_named(right)} is text: "
        yield Flaw(pair + sentence(*looks_for()), start(left))
    if operator not in ORDERING:
        yield from _empty_text(operator, left, others, names)
    found = (_incomparable(operator, (left, node), names) for node in others)
    if (what := next(filter(None, found), None)) is not None:
        yield Flaw(what, start(left))


def _incomparable(operator: str, sides: tuple[nodes.Node, nodes.Node], names: Names) -> str | None:
    """Why two sides are not compared, whatever part of them it is that they come to; a null of a part is not looked at."""
    for (left, one), (right, other) in product(*(_types(side, names) for side in sides)):
        null, whole = type(None) in (one, other), (left, right) == sides
        why = None if one is None or other is None or (null and not whole) else incomparable(operator, one, other)
        if one is None or other is None or why is None:
            continue
        if null:
            return sentence(*why)
        pair = f"{_named(left)} is {SPOKEN[family(one)]} and {_named(right)} is {SPOKEN[family(other)]}: "
        inner = [
            (part, wanted)
            for part, side, wanted in zip((left, right), sides, (other, one), strict=True)
            if part is not side
        ]
        instead = (_in_place_of(part, wanted) for part, wanted in inner if isinstance(part, nodes.Const))
        return pair + next(instead, sentence(*why))
    return None


def _in_place_of(part: nodes.Node, wanted: type) -> str:
    return f"write {SPOKEN[family(wanted)]} in place of {_named(part)}"


def looks_for() -> Words:
    return "'in' looks for a value in a list, for text in text, for a name in an object", {}


def _empty_text(operator: str, left: nodes.Node, others: Sequence[nodes.Node], names: Names) -> Iterator[Flaw]:
    """A comparison with '', which no cell of text is and no function gives: `!= ''` would keep the blank ones."""
    sides = [(left, other) for other in others] + [(other, left) for other in others]
    for text, other in sides:
        empty = isinstance(other, nodes.Const) and other.value == ""
        if empty and _is_never_blank(text, names):
            instead = "is none" if operator in ("==", "in") else "is not none"
            yield Flaw(
                f"{_named(text)} is never an empty text, as a blank cell is null: write `{instead}`", start(text)
            )
            return


def _is_never_blank(node: nodes.Node, names: Names) -> bool:
    """Whether this is a cell, or what a function made of one that gives text or null."""
    if column_of(node) is not None:
        return names.text_only or names.trims
    made = isinstance(node, nodes.Filter) and node.name not in ("default", "lookup")
    return names.text_only and made and type_of(node, names) is str


def _named(node: nodes.Node) -> str:
    """A part of an expression as a sentence begins with it."""
    column = column_of(node)
    if column is not None:
        return f"'{column}'"
    if isinstance(node, nodes.Filter):
        return f"what `{node.name}` gives"
    if isinstance(node, nodes.Const):
        return shown(node.value)
    return "this"
