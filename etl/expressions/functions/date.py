"""Functions that read dates and moments, and move moments from one time zone to another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from etl.expressions.functions import formats
from etl.expressions.functions.columns import ColumnWay, Texts
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.fixed import fixed_layout
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import text_parameter, whole
from etl.findings import Unfit

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from etl.expressions.runtime import Writers

Moment = Callable[[Any], dt.datetime | None]
Move = Callable[[dt.datetime], dt.datetime]

ISO_DATE = "2023-03-24"
ISO_MOMENT = "2023-03-24 10:30:00"


def bind_datetime(*formats: str, zone: str | None = None, to: str | None = None, century: int | None = None) -> Moment:
    return _moments("datetime", formats, zone, to, century)


def to_datetime(
    value: Any, *formats: str, zone: str | None = None, to: str | None = None, century: int | None = None
) -> dt.datetime | None:
    return bind_datetime(*formats, zone=zone, to=to, century=century)(value)


def bind_date(
    *formats: str, zone: str | None = None, to: str | None = None, century: int | None = None
) -> Callable[[Any], dt.date | None]:
    moments = _moments("date", formats, zone, to, century)

    def read(value: Any) -> dt.date | None:
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        moment = moments(value)
        return None if moment is None else moment.date()

    return read


def to_date(
    value: Any, *formats: str, zone: str | None = None, to: str | None = None, century: int | None = None
) -> dt.date | None:
    return bind_date(*formats, zone=zone, to=to, century=century)(value)


def _moments(function: str, patterns: tuple[str, ...], zone: str | None, to: str | None, century: int | None) -> Moment:
    """The function of a value that reads a text by the patterns, takes a date as it is, and moves what has a time."""
    read = _reader(patterns, century)
    _check_zones(patterns, zone, to)
    move = _mover(zone, to)
    further = "".join(
        f", {name}={one!r}" for name, one in (("zone", zone), ("to", to), ("century", century)) if one is not None
    )

    def carefully(value: Any) -> dt.datetime | None:
        found = read(value.strip()) if isinstance(value, str) else _ready_made(function, value)
        if isinstance(found, dt.datetime):
            return move(found)
        if found is not None:  # a day alone has no time that a zone could move
            return dt.datetime(found.year, found.month, found.day)
        _refuse_unless_absent(function, value.strip(), patterns, further)
        return None

    return carefully


def _reader(patterns: tuple[str, ...], century: int | None) -> formats.DateReader:
    if century is not None and (whole("century", century, 1000, 9900) % 100):
        raise Unfit("parameter:century", century, "century is the first year of a hundred, such as 1900, not {value}")
    if patterns:
        return formats.first_that_fits([formats.reader_of(pattern, century) for pattern in patterns])
    return formats.read_iso


def _check_zones(patterns: tuple[str, ...], zone: str | None, to: str | None) -> None:
    zoned = [formats.has_zone(pattern) for pattern in patterns]
    if any(zoned) and to is None:
        words = "%z reads a time zone; say to= the zone that is wanted, such as to='Europe/Istanbul'"
        raise Unfit("parameter:to", None, words)
    if zone is not None and to is None:
        raise Unfit("parameter:to", None, "zone= says where the times are from; say to= the zone that is wanted, too")
    if to is not None and zone is None and not all(zoned):
        words = "to= needs zone=, the zone that times written without one are in, such as zone='UTC'"
        raise Unfit("parameter:zone", None, words)


def _mover(zone: str | None, to: str | None) -> Move:
    """From the zone a moment is in to the wanted one, which it then no longer carries."""
    if to is None:
        return _without_zone
    wanted, source = zone_named("to", to), None if zone is None else zone_named("zone", zone)

    def move(moment: dt.datetime) -> dt.datetime:
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=source)
        if aware.tzinfo is None:
            raise Unfit("date:no-zone", moment, "{value} has no time zone; say zone= the zone it is in")
        _refuse_skipped(moment, source)
        try:
            return aware.astimezone(wanted).replace(tzinfo=None)
        except OverflowError:
            words = "{value} is too far away to be moved to another time zone"
            raise Unfit("date:too-far", moment, words) from None

    return move


def _refuse_skipped(moment: dt.datetime, zone: ZoneInfo | None) -> None:
    """Raise Unfit for a time that was never on the clocks of its zone, as they were put forward over it."""
    if moment.tzinfo is not None or zone is None or not dt.MINYEAR < moment.year < dt.MAXYEAR:
        return
    back = moment.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None)
    if back != moment:
        words = "{value} was never on the clocks of {zone}, which were put forward over it; correct the source"
        raise Unfit("date:skipped", moment, words, zone=zone.key)


def _without_zone(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is not None:
        words = "{value} has a time zone; say to= the zone that is wanted, such as to='Europe/Istanbul'"
        raise Unfit("date:zone", moment, words)
    return moment


def zone_named(parameter: str, name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text_parameter(parameter, name))
    except (LookupError, ValueError, OSError):
        words = "{name} is a time zone such as 'Europe/Istanbul' or 'UTC', not {value}"
        raise Unfit(f"parameter:{parameter}", name, words, name=parameter) from None


def _ready_made(function: str, value: Any) -> dt.datetime | dt.date:
    """A date that Excel, SQL or another function made already."""
    if isinstance(value, dt.date):
        return value
    words = "{function} expects text or a date, not {value}"
    if isinstance(value, dt.time):
        words = "{function} expects text or a date, and {value} is a time alone; write (day ~ ' ' ~ time) | datetime"
    raise Unfit(f"function:{function}:text", value, words, function=function)


def _refuse_unless_absent(function: str, text: str, patterns: tuple[str, ...], further: str) -> None:
    """Raise Unfit for a text that is no date, unless it is blank or a zero date. `further` are the call's other parameters."""
    if not text or formats.is_zero_date(text):
        return
    if patterns:
        words = "{value} does not fit {formats}, or is no day of the calendar"
        raise Unfit(f"function:{function}", text, words, formats=formats.describe(patterns))
    if formats.looks_iso(text):
        words = "{value} is no day of the calendar, or no time of day from 00:00 to 23:59; correct the source"
        raise Unfit(f"function:{function}", text, words)
    expected = ISO_DATE if function == "date" else ISO_MOMENT
    known = formats.formats_of(text)
    advice = [f"{function}('{one}'{further})" for one in known]
    words = "{value} is not written like '{expected}'; write {advice}"
    if not known:
        words = (
            "{value} is not written like '{expected}'; "
            "say how it is written: %d day, %m month, %Y year, %H hour, %M minute"
        )
    raise Unfit(f"function:{function}", text, words, expected=expected, advice=advice)


