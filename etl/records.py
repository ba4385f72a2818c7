"""Records: values with named fields that stay as they were made. Each is a `msgspec.Struct`.

A command makes some hundred classes of them before it does anything, and the class of a Struct is made in a fortieth of the time
that a dataclass takes, which is compiled from text each time.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


def as_dict(record: Struct) -> dict[str, Any]:
    """The fields of a record by their names, and so those of the records in it."""
    return {name: _plain(getattr(record, name)) for name in record.__struct_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        return as_dict(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value
