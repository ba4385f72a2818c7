"""docs/omnitron-contract.md names every setting of `target:`, with the default that the model has."""

import re

import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec import NODEFAULT
from msgspec.structs import fields

from etl.resources import PACKAGE, load_schema
from etl.target import Polling, Target

PAGE = (PACKAGE.parent / "docs" / "omnitron-contract.md").read_text(encoding="utf-8")
SETTINGS = [
    *(one.name for one in fields(Target) if one.name != "polling"),
    *(f"polling.{one.name}" for one in fields(Polling)),
]


def rows():
    """Setting -> default, as the last table has them."""
    table = PAGE.partition("## Every setting of `target:`")[2]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            yield from ((name, cells[1].strip("`")) for name in re.findall(r"`([a-z_.]+)`", cells[0]))


def default(name):
    owner = Polling if name.startswith("polling.") else Target
    field = next(one for one in fields(owner) if one.name == name.removeprefix("polling."))
    value = None if field.default is NODEFAULT else field.default
    return "none" if value in ("", None, ()) else str(value).lower() if isinstance(value, bool) else str(value)


def test_every_setting_of_the_target_has_a_row_and_no_other_has():
    assert sorted(name for name, _ in rows()) == sorted(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_default_on_the_page_is_the_one_of_the_model(name):
    assert dict(rows())[name] == default(name)


def test_the_schema_of_the_mapping_has_the_same_settings():
    target = load_schema("migration")["properties"]["target"]["properties"]
    named = [name for name in target if name != "polling"]
    assert sorted([*named, *(f"polling.{name}" for name in target["polling"]["properties"])]) == sorted(SETTINGS)


def test_every_statement_says_on_what_ground_it_stands():
    statements = PAGE.partition("## The order of things")[2].partition("## Every setting")[0]
    tables = [line for line in statements.splitlines() if line.startswith("| ")]
    told = [line for line in tables if not re.match(r"\| (What|---|Code|`\d+`) ?\|", line)]
    assert len(told) > 30
    assert [line for line in told if "| documented |" not in line and "| assumed |" not in line] == []


def test_every_assumption_about_the_api_names_the_setting_that_changes_it():
    api = PAGE.partition("## The order of things")[2].partition("## The shop's own pages")[0]
    for line in api.splitlines():
        if "| assumed |" in line:
            assert re.search(r"`[a-z_.]+`", line.partition("| assumed |")[2]), line


def test_the_example_is_a_target_that_the_schema_takes():
    example = yaml.safe_load(PAGE.rpartition("```yaml")[2].partition("```")[0])
    schema = load_schema("migration")["properties"]["target"]
    assert [error.message for error in Draft202012Validator(schema).iter_errors(example["target"])] == []
