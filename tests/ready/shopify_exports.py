"""Shopify's two exports, under their real headers: further lines of an order, zips with a quote, guests, several currencies."""

import csv
import random
from contextlib import contextmanager
from decimal import Decimal

from offered_shop import Offered, OfferedShop
from ready_shop import CARD, CITIES, DATA, SEED, TOKEN, VISITOR

HEADERS = DATA / "shopify"
STATES = (
    ("paid", "fulfilled", ""),
    ("refunded", "fulfilled", ""),
    ("pending", "unfulfilled", ""),
    ("paid", "", "2020-05-07"),
)


def write(path, header, rows):
    names = (HEADERS / header).read_text(encoding="utf-8").strip().split(",")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def export(folder):
    """Write both exports. Gives what was paid (number, currency, amount), and how many lines there are."""
    chance = random.Random(SEED)
    customers = [
        {
            "Customer ID": f"'70{number}", "First Name": "AYŞE", "Last Name": "Öz", "Email": f"Musteri{number}@Example.com",
            "Accepts Email Marketing": "yes" if number % 2 else "no", "Default Address Address1": "Gül Sok. 5",
            "Default Address City": CITIES[number % 4][1], "Default Address Country Code": "TR", "Note": TOKEN,
            "Default Address Province Code": ("TR-34", "TR-06", "TR-35", "TR-07")[number % 4], "Default Address Zip": "'34000",
        }
        for number in range(1, 9)
    ]  # fmt: skip
    customers.append({"Customer ID": "'799", "First Name": "Telefonla", "Phone": "'+905320001234"})
    emails = [f"musteri{number}@example.com" for number in range(1, 9)] * 2 + [
        "misafir@example.com",
        "Misafir@example.com",
    ]
    orders, paid = [], []
    for number, email in enumerate(emails, 1001):
        lines = [(chance.randint(1, 3), Decimal(chance.randint(100, 99999)) / 100) for _ in range(1 + number % 3)]
        products = sum(quantity * price for quantity, price in lines)
        total, currency = products + Decimal("29.90") - Decimal("10.00"), ("TRY", "USD", "EUR")[number % 3]
        financial, fulfilled, cancelled = STATES[number % 4]
        first = {
            "Email": email, "Financial Status": financial, "Fulfillment Status": fulfilled, "Cancelled at": cancelled,
            "Currency": currency, "Shipping": "29.90", "Total": total, "Discount Amount": "10.00", "Taxes": "1.00",
            "Created at": "2025-12-06 10:37:33 -0500", "Billing Name": "Can Öz", "Billing Street": "Gül Sok. 5",
            "Billing Zip": "'34000", "Payment Method": "iyzico", "Payment Reference": CARD, "Device ID": VISITOR, "Id": TOKEN,
        }  # fmt: skip
        for place, (quantity, price) in enumerate(lines):
            line = {
                "Lineitem quantity": quantity,
                "Lineitem name": "Nevresim",
                "Lineitem price": price,
                "Lineitem sku": "NVR-1",
            }
            orders.append({"Name": f"#{number}"} | line | (first if place == 0 else {}))
        paid.append((f"#{number}", currency.lower(), total))
    write(folder / "customers_export.csv", "customers_export_header.csv", customers)
    write(folder / "orders_export.csv", "orders_export_header.csv", orders)
    return paid, len(orders)


@contextmanager
def _exported(folder):
    paid, _ = export(folder)
    yield Offered({"LEGACY": str(folder)}, paid)


SHOPIFY = OfferedShop("shopify", "its exports of 2025", "CSV files", _exported)
