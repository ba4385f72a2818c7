"""Short ways for whole columns: the same values as the functions give cell by cell, at a fraction of the cost.

A short way takes a column of trimmed texts ("" for blank) and gives the JSON values of the field, or None when some cell is
not of the plain form it knows: then every cell takes the long way. A property test holds each to its function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any

from etl.expressions.functions import formats
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
    """Amounts without sign or currency: 1299,90 and 1.299,90 and 49,9000. All are checked in one match, then converted."""
    group = {",": ".", ".": ","}[mark]
    grouped = f"[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{3}}){{1,3}}"
    amounts = re.compile(f"(?:(?:(?:[0-9]{{1,12}}|{grouped})[{mark}][0-9]{{2}}(?:00)?)?\n)*").fullmatch

    def read(column: Column) -> list[Any] | None:
        text = "\n".join(column) + "\n"
        if amounts(text) is None:
            return None
        plain = text.replace(group, "").replace(mark, ".").split("\n")[:-1]
        # At most 14 digits, so that a float is exact. A cell with a line break in it would make one value too many.
        return [float(one) if one else None for one in plain] if len(plain) == len(column) else None

    return read


def whole(write: Writers) -> ShortWay:
    """Whole numbers written in plain digits."""

    def read(column: Column) -> list[Any] | None:
        digits = "".join(column)
        if not digits:
            return [None] * len(column)
        if not (digits.isascii() and digits.isdigit()) or max(map(len, column)) > 15:
            return None
        return [int(one) if one else None for one in column]

    return read


def lower(write: Writers, language: str | None = None) -> ShortWay | None:
    if language == "tr":
        return None
    return lambda column: [one or None for one in map(str.lower, column)] if "".join(column).isascii() else None


def moment(write: Writers, *patterns: str, zone: str | None = None, to: str | None = None) -> ShortWay | None:
    """Dates and times of day repeat, though moments do not: each part is read once and remembered."""
    if len(patterns) != 1 or to is not None or write.datetime_format != "%Y-%m-%d %H:%M:%S":
        return None
    parts = re.fullmatch(r"((?:%[dmY]|[-./])+)([ T])((?:%[HMS]|[:.])+)", patterns[0])
    if parts is None:
        return None
    read, width = formats.quick_reader_of(patterns[0]), len(SAMPLE.strftime(patterns[0]))
    day = len(SAMPLE.strftime(parts[1]))
    days = Remembered(lambda text: _iso(read(text + SAMPLE.strftime(parts[2] + parts[3])))[:10])
    clock = Remembered(lambda text: _iso(read(SAMPLE.strftime(parts[1]) + text))[10:])

    def convert(column: Column) -> list[Any] | None:
        if not {width, 0}.issuperset(map(len, column)):
            return None
        try:
            return [days[one[:day]] + clock[one[day:]] if one else None for one in column]
        except ValueError:
            return None

    return convert


def date(write: Writers, *patterns: str, zone: str | None = None, to: str | None = None) -> ShortWay | None:
    if len(patterns) != 1 or to is not None or write.date_format != "%Y-%m-%d":
        return None
    read = formats.quick_reader_of(patterns[0])
    days = Remembered(lambda text: _iso(read(text))[:10])

    def convert(column: Column) -> list[Any] | None:
        try:
            return [days[one] if one else None for one in column]
        except ValueError:
            return None

    return convert


SAMPLE = datetime(2001, 2, 3, 4, 5, 6)
"""Completes a date to a moment, and a time of day too, so that the reader of the whole format can be asked."""


def _iso(moment: datetime | None) -> str:
    if moment is None or moment.microsecond:
        raise ValueError("not of the plain form")
    return moment.isoformat(" ")


class Remembered(dict[str, str]):
    """What a function gave for each text. Forgets everything when it has grown too large."""

    def __init__(self, compute: Callable[[str], str]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, text: str) -> str:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        value = self[text] = self._compute(text)
        return value


MOST_REMEMBERED = 200_000

QUICK: Mapping[str, Callable[..., ShortWay | None]] = {
    "lookup": lookup,
    "money": money,
    "int": whole,
    "lower": lower,
    "datetime": moment,
    "date": date,
}
"""By the name of the function: target's writers and the call's arguments -> the short way, or None where there is none."""
