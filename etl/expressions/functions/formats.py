"""Read dates by strptime formats, the same in every language and on every machine.

Unlike strptime: names of months and days and AM/PM are Turkish or English, in any case, with or without accents (3 Mart 2020,
29 AĞUSTOS 2019, ÖS 02:05); a number that touches another one has all its digits (%m%d reads 0305 and no 305); a year of two
digits is never one to come, unless a century is named; only ASCII digits count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache

from etl.expressions.functions.values import text_parameter
from etl.findings import Unfit, shown

DateReader = Callable[[str], datetime | date | None]
"""Gives the moment a text names, the day when there is no time in it, or None when the text does not fit."""

WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
SHAPES = {"Ymd": "{}-{}-{}", "YmdHM": "{}-{}-{} {}:{}", "YmdHMS": "{}-{}-{} {}:{}:{}"}

DIGITS = {"d": (1, 2), "f": (1, 6), "H": (1, 2), "I": (1, 2), "j": (1, 3), "M": (1, 2), "m": (1, 2), "S": (1, 2),
          "Y": (4, 4), "y": (2, 2)}  # fmt: skip
"""The fewest and the most digits of each directive that is a number."""

_MONTHS = (
    "ocak oca january jan", "subat sub february feb", "mart mar march", "nisan nis april apr", "mayis may",
    "haziran haz june jun", "temmuz tem july jul", "agustos agu august aug", "eylul eyl september sept sep",
    "ekim eki october oct", "kasim kas november nov", "aralik ara december dec",
)  # fmt: skip
_DAYS = (
    "pazartesi pzt monday mon", "sali sal tuesday tue", "carsamba car wednesday wed", "persembe per thursday thu",
    "cuma cum friday fri", "cumartesi cmt saturday sat", "pazar paz sunday sun",
)  # fmt: skip
_WEEKDAY = {name: number for number, names in enumerate(_DAYS) for name in names.split()}
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_DAY = [name for names in _DAYS for name in names.split()]
_HALVES = {"am": 0, "oo": 0, "pm": 12, "os": 12}

_CLOCK = frozenset("HIMSf")
"""The directives of a time of day: a text without any is a day."""

_OFFSET = "z|[+-][0-9]{2}(?::?[0-5][0-9](?::?[0-5][0-9])?)?"


def _one_of(names: Mapping[str, int] | Sequence[str]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_WORDS = {"B": _one_of(_MONTH), "b": _one_of(_MONTH), "A": _one_of(_DAY), "a": _one_of(_DAY), "p": _one_of(_HALVES),
          "z": _OFFSET}  # fmt: skip
DIRECTIVES = frozenset((*DIGITS, *_WORDS, "%"))

_PIECE = re.compile("%(.?)|[^%]", re.DOTALL)


def reader_of(format_: str, century: int | None = None) -> DateReader:
    """The reader of one strptime format. Raises Unfit when the format is none that can be read."""
    check_format(format_)
    match = re.compile(_expression(format_)).fullmatch

    def read(text: str) -> datetime | date | None:
        found = match(folded(text))
        return None if found is None else _moment(found.groupdict(), century)

    return read


def folded(text: str) -> str:
    """A text in small letters without accents, in which the Turkish ı and i are one."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).replace("ı", "i")


def _expression(format_: str) -> str:
    pieces = list(_PIECE.finditer(format_))
    numbers = [piece[1] in DIGITS for piece in pieces]
    found = []
    for at, piece in enumerate(pieces):
        touches = (at > 0 and numbers[at - 1]) or numbers[at + 1 : at + 2] == [True]
        found.append(_part(piece, touches=touches))
    return re.sub(r"(?:\\s\+)+", r"\\s+", "".join(found))


def _part(piece: re.Match[str], *, touches: bool) -> str:
    """The regular expression of one directive or sign. A number that touches another has all its digits."""
    directive = piece[1]
    if directive is None or directive == "%":
        return r"\s+" if piece[0].isspace() else re.escape(folded(piece[0][-1]))
    if directive in _WORDS:
        return f"(?P<{directive}>{_WORDS[directive]})"
    least, most = DIGITS[directive]
    padded = "| [1-9]" if directive == "d" and not touches else ""
    return f"(?P<{directive}>[0-9]{{{most if touches else least},{most}}}{padded})"


def _moment(parts: Mapping[str, str], century: int | None) -> datetime | date | None:
    """The moment of the parts of a text, or the day; None when it is in no calendar or on no clock."""
    number = {name: int(text) for name, text in parts.items() if name in DIGITS}
    year = number["Y"] if "Y" in number else _year(number["y"], century)
    names = [_MONTH[parts[name]] for name in "Bb" if name in parts]
    try:
        moment = datetime(
            year, names[0] if names else number.get("m", 1), number.get("d", 1), _hour(number, parts.get("p")),
            number.get("M", 0), number.get("S", 0), int(parts.get("f", "0").ljust(6, "0")), _zone(parts.get("z")),
        )  # fmt: skip
        moment = moment if "j" not in number else _on_day(moment, number["j"])
        # A day's name that is wrong tells of a day and a month that changed places, or of another calendar.
        wrong = [name for name in "Aa" if name in parts and moment.weekday() != _WEEKDAY[parts[name]]]
        if wrong:
            return None
        return moment if _CLOCK & parts.keys() else moment.date()
    except (ValueError, OverflowError):
        return None


