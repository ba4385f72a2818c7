"""What every peer needs, whatever it is written with: the shop's codes, the order schema, its formats."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from etl.payloads.formats import DATE, DATE_FORMAT, DATETIME, DATETIME_FORMAT, written_as

SCHEMA = Path(__file__).parents[2] / "schemas" / "order.schema.json"

STATUS = {
    "0": "50", "1": "100", "2": "200", "3": "300", "4": "400", "5": "450", "6": "550", "7": "500", "8": "510", "9": "600",
}  # fmt: skip
CURRENCY = {"TL": "try", "USD": "usd"}
CARRIER = {
    "Yurtiçi Kargo": "yurtici", "Aras Kargo": "aras", "MNG Kargo": "mng", "PTT Kargo": "ptt", "Sürat Kargo": "surat",
}  # fmt: skip

SOURCE_FORMAT = "%d.%m.%Y %H:%M"
TARGET_FORMAT = DATETIME_FORMAT
MONEY = ("amount", "discount_amount")

FORMATS = {DATE: written_as(DATE_FORMAT), DATETIME: written_as(DATETIME_FORMAT)}
"""The engine's own checks, so that every peer asks for the same thing at the same cost."""


def paths() -> tuple[str, str]:
    """The two arguments of every peer: the CSV to read and the JSON to write."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: python {Path(sys.argv[0]).name} IN.csv OUT.json")
    return sys.argv[1], sys.argv[2]


def order_schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema


def order_schema_without_cents() -> dict[str, Any]:
    """The schema without its `multipleOf: 0.01`, for peers that use `has_cents` instead.

    jsonschema and fastjsonschema divide floats and refuse 0.07; jsonschema-rs is exact, and slow at it.
    """
    schema = order_schema()
    for field in MONEY:
        del schema["properties"][field]["multipleOf"]
    return schema


def has_cents(record: dict[str, Any]) -> bool:
    """Whether the record's money has no more than two decimals."""
    amount, discount = record["amount"], record["discount_amount"]
    return round(amount, 2) == amount and (discount is None or round(discount, 2) == discount)


def refuse(record: dict[str, Any], why: object = "is not valid") -> None:
    sys.exit(f"order {record['number']}: {why}")
