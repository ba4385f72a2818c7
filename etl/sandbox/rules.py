"""What a record must look like by itself, written from the contract and not from the engine's schemas.

So the two are a check on each other: a schema that lets something wrong through is found in the rehearsal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import urlsplit

TYPES = ("user", "address", "order", "order_item")
STATUSES = frozenset(
    (
        "50",
        "100",
        "200",
        "300",
        "350",
        "400",
        "450",
        "500",
        "510",
        "520",
        "540",
        "544",
        "545",
        "546",
        "547",
        "550",
        "600",
    )
)
WHOLE_RECORD = "non_field_errors"

ValueCheck = Callable[[object], str | None]

_LABEL = r"[^\W_]+(?:-+[^\W_]+)*"
_EMAIL = re.compile(rf"[\w!#$%&'*+/=?^`{{|}}~-]+(?:\.[\w!#$%&'*+/=?^`{{|}}~-]+)*@(?:{_LABEL}\.)+{_LABEL}")
_PHONE = re.compile(r"5[0-9]{9}")
_CURRENCY = re.compile(r"[a-z]{3}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field is checked: `required` False lets it be missing, `null` True lets it be null."""

    field: str
    check: ValueCheck
    required: bool = True
    null: bool = False


def text(limit: int | None = None, *, blank: bool = False) -> ValueCheck:
    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return "Not a valid string."
        if not blank and not value.strip():
            return "This field may not be blank."
        if limit is not None and len(value) > limit:
            return f"Ensure this field has no more than {limit} characters."
        return None

    return check


def pattern(expression: re.Pattern[str], reason: str, limit: int | None = None) -> ValueCheck:
    plain = text(limit)

    def check(value: object) -> str | None:
        return plain(value) or (None if expression.fullmatch(str(value)) else reason)

    return check


def choice(values: frozenset[str]) -> ValueCheck:
    def check(value: object) -> str | None:
        return None if isinstance(value, str) and value in values else f'"{value}" is not a valid choice.'

    return check


def moment(expression: re.Pattern[str], read: Callable[[str], object], reason: str) -> ValueCheck:
    def check(value: object) -> str | None:
        if not isinstance(value, str) or not expression.fullmatch(value):
            return reason
        try:
            read(value)
        except ValueError:
            return reason
        return None

    return check


def boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else "Must be a valid boolean."


def positive_integer(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return "A valid integer is required."
    return None if value >= 1 else "Ensure this value is greater than or equal to 1."


def money(value: object) -> str | None:
    """A JSON number of at most 12 digits, 2 of them decimals, judged by its shortest decimal text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "A valid number is required."
    number = Decimal(repr(value)).normalize()
    if not number.is_finite():
        return "A valid number is required."
    if int(number.as_tuple().exponent) < -2:
        return "Ensure that there are no more than 2 decimal places."
    if abs(number) >= Decimal(10) ** 10:
        return "Ensure that there are no more than 10 digits before the decimal point."
    return None


def code(value: object) -> str | None:
    """A customer's code: text, or the whole number old shops have."""
    if isinstance(value, int) and not isinstance(value, bool):
        return None
    return text()(value)


def mapping(value: object) -> str | None:
    return None if isinstance(value, dict) else "Value must be an object."


def link(value: object) -> str | None:
    if value == "":
        return None
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    good = parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in str(value)
    return None if good else "Enter a valid URL."


email = pattern(_EMAIL, "Enter a valid email address.", 254)
day = moment(_DATE, date.fromisoformat, "Date has wrong format. Use YYYY-MM-DD.")
second = moment(_DATETIME, datetime.fromisoformat, "Datetime has wrong format. Use YYYY-MM-DD HH:MM:SS.")
mobile = pattern(_PHONE, "Enter a Turkish mobile number as 5XXXXXXXXX.")
currency = pattern(_CURRENCY, "Enter a lower-case ISO 4217 code.")


def _optional(field: str, check: ValueCheck) -> FieldRule:
    return FieldRule(field, check, required=False, null=True)


RULES: Mapping[str, tuple[FieldRule, ...]] = {
    "user": (
        FieldRule("first_name", text()),
        FieldRule("last_name", text()),
        FieldRule("email", email),
        _optional("gender", choice(frozenset(("male", "female", "")))),
        FieldRule("sms_allowed", boolean),
        FieldRule("email_allowed", boolean),
        _optional("phone", mobile),
        _optional("date_of_birth", day),
        FieldRule("date_joined", second),
        FieldRule("password", text()),
        FieldRule("password_algorithm", text()),
        FieldRule("customer_code", code),
    ),
    "address": (
        _optional("title", text(128, blank=True)),
        _optional("phone_number", text(blank=True)),
        FieldRule("first_name", text(255)),
        FieldRule("last_name", text(255)),
        FieldRule("country", text()),
        FieldRule("city", text()),
        FieldRule("township", text()),
        _optional("district", text(blank=True)),
        FieldRule("line", text(255)),
        _optional("company_name", text(blank=True)),
        _optional("tax_no", text(blank=True)),
        _optional("tax_office", text(blank=True)),
        FieldRule("email", email),
    ),
    "order": (
        FieldRule("number", text(128)),
        FieldRule("user_email", email),
        FieldRule("status", choice(STATUSES)),
        FieldRule("created_date", second),
        FieldRule("amount", money),
        _optional("discount_amount", money),
        FieldRule("currency", currency),
        FieldRule("payment_type", text(64, blank=True)),
        FieldRule("bank", text(64, blank=True)),
        _optional("installment_count", positive_integer),
        FieldRule("tracking_number", text(64, blank=True)),
        FieldRule("shipping_company", text()),
        FieldRule("shipping_address", text(512)),
        FieldRule("billing_address", text(512)),
        FieldRule("extra_field", mapping, required=False),
    ),
    "order_item": (
        FieldRule("order_number", text()),
        _optional("product", text(256, blank=True)),
        _optional("sku", text(128, blank=True)),
        _optional("quantity", positive_integer),
        FieldRule("price", money),
        _optional("image_url", link),
        FieldRule("extra_field", mapping, required=False),
    ),
}


def reasons(payload: str, record: object) -> dict[str, str]:
    """Field -> what is wrong with it; empty for a record that is good by itself."""
    if not isinstance(record, dict):
        return {WHOLE_RECORD: "Invalid data. Expected an object."}
    found = {}
    for rule in RULES[payload]:
        value = record.get(rule.field)
        reason = _absent(rule, record) if value is None else rule.check(value)
        if reason is not None:
            found[rule.field] = reason
    if payload in ("address", "order"):
        found.update(_customer(record))
    return found


def _absent(rule: FieldRule, record: Mapping[str, object]) -> str | None:
    if rule.field in record:
        return None if rule.null else "This field may not be null."
    return "This field is required." if rule.required else None


def customer_of(record: Mapping[str, object]) -> str | None:
    """The customer an address or an order belongs to. The documentation knows two names for the column."""
    value = record.get("customer_code")
    if value is None:
        value = record.get("user")
    return None if value is None else str(value)


def _customer(record: Mapping[str, object]) -> dict[str, str]:
    given = [name for name in ("customer_code", "user") if record.get(name) is not None]
    if not given:
        return {"customer_code": "This field is required (or 'user')."}
    if len(given) == 2 and str(record["customer_code"]) != str(record["user"]):
        return {"user": "This is another customer than customer_code names."}
    reason = code(record[given[0]])
    return {given[0]: reason} if reason else {}
