"""Real exports joined by SQL, without a step before: they become what the prepared ones become."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from olist.prepare import prepare
from real_input import DATA, counts, etl_json, needs, payload_files, payload_records

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def olist(tmp_path_factory):
    """What a dry-run makes of the prepared tables, and of the export as it is."""
    export, folder = DATA / "olist", tmp_path_factory.mktemp("prepared")
    prepare(export, folder)
    known = {"OLIST": export, "PREPARED": folder}
    before = etl_json("dry-run", HERE / "olist/migration.yaml", "-w", tmp_path_factory.mktemp("before"), **known)
    known["PREPARED"] = folder / "none"
    return before, etl_json("dry-run", HERE / "olist/queries.yaml", "-w", tmp_path_factory.mktemp("after"), **known)


@needs("olist")
def test_olist_needs_no_preparing_step(olist):
    before, after = olist
    assert counts(after) == counts(before)
    assert after["problems"] == []


@needs("olist")
@pytest.mark.parametrize(
    ("stage", "tells"), [("user", "customer_code"), ("order", "number"), ("order_item", "order_number")]
)
def test_olist_s_records_are_those_of_the_prepared_tables(olist, stage, tells):
    before, after = (
        sorted(payload_records(one, stage), key=lambda record: (record[tells], str(record))) for one in olist
    )
    assert after == before


@needs("olist")
def test_olist_s_addresses_are_the_same_places(olist):
    """Of two orders to one place another one may come first."""
    before, after = (
        sorted((one["customer_code"], one["line"]) for one in payload_records(summary, "address")) for summary in olist
    )
    assert after == before


SHOPIFY = """\
version: 1
name: shopify_lines
sources:
  lines: { csv: "${EXPORT}" }
  orders:
    query: >-
      SELECT Name, any_value(Email) AS email, any_value("Created at") AS created, any_value(Currency) AS currency,
             any_value("Financial Status") AS status, any_value(Total) AS total,
             any_value("Shipping Street") AS street, any_value("Shipping City") AS city,
             sum(CAST("Lineitem quantity" AS INTEGER) * money("Lineitem price", '.')) AS goods, count(*) AS lines
      FROM lines GROUP BY Name
stages:
  - name: order
    from: orders
    key: number
    fields:
      number: "{{ Name }}"
      user: "{{ email | lower('en') }}"
      user_email: "{{ email | email }}"
      status: "{{ '550' if status == 'paid' else '600' }}"
      created_date: "{{ created | datetime('%Y-%m-%d %H:%M:%S %z', to='Europe/Istanbul') }}"
      amount: "{{ total | money('.') }}"
      discount_amount: null
      currency: "{{ currency | lower('en') }}"
      payment_type: ""
      bank: ""
      installment_count: null
      tracking_number: ""
      shipping_company: aras
      shipping_address: "{{ street | join(city) }}"
      billing_address: "{{ street | join(city) }}"
      extra_field: { goods: "{{ goods | money('.') }}", lines: "{{ lines | int }}" }
"""


@needs("shopify")
def test_shopify_s_order_of_several_lines_is_one_order_by_a_query(tmp_path):
    with (DATA / "shopify/orders_export_header.csv").open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    first = {
        "Email": "Ali@Example.com", "Financial Status": "paid", "Created at": "2025-12-06 10:37:33 -0500", "Currency": "TRY",
        "Shipping Street": "Moda Cad. 5", "Shipping City": "Kadıköy",
    }  # fmt: skip
    rows = [
        {"Name": "#1001", "Total": "29.85", "Lineitem quantity": "2", "Lineitem price": "9.95", **first},
        {"Name": "#1001", "Lineitem quantity": "1", "Lineitem price": "9.95"},
        {"Name": "#1002", "Total": "5.00", "Lineitem quantity": "1", "Lineitem price": "5.00", **first},
    ]
    export = tmp_path / "orders_export_1.csv"
    with export.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    mapping = tmp_path / "migration.yaml"
    mapping.write_text(SHOPIFY, encoding="utf-8")
    summary = etl_json("dry-run", mapping, EXPORT=export)
    assert counts(summary) == {"order": (2, 0, 0, 0, 2)}
    orders = payload_records(summary, "order")
    assert [(one["number"], one["amount"], one["extra_field"]["lines"]) for one in orders] == [
        ("#1001", Decimal("29.85"), 2),
        ("#1002", Decimal("5.00"), 1),
    ]
    assert all(one["extra_field"]["goods"] == one["amount"] for one in orders)
    assert {one["shipping_address"] for one in orders} == {"Moda Cad. 5 Kadıköy"}
    assert len(payload_files(summary, "order")) == 1
