"""Hold a document against schemas/migration.schema.json and say what is wrong in the words of the mapping language.

Two validators, held together by a property-based test: jsonschema-rs decides quickly, jsonschema says why not. Importing
jsonschema takes longer than all the other checks of a usual mapping, so it is done only for a document that is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from msgspec import Struct

from etl.mapping.places import Document, YamlPath
from etl.model import Place, Problem
from etl.resources import load_schema
from etl.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SPOKEN = {
    "object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number",
    "number": "a number", "boolean": "true or false", "null": "null",
}  # fmt: skip

EXPRESSION = r"\{\{"
"""The pattern by which the schema says that a text is an expression."""

NAME = r"[A-Za-z][A-Za-z0-9_-]{0,99}"
"""What a migration or a stage may be called: it becomes the name of a folder, or of files."""


class Refusal(Struct, frozen=True):
    """A problem of grammar, and the path that has to be left out for the rest to be understood (None: nothing)."""

    place: Place
    what: str
    drop: YamlPath | None = None


Refusals = Iterator[Refusal]


def grammar_problems(document: Document) -> tuple[list[Problem], Any]:
    """Unknown keys, missing keys, wrong types; and the data without them, so that all of it is as the schema says."""
    if fits(document.data):
        return [], document.data
    refusals = [one for error in strict_validator().iter_errors(document.data) for one in _refusals(document, error)]
    refusals = refusals or list(_objections(document))
    dropped = {refusal.drop for refusal in refusals if refusal.drop is not None}
    return [Problem(one.place, one.what) for one in refusals], _kept(document.data, (), dropped)


def fits(data: Any) -> bool:
    """Whether data is certainly as the schema says. False is a question to the strict validator: to jsonschema-rs 2.0 is
    a whole number, so what holds such a number is never said to fit."""
    try:
        return not _holds_whole_float(data) and _quick_validator().is_valid(data)
    except ValueError:
        # Half a character in a key, of which the reader has told.
        return False


def _holds_whole_float(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_whole_float, value.values()))
    if isinstance(value, list):
        return any(map(_holds_whole_float, value))
    return isinstance(value, float) and value.is_integer()


@cache
def _quick_validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(load_schema("migration"))


@cache
def strict_validator() -> Any:
    """jsonschema, stricter in two things: 2.0 is no whole number (Python cannot count with it), and in a pattern $ is
    the end (to Python's `re` also what is before a last line break)."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    strict: Any = extend(Draft202012Validator, {"pattern": _pattern_errors}, type_checker=checker)  # type: ignore[no-untyped-call]
    return strict(load_schema("migration"))


def _pattern_errors(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield ValidationError(f"{value!r} does not match {pattern}")


def _objections(document: Document) -> Refusals:
    """What jsonschema-rs has against a document that jsonschema would pass. Nobody knows of one; it would not be lost."""
    try:
        errors = list(_quick_validator().iter_errors(document.data))
    except ValueError:
        return
    for error in errors:
        path = tuple(error.instance_path)
        yield Refusal(document.place(path), f"{_named(path)} does not fit: {error.schema_path[-1]}", path or None)


def _kept(value: Any, path: YamlPath, dropped: Iterable[YamlPath]) -> Any:
    """A copy without the dropped paths. In a list they become null, so that the others keep their places."""
    if path in dropped:
        return None
    if isinstance(value, Mapping):
        return {key: _kept(one, (*path, key), dropped) for key, one in value.items() if (*path, key) not in dropped}
    if isinstance(value, list):
        return [_kept(one, (*path, index), dropped) for index, one in enumerate(value)]
    return value


def _refusals(document: Document, error: ValidationError) -> Refusals:
    path = tuple(error.absolute_path)
    yield from WORDS.get(str(error.validator), _as_it_is)(document, path, error)


def _schema(error: ValidationError) -> Any:
    return error.schema


def _rule(error: ValidationError) -> Any:
    return error.validator_value


def _as_it_is(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    """A rule with no words of its own. The value is not repeated: it may be a secret."""
    yield Refusal(document.place(path), f"{_named(path)} does not fit: {error.validator} {_rule(error)}", path)


def _unknown_keys(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    known = _schema(error)["properties"]
    instance: Any = error.instance
    for key in instance:
        if key not in known:
            where = (*path, key)
            yield Refusal(document.key_place(where), f"unknown key '{key}'{did_you_mean(key, known)}", where)


def _missing_keys(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    # One error for each missing key; its name stands nowhere but in the sentence.
    key = next(name for name in _rule(error) if error.message.startswith(f"'{name}'"))
    described = _described(path, _schema(error))
    sentence = described[key]["description"].split(".")[0]
    yield Refusal(document.place(path), f"{_named(path)} needs '{key}': {sentence[0].lower()}{sentence[1:]}")


def _described(path: YamlPath, schema: Any) -> Any:
    """The keys that may stand at a place. What a mapping and a stage need is wanted on conditions, which describe no keys."""
    language = load_schema("migration")["properties"]
    if not path:
        return language
    return language["stages"]["items"]["properties"] if path[0] == "stages" and len(path) == 2 else schema["properties"]


def _wrong_type(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    wanted = _rule(error) if isinstance(_rule(error), list) else [_rule(error)]
    wanted_words = " or ".join(SPOKEN[one] for one in wanted)
    doubt = "" if path else "; is this the right file?"
    what = f"{_named(path)} must be {wanted_words}, not {_type_of(error.instance)}{doubt}"
    yield Refusal(document.place(path), what, path)


def _not_one_of(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    known = [str(one) for one in _rule(error)]
    word = str(error.instance)
    near = nearest(word, known)
    what = f"'{word}' is not one of {', '.join(known)}" + (f"; did you mean '{near}'?" if near else "")
    yield _about_name(document, path, error, what)


def _about_name(document: Document, path: YamlPath, error: ValidationError, what: str) -> Refusal:
    """A key is checked by the schema's propertyNames: then the path is that of the mapping around it."""
    if "propertyNames" not in error.absolute_schema_path:
        return Refusal(document.place(path), what, path)
    return Refusal(document.key_place((*path, str(error.instance))), what)


def _pattern(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    if _rule(error) == EXPRESSION:
        yield Refusal(document.place(path), f'{_named(path)} must be an expression: "{{{{ ... }}}}"', path)
        return
    allowed = "letters, digits, _ and -" if "_-]" in _rule(error) else "letters, digits and _"
    what = f"'{error.instance}' is no name: {allowed}, and no digit first"
    yield _about_name(document, path, error, what)


def _const(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    unquoted = ", without quotes" if isinstance(error.instance, str) else ""
    yield Refusal(document.place(path), f"{_named(path)} must be {str(_rule(error)).lower()}{unquoted}", path)


def _empty(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    yield Refusal(document.place(path), f"{_named(path)} must not be empty", path)


def _too_long(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    yield Refusal(document.place(path), f"{_named(path)} is longer than {_rule(error)} characters; shorten it", path)


def _bound(document: Document, path: YamlPath, error: ValidationError) -> Refusals:
    words = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}[str(error.validator)]
    yield Refusal(document.place(path), f"{_named(path)} must be {words} {_rule(error)}", path)


WORDS: Mapping[str, Callable[[Document, YamlPath, ValidationError], Refusals]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _not_one_of,
    "pattern": _pattern,
    "const": _const,
    "minItems": _empty,
    "minProperties": _empty,
    "minLength": _empty,
    "maxLength": _too_long,
    "minimum": _bound,
    "maximum": _bound,
    "exclusiveMinimum": _bound,
}


def _named(path: YamlPath) -> str:
    """What stands at a path, for people: 'fields', a stage, the mapping."""
    if not path:
        return "the mapping"
    last = path[-1]
    if isinstance(last, int):
        return {"stages": "a stage", "tests": "a test"}.get(str(path[-2]), f"item {last + 1} of '{path[-2]}'")
    return f"'{last}'"


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))
    return next(SPOKEN[name] for kind, name in kinds if isinstance(value, kind))
