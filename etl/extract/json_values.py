"""JSON text -> values that lose nothing: amounts stay exact, and what JSON leaves open is told instead of guessed.

A number with a point becomes a Decimal, so that 0.1 is 0.1, and 2.50 is 2.5. An object with the same key twice, NaN and
Infinity, and half a character (a lone surrogate) are faults.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, NoReturn

from etl.expressions.cells import compose
from etl.extract.rows import ReadRow
from etl.findings import Unfit
from etl.suggest import nearest

HEADER_SAMPLE = 1000

SHOWN = 500
"""How much of a value at fault is kept for people to see."""

DEEPEST = 100
"""Levels of lists and objects in a value."""

SMALLEST, LARGEST = -330, 308
"""Powers of ten of a number: what a float can hold."""


class RepeatedKey(dict[str, Any]):
    """An object that had a key twice; the last value has won, and `key` tells which."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.key = next(name for name in names if names.count(name) > 1)


DETAILS = {
    "Expecting value": "a value is missing here",
    "Expecting property name enclosed in double quotes": "a key in double quotes is missing here",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing here",
    "Expecting ':' delimiter": "a colon is missing here, behind a key",
    "Unterminated string starting at": "the text that begins here never ends; was it cut off?",
    "Extra data": "more stands behind the end of the value",
    "Invalid \\uXXXX escape": "four hexadecimal digits have to stand here, behind \\u",
    "Invalid \\escape": "a backslash that means nothing in JSON; write it twice",
    "Invalid control character at": "a control character inside of a text; write a line break as \\n, a tab as \\t",
    "": "it cannot be read from here on",
}
"""What Python's reader of JSON says, and what we say."""


def in_words(error: json.JSONDecodeError) -> str:
    return DETAILS.get(error.msg, DETAILS[""])


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    return values if len(values) == len(pairs) else RepeatedKey(pairs)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise key_twice(RepeatedKey(pairs).key)
    return values


def key_twice(key: str) -> Unfit:
    return Unfit("row:json:key", None, "has the key '{named}' twice", named=key)


def _no_number(text: str) -> NoReturn:
    raise Unfit("row:json:constant", None, "{detail} is not JSON; write null instead", detail=text)


# A number that no Decimal can hold becomes NaN or an infinity, which JSON cannot write: value_fault tells.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[]).create_decimal

_WHOLE = re.compile(r"-?[0-9]{1,15}").fullmatch


def _number(text: str) -> Decimal | float:
    """A number with a point or a power of ten, exact; 103.0 as a float, as a workbook has its whole numbers, whose text is 103.

    It is what it says, however it is written: 2.50 is 2.5, and 1E3 is 1000, or one number would be two keys.
    """
    if "e" in text or "E" in text:
        number = _EXACT(text)
        return _shortest(f"{number:f}") if _in_bounds(number) else number
    return _EXACT(text) if text[-1] != "0" else _shortest(text)


def _shortest(plain: str) -> Decimal | float:
    """A number that is written without a power of ten."""
    text = plain.rstrip("0").rstrip(".") if "." in plain else plain
    # Nothing is added to -0, which is no other number than 0.
    return float(text) + 0.0 if _WHOLE(text) else _EXACT(text)


def _number_in_bounds(text: str) -> Decimal | float:
    number = _number(text)
    if isinstance(number, Decimal) and not _in_bounds(number):
        raise ValueError("a number out of bounds")
    return number


QUICK = json.JSONDecoder(object_pairs_hook=_unrepeated, parse_float=_number_in_bounds, parse_constant=_no_number)
"""As ROW; raises ValueError for a number out of bounds, too. What it reads only has to be looked at where `unsure` says so."""

ROW = json.JSONDecoder(object_pairs_hook=_unrepeated, parse_float=_number, parse_constant=_no_number)
"""For a text that is one row: raises ValueError for a repeated key."""

DOCUMENT = json.JSONDecoder(object_pairs_hook=_marked, parse_float=_number, parse_constant=_no_number)
"""For a text of many rows: one with a repeated key is marked (see value_fault), the others are well."""


def decode(text: str, decoder: json.JSONDecoder) -> Any:
    """The one value that a text is. Raises as `decoded` does."""
    value, end = decoded(text, _begin(text), decoder)
    _check_end(text, end)
    return value


def decode_row(text: str) -> tuple[Any, Unfit | None]:
    """The same of a text that is one row, and what is wrong with it. Raises ValueError for a repeated key, too."""
    value, end, reason = row_value(text, _begin(text))
    _check_end(text, end)
    return value, reason


_BLANKS = " \t\n\r"


def _begin(text: str) -> int:
    return len(text) - len(text.lstrip(_BLANKS))


