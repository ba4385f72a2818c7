"""WooCommerce's REST API as a server on this machine: guests, refunds, bundles, coupons, several currencies."""

import random
from contextlib import contextmanager
from decimal import Decimal

from api_shops import KEY, SECRET, shop
from offered_shop import Offered, OfferedShop
from ready_shop import CARD, CITIES, NAMES, SEED, TOKEN, VISITOR

STATES = ("completed", "processing", "refunded", "cancelled", "on-hold")
STATE = ("TR34", "TR06", "TR35", "TR07")


SENT_BY = {"id": 3, "method_title": "Sabit", "method_id": "flat_rate", "total": "25.00"}


def place(number, **more):
    return {
        "first_name": NAMES[number % 8], "last_name": "Öz", "company": "", "address_1": "Gül Sok. 5", "address_2": "",
        "city": CITIES[number % 4][1], "state": STATE[number % 4], "postcode": "34000", "country": "TR", **more,
    }  # fmt: skip


def customer(number, role="customer"):
    email = f"Musteri{number}@Example.com"
    return {
        "id": number, "date_created": "2019-03-14T16:05:00", "email": email, "first_name": NAMES[number % 8], "last_name": "Öz",
        "role": role, "username": email, "billing": place(number, email=email, phone="0532 123 45 67"),
        "shipping": place(number, address_1="" if number % 2 else "Lale Cad. 7"), "is_paying_customer": True,
        "avatar_url": "https://example.com/a", "meta_data": [{"id": 1, "key": "session_tokens", "value": TOKEN}], "_links": {},
    }  # fmt: skip


def line(identity, quantity, net, **more):
    return {
        "id": identity, "name": "Nevresim &ndash; Kırmızı", "product_id": 93, "variation_id": 0, "quantity": quantity,
        "subtotal": f"{net * quantity:.2f}", "subtotal_tax": f"{net * quantity * Decimal('0.2'):.2f}", "total": "1.00",
        "total_tax": "0.20", "taxes": [], "meta_data": [], "sku": "" if identity % 3 else f"NVR-{identity}", "price": 3, **more,
    }  # fmt: skip


def order(number, user, email, chance, status=None, bundle=False):
    lines = [
        line(number * 10 + at, chance.randint(1, 3), Decimal(chance.randint(100, 9999)) / 100)
        for at in range(1 + number % 3)
    ]
    products = sum(Decimal(one["subtotal"]) + Decimal(one["subtotal_tax"]) for one in lines)
    if bundle:
        lines.append(line(number * 10 + 9, 1, Decimal(0), meta_data=[{"id": 5, "key": "_bundled_by", "value": "31"}]))
    lines[0]["meta_data"] = [
        {"id": 2095, "key": "pa_color", "value": "kırmızı"},
        {"id": 2096, "key": "_secret", "value": TOKEN},
    ]
    refunds = (
        [{"id": 1, "reason": "", "total": "-10.00"}, {"id": 2, "reason": "", "total": "-0.05"}]
        if number % 4 == 0
        else []
    )
    return {
        "id": number, "number": str(number), "order_key": TOKEN, "status": status or STATES[number % 5],
        "currency": ("TRY", "USD", "EUR")[number % 3], "date_created": "2020-05-06T07:08:09", "discount_total": "5.00",
        "discount_tax": "1.00", "shipping_total": "25.00", "shipping_tax": "5.00", "total": f"{products + 30 - 6:.2f}",
        "total_tax": "1.35", "customer_id": user, "customer_ip_address": VISITOR, "customer_note": "",
        "billing": place(number, email=email, phone=""), "shipping": place(number), "payment_method": "iyzico",
        "payment_method_title": "Kredi kartı", "transaction_id": CARD, "line_items": lines, "tax_lines": [],
        "shipping_lines": [] if number % 5 == 0 else [SENT_BY],
        "fee_lines": [], "coupon_lines": [], "refunds": refunds, "meta_data": [], "_links": {},
    }  # fmt: skip


def rows():
    """Customers and orders. A manager is no customer, a draft no order; the last two are of the manager, and of nobody."""
    chance = random.Random(SEED)
    customers = [*(customer(number) for number in range(1, 130)), customer(130, role="shop_manager")]
    orders = [
        order(1000 + at, at % 129 + 1, f"musteri{at % 129 + 1}@example.com", chance, bundle=at % 7 == 0)
        for at in range(240)
    ]
    orders += [
        order(1500, 0, "misafir@example.com", chance), order(1501, 0, "Misafir@Example.com ", chance),
        order(1502, 0, "MUSTERI3@example.com", chance), order(1503, 0, "x@example.com", chance, status="checkout-draft"),
        order(1504, 130, "musteri130@example.com", chance), order(1505, 999, "silinmis@example.com", chance),
    ]  # fmt: skip
    return customers, orders


@contextmanager
def serving():
    """The API with these rows."""
    customers, orders = rows()
    with shop("woocommerce", orders) as found:
        found.others["customers"] = customers
        yield found


def variables(api):
    return {"LEGACY": api.url.removesuffix("/orders"), "SHOP_LOGIN": f"{KEY}:{SECRET}"}


def paid():
    return [(str(one["id"]), one["currency"].lower(), Decimal(one["total"])) for one in rows()[1][:-3]]


@contextmanager
def _served(folder):
    with serving() as api:
        yield Offered(variables(api), paid())


WOOCOMMERCE_REST = OfferedShop("woocommerce-rest", "REST API v3", "API", _served)
