"""Checked -> the same with its rows at hand: what a mapping uses of a database is fetched, and nothing else of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from etl.expressions import columns_in
from etl.extract import fetched_all
from etl.mapping import Checked
from etl.model import Expression, Stage, Template


def with_rows(checked: Checked, stages: Iterable[Stage]) -> Checked:
    """Fetch, one after another and all of one moment, what these stages take from databases. Raises SourceError."""
    used = columns_used(stages)
    # The shop's transactions end here; preparing takes its time.
    try:
        tables = fetched_all({name: checked.tables[name] for name in used}, used)
    finally:
        checked.connections.release()
    return replace(checked, tables={**checked.tables, **tables})


def columns_used(stages: Iterable[Stage]) -> dict[str, set[str]]:
    """For each source of these stages, the columns that their expressions read."""
    used: dict[str, set[str]] = {}
    for stage in stages:
        found = used.setdefault(stage.source, set())
        for expression in _expressions((stage.key, stage.where, dict(stage.fields))):
            found.update(columns_in(expression.text))
    return used


def _expressions(template: Template) -> Iterator[Expression]:
    if isinstance(template, Expression):
        yield template
    elif isinstance(template, tuple):
        for inner in template:
            yield from _expressions(inner)
    elif isinstance(template, Mapping):
        for inner in template.values():
            yield from _expressions(inner)
