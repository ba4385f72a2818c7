"""Functions that choose: from a lookup, a default for null, true or false."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import TYPE_CHECKING, Any

from etl.expressions.cells import BLANK
from etl.expressions.functions.columns import ColumnWay, Texts, each_once
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.formats import folded
from etl.expressions.functions.table import LOOKUP, Function, Parameter, Resource
from etl.expressions.functions.values import GIVE_AN_ERROR, as_text, one_of
from etl.findings import Unfit

if TYPE_CHECKING:
    from etl.expressions.runtime import Writers

TRUE = ("1", "true", "t", "yes", "y", "on", "evet", "e", "doğru")
FALSE = ("0", "false", "f", "no", "n", "off", "hayır", "h", "yanlış")
_TRUTHS = {folded(word): word in TRUE for word in (*TRUE, *FALSE)}


def bind_lookup(table: Resource, default: object = GIVE_AN_ERROR, by: str | None = None) -> Callable[[object], object]:
    one_of("by", by, COMPARISONS)
    # An empty one stays what it is: it may have a word to say about why it is empty.
    known = table.content if by is None or not table.content else _by_letters(table)

    def translate(value: object) -> object:
        key = value if isinstance(value, str) else as_text(value)
        found = known.get(key if by is None else letters(key), default)
        if found is GIVE_AN_ERROR:
            words = "no entry {entry} in the lookup '{table}'; add it there, or say default= for values it lacks"
            raise Unfit("function:lookup", value, words, entry=key, table=table.name)
        return found

    return translate


COMPARISONS = (None, "lower")


def letters(text: str) -> str:
    """A key of which neither capitals nor accents count, nor how many blanks part its words."""
    return " ".join(folded(text).split())


def _by_letters(table: Resource) -> dict[str, object]:
    """Raises Unfit for two keys that are one then, and mean two things."""
    found: dict[str, object] = {}
    for key, value in table.content.items():
        if found.setdefault(letters(key), value) != value:
            words = "with by='lower' {value} and another key of the lookup '{table}' are one, and their values differ"
            raise Unfit("parameter:by", key, words, table=table.name)
    return found


def lookup(value: object, table: Resource, default: object = GIVE_AN_ERROR, by: str | None = None) -> object:
    return bind_lookup(table, default, by)(value)


def lookup_column(write: Writers, table: Resource, default: object = GIVE_AN_ERROR, by: str | None = None) -> ColumnWay:
    """Dictionary access at the speed of C. A code that is missing is for the long way to name."""
    if by is not None:
        return each_once(write, bind_lookup(table, default, by))
    known = {"": None, **{key: write.plain(value) for key, value in table.content.items() if key}}
    if default is not GIVE_AN_ERROR:
        instead = write.plain(default)
        return lambda column: list(map(known.get, column, repeat(instead)))

    def translate(column: Texts) -> list[Any] | None:
        try:
            return list(map(known.__getitem__, column))
        except KeyError:
            return None

    return translate


def default(value: object, instead: object) -> object:
    return instead if value is None else value


def default_column(write: Writers, instead: object) -> ColumnWay:
    value = write.plain(instead)
    if value == "" and isinstance(value, str):
        return list
    return lambda column: [one or value for one in column]


def blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip(BLANK))


def to_bool(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return value == 1
    if isinstance(value, str):
        word = folded(value.strip())
        if not word or word in _TRUTHS:
            return _TRUTHS.get(word)
    words = "{value} is not one of {true} or {false}"
    raise Unfit("function:bool", value, words, true=" ".join(TRUE), false=" ".join(FALSE))


FUNCTIONS = (
    Function(
        name="lookup",
        group="choice",
        sentence=(
            "Translates a code with one of the mapping's `lookups`. Keys are compared as text; capital and small "
            "letters differ unless `by` says otherwise."
        ),
        call=lookup,
        bind=bind_lookup,
        column=lookup_column,
        parameters=(
            Parameter("table", "The name of the lookup, in quotes.", resource=LOOKUP),
            Parameter("default", "What a code that is not there gives; left out, it is an error.", GIVE_AN_ERROR),
            Parameter(
                "by",
                "'lower' compares keys without regard to capital letters, accents, ı and i, and runs of blanks.",
                None,
            ),
        ),
        examples=(
            shows("{{ currency | lookup('currency', by='lower') }}", "try", currency="tl"),
            shows("{{ order_status | lookup('status') }}", "550", order_status="5"),
            shows("{{ order_status | lookup('status') }}", "550", order_status=5),
            shows("{{ order_status | lookup('status', default='100') }}", "100", order_status="17"),
            shows("{{ order_status | lookup('status') }}", None, order_status=None),
            fails(
                "{{ order_status | lookup('status') }}",
                "no entry '17' in the lookup 'status'; add it there, or say default= for values it lacks",
                order_status="17",
            ),
        ),
    ),
    Function(
        name="default",
        group="choice",
        sentence="Gives another value in place of null (which a blank cell is).",
        call=default,
        column=default_column,
        null=True,
        parameters=(Parameter("instead", "What null becomes."),),
        examples=(
            shows("{{ bank | default('') }}", "", bank=None),
            shows("{{ bank | default('') }}", "Garanti", bank="Garanti"),
            shows("{{ mobile | default(telephone) }}", "5321234567", mobile="", telephone="5321234567"),
        ),
    ),
    Function(
        name="blank",
        gives=bool,
        group="choice",
        sentence="Tells whether a value is null, empty, or only blank space.",
        call=blank,
        null=True,
        examples=(
            shows("{{ email | blank }}", True, email=None),
            shows("{{ not email | blank }}", True, email="ali@mail.com"),
            shows("{{ 'no e-mail' if email | blank else email }}", "no e-mail", email=" "),
        ),
    ),
    Function(
        name="bool",
        gives=bool,
        group="choice",
        sentence=(
            f"Reads true or false: {' '.join(TRUE)} are true, {' '.join(FALSE)} are false, in capital or small letters, "
            "with or without their accents."
        ),
        call=to_bool,
        examples=(
            shows("{{ newsletter | bool }}", True, newsletter="1"),
            shows("{{ newsletter | bool }}", False, newsletter="HAYIR"),
            shows("{{ newsletter | bool }}", True, newsletter="DOĞRU"),
            shows("{{ newsletter | bool | default(false) }}", False, newsletter=""),
            fails(
                "{{ newsletter | bool }}", f"'2' is not one of {' '.join(TRUE)} or {' '.join(FALSE)}", newsletter="2"
            ),
        ),
    ),
)
