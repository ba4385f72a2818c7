"""The kinds of sources, written as JSON Schema for the mapping language, and as a table for people.

`python -m etl.extract.reference` writes them where they belong: schemas/migration.schema.json, docs/mapping.md, docs/sources.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from etl.extract.kinds import Kind, Option, Where
from etl.resources import load_schema

SchemaPart = dict[str, Any]

LOOKUP_COLUMNS: Mapping[str, SchemaPart] = {
    "key": {
        "type": "string",
        "description": "The column that holds the old shop's code.",
        "examples": ["order_status_id"],
    },
    "value": {"type": "string", "description": "The column that holds what it becomes.", "examples": ["omnitron"]},
}
"""What a lookup in a file has beside the keys of a source."""

OF_FILES = ("encoding", "delimiter", "quote", "escape", "nulls")
"""Options of CSV files that a database has in its long form, for the case that it is a folder of such files."""

BEGIN = "<!-- The kinds of sources: python -m etl.extract.reference -->\n"
END = "<!-- The end of the kinds of sources -->\n"

OF_ALL: Mapping[str, str] = {
    "no such file": "the path is from the mapping's folder on; the message names one that is nearly called so",
    "this user may not read it": "change the file's owner or its mode",
    "is no option of": "another kind has this option; the message says the nearest one",
    "unknown encoding": "a name that Python knows, or `detect`",
}
"""What the errors of whatever lies in files say, and what to do."""


def with_kinds(schema: SchemaPart, kinds: Mapping[str, Kind]) -> SchemaPart:
    """The schema of the mapping language with everything in it that depends on the table of kinds."""
    lookups = schema["properties"]["lookups"]
    lookup = lookups["additionalProperties"]
    lookup["description"] = (
        "A table from the old shop's codes to Omnitron's: pairs written here, or two columns of a source. One that has "
        f"{_either(kinds)} among its keys is read from there; any other is the pairs themselves."
    )
    lookup["if"] = {"anyOf": [{"required": [name]} for name in kinds]}
    databases = schema["properties"]["databases"]["additionalProperties"]["properties"]
    files = {option.name: option for option in kinds["csv"].options if option.name in OF_FILES}
    databases |= {
        name: _described(option.schema, f"A folder of CSV files{_or_a_dump(name)}: {option.sentence}")
        for name, option in files.items()
    }
    definitions = {"source": source_schema(kinds), "lookup_file": lookup_schema(kinds)}
    return {**schema, "$defs": {**schema["$defs"], **definitions}}


def _or_a_dump(option: str) -> str:
    return ", or a dump" if option == "encoding" else ""


def source_schema(kinds: Mapping[str, Kind]) -> SchemaPart:
    return {
        "type": "object",
        "description": f"A named table of rows: one of the kinds ({', '.join(kinds)}) with where it is, and that kind's "
        "options. A path is relative to this mapping.",
        "examples": [{"csv": "customers.csv", "encoding": "windows-1254", "delimiter": ";"}],
        "additionalProperties": False,
        "properties": {**{kind.name: _location(kind) for kind in kinds.values()}, **_options(kinds)},
    }


def lookup_schema(kinds: Mapping[str, Kind]) -> SchemaPart:
    names = [*kinds, *_options(kinds)]
    return {
        "type": "object",
        "description": "A lookup in a file: the file as a source names it, and two of its columns.",
        "examples": [{"csv": "lookups/status.csv", "key": "id", "value": "omnitron"}],
        "additionalProperties": False,
        "required": list(LOOKUP_COLUMNS),
        "properties": {**{name: {"$ref": f"#/$defs/source/properties/{name}"} for name in names}, **LOOKUP_COLUMNS},
    }


def _location(kind: Kind) -> SchemaPart:
    return {"type": "string", "description": kind.sentence, "examples": list(kind.examples)}


def _options(kinds: Mapping[str, Kind]) -> SchemaPart:
    """Each option once, however many kinds have it. Raises ValueError when two kinds take other values for one name."""
    options: SchemaPart = {}
    for name, takers in _takers(kinds).items():
        schemas = [option.schema for _, option in takers]
        if any(schema != schemas[0] for schema in schemas):
            raise ValueError(f"option '{name}' has more than one schema among its kinds")
        options[name] = _described(schemas[0], _sentences(takers))
    return options


def _takers(kinds: Mapping[str, Kind]) -> dict[str, list[tuple[str, Option]]]:
    """Each option's name, with the kinds that have it. `trim`, which all have, comes last."""
    found: dict[str, list[tuple[str, Option]]] = {}
    for kind in kinds.values():
        for option in kind.options:
            found.setdefault(option.name, []).append((kind.name, option))
    return dict(sorted(found.items(), key=lambda one: one[0] == "trim"))


