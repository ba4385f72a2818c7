"""Functions for what other programs wrote: digests and JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from etl.expressions.cells import inside, tidy
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import LARGEST, one_of, text_for
from etl.findings import Unfit

ALGORITHMS = ("md5", "sha1", "sha256")
DEEPEST = 32


def bind_digest(algorithm: str) -> Callable[[str], str]:
    import hashlib

    one_of("algorithm", algorithm, ALGORITHMS)

    def digest_of(value: str) -> str:
        data = _utf8(text_for("digest", value))
        return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()

    return digest_of


def digest(value: str, algorithm: str) -> str:
    return bind_digest(algorithm)(value)


def json(value: Any) -> Any:
    import orjson

    if isinstance(value, dict | list):
        return value
    text = text_for("json", value)
    if len(text) > LARGEST:
        words = "JSON of {length:,} characters; at most {most:,} are read"
        raise Unfit("function:json:length", value, words, length=len(text), most=LARGEST)
    try:
        parsed = orjson.loads(_utf8(text)) if text.strip() else None
    except orjson.JSONDecodeError as error:
        # The library's words name the place only, and quote nothing.
        words = "{value} is not JSON: {detail}: line {line} column {column} (char {at})"
        raise Unfit(
            "function:json", text, words, detail=error.msg, line=error.lineno, column=error.colno, at=error.pos
        ) from None
    if not _is_shallow(parsed, DEEPEST):
        words = "JSON nested deeper than {most} levels; it cannot be sent"
        raise Unfit("function:json:depth", value, words, most=DEEPEST)
    return inside(parsed, tidy, None)


DETAILS = (
    "unexpected end of data",
    "unexpected character, expected a JSON value",
    "unexpected character, expected a string key",
    "unexpected character, expected ':' after key",
    "unexpected character, expected ',' or ']'",
    "unexpected character, expected ',' or '}'",
    "unexpected content after document",
    "unexpected control character in string",
    "invalid escaped sequence in string",
    "invalid literal, expected 'null'",
    "invalid literal, expected 'true'",
    "invalid literal, expected 'false'",
    "no digit after sign",
    "no digit after exponent sign",
    "no digit after decimal point",
    "number with leading zero is not allowed",
    "trailing comma is not allowed",
)
"""What orjson says of a text, as languages have it."""


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        words = "{value} holds half a character (a lone surrogate); correct the source"
        raise Unfit("unicode", text, words) from None


def _is_shallow(value: Any, levels: int) -> bool:
    """Whether no list or mapping lies more than `levels` deep. Goes no deeper than that itself."""
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(one, levels - 1) for one in inner)


FUNCTIONS = (
    Function(
        name="digest",
        gives=str,
        group="code",
        sentence="Gives the hexadecimal digest of a text's UTF-8 bytes, in small letters.",
        call=digest,
        bind=bind_digest,
        parameters=(Parameter("algorithm", "'md5', 'sha1' or 'sha256'."),),
        examples=(
            shows("{{ pw | digest('md5') }}", "900150983cd24fb0d6963f7d28e17f72", pw="abc"),
            shows("{{ pw | digest('sha1') }}", "a9993e364706816aba3e25717850c26c9cd0d89d", pw="abc"),
            fails("{{ pw | digest('sha512') }}", "algorithm is 'md5' or 'sha1' or 'sha256', not 'sha512'", pw="abc"),
        ),
    ),
    Function(
        name="json",
        group="code",
        sentence=f"Reads JSON text, as for `extra_field`; nested at most {DEEPEST} levels deep.",
        call=json,
        examples=(
            shows("{{ custom_field | json }}", {"points": 12}, custom_field='{"points": 12}'),
            shows("{{ (custom_field | json).points }}", 12, custom_field='{"points": 12}'),
            fails(
                "{{ custom_field | json }}",
                "'{points: 12}' is not JSON: unexpected character, expected a string key: line 1 column 2 (char 1)",
                custom_field="{points: 12}",
            ),
        ),
    ),
)
