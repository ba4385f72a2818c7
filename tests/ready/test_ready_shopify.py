"""Shopify's two exports, under their real headers: further lines of an order, zips with a quote, guests, several currencies."""

from decimal import Decimal

import pytest
from ready_shop import PLANTED
from sandbox_client import running_sandbox
from shopify_exports import HEADERS, SHOPIFY, export
from test_ready_shops import VARIABLES, counts, records, rejects

from etl import Outside, Settings, dry_run
from etl.commands.init import Begun, init
from etl.commands.run import run_package
from etl.commands.test import test as run_own_tests
from etl.mapping import Opens, load_mapping

MAPPING = SHOPIFY.mapping
pytestmark = pytest.mark.skipif(not HEADERS.is_dir(), reason=f"the exports' own headers, {HEADERS}, are not here")


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """The folder with both exports; what was paid; how many lines there are."""
    folder = tmp_path_factory.mktemp("shopify")
    return folder, *export(folder)


@pytest.fixture(scope="module")
def package(exports, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**VARIABLES, "LEGACY": str(exports[0])}.items():
            patch.setenv(name, value)
        return dry_run(MAPPING, Settings(workspace=tmp_path_factory.mktemp("work"), workers=1))


def test_every_row_is_accounted_for(exports, package):
    assert counts(package) == {
        "user": (10, 1, 0, 0),
        "address": (8, 0, 0, 0),
        "order": (18, 0, 0, 0),
        "order_item": (exports[2], 0, 0, 0),
    }, rejects(package)[:5]


def test_money_is_equal_to_the_cent_and_the_parts_add_up(exports, package):
    orders = records(package, "order")
    assert [(one["number"], one["currency"], Decimal(one["amount"])) for one in orders] == exports[1]
    assert {Decimal(one["extra_field"]["other"]) for one in orders} == {Decimal(0)}
    assert orders[0]["created_date"] == "2025-12-06 18:37:33"
    assert orders[-1]["user"] == orders[-2]["user"] == "guest-#1017"


def test_the_exports_are_recognised_and_what_is_written_for_them_runs(exports, tmp_path, monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    begun = init(tmp_path / "mine", [str(exports[0])])
    assert isinstance(begun, Begun)
    assert (begun.shop, begun.why[1]) == ("shopify", "orders_export has the column Lineitem name")
    with load_mapping(begun.folder, opens=Opens.HERE) as checked:
        assert [str(problem) for problem in checked.problems] == []
    assert [one.name for one in run_own_tests(begun.folder) if one.differences] == []


def test_nothing_planted_leaves_the_exports(package):
    for path in (one for one in package.path.rglob("*") if one.is_file()):
        assert not [planted for planted in PLANTED if planted.encode() in path.read_bytes()], path


def test_the_stand_in_takes_all_of_it_and_its_own_tests_pass(exports, package, monkeypatch):
    monkeypatch.setenv("LEGACY", str(exports[0]))
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert [(one.name, one.differences) for one in run_own_tests(MAPPING) if one.differences] == []
    with running_sandbox() as sandbox:
        monkeypatch.setenv("OMNITRON_URL", sandbox.url)
        settings = Settings(workspace=package.path.parents[2], workers=1)
        summary, error = run_package(MAPPING, settings, Outside(), package.path)
        assert error is None, sandbox.errors()[:3]
        assert [one.failed for one in summary.stages] == [0, 0, 0, 0]
