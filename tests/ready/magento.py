"""Magento 1 (EAV) and 2: variants beside their products, bundles, digests of every version, websites, times in UTC."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal

from ready_shop import (
    CARD,
    CITIES,
    DATA,
    TOKEN,
    VISITOR,
    Filling,
    Outcome,
    Raw,
    ReadyShop,
    email_of,
    name_of,
    structure_of,
)

SALES = structure_of("magento_sales.sql")
HEX32, HEX64 = "5f4dcc3b5aa765d61d8327deb882cf99", "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
DIGESTS = (f"{HEX64}:NIpU4Or6owS8GYRo:1", f"{HEX32}:aB:0", f"{HEX64}:saltsaltsaltsalt:2", f"{HEX64}:salt:0:1")
DIGESTS_1 = (f"{HEX64}:NIpU4Or6owS8GYRoVlnRPKJNj7tf0Tpl", f"{HEX32}:aB", HEX32)
STATUSES = ("pending", "processing", "complete", "closed", "canceled", "holded")


def real(name):
    """The customers' tables with two customers of their own, of whom nothing is kept here."""
    text = (DATA / "magento1" / name).read_text(encoding="utf-8")
    tables = ("customer_entity", "customer_address_entity")
    kinds = ("", "_varchar", "_int", "_datetime", "_text", "_decimal")
    return text + "".join(f";\nDELETE FROM {table}{kind}" for kind in kinds for table in tables) + ";\n"


def structure_2():
    return real("customer.dest.sql") + SALES.format(order="sales_order", shipment="sales_shipment")


def structure_1():
    return real("customer.source.sql") + SALES.format(order="sales_flat_order", shipment="sales_flat_shipment")


def flat_people(shop, number, email, place, chance):
    shop.add(
        "customer_entity",
        entity_id=number, website_id=1, email=email, is_active=0 if number == 3 else 1, firstname=name_of(chance), lastname="Öz",
        gender=number % 3, dob="1985-10-29", password_hash=DIGESTS[number % 4], rp_token=TOKEN,
        created_at="2019-03-14 21:05:00",
    )  # fmt: skip
    shop.add(
        "customer_address_entity",
        entity_id=number, parent_id=number, is_active=1, firstname="Can", lastname="Öz", street="Gül Sok. 5\nD: 7",
        city=place[1], region=place[0], country_id="TR", telephone="0532 000 12 34",
    )  # fmt: skip


ATTRIBUTES = {
    "customer_entity": {"firstname": "varchar", "lastname": "varchar", "password_hash": "varchar", "gender": "int",
                        "dob": "datetime", "rp_token": "varchar"},
    "customer_address_entity": {"firstname": "varchar", "lastname": "varchar", "street": "text", "city": "varchar",
                                "region": "varchar", "country_id": "varchar", "telephone": "varchar"},
}  # fmt: skip


def eav_people(shop, number, email, place, chance):
    created = "2019-03-14 21:05:00"
    shop.add(
        "customer_entity",
        entity_id=number, entity_type_id=1, attribute_set_id=0, website_id=1, email=email, group_id=1, store_id=1,
        created_at=created, updated_at=created, is_active=0 if number == 3 else 1,
    )  # fmt: skip
    shop.add(
        "customer_address_entity",
        entity_id=number, entity_type_id=2, attribute_set_id=0, parent_id=number, created_at=created, updated_at=created,
        is_active=1,
    )  # fmt: skip
    values = {
        "customer_entity": {
            "firstname": name_of(chance), "lastname": "Öz", "password_hash": DIGESTS_1[number % 3],
            "gender": number % 3, "dob": "1985-10-29 00:00:00", "rp_token": TOKEN,
        },
        "customer_address_entity": {
            "firstname": "Can", "lastname": "Öz", "street": "Gül Sok. 5\nD: 7", "city": place[1], "region": place[0],
            "country_id": "TR", "telephone": "0532 000 12 34",
        },
    }  # fmt: skip
    for table, kinds in ATTRIBUTES.items():
        for code, kind in kinds.items():
            entity = 1 if table == "customer_entity" else 2
            known = f"attribute_code = '{code}' AND entity_type_id = {entity}"
            attribute = Raw(f"(SELECT attribute_id FROM eav_attribute WHERE {known})")
            row = {
                "entity_type_id": entity,
                "attribute_id": attribute,
                "entity_id": number,
                "value": values[table][code],
            }
            shop.add(f"{table}_{kind}", **row)


