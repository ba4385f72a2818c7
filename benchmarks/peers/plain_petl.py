"""petl reads, each field is a Jinja expression compiled by `compile_expression`, jsonschema checks, json writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import petl
import shop
from jinja2 import Environment
from jsonschema import Draft202012Validator, FormatChecker

FIELDS = {
    "number": "order_no",
    "user": "customer_code",
    "user_email": "email | lower",
    "status": "status | lookup('status')",
    "created_date": "ordered_at | moment",
    "amount": "amount | money",
    "discount_amount": "discount | money",
    "currency": "currency | lookup('currency')",
    "payment_type": "payment_method",
    "bank": "bank",
    "installment_count": "installments | int",
    "tracking_number": "tracking_no",
    "shipping_company": "carrier | lookup('carrier')",
    "shipping_address": "shipping_address",
    "billing_address": "billing_address",
    "extra_field": "{'note': note or none}",
}
LOOKUPS = {"status": shop.STATUS, "currency": shop.CURRENCY, "carrier": shop.CARRIER}


def environment() -> Environment:
    jinja = Environment(autoescape=False)
    jinja.filters["lookup"] = lambda value, name: LOOKUPS[name][value]
    jinja.filters["moment"] = moment
    jinja.filters["money"] = money
    return jinja


def moment(text: str) -> str:
    return datetime.strptime(text, shop.SOURCE_FORMAT).strftime(shop.TARGET_FORMAT)


def money(text: str) -> float | None:
    return float(text.replace(".", "").replace(",", ".")) if text else None


def validator() -> Any:
    checker = FormatChecker(formats=())
    for name, check in shop.FORMATS.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    return Draft202012Validator(shop.order_schema_without_cents(), format_checker=checker)


def to_record(row: dict[str, str], expressions: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    return {name: expression(**row) for name, expression in expressions.items()}


def main() -> None:
    source, target = shop.paths()
    jinja, schema = environment(), validator()
    expressions = {name: jinja.compile_expression(text, undefined_to_none=False) for name, text in FIELDS.items()}
    records = []
    for row in petl.dicts(petl.fromcsv(source, encoding="utf-8", delimiter=";")):
        record = to_record(row, expressions)
        error = next(schema.iter_errors(record), None)
        if error is not None or not shop.has_cents(record):
            shop.refuse(record, error and error.message)
        records.append(record)
    with open(target, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(records, file, ensure_ascii=False)


if __name__ == "__main__":
    main()