def _check_end(text: str, end: int) -> None:
    if rest := text[end:].lstrip(_BLANKS):
        raise json.JSONDecodeError("Extra data", text, len(text) - len(rest))


def decoded(text: str, start: int, decoder: json.JSONDecoder) -> tuple[Any, int]:
    """The value that begins at `start`, and where it ends. Raises ValueError; json.JSONDecodeError, which is one, when the
    place is known."""
    try:
        return decoder.raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise Unfit("row:json:levels", None, "lists and objects are nested too deeply") from None
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise Unfit("row:json:digits", None, "holds a number of thousands of digits") from None
        raise


def row_value(text: str, start: int = 0) -> tuple[Any, int, Unfit | None]:
    """The value of a row that begins at `start`, where it ends, and what is wrong with it. Raises as `decoded` does, also for
    a key that is there twice."""
    try:
        value, end = decoded(text, start, QUICK)
    except json.JSONDecodeError:
        raise
    except ValueError:
        value, end = decoded(text, start, ROW)
        return value, end, value_fault(value) if doubtful(text[start:end]) else None
    return value, end, value_fault(value) if unsure(text, start, end) else None


_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def unsure(text: str, start: int, end: int) -> bool:
    """Whether value_fault may find something in what QUICK has read: half a character, or very many levels."""
    if text.find("\\u", start, end) >= 0 and _HALF.search(text, start, end):
        return True
    return text.count("[", start, end) + text.count("{", start, end) > DEEPEST


_DOUBTFUL = re.compile(r"\\u[dD][89a-fA-F]|[eE][+-]?[0-9]{3}")


def doubtful(text: str) -> bool:
    """Whether value_fault may find something in the text of a value: half a character, a number out of bounds, or very
    many levels. A quick look, which is often wrong when it says yes, and never when it says no."""
    return _DOUBTFUL.search(text) is not None or text.count("[") + text.count("{") > DEEPEST


def value_fault(value: object, level: int = 0) -> Unfit | None:
    """What is wrong with a decoded value that is JSON in form."""
    if level > DEEPEST:
        return Unfit("row:json:levels", None, "is nested more than {most} levels deep", most=DEEPEST)
    if isinstance(value, RepeatedKey):
        return key_twice(value.key)
    if isinstance(value, Mapping | list):
        parts = (*value, *value.values()) if isinstance(value, Mapping) else value
        return next((why for one in parts if (why := value_fault(one, level + 1))), None)
    if isinstance(value, str) and not _encodable(value):
        return Unfit("row:json:unicode", None, "holds half of a character (a lone surrogate)")
    if isinstance(value, Decimal) and not _in_bounds(value):
        words = "holds a number of more than {most} digits, which nobody means"
        return Unfit("row:json:digits", None, words, most=LARGEST)
    return None


def _in_bounds(number: Decimal) -> bool:
    return number.is_finite() and SMALLEST <= number.adjusted() <= LARGEST


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def keys_of(objects: Iterable[object]) -> tuple[str, ...]:
    """The keys of all objects, in order of first appearance: composed, as the names of a CSV's columns are."""
    seen: dict[str, None] = {}
    for one in objects:
        if isinstance(one, Mapping):
            seen.update(dict.fromkeys(map(compose, one)))
    return tuple(seen)


def record_of(value: object, header: tuple[str, ...], known: frozenset[str] | None) -> ReadRow:
    """A row made of an object: an absent key is None. `known` is the header, for looking up; None passes any other key over."""
    if not isinstance(value, dict):
        return [str(value)], Unfit("row:object", None, "is {described}, not an object", described=described(value))
    if (*value,) == header:
        return list(value.values()), None
    if not "".join(value).isascii():
        composed = {compose(name): one for name, one in value.items()}
        if len(composed) < len(value):
            return list(value.values()), key_twice(RepeatedKey([(compose(name), None) for name in value]).key)
        value = composed
    # dict.keys() <= set runs in C; the rest is for rows that are wrong.
    if known is not None and not value.keys() <= known:
        further = next(key for key in value if key not in known)
        return list(value.values()), _no_column(further, header)
    return [value.get(name) for name in header], None


def _no_column(key: str, header: tuple[str, ...]) -> Unfit:
    words = "has the key '{named}', which is not among the columns; list every key in the source's `header`"
    if (near := nearest(key, header)) is not None:
        words = (
            "has the key '{named}', which is not among the columns; did you mean '{near}'?; "
            "list every key in the source's `header`"
        )
    return Unfit("row:column", None, words, named=key, near=near)


def shown_value(value: object) -> str:
    """The beginning of a value at fault, for people."""
    return str(value).strip()[:SHOWN].encode(errors="backslashreplace").decode()


def described(value: object) -> str:
    return DESCRIBED.get(type(value), "a number")


DESCRIBED: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    type(None): "null",
    int: "a number",
    float: "a number",
}
