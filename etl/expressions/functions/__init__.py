"""The functions that mappings may call: one table, name to entry. `etl functions` and docs/functions.md print it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from etl.expressions.functions import (
    choice,
    code,
    contact,
    country,
    date,
    digest,
    foreign,
    number,
    password,
    pattern,
    place,
    serial,
    text,
    turkish,
)
from etl.expressions.functions.table import Function

GROUPS = ("text", "number", "date", "contact", "choice", "code")
"""The groups in the order people read them."""


def table_of(functions: Iterable[Function]) -> Mapping[str, Function]:
    """Functions by name, in the order of GROUPS and then of names. Refuses a name that is there twice."""
    table: dict[str, Function] = {}
    for function in sorted(functions, key=lambda one: (GROUPS.index(one.group), one.name)):
        if function.name in table:
            raise ValueError(f"two functions are named '{function.name}'; rename one")
        table[function.name] = function
    return table


MODULES = (
    text,
    turkish,
    pattern,
    number,
    date,
    serial,
    contact,
    country,
    place,
    choice,
    code,
    foreign,
    password,
    digest,
)
TABLE = table_of(function for module in MODULES for function in module.FUNCTIONS)