def datetime_column(
    write: Writers, *formats: str, zone: str | None = None, to: str | None = None, century: int | None = None
) -> ColumnWay | None:
    return None if to is not None else _rewriting(formats[:1] or ISO, write.datetime_format)


def date_column(
    write: Writers, *formats: str, zone: str | None = None, to: str | None = None, century: int | None = None
) -> ColumnWay | None:
    return None if to is not None else _rewriting(formats[:1] or ISO, write.date_format)


ISO = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")
"""What is read where no format is given, as far as it has a fixed layout."""


def _rewriting(patterns: Sequence[str], target: str) -> ColumnWay | None:
    """Dates from the layout that all cells of a column have to that of the target. No text fits two of these layouts."""
    layouts, to = [layout for layout in map(fixed_layout, patterns) if layout is not None], fixed_layout(target)
    if not layouts or to is None:
        return None

    def convert(column: Texts) -> list[Any] | None:
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


_OPTIONS = (
    Parameter("zone", "The time zone that times are in, such as 'UTC'; has to be named, and needs `to`.", None),
    Parameter(
        "to",
        "The time zone that is wanted, such as 'Europe/Istanbul'; has to be named. A date without a time stays the day. "
        "A time that the clock shows twice is the first of the two; one that it never shows is refused.",
        None,
    ),
    Parameter(
        "century",
        "The century of a year of two digits (%y), such as 1900; has to be named. Left out, no year lies ahead: in 2026, 26 is "
        "2026 and 27 is 1927.",
        None,
    ),
)

