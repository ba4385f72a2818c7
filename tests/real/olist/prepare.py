"""Join what the Olist export keeps apart: customers with their first purchase, orders with their person and payments.

Standard library only, and no arithmetic but Decimal's: what is summed here is compared to the cent.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

Row = dict[str, str]
PLACE = ("customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state")


def table(folder: Path, name: str) -> list[Row]:
    """One table of the export; every cell as text."""
    with (folder / f"olist_{name}_dataset.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def prepare(export: Path, to: Path) -> None:
    """Write customers.csv and orders.csv to an existing folder."""
    customers, orders = table(export, "customers"), table(export, "orders")
    _write(to / "customers.csv", _customers(customers, orders))
    _write(to / "orders.csv", _orders(orders, customers, table(export, "order_payments")))


def _customers(customers: list[Row], orders: list[Row]) -> Iterable[Row]:
    """Each customer with the person's first purchase, and how often person and place have been seen so far."""
    people = {row["customer_id"]: row["customer_unique_id"] for row in customers}
    first = first_purchases(orders, people)
    persons: Counter[str] = Counter()
    places: Counter[tuple[str, ...]] = Counter()
    for row in customers:
        person, place = row["customer_unique_id"], tuple(row[column] for column in PLACE)
        persons[person] += 1
        places[place] += 1
        yield row | {
            "first_purchase": first[person],
            "person_seen": str(persons[person]),
            "place_seen": str(places[place]),
        }


def first_purchases(orders: list[Row], people: Mapping[str, str]) -> dict[str, str]:
    """Person -> the earliest of their timestamps, which sort as text."""
    first: dict[str, str] = {}
    for order in orders:
        person, bought = people[order["customer_id"]], order["order_purchase_timestamp"]
        first[person] = min(first.get(person, bought), bought)
    return first


def _orders(orders: list[Row], customers: list[Row], payments: list[Row]) -> Iterable[Row]:
    by_id = {row["customer_id"]: row for row in customers}
    paid: defaultdict[str, list[Row]] = defaultdict(list)
    for payment in sorted(payments, key=lambda row: int(row["payment_sequential"])):
        paid[payment["order_id"]].append(payment)
    for order in orders:
        yield order | by_id[order["customer_id"]] | _payment(paid[order["order_id"]])


def _payment(payments: list[Row]) -> Row:
    """What several payments are together; the type is that of the largest."""
    largest = max(payments, key=lambda row: Decimal(row["payment_value"]))
    return {
        "paid": str(sum(Decimal(row["payment_value"]) for row in payments)),
        "payment_type": largest["payment_type"],
        "installments": str(max(int(row["payment_installments"]) for row in payments)),
        # The amounts are written into the JSON as they stand in the export, never as a float.
        "payments": f"[{', '.join(map(_as_json, payments))}]",
    }


def _as_json(payment: Row) -> str:
    return f'{{"type": {json.dumps(payment["payment_type"])}, "value": {payment["payment_value"]}}}'


def _write(path: Path, rows: Iterable[Row]) -> None:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
