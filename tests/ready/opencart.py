"""OpenCart: accounts with three kinds of passwords, guests, checkouts that were left, several currencies, vouchers, coupons."""

from __future__ import annotations

import hashlib
import json
import random
from decimal import Decimal

from ready_shop import CARD, CITIES, DATA, TOKEN, VISITOR, Filling, Outcome, ReadyShop, email_of, name_of

RATES = {"TRY": Decimal("1.00000000"), "USD": Decimal("0.03125000"), "EUR": Decimal("0.02871234")}
STATUSES = (1, 2, 3, 5, 7, 11)
CARRIERS = ("flat.flat", "aras.aras", "yurtici.yurtici", "free.free")
PAYMENTS = ("cod", "bank_transfer", "iyzico")


def sha1(text):
    return hashlib.sha1(text.encode()).hexdigest()


def password(number):
    """Salted sha1 of sha1 of sha1; each fifth account is from a time of plain md5."""
    if number % 5 == 0:
        return hashlib.md5(b"sifre").hexdigest(), ""
    return sha1("salt" + sha1("salt" + sha1("sifre"))), "salt"


def fill(chance: random.Random, customers: int) -> Filling:
    shop = Filling()
    closed = {3}
    for number in range(1, customers + 1):
        stored, salt = password(number)
        shop.add(
            "oc_customer",
            customer_id=number, customer_group_id=1, language_id=1, firstname=name_of(chance), lastname=name_of(chance),
            email=email_of(number), telephone=f"0532 000 {number:02} 99", fax="", password=stored, salt=salt,
            newsletter=number % 2, custom_field="", ip=VISITOR, status=0 if number in closed else 1, safe=0, token=TOKEN,
            code=TOKEN, date_added="0000-00-00 00:00:00" if number == 1 else "2019-03-14 16:05:00",
        )  # fmt: skip
        city = CITIES[number % len(CITIES)]
        shop.add(
            "oc_address",
            address_id=number, customer_id=number, firstname=name_of(chance), lastname="Öz", company="",
            address_1="G&uuml;l Sok. <b>No: 5</b>", address_2=f"D: {number}", city=city[1], postcode="34000",
            country_id=215, zone_id=3315 + PROVINCES.index(city[0]), custom_field='{"1":"1234567890"}',
        )  # fmt: skip
    # An address of an account that was deleted.
    shop.add(
        "oc_address",
        address_id=customers + 1, customer_id=9999, firstname="Eski", lastname="Hesap", company="", address_1="x",
        address_2="", city="Konak", postcode="", country_id=215, zone_id=3354, custom_field="",
    )  # fmt: skip
    _orders(shop, chance, customers, closed)
    return shop


# Zone ids of the install SQL begin with Adana, 3315, in the order of the plates' names.
PROVINCES = (
    "Adana", "Adıyaman", "Afyonkarahisar", "Ağrı", "Aksaray", "Amasya", "Ankara", "Antalya", "Ardahan", "Artvin", "Aydın",
    "Balıkesir", "Bartın", "Batman", "Bayburt", "Bilecik", "Bingöl", "Bitlis", "Bolu", "Burdur", "Bursa", "Çanakkale",
    "Çankırı", "Çorum", "Denizli", "Diyarbakır", "Düzce", "Edirne", "Elazığ", "Erzincan", "Erzurum", "Eskişehir",
    "Gaziantep", "Giresun", "Gümüşhane", "Hakkari", "Hatay", "Iğdır", "Isparta", "İstanbul", "İzmir",
)  # fmt: skip


