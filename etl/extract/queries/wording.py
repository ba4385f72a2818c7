"""DuckDB's errors in our words, each with the place in the query that it is about.

DuckDB tells them as JSON when it is asked to (`errors_as_json`): a sentence of its own, and what it knows beside it, among it the
name that is wrong and the byte at which it stands. Nothing of what it quotes of a row is repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from etl.suggest import column_hint, did_you_mean, nearest, perhaps

if TYPE_CHECKING:
    import duckdb


class BadQuery(ValueError):
    """Something is wrong with a query; `at` is the character of its text that it is about, where that is known."""

    def __init__(self, what: str, at: int | None = None) -> None:
        super().__init__(what)
        self.at = at


class QueryScope(Struct, frozen=True):
    """What a query may speak of, when it is refused: its text, the columns of its tables, the functions there are, and the
    columns that its tables lack here, each with why."""

    text: str
    columns: tuple[str, ...] = ()
    functions: Callable[[], Iterable[str]] = tuple
    absent: Mapping[str, str] = field(default_factory=dict)


class Told(Struct, frozen=True):
    """What DuckDB says: its sentence, the name it is about, the call that fits no function, and the byte of the text."""

    sentence: str
    kind: str = ""
    name: str = ""
    call: str = ""
    byte: int | None = None


CAST = "all columns are text: write CAST(column AS DECIMAL(12, 2)), or money(column)"
TRY = "TRY_CAST makes null of what cannot be read"
AMOUNTS = "and money(column) reads amounts such as 1.299,90"
_OF_AMOUNT = re.compile(r"a cell is not what it is cast to \((?:DECIMAL|DOUBLE|FLOAT)[^\[]*\);")
TYPES = ("BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "INTEGER", "JSON", "TIME", "TIMESTAMP", "VARCHAR")
OURS = {
    "lower": "lower(text) or lower(text, 'tr')",
    "upper": "upper(text) or upper(text, 'tr')",
    "title": "title(text) or title(text, 'tr')",
    "money": "money(text) or money(text, '.')",
    "to_date": "to_date(text) or to_date(text, '%d.%m.%Y')",
    "to_datetime": "to_datetime(text) or to_datetime(text, '%d.%m.%Y %H:%M')",
}
OUR_PREFIX = "etl_"
"""What the functions behind our macros are called."""
ELSEWHERE = {
    "date_format": "strftime(to_date(day), '%d.%m.%Y')",
    "to_char": "strftime(to_date(day), '%d.%m.%Y')",
    "str_to_date": "to_date(day, '%d.%m.%Y')",
    "convert": "CAST(column AS DECIMAL(12, 2))",
    "substring_index": "split_part(text, ' ', 1)",
    "from_unixtime": "to_timestamp(CAST(seconds AS BIGINT))",
    "unix_timestamp": "epoch(to_datetime(day))",
    "isnull": "column IS NULL",
    "len": "length(text)",
    "charindex": "instr(text, 'x')",
    "getdate": "a date that is written out",
    "find_in_set": "list_contains(string_split(list, ','), text)",
    "json_value": "json_extract_string(column, '$.name')",
    "elt": "CASE",
}
"""What a query says for functions of other databases."""
INSTEAD = {
    "separator": "string_agg(column, ', ') puts texts together",
    "top": "LIMIT 5 stands at the end of a query",
    ":": "a query has no parameters; write the value",
    "limit": "LIMIT 10 OFFSET 5 is how a query leaves rows out",
}
"""What a query says for the syntax of other databases, by the word at which reading ends, or the one before it."""
_BUILT_IN = {
    "INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INTEGER", "INT64": "BIGINT", "INT128": "HUGEINT", "BOOL": "BOOLEAN",
    "INTEGER_LITERAL": "INTEGER", "STRING_LITERAL": "VARCHAR",
}  # fmt: skip
_TYPE = re.compile(rf"\b(?:{'|'.join(_BUILT_IN)})\b")
_PYTHON = re.compile(r".*while executing the UDF: \w+: ", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")


def refused(error: duckdb.Error, asked: QueryScope, *, before: int = 0) -> BadQuery:
    """Why a statement cannot be bound. `before` characters stood before its text when it was told."""
    told = _read(error)
    at = None if told.byte is None else _character(asked.text, told.byte - before)
    if told.name.startswith(OUR_PREFIX):  # the byte is one of the macro's own text
        call = re.search(rf"\b{_ours(told.name)}\s*\(", asked.text, re.IGNORECASE)
        at = call.start() if call else None
    return BadQuery(_sentence(told, asked, at), at)


def failed(error: duckdb.Error) -> str:
    """Why a query that could be bound did not come to its end: what a row held, as a rule."""
    told = _read(error)
    if "while executing the UDF" in told.sentence:
        sentence = _QUOTED.sub("a value", _PYTHON.sub("", told.sentence).splitlines()[0])
        return f"{sentence}; TRY(...) around the function makes null of what it cannot read"
    found = _sentence(told, QueryScope(""), None)
    return f"{found}, {AMOUNTS}" if _OF_AMOUNT.match(found) else found


def _read(error: duckdb.Error) -> Told:
    text = str(error)
    _, _, rest = text.partition(" Error: ")
    try:
        found = json.loads(rest)
    except ValueError:
        return Told(rest or text)
    byte = found.get("position")
    return Told(
        str(found["exception_message"]),
        str(found.get("type", "")) or str(found.get("error_subtype", "")),
        str(found.get("name", "")),
        str(found.get("call", "")),
        int(byte) if byte is not None else None,
    )


def _character(text: str, byte: int) -> int | None:
    whole = text.encode()
    return len(whole[:byte].decode(errors="ignore")) if 0 <= byte <= len(whole) else None


def _sentence(told: Told, asked: QueryScope, at: int | None) -> str:
    by_kind = _KINDS.get(told.kind)
    if by_kind is not None:
        return by_kind(told, asked, at)
    if told.kind.endswith("Function"):
        return _unknown_function(told, asked, at)
    if told.call:
        return _unfit_call(told)
    for pattern, sentence in _MADE:
        if match := pattern.search(told.sentence):
            return sentence(match, asked)
    for pattern, template in _TEMPLATES:
        if match := pattern.search(told.sentence):
            return template.format(*(_plain(part or "") for part in match.groups()))
    first = _QUOTED.sub("a value", told.sentence.splitlines()[0]).rstrip("!.")
    return f"DuckDB does not take it: {_plain(first)}"


def _unknown_column(told: Told, asked: QueryScope, at: int | None) -> str:
    if "FROM clause is missing" in told.sentence:
        return (
            f"column '{told.name}' stands where no table is read; a column belongs after SELECT, WHERE, ON or ORDER BY"
        )
    return _no_column(told.name, asked, quoted=at is not None and asked.text[at : at + 1] == '"')


def _no_column(name: str, asked: QueryScope, *, quoted: bool = False) -> str:
    hint = column_hint(name, asked.columns, absent=asked.absent)
    text = f"; a text stands between single quotes: '{name}'" if quoted and not nearest(name, asked.columns) else ""
    return f"unknown column '{name}'{hint}{text}"


def _unknown_function(told: Told, asked: QueryScope, at: int | None) -> str:
    name = told.name.lower()
    if name in ELSEWHERE:
        return f"there is no function '{name}'; a query says {ELSEWHERE[name]}"
    return f"there is no function '{name}'{perhaps(name, asked.functions())}"


def _unknown_type(told: Told, asked: QueryScope, at: int | None) -> str:
    return f"there is no type '{told.name}'{did_you_mean(told.name, TYPES)}"


def _unknown_order(told: Told, asked: QueryScope, at: int | None) -> str:
    return f"there is no collation '{told.name}'; Turkish order is COLLATE tr"


def _unreadable(told: Told, asked: QueryScope, at: int | None) -> str:
    if told.sentence.startswith("unterminated"):
        what = "a name in double quotes" if "identifier" in told.sentence else "a text in single quotes"
        return f"{what} begins here and never ends"
    match = re.search(r'at or near "(.*)"', told.sentence, re.DOTALL)
    if match is None or at is None:
        return "it ends too early" if "end of input" in told.sentence else "it is no SQL that DuckDB can read"
    word, rest = match[1], asked.text[at:]
    ends = rest.strip().rstrip(";").strip() == word
    last = re.search(r"(\w+)\W*$", asked.text[:at])
    where = f"it ends too early, after '{word}'" if ends else f"it cannot be read from '{word}' on"
    before = re.findall(r"\w+", asked.text[:at])[-2:]
    hint = INSTEAD.get(word.lower()) or next((INSTEAD[one.lower()] for one in before if one.lower() in INSTEAD), "")
    return f"{where}; {hint}" if hint else f"{where}; look at what stands before it" if last and not ends else where


def _unfit_call(told: Told) -> str:
    name, _, given = _plain(told.call).partition("(")
    if name.startswith(OUR_PREFIX):
        return _instead(_ours(name))
    taken = given.removesuffix(")")
    what = (
        f"`{name}` takes no {' and '.join(taken.split(', '))}"
        if not name.isidentifier()
        else f"{name} takes no ({taken})"
    )
    return f"{what}; {CAST}" if "VARCHAR" in taken else what


def _plain(text: str) -> str:
    """DuckDB's inner names of types as SQL has them."""
    return _TYPE.sub(lambda match: _BUILT_IN[match[0]], text)