def _year(two_digits: int, century: int | None) -> int:
    """The year of two digits: of the century, or the last one that has begun by now."""
    if century is not None:
        return century + two_digits
    this = date.today().year
    return this - (this - two_digits) % 100


def _hour(number: Mapping[str, int], half: str | None) -> int:
    if half is None:
        return number.get("H", 0)
    # A clock of twelve hours has no 0 and no 13: 24 is no hour of any.
    return _HALVES[half] + number["I"] % 12 if 1 <= number["I"] <= 12 else 24


def _on_day(moment: datetime, day: int) -> datetime:
    """Raises ValueError for a day that the year has not."""
    found = moment.replace(month=1, day=1) + timedelta(days=day - 1)
    if day < 1 or found.year != moment.year:
        raise ValueError(day)
    return found


def _zone(offset: str | None) -> tzinfo | None:
    """`z`, `+03`, `+03:00`, `+0300`."""
    if offset is None or offset == "z":
        return None if offset is None else UTC
    digits = offset[1:].replace(":", "").ljust(6, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return timezone(-away if offset[0] == "-" else away)


def check_format(format_: str) -> None:
    directives = [piece[1] for piece in _PIECE.finditer(text_parameter("a format", format_)) if piece[1] is not None]
    for directive in directives:
        if directive not in DIRECTIVES or not directive:
            known = " ".join(f"%{one}" for one in sorted(DIRECTIVES))
            words = "'%{directive}' in the format {value} is not known; there is {known}"
            raise Unfit("parameter:format", format_, words, directive=directive, known=known)
        if directive != "%" and directives.count(directive) > 1:
            raise Unfit("parameter:format", format_, "the format {value} has %{directive} twice", directive=directive)
    if not {"Y", "y"} & set(directives):
        raise Unfit("parameter:format", format_, "the format {value} has no year; write %Y where the year stands")
    if ("I" in directives) != ("p" in directives):
        words = "in the format {value} one of %I (hours of a half day) and %p (AM or PM) is without the other; 0 to 23 is %H"
        raise Unfit("parameter:format", format_, words)


def has_zone(format_: str) -> bool:
    return any(piece[1] == "z" for piece in _PIECE.finditer(format_))


def layout_of(format_: str) -> tuple[dict[str, slice], dict[int, str], int]:
    """Where each field stands, what stands between them, and how long the whole is."""
    places: dict[str, slice] = {}
    literals: dict[int, str] = {}
    width = 0
    for piece in _PIECE.finditer(format_):
        directive = piece[1]
        if directive is None:
            literals[width] = piece[0]
        else:
            places[directive] = slice(width, width + WIDTHS.get(directive, 0))
        width += 1 if directive is None else WIDTHS.get(directive, 0)
    return places, literals, width


_ISO = re.compile(
    r"(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
    r"(?:[ t](?P<H>[0-9]{2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:\.(?P<f>[0-9]{1,9}))?)? ?(?P<z>" + _OFFSET + r")?)?"
)


def looks_iso(text: str) -> bool:
    """Whether a text is written as ISO wants it, though it may be no day of the calendar."""
    return _ISO.fullmatch(text.lower()) is not None


def read_iso(text: str) -> datetime | date | None:
    """`2023-03-24`, or with a time: ` 10:30` or `T10:30`, with seconds and up to nine decimals of them, with or without a zone.

    Zones are written `Z`, `+03:00`, `+0300` or, as PostgreSQL does, `+03`.
    """
    found = _ISO.fullmatch(text.lower())
    if found is None:
        return None
    parts = {name: part for name, part in found.groupdict().items() if part is not None}
    # datetime keeps six decimals of a second.
    return _moment({**parts, "f": parts["f"][:6]} if "f" in parts else parts, None)


USUAL = tuple(
    f"{day}{time}"
    for day in ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d", "%Y%m%d", "%d.%m.%y",
                "%d %B %Y", "%b %d, %Y")
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
)  # fmt: skip


def formats_of(text: str) -> list[str]:
    """The usual formats that read a text: two where only other texts can tell which number is the month."""
    return [format_ for format_, read in _usual_readers() if read(text) is not None]


@cache
def _usual_readers() -> list[tuple[str, DateReader]]:
    return [(format_, reader_of(format_)) for format_ in USUAL]


def first_that_fits(readers: Sequence[DateReader]) -> DateReader:
    """One reader that asks each in turn."""
    if len(readers) == 1:
        return readers[0]

    def read(text: str) -> datetime | date | None:
        for reader in readers:
            found = reader(text)
            if found is not None:
                return found
        return None

    return read


def is_zero_date(text: str) -> bool:
    """Whether this is MySQL's way to say that there is no date: 0000-00-00, with or without a time, in any format."""
    return text.count("0") >= 6 and not text.strip("0-:./ T")


def describe(formats: Sequence[str]) -> list[str]:
    """Each of them would do."""
    return [shown(format_) for format_ in formats]