def _orders(shop, chance, customers, closed):
    """Per customer two orders; then guests (one of them a customer, two orders of one e-mail), and deleted accounts."""
    buyers = [(number, email_of(number)) for number in range(1, customers + 1) for _ in range(2)]
    guests = [(0, "Misafir@Example.com"), (0, "misafir@example.com "), (0, email_of(2)), (0, "baska@example.com")]
    deleted = [(9999, "eski@example.com")]
    left = items = 0
    lost_items = held_items = empty = 0
    for order, (customer, email) in enumerate([*buyers, *guests, *deleted], 1):
        is_left = order % 9 == 0 and customer not in (0, 9999)
        currency = list(RATES)[order % 3]
        lines = [(chance.randint(1, 4), Decimal(chance.randint(1, 99999)) / 100) for _ in range(chance.randint(1, 3))]
        if order % 8 == 0:
            lines.append((0, Decimal("5.00")))
        net = sum((quantity * price for quantity, price in lines), Decimal(0))
        tax = sum((quantity * _tax(price) for quantity, price in lines), Decimal(0))
        shipping, coupon, voucher = Decimal("29.9000"), Decimal("10.0000"), Decimal("50.0000")
        has_voucher = order % 6 == 0
        totals = {"sub_total": net, "tax": tax, "shipping": shipping, "coupon": -coupon}
        total = sum(totals.values()) + (voucher if has_voucher else 0)
        for place, (code, value) in enumerate({**totals, "total": total}.items()):
            shop.add("oc_order_total", order_id=order, code=code, title=code, value=value, sort_order=place)
        shop.add("oc_order", **_order(order, customer, email, total, currency, is_left, chance))
        for quantity, price in lines:
            items += 1
            shop.add(
                "oc_order_product",
                order_product_id=items, order_id=order, product_id=40, name="Nevresim &quot;Ihlamur&quot;", model="NVR-1",
                quantity=quantity, price=price, total=price * quantity, tax=_tax(price), reward=0,
            )  # fmt: skip
            shop.add(
                "oc_order_option",
                order_id=order, order_product_id=items, product_option_id=1, product_option_value_id=1, name="Renk",
                value="Mavi &amp; Beyaz", type="select",
            )  # fmt: skip
        if has_voucher:
            shop.add("oc_order_voucher", **_voucher(order, voucher))
        zero = sum(quantity == 0 for quantity, _ in lines)
        sold = len(lines) - zero + has_voucher
        empty += zero
        left += is_left
        held = customer in closed or customer == 9999
        lost_items += sold if is_left or held else 0
        held_items += sold if held and not is_left else 0
    orders = len(buyers) + 5
    held_orders = 1 + sum(1 for order, (customer, _) in enumerate(buyers, 1) if customer in closed and order % 9)
    vouchers = len(shop.rows.get("oc_order_voucher", ()))
    shop.outcomes = {
        # Two guests' e-mails are new: the third order is that of a customer.
        "user": Outcome(customers + 2, filtered=len(closed)),
        "address": Outcome(customers + 1, filtered=1, held=len(closed)),
        "order": Outcome(orders, filtered=left, held=held_orders),
        "order_item": Outcome(items + vouchers, filtered=empty, held=lost_items),
    }


def _tax(price):
    return (price * Decimal("0.18")).quantize(Decimal("0.0001"))


def _order(order, customer, email, total, currency, is_left, chance):
    person = {"firstname": name_of(chance), "lastname": "Öz"}
    place = {
        "company": "", "address_1": "Gül Sok. &lt;b&gt;5&lt;/b&gt;", "address_2": "", "city": "Kadıköy", "postcode": "34000",
        "country": "Turkey", "country_id": 215, "zone": "İstanbul", "zone_id": 3354, "address_format": "", "custom_field": "",
    }  # fmt: skip
    sides = {f"{side}_{name}": value for side in ("payment", "shipping") for name, value in {**person, **place}.items()}
    return {
        "order_id": order, "invoice_prefix": "INV", "store_name": "x", "store_url": "http://x", "customer_id": customer,
        **person, "email": "" if order == 2 else email, "telephone": "0532", "fax": "", "custom_field": "", **sides,
        "payment_method": "Kapıda &amp; nakit", "payment_code": chance.choice(PAYMENTS), "shipping_method": "Kargo",
        "shipping_code": chance.choice(CARRIERS), "comment": f"kart {CARD}", "total": total,
        "order_status_id": 0 if is_left else chance.choice(STATUSES), "affiliate_id": 0, "commission": 0, "marketing_id": 0,
        "tracking": "", "language_id": 1, "currency_id": 1, "currency_code": currency, "currency_value": RATES[currency],
        "ip": VISITOR, "forwarded_ip": VISITOR, "user_agent": "x", "accept_language": "tr",
        "date_added": "2020-05-06 07:08:09", "date_modified": "0000-00-00 00:00:00",
    }  # fmt: skip