def _unsupported(told: Told, asked: QueryScope, at: int | None) -> str:
    match = re.search(r"(WHERE|GROUP BY|\w+) clause cannot contain (aggregates|window functions)", told.sentence)
    if match is None:
        return "row_number, rank, lag and the like need an OVER (...), and stand after SELECT or ORDER BY"
    if match[2] == "aggregates":
        return f"sum, count, max and the like cannot stand in {match[1]}; what they give is asked for in HAVING, after GROUP BY"
    return f"row_number, rank, lag and the like cannot stand in {match[1]}; QUALIFY asks for what they give"


_KINDS: dict[str, Callable[[Told, QueryScope, int | None], str]] = {
    "COLUMN_NOT_FOUND": _unknown_column,
    "Type": _unknown_type,
    "Collation": _unknown_order,
    "SYNTAX_ERROR": _unreadable,
    "UNSUPPORTED": _unsupported,
}


def _missing(match: re.Match[str], asked: QueryScope) -> str:
    return _no_column(match[1] or match[2], asked)


def _no_table(match: re.Match[str], asked: QueryScope) -> str:
    known = (match[2] or "").replace('"', "")
    return f"no table is called '{match[1]}' in this query" + (f"; there is {known}" if known else "")


def _ambiguous(match: re.Match[str], asked: QueryScope) -> str:
    ways = match[2].replace("'", "").split(" or ")
    then = f"write {' or '.join(ways)}" if len(set(ways)) > 1 else "give each of the tables a name of its own"
    return f"column '{match[1]}' is in more than one table; {then}"