FUNCTIONS = (
    Function(
        name="datetime",
        gives=dt.datetime,
        group="date",
        sentence=(
            "Reads a date with its time. What Excel or a database stored as a date is taken as it is; MySQL's "
            "0000-00-00 00:00:00 is null."
        ),
        call=to_datetime,
        bind=bind_datetime,
        column=datetime_column,
        parameters=(
            Parameter(
                "*formats",
                "How it is written, as of Python's strptime: %d day, %m month, %Y year, %H hour, %M minute, %S second, "
                "%z zone, %B and %b month's name, %A and %a day's name, %I hour of the half day, %p AM/PM; names are Turkish or "
                "English. Several are tried in turn. Left out, it is ISO: 2023-03-24, 2023-03-24 10:30, 2023-03-24T10:30:05Z, "
                "2023-03-24 10:30:05+03.",
                (),
            ),
            *_OPTIONS,
        ),
        examples=(
            shows("{{ created | datetime }}", dt.datetime(2023, 3, 24, 10, 30, 5), created="2023-03-24 10:30:05"),
            shows(
                "{{ created | datetime('%d.%m.%Y %H:%M') }}",
                dt.datetime(2023, 3, 24, 10, 30),
                created="24.03.2023 10:30",
            ),
            shows(
                "{{ created | datetime('%d.%m.%Y %H:%M', '%d.%m.%Y') }}", dt.datetime(2023, 3, 24), created="24.03.2023"
            ),
            shows(
                "{{ created | datetime(zone='UTC', to='Europe/Istanbul') }}",
                dt.datetime(2023, 3, 24, 13, 30),
                created="2023-03-24T10:30",
            ),
            shows(
                "{{ created | datetime(to='Europe/Istanbul') }}",
                dt.datetime(2023, 3, 24, 13, 30),
                created="2023-03-24T10:30:00Z",
            ),
            shows(
                "{{ created | datetime('%d %B %Y %H:%M') }}",
                dt.datetime(2019, 8, 29, 14, 5),
                created="29 AĞUSTOS 2019 14:05",
            ),
            shows(
                "{{ created | datetime('%d.%m.%Y %p %I:%M') }}",
                dt.datetime(2019, 8, 29, 14, 5),
                created="29.08.2019 ÖS 02:05",
            ),
            shows(
                "{{ created | datetime(zone='UTC', to='Europe/Istanbul') }}",
                dt.datetime(2023, 3, 24),
                created="2023-03-24",
            ),
            shows("{{ created | datetime }}", None, created="0000-00-00 00:00:00"),
            fails(
                "{{ created | datetime('%d.%m.%Y %H:%M') }}",
                "'31.02.2023 10:30' does not fit '%d.%m.%Y %H:%M', or is no day of the calendar",
                created="31.02.2023 10:30",
            ),
            fails(
                "{{ created | datetime('%Y-%m-%d %H:%M:%S%z') }}",
                "%z reads a time zone; say to= the zone that is wanted, such as to='Europe/Istanbul'",
                created="2023-03-24 10:30:00+03:00",
            ),
        ),
    ),
    Function(
        name="date",
        gives=dt.date,
        group="date",
        sentence=(
            "Reads a date; a time that is written with it is dropped, after it was moved to the wanted zone. "
            "MySQL's 0000-00-00 is null."
        ),
        call=to_date,
        bind=bind_date,
        column=date_column,
        parameters=(
            Parameter("*formats", "As of `datetime`; left out, it is ISO: 2023-03-24, with or without a time.", ()),
            *_OPTIONS,
        ),
        examples=(
            shows("{{ birthday | date }}", dt.date(1990, 3, 24), birthday="1990-03-24"),
            shows("{{ birthday | date('%d.%m.%Y') }}", dt.date(1990, 3, 24), birthday="24.03.1990"),
            shows(
                "{{ birthday | date('%d/%m/%y', '%d.%m.%Y %H:%M') }}", dt.date(1990, 3, 24), birthday="24.03.1990 00:00"
            ),
            shows("{{ birthday | date('%d.%m.%y') }}", dt.date(1945, 5, 12), birthday="12.05.45"),
            shows("{{ birthday | date('%d.%m.%y', century=1900) }}", dt.date(1901, 5, 12), birthday="12.05.01"),
            shows("{{ birthday | date }}", None, birthday="0000-00-00"),
            fails(
                "{{ birthday | date }}",
                "'24.03.1990' is not written like '2023-03-24'; write date('%d.%m.%Y')",
                birthday="24.03.1990",
            ),
        ),
    ),
)
