"""Short ways for whole columns: the same values as the functions give cell by cell, at a fraction of the cost.

A short way takes a column of trimmed texts ("" for blank) and gives the JSON values of the field, or None when some cell is
not of the plain form it knows: then every cell takes the long way. A property test holds each to its function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

import orjson

from etl.expressions.functions.fixed import fixed_layout
from etl.expressions.functions.values import GIVE_AN_ERROR
from etl.expressions.runtime import Writers

Column = Sequence[str]
ShortWay = Callable[[Column], list[Any] | None]


def lookup(write: Writers, table: Mapping[str, object], default: object = GIVE_AN_ERROR) -> ShortWay:
    """Dictionary access at the speed of C. A code that is missing is for the long way to name."""
    known = {"": None, **{key: write.plain(value) for key, value in table.items() if key}}
    if default is not GIVE_AN_ERROR:
        instead = write.plain(default)
        return lambda column: list(map(known.get, column, repeat(instead)))

    def translate(column: Column) -> list[Any] | None:
        try:
            return list(map(known.__getitem__, column))
        except KeyError:
            return None

    return translate


def money(write: Writers, mark: str = ",") -> ShortWay:
    """Amounts without sign or currency: 1299,90 and 1.299,90 and 49,9000. All are checked in one match, then read."""
    group = {",": ".", ".": ","}[mark]
    grouped = f"[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{3}}){{1,3}}"
    amounts = re.compile(f"(?:(?:(?:[0-9]{{1,12}}|{grouped})[{mark}][0-9]{{2}}(?:00)?)?\n)*").fullmatch

    def read(column: Column) -> list[Any] | None:
        text = "\n".join(column) + "\n"
        if amounts(text) is None:
            return None
        # At most 14 digits, so that a float is exact.
        return _numbers(text.replace(group, "").replace(mark, "."), column)

    return read


def whole(write: Writers) -> ShortWay:
    """Whole numbers written in plain digits."""

    def read(column: Column) -> list[Any] | None:
        digits = "".join(column)
        if not (digits.isascii() and digits.isdigit() and max(map(len, column)) <= 15):
            return None
        return _numbers("\n".join(column) + "\n", column)

    return read


def _numbers(lines: str, column: Column) -> list[Any] | None:
    """A number for each line, null for a blank one. The reader of JSON is several times as fast as float() and int()."""
    if "" in column:
        # Twice, as of two blank lines in a row only every other one is found.
        lines = f"\n{lines}".replace("\n\n", "\nnull\n").replace("\n\n", "\nnull\n")[1:]
    try:
        numbers: list[Any] = orjson.loads(f"[{lines[:-1]}]".replace("\n", ","))
    except orjson.JSONDecodeError:
        return None  # a zero in front, which JSON has no word for
    # A cell with a line break in it would make one value too many.
    return numbers if len(numbers) == len(column) else None


def default(write: Writers, instead: object) -> ShortWay:
    value = write.plain(instead)
    if value == "" and isinstance(value, str):
        return list
    return lambda column: [one or value for one in column]


def lower(write: Writers, language: str | None = None) -> ShortWay | None:
    if language == "tr":
        return None
    return lambda column: [one or None for one in map(str.lower, column)] if "".join(column).isascii() else None


def moment(write: Writers, *patterns: str, zone: str | None = None, to: str | None = None) -> ShortWay | None:
    return None if to is not None else _rewriting(patterns[:1] or ISO_MOMENTS, write.datetime_format)


def date(write: Writers, *patterns: str, zone: str | None = None, to: str | None = None) -> ShortWay | None:
    return None if to is not None else _rewriting(patterns[:1] or ISO_DATES, write.date_format)


ISO_MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")
ISO_DATES = ("%Y-%m-%d", *ISO_MOMENTS)
"""What is read where no format is given, as far as it has a fixed layout."""


def _rewriting(patterns: Sequence[str], target: str) -> ShortWay | None:
    """Dates from the layout that all cells of a column have to that of the target. No text fits two of these layouts."""
    layouts, to = [layout for layout in map(fixed_layout, patterns) if layout is not None], fixed_layout(target)
    if not layouts or to is None:
        return None

    def convert(column: Column) -> list[Any] | None:
        given = column if "" not in column else [one for one in column if one]
        if not given:
            return [None] * len(column)
        digits = next((found for layout in layouts if (found := layout.read(given)) is not None), None)
        if digits is None:
            return None
        written = to.write(digits, len(given))
        if len(given) == len(column):
            return written
        in_turn = iter(written)
        return [next(in_turn) if one else None for one in column]

    return convert


QUICK: Mapping[str, Callable[..., ShortWay | None]] = {
    "lookup": lookup,
    "money": money,
    "int": whole,
    "default": default,
    "lower": lower,
    "datetime": moment,
    "date": date,
}
"""By the name of the function: target's writers and the call's arguments -> the short way, or None where there is none."""
