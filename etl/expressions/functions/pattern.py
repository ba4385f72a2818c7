"""Functions that look for something in a text: by regular expression, digits, letters without accents.

Regular expressions are RE2's, which take time in proportion to the text, whatever the expression: no mapping can hang on a cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from etl.expressions.cells import shown
from etl.expressions.functions.columns import ColumnWay, Texts, each_once
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import LARGEST, text_for, text_parameter, within_bound
from etl.findings import Unfit

if TYPE_CHECKING:
    from etl.expressions.runtime import Writers

MEMORY = 8_000_000
"""Bytes that one expression may take."""

_NOT_DIGITS = bytes(byte for byte in range(256) if chr(byte) not in "0123456789\n")
_REFERENCE = re.compile(r"\\(\d)")
_NO_REFERENCE = re.compile(r"\$(?:\d|\{)|(?<!\\)(?:\\\\)*\\(?![\d\\]).?")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")

# Letters that are none with an accent, and signs that word processors put in the place of plain ones.
_ALIKE = str.maketrans(
    {"ı": "i", "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
     "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ə": "e", "Ə": "E", "‘": "'", "’": "'", "“": '"', "”": '"',
     "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)  # fmt: skip


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The expression, ready to be used. Raises Unfit when it is none that RE2 reads."""
    import re2

    _refuse_words_of_ascii(text_parameter("pattern", pattern))
    options = re2.Options()
    options.log_errors, options.max_mem = False, MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else b""
        begin = (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)).partition(":")[0]
        words = (
            "pattern {value} is no regular expression of RE2: {detail}; RE2 has neither look-around nor back-references"
        )
        raise Unfit("parameter:pattern", pattern, words, detail=DETAILS.get(begin, DETAILS[""])) from None


DETAILS = {
    "missing )": "a ( is never closed",
    "unexpected )": "a ) closes nothing",
    "missing ]": "a [ is never closed",
    "invalid escape sequence": "a backslash stands before what it means nothing for",
    "trailing \\": "a backslash stands at its end",
    "no argument for repetition operator": "nothing stands before a *, + or ?",
    "bad repetition operator": "two of *, + and ? stand together",
    "invalid repetition size": "a repetition such as {2,5} is too large, or its bounds are the wrong way round",
    "invalid character class range": "something between [ and ] is no character, range or class",
    "invalid perl operator": "what follows a (? is none of (?: and (?i)",
    "invalid named capture group": "the name of a group is not closed, or none",
    "": "it cannot be read",
}
"""What RE2 says, and what we say."""


_OF_ASCII = re.compile(r"(?<!\\)(?:\\\\)*\\([wWbB])")

_UNICODE = {"w": r"[\\pL\\pN_]", "W": r"[^\\pL\\pN_]"}


def _refuse_words_of_ascii(pattern: str) -> None:
    """For RE2 only ASCII has letters: `\\w+` would find `Ay` in Ayşe, and `\\b` a word's end in its middle."""
    found = _OF_ASCII.search(pattern)
    if found is not None:
        words = "pattern {value} has \\{told}, for which only ASCII has letters (no ş); write {instead} for all letters"
        instead = _UNICODE.get(found[1], r"(?:^|[^\\pL\\pN_]) or (?:$|[^\\pL\\pN_])")
        raise Unfit("parameter:pattern", pattern, words, told=found[1], instead=instead)


def bind_match(pattern: str) -> Callable[[str], str | None]:
    expression = compiled(pattern)
    if expression.groups > 1:
        words = "pattern {value} has {count} groups; write (?:...) for those that are not wanted"
        raise Unfit("parameter:pattern", pattern, words, count=expression.groups)
    group = expression.groups

    def found(value: str) -> str | None:
        there = expression.search(text_for("match", value))
        return shown(there[group] or "") if there else None

    return found


def match(value: str, pattern: str) -> str | None:
    return bind_match(pattern)(value)


def match_column(write: Writers, pattern: str) -> ColumnWay:
    return each_once(write, bind_match(pattern))


def bind_replace_pattern(pattern: str, new: str = "") -> Callable[[str], str | None]:
    expression = compiled(pattern)
    references = [int(number) for number in _REFERENCE.findall(text_parameter("new", new))]
    if wrong := _NO_REFERENCE.search(new):
        words = "new {value} has {told}; what a group found is written \\1, a backslash as two"
        raise Unfit("parameter:new", new, words, told=wrong[0])
    if any(number > expression.groups for number in references):
        words = "new {value} names a group that the pattern has not ({count} groups)"
        raise Unfit("parameter:new", new, words, count=expression.groups)

    def replaced(value: str) -> str | None:
        text = text_for("replace_pattern", value)
        # What may come out: every match replaced, and what the groups hold put back in.
        if len(text) * (1 + len(references) + len(new)) > LARGEST:
            count = sum(1 for _ in expression.finditer(text))
            within_bound("replace_pattern", len(text) * (1 + len(references)) + count * len(new))
        return shown(expression.sub(new, text))

    return replaced


def replace_pattern(value: str, pattern: str, new: str = "") -> str | None:
    return bind_replace_pattern(pattern, new)(value)


