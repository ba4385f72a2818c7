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


def files_with(pattern):
    """The files of the engine in which it stands."""
    paths = (ROOT / "etl").rglob("*.py")
    return sorted(str(path.relative_to(ROOT)) for path in paths if re.search(pattern, path.read_text(encoding="utf-8")))


def points(section):
    """How many files a section says that there are: each of its numbered points is one."""
    return len(re.findall(r"^\d\. ", PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0], re.MULTILINE))


def test_a_function_is_two_files():
    """Its entry, and the page that is made from it."""
    assert points("To add a function") == 2
    assert files_with(r"\bfix_encoding\b") == ["etl/expressions/functions/foreign.py"]
    assert "### fix_encoding" in (ROOT / "docs/functions.md").read_text(encoding="utf-8")


def test_a_kind_of_source_is_five_files_at_most():
    """Its module, the table of kinds, the table of tests, a fragment; and the page of libraries when it brings one."""
    assert points("To add a kind of source") == 4
    assert files_with(r"\bjsonl=|import JSONL\b") == ["etl/extract/__init__.py"]
    assert files_with(r"(?m)^JSONL = Kind\(") == ["etl/extract/jsonl_file.py"]


def test_a_command_is_four_files_at_most():
    """Its module, its arguments, its row in the README, its tests; those that Python programs call are named once more."""
    assert points("To add a command") == 4
    assert files_with(r"commands(\.| import )start_over\b") == ["etl/__init__.py", "etl/cli/placing.py"]


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
