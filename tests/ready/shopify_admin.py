"""Shopify's Admin API as a server on this machine, and its answers saved as files: guests, refunds, parcels, currencies."""

import json
import random
from contextlib import contextmanager
from decimal import Decimal

from api_shops import TOKEN as ADMITTED
from api_shops import shop
from offered_shop import Offered, OfferedShop
from ready_shop import CARD, CITIES, NAMES, SEED, TOKEN, VISITOR

STATES = (
    ("paid", "fulfilled", None),
    ("refunded", "fulfilled", None),
    ("pending", None, None),
    ("paid", None, "2020-05-07T10:00:00Z"),
)
PROVINCES = ("TR-34", "TR-06", "TR-35", "TR-07")


def place(number, **more):
    return {
        "id": 900 + number, "first_name": None, "last_name": None, "name": "Can Öz", "company": None, "address1": "Gül Sok. 5",
        "address2": "", "city": CITIES[number % 4][1], "province": CITIES[number % 4][0], "province_code": PROVINCES[number % 4],
        "zip": "34000", "country": "Turkey", "country_code": "TR", "phone": None, **more,
    }  # fmt: skip


def customer(number):
    return {
        "id": 7000 + number, "email": f"Musteri{number}@Example.com", "first_name": NAMES[number % 8], "last_name": "Öz",
        "phone": "+905321234567", "created_at": "2019-03-14T13:05:00+00:00", "accepts_marketing": number % 2 == 0,
        "multipass_identifier": TOKEN, "addresses": [place(number), place(number + 500, address1="")],
        "default_address": place(number),
    }  # fmt: skip


FAILED_PARCEL = ("cancelled", "error", "failure")


def refunds(financial):
    """What was paid back, beside what was tried in vain, what is not settled, and what was no refund at all."""
    tried = [
        {"id": 10 + at, "kind": "refund", "status": status, "amount": "700.00"}
        for at, status in enumerate(("failure", "error", "pending"))
    ]
    freed = {"id": 20, "kind": "void", "status": "success", "amount": "70.00"}
    if financial == "paid":
        return [{"id": 2, "transactions": [*tried, freed]}]
    paid_back = {"kind": "refund", "status": "success"}
    given = [{"id": 2, "amount": "10.00", **paid_back}, {"id": 3, "amount": "0.05", **paid_back}]
    return [{"id": 1, "transactions": [tried[0], *given, freed]}] if financial == "refunded" else []


def order(number, person, email, chance):
    lines = [
        {
            "id": number * 10 + at, "title": "Nevresim", "variant_title": "Kırmızı" if at else None,
            "sku": f"NVR-{at}" if at else "",
            "product_id": 93, "quantity": chance.randint(1, 3), "price": f"{Decimal(chance.randint(100, 99999)) / 100}",
        }
        for at in range(1 + number % 3)
    ]  # fmt: skip
    products = sum(Decimal(one["price"]) * one["quantity"] for one in lines)
    financial, fulfilled, cancelled = STATES[number % 4]
    parcel = {"tracking_company": "Yurtiçi Kargo", "tracking_number": f"00{number}", "status": "success"}
    lost = {"tracking_company": "Aras Kargo", "tracking_number": "LOST", "status": FAILED_PARCEL[number % 3]}
    return {
        "id": number, "name": f"#{number}", "email": email, "created_at": "2025-12-06T10:37:33-05:00", "cancelled_at": cancelled,
        "financial_status": financial, "fulfillment_status": fulfilled, "currency": ("TRY", "USD", "EUR")[number % 3],
        "total_price": f"{products + Decimal('29.90') - 10}", "total_tax": "1.00", "total_discounts": "10.00",
        "total_shipping_price_set": {"shop_money": {"amount": "29.90", "currency_code": "TRY"}}, "phone": None,
        "payment_gateway_names": ["iyzico"] if number % 5 else [], "customer": person and {"id": person, "email": email},
        "billing_address": place(number), "shipping_address": place(number) if number % 2 else None, "line_items": lines,
        "shipping_lines": [{"title": "Sabit"}], "fulfillments": [lost, parcel] if fulfilled else [lost], "token": TOKEN,
        "browser_ip": VISITOR,
        "refunds": refunds(financial), "payment_details": {"credit_card_number": CARD},
    }  # fmt: skip


def rows():
    """Customers and orders. Who has no e-mail is no user; the last order is of somebody who was deleted."""
    chance = random.Random(SEED)
    customers = [*map(customer, range(1, 61)), {"id": 7999, "email": None, "first_name": "Telefonla", "addresses": []}]
    orders = [order(1001 + at, 7001 + at % 60, f"musteri{at % 60 + 1}@example.com", chance) for at in range(130)]
    orders += [
        order(1500, None, "misafir@example.com", chance), order(1501, None, "Misafir@Example.com", chance),
        order(1502, None, "MUSTERI3@example.com", chance), order(1503, 9999, "silinmis@example.com", chance),
    ]  # fmt: skip
    return customers, orders


@contextmanager
def serving():
    """The API with these rows."""
    customers, orders = rows()
    with shop("shopify", orders) as found:
        found.others |= {"customers.json": customers, "orders.json": orders}
        yield found


def variables(api):
    return {"LEGACY": api.url.removesuffix("/orders"), "SHOP_TOKEN": ADMITTED}


def save(folder):
    """The API's answers as somebody saves them: one file a page."""
    for name, found in zip(("customers", "orders"), rows(), strict=True):
        for page, start in enumerate(range(0, len(found), 50), 1):
            document = {name: found[start : start + 50]}
            (folder / f"{name}-{page}.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def paid():
    return [(one["name"], one["currency"].lower(), Decimal(one["total_price"])) for one in rows()[1][:-1]]


@contextmanager
def _served(folder):
    with serving() as api:
        yield Offered(variables(api), paid())


@contextmanager
def _saved(folder):
    save(folder)
    yield Offered({"LEGACY": str(folder)}, paid())


SHOPIFY_ADMIN = OfferedShop("shopify-admin", "2024-10", "API", _served)
SHOPIFY_JSON = OfferedShop("shopify-json", "2024-10", "JSON files", _saved)
