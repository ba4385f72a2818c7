"""CONTRIBUTING.md tells the truth: what it names is there, and an entry in a table is all that the engine asks for."""

import re

import pytest
from commands import ROOT, write_shop

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.expressions.functions import TABLE
from etl.expressions.functions.table import Example, Function
from etl.extract import KINDS, open_table, read_all
from etl.extract.jsonl_file import JSONL
from etl.extract.kinds import Kind
from etl.extract.reference import source_schema
from etl.model import Source
from etl.report.functions import functions_page

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = sorted(
    {path for path in re.findall(r"`((?:etl|tests|docs|mappings|samples)/[\w./-]+)`", PAGE) if "NAME" not in path}
)


@pytest.mark.parametrize("path", NAMED)
def test_what_the_page_names_is_there(path):
    assert (ROOT / path).exists()


def shout(text):
    return f"{text}!"


SHOUT = Function(
    "shout", "text", "The text, louder.", shout, examples=(Example("x | shout", "a!", given={"x": "a"}),), gives=str
)


def test_a_function_is_known_everywhere_by_its_entry_alone(tmp_path, monkeypatch):
    monkeypatch.setitem(TABLE, "shout", SHOUT)
    write_shop(tmp_path, **{'first_name: "{{ name }}"': 'first_name: "{{ name | shout }}"'})
    assert not [one for one in check(tmp_path / "migration.yaml").problems if "shout" in str(one)]
    package = dry_run(tmp_path / "migration.yaml", Settings(workspace=tmp_path / "work", workers=1))
    assert b'"first_name":"Ay\xc5\x9fe!"' in (package.path / "payloads/user/000001.json").read_bytes()
    assert "### shout" in functions_page(TABLE)


def test_a_kind_of_source_is_known_everywhere_by_its_registration_alone(tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "log", Kind("log", "A log of JSON lines.", JSONL.open, JSONL.options, ("shop.log",)))
    path = tmp_path / "shop.log"
    path.write_text('{"id": "1"}\n', encoding="utf-8")
    source = Source("log", "log", str(path), KINDS["log"].settings({}))
    with open_table(source) as table:
        assert [row for _, rows in read_all(table) for row in rows.rows] == [["1"]]
    assert "log" in str(source_schema(KINDS))
