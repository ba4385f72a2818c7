"""The schema of the mapping language: complete, explained, and the same as what the engine does."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec.structs import fields

from etl import check
from etl.extract import KINDS, Kind, Option
from etl.extract.kinds import ENCODING
from etl.extract.reference import page, rewritten, with_kinds
from etl.mapping.grammar import NAME, WORDS, grammar_problems
from etl.mapping.places import Document
from etl.model import PAYLOADS, Case, Gate, MappingTest, Migration, Stage
from etl.resources import load_schema
from etl.target import Polling, Target

ROOT = Path(__file__).parents[2]
FILE = ROOT / "schemas/migration.schema.json"
SCHEMA = load_schema("migration")
SOURCE = SCHEMA["$defs"]["source"]["properties"]

INSIDE = ("properties", "$defs")
"""Keywords that hold schemas by name."""


def resolved(schema):
    if "$ref" not in schema:
        return schema
    found = SCHEMA
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def keys_of(schema, path=()):
    """Every place of the language where something may be written, with its schema: named keys, free keys, items."""
    for holder in INSIDE:
        for name, inner in schema.get(holder, {}).items():
            yield (*path, name), resolved(inner)
            yield from keys_of(resolved(inner), (*path, name))
    for holder, word in (("additionalProperties", "*"), ("items", "[]"), ("then", "(file)"), ("else", "(pairs)")):
        inner = schema.get(holder)
        if isinstance(inner, dict):
            inner = resolved(inner)
            if holder in ("additionalProperties", "items"):
                yield (*path, word), inner
            yield from keys_of(inner, (*path, word))


WRITTEN = {name: keyword for name, keyword in SCHEMA.items() if name != "else"}
"""Without what a mapping that extends none has to have besides, which is no place of its own."""

KEYS = {".".join(path): schema for path, schema in keys_of(WRITTEN)}


def part(*names):
    schema = SCHEMA
    for name in names:
        schema = schema["items"] if name == "[]" else schema["properties"][name]
    return schema["properties"]


def test_it_is_a_schema_of_draft_2020_12():
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)


CORNERS = """version target.polling.done sources.*.csv sources.*.header.[] lookups.*.(pairs).* lookups.*.(file).key
stages.[].gate.share stages.[].refers.* stages.[].fields.* tests.[].reject.[] target.payloads.*.*"""


def test_the_walk_finds_every_corner_of_the_language():
    assert set(CORNERS.split()) <= set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_described_and_shown(key):
    schema = KEYS[key]
    description = schema.get("description", "")
    begin = description.split(":")[0].split(", ")[0]
    assert description[:1].isupper() or begin in KINDS, description
    assert description.endswith((".", ")")), description
    assert schema.get("examples"), f"{key} has no example"


@pytest.mark.parametrize("key", KEYS)
def test_every_example_is_valid(key):
    validator = Draft202012Validator({**KEYS[key], "$defs": SCHEMA["$defs"]})
    for example in KEYS[key]["examples"]:
        assert [error.message for error in validator.iter_errors(example)] == []


def test_no_mapping_of_known_keys_takes_an_unknown_one():
    for key, schema in KEYS.items():
        if "properties" in schema:
            assert schema["additionalProperties"] is False, key


# --- held against the code


def test_the_top_level_is_the_model_s():
    assert set(SCHEMA["properties"]) == {one.name for one in fields(Migration)} - {"file"} | {"version", "extends"}


@pytest.mark.parametrize(
    ("names", "model", "renamed", "not_written"),
    [
        (("target",), Target, {}, set()),
        (("target", "polling"), Polling, {}, set()),
        (("stages", "[]"), Stage, {"source": "from"}, {"place", "corrections"}),
        (("stages", "[]", "gate"), Gate, {}, set()),
    ],
)
def test_the_keys_are_the_fields_of_the_model(names, model, renamed, not_written):
    known = {renamed.get(one.name, one.name) for one in fields(model)} - not_written
    assert set(part(*names)) == known


def test_what_a_test_says_is_said_of_it_or_of_its_cases():
    of_all, of_one = ({one.name for one in fields(model)} - {"place", "tabled"} for model in (MappingTest, Case))
    assert set(part("tests", "[]")) == of_all | of_one


def test_the_payloads_are_those_of_omnitron():
    assert tuple(part("stages", "[]")["payload"]["enum"]) == PAYLOADS
    assert tuple(part("target")["payloads"]["propertyNames"]["enum"]) == PAYLOADS


def test_what_the_schema_says_of_sources_is_made_from_the_table_of_kinds():
    assert with_kinds(load_schema("migration"), KINDS) == SCHEMA, "run: python -m etl.extract.reference"


def test_the_page_s_table_of_kinds_is_made_from_it_too():
    text = (ROOT / "docs/mapping.md").read_text(encoding="utf-8")
    assert rewritten(text, KINDS) == text, "run: python -m etl.extract.reference"


def test_a_new_kind_is_in_the_schema_and_on_the_page_by_its_registration_alone():
    told = Option(
        "sheet", "which leaf. Default: 1.", int, {"type": ["string", "integer"], "examples": ["Customers", 1]}
    )
    kinds = {**KINDS, "scroll": Kind("scroll", "A scroll.", KINDS["csv"].open, (told, ENCODING), ("a.scroll",))}
    schema = with_kinds(load_schema("migration"), kinds)
    source = schema["$defs"]["source"]["properties"]
    assert source["scroll"] == {"type": "string", "description": "A scroll.", "examples": ["a.scroll"]}
    assert source["sheet"]["description"] == (
        "excel: the sheet's name, or its number from 1. Default: the first. scroll: which leaf. Default: 1."
    )
    assert source["encoding"]["description"].startswith("csv, json, jsonl, scroll: the file's character encoding.")
    lookup = schema["properties"]["lookups"]["additionalProperties"]
    assert lookup["if"]["anyOf"][-1] == {"required": ["scroll"]}
    assert schema["$defs"]["lookup_file"]["properties"]["scroll"] == {"$ref": "#/$defs/source/properties/scroll"}
    assert "| `scroll` | A scroll. | a path beside the mapping, or a URL | `sheet`, `encoding` |" in list(page(kinds))


def test_one_option_takes_the_same_values_whatever_the_kind():
    other = Option("encoding", "how.", int, {"type": "integer", "examples": [1]})
    kinds = {**KINDS, "scroll": Kind("scroll", "A scroll.", KINDS["csv"].open, (other,), ("a.scroll",))}
    with pytest.raises(ValueError, match="option 'encoding' has more than one schema among its kinds"):
        with_kinds(load_schema("migration"), kinds)


@pytest.mark.parametrize(
    ("kind", "option"), [(kind, option) for kind in KINDS.values() for option in kind.options], ids=lambda one: one.name
)
def test_an_option_takes_the_examples_of_its_schema(kind, option):
    for example in option.schema["examples"]:
        option.check(example)


def test_each_default_that_a_description_names_is_the_model_s():
    for names, model in ((("target",), Target), (("target", "polling"), Polling)):
        defaults = {one.name: one.default for one in fields(model)}
        for name, schema in part(*names).items():
            _, found, said = schema["description"].partition("Default: ")
            if found and not said.startswith("the "):
                shown = str(defaults[name]).lower() if isinstance(defaults[name], bool) else f"{defaults[name]}"
                assert said.split(" (")[0].rstrip(".") in (shown, shown.removesuffix(".0")), name


def test_the_names_that_become_folders_are_restricted_in_one_way():
    rules = [(one["pattern"], one["maxLength"]) for one in (SCHEMA["properties"]["name"], part("stages", "[]")["name"])]
    assert rules == [("^[A-Za-z][A-Za-z0-9_-]*$", 100)] * 2
    assert re.fullmatch(NAME, "a" * 100)
    assert not re.fullmatch(NAME, "a" * 101)


def rules_of(schema):
    for key, inner in schema.items():
        if key in ("examples", "description"):
            continue
        if isinstance(inner, dict):
            named = key in INSIDE
            yield from () if named else [key]
            for one in inner.values() if named else [inner]:
                yield from rules_of(one) if isinstance(one, dict) else ()
        else:
            yield key


def test_every_rule_of_the_schema_has_words_of_its_own():
    neutral = {
        "$schema",
        "$id",
        "$ref",
        "title",
        "if",
        "then",
        "else",
        "anyOf",
        "items",
        "propertyNames",
        "writeOnly",
    }
    assert set(rules_of(SCHEMA)) - neutral <= set(WORDS)


# --- the command, an editor, and real mappings


def test_the_command_prints_exactly_the_file():
    printed = subprocess.run([sys.executable, "-m", "etl", "schema"], capture_output=True, check=True)
    assert printed.stdout == FILE.read_bytes()


def test_the_file_is_written_the_usual_way():
    text = FILE.read_text(encoding="utf-8")
    assert text == json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"


SHIPPED = sorted(set(ROOT.glob("mappings/*/migration.yaml")) - {ROOT / "mappings/common/migration.yaml"})
"""Those that a shop begins with; `common` is what they extend, and nothing by itself."""


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_a_shipped_mapping_names_the_schema_and_fits_it(file, monkeypatch, tmp_path):
    text = file.read_text(encoding="utf-8")
    for name in ("customers", "orders"):
        (tmp_path / f"{name}.json").write_text(f'{{"{name}": []}}', encoding="utf-8")
    # Nothing asks the first two for their columns.
    legacy = {"api:": "https://127.0.0.1:9", "table:": "mysql://127.0.0.1:9/shop", "json:": str(tmp_path)}
    given = {
        "LEGACY": next((one for kind, one in legacy.items() if kind in text), legacy["table:"]),
        "SHOP_LOGIN": "a:b",
        "SHOP_TOKEN": "t",
    }
    for name in ("URL", "CHANNEL", "TOKEN", "SHOP_URL"):
        given[f"OMNITRON_{name}"] = "https://a.example.com" if "URL" in name else "7"
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert text.splitlines()[0] == "# yaml-language-server: $schema=../../schemas/migration.schema.json"
    # As an editor does it: any YAML reader, any JSON Schema validator.
    Draft202012Validator(SCHEMA).validate(yaml.safe_load(text))
    assert check(file).problems == ()


def test_what_the_grammar_lets_through_is_what_it_was_given():
    data = yaml.safe_load((ROOT / "mappings/opencart/migration.yaml").read_text(encoding="utf-8"))
    assert grammar_problems(Document("m.yaml", "", data)) == ([], data)
