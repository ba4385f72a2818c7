"""Numbers of an .xlsx that are dates: which formats make them so, and what they are then.

(ECMA-376 part 1, 18.8.30 numFmt and its built-in formats, 18.17.4.1 dates; as calamine has it, which reads the other workbooks.)
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from enum import Enum
from zipfile import ZipFile

from etl.extract.sheet_bounds import LEAP_DAY, before_time, is_leap_day, leap_day
from etl.extract.xlsx_parts import local, parse_xml, pieces
from etl.findings import Unfit

DateCell = datetime.datetime | datetime.date | datetime.time


class Shown(Enum):
    """What a number is shown as, when it is not shown as one."""

    MOMENT = "moment"
    SPAN = "span"


_MOMENTS = (*range(14, 23), 45, 47)
BUILT_IN = {**{str(number): Shown.MOMENT for number in _MOMENTS}, "46": Shown.SPAN}

# What says nothing of the value: a character after \ _ or *, a text in quotes; and [Red], [$-41F], [>=100], but not [h].
_LITERAL = re.compile(r'[\\_*].|"[^"]*"?', re.DOTALL)
_SPAN = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]?")
_MOMENT = re.compile(r"[dmhys]|a/?[pm]", re.IGNORECASE)


def shown_by(code: str) -> Shown | None:
    """What the format of a cell's positive numbers makes of them."""
    first = _LITERAL.sub("", code).partition(";")[0]
    span = _SPAN.search(first)
    if span and not _MOMENT.search(_BRACKETS.sub("", first[: span.start()])):
        return Shown.SPAN
    return Shown.MOMENT if _MOMENT.search(_BRACKETS.sub("", first)) else None


def styles_of(archive: ZipFile, member: str | None) -> Mapping[str, Shown]:
    """By the number of a cell's style, as it is written there: those that make something else of a number. Raises BadSheet."""
    codes: dict[str, Shown | None] = dict(BUILT_IN)
    found: dict[str, Shown] = {}
    count, inside = 0, ""

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal count, inside
        name = local(element)
        if name == "numFmt" and inside == "numFmts":
            codes[attributes.get("numFmtId", "")] = shown_by(attributes.get("formatCode", ""))
        elif name == "xf" and inside == "cellXfs":
            shown = codes.get(attributes.get("numFmtId", ""))
            if shown:
                found[str(count)] = shown
            count += 1
        elif name in _HOLDERS:
            inside = name

    if member:
        parse_xml(pieces(archive, member), start)
    return found


_HOLDERS = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs")

_EPOCH = datetime.datetime(1899, 12, 30)
_DAYS_TO_1904 = 1462
_A_DAY = 86_400_000


class NoMoment(Exception):
    """A number that is shown as a date or a time which there is none of; `why` says so."""

    def __init__(self, why: Unfit) -> None:
        super().__init__(why.words)  # without the cell's name, which whoever reads it knows
        self.why = why


def span(days: float) -> datetime.timedelta | float:
    try:
        return datetime.timedelta(milliseconds=_rounded(days * _A_DAY))
    except OverflowError:
        return days


def moment(days: float, *, since_1904: bool) -> DateCell | float:
    """A date when it is a whole number, a time of day when it is less than one. What no calendar has stays a number.

    Raises NoMoment for what is less than zero, and for the leap day that there never was.
    """
    if days < 0:
        raise NoMoment(before_time())
    since_1900 = days + _DAYS_TO_1904 if since_1904 else days
    if is_leap_day(since_1900):
        raise NoMoment(leap_day())
    counted = since_1900 if since_1900 > LEAP_DAY else since_1900 + 1
    try:
        found = _EPOCH + datetime.timedelta(milliseconds=_rounded(counted * _A_DAY))
    except OverflowError:
        return days
    if days < 1:
        return found.time()
    return found.date() if days.is_integer() else found


def _rounded(number: float) -> int:
    return int(number + 0.5) if number >= 0 else -int(0.5 - number)


_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?)?", re.ASCII)
_ISO_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)


def iso_moment(text: str) -> DateCell | str:
    """A cell of the type `d`. What is no date or time stays a text."""
    whole, time = _ISO.fullmatch(text), _ISO_TIME.fullmatch(text)
    try:
        if whole:
            return datetime.datetime.fromisoformat(text) if whole[1] else datetime.date.fromisoformat(text)
        return datetime.time.fromisoformat(text) if time else text
    except ValueError:
        return text