def _not_taken(match: re.Match[str], asked: QueryScope) -> str:
    return _instead(match[1])


def _ours(name: str) -> str:
    """A function of ours as a query calls it."""
    called = name.removeprefix(OUR_PREFIX)
    return called if called in OURS else f"to_{called}"


def _instead(name: str) -> str:
    return f"{name} does not take what it is given; there is {OURS.get(name, name)}"


_MADE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], QueryScope], str]], ...] = (
    (re.compile(r'does not have a column named "(.+?)"'), _missing),
    (re.compile(r'^(?:Referenced c|C)olumn "?(.+?)"? (?:not found|in \w+ list|does not exist)'), _missing),
    (re.compile(r'Referenced table "(.+?)" not found!(?:\nCandidate tables: (.*))?'), _no_table),
    (re.compile(r'Ambiguous reference to column name "(.+?)" \(use: (.+)\)'), _ambiguous),
    (re.compile(r"Macro (\w+)\(\) does not support"), _not_taken),
)
"""Sentences that say what there is instead."""
_NOT_CAST = "a cell is not what it is cast to ({0}); " + TRY
_NESTED = (
    "sum, count, max and the like cannot stand in each other; make the inner one a column in a SELECT * FROM (...)"
)
_GROUPED = "column '{0}' is neither in GROUP BY nor within sum, max and the like; add it there, or take any_value({0})"
_TEMPLATES = tuple(
    (re.compile(pattern), template)
    for pattern, template in (
        (r'column "(.+?)" must appear in the GROUP BY', _GROUPED),
        (
            r"(ORDER|GROUP) (?:BY )?term out of range .* and (\d+)",
            "{0} BY names columns by their numbers; the query has {1}",
        ),
        (r"same number of result columns", "the SELECTs of a UNION have to give the same number of columns"),
        (
            r"Cannot (?:mix values|compare values) of type (\w+) and (?:type )?(\w+)",
            "{0} and {1} are mixed; CAST one of them. All columns are text (VARCHAR)",
        ),
        (r"Subquery returns (\d+) columns", "a SELECT in here gives {0} columns, and has to give 1"),
        (
            r"More than one row returned",
            "a SELECT that stands for a value gives more rows than one; add LIMIT 1, or take max()",
        ),
        (r"aggregate function calls cannot be nested", _NESTED),
        (r"Values were not provided", "a query has no parameters (? or $1); write the value"),
        (
            r"Cannot extract field '(.+?)' from expression \"(.+?)\"",
            "'{1}' is no table, and nothing called '{0}' is in it",
        ),
        (r'table "(.+?)" has (\d+) columns available but (\d+)', "'{0}' has {1} columns, and is given {2} names"),
        (r"format specifier (%\w)", "a format holds {0}, which DuckDB does not know"),
        (r"Invalid type specifier|Argument index", "a format does not fit what it is given"),
        (
            r"Could not parse string .* according to format",
            "a cell is not written in the format that strptime is given; try_strptime makes null of what cannot be read",
        ),
        (r"extract specifier", "a part of a date is unknown; there is year, month, day, hour, minute, second"),
        (r"Could not convert string .* to (.+?)(?: when casting|$)", _NOT_CAST),
        (r"invalid (date|timestamp|time) field format", _NOT_CAST),
        (r"(date|timestamp|time) field value out of range", _NOT_CAST),
        (r"for the destination type (\S+)", "a number is too large for {0}; cast to a larger type"),
        (r"can't be cast to the destination type (\S+)", _NOT_CAST),
        (r"failed: value is out of range", "a number is too large for what it is cast to; " + TRY),
        (
            r"Overflow in (\w+) of (\w+)",
            "a {0} of {1} is too large; cast to a larger type: CAST(column AS DECIMAL(18, 2))",
        ),
        (r"Malformed JSON", "a cell is no JSON; " + TRY),
        (
            r"^(?:missing|invalid|bad|unexpected|no argument for|trailing) ",
            "a regular expression cannot be read; look at its brackets and backslashes",
        ),
        (r"UNNEST\(\) can only", "unnest takes a list; string_split(column, ',') makes one of a text"),
    )
)
