"""Writes the list of every key in docs/mapping.md from the schema of the language: `python tests/mapping_reference.py`."""

import json
from pathlib import Path

from etl.resources import load_schema

PAGE = Path(__file__).parent.parent / "docs/mapping.md"
BEGIN = "<!-- Every key, from schemas/migration.schema.json: python tests/mapping_reference.py -->\n"
END = "<!-- The end of every key -->\n"

SCHEMA = load_schema("migration")
TYPES = {"object": "mapping", "array": "list", "string": "text", "integer": "whole number", "number": "number",
         "boolean": "true or false", "null": "null"}  # fmt: skip

TEST = SCHEMA["properties"]["tests"]["items"]
SECTIONS = (
    ("The file", SCHEMA),
    ("`target`", SCHEMA["properties"]["target"]),
    ("`target.polling`", SCHEMA["properties"]["target"]["properties"]["polling"]),
    ("A source", SCHEMA["$defs"]["source"]),
    ("A lookup in a file, besides what a source has", SCHEMA["$defs"]["lookup_file"]),
    ("`geography`", SCHEMA["properties"]["geography"]),
    ("A stage", SCHEMA["properties"]["stages"]["items"]),
    ("A stage's `gate`", SCHEMA["properties"]["stages"]["items"]["properties"]["gate"]),
    ("A test", TEST),
    ("A test's `cases`", TEST["properties"]["cases"]),
    ("A test's `sources`, each", TEST["properties"]["sources"]["additionalProperties"]),
)


def reference():
    return "".join(_section(title, schema) for title, schema in SECTIONS)


WITHOUT_BASE = SCHEMA["else"]
"""What a mapping has to have that extends no other."""

NEEDED = {
    "The file": WITHOUT_BASE["required"],
    "A stage": WITHOUT_BASE["properties"]["stages"]["items"]["required"],
}


def _section(title, schema):
    needed = NEEDED.get(title, schema.get("required", ()))
    rows = [_row(name, one, name in needed) for name, one in schema["properties"].items() if "$ref" not in one]
    table = "| Key | Value | Meaning | For example |\n| --- | --- | --- | --- |\n" + "".join(rows)
    return f"### {title}\n\n{schema['description']}\n\n{table}\n"


def _row(name, schema, required):
    kinds = schema.get("type", "any")
    kind = " or ".join(TYPES.get(one, one) for one in ([kinds] if isinstance(kinds, str) else kinds))
    if "const" in schema:
        kind = json.dumps(schema["const"])
    examples = ", ".join(f"`{_shown(one)}`" for one in schema["examples"])
    return f"| `{name}`{' (required)' if required else ''} | {kind} | {_cell(schema['description'])} | {examples} |\n"


def _shown(example):
    return _cell(example if isinstance(example, str) and example.strip() else json.dumps(example, ensure_ascii=False))


def _cell(text):
    return text.replace("|", "\\|")


def rewritten(page):
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{reference()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
