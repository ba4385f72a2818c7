"""Functions that read moments which are stored as a number: seconds since 1970, days of a workbook."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from etl.expressions.functions.columns import ColumnWay, each_once
from etl.expressions.functions.date import zone_named
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.number import ways_to_read
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import one_of
from etl.findings import Unfit

if TYPE_CHECKING:
    from etl.expressions.runtime import Writers

UNITS = {"s": 1, "ms": 1000}
STARTS = (1900, 1904)

_1970 = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST_SECOND = 253_402_300_799  # the end of the year 9999
_FAR = 10**11  # seconds; in the year 5138
_DAYS = 2_958_466
_SECONDS = 86_400


def _number(function: str, value: Any, call: str) -> Decimal | None:
    """A number, or the text of one; None for blank text. `call` is how the mapping calls the function, for the advice."""
    text = value.strip() if isinstance(value, str) else None
    if text == "":
        return None
    if text and _GROUPED.fullmatch(text):
        words = "{value} can be read in two ways; write {advised}"
        raise Unfit(f"function:{function}:ways", value, words, advised=ways_to_read(text, call))
    known = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if known or (text and _WRITTEN.fullmatch(text)):
        number = Decimal(str(value).strip().replace(",", "."))
        if number.is_finite():
            return number
    raise Unfit(f"function:{function}", value, "{function} expects a number, not {value}", function=function)


_WRITTEN = re.compile(r"[-+]?[0-9]{1,20}(?:[.,][0-9]{1,20})?")
"""A number whose digits are all there: 1,57784E+09 has lost some."""

_GROUPED = re.compile(r"[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}")
"""43.893 is a day of 2020 with a mark for its thousands, and one of 1900 with its time."""


def bind_epoch(to: str, unit: str = "s") -> Callable[[Any], dt.datetime | None]:
    one_of("unit", unit, UNITS)
    wanted, parts = zone_named("to", to), UNITS[unit]
    call = f"epoch({to!r})" if unit == "s" else f"epoch({to!r}, {unit!r})"

    def read(value: Any) -> dt.datetime | None:
        number = _number("epoch", value, call)
        if number is None:
            return None
        if unit == "s" and _FAR < abs(number) < _FAR * 1000:
            words = "{value} seconds lie after the year 5000; for milliseconds write unit='ms'"
            raise Unfit("function:epoch:unit", value, words)
        if abs(number) > _LAST_SECOND * parts:
            raise _far(value)
        microseconds = int(number * 1_000_000 / parts)
        try:
            return (_1970 + dt.timedelta(microseconds=microseconds)).astimezone(wanted).replace(tzinfo=None)
        except OverflowError:
            raise _far(value) from None

    return read


def _far(value: Any) -> Unfit:
    return Unfit("function:epoch:far", value, "{value} is no moment of this calendar")


def epoch(value: Any, to: str, unit: str = "s") -> dt.datetime | None:
    return bind_epoch(to, unit)(value)


def epoch_column(write: Writers, to: str, unit: str = "s") -> ColumnWay:
    return each_once(write, bind_epoch(to, unit))


def bind_excel_datetime(start: int = 1900) -> Callable[[Any], dt.datetime | None]:
    return _days("excel_datetime", start)


def _days(function: str, start: int) -> Callable[[Any], dt.datetime | None]:
    _known_start(start)
    call = function if start == 1900 else f"{function}({start})"

    def read(value: Any) -> dt.datetime | None:
        if isinstance(value, dt.datetime):
            return value
        if isinstance(value, dt.date):
            return dt.datetime(value.year, value.month, value.day)
        number = _number(function, value, call)
        return None if number is None else _moment(number, start, value)

    return read


def _known_start(start: int) -> None:
    if start not in STARTS or isinstance(start, bool):
        raise Unfit("parameter:start", start, "start is 1900 or 1904, not {value}")


def _moment(days: Decimal, start: int, value: Any) -> dt.datetime:
    """Excel holds days as a float, so the nearest second is meant. Its 1900 has a 29th of February, which is day 60."""
    if not 0 <= days < _DAYS:
        raise _no_day(value)
    if start == 1900 and days < 1:
        raise Unfit("function:excel:day", value, "{value} is a time without a day; the first of a workbook is 1")
    first = dt.datetime(1904, 1, 1) if start == 1904 else dt.datetime(1899, 12, 30 if days >= 61 else 31)
    if start == 1900 and 60 <= days < 61:
        raise Unfit("function:excel:leap", value, "{value} is the 29th of February 1900, which there never was")
    try:
        return first + dt.timedelta(seconds=round(days * _SECONDS))
    except OverflowError:  # the days of 1904 end earlier, and the last second of all is rounded up
        raise _no_day(value) from None


def _no_day(value: Any) -> Unfit:
    return Unfit("function:excel:far", value, "{value} is no day of a workbook")


def excel_datetime(value: Any, start: int = 1900) -> dt.datetime | None:
    return bind_excel_datetime(start)(value)


def excel_datetime_column(write: Writers, start: int = 1900) -> ColumnWay:
    return each_once(write, bind_excel_datetime(start))


def bind_excel_date(start: int = 1900) -> Callable[[Any], dt.date | None]:
    read = _days("excel_date", start)

    def day(value: Any) -> dt.date | None:
        moment = read(value)
        return None if moment is None else moment.date()

    return day


def excel_date(value: Any, start: int = 1900) -> dt.date | None:
    return bind_excel_date(start)(value)


def excel_date_column(write: Writers, start: int = 1900) -> ColumnWay:
    return each_once(write, bind_excel_date(start))


_START = Parameter("start", "1900, or 1904 for workbooks that began on an old Macintosh.", 1900)

FUNCTIONS = (
    Function(
        name="epoch",
        gives=dt.datetime,
        group="date",
        sentence="Reads seconds or milliseconds since the beginning of 1970 in UTC, as Unix and JavaScript count time.",
        call=epoch,
        bind=bind_epoch,
        column=epoch_column,
        parameters=(
            Parameter("to", "The time zone that is wanted, such as 'Europe/Istanbul'."),
            Parameter("unit", "'s' for seconds, 'ms' for milliseconds.", "s"),
        ),
        examples=(
            shows("{{ created | epoch('Europe/Istanbul') }}", dt.datetime(2020, 1, 1, 3), created="1577836800"),
            shows("{{ created | epoch(to='UTC', unit='ms') }}", dt.datetime(2020, 1, 1), created=1577836800000),
            fails(
                "{{ created | epoch('UTC') }}",
                "'1577836800000' seconds lie after the year 5000; for milliseconds write unit='ms'",
                created="1577836800000",
            ),
        ),
    ),
    Function(
        name="excel_datetime",
        gives=dt.datetime,
        group="date",
        sentence="Reads a date with its time that a workbook shows as a number of days, to the second. A date is taken as it is.",
        call=excel_datetime,
        bind=bind_excel_datetime,
        column=excel_datetime_column,
        parameters=(_START,),
        examples=(
            shows("{{ created | excel_datetime }}", dt.datetime(2020, 3, 3, 14, 5), created=43893.586805555555),
            shows("{{ created | excel_datetime }}", dt.datetime(2020, 3, 3, 12), created="43893,5"),
            shows("{{ created | excel_datetime(start=1904) }}", dt.datetime(2020, 3, 3), created="42431"),
            fails("{{ created | excel_datetime }}", "excel_datetime expects a number, not '3 Mart'", created="3 Mart"),
        ),
    ),
    Function(
        name="excel_date",
        gives=dt.date,
        group="date",
        sentence="Reads a date that a workbook shows as a number of days; a time of day is dropped.",
        call=excel_date,
        bind=bind_excel_date,
        column=excel_date_column,
        parameters=(_START,),
        examples=(
            shows("{{ birthday | excel_date }}", dt.date(2020, 3, 3), birthday="43893"),
            shows("{{ birthday | excel_date }}", dt.date(1900, 2, 28), birthday=59),
            fails(
                "{{ birthday | excel_date }}",
                "'43.893' can be read in two ways; write `| decimal | excel_date` when a comma stands before the decimals or "
                "`| decimal('.') | excel_date` when a dot stands before the decimals",
                birthday="43.893",
            ),
            fails("{{ birthday | excel_date }}", "60 is the 29th of February 1900, which there never was", birthday=60),
        ),
    ),
)
