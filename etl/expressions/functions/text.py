"""Functions on text: spaces, parts, lengths, markup."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from unicodedata import category

from etl.expressions.cells import UNSEEN, shown
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.html import without_tags
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import LARGEST, as_text, one_of, text_for, text_parameter, whole, within_bound
from etl.findings import Unfit

JOINER = "\u200d"
MOST_FLAGS = 100
SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")
FLAG_LETTERS = ("\U0001f1e6", "\U0001f1ff")
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))

_WITHOUT_UNSEEN = dict.fromkeys(map(ord, UNSEEN))

MOST_TAGS = 5_000
"""Of tags that are never closed each costs as much as all before it."""


def trim(value: str) -> str | None:
    return shown(text_for("trim", value))


def normalize_space(value: str) -> str | None:
    return " ".join(text_for("normalize_space", value).translate(_WITHOUT_UNSEEN).split()) or None


def bind_replace(old: str, new: str = "") -> Callable[[str], str | None]:
    text_parameter("old", old)
    text_parameter("new", new)
    if not old:
        raise Unfit("parameter:old", old, "old is empty; write the text to replace")
    longer = max(len(new) - len(old), 0)

    def replaced(value: str) -> str | None:
        text = text_for("replace", value)
        if longer:
            within_bound("replace", len(text) + text.count(old) * longer)
        return shown(text.replace(old, new))

    return replaced


def replace(value: str, old: str, new: str = "") -> str | None:
    return bind_replace(old, new)(value)


def bind_truncate(length: int, ending: str = "") -> Callable[[str], str | None]:
    whole("length", length, 1, LARGEST)
    room = length - len(text_parameter("ending", ending))
    if room < 1:
        words = "ending {value} leaves no room for text in {length} characters"
        raise Unfit("parameter:ending", ending, words, length=length)

    def truncated(value: str) -> str | None:
        text = text_for("truncate", value)
        if len(text) <= length:
            return text
        cut = text[: _safe_cut(text, room)].rstrip()
        return cut + ending if cut else None

    return truncated


def truncate(value: str, length: int, ending: str = "") -> str | None:
    return bind_truncate(length, ending)(value)


def _safe_cut(text: str, end: int) -> int:
    """The last position up to `end` where a cut parts no letter from its accents and no emoji from its pieces."""
    while end and _belongs_together(text, end):
        end -= 1
    return end


def _belongs_together(text: str, end: int) -> bool:
    before, after = text[end - 1], text[end]
    if JOINER in (before, after) or category(after).startswith("M"):
        return True
    if FLAG_LETTERS[0] <= after <= FLAG_LETTERS[1]:
        # Two of these letters are a flag, the next two another one.
        letters = text[max(0, end - MOST_FLAGS) : end]
        return (len(letters) - len(letters.rstrip(_FLAGS))) % 2 == 1
    return SKIN_TONES[0] <= after <= SKIN_TONES[1]


def bind_pad(length: int, fill: str = "0") -> Callable[[str], str]:
    whole("length", length, 1, 1000)
    if len(text_parameter("fill", fill)) != 1:
        raise Unfit("parameter:fill", fill, "fill is one character, not {value}")
    return lambda value: text_for("pad", value).rjust(length, fill)


def pad(value: str, length: int, fill: str = "0") -> str:
    return bind_pad(length, fill)(value)


def bind_part(separator: str, number: int) -> Callable[[str], str | None]:
    if not text_parameter("separator", separator):
        raise Unfit("parameter:separator", separator, "separator is empty; write the text between the parts")
    if whole("number", number, -1000, 1000) == 0:
        words = "number counts from 1 (the first part), or from -1 (the last part) backwards; there is no part 0"
        raise Unfit("parameter:number", number, words)
    index = number - 1 if number > 0 else number

    def part_of(value: str) -> str | None:
        parts = text_for("part", value).split(separator)
        return shown(parts[index]) if -len(parts) <= index < len(parts) else None

    return part_of


def part(value: str, separator: str, number: int) -> str | None:
    return bind_part(separator, number)(value)


def join(value: object, *others: object, separator: str = " ") -> str | None:
    text_parameter("separator", separator)
    parts = [as_text(one).strip() for one in (value, *others) if one is not None]
    parts = [one for one in parts if one]
    within_bound("join", sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts) or None


def bind_split_name(which: str) -> Callable[[str], str | None]:
    one_of("which", which, ("first", "last"))
    first = which == "first"

    def part_of_name(value: str) -> str | None:
        words = text_for("split_name", value).split()
        chosen = (words[:-1] or words) if first else words[1:][-1:]
        return " ".join(chosen) or None

    return part_of_name


def split_name(value: str, which: str) -> str | None:
    return bind_split_name(which)(value)


def strip_html(value: str) -> str | None:
    text = text_for("strip_html", value)
    if text.count("<") > MOST_TAGS:
        raise Unfit(
            "function:strip_html:tags",
            value,
            "HTML with more than {most:,} tags; at most these are read",
            most=MOST_TAGS,
        )
    if "<" in text or "&" in text:
        text = without_tags(text)
    return " ".join(text.split()) or None


FUNCTIONS = (
    Function(
        name="trim",
        gives=str,
        group="text",
        sentence="Removes blank space from both ends. Cells are trimmed already unless a source says `trim: false`.",
        call=trim,
        examples=(
            shows("{{ name | replace('Mr.') | trim }}", "Ali", name="Mr. Ali"),
            fails("{{ stock | trim }}", "trim expects text, not 3; write `| text` before it", stock=3),
        ),
    ),
    Function(
        name="normalize_space",
        gives=str,
        group="text",
        sentence=(
            "Makes one space of every run of spaces, tabs and line breaks, removes those at both ends, and the characters that "
            "have no width (U+200B, U+2060, U+FEFF, soft hyphens)."
        ),
        call=normalize_space,
        examples=(
            shows("{{ line | normalize_space }}", "Bağdat Cad. No: 5", line="Bağdat Cad.\n  No:\t5"),
            shows("{{ line | normalize_space }}", "Ayşe Nur", line="Ayşe\u200b Nur"),
            fails(
                "{{ no | normalize_space }}",
                "normalize_space expects text, not 5; write `| text` before it",
                no=5,
            ),
        ),
    ),
    Function(
        name="replace",
        gives=str,
        group="text",
        sentence="Replaces a text wherever it stands in the value; null when nothing is left.",
        call=replace,
        bind=bind_replace,
        parameters=(
            Parameter("old", "The text to look for; capital and small letters differ."),
            Parameter("new", "What to put in its place; left out, the old text is removed.", ""),
        ),
        examples=(
            shows("{{ path | replace('http://', 'https://') }}", "https://a.com/1.jpg", path="http://a.com/1.jpg"),
            shows("{{ sku | replace('-') }}", "AB12", sku="AB-12"),
            shows("{{ sku | replace('-') }}", None, sku="--"),
            fails("{{ sku | replace('') }}", "old is empty; write the text to replace", sku="AB-12"),
        ),
    ),
    Function(
        name="truncate",
        gives=str,
        group="text",
        sentence=(
            "Cuts a text that is too long, never between a letter and its accents nor inside an emoji, and removes the "
            "blank space before the cut."
        ),
        call=truncate,
        bind=bind_truncate,
        parameters=(
            Parameter("length", "The most characters to keep, the ending among them."),
            Parameter("ending", "What to write after the cut.", ""),
        ),
        examples=(
            shows("{{ title | truncate(8) }}", "Ev adres", title="Ev adresim"),
            shows("{{ title | truncate(8, '...') }}", "Ev ad...", title="Ev adresim"),
            shows("{{ title | truncate(20) }}", "Ev adresim", title="Ev adresim"),
            fails("{{ title | truncate(0) }}", "length is a whole number from 1 to 1,000,000, not 0", title="Ev"),
        ),
    ),
    Function(
        name="pad",
        gives=str,
        group="text",
        sentence="Lengthens a text on the left, as for codes that lost their leading zeros.",
        call=pad,
        bind=bind_pad,
        parameters=(
            Parameter("length", "The characters to reach, at most 1,000; a longer text stays as it is."),
            Parameter("fill", "The character to put on the left.", "0"),
        ),
        examples=(
            shows("{{ postcode | pad(5) }}", "01330", postcode="1330"),
            shows("{{ postcode | text | pad(5) }}", "01330", postcode=1330),
            fails("{{ postcode | pad(5) }}", "pad expects text, not 1330; write `| text` before it", postcode=1330),
        ),
    ),
    Function(
        name="part",
        gives=str,
        group="text",
        sentence="Splits a text and gives one of its parts, trimmed; null when it has not that many.",
        call=part,
        bind=bind_part,
        parameters=(
            Parameter("separator", "The text between the parts."),
            Parameter("number", "Which part: 1 is the first, 2 the second, -1 the last."),
        ),
        examples=(
            shows("{{ category | part('>', -1) }}", "Bot", category="Kadın > Ayakkabı > Bot"),
            shows("{{ category | part('>', 1) }}", "Kadın", category="Kadın > Ayakkabı > Bot"),
            shows("{{ category | part('>', 4) }}", None, category="Kadın > Ayakkabı > Bot"),
            fails(
                "{{ category | part('>', 0) }}",
                "number counts from 1 (the first part), or from -1 (the last part) backwards; there is no part 0",
                category="Kadın > Ayakkabı",
            ),
        ),
    ),
    Function(
        name="join",
        gives=str,
        group="text",
        sentence="Joins the values that are not blank, each trimmed; null when all of them are.",
        call=join,
        null=True,
        parameters=(
            Parameter("*others", "The values to add; numbers and dates are written as text."),
            Parameter("separator", "What to put between two values; has to be named.", " "),
        ),
        examples=(
            shows(
                "{{ line1 | join(line2, city, separator=', ') }}",
                "Moda Cad. 5, İzmir",
                line1="Moda Cad. 5",
                line2=None,
                city="İzmir",
            ),
            shows("{{ line1 | join(line2) }}", None, line1=None, line2=""),
            fails(
                "{{ line1 | join(lines) }}",
                '["a", "b"] is a list; only a single value can become text',
                line1="x",
                lines=["a", "b"],
            ),
        ),
    ),
    Function(
        name="split_name",
        gives=str,
        group="text",
        sentence=(
            "Takes a full name apart: the last word is the family name, all before it the first names. One word alone "
            "is a first name."
        ),
        call=split_name,
        bind=bind_split_name,
        parameters=(
            Parameter("which", "'first' gives the first names, 'last' the family name (null when there is one word)."),
        ),
        examples=(
            shows("{{ name | split_name('first') }}", "Ayşe Nur", name="Ayşe Nur Yılmaz"),
            shows("{{ name | split_name('last') }}", "Yılmaz", name="Ayşe Nur Yılmaz"),
            shows("{{ name | split_name('last') | default('-') }}", "-", name="Ayşe"),
            fails("{{ name | split_name('family') }}", "which is 'first' or 'last', not 'family'", name="Ayşe"),
        ),
    ),
    Function(
        name="strip_html",
        gives=str,
        group="text",
        sentence=(
            "Removes HTML: tags, comments, scripts and styles go, `&amp;` becomes `&`, runs of blank space become one "
            "space. A < that opens no element of HTML is text: `S<M>L` stays. An element of a page's own has a hyphen in its "
            "name and no capital letter; a comment that never ends goes to the end. A shop that stores its HTML escaped "
            "(`&lt;p&gt;`) needs it twice: `| strip_html | strip_html`."
        ),
        call=strip_html,
        examples=(
            shows("{{ name | strip_html }}", "Kazak & Hırka", name="<b>Kazak</b> &amp; Hırka"),
            shows("{{ name | strip_html }}", "Yeni sezon", name="<p>Yeni</p><p>sezon</p><script>x()</script>"),
            shows("{{ name | strip_html | strip_html }}", "Yeni", name="&lt;p&gt;Yeni&lt;/p&gt;"),
            shows("{{ name | strip_html }}", "Kablo L<M", name="Kablo L<M"),
            shows("{{ name | strip_html }}", "Ali <ali@example.com>", name="<b>Ali</b> <ali@example.com>"),
            shows("{{ name | strip_html }}", "Ali Ankara", name="<td>Ali</td><td>Ankara</td>"),
            fails("{{ name | strip_html }}", "strip_html expects text, not 8; write `| text` before it", name=8),
        ),
    ),
    Function(
        name="text",
        gives=str,
        group="text",
        sentence="Writes a number, a date, a time or true/false as text. A whole number that Excel stored as 5.0 is '5'.",
        call=as_text,
        examples=(
            shows("{{ customer_id | text }}", "1042", customer_id=1042.0),
            shows("{{ price | money | text }}", "1299.90", price="1.299,90"),
            shows("{{ active | text }}", "true", active=True),
            shows("{{ ordered_at | text }}", "12:00:00", ordered_at=time(12)),
            fails("{{ tags | text }}", '["a"] is a list; only a single value can become text', tags=["a"]),
        ),
    ),
)
