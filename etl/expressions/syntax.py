"""Read an expression and find everything wrong with it. Evaluates nothing.

Jinja's parser gives the tree; which of its nodes mean something here is the table `READERS`. What is not in the table
(calls, loops, imports, powers) is refused, so a mapping can compute and do nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain
from typing import Any

from jinja2 import nodes

from etl.expressions.functions import TABLE
from etl.expressions.functions.table import Function, Parameter, Resource, signature
from etl.expressions.names import ROW, Flaw, Names, column_of, columns_in
from etl.expressions.parsing import ExpressionError, Piece, expressions, is_single, only, parse
from etl.expressions.types import type_faults
from etl.findings import Sentence, or_perhaps, said
from etl.suggest import did_you_mean, nearest, perhaps, why_unknown

__all__ = [
    "ExpressionError",
    "Flaw",
    "Names",
    "Piece",
    "column_of",
    "columns_in",
    "constant_arguments",
    "faults",
    "is_single",
    "only",
    "parse",
    "resource_of",
]

TESTS = ("none",)


def faults(text: str, names: Names, *, condition: bool = False) -> list[Flaw]:
    """Everything wrong with an expression, in the order of the text. A `condition` has to be true or false."""
    try:
        trees = expressions(text)
    except ExpressionError as error:
        return [Flaw(str(error), error.at)]
    found = [_pointed(text, fault) for tree in trees for fault in _faults(tree, names)]
    if not found:
        found = [fault for tree in trees for fault in type_faults(tree, names, condition=condition)]
    return sorted(dict.fromkeys(found), key=lambda fault: fault.at)


def is_computed(text: str) -> bool:
    """Whether a text without fault is one expression and nothing around it."""
    return is_single(parse(text))


def _pointed(text: str, fault: Flaw) -> Flaw:
    found = text.rfind(fault.word, 0, fault.at) if fault.back else text.find(fault.word, fault.at)
    return Flaw(fault.what, found if found >= 0 else fault.at)


def _faults(node: nodes.Node, names: Names) -> Iterator[Flaw]:
    column = column_of(node)
    if column is not None:
        yield from _column_faults(column, node, names)
        return
    reader = READERS.get(type(node))
    if reader is None:
        yield Flaw(f"{_spoken(node)} is not available in an expression", node.lineno, _sign(node))
        return
    yield from reader(node, names)
    for child in _children(node):
        yield from _faults(child, names)


def _children(node: nodes.Node) -> Iterable[nodes.Node]:
    """What is inside a node. What a call calls is no column, so of a call only the arguments are looked at."""
    return [*node.args, *node.kwargs] if isinstance(node, nodes.Call) else node.iter_child_nodes()


def _spoken(node: nodes.Node) -> str:
    return {"Pow": "a power (**)"}.get(type(node).__name__, type(node).__name__.lower())


def _sign(node: nodes.Node) -> str:
    return "**" if isinstance(node, nodes.Pow) else ""


def _column_faults(column: str, node: nodes.Node, names: Names) -> Iterator[Flaw]:
    known = names.columns is not None and column in names.columns
    if column == ROW and isinstance(node, nodes.Name):
        yield Flaw("'row' reaches one column at a time: write row['column name']", node.lineno)
    elif column.startswith("_") and not known:
        yield Flaw(f"'{column}' begins with '_', which an expression may not reach", node.lineno, column)
    elif names.columns is not None and not known:
        yield Flaw(_unknown_column(column, names.columns, names), node.lineno, column)


def _unknown_column(column: str, there: Set[str], names: Names) -> Sentence:
    line = said("unknown column '{column}'", column=column)
    if column.lower() in ("null", "nil", "undefined"):
        return said("{line}; null is written `none`", line=line)
    why = why_unknown(column, there, names.used, names.absent)
    return or_perhaps(line, column, there) if why is None else said("{line}; {why}", line=line, why=why)


def _unknown_function(name: str, known: Iterable[str]) -> Sentence:
    line = said("unknown function '{name}'", name=name)
    near = nearest(name, known)
    if near:
        return said("{line}; did you mean '{near}'?", line=line, near=near)
    return said("{line}; `etl functions` lists them", line=line)


def _fine(node: Any, names: Names) -> Iterator[Flaw]:
    return iter(())


def _attribute_faults(node: nodes.Getattr, names: Names) -> Iterator[Flaw]:
    if node.attr.startswith("_"):
        yield Flaw(f"'{node.attr}' begins with '_', which an expression may not reach", node.lineno, node.attr)


def _item_faults(node: nodes.Getitem, names: Names) -> Iterator[Flaw]:
    if isinstance(node.arg, nodes.Const) and str(node.arg.value).startswith("_"):
        name = str(node.arg.value)
        yield Flaw(f"'{name}' begins with '_', which an expression may not reach", node.lineno, name)


def _call_faults(node: nodes.Call, names: Names) -> Iterator[Flaw]:
    called = node.node
    name = str(getattr(called, "attr", None) or getattr(called, "name", None) or "...")
    piped = "value" if isinstance(called, nodes.Name) else "it"
    advice = f"write {piped} | {name}" if name in names.functions else "a function is called as value | name"
    yield Flaw(f"'{name}(...)' is a call, and calls are not available; {advice}", called.lineno, name)


def _test_faults(node: nodes.Test, names: Names) -> Iterator[Flaw]:
    if node.name not in TESTS:
        what = f"unknown test 'is {node.name}'; there is 'is none', and the function `blank`"
        yield Flaw(what, node.lineno, node.name)


def _function_faults(node: nodes.Filter, names: Names) -> Iterator[Flaw]:
    function = names.functions.get(node.name)
    if function is None:
        yield Flaw(_unknown_function(node.name, names.functions), node.lineno)
    elif node.dyn_args is not None or node.dyn_kwargs is not None:
        yield Flaw(f"{signature(function)} takes no * or ** arguments", node.lineno)
    else:
        yield from argument_faults(function, node, names)


def _pairs(node: nodes.Filter) -> list[Any]:
    """A call's keyword arguments. (Jinja's types call them pairs; its parser makes them Keywords.)"""
    return list(node.kwargs)


def _keywords(node: nodes.Filter) -> list[str]:
    return [str(pair.key) for pair in _pairs(node)]


def argument_faults(function: Function, node: nodes.Filter, names: Names) -> Iterator[Flaw]:
    # A parameter written with * takes all that remain, and is not given by its name.
    known = [one.name for one in function.parameters if not one.name.startswith("*") and not one.given]
    given = _keywords(node)
    for keyword in given:
        if keyword not in known:
            what = f"{signature(function)} has no parameter '{keyword}'{did_you_mean(keyword, known)}"
            yield Flaw(what, node.lineno, keyword)
            return
        if given.count(keyword) > 1:
            yield Flaw(f"{signature(function)} is given '{keyword}' twice", node.lineno, keyword)
            return
    unfit = number_fault(function, len(node.args), given)
    if unfit is not None:
        yield Flaw(f"{signature(function)} {unfit}", node.lineno)
        return
    found = [fault for parameter in function.parameters for fault in _resource_faults(function, parameter, node, names)]
    found += [fault for parameter in function.parameters for fault in _choice_faults(function, parameter, node)]
    yield from found or _constant_argument_faults(function, node, names)


def number_fault(function: Function, places: int, given: Sequence[str]) -> str | None:
    """What is wrong with so many arguments by their places, and these by name; None when the function can be called so."""
    takes = list(inspect.signature(function.call).parameters.values())[1:]
    by_place = [one.name for one in takes if one.kind is one.POSITIONAL_OR_KEYWORD]
    engines = [one.name for one in function.parameters if one.given]
    filled = [*by_place[:places], *given, *engines]
    if places > len(by_place) and not any(one.kind is one.VAR_POSITIONAL for one in takes):
        return f"takes {_arguments(len(by_place))}"
    for name in given:
        if filled.count(name) > 1:
            return f"is given '{name}' twice"
    needed = [one.name for one in takes if one.default is one.empty and one.kind is not one.VAR_POSITIONAL]
    missing = next((name for name in needed if name not in filled), None)
    return None if missing is None else f"needs '{missing}'"


def _arguments(most: int) -> str:
    return "no arguments" if most == 0 else "1 argument at most" if most == 1 else f"{most} arguments at most"


def _constant_argument_faults(function: Function, node: nodes.Filter, names: Names) -> Iterator[Flaw]:
    constants = constant_arguments(node, names)
    if function.bind is not None and constants is not None:
        args, kwargs = constants
        try:
            function.bind(*args, **kwargs)
        except (ValueError, TypeError) as error:
            yield Flaw(f"{signature(function)}: {error}", node.lineno)


def _resource_faults(function: Function, parameter: Parameter, node: nodes.Filter, names: Names) -> Iterator[Flaw]:
    name = _argument_of(function, parameter, node) if parameter.resource else None
    if name is None:
        return
    kind, known = parameter.resource, names.resources.get(parameter.resource, {})
    if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
        what = f"{function.name} wants the name of a {kind} in quotes: {function.name}('{next(iter(known), 'name')}')"
        yield Flaw(what, node.lineno)
    elif name.value not in known:
        yield Flaw(f"unknown {kind} '{name.value}'{did_you_mean(name.value, known)}", name.lineno, name.value)


def _choice_faults(function: Function, parameter: Parameter, node: nodes.Filter) -> Iterator[Flaw]:
    """A word that is none of those a parameter takes, or that only a row would tell."""
    given = _argument_of(function, parameter, node) if parameter.choices else None
    if given is None or (isinstance(given, nodes.Const) and given.value in parameter.choices):
        return
    known = " or ".join(repr(one) for one in parameter.choices)
    near = perhaps(str(given.value), parameter.choices) if isinstance(given, nodes.Const) else ""
    word = str(given.value) if isinstance(given, nodes.Const) else ""
    yield Flaw(f"{signature(function)}: {parameter.name} is {known}, in quotes{near}", given.lineno, word)


def _argument_of(function: Function, parameter: Parameter, node: nodes.Filter) -> nodes.Expr | None:
    """What a call gives a parameter, by its place or its name; None when it leaves it out."""
    place = function.parameters.index(parameter)
    named = (pair.value for pair in _pairs(node) if pair.key == parameter.name)
    return node.args[place] if place < len(node.args) else next(named, None)


def resource_of(node: nodes.Filter, argument: nodes.Expr, names: Names) -> Resource | None:
    """The resource that this argument of a call names; None when it is an argument like any other."""
    function = names.functions[node.name]
    for parameter in function.parameters:
        if parameter.resource and _argument_of(function, parameter, node) is argument:
            name = str(literal(argument))
            return Resource(name, names.resources[parameter.resource][name])
    return None


def given_resources(function: Function, names: Names) -> dict[str, Resource]:
    """What the engine gives to a call beside its arguments, by the names of the parameters."""
    given = [one for one in function.parameters if one.given]
    return {one.name: Resource(str(one.default), names.resources[one.resource][str(one.default)]) for one in given}


def is_column(text: str) -> bool:
    """Whether an expression without fault is a column and nothing else, of which the value is what the cell has."""
    pieces = parse(text)
    return is_single(pieces) and column_of(only(pieces)) is not None


def uses_resource(text: str, kind: str) -> bool:
    """Whether an expression calls a function that needs a resource of a kind."""
    known = (TABLE.get(name) for name, _ in uses(text))
    return any(one.resource == kind for function in known if function is not None for one in function.parameters)


Use = tuple[str, tuple[str, ...]]
"""A function that an expression calls, and the resources that it is given there by their names."""


def uses(text: str) -> list[Use]:
    """The calls of an expression, in the order in which they stand. Raises ExpressionError for what is none."""
    trees = (tree for tree in parse(text) if isinstance(tree, nodes.Expr))
    calls = chain.from_iterable(_calls(tree) for tree in trees)
    return [(call.name, tuple(_resources_named(call))) for call in sorted(calls, key=lambda call: call.lineno)]


def _calls(tree: nodes.Expr) -> Iterator[nodes.Filter]:
    if isinstance(tree, nodes.Filter):
        yield tree
    yield from tree.find_all(nodes.Filter)


def _resources_named(call: nodes.Filter) -> Iterator[str]:
    function = TABLE.get(call.name)
    for parameter in () if function is None else function.parameters:
        argument = _argument_of(function, parameter, call) if function and parameter.resource else None
        if isinstance(argument, nodes.Const):
            yield str(argument.value)


GivingResource = tuple[str, object, bool]
"""A resource that gives a value; the constant beside it (`default=`), or None; whether what follows replaces null."""


def resources_giving(text: str, kind: str, names: Names) -> list[GivingResource]:
    """The resources of a kind that give an expression its value, as in `{{ code | lookup('status') | default('550') }}`."""
    pieces = parse(text)
    return list(_giving(only(pieces), kind, names, filled=False)) if is_single(pieces) else []


def _giving(node: nodes.Node, kind: str, names: Names, *, filled: bool) -> Iterator[GivingResource]:
    """Through a `default` and both sides of an `if`. `filled`: null is replaced later."""
    if isinstance(node, nodes.CondExpr):
        for one in (node.expr1, node.expr2):
            if one is not None:
                yield from _giving(one, kind, names, filled=filled)
    function = names.functions.get(node.name) if isinstance(node, nodes.Filter) else None
    if function is None or not isinstance(node, nodes.Filter):
        return
    if node.name == "default" and node.node is not None:
        yield from _giving(node.node, kind, names, filled=True)
    for parameter in function.parameters:
        argument = _argument_of(function, parameter, node) if parameter.resource == kind else None
        if isinstance(argument, nodes.Const):
            yield str(argument.value), _default_of(function, node), filled


def _default_of(function: Function, call: nodes.Filter) -> object:
    """The constant that a call gives as `default=`; None where there is none, or where it is computed."""
    given = [_argument_of(function, one, call) for one in function.parameters if one.name == "default"]
    return next((one.value for one in given if isinstance(one, nodes.Const)), None)


def constant_arguments(node: nodes.Filter, names: Names) -> tuple[list[Any], dict[str, Any]] | None:
    """A call's arguments when all of them are written out, else None. For the name of a resource: the resource."""

    def value(argument: nodes.Expr) -> Any:
        return resource_of(node, argument, names) or literal(argument)

    try:
        args = [value(argument) for argument in node.args]
        named = dict(zip(_keywords(node), [value(pair.value) for pair in _pairs(node)], strict=True))
        return args, named | given_resources(names.functions[node.name], names)
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


NodeReader = Callable[[Any, Names], Iterable[Flaw]]

READERS: Mapping[type[nodes.Node], NodeReader] = {
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
    nodes.Mul: _fine,
    nodes.Mod: _fine,
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
