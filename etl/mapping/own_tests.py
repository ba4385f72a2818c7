"""The mapping's own `tests:`: each gives a row of a stage's source and says one thing about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from etl.extract import KINDS
from etl.mapping.build import present
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.model import PAYLOADS, MappingTest, Problem, Stage
from etl.resources import load_schema
from etl.suggest import column_hint, did_you_mean

OUTCOMES = ("expect", "reject", "filtered")


def own_test_problems(context: Context) -> Iterator[Problem]:
    stages = {stage.name: stage for stage in context.migration.stages if stage.name}
    indices = [index for index, _ in present(context.data.get("tests"))]
    for index, test in zip(indices, context.migration.tests, strict=True):
        path: YamlPath = ("tests", index)
        yield from _outcome(context, path)
        if test.stage in stages:
            yield from _given(context, (*path, "given"), stages[test.stage], test)
            yield from _fields(context, path, stages[test.stage], test)
        elif test.stage:
            yield context.at((*path, "stage"), f"unknown stage '{test.stage}'{did_you_mean(test.stage, stages)}")


def _outcome(context: Context, path: YamlPath) -> Iterator[Problem]:
    written: Any = context.document.data["tests"][path[-1]]
    named = [name for name in OUTCOMES if name in written]
    if len(named) != 1:
        found = f"this one says {' and '.join(f'`{name}`' for name in named)}" if named else "this one says none"
        yield context.at(path, f"a test says one of `expect`, `reject` and `filtered`; {found}")


def _given(context: Context, path: YamlPath, stage: Stage, test: MappingTest) -> Iterator[Problem]:
    table, source = context.tables.get(stage.source), context.migration.sources.get(stage.source)
    known = None if table is None else context.columns(stage.source, table)
    text_only = source is not None and KINDS[source.kind].text_only
    for column, value in test.given.items():
        where = (*path, column)
        if known is not None and column not in known:
            yield context.at_key(where, f"unknown column '{column}'{column_hint(column, known)}")
        elif text_only and not isinstance(value, str):
            yield context.at(where, f"all cells of this source are text: put this '{column}' in quotes{_blank(value)}")


def _blank(value: object) -> str:
    return ' (a blank one is "")' if value is None else ""


def _fields(context: Context, path: YamlPath, stage: Stage, test: MappingTest) -> Iterator[Problem]:
    for name in test.expect or {}:
        if name not in stage.fields:
            what = f"'{name}' is not among the stage's fields{did_you_mean(name, stage.fields)}"
            yield context.at_key((*path, "expect", name), what)
    known = _rejectable(stage)
    for index, name in present(context.data["tests"][path[-1]].get("reject")):
        # A part of a nested field is named by its path: extra_field.points
        if name.split(".")[0] not in known:
            what = f"'{name}' is not among the stage's fields{did_you_mean(name, known)}"
            yield context.at((*path, "reject", index), what)


def _rejectable(stage: Stage) -> list[str]:
    """What a row can be rejected for: its fields, those the payload wants, and a `where` or `settled` that cannot be computed."""
    schema: Mapping[str, Any] = load_schema(stage.payload) if stage.payload in PAYLOADS else {}
    wanted = [name for name in schema.get("properties", {}) if name not in stage.fields]
    conditions = {"where": stage.where, "settled": stage.settled}
    return [*stage.fields, *wanted, *(name for name, condition in conditions.items() if condition is not None)]
