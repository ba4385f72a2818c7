"""Records: values with named fields that stay as they were made. Each is a `msgspec.Struct`.

A command makes some hundred classes of them before it does anything, and the class of a Struct is made in a fortieth of the time
that a dataclass takes, which is compiled from text each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
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


def json_of(value: object, plain: Callable[[Any], object], option: int) -> bytes:
    """`plain`: what orjson does not know -> what it knows. Raises TypeError where there is no such thing.

    Whatever is raised there, orjson tells as a value that it does not know: Ctrl-C would be lost, or be a traceback.
    """
    try:
        return orjson.dumps(value, default=plain, option=option)
    except TypeError as error:
        if error.__cause__ is not None and not isinstance(error.__cause__, Exception):
            raise error.__cause__ from None
        raise
