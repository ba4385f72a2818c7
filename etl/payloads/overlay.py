"""A target's own settings laid over a payload schema: Omnitron's option lists differ from channel to channel."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from etl.payloads.formats import DATE, DATETIME, PAST_DATE
from etl.suggest import did_you_mean

# fmt: off
KEYWORDS = frozenset({
    "type", "enum", "const", "format",
    "minLength", "maxLength", "pattern", "patternErrorMessage",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "properties", "required", "additionalProperties", "patternProperties", "propertyNames",
    "minProperties", "maxProperties",
    "items", "prefixItems", "minItems", "maxItems", "uniqueItems",
    "allOf", "anyOf", "oneOf", "not",
    "description", "title", "examples", "enumDescriptions", "writeOnly", "personal", "$comment",
})
# fmt: on
"""What may be said of a field. A misspelt keyword would mean nothing, and nobody would notice."""


def overlaid(schema: Mapping[str, object], properties: Mapping[str, object]) -> dict[str, Any]:
    """A new schema: a keyword given replaces the property's or is added to it; null takes it away.

    Raises ValueError for a field or keyword that does not exist.
    """
    result: dict[str, Any] = copy.deepcopy(dict(schema))
    known: dict[str, dict[str, Any]] = result["properties"]
    for name, keywords in properties.items():
        if name not in known:
            raise ValueError(f"unknown field '{name}'{did_you_mean(name, known)}")
        known[name] = _merged(name, known[name], keywords)
    return result


def _merged(field: str, keywords: dict[str, Any], changes: object) -> dict[str, Any]:
    if not isinstance(changes, Mapping):
        raise ValueError(f"field '{field}' needs JSON Schema keywords, as in {{enum: [a, b]}}")
    for keyword, value in changes.items():
        if keyword not in KEYWORDS:
            raise ValueError(f"field '{field}': unknown keyword '{keyword}'{did_you_mean(str(keyword), KEYWORDS)}")
        if keyword == "personal" and not isinstance(value, bool):
            raise ValueError(f"field '{field}': personal is true or false")
        _refuse_other_formats(field, {keyword: value})
    kept = {name: value for name, value in keywords.items() if changes.get(name, value) is not None}
    return {**kept, **{name: value for name, value in changes.items() if value is not None}}


def _refuse_other_formats(field: str, keywords: object) -> None:
    """At any depth: the two validators would not agree on what an address or a time of JSON Schema's own is."""
    if isinstance(keywords, Mapping):
        named = keywords.get("format")
        if isinstance(named, str) and named not in {DATE, PAST_DATE, DATETIME}:
            raise ValueError(f"field '{field}': unknown format '{named}'; use {DATE}, {DATETIME} or a pattern")
        keywords = list(keywords.values())
    if isinstance(keywords, list | tuple):
        for inner in keywords:
            _refuse_other_formats(field, inner)
