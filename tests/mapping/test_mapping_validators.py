"""jsonschema-rs says whether a mapping fits the grammar, jsonschema why not: both decide the same, and nothing is lost."""

import copy
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from mapping_case import ADDRESS, Case, edited

from etl.mapping import grammar
from etl.mapping.grammar import fits, grammar_problems, strict_validator
from etl.mapping.places import Document
from etl.mapping.yaml_text import read_document
from etl.payloads.overlay import KEYWORDS
from etl.resources import load_schema

ROOT = Path(__file__).parents[2]
SCHEMA = load_schema("migration")


def example(schema):
    """A value with everything in it that a schema describes, made from the examples of its parts."""
    while "$ref" in schema:
        found = SCHEMA
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    if "properties" in schema:
        return {name: example(inner) for name, inner in schema["properties"].items()}
    if isinstance(schema.get("items"), dict) and "properties" in schema["items"]:
        return [example(schema["items"])]
    return copy.deepcopy(schema["examples"][0])


def full_mapping():
    """Every key of the language at once, which no sensible mapping has."""
    data = example(SCHEMA)
    data["sources"] = {"customers": example(SCHEMA["$defs"]["source"])}
    data["lookups"] = {"status": {"1": "a", "2": 7}, "city": example(SCHEMA["$defs"]["lookup_file"])}
    return data


FULL = full_mapping()

WORDS = [
    "", "a", "A-1_b", "_a", "1a", "a\n", "\na", "a b", "ş", "é", "a\u2028", "\x00", "user", "order_item", "User", "csv", "jsonl",
    "key", "name", "stage", "true", "1", "{{", "{{ a }}", "\n{{", "{ {", "{%", "$", "\\Z", "😀",
]  # fmt: skip
NUMBERS = [
    0,
    1,
    -1,
    2,
    16,
    17,
    100,
    101,
    3600,
    3601,
    100_000,
    100_001,
    604_801,
    1_048_576,
    1_048_577,
    10**18 - 1,
    1 - 10**18,
]
FRACTIONS = [0.5, 1.5, -0.5, 0.999999999999999, 1.000000000000001, 3600.5, 5e-324, 100_000.5]
VALUES = [
    None,
    True,
    False,
    *NUMBERS,
    *FRACTIONS,
    *WORDS,
    [],
    [None],
    ["a", 1],
    {},
    {"csv": "a"},
    {"a": 1},
    {"a": [{}]},
]


def places_of(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from places_of(one, (*path, key))


PLACES = list(places_of(FULL))
NAMES = sorted({str(key) for path in PLACES for key in path} | set(WORDS))


@st.composite
def wronged(draw):
    """The full mapping after a few edits anywhere in it: another value, a key less, a key more, an item more."""
    data = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PLACES))
        value = copy.deepcopy(draw(st.sampled_from(VALUES)))
        if not path:
            data = draw(st.sampled_from([data, data, data, value]))
            continue
        _edit(_holder(data, path), path[-1], draw(st.sampled_from(["set", "set", "drop", "add"])), value, draw)
    return data


def _holder(data, path):
    """What holds the value at a path; something else when an earlier edit has taken it away."""
    for key in path[:-1]:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
    return data


def _edit(holder, key, kind, value, draw):
    if isinstance(holder, list):
        holder.append(value) if kind == "add" else holder.clear() if kind == "drop" else holder.__setitem__(
            slice(1), [value]
        )
    elif isinstance(holder, dict) and kind == "drop":
        holder.pop(key, None)
    elif isinstance(holder, dict):
        holder[draw(st.sampled_from(NAMES)) if kind == "add" else key] = value


def is_refused(data):
    return any(True for _ in strict_validator().iter_errors(data))


def test_the_full_mapping_fits_and_has_every_key():
    assert fits(FULL)
    assert not is_refused(FULL)
    assert {*SCHEMA["properties"]["target"]["properties"]} == {*FULL["target"]}
    assert {*SCHEMA["properties"]["stages"]["items"]["properties"]} == {*FULL["stages"][0]}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=wronged())
def test_both_validators_decide_the_same(data):
    assert fits(data) is not is_refused(data)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)) or "all")
def test_both_decide_the_same_of_every_value_at_every_place(path):
    for value in VALUES:
        data = copy.deepcopy(FULL)
        if path:
            _holder(data, path)[path[-1]] = value
        else:
            data = value
        assert fits(data) is not is_refused(data), value


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, 2.0, 1e300])
def test_a_float_without_a_fraction_is_left_to_the_strict_one(value):
    """To jsonschema-rs, as to JSON Schema, 2.0 is a whole number; a batch of 2.0 records cannot be cut."""
    for name, is_good in (("pause", 0 <= value <= 3600), ("batch_size", False)):
        data = copy.deepcopy(FULL)
        data["target"][name] = value
        assert not fits(data)
        problems, rest = grammar_problems(Document("m.yaml", "", data))
        assert (problems == []) is is_good
        assert (rest == data) is is_good


def test_half_a_character_in_a_key_is_told_once():
    document = read_document("m.yaml", edited(("gender: null", '"\\ud800": null')))
    assert not fits(document.data)
    assert len(document.problems) == 1
    assert grammar_problems(document) == ([], document.data)


@pytest.mark.parametrize(
    ("rules", "told", "lost"),
    [
        ({"properties": {"name": {"maxLength": 1}}}, "m.yaml:2:7: 'name' does not fit: maxLength", {"name"}),
        ({"maxProperties": 1}, "m.yaml:1:1: the mapping does not fit: maxProperties", set()),
    ],
)
def test_what_jsonschema_rs_alone_refuses_is_told(rules, told, lost, monkeypatch):
    monkeypatch.setattr(grammar, "_quick_validator", lambda: jsonschema_rs.Draft202012Validator(rules))
    document = read_document("m.yaml", edited())
    problems, rest = grammar_problems(document)
    assert [str(problem) for problem in problems] == [told]
    assert set(document.data) - set(rest) == lost


@pytest.mark.parametrize("keyword", sorted(KEYWORDS))
def test_both_decide_the_same_of_a_target_s_own_rules(keyword):
    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for value in [*VALUES, 1.0, 2.5, ["a", "a"], ["string", "null"], {"a": {"type": "x"}}, [{"minLength": -1}]]:
        rules = {keyword: value}
        assert jsonschema_rs.meta.is_valid(rules) is meta.is_valid(rules), value


# What jsonschema is imported for


PROGRAM = """
import sys
from pathlib import Path
from etl.mapping import load_mapping
print(sum(one.kind == "mapping" for one in load_mapping(Path(sys.argv[1])).problems), "jsonschema" in sys.modules)
"""
OVERLAY = "channel: 7, payloads: { user: { last_name: { maxLength: 40 } } },"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("version: 1", "version: 1"), "0 False"),
        (("channel: 7,", OVERLAY), "0 False"),
        (("channel: 7,", OVERLAY.replace("40", "x")), "1 True"),
        (("version: 1", "version: 2"), "1 True"),
        (("sms_allowed: false", "sms_allowed: 5"), "1 True"),
    ],
)
def test_jsonschema_is_imported_only_to_explain(change, told, tmp_path):
    case = Case(tmp_path)
    case.write("migration.yaml", edited(change, more=ADDRESS))
    done = subprocess.run([sys.executable, "-c", PROGRAM, case.file], capture_output=True, text=True, check=True)
    assert done.stdout == f"{told}\n"
