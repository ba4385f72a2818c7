"""The kind `json`: an array of objects, or an object with such an array somewhere in it. Read whole, unlike `jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from etl.errors import SourceError
from etl.extract.json_values import DOCUMENT, decode, described, keys_of, record_of, value_fault
from etl.extract.kinds import ENCODING, TRIM, Kind, Option, Settings, column_names_option, holding_nothing
from etl.extract.locations import File
from etl.extract.opening import chunk_encoding, existing_file, text_chunks
from etl.extract.rows import Record, SequentialTable
from etl.extract.undecodable import undecodable
from etl.model import Table
from etl.suggest import perhaps


def open_json(location: str, settings: Settings) -> Table:
    path = existing_file(location)
    items = _array(path, _document(path, settings["encoding"]), settings["path"])
    header = settings["header"] or keys_of(items)
    if not header:
        raise SourceError(f"{path}: there is no object with a key in it, so there are no columns")
    return SequentialTable(header, 1, lambda: _records(items, header))


def _document(path: File, encoding: str) -> Any:
    data = b"".join(text_chunks(path, encoding))
    try:
        return decode(data.decode(chunk_encoding(encoding)), DOCUMENT)
    except UnicodeDecodeError as error:
        reason = undecodable(data, error.start, f"offset {error.start}", encoding)
        raise SourceError(f"{path}: {reason}") from None
    except json.JSONDecodeError as error:
        raise SourceError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}{_lines_hint(error)}") from None
    except ValueError as error:
        raise SourceError(f"{path}: {error}") from None


def _lines_hint(error: json.JSONDecodeError) -> str:
    return "; with one object a line, read it with `jsonl:`" if error.msg == "Extra data" else ""


def _array(path: File, document: Any, inner: str | None) -> list[Any]:
    """The array at a path such as `data.orders`."""
    value, so_far = document, ""
    for name in inner.split(".") if inner else ():
        if not isinstance(value, dict) or name not in value:
            keys = list(value) if isinstance(value, dict) else []
            there = perhaps(name, keys) or (f"; there are: {', '.join(keys[:10])}" if keys else "")
            raise SourceError(f"{path}: `path: {inner}`: no key '{name}'{f' in {so_far}' if so_far else ''}{there}")
        value, so_far = value[name], f"{so_far}.{name}".lstrip(".")
    if not isinstance(value, list):
        where = f"`path: {inner}` is" if inner else "the file holds"
        raise SourceError(f"{path}: {where} {described(value)}, not an array of objects{_arrays_hint(value, so_far)}")
    return value


def _arrays_hint(value: Any, so_far: str) -> str:
    """Where an object has arrays of its own, one level down."""
    names = [name for name, one in value.items() if isinstance(one, list)] if isinstance(value, dict) else []
    return f"; write `path: {f'{so_far}.{names[0]}'.lstrip('.')}`?" if names else ""


def _records(items: list[Any], header: tuple[str, ...]) -> Iterator[Record]:
    import petl

    known = frozenset(header)
    # petl lays the objects out as rows; one that is not fit for that keeps its place as an empty object.
    fit = [item if isinstance(item, dict) else {} for item in items]
    rows = petl.data(petl.fromdicts(fit, header=header, missing=None))
    for item, row in zip(items, rows, strict=True):
        reason = record_of(item, header, known)[1] or value_fault(item)
        yield list(row), reason


JSON = Kind(
    "json",
    "A JSON file: an array of objects, or an object that holds one (see `path`). It is held in memory; a large one is "
    "better as jsonl.",
    holding_nothing(open_json),
    (
        ENCODING,
        Option(
            "path",
            "where in the document the array is, keys joined by dots.",
            lambda value: value,
            {"type": "string", "examples": ["data.orders"]},
        ),
        column_names_option("the keys that are columns. Default: all keys of all objects."),
        TRIM,
    ),
    examples=("orders.json",),
)
