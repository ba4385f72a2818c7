"""A channel's places as a tree, and which of them a text names within its parent: exactly, when folded, by another name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.geography.names import LEVELS, bare, fold, other_names

Pk = int | str
"""What the channel tells its places apart by."""

EXACT, FOLDED, OTHER = "exact", "folded", "other"
"""How a text names a place: as it is spelt, but for case, accents and words like Mah.; by an old or short name."""


class KnownPlace(Struct, frozen=True):
    """A place on the channel's lists. `name` is Omnitron's own spelling, `code` a country's."""

    level: str
    pk: Pk
    name: str
    parent: Pk
    code: str = ""


class Match(Struct, frozen=True):
    """What a text names: no place, one, or several that nobody can tell apart."""

    places: tuple[KnownPlace, ...] = ()
    how: str = EXACT

    @property
    def one(self) -> KnownPlace | None:
        return self.places[0] if len(self.places) == 1 else None


class _Names(Struct):
    """The children of one place, found by their names."""

    places: tuple[KnownPlace, ...]
    exact: dict[str, KnownPlace] = field(default_factory=dict)
    folded: dict[str, list[KnownPlace]] = field(default_factory=dict)
    bare: dict[str, list[KnownPlace]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.places:
            self.exact.setdefault(one.name, one)
            self.folded.setdefault(fold(one.name), []).append(one)
            self.bare.setdefault(bare(one.name, one.level), []).append(one)


ROOT = 0
"""What countries are children of."""


class Gazetteer:
    """Places by what they lie in. What is found by names is put in order when it is asked for: most townships never are."""

    def __init__(self, lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """`lists` are the channel's, by level, each in the shape that Omnitron answers it."""
        self.children: dict[tuple[str, Pk], list[KnownPlace]] = {}
        self._by_pk: dict[tuple[str, Pk], KnownPlace] = {}
        known: dict[tuple[str, Pk, str], KnownPlace] = {}
        for above, level in zip(("", *LEVELS), LEVELS, strict=False):
            for place in _places(level, above, lists.get(level, ())):
                self._add(above, place, known)
        self._names: dict[tuple[str, Pk], _Names] = {}
        self._below: dict[Pk, _Names] = {}

    def _add(self, above: str, place: KnownPlace, known: dict[tuple[str, Pk, str], KnownPlace]) -> None:
        """Two of one name in one place are one, so that what lies in either is found."""
        parent = self._by_pk.get((above, place.parent))
        own = place if parent is None else replace(place, parent=parent.pk)
        kept = known.setdefault((own.level, own.parent, own.name), own)
        if kept is own:
            self.children.setdefault((own.level, own.parent), []).append(own)
        self._by_pk[place.level, place.pk] = kept

    def __reduce__(self) -> Any:
        return _again, (self.children, self._by_pk)

    def of(self, level: str, parent: Pk) -> Sequence[KnownPlace]:
        """What lies in a place, at the level below it."""
        return self.children.get((level, parent), ())

    def all(self, level: str) -> Iterator[KnownPlace]:
        return (place for (at, _), places in self.children.items() if at == level for place in places)

    def parent(self, place: KnownPlace) -> KnownPlace | None:
        return self._by_pk.get((LEVELS[LEVELS.index(place.level) - 1], place.parent))

    def path(self, place: KnownPlace) -> list[str]:
        """The names from the country down."""
        above = None if place.level == "country" else self.parent(place)
        return [*([] if above is None else self.path(above)), place.name]

    def named(self, level: str, parent: KnownPlace | None, text: str) -> Match:
        """The places of a level within a parent that a text names."""
        at = ROOT if parent is None else parent.pk
        return _match(self._named_in(level, at), level, text, "" if parent is None else parent.name)

    def _named_in(self, level: str, parent: Pk) -> _Names:
        if (level, parent) not in self._names:
            self._names[level, parent] = _Names(tuple(self.of(level, parent)))
        return self._names[level, parent]

    def townships_named(self, country: KnownPlace, text: str) -> Match:
        """The townships of a country, in any of its cities, that a text names by its own name: an old one needs its city."""
        if country.pk not in self._below:
            cities = self.of("city", country.pk)
            self._below[country.pk] = _Names(tuple(one for city in cities for one in self.of("township", city.pk)))
        return _match(self._below[country.pk], "township", text, "", exactly=False)

    def country_of(self, code: str) -> KnownPlace | None:
        """The country that has a code of two letters."""
        found = [one for one in self.of("country", ROOT) if one.code.casefold() == code.casefold()]
        return found[0] if len(found) == 1 else None


def _again(children: dict[tuple[str, Pk], list[KnownPlace]], by_pk: dict[tuple[str, Pk], KnownPlace]) -> Gazetteer:
    found = Gazetteer({})
    found.children, found._by_pk = children, by_pk
    return found


def _match(names: _Names, level: str, text: str, parent: str, *, exactly: bool = True) -> Match:
    spelt = " ".join(text.split())
    if exactly and spelt in names.exact:
        return Match((names.exact[spelt],), EXACT)
    ways: tuple[Callable[[], Iterable[KnownPlace]], ...] = (
        lambda: names.folded.get(fold(spelt), ()),
        lambda: names.bare.get(bare(spelt, level), ()),
    )
    for way in ways:
        found = tuple(way())
        if found:
            return Match(found, FOLDED)
    others = sorted(other_names(spelt, level, parent))
    known = {place.pk: place for name in others for place in names.folded.get(name, ())}
    return Match(tuple(known.values()), OTHER)


def _places(level: str, above: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[KnownPlace]:
    """The rows of a list that say all that is needed, those in use first."""
    for row in sorted(rows, key=lambda one: one.get("is_active") is False):
        pk, name = _pk(row.get("pk", row.get("id"))), row.get("name")
        parent = _pk(row.get(above)) if above else ROOT
        if pk is not None and parent is not None and isinstance(name, str) and name.strip():
            yield KnownPlace(level, pk, name, parent, str(row.get("code") or ""))


def _pk(value: Any) -> Pk | None:
    """What tells a place from the others, which some lists give inside of the object it belongs to."""
    inner = value.get("pk", value.get("id")) if isinstance(value, Mapping) else value
    return inner if isinstance(inner, int | str) and not isinstance(inner, bool) else None
