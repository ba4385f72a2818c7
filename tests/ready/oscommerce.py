"""osCommerce and Zen Cart: numbers of cards in the orders, prices without tax, options, metres, accounts that are gone."""

from __future__ import annotations

import hashlib
import random
from decimal import Decimal

from ready_shop import CARD, CITIES, DATA, TOKEN, VISITOR, Filling, Outcome, ReadyShop, email_of, name_of

RATES = {"TRY": Decimal("1.000000"), "USD": Decimal("0.031250"), "EUR": Decimal("0.028712")}
PASSWORD = hashlib.md5(b"1csifre").hexdigest() + ":1c"


def structure(file):
    return lambda: (DATA / file).read_text(encoding="utf-8", errors="replace") + ";\n" + CLEARED


CLEARED = "DELETE FROM customers; DELETE FROM customers_info; DELETE FROM address_book; DELETE FROM orders;\n"


def filling(is_zen):
    def fill(chance: random.Random, customers: int) -> Filling:
        shop = Filling()
        shop.add("countries", countries_id=900, countries_name="Turkey", countries_iso_code_2="TR", countries_iso_code_3="TUR",
                 address_format_id=1)  # fmt: skip
        for number in range(1, customers + 1):
            _person(shop, number, is_zen, chance)
        items = empty = lost = 0
        buyers = [(number, email_of(number)) for number in range(1, customers + 1) for _ in range(2)]
        for order, (customer, email) in enumerate([*buyers, (9999, "eski@example.com")], 1):
            lines = [(Decimal(chance.randint(1, 4)), Decimal(chance.randint(100, 99999)) / 100) for _ in range(2)]
            if order % 6 == 0:
                lines.append((Decimal(0), Decimal("9.00")))
            if is_zen and order % 5 == 0:
                lines.append((Decimal("2.5"), Decimal("44.95")))
            _order(shop, order, customer, email, lines, is_zen)
            for quantity, price in lines:
                items += 1
                _line(shop, items, order, quantity, price, is_zen)
            sold = sum(quantity != 0 for quantity, _ in lines)
            empty += len(lines) - sold
            lost += sold if customer == 9999 else 0
        shop.outcomes = {
            "user": Outcome(customers),
            "address": Outcome(customers),
            "order": Outcome(len(buyers) + 1, held=1),
            "order_item": Outcome(items, filtered=empty, held=lost),
        }
        return shop

    return fill


def _person(shop, number, is_zen, chance):
    own = {"customers_secret": TOKEN, "registration_ip": VISITOR, "last_login_ip": VISITOR} if is_zen else {}
    shop.add(
        "customers",
        customers_id=number, customers_gender="mf"[number % 2], customers_firstname=name_of(chance), customers_lastname="Öz",
        customers_dob="0001-01-01 00:00:00" if number % 3 == 0 else "1985-10-29 00:00:00",
        customers_email_address=email_of(number),
        customers_telephone=f"0532 000 {number:02} 99", customers_password="$P$B" + "a" * 30 if number % 4 == 0 else PASSWORD,
        customers_newsletter=str(number % 2), customers_default_address_id=number, **own,
    )  # fmt: skip
    unknown = {1: "0000-00-00 00:00:00", 2: "0001-01-01 00:00:00"}
    created = unknown.get(number, "2019-03-14 16:05:00")
    shop.add("customers_info", customers_info_id=number, customers_info_date_account_created=created)
    province, township = CITIES[number % len(CITIES)]
    shop.add(
        "address_book",
        address_book_id=number, customers_id=number, entry_firstname="Can", entry_lastname="Öz", entry_postcode="34000",
        entry_street_address="Gül Sok. 5 &amp; 7", entry_city=township, entry_state=province, entry_country_id=900,
        entry_zone_id=0,
    )  # fmt: skip


def _order(shop, order, customer, email, lines, is_zen):
    currency = list(RATES)[order % 3]
    net = sum((quantity * price for quantity, price in lines), Decimal(0))
    tax, shipping, coupon = net * Decimal("0.2"), Decimal("29.9000"), Decimal("10.0000")
    total = net + tax + shipping - coupon
    sides = {
        f"{side}_{name}": value
        for side in ("customers", "delivery", "billing")
        for name, value in {
            "name": "Can Öz", "street_address": "Gül Sok. 5", "city": "Kadıköy", "postcode": "34000", "country": "Turkey",
            "address_format_id": 1,
        }.items()
    }  # fmt: skip
    own = (
        {"payment_module_code": "cod", "shipping_module_code": "flat", "ip_address": VISITOR, "cc_cvv": "123"}
        if is_zen
        else {}
    )
    shop.add(
        "orders",
        orders_id=order, customers_id=customer, customers_email_address="" if order == 2 else email,
        customers_telephone="0532", **sides,
        payment_method="Credit Card", cc_type="VISA", cc_owner="Can Öz", cc_number=CARD, cc_expires="1230",
        date_purchased="2020-05-06 07:08:09", orders_status=1 + order % 3, currency=currency, currency_value=RATES[currency],
        **own,
    )  # fmt: skip
    values = {"ot_subtotal": net, "ot_tax": tax, "ot_shipping": shipping, "ot_coupon": coupon, "ot_total": total}
    for place, (kind, value) in enumerate(values.items()):
        row = {"orders_id": order, "title": kind, "text": f"{value} TL", "value": value, "sort_order": place}
        shop.add("orders_total", **{"class": kind}, **row)


def _line(shop, number, order, quantity, price, is_zen):
    own = {"products_prid": "40"} if is_zen else {}
    shop.add(
        "orders_products",
        orders_products_id=number, orders_id=order, products_id=40, products_model="NVR-1",
        products_name="Nevresim &quot;Ihlamur&quot;", products_price=price, final_price=price, products_tax="20.0000",
        products_quantity=quantity, **own,
    )  # fmt: skip
    shop.add(
        "orders_products_attributes",
        orders_id=order, orders_products_id=number, products_options="Renk", products_options_values="Mavi",
        options_values_price=0, price_prefix="+", **own,
    )  # fmt: skip


PAID = """
SELECT o.orders_id, lower(o.currency), ROUND(t.value * o.currency_value, 2)
FROM orders o JOIN orders_total t ON t.orders_id = o.orders_id AND t.class = 'ot_total'
JOIN customers c ON c.customers_id = o.customers_id
"""

OSCOMMERCE = ReadyShop(
    "oscommerce",
    "2.3.4.1",
    structure("oscommerce/oscommerce-2.3.4.1.sql"),
    filling(is_zen=False),
    PAID,
    has_guests=False,
)
ZENCART = ReadyShop(
    "zencart", "2", structure("zencart/mysql_zencart.sql"), filling(is_zen=True), PAID, has_guests=False
)
