"""Lower, upper and title case that are right for Turkish, whose i has a dot in both cases (i İ) and ı in none (ı I)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from unicodedata import normalize

from etl.expressions.functions.columns import ColumnWay
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import one_of, text_for

if TYPE_CHECKING:
    from etl.expressions.runtime import Writers

Casing = Callable[[str], str]

LANGUAGES = (None, "tr", "en")

# Letters (and a mis-written i) that only a Turkish text holds.
_ONLY_TURKISH = re.compile("[ğĞşŞıİ]|i\u0307")
# What a language-neutral lower() makes of İ. More than one dot is possible in damaged text.
_DOTTED_I = re.compile("i\u0307+")
# A word starts at the beginning, after blank space or one of ( / . -, perhaps with a quote before its first letter.
# A letter, an apostrophe and a letter there are O'Neill; a longer word with an apostrophe is Ayşe'nin.
_WORD_START = re.compile(r"""(?:^|(?<=[\s(/.\-]))["'“‘«\[]?[^\W\d_](?:['’][^\W\d_])?""")


def _composed(text: str) -> str:
    """NFC, in which i with a combining dot is plain i."""
    return _DOTTED_I.sub("i", normalize("NFC", text))


def _lower(text: str, turkish: bool) -> str:
    text = text.replace("İ", "i")
    return (text.replace("I", "ı") if turkish else text).lower()


def _upper(text: str, turkish: bool) -> str:
    return (text.replace("i", "İ") if turkish else text).upper()


def _title(text: str, turkish: bool) -> str:
    def capital(start: re.Match[str]) -> str:
        found = start.group()
        return (found.replace("i", "İ") if turkish else found).title()

    return _WORD_START.sub(capital, _lower(text, turkish))


def _casing(function: str, change: Callable[[str, bool], str], language: str | None) -> Casing:
    """The function of a text. ASCII text, which is most of it, takes the short way."""
    one_of("language", language, LANGUAGES)

    def cased(value: str) -> str:
        text = text_for(function, value)
        if text.isascii():
            return change(text, language == "tr")
        turkish = language == "tr" or (language is None and _ONLY_TURKISH.search(normalize("NFC", text)) is not None)
        return _composed(change(_composed(text), turkish))

    return cased


def bind_lower(language: str | None = None) -> Casing:
    return _casing("lower", _lower, language)


def bind_upper(language: str | None = None) -> Casing:
    return _casing("upper", _upper, language)


def bind_title(language: str | None = None) -> Casing:
    return _casing("title", _title, language)


def lower(value: str, language: str | None = None) -> str:
    return bind_lower(language)(value)


def lower_column(write: Writers, language: str | None = None) -> ColumnWay | None:
    """The ASCII text that e-mails and codes are."""
    if language == "tr":
        return None
    return lambda column: [one or None for one in map(str.lower, column)] if "".join(column).isascii() else None


def upper(value: str, language: str | None = None) -> str:
    return bind_upper(language)(value)


def title(value: str, language: str | None = None) -> str:
    return bind_title(language)(value)


_LANGUAGE = Parameter(
    "language",
    "'tr' follows the Turkish rules (i İ, ı I), 'en' never does; left out, a text that holds one of ğ Ğ ş Ş ı İ is "
    "taken as Turkish, any other not.",
    None,
)

FUNCTIONS = (
    Function(
        name="lower",
        gives=str,
        group="text",
        sentence="Writes a text in small letters.",
        call=lower,
        bind=bind_lower,
        column=lower_column,
        parameters=(_LANGUAGE,),
        examples=(
            shows("{{ email | lower }}", "info@mail.com", email="INFO@MAIL.COM"),
            shows("{{ city | lower }}", "ığdır", city="IĞDIR"),
            shows("{{ city | lower }}", "istanbul", city="İSTANBUL"),
            shows("{{ city | lower('tr') }}", "ısparta", city="ISPARTA"),
            fails("{{ code | lower }}", "lower expects text, not 7; write `| text` before it", code=7),
        ),
    ),
    Function(
        name="upper",
        gives=str,
        group="text",
        sentence="Writes a text in capital letters.",
        call=upper,
        bind=bind_upper,
        parameters=(_LANGUAGE,),
        examples=(
            shows("{{ word | upper }}", "IŞIK", word="ışık"),
            shows("{{ city | upper('tr') }}", "İSTANBUL", city="istanbul"),
            shows("{{ currency | upper }}", "TRY", currency="try"),
            fails("{{ city | upper('de') }}", "language is none or 'tr' or 'en', not 'de'", city="Köln"),
        ),
    ),
    Function(
        name="title",
        gives=str,
        group="text",
        sentence=(
            "Writes every word with a capital first letter and small letters after it. A word starts after blank space "
            "and after - ( / . and after the apostrophe of O'Neill, but not that of Ayşe'nin."
        ),
        call=title,
        bind=bind_title,
        parameters=(_LANGUAGE,),
        examples=(
            shows("{{ name | title }}", "Ayşe Nur Yılmaz", name="AYŞE NUR YILMAZ"),
            shows("{{ name | title }}", "Anne-Marie O'Neill", name="anne-marie o'neill"),
            shows("{{ city | title('tr') }}", "Isparta", city="ISPARTA"),
            shows("{{ city | title('tr') }}", "İzmir", city="izmir"),
            fails("{{ name | title }}", "title expects text, not 12; write `| text` before it", name=12),
        ),
    ),
)
