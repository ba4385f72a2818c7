"""Write the sample shop: four CSV files as a Turkish OpenCart 3 shop would export them, with the dirt of real exports.

Everything is invented. The same seed gives the same bytes: `python generate.py` rewrites the files beside it.
The dirt is put in by dirt.py; README.md tells of it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import random
from bisect import bisect
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from dirt import Row, dirty
from pools import COMMENTS, COMPANIES, FIRST_NAMES, LAST_NAMES, PAYMENTS, PLACES, PRODUCTS, SHIPPINGS, STATUSES, STREETS

SEED = 20240314
ENCODING = "windows-1254"
CUSTOMERS, ADDRESSES, ORDERS = 300, 400, 800
MD5_ACCOUNTS = 12
TEST_PASSWORD = "Deneme-1234"  # noqa: S105  (documented: README.md)
VAT_CHANGED = datetime(2023, 7, 10)

ASCII = str.maketrans("çğıöşüÇĞİÖŞÜ", "cgiosuCGIOSU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=Path(__file__).parent, help="folder to write into")
    folder = parser.parse_args().to
    for name, rows in shop(random.Random(SEED)).items():
        (folder / f"{name}.csv").write_bytes(as_csv(rows))


def shop(rng: random.Random) -> dict[str, list[Row]]:
    customers = [customer(rng, number) for number in range(1, CUSTOMERS + 1)]
    clean = [dict(row) for row in customers]  # orders keep what was typed at the time, not what the account holds now
    dirty(rng, customers, "customers", first=MD5_ACCOUNTS + 1, key="customer_id")
    addresses = make_addresses(rng, customers, clean)
    orders = make_orders(rng, clean, addresses)
    lines = make_lines(rng, orders)
    add_totals(rng, orders, lines)
    dirty(rng, addresses, "addresses", first=21, key="address_id")
    dirty(rng, orders, "orders", first=1002, key="order_id")
    dirty(rng, lines, "order_lines", first=10, key="order_product_id")
    return {"customers": customers, "addresses": addresses, "orders": orders, "order_lines": lines}


# --- the clean shop


def customer(rng: random.Random, number: int) -> Row:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    email = f"{first}.{last}{number}@{rng.choice(('example.com', 'example.net', 'example.org'))}".translate(
        ASCII
    ).lower()
    password = f"{rng.getrandbits(64):016x}"
    if number == 1:
        first, last, email, password = "Test", "Müşteri", "test.musteri@example.com", TEST_PASSWORD
    salt = "" if number <= MD5_ACCOUNTS else f"{rng.getrandbits(36):09x}"
    return {
        "customer_id": str(number),
        "customer_group_id": "1",
        "store_id": "0",
        "language_id": "2",
        "firstname": first,
        "lastname": last,
        "email": email,
        "telephone": mobile(rng),
        "fax": "",
        "password": stored_password(password, salt),
        "salt": salt,
        "newsletter": rng.choice("01"),
        "address_id": "0",
        "ip": f"192.0.2.{rng.randint(1, 254)}",
        "status": "1",
        "safe": "0",
        "date_added": turkish_date(joined(rng, number)),
    }


def stored_password(password: str, salt: str) -> str:
    """What OpenCart keeps: in its early versions md5 without a salt, up to version 3 a SHA-1 of salts and SHA-1s."""
    if not salt:
        return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
    digest = sha1(password)
    return sha1(salt + sha1(salt + digest))


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def joined(rng: random.Random, number: int) -> datetime:
    """Accounts were opened in the order of their numbers, a fortnight apart or so."""
    return datetime(2010, 3, 14, 16, 5) + timedelta(
        days=16 * (number - 1), minutes=rng.randint(0, 1200) if number > 1 else 0
    )


def mobile(rng: random.Random) -> str:
    """A Turkish mobile number as people type it; subscriber numbers 000 xxxx, so that nobody's telephone rings."""
    pattern = rng.choice(("0{} 000 {} {}", "+90 {} 000 {} {}", "{}000{}{}", "0({}) 000 {} {}", "90{}000{}{}"))
    return pattern.format(rng.choice(("532", "542", "505", "555")), f"{rng.randint(10, 99)}", f"{rng.randint(10, 99)}")


def make_addresses(rng: random.Random, customers: list[Row], clean: list[Row]) -> list[Row]:
    """One address for nearly every customer, a second or third for some; e-mail and phone are the account's."""
    without = set(rng.sample(range(1, CUSTOMERS), 20))
    owners = [index for index in range(CUSTOMERS) if index not in without]
    owners += rng.choices(owners, k=ADDRESSES - len(owners))
    addresses = []
    for number, owner in enumerate(sorted(owners), start=1):
        addresses.append(address(rng, number, customers[owner], clean[owner]))
        customers[owner]["address_id"] = str(number)
    return addresses


def address(rng: random.Random, number: int, account: Row, person: Row) -> Row:
    province, townships = rng.choice(PLACES)
    company = rng.choice(COMPANIES) if rng.random() < 0.2 else ""
    return {
        "address_id": str(number),
        "customer_id": account["customer_id"],
        "customer_email": account["email"],
        "customer_telephone": account["telephone"],
        "firstname": person["firstname"],
        "lastname": person["lastname"],
        "company": company,
        "tax_no": f"{rng.randint(10**9, 10**10 - 1)}" if company else "",
        "tax_office": townships[0] if company else "",
        "address_1": f"{rng.choice(STREETS)} No: {rng.randint(1, 180)}",
        "address_2": f"Kat {rng.randint(1, 9)} D: {rng.randint(1, 30)}" if rng.random() < 0.4 else "",
        "city": rng.choice(townships),
        "postcode": f"{rng.randint(1, 81):02}{rng.randint(0, 99):02}0",
        "zone": province,
        "country": "Türkiye",
    }


