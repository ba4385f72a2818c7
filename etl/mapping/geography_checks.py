"""`geography:`, and what the function `place` needs: the channel's lists, and what a person decided about names."""

from __future__ import annotations

from collections.abc import Iterator

from etl.expressions import GEOGRAPHY, LOOKUP, atlas_of, flat_fields, uses_resource
from etl.expressions.parsing import ExpressionError
from etl.geography import Atlas, ChannelLists, NoLists, decision_fault
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.mapping.stage_checks import placed_stages
from etl.model import Expression, Problem, Stage, Template
from etl.suggest import did_you_mean

CHANNEL = "channel"
"""The name of the one resource of its kind."""

NOT_PULLED = (
    "`place` looks into the channel's lists, and none are kept for this target; `etl channel pull MAPPING` fetches them"
)
NO_TARGET = (
    "`place` looks into the channel's lists, and the mapping does not say of which channel; set target.url and "
    "target.channel (their variables), then `etl channel pull MAPPING`"
)
NOT_LOOKED_FOR = "the channel's lists are not looked into here"
MOST_DECISIONS = 5
"""So many wrong entries of one lookup are told."""


def geography_problems(context: Context) -> Iterator[Problem]:
    """Puts the lists where the function finds them. Lookups have been read before."""
    yield from _unknown_lookups(context)
    lists = context.lists
    if lists is None:
        context.resources[GEOGRAPHY] = {CHANNEL: NoLists(_missing(context) if context.lists_wanted else NOT_LOOKED_FOR)}
        if context.lists_wanted:
            yield from _first_use(context)
        return
    geography = _geography(context, lists)
    context.resources[GEOGRAPHY] = {CHANNEL: geography}
    yield from _country(context, geography)
    yield from _decisions(context, geography)


def _missing(context: Context) -> str:
    target = context.migration.target
    return NOT_PULLED if target.url and target.channel and context.target_known else NO_TARGET


def _geography(context: Context, lists: ChannelLists) -> Atlas:
    names: dict[str, object] = {}
    for name in context.migration.geography.names:
        lines = context.resources[LOOKUP].get(name, {})
        # A line that is not filled in takes nothing back.
        names |= {entry: said for entry, said in lines.items() if said is not None and str(said).strip()}
    return atlas_of(lists.gazetteer, names, context.migration.geography.country)


def _first_use(context: Context) -> Iterator[Problem]:
    """One problem is enough: all of them are put right by one command."""
    for path, stage in placed_stages(context):
        for within, template in _templates(stage):
            if asks_for_places(template):
                yield context.at(_written(context, (*path, *within)), _missing(context))
                return


def _written(context: Context, path: YamlPath) -> YamlPath:
    """Of a part of a nested field, which is named by its path, the field."""
    return path if context.document.holds(path) else (*path[:-1], str(path[-1]).split(".", maxsplit=1)[0])


def _templates(stage: Stage) -> Iterator[tuple[YamlPath, Template]]:
    """Everything that a stage computes, and where it is written."""
    yield from ((("fields", name), template) for name, template in flat_fields(stage.fields))
    yield from ((("key",), stage.key), (("where",), stage.where), (("settled",), stage.settled))


def asks_for_places(template: Template) -> bool:
    try:
        return isinstance(template, Expression) and uses_resource(template.text, GEOGRAPHY)
    except ExpressionError:
        return False  # which is told as what it is


def uses_places(stage: Stage) -> bool:
    return any(asks_for_places(template) for _, template in _templates(stage))


def _unknown_lookups(context: Context) -> Iterator[Problem]:
    known = context.written("lookups")
    for index, name in enumerate(context.migration.geography.names):
        if name not in known:
            what = f"unknown lookup '{name}'{did_you_mean(name, known)}"
            yield context.at(("geography", "names", index), what)


def _country(context: Context, geography: Atlas) -> Iterator[Problem]:
    said = context.migration.geography.country
    if said is None:
        return
    fault = geography.country_fault()
    if fault is not None:
        yield context.at(("geography", "country"), f"'{said}' is no country on the channel's lists{fault}")


def _decisions(context: Context, geography: Atlas) -> Iterator[Problem]:
    for name in context.migration.geography.names:
        pairs = context.resources[LOOKUP].get(name, {})
        faults = ((key, decision_fault(geography, str(key), value)) for key, value in pairs.items())
        wrong = [(key, fault) for key, fault in faults if fault is not None]
        for key, fault in wrong[:MOST_DECISIONS]:
            entry: YamlPath = ("lookups", name, key)
            where = entry if context.document.holds(entry) else ("lookups", name)
            yield context.at(where, f"the lookup '{name}', '{key}': {fault}")
