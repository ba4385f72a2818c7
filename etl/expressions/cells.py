"""What of a cell's text counts: not the blanks around it, seen or unseen, nor which of two ways its letters are written.

`ş` may be one character, or an s and a cedilla: programs on a Mac write the second. They look alike, and no search finds one by
the other, so every text is composed (Unicode's NFC) when it is read. Nothing else is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import eq
from typing import Any
from unicodedata import is_normalized, normalize

from etl.few import few_different

UNSEEN = "\u200b\u2060\ufeff\u00ad"
"""Zero-width space, word joiner, zero-width no-break space, soft hyphen: blank at the ends of a cell."""

BLANK = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace()) + UNSEEN
"""No character after U+3000 is blank."""


def tidy(text: str) -> str:
    """A text without the blanks around it, composed."""
    return text.strip() if text.isascii() else normalize("NFC", text.strip(BLANK))


def compose(text: str) -> str:
    return text if text.isascii() else normalize("NFC", text)


def as_it_is(text: str) -> str:
    return text


def shown(text: str) -> str | None:
    """What a function cut out of a tidy text: without the blanks that are at its ends now, and null when it is nothing else."""
    return text.strip(BLANK) or None


def clean(value: Any) -> Any:
    """A cell that may be of any type: text is made tidy, and blank text is null."""
    return (tidy(value) or None) if isinstance(value, str) else value


def inside(value: Any, text_of: Callable[[str], str], blank: str | None) -> Any:
    """A list or an object of JSON, whose texts are cells, too; anything else as it is. Names are composed as texts are."""
    if isinstance(value, str):
        return text_of(value) or blank
    if value.__class__ is dict:
        found = {name: inside(one, text_of, blank) for name, one in value.items()}
        return found if "".join(found).isascii() else _named(found, text_of)
    return [inside(one, text_of, blank) for one in value] if value.__class__ is list else value


def _named(found: dict[str, Any], text_of: Callable[[str], str]) -> dict[str, Any]:
    """With composed names, unless two of them would be one: nothing is lost."""
    composed = {compose(name): one for name, one in found.items()} if text_of in (tidy, compose) else found
    return composed if len(composed) == len(found) else found


def texts_of(*, trim: bool, normalize: bool) -> Callable[[str], str]:
    """The function of one cell's text."""
    if trim:
        return tidy if normalize else str.strip
    return compose if normalize else as_it_is


def all_of(text_of: Callable[[str], str], column: Sequence[str]) -> Sequence[str]:
    """The same for a column. Most hold nothing that needs care, which one look at the whole tells."""
    if text_of is as_it_is:
        return column
    if (few := few_different(column)) is not None:
        found = {text: text_of(text) for text in few}
        return column if all(map(eq, found, found.values())) else list(map(found.__getitem__, column))
    return list(map(_careless(text_of, "".join(column)), column))


def _careless(text_of: Callable[[str], str], whole: str) -> Callable[[str], str]:
    if text_of is tidy:
        plain = whole.isascii() or (is_normalized("NFC", whole) and not any(sign in whole for sign in UNSEEN))
        return str.strip if plain else tidy
    return as_it_is if text_of is compose and is_normalized("NFC", whole) else text_of
