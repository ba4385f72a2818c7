"""Whether a value can be written as JSON at all, and read back the same, by any reader.

JSON Schema takes this for granted. Inside a field that is open (`extra_field`) it is not: a NaN would be sent as null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from math import isfinite
from typing import Any

import orjson

from etl.findings import Unfit

DEEPEST = 100
"""Levels of lists and objects. Readers of JSON stop somewhere: orjson at 254."""

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1

NUL = "\0"
"""No text of PostgreSQL holds it: one record would keep all of its batch from being stored."""

_NUL_IN_JSON = b"\\u0000"

ValuePath = tuple[str | int, ...]


def is_sendable(value: object, path: ValuePath = ()) -> bool:
    return (value.__class__ is dict and _is_simple(value)) or next(unsendable(value, path), None) is None


def _is_simple(record: dict[Any, Any]) -> bool:
    """Whether a record of leaves, and of objects of leaves, is surely sendable: as nearly all are. In a few passes."""
    objects = [record, *(one for one in record.values() if one.__class__ is dict)]
    leaves = [one for one in record.values() if one.__class__ is not dict]
    leaves += chain.from_iterable(map(dict.values, objects[1:]))
    if not {str}.issuperset(map(type, chain.from_iterable(objects))) or not _LEAVES.issuperset(map(type, leaves)):
        return False
    if not all(isfinite(one) for one in leaves if one.__class__ is float):
        return False
    try:
        return not holds_nul(orjson.dumps(record, option=_STRICT))
    except orjson.JSONEncodeError:
        return False


def are_sendable(values: list[Any]) -> bool:
    """The same for many values of a field. Flat objects of texts, which is what open fields mostly hold, take a few passes."""
    return (_are_flat(values) and _can_be_written(values)) or all(is_sendable(value, ("",)) for value in values)


def _are_flat(values: list[Any]) -> bool:
    objects = {dict}.issuperset(map(type, values))
    return objects and _PLAIN.issuperset(map(type, chain.from_iterable(map(dict.values, values))))


_PLAIN = frozenset((str, bool, type(None)))
_LEAVES = _PLAIN | {int, float}
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


def _can_be_written(value: object) -> bool:
    """Whether all names are texts, and all texts Unicode: orjson, unlike others, writes nothing else."""
    try:
        orjson.dumps(value, option=_STRICT)
    except orjson.JSONEncodeError:
        return False
    return True


def unsendable(value: object, path: ValuePath = ()) -> Iterator[tuple[ValuePath, object, Unfit]]:
    """What stands in the way: the path to it, the value there, why."""
    why = _why(value) if len(path) <= DEEPEST else _deep()
    if why:
        yield path, value, why
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _unsendable_name(name, path)
            yield from unsendable(inner, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from unsendable(inner, (*path, index))


def holds_nul(lines: bytes) -> bool:
    """Whether there is a NUL in any of these lines of JSON."""
    # Backslashes are rare: going from one to the next is many times quicker than looking for all six characters.
    at = lines.find(b"\\")
    while at >= 0:
        if lines.startswith(_NUL_IN_JSON, at):
            return True
        at = lines.find(b"\\", at + 2)
    return False


def _deep() -> Unfit:
    return Unfit("json:depth", None, "is nested deeper than {most} levels", most=DEEPEST)


def _unsendable_name(name: object, path: ValuePath) -> Iterator[tuple[ValuePath, object, Unfit]]:
    if type(name) is not str:
        yield path, name, Unfit("json:name", name, "has the name {value}, which is not text")
    elif not is_unicode(name):
        yield path, name, Unfit("json:name", name, "has the name {value}, which is not valid Unicode")
    elif NUL in name:
        yield path, name, Unfit("json:name", name, "has the name {value}, which holds a NUL character")


def _why(value: object) -> Unfit | None:
    """Why a value, leaving aside what is in it, cannot be written; None when it can."""
    if value is None or isinstance(value, bool | dict | list | tuple):
        return None
    if type(value) is str:
        return _why_no_text(value)
    if type(value) is int:
        return None if _SMALLEST <= value <= _LARGEST else _large()
    if type(value) is float or type(value) is Decimal:
        return None if _is_double(value) else Unfit("json:number", value, "{value} is not a number that JSON can hold")
    words = "a {type} cannot be written as JSON; turn it into text or a number first"
    return Unfit("json", None, words, type=type(value).__name__)


def _why_no_text(text: str) -> Unfit | None:
    if not is_unicode(text):
        return Unfit("unicode", text, "{value} is not valid Unicode")
    return Unfit("nul", text, "{value} holds a NUL character, which no shop can store") if NUL in text else None


def _large() -> Unfit:
    return Unfit("json:large", None, "is a whole number of more than 64 bits")


def _is_double(value: float | Decimal) -> bool:
    return value.is_finite() and isfinite(float(value)) if isinstance(value, Decimal) else isfinite(value)


def is_unicode(text: str) -> bool:
    """A text read with errors='surrogateescape' may hold half a character, which UTF-8 has no way to write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_fields(schema: Mapping[str, object]) -> tuple[str, ...]:
    """The properties of a payload schema whose own keywords do not already keep every value sendable."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return ()
    return tuple(name for name, keywords in properties.items() if not _is_closed(keywords))


def _is_closed(keywords: object) -> bool:
    if not isinstance(keywords, Mapping):
        return False
    types = keywords.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    if types & {"number", "integer"}:
        types -= {"number", "integer"} if _is_bounded(keywords) else set()
    return "enum" in keywords or (bool(keywords.get("type")) and types <= {"string", "boolean", "null"})


def _is_bounded(keywords: Mapping[str, object]) -> bool:
    return bool({"minimum", "exclusiveMinimum"} & keywords.keys()) and bool(
        {"maximum", "exclusiveMaximum"} & keywords.keys()
    )
