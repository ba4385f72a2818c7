"""What a function has put right to answer: the same expression, in which the function gives its note in place of its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import nodes
from msgspec.structs import replace

from etl.expressions.functions.table import Function
from etl.expressions.names import Names
from etl.expressions.parsing import is_single, only, parse
from etl.model import Expression, Template


def noting_fields(fields: Mapping[str, Template], names: Names) -> Iterator[tuple[str, Expression]]:
    """The fields that a function gives which may have something to note."""
    for name, template in fields.items():
        if isinstance(template, Expression) and _is_noting(template, names):
            yield name, template


def _is_noting(template: Expression, names: Names) -> bool:
    pieces = parse(template.text)
    call = only(pieces) if is_single(pieces) else None
    return isinstance(call, nodes.Filter) and names.functions[call.name].note is not None


def noting_functions(functions: Mapping[str, Function]) -> Mapping[str, Function]:
    """The table, in which every function that may note something gives its note."""
    return {
        name: replace(one, call=one.note, bind=None, column=None, gives=None) if one.note is not None else one
        for name, one in functions.items()
    }
