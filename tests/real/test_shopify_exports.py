"""Shopify's API answer, and the 79 columns of its order export."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from real_input import DATA, counts, etl_json, needs, payload_records

pytestmark = needs("shopify")

ANSWERS = DATA / "shopify"
MAPPING = Path(__file__).parent / "shopify" / "migration.yaml"


@pytest.fixture(scope="module")
def columns():
    with (ANSWERS / "orders_export_header.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def exported(folder, columns, *rows):
    """An order export with these rows; the columns they do not name are blank."""
    path = folder / "orders_export_1.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_an_answer_of_the_api_is_mapped_from_three_levels_of_nesting():
    header = ANSWERS / "orders_export_header.csv"
    shown = etl_json("preview", MAPPING, "--stage", "order", "--show-data", SHOPIFY=ANSWERS, EXPORT=header)
    (row,) = shown["rows"]
    assert (row["fate"], row["row"], row["problems"]) == ("valid", 1, [])
    record = row["record"]
    assert (record["number"], record["amount"], record["bank"]) == ("#1001", Decimal("598.94"), "Visa")
    assert record["created_date"] == "2008-01-10 18:00:00"
    assert record["shipping_address"] == "Bob Norman, Chestnut Street 92, Louisville"


def test_an_export_of_nothing_but_its_header_has_no_rows(tmp_path, columns):
    assert len(columns) == 79
    header = ANSWERS / "orders_export_header.csv"
    summary = etl_json("dry-run", MAPPING, "-w", tmp_path, SHOPIFY=ANSWERS, EXPORT=header, code=1)
    assert counts(summary) == {
        "user": (1, 0, 0, 0, 1),
        "order": (1, 0, 0, 0, 1),
        "exported": (0, 0, 0, 0, 0),
        "order_item": (0, 0, 0, 0, 0),
    }


def test_further_lines_of_an_order_are_items_and_no_orders(tmp_path, columns):
    line = {"Name": "#1001", "Lineitem quantity": "2", "Lineitem price": "9.95"}
    first = line | {
        "Email": "Ali@Example.com",
        "Financial Status": "paid",
        "Created at": "2025-12-06 10:37:33 -0500",
        "Total": "19.90",
        "Discount Amount": "0.00",
        "Currency": "TRY",
        "Lineitem sku": "A-1",
        "Lineitem name": "Kazak, yün",
        "Shipping Street": "Moda Cad. 5",
        "Shipping Zip": "'34710",
        "Shipping City": "Kadıköy",
        "Billing Street": "Moda Cad. 5",
    }
    second = line | {"Lineitem sku": "A-2", "Lineitem name": "Atkı", "Lineitem price": "0.00"}
    path = exported(tmp_path, columns, first, second)
    summary = etl_json("dry-run", MAPPING, "-w", tmp_path / "work", SHOPIFY=ANSWERS, EXPORT=path)
    found = counts(summary)
    assert (found["exported"], found["order_item"]) == ((2, 1, 0, 0, 1), (2, 0, 0, 0, 2))
    (order,) = payload_records(summary, "exported")
    assert (order["created_date"], order["user_email"]) == ("2025-12-06 18:37:33", "ali@example.com")
    assert order["shipping_address"] == "Moda Cad. 5 34710 Kadıköy"
    items = payload_records(summary, "order_item")
    assert [(one["sku"], one["product"], one["quantity"]) for one in items] == [
        ("A-1", "Kazak, yün", 2),
        ("A-2", "Atkı", 2),
    ]
