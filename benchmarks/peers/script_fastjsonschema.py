"""A script as one writes it: csv, strptime, a dict for each order, fastjsonschema, json."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from typing import Any

import fastjsonschema
import shop


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


def validator() -> Any:
    """fastjsonschema knows the drafts up to 7, and takes any `$` of a pattern for its end; the order schema can be written so."""
    schema = {**shop.order_schema_without_cents(), "$schema": "http://json-schema.org/draft-07/schema#"}
    email = schema["properties"]["user_email"]
    email["pattern"] = email["pattern"].replace("#$%", r"#\$%")
    return fastjsonschema.compile(schema, formats=dict(shop.FORMATS))


def main() -> None:
    source, target = shop.paths()
    validate = validator()
    records = []
    with open(source, encoding="utf-8", newline="") as file:  # noqa: PTH123
        for row in csv.DictReader(file, delimiter=";"):
            record = to_record(row)
            validate(record)
            if not shop.has_cents(record):
                shop.refuse(record)
            records.append(record)
    with open(target, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(records, file, ensure_ascii=False)


if __name__ == "__main__":
    main()
