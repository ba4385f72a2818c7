"""Rows that lie inside of a document's lists or elements -> a table, with columns from around them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from msgspec import Struct

from etl.errors import SourceError
from etl.extract.json_path import ABSENT, EVERY, Around, Found, Steps, around_texts, arounds, why_absent
from etl.extract.json_values import HEADER_SAMPLE, keys_of, record_of, shown_value
from etl.extract.kinds import Option, OptionValues
from etl.extract.locations import File
from etl.extract.reach import Reach
from etl.extract.rows import ReadRow, SequentialTable
from etl.model import Table

PATH_SCHEMA = {
    "type": "string",
    "examples": ["data.orders", "orders[*].line_items[*]", "shop/orders/order"],
}
WITH = Option(
    "with",
    "columns from around a row: `^.id` is the key `id` of the object that holds the row's list, `^.^.id` of the object around "
    "that one. Default: none.",
    around_texts,
    {
        "type": "object",
        "additionalProperties": {
            "type": "string",
            "examples": ["^.id", "^.^.customer.id"],
            "description": "Where the column's value is.",
        },
        "examples": [{"order_id": "^.id"}],
    },
    {},
)


class Nested(Protocol):
    """A document's rows. `rows` begins anew with every call; `nested`: they lie in elements that are read whole; `reach`: how far
    the file is read."""

    path: File
    nested: bool
    reach: Reach

    def rows(self) -> Iterator[Found]: ...

    def why_empty(self) -> str:
        """Why there is no row, where that is known; otherwise ""."""

    def in_parts(self, header: tuple[str, ...], shape: RowShape) -> Table | None:
        """The table in parts that are read by themselves, once all rows have been looked at; None where there are none."""


class RowShape(Struct, frozen=True):
    """What rows are made of what is found: `keys` of it, and `columns` from around it. `known` are the keys that there may be;
    None: any."""

    keys: tuple[str, ...]
    known: frozenset[str] | None
    columns: tuple[Around, ...]

    def records(self, rows: Iterable[Found]) -> Iterator[ReadRow]:
        for found in rows:
            cells, why = record_of(found.value, self.keys, self.known)
            if reason := found.reason or why:
                # As it is written, where that is known: a value at fault may be one that cannot be written again.
                yield [shown_value(found.text or _written(found.value))], reason
            elif self.columns:
                yield [*cells, *(_or_none(one.value(found.parents)) for one in self.columns)], None
            else:
                yield cells, None


NO_COLUMNS = (
    "there is no object with a key in it, so there are no columns; where it may be so, name them: header: [id, ...]"
)


def nested_table(source: Nested, steps: Steps, settings: OptionValues) -> Table:
    """Raises SourceError, or ValueError when `with` and `path` do not go together."""
    header, columns = settings["header"], arounds(settings["with"])
    _check_levels(steps, columns)
    is_surveyed = not header or columns
    if is_surveyed:
        keys = _surveyed(source, columns)
        header = header or keys
    for name in columns:
        if name in header:
            raise SourceError(
                f"{source.path}: `with`: the objects have a key '{name}' already; give the column another name"
            )
    known = None if settings.get("pass_others") else frozenset(header)
    shape = RowShape(header, known, tuple(columns.values()))
    names = (*header, *columns)
    in_parts = source.in_parts(names, shape) if is_surveyed else None
    return in_parts or SequentialTable(names, 1, partial(_records, source, shape), reach=source.reach)


def _check_levels(steps: Steps, columns: Mapping[str, Around]) -> None:
    """Raises ValueError for a value around the outermost list, of which only one element at a time is held."""
    levels = sum(isinstance(step, str) for step in steps[steps.index(EVERY) :])
    for name, column in columns.items():
        if column.levels > levels:
            there = f"only {levels} object{'' if levels == 1 else 's'}" if levels else "no object"
            raise ValueError(
                f"`with: {name}` goes {column.levels} up, and between a row and the outermost `[*]` of `path` there is {there}"
            )


def _surveyed(source: Nested, columns: Mapping[str, Around]) -> tuple[str, ...]:
    """All keys of the rows. Raises SourceError when there are none, or when a value around them is nowhere."""
    keys: dict[str, None] = {}
    missing = dict(columns)
    first: list[Found] = []
    for found in source.rows():
        if not isinstance(found.value, dict) or (found.reason and source.nested):
            continue
        keys.update(dict.fromkeys(keys_of([found.value])))
        if missing:
            first += [found] if len(first) < HEADER_SAMPLE else []
            missing = {name: one for name, one in missing.items() if one.value(found.parents) is ABSENT}
    if not keys:
        why = source.why_empty() or NO_COLUMNS
        raise SourceError(f"{source.path}: {why}")
    for name, column in missing.items():
        why = why_absent([found.parents[-column.levels] for found in first], column.steps)
        raise SourceError(f"{source.path}: `with: {name}`: {why or 'is found around no row'}")
    return tuple(keys)


def _records(source: Nested, shape: RowShape) -> Iterator[ReadRow]:
    record = None
    for record in shape.records(source.rows()):
        yield record
    # With a `header` nobody has looked before: a path that leads nowhere must not pass for an empty file.
    if record is None and (nothing := source.why_empty()):
        raise SourceError(f"{source.path}: {nothing}")


def _or_none(value: object) -> object:
    return None if value is ABSENT else value


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


@contextmanager
def naming(path: File) -> Iterator[None]:
    """Have what is wrong with a document told with its file: a ValueError becomes a SourceError. One that begins with a colon has
    a place in the file in front, which follows its name at once."""
    try:
        yield
    except ValueError as error:
        sentence = str(error)
        raise SourceError(f"{path}{'' if sentence.startswith(':') else ': '}{sentence}") from None
