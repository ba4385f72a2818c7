"""The function `place`: a country, city, township or district as the channel spells it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from etl.expressions.functions.columns import ColumnWay, each_once
from etl.expressions.functions.country import code_of
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import GEOGRAPHY, Function, Parameter, Resource
from etl.expressions.functions.values import GIVE_AN_ERROR, one_of, text_for
from etl.findings import Unfit
from etl.geography import LEVELS, AddressCells, Atlas, Gazetteer, Note, ToldPlaces, Trouble

if TYPE_CHECKING:
    from etl.expressions.runtime import Writers


PlaceAnswer = tuple[object, Note | None]
"""What a place is called, and what was put right to tell it."""


def place(
    value: object,
    level: str,
    country: object = None,
    city: object = None,
    township: object = None,
    district: object = None,
    default: object = GIVE_AN_ERROR,
    *,
    geography: Resource,
) -> object:
    # Most rows cost one look into what was answered before.
    asked = (level, value, country, city, township, district)
    try:
        return geography.content.answers[asked][0]
    except (KeyError, TypeError):  # a list has no place among keys
        pass
    answer = _answer(asked, geography)
    if isinstance(answer, tuple):
        return answer[0]
    if default is not GIVE_AN_ERROR:
        return default
    parts = dict(answer.parts) if answer.entry is None else {**answer.parts, "entry": answer.entry}
    raise Unfit(answer.rule, value, answer.words, **parts)


def note_of(
    value: object,
    level: str,
    country: object = None,
    city: object = None,
    township: object = None,
    district: object = None,
    default: object = GIVE_AN_ERROR,
    *,
    geography: Resource,
) -> Note | None:
    """What `place` has put right to answer; None where there was nothing, or where it gives no answer."""
    asked = (level, value, country, city, township, district)
    try:
        note: Note | None = geography.content.answers[asked][1]
    except (KeyError, TypeError):
        answer = _answer(asked, geography)
        note = answer[1] if isinstance(answer, tuple) else None
    return note


def _answer(asked: tuple[object, ...], geography: Resource) -> PlaceAnswer | Trouble:
    level, value, *others = asked
    one_of("level", level, LEVELS)
    level = str(level)
    cells = {**dict(zip(LEVELS, others, strict=True)), level: value}
    found: ToldPlaces = geography.content.found(AddressCells(**{name: _cell(cell) for name, cell in cells.items()}))
    if level in found.troubles:
        return found.troubles[level]
    answer: PlaceAnswer = geography.content.answers.setdefault(asked, (found.name(level), found.notes.get(level)))
    return answer


def _cell(value: object) -> str | None:
    return None if value is None else text_for("place", value).strip() or None


def bind_place(
    level: str,
    country: object = None,
    city: object = None,
    township: object = None,
    district: object = None,
    default: object = GIVE_AN_ERROR,
    *,
    geography: Resource,
) -> Callable[[object], object]:
    one_of("level", level, LEVELS)
    return lambda value: place(value, level, country, city, township, district, default, geography=geography)


def place_column(
    write: Writers,
    level: str,
    country: object = None,
    city: object = None,
    township: object = None,
    district: object = None,
    default: object = GIVE_AN_ERROR,
    *,
    geography: Resource,
) -> ColumnWay | None:
    """A blank cell is told by others, or has the country of the mapping: what it gives is computed, too."""
    each = bind_place(level, country, city, township, district, default, geography=geography)
    return each_once(write, each, blank=lambda: each(None))


def atlas_of(gazetteer: Gazetteer, names: dict[str, object], country: str | None) -> Atlas:
    """With the names of countries that the function `country` knows."""
    return Atlas(gazetteer, names, country, code_of)


_OTHERS = "The cell that tells the {}; within it the place is looked for, and it may tell what this one lacks."


def _others(levels: Iterable[str]) -> tuple[Parameter, ...]:
    return tuple(Parameter(level, _OTHERS.format(level), None) for level in levels)


_ROW = {"city": "Kadıköy / İstanbul"}

FUNCTIONS = (
    Function(
        name="place",
        gives=None,
        group="contact",
        sentence=(
            "Gives a country, city, township or district as the channel spells it, from how people write it: in any case, "
            "without accents, with words like Mah., by an old or short name. City and township may share a cell, stand in "
            "each other's, or the township alone tell the city: docs/places.md."
        ),
        call=place,
        bind=bind_place,
        column=place_column,
        note=note_of,
        costly=True,
        null=True,
        parameters=(
            Parameter("level", "'country', 'city', 'township' or 'district'.", choices=LEVELS),
            *_others(LEVELS),
            Parameter(
                "default", "What a place that is not on the lists gives; left out, it is an error.", GIVE_AN_ERROR
            ),
            Parameter("geography", "Given by the engine.", "channel", resource=GEOGRAPHY),
        ),
        examples=(
            shows("{{ city | place('city') }}", "İstanbul", city="ISTANBUL"),
            shows("{{ city | place('city', township=town) }}", "İstanbul", city="", town="Kadıköy"),
            shows("{{ city | place('city') }}", "İstanbul", **_ROW),
            shows("{{ town | place('township', city=city) }}", "Kadıköy", town="", **_ROW),
            shows("{{ town | place('township', city=city) }}", "Eyüpsultan", city="İstanbul", town="Eyüp"),
            shows("{{ country | place('country') }}", "Türkiye", country="TR"),
            shows("{{ city | place('city', default='İstanbul') }}", "İstanbul", city="?"),
            fails(
                "{{ town | place('township', city=city) }}",
                "'Kadiköyy' is no township of Türkiye / İstanbul on the channel's lists; "
                "`etl channel review MAPPING places.csv` lists such names with those that are near",
                city="İstanbul",
                town="Kadiköyy",
            ),
        ),
    ),
)
