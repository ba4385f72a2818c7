"""How amounts and dates are written: the forms of amounts, and the months that dates are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

from msgspec import Struct


class Spelling(Struct):
    """Amounts that are written alike: how many, and the first of them with what is made of it."""

    count: int
    written: str
    value: Any


MOST_SHAPES = 60
LONGEST = 24
DIGITS = str.maketrans("012345678", "999999999")


def shapes(cells: Sequence[Any], values: Sequence[Any]) -> dict[str, Spelling]:
    """How amounts are written: every digit as a 9."""
    if not {str}.issuperset(map(type, cells)):
        cells = [cell if isinstance(cell, str) else "" for cell in cells]
    alike = "\n".join(cells).translate(DIGITS).split("\n")  # all in one call, in a tenth of the time
    if len(alike) != len(cells):  # there are lines in a cell
        alike = [cell.translate(DIGITS) for cell in cells]
    found: dict[str, Spelling] = {}
    for one, many in Counter(alike).most_common(MOST_SHAPES):
        if shape := one.strip()[:LONGEST]:
            at = alike.index(one)
            found.setdefault(shape, Spelling(0, cells[at].strip()[:LONGEST], values[at])).count += many
    return found


MonthsOf = Callable[[Sequence[Any]], Sequence[str | None]]


def month_reader(written: str) -> MonthsOf | None:
    """The way from dates written in this format to their months, such as '2019-03'. None: the format does not tell it plainly."""
    seen = datetime(1987, 11, 23, 4, 5, 6).strftime(written)
    year, month = seen.find("1987"), seen.find("11")
    if year < 0 or month < 0:
        return None
    if (year, month) == (0, 5):
        return _of_first_seven
    years, months = slice(year, year + 4), slice(month, month + 2)
    return partial(_of_texts, lambda value: f"{value[years]}-{value[months]}")


FIRST_SEVEN = itemgetter(slice(7))


def _of_first_seven(values: Sequence[Any]) -> Sequence[str | None]:
    """The months of '2019-03-24 10:30:00' and its like. In an export in the order of its orders' numbers a part's dates are
    nearly always of one month: that is told by counting the lines that begin with it."""
    try:
        if values and values[0][:7] == values[-1][:7]:
            month = values[0][:7]
            if ("\n" + "\n".join(values)).count("\n" + month) == len(values):
                return [month] * len(values)
    except TypeError:
        pass  # one is null
    return _of_texts(FIRST_SEVEN, values)


def _of_texts(month_of: Callable[[Any], str], values: Sequence[Any]) -> Sequence[str | None]:
    try:
        return list(map(month_of, values))
    except TypeError:
        return [month_of(value) if isinstance(value, str) else None for value in values]
