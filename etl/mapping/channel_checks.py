"""What a mapping sends to an address or an order, held against the places and carriers that the channel knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from etl.expressions import LOOKUP, faults, resources_giving
from etl.geography import LEVELS, ChannelLists, Gazetteer, KnownPlace, fold
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.mapping.stage_checks import placed_stages
from etl.model import WARNING, Expression, Problem, Stage
from etl.suggest import did_you_mean

MOST_ENTRIES = 5
"""So many wrong values of one lookup are told."""

CARRIER = "shipping_company"


class Said(Struct, frozen=True):
    """A value that a mapping gives to a field by itself, and where it stands."""

    value: str
    path: YamlPath


class ListedNames:
    """The names of one level, of one country or all, as Omnitron would find them."""

    def __init__(self, level: str, places: Iterable[KnownPlace]) -> None:
        self.level = level
        self.names = {place.name for place in places}
        # A city and a township are found whatever their case; a country and a district are not.
        self._small = {form for name in self.names for form in _small(name)} if level in ("city", "township") else set()
        self._folded = {fold(name): name for name in sorted(self.names, reverse=True)}

    def fault(self, value: str) -> str | None:
        """Why Omnitron would not find this one, and what to write instead."""
        if value in self.names or not self._small.isdisjoint(_small(value)):
            return None
        near = self._folded.get(fold(value))
        advice = f"; write '{near}'" if near else did_you_mean(value, self.names)
        return f"'{value}' is no {self.level} on the channel's lists{advice}"


def _small(name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """A name in small letters, as Turkish has them and as other languages do: each is compared with its own kind."""
    return ("tr", name.replace("İ", "i").replace("I", "ı").lower()), ("", name.casefold())


def channel_problems(context: Context) -> Iterator[Problem]:
    """ListedNames of places that Omnitron would not find: where the country is written out, it is known which lists count."""
    if context.lists is not None:
        yield from (problem for problem in _places(context, context.lists) if problem.kind != WARNING)


def channel_warnings(context: Context) -> Iterator[Problem]:
    """Places of countries that only rows tell, and carriers: whether Omnitron refuses another one is not known."""
    if context.lists is not None:
        yield from (problem for problem in _places(context, context.lists) if problem.kind == WARNING)
        yield from _carriers(context, context.lists)


def _places(context: Context, lists: ChannelLists) -> Iterator[Problem]:
    for path, stage in placed_stages(context):
        if stage.payload != "address":
            continue
        country = _written_country(lists.gazetteer, stage)
        for level in LEVELS:
            said = list(_said(context, path, stage, level))
            names = _names(lists.gazetteer, level, country) if said else None
            if names is None:
                continue
            kind = "mapping" if level == "country" or country is not None else WARNING
            faults = ((one, names.fault(one.value)) for one in said)
            wrong = [Problem(context.document.place(one.path), fault, kind) for one, fault in faults if fault]
            yield from wrong[:MOST_ENTRIES]


def _written_country(gazetteer: Gazetteer, stage: Stage) -> KnownPlace | None:
    written = stage.fields.get("country")
    return gazetteer.named("country", None, written).one if isinstance(written, str) else None


def _names(gazetteer: Gazetteer, level: str, country: KnownPlace | None) -> ListedNames | None:
    """None where there is nothing to hold a name against: of most countries no cities are listed."""
    places = gazetteer.all(level)
    if level != "country" and country is not None:
        places = (place for place in places if _lies_in(gazetteer, place, country))
    names = ListedNames(level, places)
    return names if names.names else None


def _lies_in(gazetteer: Gazetteer, place: KnownPlace, country: KnownPlace) -> bool:
    above: KnownPlace | None = place
    while above is not None and above.level != "country":
        above = gazetteer.parent(above)
    return above == country


def _carriers(context: Context, lists: ChannelLists) -> Iterator[Problem]:
    for path, stage in placed_stages(context):
        if stage.payload != "order" or not lists.carriers:
            continue
        unknown = [one for one in _said(context, path, stage, CARRIER) if one.value and one.value not in lists.carriers]
        for one in unknown[:MOST_ENTRIES]:
            near = did_you_mean(one.value, lists.carriers)
            what = f"'{one.value}' is no {CARRIER} that the channel knows{near}"
            yield Problem(context.document.place(one.path), what, WARNING)


def _said(context: Context, path: YamlPath, stage: Stage, field: str) -> Iterator[Said]:
    """The texts that a field is given by a constant, by lookups and their `default=`."""
    template, where = stage.fields.get(field), (*path, "fields", field)
    if isinstance(template, str):
        yield Said(template, where)
    if not isinstance(template, Expression):
        return
    names = context.names(stage)
    if faults(template.text, names):
        return
    found = resources_giving(template.text, LOOKUP, names)
    for instead in dict.fromkeys(instead for _, instead, _ in found):
        if isinstance(instead, str):
            yield Said(instead, where)
    for lookup in dict.fromkeys(lookup for lookup, _, _ in found):
        yield from _looked_up(context, lookup, where)


def _looked_up(context: Context, lookup: str, where: YamlPath) -> Iterator[Said]:
    """Each different value once."""
    seen: set[str] = set()
    for key, value in context.resources[LOOKUP].get(lookup, {}).items():
        if isinstance(value, str) and value not in seen:
            seen.add(value)
            entry: YamlPath = ("lookups", lookup, key)
            yield Said(value, entry if context.document.holds(entry) else where)
