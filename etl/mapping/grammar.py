"""Hold a document against schemas/migration.schema.json and say what is wrong in the words of the mapping language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from etl.mapping.yaml_text import Document, Path
from etl.model import Place, Problem
from etl.resources import load_schema
from etl.suggest import did_you_mean

SPOKEN = {
    "object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number",
    "number": "a number", "boolean": "true or false", "null": "null",
}  # fmt: skip


def grammar_problems(document: Document) -> list[Problem]:
    """Unknown keys, missing keys, wrong types: everything the schema of the language refuses."""
    validator = Draft202012Validator(load_schema("migration"))
    return [problem for error in validator.iter_errors(document.data) for problem in _problems(document, error)]


def _problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    for place, what in WORDS.get(str(error.validator), _as_it_is)(document, path, error):
        yield Problem(place, what)


def _schema(error: ValidationError) -> Any:
    return error.schema


def _rule(error: ValidationError) -> Any:
    return error.validator_value


Words = Iterator[tuple[Place, str]]


def _as_it_is(document: Document, path: Path, error: ValidationError) -> Words:
    """A rule with no words of its own. The value is not repeated: it may be a secret."""
    yield document.place(path), f"{_named(path)} does not fit: {error.validator} {_rule(error)}"


def _unknown_keys(document: Document, path: Path, error: ValidationError) -> Words:
    known = _schema(error)["properties"]
    instance: Any = error.instance
    for key in instance:
        if key not in known:
            yield document.key_place((*path, key)), f"unknown key '{key}'{did_you_mean(key, known)}"


def _missing_keys(document: Document, path: Path, error: ValidationError) -> Words:
    instance: Any = error.instance
    key = next(name for name in _rule(error) if name not in instance and f"'{name}'" in error.message)
    yield document.place(path), f"{_named(path)} needs '{key}': {_schema(error)['properties'][key]['description']}"


def _wrong_type(document: Document, path: Path, error: ValidationError) -> Words:
    wanted = _rule(error) if isinstance(_rule(error), list) else [_rule(error)]
    yield (
        document.place(path),
        f"{_named(path)} must be {' or '.join(SPOKEN[one] for one in wanted)}, not {_type_of(error.instance)}",
    )


def _not_one_of(document: Document, path: Path, error: ValidationError) -> Words:
    known = [str(one) for one in _rule(error)]
    # A key is checked by the schema's propertyNames: then the path is that of the mapping around it.
    is_key = "propertyNames" in error.absolute_schema_path
    place = document.key_place((*path, str(error.instance))) if is_key else document.place(path)
    yield place, f"'{error.instance}' is not one of {', '.join(known)}{_near(str(error.instance), known)}"


def _near(word: str, known: list[str]) -> str:
    near = did_you_mean(word, known)
    return near if "did you mean" in near else ""


def _pattern(document: Document, path: Path, error: ValidationError) -> Words:
    if _rule(error) == r"\{\{":
        yield document.place(path), f'{_named(path)} must be an expression: "{{{{ ... }}}}"'
        return
    is_key = "propertyNames" in error.absolute_schema_path
    place = document.key_place((*path, str(error.instance))) if is_key else document.place(path)
    yield place, f"'{error.instance}' is no name: letters, digits and _ (a letter first)"


def _const(document: Document, path: Path, error: ValidationError) -> Words:
    yield document.place(path), f"{_named(path)} must be {str(_rule(error)).lower()}"


def _too_few(document: Document, path: Path, error: ValidationError) -> Words:
    yield document.place(path), f"{_named(path)} must not be empty"


def _bound(document: Document, path: Path, error: ValidationError) -> Words:
    words = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}[str(error.validator)]
    yield document.place(path), f"{_named(path)} must be {words} {_rule(error)}"


WORDS: Mapping[str, Callable[[Document, Path, ValidationError], Words]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _not_one_of,
    "pattern": _pattern,
    "const": _const,
    "minItems": _too_few,
    "minProperties": _too_few,
    "minimum": _bound,
    "maximum": _bound,
    "exclusiveMinimum": _bound,
}


def _named(path: Path) -> str:
    """What stands at a path, for people: 'fields', a stage, the mapping."""
    if not path:
        return "the mapping"
    last = path[-1]
    if isinstance(last, int):
        return {"stages": "a stage", "tests": "a test"}.get(str(path[-2]), f"item {last + 1}")
    return f"'{last}'"


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))
    return next(SPOKEN[name] for kind, name in kinds if isinstance(value, kind))
