"""What differs between two versions of a record, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import orjson
from msgspec import Struct


class What(StrEnum):
    """What became of a field."""

    CHANGED = "changed"
    ADDED = "added"  # the old record had no such field
    REMOVED = "removed"  # the new one has none


class FieldChange(Struct, frozen=True):
    """A field of a record that two versions of it do not have alike. What was or is not there is None."""

    field: str
    what: What
    old: Any
    new: Any


def changes(old: bytes, new: bytes) -> Iterator[FieldChange]:
    """Of two records as JSON; a number and a text, or 1 and 1.0, are not alike."""
    before, after = orjson.loads(old), orjson.loads(new)
    for name in dict.fromkeys([*before, *after]):
        if name not in before:
            yield FieldChange(name, What.ADDED, None, after[name])
        elif name not in after:
            yield FieldChange(name, What.REMOVED, before[name], None)
        elif before[name] != after[name] or type(before[name]) is not type(after[name]):
            yield FieldChange(name, What.CHANGED, before[name], after[name])
