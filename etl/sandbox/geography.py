"""The countries, cities, townships and districts this Omnitron knows, and whether an address names one of them.

Names are matched without regard to case, once as Turkish does it (I is ı, İ is i) and once as other languages do.
"Istanbul" is neither way "İSTANBUL": an address written so is refused here, as it may well be by the real thing.
Where no child of a place is listed (the cities of Germany, the districts of most townships), none is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

LEVELS = ("country", "city", "township", "district")
LISTS = {"countries": "country", "cities": "city", "townships": "township", "districts": "district"}
ListedPlace = dict[str, Any]


def turkish_upper(text: str) -> str:
    return text.replace("i", "İ").upper()


@lru_cache(maxsize=20_000)
def foldings(name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two ways of forgetting a name's case; each is compared with its own kind only."""
    text = " ".join(name.split())
    return ("tr", text.replace("İ", "i").replace("I", "ı").lower()), ("", text.casefold())


class Geography:
    """Places by level, in the shape Omnitron lists them. Grows by `add`; is never cut."""

    def __init__(self) -> None:
        self.places: dict[str, list[ListedPlace]] = {level: [] for level in LEVELS}
        self._by_name: dict[tuple[object, ...], int] = {}
        self._parents: set[tuple[str, int]] = set()
        for country, code in _pairs("countries.txt"):
            self._put("country", country, {}, code=code)
        self._add_turkiye()

    def _add_turkiye(self) -> None:
        for line, names in _pairs("turkiye.txt"):
            city, _, township = line.removeprefix("@").partition("/")
            children = [turkish_upper(name) for name in names.split(", ")]
            branch: Mapping[str, Any] = {name: {} for name in children}
            if township:
                branch = {turkish_upper(township): children}
            self.add({"Türkiye": {turkish_upper(city): branch}})

    def add(self, tree: Mapping[str, Any]) -> None:
        """Add places: {country: {city: {township: [district, ...]}}}. What is already there is kept."""
        for country, cities in tree.items():
            parents = {"country": self._put("country", country, {}, code="")}
            for city, townships in _children(cities):
                in_city = parents | {"city": self._put("city", city, parents, postcode="")}
                for township, districts in _children(townships):
                    pk = self._put("township", township, in_city)
                    for district, _ in _children(districts):
                        self._put("district", district, in_city | {"township": pk})

    def _put(self, level: str, name: str, parents: Mapping[str, int], **more: str) -> int:
        parent = _parent(level, parents)
        known = self._find(level, parent, name)
        if known is not None:
            return known
        pk = len(self.places[level]) + 1
        # A place tells only of the places the contract shows with it: a district its city and township only.
        above = {key: parents[key] for key in _told(level) if key in parents}
        self.places[level].append({"id": pk, "pk": pk, "name": name, "is_active": True, **more, **above})
        for folding in foldings(name):
            self._by_name[(level, parent, *folding)] = pk
        self._parents.add((level, parent))
        return pk

    def _find(self, level: str, parent: int, name: str) -> int | None:
        found = (self._by_name.get((level, parent, *folding)) for folding in foldings(name))
        return next((pk for pk in found if pk is not None), None)

    def locate(self, address: Mapping[str, object]) -> dict[str, int | None]:
        """The pk of each place an address names; None where its parent has no list. Raises UnknownPlaceError."""
        found: dict[str, int | None] = {}
        parent: int | None = 0
        for level in LEVELS:
            name = address.get(level)
            if not isinstance(name, str) or not name.strip():
                return found
            parent = self._child(level, parent, name)
            found[level] = parent
        return found

    def _child(self, level: str, parent: int | None, name: str) -> int | None:
        if parent is None or (level, parent) not in self._parents:
            return None
        pk = self._find(level, parent, name)
        if pk is None:
            raise UnknownPlaceError(level, name)
        return pk

    def listing(self, level: str, filters: Mapping[str, str]) -> list[ListedPlace]:
        """The places of a level that pass the filters `name__iexact`, `country`, `city`, `township`, `is_active`."""
        wanted = {key: value for key, value in filters.items() if key in LEVELS}
        name, active = filters.get("name__iexact"), filters.get("is_active", "true").lower()
        if active in ("false", "0"):
            return []
        folded = set(foldings(name)) if name is not None else None
        return [place for place in self.places[level] if _passes(place, wanted, folded)]


class UnknownPlaceError(ValueError):
    """An address names a place that is not on the list. `level` is the field's name."""

    def __init__(self, level: str, name: str) -> None:
        super().__init__(f"No {level} named '{name}' is known here.")
        self.level = level


def _passes(place: ListedPlace, wanted: Mapping[str, str], folded: set[tuple[str, str]] | None) -> bool:
    if any(str(place.get(key)) != value for key, value in wanted.items()):
        return False
    return folded is None or not folded.isdisjoint(foldings(place["name"]))


def _told(level: str) -> tuple[str, ...]:
    return {"country": (), "city": ("country",), "township": ("city",), "district": ("city", "township")}[level]


def _parent(level: str, parents: Mapping[str, int]) -> int:
    return parents[LEVELS[LEVELS.index(level) - 1]] if parents else 0


def _children(branch: object) -> Iterator[tuple[str, object]]:
    if isinstance(branch, Mapping):
        yield from branch.items()
    elif isinstance(branch, list):
        yield from ((name, {}) for name in branch)


def _pairs(name: str) -> Iterator[tuple[str, str]]:
    text = files("etl.sandbox").joinpath(name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            before, _, after = line.partition(": ")
            yield before, after
