"""Which places the cells of an address mean: from the country down, each within the one above it.

AddressCells may say more than one place, stand in each other's place, or be blank where the township tells the city. What is done
then is a Note; what cannot be told is a Trouble. Nothing here is likely: each way takes only what can mean one thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations

from msgspec import Struct, field
from msgspec.structs import replace

from etl.geography.matching import OTHER, Gazetteer, KnownPlace, Match
from etl.geography.names import LEVELS, fold

SEPARATOR = " / "
"""Between the names of a path, from the largest place to the smallest."""

UNKNOWN = "?"
"""In a path, the place that a blank cell does not tell."""

_APART = re.compile(r"\s*[/\\|,;>()\[\]–—]\s*|\s*-\s*")
_POSTCODE = re.compile(r"(?<!\d)\d{5}(?!\d)")
MOST_PIECES = 4


class AddressCells(Struct, frozen=True):
    """What a row says of each place; None for blank."""

    country: str | None = None
    city: str | None = None
    township: str | None = None
    district: str | None = None


class Trouble(Struct, frozen=True):
    """Why a place cannot be told. By `entry` a lookup decides it; None: it would decide nothing."""

    rule: str
    words: str
    entry: str | None = None
    parts: Mapping[str, object] = field(default_factory=dict)


NOTES: Mapping[str, str] = {
    "place:together": "{value} names both a city and its township: they are taken apart",
    "place:swapped": "{value} stands as city, and the city of this township stands as township: they are exchanged",
    "place:from-township": "no city is told, and the township is one of a single city: that one is sent",
    "place:other-name": "{value} is an old or short name: Omnitron's own is sent",
    "place:unlisted": "the channel lists no such places there: {value} is sent as it is",
}
"""By rule, a template about the cell."""


class Note(Struct, frozen=True):
    """Something that was put right, and is told."""

    rule: str

    @property
    def words(self) -> str:
        return NOTES[self.rule]


TOGETHER, SWAPPED, FROM_TOWNSHIP, OTHER_NAME, UNLISTED = map(Note, NOTES)


class ToldPlaces(Struct):
    """By level: a place on the lists, or a text that is sent as it is; what is in the way; what was put right."""

    places: dict[str, KnownPlace | str] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)

    def name(self, level: str) -> str | None:
        """As Omnitron spells it; None where nothing tells it."""
        found = self.places.get(level)
        return found.name if isinstance(found, KnownPlace) else found


CodeOf = Callable[[str], str | None]
"""The code of two letters of a country, by what people call it."""

Decided = Mapping[str, str]
"""What a person decided: an entry, folded -> a name, or the names from a larger place down to it."""


def entry_of(level: str, within: Sequence[str], text: str) -> str:
    """township: Türkiye / Antalya / Merkz"""
    return f"{level}: {SEPARATOR.join([*within, text])}"


def entry_key(entry: str) -> str:
    """An entry as it is compared: neither case, accents nor blanks count."""
    return SEPARATOR.join(fold(part) or part.strip() for part in entry.replace(":", SEPARATOR.strip(), 1).split("/"))


class Resolver(Struct, frozen=True):
    """The lists, what a person decided, the country of those that name none, and how else countries are called."""

    gazetteer: Gazetteer
    decisions: Decided
    country: str | None = None
    code_of: CodeOf = lambda text: None

    def resolve(self, cells: AddressCells) -> ToldPlaces:
        found = ToldPlaces()
        country = self._country(cells, found)
        if country is None:
            _blame_above(found, cells, "country", ("city", "township", "district"))
        elif not self.gazetteer.of("city", country.pk):
            _as_they_are(found, cells, ("city", "township", "district"))
        else:
            self._city(country, cells, found)
        return found

    # ---- country

    def _country(self, cells: AddressCells, found: ToldPlaces) -> KnownPlace | None:
        text = cells.country or self.country
        if text is None:
            words = "no country is told; give `country=`, or say which one is meant in `geography.country`"
            found.troubles["country"] = Trouble("function:place:country", words)
            return None
        match = self.gazetteer.named("country", None, text)
        place = match.one or self.gazetteer.country_of(self.code_of(text) or text)
        return self._settle(found, "country", None, text, Match((place,)) if place else match)

    # ---- city

    def _city(self, country: KnownPlace, cells: AddressCells, found: ToldPlaces) -> None:
        match = Match() if cells.city is None else self.gazetteer.named("city", country, cells.city)
        # Antakya, the old name of Hatay, is a township of it as well: it may stand where Hatay should.
        read = self._exchanged(country, cells) if match.how == OTHER else None
        if match.one is None:
            read = self._read_otherwise(country, cells)
        if read is not None:
            city, cells, note = read
            found.notes["city"] = note
            found.places["city"] = city
        elif cells.city is None:
            self._untold_city(country, cells, found)
        else:
            self._settle(found, "city", country, cells.city, match)
        place = found.places.get("city")
        if isinstance(place, KnownPlace):
            self._township(place, cells, found)
        elif "city" in found.troubles:
            _blame_above(found, cells, "city", ("township", "district"))

    def _read_otherwise(self, country: KnownPlace, cells: AddressCells) -> tuple[KnownPlace, AddressCells, Note] | None:
        """The city and the cells that remain, where the cells do not say them each in its own."""
        if cells.city is None:
            return self._from_township(country, cells)
        if self._decision("city", [country.name], cells.city) is not None:
            return None
        return (
            self._exchanged(country, cells)
            or self._together(country, cells.city, cells)
            or (self._from_township(country, cells) if cells.township in (None, cells.city) else None)
        )

    def _exchanged(self, country: KnownPlace, cells: AddressCells) -> tuple[KnownPlace, AddressCells, Note] | None:
        if cells.township is None or cells.city is None or fold(cells.city) == fold(cells.township):
            return None
        city = self.gazetteer.named("city", country, cells.township).one
        if city is None or self.gazetteer.named("township", city, cells.city).one is None:
            return None
        return city, replace(cells, township=cells.city), SWAPPED

    def _together(
        self, country: KnownPlace, text: str, cells: AddressCells
    ) -> tuple[KnownPlace, AddressCells, Note] | None:
        """Both in one cell. The cell of the township may be blank, the same, or say the same township."""
        read = {
            (city.pk, township.pk): (city, township, rest) for city, township, rest in self._readings(country, text)
        }
        if len(read) != 1:
            return None
        [(city, township, rest)] = read.values()
        said = cells.township
        if said is not None and said != text and self.gazetteer.named("township", city, said).one != township:
            return None
        district = cells.district if cells.district not in (None, text) else rest
        return city, replace(cells, township=township.name, district=district), TOGETHER

    def _readings(self, country: KnownPlace, text: str) -> Iterator[tuple[KnownPlace, KnownPlace, str | None]]:
        """Every way to read a text as a city, a township of it and perhaps a district of that."""
        for pieces in _in_pieces(text, country.name):
            for order in permutations(range(len(pieces)), min(len(pieces), 2)):
                if len(order) < 2:
                    continue
                city = self.gazetteer.named("city", country, pieces[order[0]]).one
                township = None if city is None else self.gazetteer.named("township", city, pieces[order[1]]).one
                if city is None or township is None:
                    continue
                rest = [piece for at, piece in enumerate(pieces) if at not in order]
                if len(rest) == 1 and self.gazetteer.named("district", township, rest[0]).one is not None:
                    yield city, township, rest[0]
                elif not rest:
                    yield city, township, None

    def _from_township(self, country: KnownPlace, cells: AddressCells) -> tuple[KnownPlace, AddressCells, Note] | None:
        text = cells.township or cells.city
        if text is None:
            return None
        if cells.city is None and (read := self._together(country, text, cells)) is not None:
            return read
        township = self.gazetteer.townships_named(country, text).one
        city = None if township is None else self.gazetteer.parent(township)
        return None if township is None or city is None else (city, replace(cells, township=text), FROM_TOWNSHIP)

    def _untold_city(self, country: KnownPlace, cells: AddressCells, found: ToldPlaces) -> None:
        """Nothing is told of the city; or a township that several have, which a person decides."""
        if cells.township is None:
            return
        several = self.gazetteer.townships_named(country, cells.township).places
        cities = [city.name for one in several if (city := self.gazetteer.parent(one)) is not None]
        entry = [country.name, UNKNOWN]
        decided = self._decision("city", entry, cells.township)
        if decided is not None:
            self._take(found, "city", country, decided, entry_of("city", entry, cells.township))
            return
        words = (
            "no city is told, and {beside} is a township of {cities}; `etl channel review MAPPING places.csv` lists such names "
            "with those that are near"
        )
        if not cities:
            words = (
                "no city is told, and {beside} is no township of the channel's lists; `etl channel review MAPPING places.csv` "
                "lists such names with those that are near"
            )
        parts = {"beside": cells.township, "cities": ", ".join(cities[:MOST_NAMED])}
        found.troubles["city"] = Trouble("function:place", words, entry_of("city", entry, cells.township), parts)

    # ---- township and district

    def _township(self, city: KnownPlace, cells: AddressCells, found: ToldPlaces) -> None:
        text = cells.township
        if not self.gazetteer.of("township", city.pk):
            _as_they_are(found, cells, ("township", "district"))
            return
        if text is None:
            return
        match = self.gazetteer.named("township", city, text)
        if not match.places and (beside := self._beside_its_city(city, text)) is not None:
            match = Match((beside,))
            found.notes["township"] = TOGETHER
        place = self._settle(found, "township", city, text, match)
        if place is None:
            _blame_above(found, cells, "township", ("district",))
            return
        self._district(place, cells, found)

    def _beside_its_city(self, city: KnownPlace, text: str) -> KnownPlace | None:
        """The township that a text names together with its city."""
        country = self.gazetteer.parent(city)
        readings = [] if country is None else self._readings(country, text)
        read = {one.pk: one for at, one, rest in readings if at == city and rest is None}
        return next(iter(read.values())) if len(read) == 1 else None

    def _district(self, township: KnownPlace, cells: AddressCells, found: ToldPlaces) -> None:
        if not self.gazetteer.of("district", township.pk):
            _as_they_are(found, cells, ("district",))
        elif cells.district is not None:
            match = self.gazetteer.named("district", township, cells.district)
            self._settle(found, "district", township, cells.district, match)

    # ---- what all levels share

    def _settle(
        self, found: ToldPlaces, level: str, parent: KnownPlace | None, text: str, match: Match
    ) -> KnownPlace | None:
        """Keep what a text names; or what a person decided about it; or why it names nothing."""
        within = [] if parent is None else self.gazetteer.path(parent)
        decided, entry = self._decision(level, within, text), entry_of(level, within, text)
        if decided is not None:
            return self._take(found, level, parent, decided, entry)
        if match.one is None:
            found.troubles[level] = _no_match(level, within, entry, match)
            return None
        found.places[level] = match.one
        if match.how == OTHER:
            found.notes.setdefault(level, OTHER_NAME)
        return match.one

    def _decision(self, level: str, within: Sequence[str], text: str) -> str | None:
        return self.decisions.get(entry_key(entry_of(level, within, text)))

    def _take(
        self, found: ToldPlaces, level: str, parent: KnownPlace | None, decided: str, entry: str
    ) -> KnownPlace | None:
        """What a person decided: a name within the parent, or the names of a path that ends at this level."""
        path = self.decided_path(level, parent, decided)
        if path is None:
            words = (
                "for {entry} a lookup of `geography.names` says '{decided}', which is no {level} on the channel's lists"
            )
            found.troubles[level] = Trouble("function:place:names", words, entry, {"decided": decided, "level": level})
            return None
        for place in path:
            found.places[place.level] = place
        found.notes.pop(level, None)
        return path[-1]

    def parent_of(self, level: str, path: str) -> KnownPlace | None:
        """The place that an entry's path says its last name was looked for in; None where it says none, or one not listed."""
        above: KnownPlace | None = None
        names = [name.strip() for name in path.split(SEPARATOR.strip())]
        for at, name in zip(LEVELS[: LEVELS.index(level)], names, strict=False):
            above = self.gazetteer.named(at, above, name).one
            if above is None:
                break
        return above

    def decided_path(self, level: str, parent: KnownPlace | None, decided: str) -> list[KnownPlace] | None:
        """The places that a decision names, down to this level; None when one of them is not on the lists."""
        names = [name.strip() for name in decided.split(SEPARATOR.strip())]
        first = LEVELS.index(level) - len(names) + 1
        above = parent
        while above is not None and LEVELS.index(above.level) >= first:
            above = None if above.level == "country" else self.gazetteer.parent(above)
        path: list[KnownPlace] = []
        for at, name in enumerate(names, first):
            place = self.gazetteer.named(LEVELS[at], above, name).one if at >= 0 else None
            if place is None:
                return None
            path.append(place)
            above = place
        return path


