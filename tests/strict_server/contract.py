"""What the contract says of each record's fields. `complaints` gives field -> what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

TYPES = ("user", "address", "order", "order_item")
STATUSES = [str(code) for code in (50, 100, 200, 300, 350, 400, 450, 500, 510, 520, 540, 544, 545, 546, 547, 550, 600)]
DJANGO_ALGORITHMS = {"md5": 32, "sha1": 40, "sha256": 64}
PLACES = {"türkiye": {"istanbul": {"kadıköy", "üsküdar", "beşiktaş"}, "ankara": {"çankaya"}, "izmir": {"konak"}}}
"""Country, its cities, their townships: enough for the shops of the tests."""


@dataclass(frozen=True)
class Field:
    """good(value) is whether a value that is there is right; `must` it be there, may it be `null`."""

    good: object
    must: bool = True
    null: bool = False


def words(longest=None, empty=False):
    return lambda value: (
        isinstance(value, str) and (empty or value.strip() != "") and (longest is None or len(value) <= longest)
    )


def matching(pattern, read=lambda text: None):
    def good(value):
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            return False
        try:
            read(value)
        except ValueError:
            return False
        return True

    return good


def one_of(*values):
    return lambda value: isinstance(value, str) and value in values


def truth(value):
    return isinstance(value, bool)


def whole(value):
    """An integer of 1 or more; True is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def money(value):
    """At most 12 digits, 2 of them decimals, as they stand in the file: numbers come as int and Decimal."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return False
    number = Decimal(value)
    return abs(number) < 10**10 and number == number.quantize(Decimal("0.01"))


def customer(value):
    return (isinstance(value, str) and value != "") or (isinstance(value, int) and not isinstance(value, bool))


def thing(value):
    return isinstance(value, dict)


email = matching(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
moment = matching(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", datetime.fromisoformat)
day = matching(r"\d{4}-\d\d-\d\d", date.fromisoformat)
link = matching(r"|https?://[^\s/]+(/\S*)?")


def perhaps(good):
    return Field(good, must=False, null=True)


FIELDS = {
    "user": {
        "first_name": Field(words()),
        "last_name": Field(words()),
        "email": Field(email),
        "gender": perhaps(one_of("male", "female", "")),
        "sms_allowed": Field(truth),
        "email_allowed": Field(truth),
        "phone": perhaps(matching(r"5\d{9}")),
        "date_of_birth": perhaps(day),
        "date_joined": Field(moment),
        "password": Field(words()),
        "password_algorithm": Field(words()),
        "customer_code": Field(customer),
    },
    "address": {
        "title": perhaps(words(128, empty=True)),
        "phone_number": perhaps(words(128, empty=True)),
        "customer_code": perhaps(customer),
        "user": perhaps(customer),
        "first_name": Field(words(255)),
        "last_name": Field(words(255)),
        "country": Field(words()),
        "city": Field(words()),
        "township": Field(words()),
        "district": perhaps(words(empty=True)),
        "line": Field(words(255)),
        "company_name": perhaps(words(255, empty=True)),
        "tax_no": perhaps(words(20, empty=True)),
        "tax_office": perhaps(words(64, empty=True)),
        "email": Field(email),
    },
    "order": {
        "number": Field(words(128)),
        "customer_code": perhaps(customer),
        "user": perhaps(customer),
        "user_email": Field(email),
        "status": Field(one_of(*STATUSES)),
        "created_date": Field(moment),
        "amount": Field(money),
        "discount_amount": perhaps(money),
        "currency": Field(matching("[a-z]{3}")),
        "payment_type": Field(words(64, empty=True)),
        "bank": Field(words(64, empty=True)),
        "installment_count": perhaps(whole),
        "tracking_number": Field(words(64, empty=True)),
        "shipping_company": Field(words()),
        "shipping_address": Field(words(512)),
        "billing_address": Field(words(512)),
        "extra_field": Field(thing, must=False),
    },
    "order_item": {
        "order_number": Field(words()),
        "product": perhaps(words(256, empty=True)),
        "sku": perhaps(words(128, empty=True)),
        "quantity": Field(whole, null=True),
        "price": Field(money),
        "image_url": perhaps(link),
        "extra_field": Field(thing, must=False),
    },
}


def complaints(kind, record):
    """By itself, without a look at what is stored. A field that the contract does not know is one, too."""
    if not isinstance(record, dict):
        return {"": "not an object"}
    fields = FIELDS[kind]
    found = {name: "the contract knows no such field" for name in record if name not in fields}
    for name, field in fields.items():
        value = record.get(name)
        if value is None:
            missing = (field.must and name not in record) or (name in record and not field.null)
            found |= {name: "required"} if missing else {}
        elif not field.good(value):
            found[name] = f"not as the contract has it: {value!r}"
    return found | _together(kind, record)


def _together(kind, record):
    if kind in ("address", "order") and customer_of(record) is None:
        return {"customer_code": "neither customer_code nor user"}
    if kind == "address":
        cities = PLACES.get(folded(record.get("country")), {})
        if folded(record.get("township")) not in cities.get(folded(record.get("city")), ()):
            return {"township": "no such place"}
    length = DJANGO_ALGORITHMS.get(record.get("password_algorithm"))
    if (
        kind == "user"
        and length
        and not re.fullmatch(rf"(\w+\$\w*\$)?[0-9a-f]{{{length}}}", str(record.get("password")))
    ):
        return {"password": "not a digest of that algorithm"}
    return {}


def customer_of(record):
    value = record.get("customer_code", record.get("user"))
    return None if value is None else str(value)


def folded(text):
    """Without case, the Turkish way: İSTANBUL is istanbul, KADIKÖY is kadıköy."""
    return str(text).replace("İ", "i").replace("I", "ı").lower()
