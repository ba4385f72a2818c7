"""Read dates by strptime formats, as fast as ISO dates where every digit of the format has its place.

    '%d.%m.%Y %H:%M'   24.03.2023 10:30   ->   2023-03-24 10:30   ->   datetime.fromisoformat

The short way gives exactly what strptime would, or nothing; then strptime is asked. Tests hold them together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter

from etl.expressions.functions.values import text_parameter
from etl.findings import Unfit, shown

Reader = Callable[[str], datetime | None]
"""Gives the moment a text names, or None when the text does not fit."""

WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
DIRECTIVES = frozenset("aAbBdfHIjmMpSyYz%")
SHAPES = {"Ymd": "{}-{}-{}", "YmdHM": "{}-{}-{} {}:{}", "YmdHMS": "{}-{}-{} {}:{}:{}"}

_PIECE = re.compile("%(.?)|[^%]", re.DOTALL)


def reader_of(format_: str) -> Reader:
    """The reader of one strptime format. Raises ValueError when the format is none that can be read."""
    check_format(format_)
    quick, sign = quick_reader_of(format_), _first_sign(format_)

    def read(text: str) -> datetime | None:
        found = quick(text)
        # strptime takes long to refuse, and a text without the format's own signs it surely refuses.
        return _by_strptime(text, format_) if found is None and sign in text else found

    return read


def quick_reader_of(format_: str) -> Reader:
    """The short way alone: None says nothing about the text, which strptime may yet read."""
    return _fixed_reader(format_) or _read_nothing


def _read_nothing(text: str) -> None:
    return None


def _first_sign(format_: str) -> str:
    """The first literal of a format that can only stand for itself; nothing when there is none."""
    literals = (piece[0] for piece in _PIECE.finditer(format_) if piece[1] is None)
    return next((one for one in literals if one in "-./:,"), "")


def check_format(format_: str) -> None:
    directives = [piece[1] for piece in _PIECE.finditer(text_parameter("a format", format_)) if piece[1] is not None]
    for directive in directives:
        if directive not in DIRECTIVES or not directive:
            known = " ".join(f"%{one}" for one in sorted(DIRECTIVES))
            words = "'%{directive}' in the format {value} is not known; there is {known}"
            raise Unfit("parameter:formats", format_, words, directive=directive, known=known)
        if directive != "%" and directives.count(directive) > 1:
            words = "the format {value} has %{directive} twice"
            raise Unfit("parameter:formats", format_, words, directive=directive)
    if not {"Y", "y"} & set(directives):
        words = "the format {value} has no year; write %Y where the year stands"
        raise Unfit("parameter:formats", format_, words)


def has_zone(format_: str) -> bool:
    return any(piece[1] == "z" for piece in _PIECE.finditer(format_))


def _by_strptime(text: str, format_: str) -> datetime | None:
    try:
        return datetime.strptime(text, format_)
    except (ValueError, OverflowError):
        return None


def _fixed_reader(format_: str) -> Reader | None:
    """A reader for formats in which every field has its own columns of the text; None for other formats."""
    places, literals, width = layout_of(format_)
    shape = SHAPES.get("".join(field for field in WIDTHS if field in places))
    if shape is None or len(places) != shape.count("{}"):
        return None
    fields = itemgetter(*(places[field] for field in WIDTHS if field in places))
    return _reader(fields, shape, width, literals)


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


def _reader(fields: Callable[[str], Sequence[str]], shape: str, width: int, literals: dict[int, str]) -> Reader:
    between = itemgetter(*literals) if literals else None
    expected = tuple(literals.values()) if len(literals) > 1 else "".join(literals.values())
    write, parse = shape.format, datetime.fromisoformat

    def read(text: str) -> datetime | None:
        if len(text) != width or (between is not None and between(text) != expected):
            return None
        try:
            # Every field has the width ISO wants, so the parser refuses whatever is no ASCII digit.
            return parse(write(*fields(text)))
        except ValueError:
            return None

    return read


def read_iso(text: str) -> datetime | None:
    """`2023-03-24 10:30`, with T for the space, seconds and up to six decimals of them if there are any. No zone."""
    size = len(text)
    fits = size == 16 or (size == 19 and text[16] == ":") or (20 < size < 27 and text[16] == ":" and text[19] == ".")
    if not fits or text[10] not in " T" or text[4] + text[7] + text[13] != "--:" or text[11:13] == "24":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None


def read_iso_date(text: str) -> datetime | None:
    """`2023-03-24`, or what read_iso reads."""
    if len(text) != 10:
        return read_iso(text)
    if text[4] + text[7] != "--":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def first_that_fits(readers: Sequence[Reader]) -> Reader:
    """One reader that asks each in turn."""
    if len(readers) == 1:
        return readers[0]

    def read(text: str) -> datetime | None:
        for reader in readers:
            found = reader(text)
            if found is not None:
                return found
        return None

    return read


def is_zero_date(text: str) -> bool:
    """Whether this is MySQL's way to say that there is no date: 0000-00-00, with or without a time, in any format."""
    return text.count("0") >= 6 and not text.strip("0-:./ T")


def describe(formats: Sequence[str]) -> str:
    return " or ".join(shown(format_) for format_ in formats)
