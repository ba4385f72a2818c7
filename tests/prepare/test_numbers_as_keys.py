"""A number of JSON is one key, in whatever way a file writes it: parents are found, and groups are counted by it."""

from __future__ import annotations

import json

import duckdb
import pytest

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.files import private_folder

MAPPING = """\
version: 1
name: shop
sources:
  customers: { json: customers.json }
  orders: { jsonl: orders.jsonl, counters: { line: customer } }
  joined: { query: "SELECT o.* FROM orders o JOIN customers c ON c.id = o.customer ORDER BY CAST(o.at AS INTEGER)" }
stages:
  - name: user
    from: customers
    key: "{{ KEY }}"
    fields:
      customer_code: "{{ id | text }}"
      first_name: Jale
      last_name: Su
      email: "m{{ id }}@example.com"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: "{{ id | unusable_password }}"
      password_algorithm: sha256
  - name: order
    from: SOURCE
    key: number
    refers: { user: user }
    fields:
      number: "{{ customer }}-{{ at }}"
      user: "{{ customer | text }}"
      user_email: su@example.com
      status: "550"
      created_date: "2020-01-01 00:00:00"
      amount: 1
      currency: try
      payment_type: "LINE"
      bank: ""
      tracking_number: ""
      shipping_company: aras
      shipping_address: Lale Sok. 8
      billing_address: Lale Sok. 8
"""
WAYS = {
    "2.5": ["2.5", "2.50", "0.25e1"],
    "1000": ["1000", "1000.0", "1E3"],
    "0": ["0", "0e0", "-0.0"],
    "7": ['"7"', "7"],
}


def sent(package, stage):
    files = sorted((package.path / "payloads" / stage).iterdir())
    return [record for file in files for record in json.loads(file.read_bytes())]


@pytest.mark.parametrize("key", ["id", "id | text", "id ~ ''"])
@pytest.mark.parametrize(("source", "line"), [("orders", "{{ line }}"), ("joined", "")])
def test_a_customer_is_found_by_a_number_that_another_file_writes_in_another_way(tmp_path, key, source, line):
    objects = [f'{{"id": {ways[-1]}}}' for ways in WAYS.values()]
    (tmp_path / "customers.json").write_text(f"[{', '.join(objects)}]", encoding="utf-8")
    ways = [(code, number, way) for code, ways in WAYS.items() for number, way in enumerate(ways, 1)]
    rows = [f'{{"customer": {way}, "at": {row}}}\n' for row, (_, _, way) in enumerate(ways)]
    (tmp_path / "orders.jsonl").write_text("".join(rows), encoding="utf-8")
    mapping = MAPPING.replace("KEY", key).replace("SOURCE", source).replace("LINE", line)
    (tmp_path / "migration.yaml").write_text(mapping, encoding="utf-8")
    package = dry_run(tmp_path / "migration.yaml", Settings(private_folder(tmp_path / "work"), workers=1))
    assert [one["customer_code"] for one in sent(package, "user")] == [*WAYS]
    orders = sent(package, "order")
    assert [one["user"] for one in orders] == [code for code, _, _ in ways]
    assert not line or [one["payment_type"] for one in orders] == [str(number) for _, number, _ in ways]


@pytest.mark.parametrize("key", ["id", "id | text", "id ~ ''"])
def test_a_number_of_parquet_is_one_key_and_one_text_with_and_without_zeros_at_its_end(tmp_path, key):
    kinds = {"customers": ("id", "DECIMAL(9, 2)"), "orders": ("customer", "DOUBLE")}
    for name, (column, kind) in kinds.items():
        made = f"SELECT CAST(x AS {kind}) AS {column}, row_number() OVER () AS at FROM (VALUES (7), (2.5), (1000), (0)) t(x)"
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"COPY ({made}) TO '{tmp_path / name}.parquet' (FORMAT parquet)")
    mapping = MAPPING.replace("KEY", key).replace("SOURCE", "orders").replace("LINE", "")
    mapping = mapping.replace("json: customers.json", "parquet: customers.parquet")
    mapping = mapping.replace("jsonl: orders.jsonl", "parquet: orders.parquet")
    (tmp_path / "migration.yaml").write_text(mapping, encoding="utf-8")
    package = dry_run(tmp_path / "migration.yaml", Settings(private_folder(tmp_path / "work"), workers=1))
    assert [one["customer_code"] for one in sent(package, "user")] == ["7", "2.5", "1000", "0"]
    assert [one["email"] for one in sent(package, "user")][:2] == ["m7@example.com", "m2.5@example.com"]
    assert [one["user"] for one in sent(package, "order")] == ["7", "2.5", "1000", "0"]
