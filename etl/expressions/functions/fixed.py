"""Dates of one fixed layout, a whole column at a time.

'24.03.2023 10:30' and its neighbours have every digit at the same place. So the texts are joined, and every sixteenth
character from the first one on is the tens of a day: a column of digits, as bytes. Two such columns make the numbers of the
days by arithmetic on one long integer, of which each byte is a number of its own (none exceeds 99, so none carries over).
Whether all are allowed is asked by deleting what is allowed: nothing may be left.

What this module says of a column holds; None only means that it does not know, and each text has to be read by itself.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Mapping, Sequence

from msgspec import Struct

from etl.expressions.functions.formats import SHAPES, WIDTHS, layout_of

Digits = Mapping[str, Sequence[bytes]]
"""For each directive of strptime (Y, m, d...) its columns of digits, the most significant first."""

_VALUE = bytes((byte - ord("0")) % 256 for byte in range(256))
"""Turns a digit into its value."""

_ALLOWED = {"m": range(1, 13), "d": range(1, 32), "H": range(24), "M": range(60), "S": range(60)}
_ALLOWED_BYTES = {name: bytes(numbers) for name, numbers in _ALLOWED.items()}

_LATE = bytes(max(0, 16 * (day - 28)) % 256 for day in range(256))
"""For the days that every month has 0; 16, 32 and 48 for the 29th, 30th and 31st. Added to the month, no two mean the same."""

_29TH_OF_FEBRUARY = 16 + 2
_IN_SOME_YEAR = bytes(
    [*range(1, 13), *(16 + month for month in range(1, 13)), *(32 + month for month in range(1, 13) if month != 2),
     *(48 + month for month in (1, 3, 5, 7, 8, 10, 12))]
)  # fmt: skip


class Layout(Struct, frozen=True):
    """Where each digit and each sign of a format stands in a text of `width` characters."""

    places: Mapping[str, range]
    signs: Mapping[int, bytes]
    width: int

    def read(self, texts: Sequence[str]) -> Digits | None:
        """The digits of texts that are all of this layout, and in the calendar of the years 1000 to 9999. None otherwise."""
        joined = "".join(texts)
        if not joined.isascii() or not {self.width}.issuperset(map(len, texts)):
            return None
        data, width = joined.encode(), self.width
        if any(data[place::width] != sign * len(texts) for place, sign in self.signs.items()):
            return None
        digits = {name: [data[place::width] for place in places] for name, places in self.places.items()}
        all_digits = b"".join(column for columns in digits.values() for column in columns)
        return digits if all_digits.isdigit() and _are_moments(digits) else None

    def write(self, digits: Digits, count: int) -> list[str]:
        """Texts of this layout. What there are no digits of (the seconds) is zero."""
        one = bytearray(b"0" * self.width + b"\n")
        for place, sign in self.signs.items():
            one[place : place + 1] = sign
        data = one * count
        for name, places in self.places.items():
            for place, column in zip(places, digits.get(name, ()), strict=False):
                data[place :: self.width + 1] = column
        return data.decode().split("\n")[:-1]


def fixed_layout(format_: str) -> Layout | None:
    """The layout of a strptime format in which every field has its own places; None for other formats."""
    places, literals, width = layout_of(format_)
    shape = SHAPES.get("".join(field for field in WIDTHS if field in places))
    if shape is None or len(places) != shape.count("{}") or not "".join(literals.values()).isascii():
        return None
    digits = {field: range(place.start, place.stop) for field, place in places.items()}
    return Layout(digits, {place: sign.encode() for place, sign in literals.items()}, width)


def _are_moments(digits: Digits) -> bool:
    """Whether all are in the calendar and on the clock. Years before 1000 are for others: not all write them alike."""
    if b"0" in digits["Y"][0]:
        return False
    numbers = {name: _numbers(columns) for name, columns in digits.items() if name != "Y"}
    if any(column.translate(None, _ALLOWED_BYTES[name]) for name, column in numbers.items()):
        return False
    late = _sums(numbers["d"].translate(_LATE), numbers["m"])
    return not late.translate(None, _IN_SOME_YEAR) and _are_leap_days(late, digits["Y"])


def _are_leap_days(late: bytes, years: Sequence[bytes]) -> bool:
    place = late.find(_29TH_OF_FEBRUARY)
    while place >= 0:
        if not isleap(int(bytes(column[place] for column in years))):
            return False
        place = late.find(_29TH_OF_FEBRUARY, place + 1)
    return True


def _numbers(digits: Sequence[bytes]) -> bytes:
    """Two columns of digits -> a column of numbers, one byte each."""
    tens, ones = (column.translate(_VALUE) for column in digits)
    whole = int.from_bytes(tens, "little") * 10 + int.from_bytes(ones, "little")
    return whole.to_bytes(len(ones), "little")


def _sums(left: bytes, right: bytes) -> bytes:
    """Two columns of numbers added, none of which then needs more than its byte."""
    return (int.from_bytes(left, "little") + int.from_bytes(right, "little")).to_bytes(len(left), "little")
