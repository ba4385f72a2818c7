"""docs/mapping.md says what is so: its mappings are checked and run, its expressions computed, its keys the schema's."""

import datetime
import re
from decimal import Decimal

import pytest
import yaml
from mapping_reference import PAGE, rewritten

from etl.commands.test import test as run_tests
from etl.expressions import compile_value
from etl.mapping import load_mapping
from etl.model import Expression, Place

TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", TEXT, re.M | re.S)
YAML = [body for kind, _, body in BLOCKS if kind == "yaml"]
WHOLE, *PARTS = YAML
COMPUTED = [line for kind, _, body in BLOCKS if kind == "text" for line in body.splitlines() if " -> " in line]
ITEM = {"name": "order_item", "from": "customers", "key": "{{ customer_id }}"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for kind, name, body in BLOCKS:
        if kind == "csv":
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(body, encoding="utf-8")
    for name, value in (("URL", "https://a.example.com"), ("CHANNEL", "7"), ("TOKEN", "t")):
        monkeypatch.setenv(f"OMNITRON_{name}", value)
    return tmp_path


def completed(part):
    """The page's whole mapping with a part of it replaced by a snippet."""
    whole, given = yaml.safe_load(WHOLE), yaml.safe_load(part)
    fields = given.pop("fields", {})
    if given.pop("stage", "user") == "user":
        whole["stages"][0]["fields"] |= fields
    else:
        whole["stages"].append({**ITEM, "fields": fields})
    for name in ("target", "sources", "lookups"):
        whole[name] |= given.pop(name, {})
    return yaml.safe_dump({**whole, **given}, sort_keys=False, allow_unicode=True)


def problems(folder, text):
    (folder / "migration.yaml").write_text(text, encoding="utf-8")
    return [str(one).replace(f"{folder}/", "") for one in load_mapping(folder).problems]


def test_the_whole_mapping_has_no_problems_and_passes_its_tests(folder):
    assert problems(folder, WHOLE) == []
    assert [result.differences for result in run_tests(folder)] == [()]


@pytest.mark.parametrize("part", PARTS)
def test_each_snippet_has_no_problems_and_passes_its_tests(folder, part):
    yaml.safe_load(part)
    assert problems(folder, completed(part)) == []
    assert all(result.differences == () for result in run_tests(folder))


@pytest.mark.parametrize("line", COMPUTED)
def test_each_expression_gives_what_the_page_says(line):
    text, row, expected = re.fullmatch(r"(.*?)\s+(\{ .* \})\s+-> (.*)", line).groups()
    given = {name: "" if value is None else value for name, value in yaml.safe_load(row).items()}
    value = compile_value(Expression(text, Place("")))(given)
    if isinstance(value, Decimal | datetime.date):
        assert str(value) == expected
    else:
        assert value == yaml.safe_load(expected)


def test_the_problems_it_shows_are_those_that_are_found(folder):
    wrong = next(body for kind, _, body in BLOCKS if kind == "wrong")
    shown = next(body for kind, _, body in BLOCKS if kind == "text" and body.startswith("migration.yaml:")).splitlines()
    head = WHOLE[: WHOLE.index("stages:")]
    shift = head.count("\n")
    found = problems(folder, head + wrong)
    moved = [re.sub(r":(\d+):", lambda one: f":{int(one[1]) + shift}:", line, count=1) for line in shown]
    assert [line for line in found if "which nothing fills" not in line] == moved


def test_the_traps_it_lists_are_refused(folder):
    table = TEXT.split("## YAML, read strictly")[1].split("Tags (")[0]
    for written in re.findall(r"`([^`]+)`(?=[^|]*\|[^|]*\|[^|]*\|$)", table, re.M):
        text = completed("fields: {}").replace("last_name: '-'", f"last_name: {written}")
        assert problems(folder, text), written


def test_every_key_is_listed_as_the_schema_has_it():
    assert rewritten(TEXT) == TEXT, "run: python tests/mapping_reference.py"


def test_every_link_leads_somewhere():
    for link in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (PAGE.parent / link.partition("#")[0]).is_file(), link
