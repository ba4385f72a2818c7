"""pandas computes by column, jsonschema-rs checks each record, orjson writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pandas as pd
import shop


def orders(source: str) -> pd.DataFrame:
    rows = pd.read_csv(source, sep=";", dtype=str, keep_default_na=False, encoding="utf-8")
    return pd.DataFrame(
        {
            "number": rows["order_no"],
            "user": rows["customer_code"],
            "user_email": rows["email"].str.lower(),
            "status": rows["status"].map(shop.STATUS),
            "created_date": pd.to_datetime(rows["ordered_at"], format=shop.SOURCE_FORMAT).dt.strftime(
                shop.TARGET_FORMAT
            ),
            "amount": money(rows["amount"]),
            "discount_amount": money(rows["discount"]),
            "currency": rows["currency"].map(shop.CURRENCY),
            "payment_type": rows["payment_method"],
            "bank": rows["bank"],
            "installment_count": rows["installments"].astype(int),
            "tracking_number": rows["tracking_no"],
            "shipping_company": rows["carrier"].map(shop.CARRIER),
            "shipping_address": rows["shipping_address"],
            "billing_address": rows["billing_address"],
            "extra_field": [{"note": note or None} for note in rows["note"]],
        }
    )


def money(column: Any) -> Any:
    """Numbers as objects, so that a blank can be None: NaN is no JSON."""
    numbers = pd.to_numeric(
        column.str.replace(".", "", regex=False).str.replace(",", ".", regex=False), errors="raise"
    ).astype(object)
    return numbers.where(numbers.notna(), None)


def main() -> None:
    source, target = shop.paths()
    is_valid = jsonschema_rs.Draft202012Validator(
        shop.order_schema(), formats=shop.FORMATS, validate_formats=True
    ).is_valid
    records = orders(source).to_dict("records")
    for record in records:
        if not is_valid(record):
            shop.refuse(record)
    Path(target).write_bytes(orjson.dumps(records))


if __name__ == "__main__":
    main()