def replace_pattern_column(write: Writers, pattern: str, new: str = "") -> ColumnWay:
    return each_once(write, bind_replace_pattern(pattern, new))


def digits(value: str) -> str | None:
    text = text_for("digits", value)
    if other := _OTHER_DIGIT.search(text):
        words = "{value} holds '{told}', a digit of another script than 0 to 9; correct the source"
        raise Unfit("function:digits", value, words, told=other[0])
    return "".join([sign for sign in text if sign in "0123456789"]) or None


def digits_column(write: Writers) -> ColumnWay:
    """What is no digit is deleted from all cells at once."""

    def way(column: Texts) -> list[Any] | None:
        text = "\n".join(column)
        if not text.isascii() and _OTHER_DIGIT.search(text):
            return None
        kept = text.encode("ascii", "ignore").translate(None, _NOT_DIGITS).decode().split("\n")
        # A line break in a cell would make one cell too many.
        return [one or None for one in kept] if len(kept) == len(column) else None

    return way


def to_ascii(value: str) -> str:
    text = text_for("ascii", value)
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_ALIKE))
    plain = "".join([letter for letter in apart if not unicodedata.combining(letter)])
    if not plain.isascii():
        alien = next(letter for letter in plain if not letter.isascii())
        raise Unfit("function:ascii", value, "{value} holds '{told}', which no letter of ASCII is like", told=alien)
    return plain


def ascii_column(write: Writers) -> ColumnWay:
    """Most columns are ASCII already."""
    one_by_one = each_once(write, to_ascii)
    return lambda column: [one or None for one in column] if "".join(column).isascii() else one_by_one(column)


FUNCTIONS = (
    Function(
        name="match",
        gives=str,
        group="text",
        sentence=(
            "Gives what a regular expression finds first in a text: its group, or all of it when it has none; null when it "
            "finds nothing. Expressions are those of RE2."
        ),
        call=match,
        bind=bind_match,
        column=match_column,
        parameters=(Parameter("pattern", "The expression, with at most one group."),),
        examples=(
            shows("{{ note | match('#([0-9]+)') }}", "100045", note="Sipariş No: #100045 / 2020"),
            shows("{{ note | match('[A-Z]{2}[0-9]{3}') }}", "AB123", note="kod: AB123"),
            shows("{{ note | match('#([0-9]+)') }}", None, note="numarasız"),
            fails(
                r"{{ note | match('^\\w+') }}",
                r"pattern '^\\w+' has \w, for which only ASCII has letters (no ş); write [\\pL\\pN_] for all letters",
                note="Ayşe",
            ),
            fails(
                "{{ note | match('([0-9]+)-([0-9]+)') }}",
                "pattern '([0-9]+)-([0-9]+)' has 2 groups; write (?:...) for those that are not wanted",
                note="1-2",
            ),
        ),
    ),
    Function(
        name="replace_pattern",
        gives=str,
        group="text",
        sentence="Replaces whatever a regular expression (of RE2) finds in a text; null when nothing is left.",
        call=replace_pattern,
        bind=bind_replace_pattern,
        column=replace_pattern_column,
        parameters=(
            Parameter("pattern", "The expression to look for."),
            Parameter("new", "What to put in its place, in which \\1 is its first group; left out, it is removed.", ""),
        ),
        examples=(
            shows("{{ phone | replace_pattern('[^0-9]') }}", "05321234567", phone="(0532) 123-45-67"),
            shows(r"{{ day | replace_pattern('(\\d+)/(\\d+)', '\\2.\\1') }}", "24.03", day="03/24"),
            fails(
                "{{ day | replace_pattern('([0-9]+)/.*', '$1') }}",
                r"new '$1' has $1; what a group found is written \1, a backslash as two",
                day="03/24",
            ),
            fails(
                "{{ phone | replace_pattern('(0') }}",
                "pattern '(0' is no regular expression of RE2: a ( is never closed; "
                "RE2 has neither look-around nor back-references",
                phone="05",
            ),
        ),
    ),
    Function(
        name="digits",
        gives=str,
        group="text",
        sentence="Keeps the digits 0 to 9 of a text and nothing else; null when it has none.",
        call=digits,
        column=digits_column,
        examples=(
            shows("{{ tax_no | digits }}", "1234567890", tax_no="VN: 123 456 78 90"),
            shows("{{ tax_no | digits }}", None, tax_no="yok"),
            fails("{{ tax_no | digits }}", "digits expects text, not 123; write `| text` before it", tax_no=123),
            fails(
                "{{ tax_no | digits }}",
                "'12٣' holds '٣', a digit of another script than 0 to 9; correct the source",
                tax_no="12٣",
            ),
        ),
    ),
    Function(
        name="ascii",
        gives=str,
        group="text",
        sentence="Writes Turkish letters and letters with accents as the plain letters of ASCII.",
        call=to_ascii,
        column=ascii_column,
        examples=(
            shows("{{ city | ascii }}", "Sirnak", city="Şırnak"),
            shows("{{ city | ascii | upper('en') }}", "IZMIR", city="İzmir"),
            fails("{{ city | ascii }}", "'Москва' holds 'М', which no letter of ASCII is like", city="Москва"),
        ),
    ),
)
