"""Which settings are secrets: those that the schema of the mapping language marks `writeOnly`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from etl.mapping.places import YamlPath
from etl.resources import load_schema

ANY = "*"
"""Stands in a path for any name."""


def is_secret(path: YamlPath) -> bool:
    """Whether what stands at a path is a secret, however wrongly it is written."""
    return any(_leads_to(pattern, path) for pattern in secret_paths())


def _leads_to(pattern: YamlPath, path: YamlPath) -> bool:
    return len(pattern) == len(path) and all(one in (ANY, step) for one, step in zip(pattern, path, strict=True))


@cache
def secret_paths() -> frozenset[YamlPath]:
    schema = load_schema("migration")
    return frozenset(marked(schema, schema, ()))


def marked(schema: Any, whole: Mapping[str, Any], path: YamlPath) -> Iterator[YamlPath]:
    """The paths below one at which a schema says `writeOnly`. `whole` is the schema that a $ref looks into."""
    if not isinstance(schema, Mapping):
        return
    if schema.get("writeOnly") is True:
        yield path
    if "$ref" in schema:
        yield from marked(_referred(whole, str(schema["$ref"])), whole, path)
    for name, inner in schema.get("properties", {}).items():
        yield from marked(inner, whole, (*path, name))
    for word in ("additionalProperties", "items"):
        yield from marked(schema.get(word), whole, (*path, ANY))
    for word in ("then", "else"):
        yield from marked(schema.get(word), whole, path)
    for inner in schema.get("anyOf", ()):
        yield from marked(inner, whole, path)


def _referred(whole: Mapping[str, Any], reference: str) -> Any:
    found: Any = whole
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def secrets_in(data: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, Any]]:
    """Every secret of a mapping's data, with where it stands."""
    if is_secret(path):
        yield path, data
        return
    items = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in items:
        yield from secrets_in(inner, (*path, key))
