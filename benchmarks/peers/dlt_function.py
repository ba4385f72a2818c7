"""dlt: a resource that reads the CSV, a Python function that makes and checks each record, a sink that writes JSON."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt
import jsonschema_rs
import orjson
import shop

COLUMNS: Any = {
    # What dlt would infer otherwise: a timestamp of the date, and tables of their own for what is nested.
    "created_date": {"data_type": "text"},
    "extra_field": {"data_type": "json"},
    "number": {"data_type": "text"},
}


def money(text: str) -> float | None:
    return float(text.replace(".", "").replace(",", ".")) if text else None


def to_record(row: dict[str, str]) -> dict[str, Any]:
    return {
        "number": row["order_no"],
        "user": row["customer_code"],
        "user_email": row["email"].lower(),
        "status": shop.STATUS[row["status"]],
        "created_date": datetime.strptime(row["ordered_at"], shop.SOURCE_FORMAT).strftime(shop.TARGET_FORMAT),
        "amount": money(row["amount"]),
        "discount_amount": money(row["discount"]),
        "currency": shop.CURRENCY[row["currency"]],
        "payment_type": row["payment_method"],
        "bank": row["bank"],
        "installment_count": int(row["installments"]),
        "tracking_number": row["tracking_no"],
        "shipping_company": shop.CARRIER[row["carrier"]],
        "shipping_address": row["shipping_address"],
        "billing_address": row["billing_address"],
        "extra_field": {"note": row["note"] or None},
    }


def pipeline(folder: str, source: str, sink: Any) -> None:
    schema = jsonschema_rs.Draft202012Validator(shop.order_schema(), formats=shop.FORMATS, validate_formats=True)

    def checked(row: dict[str, str]) -> dict[str, Any]:
        record = to_record(row)
        if not schema.is_valid(record):
            shop.refuse(record)
        return record

    @dlt.resource(name="orders", columns=COLUMNS, max_table_nesting=0)
    def orders() -> Iterator[dict[str, str]]:
        with open(source, encoding="utf-8", newline="") as file:  # noqa: PTH123
            yield from csv.DictReader(file, delimiter=";")

    dlt.pipeline("bench", destination=sink, pipelines_dir=folder).run(orders().add_map(checked))


def restored(record: dict[str, Any]) -> dict[str, Any]:
    """dlt leaves out what is null, and writes nested values as text."""
    extra = record.get("extra_field")
    record["extra_field"] = orjson.loads(extra) if isinstance(extra, str) else extra
    record.setdefault("discount_amount", None)
    return record


def main() -> None:
    source, target = shop.paths()
    with open(target, "wb") as file, tempfile.TemporaryDirectory() as folder:  # noqa: PTH123
        between = b"[\n"

        @dlt.destination(
            name="json", batch_size=500, loader_file_format="typed-jsonl", naming_convention="direct",
            skip_dlt_columns_and_tables=True, max_table_nesting=0, loader_parallelism_strategy="sequential",
        )  # fmt: skip
        def sink(items: Any, table: Any) -> None:
            nonlocal between
            for item in items:
                file.write(between + orjson.dumps(restored(item)))
                between = b",\n"

        pipeline(str(Path(folder)), source, sink)
        file.write(b"\n]\n")


if __name__ == "__main__":
    main()