def _described(schema: Mapping[str, object], sentence: str) -> SchemaPart:
    """The schema with its description after its types, as the rest of the file has it."""
    first = {key: schema[key] for key in ("type", "items") if key in schema}
    return {**first, "description": sentence, **{key: one for key, one in schema.items() if key not in first}}


def _sentences(takers: Iterable[tuple[str, Option]]) -> str:
    """`csv: what it means there. json, jsonl: what it means there.`"""
    kinds: dict[str, list[str]] = {}
    for kind, option in takers:
        kinds.setdefault(option.sentence, []).append(kind)
    return " ".join(f"{', '.join(names)}: {sentence}" for sentence, names in kinds.items())


def _either(kinds: Iterable[str]) -> str:
    *most, last = kinds
    return f"{', '.join(most)} or {last}"


_WHERE: Mapping[Where, str] = {
    "file": "a path beside the mapping, or a URL",
    "url": "an address",
    "database": "a database: a server, a file or a dump",
    "sources": "this mapping's other sources",
}


def page(kinds: Mapping[str, Kind]) -> Iterator[str]:
    """The lines of a table: a kind, what stands after its name, where that is, its options."""
    yield "| Kind | What it is | Where it is | Options |"
    yield "| --- | --- | --- | --- |"
    for kind in kinds.values():
        options = ", ".join(f"`{option.name}`" for option in kind.options)
        yield f"| `{kind.name}` | {kind.sentence} | {_WHERE[kind.where]} | {options} |"


def mistakes_page(kinds: Mapping[str, Kind]) -> Iterator[str]:
    """The lines of a table: a kind with its options, what its errors say, what to do."""
    yield "| Kind | Options | The message says | What it means, and what to do |"
    yield "| --- | --- | --- | --- |"
    yield from _mistakes("all kinds", "", OF_ALL)
    for kind in kinds.values():
        yield from _mistakes(f"`{kind.name}`", ", ".join(f"`{option.name}`" for option in kind.options), kind.mistakes)


def _mistakes(name: str, options: str, mistakes: Mapping[str, str]) -> Iterator[str]:
    for said, meant in (mistakes or {"": ""}).items():
        yield f"| {name} | {options} | {said} | {meant} |"
        name = options = ""


def rewritten(text: str, kinds: Mapping[str, Kind], table: Callable[[Mapping[str, Kind]], Iterator[str]] = page) -> str:
    """A page of the documentation with its table as it has to be."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{chr(10).join(table(kinds))}\n\n{END}{after}"


def _write() -> None:
    from etl.extract import KINDS

    root = Path(__file__).parent.parent.parent
    schema = with_kinds(load_schema("migration"), KINDS)
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    (root / "schemas/migration.schema.json").write_text(text, encoding="utf-8")
    document = root / "docs/mapping.md"
    document.write_text(rewritten(document.read_text(encoding="utf-8"), KINDS), encoding="utf-8")
    shops = root / "docs/sources.md"
    shops.write_text(rewritten(shops.read_text(encoding="utf-8"), KINDS, mistakes_page), encoding="utf-8")


if __name__ == "__main__":
    _write()