def filling(people, order_table, shipment_table):
    def fill(chance: random.Random, customers: int) -> Filling:
        shop = Filling()
        for number in range(1, customers + 1):
            people(shop, number, email_of(number), CITIES[number % len(CITIES)], chance)
            status = 1 if number % 2 else 3
            shop.add(
                "newsletter_subscriber", customer_id=number, subscriber_status=status, subscriber_confirm_code=TOKEN
            )
        buyers = [(number, email_of(number)) for number in range(1, customers + 1) for _ in range(2)]
        guests = [
            (None, "Misafir@Example.com"),
            (None, "misafir@example.com "),
            (None, email_of(2)),
            (None, "baska@example.com"),
        ]
        left = items = skipped = lost = held = 0
        for order, (customer, email) in enumerate([*buyers, *guests, (9999, "eski@example.com")], 1):
            is_left = order % 9 == 0 and customer not in (None, 9999)
            lines: list[tuple[Decimal, Decimal, int | None]] = [
                (Decimal(chance.randint(1, 4)), Decimal(chance.randint(100, 999999)) / 100, None) for _ in range(2)
            ]
            lines.append(
                (Decimal("2.5000"), Decimal("44.9500"), None) if order % 5 == 0 else (Decimal(1), Decimal(0), 2)
            )
            total = _order(shop, order_table, order, customer, email, lines, is_left, chance)
            assert total
            for place, (quantity, price, parent) in enumerate(lines):
                items += 1
                _item(shop, f"{order_table}_item", items, order, quantity, price, parent and items - place + parent - 1)
            _beside(shop, order_table, shipment_table, order)
            parts = sum(parent is not None for *_, parent in lines)
            is_held = customer in (3, 9999)
            skipped += parts
            left += is_left
            held += is_held and not is_left
            lost += len(lines) - parts if is_left or is_held else 0
        shop.outcomes = {
            "user": Outcome(customers + 2, filtered=1),
            "address": Outcome(customers, held=1),
            "order": Outcome(len(buyers) + 5, filtered=left, held=held),
            "order_item": Outcome(items, filtered=skipped, held=lost),
        }
        return shop

    return fill


def _order(shop, table, order, customer, email, lines, is_left, chance):
    net = sum((quantity * price for quantity, price, parent in lines if parent is None), Decimal(0))
    shipping, discount = Decimal("29.9000"), Decimal("-10.0000")
    total = net + shipping + discount
    status = None if is_left else chance.choice(STATUSES)
    if status == "closed":
        shop.refunded[str(order)] = total.quantize(Decimal("0.01"), ROUND_HALF_UP)
    shop.add(
        table,
        entity_id=order, status=status, store_id=1, customer_id=customer, grand_total=total, discount_amount=discount,
        shipping_incl_tax=shipping, tax_amount=net / 6, total_refunded=total if status == "closed" else None,
        customer_is_guest=int(customer is None), increment_id=f"1000{order:05}", customer_firstname="Can",
        customer_email="" if order == 2 else email,
        customer_lastname="Öz", order_currency_code=("TRY", "USD", "EUR")[order % 3], remote_ip=VISITOR, x_forwarded_for=VISITOR,
        shipping_method="flatrate_flatrate", shipping_description="Kargo &amp; teslim", protect_code=TOKEN,
        created_at="2020-05-06 22:08:09",
    )  # fmt: skip
    return total


def _item(shop, table, number, order, quantity, price, parent):
    shop.add(
        table,
        item_id=number, order_id=order, parent_item_id=parent, product_type="simple", product_options=TOKEN, sku="NVR-1",
        name="Nevresim &quot;Ihlamur&quot;", qty_ordered=quantity, price=price, price_incl_tax=price, row_total=quantity * price,
        row_total_incl_tax=quantity * price,
    )  # fmt: skip


def _beside(shop, order_table, shipment_table, order):
    for kind in ("billing", "shipping"):
        place = {
            "firstname": "Can",
            "lastname": "Öz",
            "street": "Gül Sok. 5\nD: 7",
            "city": "Kadıköy",
            "country_id": "TR",
        }
        shop.add(f"{order_table}_address", parent_id=order, address_type=kind, **place)
    shop.add(
        f"{order_table}_payment", parent_id=order, method="checkmo", cc_number_enc=CARD, additional_information=TOKEN
    )
    shop.add(f"{shipment_table}_track", order_id=order, track_number=f"TR{order}", title="x", carrier_code="custom")


def paid(table):
    return f"""
SELECT o.entity_id, lower(o.order_currency_code), ROUND(o.grand_total, 2) FROM {table} o
WHERE o.status IS NOT NULL AND (o.customer_id IS NULL OR EXISTS (
  SELECT 1 FROM customer_entity c WHERE c.entity_id = o.customer_id AND c.is_active = 1))"""


MAGENTO_2 = ReadyShop(
    "magento-2", "2", structure_2, filling(flat_people, "sales_order", "sales_shipment"), paid("sales_order")
)
MAGENTO_1 = ReadyShop(
    "magento-1",
    "1.x",
    structure_1,
    filling(eav_people, "sales_flat_order", "sales_flat_shipment"),
    paid("sales_flat_order"),
    keeps_all_in_one_column=True,
)
