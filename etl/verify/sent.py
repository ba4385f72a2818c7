"""What was sent of one customer: the records that the shop should show now. The pilot's come first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import orjson
from msgspec import Struct

from etl.journal.batch import Shipment
from etl.journal.journal import Journal
from etl.journal.states import State
from etl.model import Record
from etl.package import split_records

ARRIVED = (State.DONE, State.ACCEPTED)
CUSTOMER = ("customer_code", "user")
"""Either names the customer, as Omnitron's documentation uses both."""


class SentCustomer(Struct, frozen=True):
    """A user, one of its addresses, one of its orders, and that order's items. None where nothing was sent."""

    user: Record
    address: Record | None
    order: Record | None
    items: tuple[Record, ...]


def find_customer(journal: Journal, email: str) -> SentCustomer | None:
    """Look through what arrived. Reads files until everything is found, so a pilot's user is found at once."""
    user = next(_matching(journal, "user", [email], lambda one: _same(one.get("email"), email)), None)
    if user is None:
        return None
    code = str(user["customer_code"])
    address = next(_matching(journal, "address", [code], lambda one: _customer(one) == code), None)
    order = next(_matching(journal, "order", [code], lambda one: _customer(one) == code), None)
    return SentCustomer(user, address, order, () if order is None else _items(journal, str(order["number"])))


def _items(journal: Journal, number: str) -> tuple[Record, ...]:
    return tuple(_matching(journal, "order_item", [number], lambda one: str(one.get("order_number")) == number))


def _customer(record: Record) -> str | None:
    return next((str(record[name]) for name in CUSTOMER if record.get(name) is not None), None)


def _same(left: object, right: str) -> bool:
    return isinstance(left, str) and left.casefold() == right.casefold()


def _matching(
    journal: Journal, payload: str, needles: Sequence[str], matches: Callable[[Record], bool]
) -> Iterator[Record]:
    """Records of a payload type that match. Only those whose bytes hold the needle are parsed: there may be millions."""
    # Text that JSON escapes, or that has more than one lower case, is not looked for in the bytes.
    lowered = [needle.lower().encode() for needle in needles if needle.isascii() and not set(needle) & set('"\\')]
    for batch in _arrived(journal, payload):
        for data in _records(journal, batch):
            folded = data.lower()
            if all(needle in folded for needle in lowered) and matches(record := orjson.loads(data)):
                yield record


def _arrived(journal: Journal, payload: str) -> list[Shipment]:
    batches = [batch for state in ARRIVED for batch in journal.batches(state=state) if batch.payload == payload]
    return sorted(batches, key=lambda batch: (not batch.pilot, batch.id))


def _records(journal: Journal, batch: Shipment) -> list[bytes]:
    try:
        return split_records(journal.workspace.whole(batch.file).read_bytes())
    except OSError:
        return []  # the package was moved away; what is left is still looked through