MOST_NAMED = 5


def _no_match(level: str, within: Sequence[str], entry: str, match: Match) -> Trouble:
    words = (
        "{value} is no {level} of {within} on the channel's lists; `etl channel review MAPPING places.csv` lists such names with "
        "those that are near"
    )
    if not within:
        words = (
            "{value} is no {level} on the channel's lists; `etl channel review MAPPING places.csv` lists such names with those "
            "that are near"
        )
    if match.places:
        words = (
            "{value} may be any of these on the channel's lists: {either}; `etl channel review MAPPING places.csv` lists such "
            "names with those that are near"
        )
    either = ", ".join(one.name for one in match.places[:MOST_NAMED])
    return Trouble("function:place", words, entry, {"level": level, "within": SEPARATOR.join(within), "either": either})


def _blame_above(found: ToldPlaces, cells: AddressCells, above: str, levels: Sequence[str]) -> None:
    """What lies in a place that is not known cannot be told. A district that nobody names is none."""
    for level in levels:
        if level == "district" and cells.district is None:
            continue
        words = "cannot be told while the {above} is not known"
        found.troubles[level] = Trouble("function:place:above", words, parts={"above": above})


def _as_they_are(found: ToldPlaces, cells: AddressCells, levels: Sequence[str]) -> None:
    """Where the channel lists nothing there is nothing to hold a name against."""
    for level in levels:
        text = getattr(cells, level)
        if text is not None:
            found.places[level] = text
            found.notes[level] = UNLISTED


def _in_pieces(text: str, country: str) -> Iterator[list[str]]:
    """A cell in its parts, without postcodes and the country: by the signs between them; without such, at each blank."""
    text = " ".join(_POSTCODE.sub(" ", text).split())
    pieces = [piece for piece in _APART.split(text) if piece and not piece.isdecimal()]
    pieces = [piece for piece in pieces if fold(piece) != fold(country)]
    if 2 <= len(pieces) <= MOST_PIECES:
        yield pieces
    elif len(pieces) == 1:
        words = pieces[0].split()
        yield from ([" ".join(words[:at]), " ".join(words[at:])] for at in range(1, len(words)))
