"""What personal data looks like when it is printed. Enough stays for the owner of the data to know which row it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PLAIN_FIELDS = frozenset(
    {
        "gender", "sms_allowed", "email_allowed", "date_joined", "password_algorithm", "customer_code", "user",
        "country", "city", "township", "district",
        "number", "status", "created_date", "amount", "discount_amount", "currency", "payment_type", "bank",
        "installment_count", "shipping_company",
        "order_number", "product", "sku", "quantity", "price", "image_url",
        "where",
    }
)  # fmt: skip
"""Fields that tell nothing about a person by themselves. Every other field is masked, also one nobody thought of."""

# A text that holds both kinds of quotes is shown with some of them escaped.
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"[^\s@]*\d[^\s@]*")
_TELEPHONE = re.compile(r"(?:\+|00)?(?:90)?0?5\d{9}")
_EMAIL = re.compile(r"([^\s@])[^\s@]*@([^\s@.])[^\s@.]*((?:\.[\w-]+)+)")


def mask_text(text: str) -> str:
    """The first letter of every word, and stars: a***@m***.com, A*** Y***, 5***."""
    # Only what is an e-mail address as a whole keeps its ending: in a longer text more could follow it.
    if email := _EMAIL.fullmatch(text):
        return f"{email[1]}***@{email[2]}***{email[3]}"
    return _WORD.sub(lambda word: f"{word[0][0]}***", text)


def mask_key(key: str) -> str:
    """A record's key, as it is when it is a number or a code: an e-mail, a telephone or a name is masked."""
    return key if _CODE.fullmatch(key) and not _TELEPHONE.fullmatch(key) else mask_text(key)


def mask_value(field: str | None, value: Any) -> Any:
    """A field's value as it may be printed."""
    if field in PLAIN_FIELDS or value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {name: mask_value(field, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask_value(field, inner) for inner in value]
    return mask_text(str(value))


def mask_record(record: Mapping[str, Any]) -> dict[str, Any]:
    return {field: mask_value(field, value) for field, value in record.items()}


def mask_reason(field: str | None, reason: str) -> str:
    """A reason quotes the value it is about: what stands in quotes is masked, where the field is personal."""
    if field in PLAIN_FIELDS:
        return reason
    return _QUOTED.sub(lambda quoted: f"{quoted[0][0]}{mask_text(quoted[0][1:-1])}{quoted[0][0]}", reason)


def mask_keys(reason: str) -> str:
    """A reason that quotes the keys of other records."""
    return _QUOTED.sub(lambda quoted: f"{quoted[0][0]}{mask_key(quoted[0][1:-1])}{quoted[0][0]}", reason)
