"""What a person looks for: a text, and the customers and orders that it has led to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from typing import Any

from msgspec import Struct, field

from etl.expressions import columns_in
from etl.expressions.functions.contact import email
from etl.findings import Unfit

CUSTOMERS = ("customer_code", "user")
ORDERS = ("number", "order_number")
MAILS = ("email", "user_email")
TELEPHONES = ("phone", "phone_number")
ASKED = (*CUSTOMERS, *ORDERS, *MAILS, *TELEPHONES)
"""The fields that a person is asked for by, and those that tell whose an order or an item is."""

LINKS = (*CUSTOMERS, *ORDERS)
"""The fields that tell whose a record is."""

DIGITS = 10
"""Digits of a telephone's number, without the country's."""


class Search(Struct):
    """What is looked for: a text as it was typed, and an address as it is sent; a telephone's digits; and what it has led to:
    customers and orders, records by stage and key, rows that are not sent by stage, source and row."""

    texts: Set[str]
    digits: str | None
    customers: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    records: set[tuple[str, str]] = field(default_factory=set)
    rows: set[tuple[str, str, int]] = field(default_factory=set)

    @classmethod
    def of(cls, text: str) -> Search:
        text = text.strip()
        digits = re.sub(r"\D", "", text)
        is_number = len(digits) >= DIGITS and re.fullmatch(r"[\d\s()+./-]+", text)
        return cls({_small(one) for one in (text, *_addresses(text))}, digits[-DIGITS:] if is_number else None)

    def anew(self) -> Search:
        """The same, of which nothing was found yet."""
        return Search(self.texts, self.digits)

    @property
    def has_led(self) -> bool:
        return bool(self.customers or self.orders or self.records or self.rows)

    def is_named(self, value: Any) -> bool:
        """Whether a value is what was asked for."""
        if value is None or isinstance(value, Mapping | list):
            return False
        told = _small(str(value).strip())
        return told in self.texts or (self.digits is not None and re.sub(r"\D", "", told)[-DIGITS:] == self.digits)

    def is_asked_for(self, record: Mapping[str, Any]) -> bool:
        return any(self.is_named(record.get(name)) for name in ASKED)

    def columns(self, made_from: Mapping[str, str]) -> list[str]:
        """The columns in which the shop itself has what was asked for, of fields with these expressions.

        Of several columns that make one code together none is the code: `S1` is a part of many orders' `S1-2`. An address or a
        telephone is one in whichever of them it stands.
        """
        found = ((name, columns_in(text)) for name, text in made_from.items())
        return list(
            dict.fromkeys(column for name, some in found if len(some) == 1 or self._looks_like(name) for column in some)
        )

    def _looks_like(self, name: str) -> bool:
        if name in TELEPHONES:
            return self.digits is not None
        return name in MAILS and any("@" in text for text in self.texts)

    def belongs(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is of a customer or an order that was found.

        One that tells whose it is is theirs alone: two stages may have orders with one number.
        """
        if self.customers and any(record.get(name) is not None for name in CUSTOMERS):
            return _among(record, CUSTOMERS, self.customers)
        return _among(record, ORDERS, self.orders)

    def learn(self, record: Mapping[str, Any]) -> None:
        """Whose it is. What an order holds is known by its number."""
        self.customers |= {str(record[name]) for name in CUSTOMERS if record.get(name) is not None}
        self.orders |= {str(record[name]) for name in ORDERS if record.get(name) is not None}


def _among(record: Mapping[str, Any], fields: Sequence[str], known: Set[str]) -> bool:
    return any(str(record[name]) in known for name in fields if record.get(name) is not None)


def _small(text: str) -> str:
    """A text in small letters in which İ, I, ı and i are one: IŞIK may be ışık or, where no Turk wrote it, işik."""
    return text.casefold().replace("i\u0307", "i").replace("ı", "i")


def _addresses(text: str) -> Iterator[str]:
    """An e-mail address as a mapping's `| email` makes it: a domain with other letters than ASCII becomes xn--..., which is
    another one for ışık and işik."""
    if "@" in text and not text.isascii():
        for one in (text, text.replace("İ", "i").replace("I", "ı")):
            with suppress(Unfit):
                yield email(one) or ""
