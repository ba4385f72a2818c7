"""Which places on the channel's lists a name that is none of them may mean. Only for a person to look at.

Names of neighbours are alike: inside one province Seyhan and Ceyhan score 83 of 100, and thousands of pairs of neighbourhoods 88
and more. So nothing is ever sent because it is alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from etl.geography.matching import Gazetteer, KnownPlace
from etl.geography.names import LEVELS, bare, fold
from etl.geography.resolving import SEPARATOR, UNKNOWN, Resolver

LIKELY = 90
"""Of 100: the least likeness of a name that is proposed."""

GAP = 8
"""How much less alike the next one has to be."""

SHOWN = 3
NEAR = 65


class NearNames(Struct, frozen=True):
    """`likely` is the one name that stands out, None where none does; `near` are the nearest ones with their likeness."""

    likely: str | None = None
    near: tuple[tuple[str, int], ...] = ()


def propose(resolver: Resolver, entry: str) -> NearNames:
    """For an entry such as `township: Türkiye / Antalya / Merkz`."""
    level, _, path = entry.partition(":")
    names = [name.strip() for name in path.split(SEPARATOR.strip())]
    depth = LEVELS.index(level)
    above, text = names[:depth], SEPARATOR.join(names[depth:])
    gazetteer = resolver.gazetteer
    parent = resolver.parent_of(level, path)
    if level == "city" and text.startswith(UNKNOWN):
        return _cities_with(gazetteer, parent, text.removeprefix(UNKNOWN).strip(SEPARATOR))
    if above and parent is None:
        return NearNames()
    places = gazetteer.of(level, 0 if parent is None else parent.pk)
    near = ranked(level, text, (place.name for place in places))
    elsewhere = [] if level != "township" or parent is None else list(_elsewhere(gazetteer, parent, text))
    return NearNames(_likely(text, near), (*elsewhere, *near[:SHOWN]))


def ranked(level: str, text: str, names: Iterable[str]) -> list[tuple[str, int]]:
    """Names with their likeness to a text of 100, the likest first; those that nobody would take for it are left out."""
    from rapidfuzz import fuzz

    own = bare(text, level)
    found = [(name, round(fuzz.ratio(own, bare(name, level)))) for name in dict.fromkeys(names)]
    return sorted((one for one in found if one[1] >= NEAR), key=lambda one: (-one[1], one[0]))


def _likely(text: str, near: list[tuple[str, int]]) -> str | None:
    """The first one when it stands out. A number that differs is another place: 1. and 2. Mahalle are neighbours."""
    if not near or near[0][1] < LIKELY or (len(near) > 1 and near[0][1] - near[1][1] < GAP):
        return None
    return near[0][0] if _digits(text) == _digits(near[0][0]) else None


def _digits(text: str) -> str:
    return "".join(sign for sign in fold(text) if sign.isdigit())


def _cities_with(gazetteer: Gazetteer, country: KnownPlace | None, township: str) -> NearNames:
    """The cities that have a township of this name, where no city is told."""
    if country is None:
        return NearNames()
    places = gazetteer.townships_named(country, township).places
    cities = (city.name for place in places if (city := gazetteer.parent(place)) is not None)
    return NearNames(None, tuple((name, 100) for name in sorted(cities)))


def _elsewhere(gazetteer: Gazetteer, city: KnownPlace, text: str) -> Iterator[tuple[str, int]]:
    """The same name in other cities, written as a decision that takes the city along."""
    country = gazetteer.parent(city)
    places = () if country is None else gazetteer.townships_named(country, text).places
    for place in places[:SHOWN]:
        there = gazetteer.parent(place)
        if there is not None and there != city:
            yield SEPARATOR.join((there.name, place.name)), 100
