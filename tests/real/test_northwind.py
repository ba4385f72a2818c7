"""The Northwind CSV files, whose unquoted commas make rows too long: every such row is told, and none is read shifted."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from real_input import DATA, counts, etl, etl_json, keys_and_rows, lines, needs, payload_records, read_table

pytestmark = needs("northwind")

EXPORT = DATA / "northwind"
MAPPING = Path(__file__).parent / "northwind" / "migration.yaml"


@pytest.fixture(scope="module")
def tables():
    """File -> header, whole rows by their number, and the rows whose cells are not those of the header."""
    split = {}
    for name in ("customers", "orders", "order-details"):
        header, rows = read_table(EXPORT / f"{name}.csv")
        whole = {number: dict(zip(header, row, strict=True)) for number, row in rows if len(row) == len(header)}
        split[name] = header, whole, {number: row for number, row in rows if number not in whole}
    return split


@pytest.fixture(scope="module")
def environment(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    with (folder / "amounts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["OrderID", "amount"])
        writer.writerows(amounts(tables["order-details"][1].values()).items())
    return {"NORTHWIND": EXPORT, "PREPARED": folder}


def amounts(details):
    """What each order's lines cost together, less their discounts."""
    sums = defaultdict(Decimal)
    for line in details:
        price = Decimal(line["UnitPrice"]) * int(line["Quantity"])
        sums[line["OrderID"]] += (price * (1 - Decimal(line["Discount"]))).quantize(Decimal("0.01"))
    return sums


@pytest.fixture(scope="module")
def prepared(environment, tmp_path_factory):
    return etl_json("dry-run", MAPPING, "-w", tmp_path_factory.mktemp("work"), code=1, **environment)


def test_every_row_is_accounted_for(prepared, tables):
    whole_orders = {row["OrderID"] for row in tables["orders"][1].values()}
    held = sum(row["OrderID"] not in whole_orders for row in tables["order-details"][1].values())
    assert counts(prepared) == {
        "user": (91, 0, 24, 0, 67),
        "address": (91, 0, 24, 0, 67),
        "order": (830, 0, 176, 0, 654),
        "order_item": (2155, 0, 0, held, 2155 - held),
    }
    assert held == 439


@pytest.mark.parametrize(("stage", "table"), [("user", "customers"), ("address", "customers"), ("order", "orders")])
def test_each_ragged_row_is_rejected_with_its_number_and_all_its_cells_counted(prepared, tables, stage, table):
    header, _, ragged = tables[table]
    rejects = {one["row"]: one for one in lines(prepared, "rejects", stage)}
    assert list(rejects) == list(ragged)
    for number, row in ragged.items():
        reject = rejects[number]
        assert reject["source"] == f"{table}.csv"
        assert (reject["key"], reject["field"]) == (None, None)
        assert reject["reason"].startswith(f"has {len(row)} cells, the header has {len(header)}")


def test_the_rows_around_the_ragged_ones_are_read_unshifted(prepared, tables):
    _, whole, _ = tables["orders"]
    assert [row for _, row in keys_and_rows(prepared, "order")] == list(whole)
    for record, row in zip(payload_records(prepared, "order"), whole.values(), strict=True):
        assert (record["number"], record["user"]) == (row["OrderID"], row["CustomerID"])
        assert record["created_date"] + ".000" == row["OrderDate"]
        assert record["extra_field"]["freight"] == Decimal(row["Freight"])
        shipped = record["extra_field"]["shipped"]
        assert row["ShippedDate"] == ("NULL" if shipped is None else f"{shipped} 00:00:00.000")
        names = ("ShipName", "ShipAddress", "ShipCity", "ShipRegion", "ShipPostalCode", "ShipCountry")
        assert record["shipping_address"] == ", ".join(row[name] for name in names if row[name] != "NULL")


def test_the_companies_keep_their_letters_and_a_null_region_is_no_text(prepared, tables):
    _, whole, _ = tables["customers"]
    for record, row in zip(payload_records(prepared, "address"), whole.values(), strict=True):
        assert (record["company_name"], record["city"]) == (row["CompanyName"], row["City"])
        assert record["township"] == (row["City"] if row["Region"] == "NULL" else row["Region"])
        assert (record["country"], record["phone_number"]) == (row["Country"], row["Phone"])
        postcode = "" if row["PostalCode"] == "NULL" else " " + row["PostalCode"]
        assert record["line"] == row["Address"] + postcode


def test_the_money_is_that_of_the_lines_to_the_cent(prepared, tables):
    orders = {row["OrderID"] for row in tables["orders"][1].values()}
    details = [row for row in tables["order-details"][1].values() if row["OrderID"] in orders]
    assert sum(one["amount"] for one in payload_records(prepared, "order")) == sum(amounts(details).values())
    items = payload_records(prepared, "order_item")
    assert sum(one["price"] for one in items) == sum(Decimal(row["UnitPrice"]) for row in details)
    assert sum(one["extra_field"]["discount"] for one in items) == sum(Decimal(row["Discount"]) for row in details)


def test_the_items_of_a_ragged_order_are_held_because_of_it(prepared, tables):
    ragged = {row[0] for row in tables["orders"][2].values()}
    held = lines(prepared, "held", "order_item")
    assert {one["parent_key"] for one in held} == ragged
    assert {(one["parent_stage"], one["field"]) for one in held} == {("order", "order_number")}


def test_a_preview_shows_a_ragged_row_cell_by_cell(environment, tables):
    _, _, ragged = tables["customers"]
    first = next(iter(ragged))
    rows = etl_json("preview", MAPPING, "--stage", "user", "-n", first, "--show-data", **environment)["rows"]
    shown = rows[first - 2]
    assert (shown["row"], shown["fate"]) == (first, "rejected")
    assert list(shown["cells"].values()) == [cell.strip() for cell in ragged[first]]


def test_a_lookup_over_a_ragged_file_is_refused_and_names_the_row(environment, tmp_path):
    text = MAPPING.read_text(encoding="utf-8")
    path = tmp_path / "migration.yaml"
    wrong = 'carrier: { csv: "${NORTHWIND}/orders.csv", key: OrderID, value: ShipVia }'
    path.write_text(text.replace('carrier: { "1": speedy, "2": united, "3": federal }', wrong), encoding="utf-8")
    done = etl("dry-run", path, "-w", tmp_path / "work", **environment)
    assert done.returncode == 2, done.stderr
    assert "orders.csv row 4: " in done.stderr