def make_orders(rng: random.Random, clean: list[Row], addresses: list[Row]) -> list[Row]:
    homes = {one["customer_id"]: one for one in addresses}
    buyers = [person for person in clean if person["customer_id"] in homes][1:]  # the test customer has one order
    moments = sorted(datetime(2015, 1, 2) + timedelta(minutes=rng.randint(0, 4_900_000)) for _ in range(ORDERS - 1))
    orders = [order(rng, 1001, clean[0], homes["1"], datetime(2010, 4, 2, 10, 30))]
    since = [as_date(person["date_added"]) for person in buyers]
    for number, moment in enumerate(moments, start=1002):
        person = buyers[rng.randrange(bisect(since, moment))]
        orders.append(order(rng, number, person, homes[person["customer_id"]], moment))
    return orders


def order(rng: random.Random, number: int, person: Row, home: Row, moment: datetime) -> Row:
    payment_method, payment_code = rng.choice(PAYMENTS)
    shipping_method, shipping_code = rng.choice(SHIPPINGS)
    status = "5" if number == 1001 else rng.choice(STATUSES)
    sent = status in ("3", "5")
    parts = ("firstname", "lastname", "company", "address_1", "address_2", "city", "postcode", "zone", "country")
    return {
        "order_id": str(number),
        "invoice_no": str(number - 900) if sent else "0",
        "invoice_prefix": f"INV-{moment.year}-00",
        "customer_id": person["customer_id"],
        "firstname": person["firstname"],
        "lastname": person["lastname"],
        "email": person["email"],
        "telephone": person["telephone"],
        **{f"payment_{part}": home[part] for part in parts},
        "payment_method": payment_method,
        "payment_code": payment_code,
        **{f"shipping_{part}": home[part] for part in parts},
        "shipping_method": shipping_method,
        "shipping_code": shipping_code,
        "comment": rng.choice(COMMENTS),
        "total": "",
        "discount": "",
        "order_status_id": status,
        "tracking": f"{rng.randint(10**11, 10**12 - 1)}" if sent else "",
        "currency_code": "TRY",
        "currency_value": "1,00000000",
        "date_added": turkish_date(moment),
        "date_modified": turkish_date(moment + timedelta(days=rng.randint(0, 9))),
    }


def make_lines(rng: random.Random, orders: list[Row]) -> list[Row]:
    lines: list[Row] = []
    for one in orders:
        count = 2 if one["order_id"] == "1001" else rng.choices((1, 2, 3, 4, 6), (22, 34, 24, 14, 6))[0]
        for name, model, gross in rng.sample(PRODUCTS, count):
            lines.append(line(rng, len(lines) + 1, one, (name, model, gross)))
    return lines


def line(rng: random.Random, number: int, one: Row, product: tuple[str, str, str]) -> Row:
    """OpenCart keeps the net price and the tax of one piece; the two together are the price in the shop's window."""
    name, model, gross_text = product
    gross, quantity = Decimal(gross_text), rng.choices((1, 2, 3, 12), (80, 14, 5, 1))[0]
    vat = Decimal("1.20") if as_date(one["date_added"]) >= VAT_CHANGED else Decimal("1.18")
    net = (gross / vat).quantize(Decimal("0.01"))
    return {
        "order_product_id": str(number),
        "order_id": one["order_id"],
        "product_id": str(40 + PRODUCTS.index(product)),
        "name": name,
        "model": model,
        "quantity": str(quantity),
        "price": turkish_money(net),
        "total": turkish_money(net * quantity),
        "tax": turkish_money(gross - net),
    }


def add_totals(rng: random.Random, orders: list[Row], lines: list[Row]) -> None:
    """An order's total is its lines with tax, less the coupon, plus the carriage."""
    goods = dict.fromkeys((one["order_id"] for one in orders), Decimal())
    for one in lines:
        goods[one["order_id"]] += (as_money(one["price"]) + as_money(one["tax"])) * int(one["quantity"])
    for one in orders:
        amount = goods[one["order_id"]]
        discount = (amount / 10).quantize(Decimal("0.01")) if rng.random() < 0.15 else Decimal()
        carriage = Decimal() if amount >= 500 else Decimal("29.90")
        one["discount"] = turkish_money(discount) if discount else ""
        one["total"] = turkish_money(amount - discount + carriage)


# --- how the export writes things


def turkish_date(moment: datetime) -> str:
    return moment.strftime("%d.%m.%Y %H:%M")


def as_date(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y %H:%M")


def turkish_money(amount: Decimal) -> str:
    """1299.9 is '1.299,90'."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def as_money(text: str) -> Decimal:
    return Decimal(text.replace(".", "").replace(",", "."))


def as_csv(rows: list[Row]) -> bytes:
    """CSV as a desktop client exports it for Turkish Excel: semicolons, CRLF, windows-1254."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return text.getvalue().replace("\0", ";").encode(ENCODING)


if __name__ == "__main__":
    main()
