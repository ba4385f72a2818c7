"""PrestaShop: an account for each order of a guest, a guest who registered later, manufacturers' addresses, slips, wrapping."""

from __future__ import annotations

import random
from decimal import Decimal

from ready_shop import CARD, CITIES, DATA, TOKEN, VISITOR, Filling, Outcome, ReadyShop, email_of, name_of


def structure_16():
    """The install's own; its placeholders filled as the installer fills them."""
    text = (DATA / "prestashop" / "db_structure.sql").read_text(encoding="utf-8")
    return text.replace("PREFIX_", "ps_").replace("ENGINE_TYPE", "InnoDB").replace("COLLATION", "")


def structure_8():
    """What 8 has otherwise, in the tables that are read."""
    return (
        structure_16()
        + """;
ALTER TABLE ps_customer MODIFY passwd varchar(255) NOT NULL, MODIFY email varchar(255) NOT NULL,
  ADD reset_password_token varchar(40) DEFAULT NULL, ADD reset_password_validity datetime DEFAULT NULL;
ALTER TABLE ps_orders DROP shipping_number, ADD note text DEFAULT NULL;
ALTER TABLE ps_order_detail ADD product_isbn varchar(32) DEFAULT NULL, ADD total_refunded_tax_incl decimal(20,6) DEFAULT 0;
"""
    )


def filling(stored):
    """A way to fill a shop whose accounts have passwords made by `stored`."""

    def fill(chance: random.Random, customers: int) -> Filling:
        shop = Filling()
        for number, code in ((1, "TRY"), (2, "USD"), (3, "EUR")):
            shop.add("ps_currency", id_currency=number, name=code, iso_code=code, sign="x", conversion_rate=1)
        shop.add("ps_country", id_country=214, id_zone=1, iso_code="TR", display_tax_label=1)
        for number, (province, _) in enumerate(CITIES, 1):
            shop.add("ps_state", id_state=number, id_country=214, id_zone=1, name=province, iso_code="x")
        for number, name in enumerate(("Aras Kargo", "YURTİÇİ KARGO", "ptt kargo"), 1):
            shop.add("ps_carrier", id_carrier=number, id_reference=number, name=name)
        # Ids from 101 on are guests': one that comes twice, one who registered (customer 2), and one who comes once.
        guests = {101: "Misafir@Example.com", 102: "misafir@example.com ", 103: email_of(2), 104: "baska@example.com"}
        deleted = {3}
        people = {number: email_of(number) for number in range(1, customers + 1)} | guests
        for number, email in people.items():
            shop.add("ps_customer", **_customer(number, email, number in guests, number in deleted, stored, chance))
            shop.add("ps_address", **_address(number, number, chance))
        shop.add("ps_address", **_address(900, 0, chance))
        orders = [number for number in people for _ in range(2 if number < 100 else 1)]
        left = items = empty = lost = 0
        for order, customer in enumerate(orders, 1):
            is_left = order % 9 == 0 and customer not in guests
            lines = [(chance.randint(1, 4), Decimal(chance.randint(100, 99999999)) / 10000) for _ in range(2)]
            if order % 6 == 0:
                lines.append((0, Decimal("9.00")))
            shop.add("ps_orders", **_order(order, customer, lines, is_left))
            shop.add(
                "ps_order_carrier",
                id_order=order,
                id_carrier=1,
                tracking_number=f"TR{order}",
                date_add="2020-05-06 07:08:09",
            )
            payment = {
                "order_reference": f"R{order}",
                "id_currency": 1,
                "amount": 1,
                "payment_method": "x",
                "card_number": CARD,
            }
            shop.add(
                "ps_order_payment", **payment, card_holder="Can", transaction_id=TOKEN, date_add="2020-05-06 07:08:09"
            )
            if order % 7 == 0:
                shop.add("ps_order_slip", **_slip(order, customer))
                shop.refunded[str(order)] = Decimal("15.00")
            for quantity, price in lines:
                items += 1
                shop.add("ps_order_detail", **_detail(items, order, quantity, price))
            empty += sum(quantity == 0 for quantity, _ in lines)
            left += is_left
            lost += sum(quantity != 0 for quantity, _ in lines) if is_left or customer in deleted else 0
        held = sum(customer in deleted and order % 9 != 0 for order, customer in enumerate(orders, 1))
        shop.outcomes = {
            # Two of the guests' accounts are those of others.
            "user": Outcome(len(people), filtered=len(deleted) + 2),
            "address": Outcome(len(people) + 1, filtered=1, held=len(deleted)),
            "order": Outcome(len(orders), filtered=left, held=held),
            "order_item": Outcome(items, filtered=empty, held=lost),
        }
        return shop

    return fill


