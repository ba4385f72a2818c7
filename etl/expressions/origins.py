"""What the value of an expression is made of, on each of the ways by which it may come about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import chain, islice, product

from jinja2 import nodes
from msgspec import Struct
from msgspec.structs import replace

from etl.expressions.names import column_of
from etl.expressions.parsing import parse

MOST_WAYS = 64
"""Of more ways the others are not looked at."""

DIGEST = "digest"
UNUSABLE = "unusable_password"
UNTOLD = frozenset(("lookup", UNUSABLE))
"""Functions whose value is told neither by the row nor by the mapping's expressions."""
KEEPS = frozenset(("ascii", "lower", "normalize_space", "password", "text", "trim"))
"""Functions that give a digest in small hexadecimal digits back as it is."""


class Way(StrEnum):
    """When a value comes about so: always, where another one is null, or in one branch of an `if`."""

    ALWAYS = "always"
    INSTEAD = "instead"
    BRANCH = "branch"


class Origin(Struct, frozen=True):
    """One way. `columns`: each with whether a digest is made of it here. `text`: of constants alone. `untold`: other things
    stand in it, too. `unusable`: it is what UNUSABLE made, or a digest of that; `changed_by`: it was, until this made another
    text of it: a function's name, or "" for what is put together."""

    way: Way = Way.ALWAYS
    columns: tuple[tuple[str, bool], ...] = ()
    text: str | None = None
    untold: bool = False
    unusable: bool = False
    changed_by: str | None = None


def origins(text: str) -> list[Origin]:
    """Raises ExpressionError for what is no expression."""
    pieces = [[Origin(text=one)] if isinstance(one, str) else _origins(one) for one in parse(text)]
    return pieces[0] if len(pieces) == 1 else _joined(pieces)


def _origins(node: nodes.Node) -> list[Origin]:
    if (column := column_of(node)) is not None:
        return [Origin(columns=((column, False),))]
    if isinstance(node, nodes.Const):
        return [Origin(text="" if node.value is None else str(node.value))]
    if isinstance(node, nodes.Or):
        return [*_origins(node.left), *_by(Way.INSTEAD, node.right)]
    if isinstance(node, nodes.CondExpr):
        return [one for branch in (node.expr1, node.expr2) if branch is not None for one in _by(Way.BRANCH, branch)]
    if isinstance(node, nodes.Filter) and node.node is not None:
        return _of_function(node, _origins(node.node))
    return _joined(map(_origins, node.iter_child_nodes()))


def _by(way: Way, node: nodes.Node) -> list[Origin]:
    """Those of a part that stands in on a way: the outermost way is the one that tells."""
    return [replace(one, way=way) for one in _origins(node)]


def _of_function(node: nodes.Filter, piped: list[Origin]) -> list[Origin]:
    named = {str(pair.key): pair.value for pair in node.kwargs}
    if node.name == "default":
        return [*piped, *(one for value in (*node.args, *named.values()) for one in _by(Way.INSTEAD, value))]
    instead = [] if "default" not in named else _by(Way.INSTEAD, named.pop("default"))
    if node.name in UNTOLD:
        return [Origin(untold=True, unusable=node.name == UNUSABLE), *instead]
    if node.name == DIGEST:
        return [*map(_hashed, piped), *instead]
    given = _joined(map(_origins, (*node.args, *named.values())))
    return [*(_changed(one, more, node.name) for one in piped for more in given[:1]), *instead]


def _changed(one: Origin, more: Origin, function: str) -> Origin:
    columns = one.columns + more.columns
    if one.unusable and function in KEEPS:
        return replace(one, columns=columns)
    changed_by = function if one.unusable or more.unusable else one.changed_by or more.changed_by
    return replace(one, columns=columns, unusable=False, changed_by=changed_by)


def _hashed(one: Origin) -> Origin:
    return replace(one, columns=tuple((name, True) for name, _ in one.columns), text=None)


def _joined(parts: Iterable[Sequence[Origin]]) -> list[Origin]:
    """Those of what several parts make together."""
    return [_one_of(ways) for ways in islice(product(*parts), MOST_WAYS)]


def _one_of(parts: Sequence[Origin]) -> Origin:
    if len(parts) == 1:
        return parts[0]
    texts = [one.text for one in parts if one.text is not None]
    changed = [one.changed_by or "" for one in parts if one.unusable or one.changed_by is not None]
    return Origin(
        next((one.way for one in parts if one.way is not Way.ALWAYS), Way.ALWAYS),
        tuple(dict.fromkeys(chain.from_iterable(one.columns for one in parts))),
        "".join(texts) if len(texts) == len(parts) else None,
        any(one.untold for one in parts),
        changed_by=max(changed, default=None),
    )
