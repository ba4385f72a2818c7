"""Stages: names, expressions, keys, and what refers to what."""

from __future__ import annotations

from collections.abc import Iterator

from etl.expressions import Names, summand
from etl.expressions.syntax import is_computed
from etl.mapping.build import present
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.mapping.templates import is_constant, leaves
from etl.measures.money import AMOUNTS
from etl.model import Expression, Problem, Stage
from etl.suggest import column_hint, did_you_mean


def placed_stages(context: Context) -> list[tuple[YamlPath, Stage]]:
    """The stages, each with its path in the document."""
    indices = [index for index, _ in present(context.data.get("stages"))]
    return [(("stages", index), stage) for index, stage in zip(indices, context.migration.stages, strict=True)]


def stage_problems(context: Context) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for path, stage in placed_stages(context):
        line = context.document.place(path).line
        if stage.name in seen:
            yield context.at((*path, "name"), f"a stage '{stage.name}' is already in line {seen[stage.name]}")
        yield from _source(context, path, stage)
        yield from _expressions(context, path, stage)
        yield from _own_fields(context, path, stage)
        yield from _totals(context, (*path, "totals"), stage)
        for name, parent in stage.refers.items():
            yield from _reference(context, (*path, "refers", name), stage, parent, set(seen))
        if stage.name:
            seen.setdefault(stage.name, line)


def _source(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    known = context.written("sources")
    # Without any source, that is the problem, and it has been told.
    if known and stage.source and stage.source not in known:
        yield context.at((*path, "from"), f"unknown source '{stage.source}'{did_you_mean(stage.source, known)}")


def _expressions(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    names = context.names(stage)
    for where, template in leaves((*path, "fields"), stage.fields):
        if isinstance(template, Expression):
            yield from context.expression_problems(where, template, names)
        elif isinstance(template, str) and "}}" in template:
            place = context.document.place_in(where, template, template.index("}}"))
            yield Problem(place, "a }} without its {{: this is sent as it stands; an expression is {{ ... }}")
    for name, single in (("where", stage.where), ("settled", stage.settled), ("key", stage.key)):
        if isinstance(single, Expression):
            found = context.expression_problems((*path, name), single, names, condition=name != "key")
            yield from found
            if name != "key" and not found and not is_computed(single.text):
                what = f"`{name}` is one expression: text around it makes a text of it"
                yield context.at((*path, name), what)


def _own_fields(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    """The key and what has to be unique are fields of the stage, and differ from row to row."""
    named: list[tuple[YamlPath, str]] = (
        [((*path, "key"), stage.key)] if isinstance(stage.key, str) and stage.key else []
    )
    written = context.data["stages"][path[-1]].get("unique")
    named += [((*path, "unique", index), name) for index, name in present(written)]
    for where, name in named:
        if name not in stage.fields:
            yield context.at(where, f"'{name}' is not among the stage's fields{did_you_mean(name, stage.fields)}")
        elif is_constant(stage.fields[name]):
            yield context.at(where, f"'{name}' is the same for every record, so it tells none from another")
    if stage.merges and not set(stage.unique) - {stage.key}:
        what = "merges nothing: name in `unique` by which field one record is another, as `unique: [email]`"
        yield context.at((*path, "duplicates"), what)


def _totals(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    """What is summed for an amount: columns that are there, or expressions."""
    amounts = AMOUNTS.get(stage.payload, ())
    names = context.names(stage)
    for field, summands in stage.totals.items():
        where = (*path, field)
        if field not in amounts:
            known = f"those of this payload are {', '.join(amounts)}" if amounts else "this payload has none"
            yield context.at_key(where, f"'{field}' is no amount of money; {known}{did_you_mean(field, amounts)}")
        elif field not in stage.fields:
            what = f"'{field}' is not among the stage's fields, so there is nothing to hold its total against"
            yield context.at_key(where, what)
        items = present(context.data["stages"][path[1]]["totals"][field])
        listed = isinstance(context.data["stages"][path[1]]["totals"][field], list)
        for (index, _), one in zip(items if listed else [(0, None)], summands, strict=True):
            yield from _summand(context, (*where, index) if listed else where, one, names)


def _summand(context: Context, path: YamlPath, one: Expression, names: Names) -> Iterator[Problem]:
    if summand(one) != one:
        if names.columns is not None and one.text not in names.columns:
            hint = column_hint(one.text, names.columns, names.used, names.absent)
            yield context.at(path, f"unknown column '{one.text}'{hint}")
        return
    found = context.expression_problems(path, one, names)
    yield from found
    if not found and not is_computed(one.text):
        yield context.at(path, "what is summed is one expression: text around it makes a text of it")


def _reference(context: Context, path: YamlPath, stage: Stage, parent: str, earlier: set[str]) -> Iterator[Problem]:
    name = str(path[-1])
    if name not in stage.fields:
        what = f"'{name}' is not among the stage's fields{did_you_mean(name, stage.fields)}"
        yield context.at_key(path, what)
    everyone = [one.name for one in context.migration.stages]
    if parent not in everyone:
        yield context.at(path, f"unknown stage '{parent}'{did_you_mean(parent, everyone)}")
    elif parent == stage.name:
        yield context.at(path, f"stage '{parent}' refers to itself; a stage refers to an earlier one")
    elif parent not in earlier:
        yield context.at(path, f"stage '{parent}' runs later than '{stage.name}'; a stage refers to an earlier one")