def _voucher(order, amount):
    return {
        "order_id": order, "voucher_id": 1, "description": "Hediye &amp; çek", "code": TOKEN[:10], "from_name": "a",
        "from_email": "a@example.com", "to_name": "b", "to_email": "b@example.com", "voucher_theme_id": 1,
        "message": "", "amount": amount,
    }  # fmt: skip


def structure(version):
    return lambda: (DATA / "opencart" / f"opencart-{version}.sql").read_text(encoding="utf-8")


PAID = """
SELECT o.order_id, lower(o.currency_code), ROUND(o.total * o.currency_value, 2)
FROM oc_order o
WHERE o.order_status_id <> 0
  AND (o.customer_id = 0 OR EXISTS (SELECT 1 FROM oc_customer c WHERE c.customer_id = o.customer_id AND c.status = 1))
ORDER BY o.order_id
"""


def older(shop: Filling) -> None:
    """What 1.5 has not, and has instead."""
    for row in shop.rows["oc_customer"]:
        row["approved"] = 1
        for name in ("language_id", "custom_field", "safe", "code"):
            del row[name]
    for row in shop.rows["oc_address"]:
        row |= {"company_id": "", "tax_id": "1234567890"}
        del row["custom_field"]
    for row in shop.rows["oc_order"]:
        row |= {"payment_company_id": "", "payment_tax_id": ""}
        for name in ("custom_field", "payment_custom_field", "shipping_custom_field", "marketing_id", "tracking"):
            del row[name]
    for row in shop.rows["oc_order_total"]:
        row["text"] = f"{row['value']} TL"


def approved(shop: Filling) -> None:
    for row in shop.rows["oc_customer"]:
        row["approved"] = 1


def newer(shop: Filling) -> None:
    """What 4 has instead: bcrypt, and ways of payment and delivery as JSON."""
    for row in shop.rows["oc_customer"]:
        del row["salt"], row["fax"]
        row["password"] = "$2y$10$" + "a" * 53 if len(str(row["password"])) == 40 else row["password"]
    for row in shop.rows["oc_order"]:
        for kind in ("payment", "shipping"):
            code = str(row.pop(f"{kind}_code"))
            code = code if "." in code else f"{code}.{code}"
            row[f"{kind}_method"] = json.dumps({"name": row[f"{kind}_method"], "code": code})
        del row["fax"]


def changed(change):
    def filled(chance: random.Random, customers: int) -> Filling:
        shop = fill(chance, customers)
        change(shop)
        return shop

    return filled


def structure_4():
    """The tables of 3 with what 4 changed in those that are read; its own install makes them in PHP."""
    return (
        structure("3.0.3.8")()
        + """;
ALTER TABLE oc_customer DROP salt, DROP fax, MODIFY password varchar(255) NOT NULL;
ALTER TABLE oc_order MODIFY payment_method text NOT NULL, MODIFY shipping_method text NOT NULL, DROP payment_code,
  DROP shipping_code, DROP fax;
"""
    )


OPENCART_15 = ReadyShop("opencart-1.5", "1.5.6.4", structure("1.5.6.4"), changed(older), PAID)
OPENCART_23 = ReadyShop("opencart-2.3", "2.3.0.2", structure("2.3.0.2"), changed(approved), PAID)
OPENCART_3 = ReadyShop("opencart-3", "3.0.3.8", structure("3.0.3.8"), fill, PAID)
OPENCART_4 = ReadyShop("opencart-4", "4.0.2", structure_4, changed(newer), PAID)
