"""The function `country`: names and codes of countries, in Turkish and English."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from etl.expressions.functions.columns import ColumnWay, each_once
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.formats import folded
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import GIVE_AN_ERROR, one_of, text_for
from etl.findings import Unfit

if TYPE_CHECKING:
    from etl.expressions.runtime import Writers

LANGUAGES = ("tr", "en")

ALIASES = {
    "turkiye cumhuriyeti": "TR", "republic of turkey": "TR", "turkey": "TR", "turkei": "TR", "ingiltere": "GB",
    "england": "GB", "britanya": "GB", "great britain": "GB", "uk": "GB", "usa": "US", "abd": "US", "amerika": "US",
    "amerika birlesik devletleri": "US", "united states of america": "US", "holland": "NL", "rusya federasyonu": "RU",
    "russian federation": "RU", "guney kore": "KR", "south korea": "KR", "czech republic": "CZ", "cek cumhuriyeti": "CZ",
    "bae": "AE", "uae": "AE", "makedonya": "MK", "macedonia": "MK", "the netherlands": "NL",
}  # fmt: skip
"""What people write and CLDR does not. Northern Cyprus has no code of its own:
whoever ships there says by `default` or a lookup what it is."""


WRITTEN = {"t.c.": "TR", "t.c": "TR", "tc.": "TR"}
"""What the dots make another thing: TC alone is the code of the Turks and Caicos Islands."""

NO_COUNTRIES = frozenset(("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"))
"""Codes that CLDR has a name for, and that are of no country: unions, parts of one, what is unknown."""


@cache
def _codes() -> dict[str, str]:
    """Code of two or three letters, in small ones -> the code of two letters."""
    from babel.core import get_global

    found = {}
    for code in _countries("en"):
        found[code.lower()] = code
    for alias, codes in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(codes) == 1:
            found.setdefault(alias.lower(), codes[0])
    return found


@cache
def _countries(language: str) -> dict[str, str]:
    """Codes of two letters -> names."""
    from babel import Locale

    named = Locale(language).territories.items()
    return {code: str(name) for code, name in named if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES}


@cache
def _names() -> dict[str, str]:
    """Folded name -> the code of two letters."""
    found = {_plain(name): code for language in LANGUAGES for code, name in _countries(language).items()}
    return {**found, **ALIASES}


def code_of(text: str) -> str | None:
    """A code is letters alone: D.E. is none."""
    small = folded(text)
    return WRITTEN.get(small) or _codes().get(small) or _names().get(_plain(text))


def _plain(name: str) -> str:
    """A name as it is compared: folded, without dots and brackets, `&` as `and`."""
    kept = folded(name).replace("&", " and ").replace(".", "")
    return " ".join("".join(sign if sign.isalnum() else " " for sign in kept).split())


def bind_country(language: str = "tr", default: object = GIVE_AN_ERROR) -> Callable[[str], object]:
    one_of("language", language, LANGUAGES)

    def named(value: str) -> object:
        text = text_for("country", value).strip()
        code = code_of(text)
        if code is not None:
            return _countries(language)[code]
        if not text:
            return None
        if default is GIVE_AN_ERROR:
            raise Unfit(
                "function:country", value, "{value} is no country that is known by its Turkish or English name or code"
            )
        return default

    return named


def country(value: str, language: str = "tr", default: object = GIVE_AN_ERROR) -> object:
    return bind_country(language, default)(value)


def country_column(write: Writers, language: str = "tr", default: object = GIVE_AN_ERROR) -> ColumnWay:
    return each_once(write, bind_country(language, default))


FUNCTIONS = (
    Function(
        name="country",
        group="contact",
        sentence=(
            "Gives a country's name from its name in Turkish or English, in any case and with or without accents, or from "
            "its code of two or three letters."
        ),
        call=country,
        bind=bind_country,
        column=country_column,
        parameters=(
            Parameter("language", "In which language to name it: 'tr' or 'en'.", "tr"),
            Parameter("default", "What an unknown country gives; left out, it is an error.", GIVE_AN_ERROR),
        ),
        examples=(
            shows("{{ country | country }}", "Türkiye", country="TURKEY"),
            shows("{{ country | country }}", "Türkiye", country="TUR"),
            shows("{{ country | country }}", "Almanya", country="de"),
            shows("{{ country | country }}", "Türkiye", country="T.C."),
            shows("{{ country | country('en') }}", "Germany", country="ALMANYA"),
            shows("{{ country | country(default='Türkiye') }}", "Türkiye", country="?"),
            fails(
                "{{ country | country }}",
                "'Narnia' is no country that is known by its Turkish or English name or code",
                country="Narnia",
            ),
        ),
    ),
)