def _customer(number, email, is_guest, is_deleted, stored, chance):
    return {
        "id_customer": number, "id_gender": number % 3, "id_lang": 1, "firstname": name_of(chance)[:32], "lastname": "Öz",
        "email": email, "passwd": stored(number), "secure_key": TOKEN, "ip_registration_newsletter": VISITOR,
        "birthday": "0000-00-00" if number % 4 == 0 else "1985-10-29", "newsletter": number % 2, "active": 1,
        "is_guest": int(is_guest), "deleted": int(is_deleted), "date_upd": "2019-03-14 16:05:00",
        "date_add": "0000-00-00 00:00:00" if number == 1 else "2019-03-14 16:05:00",
    }  # fmt: skip


def _address(number, customer, chance):
    place = number % len(CITIES)
    return {
        "id_address": number, "id_country": 214, "id_state": place + 1, "id_customer": customer,
        "id_manufacturer": 0 if customer else 1, "alias": "Evim", "firstname": name_of(chance)[:32], "lastname": "Öz",
        "address1": "Gül Sok. 5", "address2": "D: 7", "city": CITIES[place][1], "phone_mobile": "0532 000 12 34",
        "date_add": "2019-03-14 16:05:00", "date_upd": "2019-03-14 16:05:00",
    }  # fmt: skip


def _order(order, customer, lines, is_left):
    products = sum(quantity * price for quantity, price in lines)
    shipping, discount, wrapping = Decimal("29.900000"), Decimal("10.000000"), Decimal("4.500000")
    total = products + shipping - discount + wrapping
    return {
        "id_order": order, "reference": f"R{order}", "id_carrier": 1 + order % 3, "id_lang": 1, "id_customer": customer,
        "id_cart": order, "id_currency": 1 + order % 3, "id_address_delivery": customer, "id_address_invoice": customer,
        "current_state": 0 if is_left else 1 + order % 12, "secure_key": TOKEN, "payment": "Havale &amp; EFT",
        "module": "bankwire",
        "total_discounts_tax_incl": discount, "total_paid": total, "total_paid_tax_incl": total,
        "total_paid_tax_excl": (total / Decimal("1.2")).quantize(Decimal("0.000001")), "total_shipping_tax_incl": shipping,
        "total_wrapping_tax_incl": wrapping, "invoice_date": "0000-00-00 00:00:00", "delivery_date": "0000-00-00 00:00:00",
        "date_add": "2020-05-06 07:08:09", "date_upd": "2020-05-06 07:08:09",
    }  # fmt: skip


def _detail(number, order, quantity, price):
    return {
        "id_order_detail": number, "id_order": order, "id_shop": 1, "product_id": 40, "product_name": "Nevresim - Beden : 42",
        "product_quantity": quantity, "product_reference": "NVR-1", "product_weight": 0, "tax_name": "KDV",
        "unit_price_tax_incl": price, "total_price_tax_incl": price * quantity, "download_hash": TOKEN,
    }  # fmt: skip


def _slip(order, customer):
    return {
        "id_customer": customer, "id_order": order, "amount": "12.50", "shipping_cost_amount": "2.50", "partial": 1,
        "date_add": "2020-06-06 07:08:09", "date_upd": "2020-06-06 07:08:09",
    }  # fmt: skip


PAID = """
SELECT o.id_order, lower(m.iso_code), ROUND(o.total_paid_tax_incl, 2)
FROM ps_orders o JOIN ps_currency m USING (id_currency) JOIN ps_customer c USING (id_customer)
WHERE o.current_state <> 0 AND c.deleted = 0
"""

PRESTASHOP_16 = ReadyShop("prestashop-1.6", "1.6", structure_16, filling(lambda number: f"{number:032x}"), PAID)
PRESTASHOP_8 = ReadyShop(
    "prestashop-8",
    "8",
    structure_8,
    filling(lambda number: f"{number:032x}" if number % 3 else "$2y$10$" + "a" * 53),
    PAID,
)
