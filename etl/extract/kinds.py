"""The form of an entry in the table of source kinds, and the checks their options share. Reads nothing."""

from __future__ import annotations

import difflib
import encodings.aliases
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from etl.extract.undecodable import LIKELY_ENCODINGS
from etl.model import Table

Settings = dict[str, Any]
"""Every option of a kind, checked, with defaults filled in."""


@dataclass(frozen=True, slots=True)
class Option:
    """A key that may stand beside a source's kind.

    check   takes the value from the YAML and returns it as the kind wants it; raises ValueError with a sentence.
    schema  the JSON Schema of the value, for the schema of the mapping language.
    """

    name: str
    sentence: str
    check: Callable[[Any], object]
    schema: Mapping[str, object]
    default: object = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to read a source. `open` takes the location and the settings, and raises SourceError, or ValueError
    when two options do not go together.

    `local_file` tells whether the location is a file: one that can be named relative to the mapping, and hashed.
    """

    name: str
    sentence: str
    open: Callable[[str, Settings], Table]
    options: tuple[Option, ...] = field(default=())
    local_file: bool = True

    def settings(self, given: Mapping[str, object]) -> Settings:
        """Check the options a mapping gives and fill in the rest. Raises ValueError naming the option."""
        known = {option.name: option for option in self.options}
        for name in given:
            if name not in known:
                hint = nearest(name, known) or f"; {self.name} takes: {', '.join(known)}"
                raise ValueError(f"unknown option '{name}'{hint}")
        return {name: _checked(option, given.get(name, option.default)) for name, option in known.items()}


def _checked(option: Option, value: object) -> object:
    try:
        return option.check(value)
    except ValueError as error:
        raise ValueError(f"option '{option.name}': {error}") from None


def nearest(word: str, words: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the most similar of the words, or nothing."""
    by_fold = {other.casefold(): other for other in words}
    found = difflib.get_close_matches(word.casefold(), by_fold, n=1)
    return f"; did you mean '{by_fold[found[0]]}'?" if found else ""


def one_character(value: object) -> str:
    if isinstance(value, str) and len(value) == 1 and value not in "\r\n\0":
        return value
    raise ValueError(f'{value!r} is not one character (a tab is written "\\t", with double quotes)')


def one_character_or_none(value: object) -> str | None:
    return one_character(value) if value else None


def encoding_name(value: object) -> str:
    """An encoding Python knows, as the mapping spells it; every spelling of UTF-8 becomes `utf-8`."""
    try:
        "x".encode(str(value))
    except (LookupError, ValueError):
        hint = nearest(str(value), LIKELY_ENCODINGS) or nearest(str(value), _encodings())
        raise ValueError(f"unknown encoding '{value}'{hint}") from None
    spelled = str(value).lower().replace("_", "-")
    return "utf-8" if spelled in ("utf-8", "utf8", "utf-8-sig", "u8") else str(value)


def _encodings() -> list[str]:
    """The encodings' names; Python's list also has codecs that are not of texts, such as base64."""
    names = [name for name, codec in encodings.aliases.aliases.items() if not codec.endswith("_codec")]
    return sorted(name.replace("_", "-") for name in names)


def texts(value: object) -> tuple[str, ...]:
    """A list of texts; one text alone is a list of one."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ValueError(f"{value!r} is not a list of texts")


def names_or_none(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = texts(value)
    if not names:
        raise ValueError("is empty; list the columns' names")
    return names


def boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is neither true nor false")


def row_number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"{value!r} is not a row number (the first row is 1)")


TEXT: Mapping[str, object] = {"type": "string"}
TEXTS: Mapping[str, object] = {"type": "array", "items": {"type": "string"}, "minItems": 1}

TRIM = Option(
    "trim",
    "Whether blanks around a cell are removed and a blank cell is null; the expressions do it, not the reading.",
    boolean,
    {"type": "boolean"},
    True,
)
ENCODING = Option(
    "encoding",
    "How the file's bytes are to be read: utf-8, windows-1254, iso-8859-9, utf-16... A mark (BOM) is passed over.",
    encoding_name,
    TEXT,
    "utf-8",
)
