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


def part(section):
    """The text of a section."""
    return PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]


def points(section):
    """How many numbered points a section has."""
    return len(re.findall(r"^\d\. ", part(section), re.MULTILINE))


def test_a_function_is_two_files():
    """Its entry, and the page that is made from it."""
    assert points("To add a function") == 2
    assert files_with(r"\bfix_encoding\b") == ["etl/expressions/functions/foreign.py"]
    assert "### fix_encoding" in (ROOT / "docs/functions.md").read_text(encoding="utf-8")


def test_a_kind_of_source_is_five_files_and_two_where_inspect_sees_it():
    """Its module, the table of kinds, the table of tests and tests of its own, a fragment; and what `etl inspect` tells it by."""
    assert points("To add a kind of source") == 5
    assert "Five files" in part("To add a kind of source")
    assert files_with(r"\bjsonl=|import JSONL\b") == ["etl/extract/__init__.py"]
    assert files_with(r"(?m)^JSONL = Kind\(") == ["etl/extract/jsonl_file.py"]
    assert files_with(r"\bparquet=") == ["etl/extract/__init__.py"]
    assert files_with(r"[\"'.]parquet\b") == [
        "etl/extract/listing.py",
        "etl/extract/opening.py",
        "etl/extract/parquet_file.py",
    ]


def test_a_command_is_four_files_and_up_to_five_more():
    """Its module, its arguments, its row in the README, its tests; and its lines, its type, a page, the face for Python twice."""
    assert points("To add a command") == 5
    assert files_with(r"commands(\.| import )lineage\b") == ["etl/__init__.py", "etl/cli/looking.py"]
    assert files_with(r"\bLineage\b") == ["etl/commands/lineage.py", "etl/report/looking.py", "etl/report/results.py"]
    pages = ("README.md", "docs/looking.md", "docs/python.md")
    assert all("lineage" in (ROOT / page).read_text(encoding="utf-8") for page in pages)
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
