"""The two formats of our own: dates and moments as text, written the way the target's settings say.

A text is such a date when it is in the calendar and writing it again gives the same text: '2023-02-30' and '2023-2-3'
are not. The same functions serve jsonschema and jsonschema-rs, where one is called for every record: hence the caches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache

from etl.expressions.functions.fixed import Layout, fixed_layout

DATE = "omnitron-date"
PAST_DATE = "omnitron-past-date"
DATETIME = "omnitron-datetime"

DATE_FORMAT = "%Y-%m-%d"
DATETIME_FORMAT = "%Y-%m-%d %H:%M:%S"
"""What is assumed where a target says nothing (Omnitron contract, 'user')."""


MANY = 16
"""Fewer texts are asked for one by one sooner than taken apart by columns."""


class Check:
    """Whether a text is written as it should be; and whether all of many are, at a fraction of the cost."""

    def __init__(self, is_written: Callable[[str], bool], layout: Layout | None = None) -> None:
        self._is_written, self._layout = is_written, layout

    def __call__(self, text: str) -> bool:
        return self._is_written(text)

    def all(self, texts: Sequence[str]) -> bool:
        """The same as asking for each text."""
        if self._layout is not None and len(texts) >= MANY and self._layout.read(texts) is not None:
            return True
        return all(map(self._is_written, texts))


_REMEMBERED = 1 << 16
"""Texts a check remembers. There are 86,400 times in a day, and fewer dates in a shop's life."""

_FIRST_YEAR = 1000
"""Python's versions differ in how they write the years before, and no shop has them."""

_SAMPLE = datetime(2019, 5, 19, 10, 30, 45)

_LETTERS = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH", "%M": "MM", "%S": "SS", "%y": "YY"}

_TWO_PARTS = re.compile(r"(?P<date>(?:%[Ymd]|[-./])+)(?P<between>[ T])(?P<time>(?:%[HMS]|[:.])+)")


def written_as(format: str) -> Check:
    """A check whether a text is a date or moment written as a strptime format. Raises ValueError when that is none."""
    _prove(format)
    parts = _TWO_PARTS.fullmatch(format)
    return Check(_remembering(format) if parts is None else _in_two_parts(**parts.groupdict()), fixed_layout(format))


def not_ahead(format: str, today: date | None = None) -> Check:
    """A check whether a text is a date written so, of a day that has come: nobody is born in 2045."""
    return _NotAhead(written_as(format), format, today or date.today())


class _NotAhead(Check):
    """Dates written 2023-03-24 are in order as texts, too."""

    def __init__(self, check: Check, format: str, today: date) -> None:
        super().__init__(check)
        self._check, self._today = check, today.strftime(ISO_DAY)
        self._days: Callable[[str], str] = str if format == ISO_DAY else _day_of(format)

    def __call__(self, text: str) -> bool:
        return self._check(text) and self._days(text) <= self._today

    def all(self, texts: Sequence[str]) -> bool:
        return self._check.all(texts) and max(map(self._days, texts), default="") <= self._today


ISO_DAY = "%Y-%m-%d"


def _day_of(format: str) -> Callable[[str], str]:
    return lambda text: datetime.strptime(text, format).strftime(ISO_DAY)


def spelled(format: str) -> str:
    """A format as people write it: '%Y-%m-%d' is YYYY-MM-DD. An unusual one is shown by an example."""
    letters = re.sub("%.", lambda found: _LETTERS.get(found[0], found[0]), format)
    return letters if "%" not in letters else f"{format}, such as {_SAMPLE.strftime(format)}"


def _prove(format: str) -> None:
    """A format is good when what it writes can be read by it, and is written the same again."""
    try:
        good = _is_written_as(_SAMPLE.strftime(format), format)
    except ValueError:
        good = False
    if not good or "%" not in format:
        raise ValueError(f"'{format}' is not a date format; write it as in '%Y-%m-%d %H:%M:%S'")


def _remembering(format: str) -> Callable[[str], bool]:
    @lru_cache(maxsize=_REMEMBERED)
    def check(text: str) -> bool:
        return _is_written_as(text, format)

    return check


def _in_two_parts(date: str, between: str, time: str) -> Callable[[str], bool]:
    """Moments are nearly all different, their dates and their times of day are not: each part is remembered by itself.

    Neither part can hold what stands between them, so a text that has it twice leaves a part that is refused.
    """
    is_date, is_time = _remembering(date), _remembering(time)

    def is_moment(text: str) -> bool:
        day, _, clock = text.partition(between)
        return is_date(day) and is_time(clock)

    return is_moment


def _is_written_as(text: str, format: str) -> bool:
    try:
        moment = datetime.strptime(text, format)
    except ValueError:
        return False
    return moment.year >= _FIRST_YEAR and moment.strftime(format) == text
