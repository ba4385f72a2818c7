"""Shopify's two exports, under their real headers: further lines of an order, zips with a quote, guests, several currencies."""

import csv
import random
from decimal import Decimal

import pytest
from ready_shop import CARD, CITIES, DATA, PLANTED, ROOT, TOKEN, VISITOR
from sandbox_client import running_sandbox
from test_ready_shops import VARIABLES, counts, records, rejects

from etl import Outside, Settings, dry_run
from etl.commands.init import Begun, init
from etl.commands.run import run_package
from etl.commands.test import test as run_own_tests
from etl.mapping import Opens, load_mapping

MAPPING = ROOT / "mappings" / "shopify"
HEADERS = DATA / "shopify"
STATES = (
    ("paid", "fulfilled", ""),
    ("refunded", "fulfilled", ""),
    ("pending", "unfulfilled", ""),
    ("paid", "", "2020-05-07"),
)

pytestmark = pytest.mark.skipif(not HEADERS.is_dir(), reason=f"the exports' own headers, {HEADERS}, are not here")


def write(path, header, rows):
    names = (HEADERS / header).read_text(encoding="utf-8").strip().split(",")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """The folder with both exports; and what was paid: number, currency, amount."""
    folder, chance = tmp_path_factory.mktemp("shopify"), random.Random(14)
    customers = [
        {
            "Customer ID": f"'70{number}", "First Name": "AYŞE", "Last Name": "Öz", "Email": f"Musteri{number}@Example.com",
            "Accepts Email Marketing": "yes" if number % 2 else "no", "Default Address Address1": "Gül Sok. 5",
            "Default Address City": CITIES[number % 4][1], "Default Address Country Code": "TR", "Note": TOKEN,
            "Default Address Province Code": ("TR-34", "TR-06", "TR-35", "TR-07")[number % 4], "Default Address Zip": "'34000",
        }
        for number in range(1, 9)
    ]  # fmt: skip
    customers.append({"Customer ID": "'799", "First Name": "Telefonla", "Phone": "'+905320001234"})
    emails = [f"musteri{number}@example.com" for number in range(1, 9)] * 2 + [
        "misafir@example.com",
        "Misafir@example.com",
    ]
    orders, paid = [], []
    for number, email in enumerate(emails, 1001):
        lines = [(chance.randint(1, 3), Decimal(chance.randint(100, 99999)) / 100) for _ in range(1 + number % 3)]
        products = sum(quantity * price for quantity, price in lines)
        total, currency = products + Decimal("29.90") - Decimal("10.00"), ("TRY", "USD", "EUR")[number % 3]
        financial, fulfilled, cancelled = STATES[number % 4]
        first = {
            "Email": email, "Financial Status": financial, "Fulfillment Status": fulfilled, "Cancelled at": cancelled,
            "Currency": currency, "Shipping": "29.90", "Total": total, "Discount Amount": "10.00", "Taxes": "1.00",
            "Created at": "2025-12-06 10:37:33 -0500", "Billing Name": "Can Öz", "Billing Street": "Gül Sok. 5",
            "Billing Zip": "'34000", "Payment Method": "iyzico", "Payment Reference": CARD, "Device ID": VISITOR, "Id": TOKEN,
        }  # fmt: skip
        for place, (quantity, price) in enumerate(lines):
            line = {
                "Lineitem quantity": quantity,
                "Lineitem name": "Nevresim",
                "Lineitem price": price,
                "Lineitem sku": "NVR-1",
            }
            orders.append({"Name": f"#{number}"} | line | (first if place == 0 else {}))
        paid.append((f"#{number}", currency.lower(), total))
    write(folder / "customers_export.csv", "customers_export_header.csv", customers)
    write(folder / "orders_export.csv", "orders_export_header.csv", orders)
    return folder, paid, len(orders)


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
