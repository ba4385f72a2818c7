"""Which lookups a call in an expression names, and which of their entries a value hits, as the function compares them."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from jinja2 import nodes

from etl.expressions.functions.choice import letters
from etl.expressions.functions.table import LOOKUP, Resource
from etl.expressions.functions.values import as_text
from etl.expressions.names import Names
from etl.expressions.syntax import constant_arguments, resource_of


def lookups_in(node: nodes.Filter, names: Names) -> list[Resource]:
    """The lookups that the arguments of a call name."""
    arguments = [*node.args, *(pair.value for pair in node.kwargs)]
    found = [resource_of(node, one, names) for one in arguments]
    known = names.resources.get(LOOKUP, {})
    return [one for one in found if one and known.get(one.name) is one.content]


def comparing(node: nodes.Filter, names: Names) -> Callable[[object], str]:
    """What of a value, and of an entry's key, a call compares."""
    return as_text if _by(node, names) is None else lambda key: letters(as_text(key))


def _by(node: nodes.Filter, names: Names) -> object:
    constants = constant_arguments(node, names)
    if constants is None:
        named = (pair.value for pair in node.kwargs if pair.key == "by")
        return next((one.value for one in named if isinstance(one, nodes.Const)), None)
    args, kwargs = constants
    return inspect.signature(names.functions[node.name].call).bind(None, *args, **kwargs).arguments.get("by")
