"""docs/architecture.md is the map of the house as it stands: every room, the floors of the law, and files that are there."""

import re
import tomllib

import pytest
from commands import ROOT

ETL = ROOT / "etl"
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
FLOORS = re.search(r"```text\n(cli.*?)```", PAGE, re.DOTALL)
APART = {"sandbox"}
"""Not in the law of the floors: it has a law of its own."""


def rooms():
    """What stands in etl/: folders, and modules that are rooms by themselves."""
    folders = {one.parent.name for one in ETL.glob("*/__init__.py")}
    return folders | {one.stem for one in ETL.glob("*.py") if not one.stem.startswith("__")}


def contract(kind):
    return [one for one in CONTRACTS if one["type"] == kind]


def floors_of_the_law():
    [law] = contract("layers")
    return [[name.strip().removeprefix("etl.") for name in floor.split("|")] for floor in law["layers"]]


def test_the_table_has_every_room_and_no_other():
    first_cells = re.findall(r"^\| ((?:`[\w./]+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    listed = [name.rstrip("/").removesuffix(".py") for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(listed) == sorted(rooms())


def test_every_room_has_its_floor_in_the_law():
    assert sorted(name for floor in floors_of_the_law() for name in floor) == sorted(rooms() - APART)


def test_the_picture_of_the_floors_is_the_law():
    drawn = [re.findall(r"[a-z]+", line.partition("  ")[0].replace(",", " ")) for line in FLOORS[1].splitlines()]
    assert [sorted(floor) for floor in drawn] == [sorted(floor) for floor in floors_of_the_law()]


def test_the_stand_in_may_import_no_room():
    [law] = [one for one in contract("forbidden") if one["source_modules"] == ["etl.sandbox"]]
    assert sorted(law["forbidden_modules"]) == sorted(f"etl.{name}" for name in rooms() - APART)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:\w+/)+\w*(?:\.\w+)?)`", PAGE))))
def test_what_the_page_names_is_there(path):
    assert any((folder / path).exists() for folder in (ETL, ROOT)) or path in IN_A_PACKAGE


IN_A_PACKAGE = {"index/", "rejects/", "held/", "payloads/", "rows/"}
