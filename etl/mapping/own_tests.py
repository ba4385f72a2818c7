"""The mapping's own `tests:`: each gives rows of a stage's source and says one thing about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from etl.mapping.build import present
from etl.mapping.context import Context
from etl.mapping.own_tables import case_problems, cell_problems, small_table_problems
from etl.mapping.places import YamlPath
from etl.model import PAYLOADS, MappingTest, Problem, Stage
from etl.resources import load_schema
from etl.suggest import did_you_mean

OUTCOMES = ("expect", "reject", "filtered")
ROWS = ("given", "cases", "sources")


def own_test_problems(context: Context) -> Iterator[Problem]:
    stages = {stage.name: stage for stage in context.migration.stages if stage.name}
    indices = [index for index, _ in present(context.data.get("tests"))]
    for index, test in zip(indices, context.migration.tests, strict=True):
        path: YamlPath = ("tests", index)
        yield from _form(context, path)
        if test.stage in stages:
            yield from _test_of(context, path, stages[test.stage], test)
        elif test.stage:
            yield context.at((*path, "stage"), f"unknown stage '{test.stage}'{did_you_mean(test.stage, stages)}")


def _form(context: Context, path: YamlPath) -> Iterator[Problem]:
    """Which keys go together."""
    written: Any = context.document.data["tests"][path[-1]]
    table = written.get("cases")
    ends_in_fields = isinstance(table, Mapping) and "fields" in table
    named = [name for name in OUTCOMES if name in written or (name == "expect" and ends_in_fields)]
    if len(named) != 1:
        found = f"this one says {' and '.join(f'`{name}`' for name in named)}" if named else "this one says none"
        yield context.at(path, f"a test says one of `expect`, `reject` and `filtered`; {found}")
    if not any(name in written for name in ROWS):
        yield context.at(path, "a test has rows: write `given` for one, `cases` for many, `sources` for a query's")
    if "sources" in written and "given" in written:
        what = "the stage makes its rows of `sources`; leave out `given`, or give rows and no `sources`"
        yield context.at_key((*path, "given"), what)


def _test_of(context: Context, path: YamlPath, stage: Stage, test: MappingTest) -> Iterator[Problem]:
    data: Mapping[str, Any] = context.data["tests"][path[-1]]
    for column, value in data.get("given", {}).items():
        yield from cell_problems(context, stage.source, column, value, ((*path, "given", column)))
    if "cases" in data:
        yield from case_problems(context, path, stage, data)
    if "sources" in data:
        yield from small_table_problems(context, path, stage, test)
    yield from _fields(context, path, stage, data)


def _fields(context: Context, path: YamlPath, stage: Stage, data: Mapping[str, Any]) -> Iterator[Problem]:
    for name in data.get("expect") or {}:
        if name not in stage.fields:
            what = f"'{name}' is not among the stage's fields{did_you_mean(name, stage.fields)}"
            yield context.at_key((*path, "expect", name), what)
    known = _rejectable(stage)
    for index, name in present(data.get("reject")):
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
