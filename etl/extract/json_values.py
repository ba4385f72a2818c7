"""JSON text -> values that lose nothing: amounts stay exact, and what JSON leaves open is told instead of guessed.

A number with a point becomes a Decimal, so that 0.1 is 0.1. An object with the same key twice, NaN and Infinity, and
half a character (a lone surrogate) are faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from etl.extract.rows import Record
from etl.suggest import perhaps

HEADER_SAMPLE = 1000


class RepeatedKey(dict[str, Any]):
    """An object that had a key twice; the last value has won, and `key` tells which."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.key = next(name for name in names if names.count(name) > 1)


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    return values if len(values) == len(pairs) else RepeatedKey(pairs)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError(value_fault(RepeatedKey(pairs)))
    return values


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON; write null instead")


ROW = json.JSONDecoder(object_pairs_hook=_unrepeated, parse_float=Decimal, parse_constant=_no_number)
"""For a text that is one row: raises ValueError for a repeated key."""

DOCUMENT = json.JSONDecoder(object_pairs_hook=_marked, parse_float=Decimal, parse_constant=_no_number)
"""For a text of many rows: one with a repeated key is marked (see value_fault), the others are well."""


def decode(text: str, decoder: json.JSONDecoder) -> Any:
    """Raises ValueError; json.JSONDecodeError, which is one, when the place is known."""
    try:
        return decoder.decode(text)
    except RecursionError:
        raise ValueError("lists and objects are nested too deeply") from None


def surrogates_possible(text: str) -> bool:
    """Whether a text may hold a lone surrogate, which JSON can only write as \\ud800 to \\udfff."""
    return "\\ud" in text or "\\uD" in text


def value_fault(value: object) -> str:
    """What is wrong with a decoded value that is JSON in form, or ""."""
    if isinstance(value, RepeatedKey):
        return f"has the key '{value.key}' twice"
    if isinstance(value, Mapping):
        return next(filter(None, map(value_fault, (*value, *value.values()))), "")
    if isinstance(value, list):
        return next(filter(None, map(value_fault, value)), "")
    if isinstance(value, str) and not _encodable(value):
        return "holds half of a character (a lone surrogate)"
    return ""


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def keys_of(objects: Iterable[object]) -> tuple[str, ...]:
    """The keys of all objects, in order of first appearance."""
    seen: dict[str, None] = {}
    for one in objects:
        if isinstance(one, Mapping):
            seen.update(dict.fromkeys(one))
    return tuple(seen)


def record_of(value: object, header: tuple[str, ...], known: frozenset[str]) -> Record:
    """A row made of an object: an absent key is None. `known` is the header, for looking up."""
    if not isinstance(value, dict):
        return [str(value)], f"is {described(value)}, not an object"
    # dict.keys() <= set runs in C; the rest is for rows that are wrong.
    if not value.keys() <= known:
        further = next(key for key in value if key not in known)
        return list(value.values()), (
            f"has the key '{further}', which is not among the columns{perhaps(further, header)}; "
            "list every key in the source's `header`"
        )
    return [value.get(name) for name in header], ""


def described(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
