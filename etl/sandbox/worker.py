"""The queue: uploads are accepted at once and their records judged later, one by one, in a thread of its own.

A record that is refused counts as an error and is not stored; the others of its batch are. How far a batch has come is
written together with its records, so that a server killed in between goes on exactly where it was.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Sequence

import orjson

from etl.sandbox import rules
from etl.sandbox.geography import Geography, UnknownPlaceError
from etl.sandbox.store import Noted, Store, Upload
from etl.sandbox.uploads import read_records

AT_ONCE = 200


class Worker:
    def __init__(self, store: Store, geography: Geography) -> None:
        self._store = store
        self._judge = Judge(store, geography)
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sandbox-worker", daemon=True)

    def start(self) -> None:
        for migration_id in self._store.unfinished():
            self.put(migration_id)
        self._thread.start()

    def put(self, migration_id: str) -> None:
        self._queue.put(migration_id)

    def stop(self) -> None:
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (migration_id := self._queue.get()) is not None:
            upload = self._store.upload(migration_id)
            body = self._store.body(migration_id)
            if upload is not None and body and not self._stopping.is_set():
                self._migrate(upload, read_records(body, upload.filename))

    def _migrate(self, upload: Upload, records: Sequence[object]) -> None:
        step = 1 if upload.pause else AT_ONCE
        for start in range(upload.position, len(records), step):
            if self._stopping.is_set() or self._stopping.wait(upload.pause):
                return
            with self._store.transaction():
                # A reset in the meantime has taken the upload away; its records must not come back.
                if self._store.upload(upload.migration_id) is None:
                    return
                self._step(upload, start, records[start : start + step])
        self._store.drop_body(upload.migration_id)

    def _step(self, upload: Upload, start: int, records: Sequence[object]) -> None:
        good = sum(self._receive(upload, start + index, record) for index, record in enumerate(records))
        self._store.advance(upload.migration_id, good=good, bad=len(records) - good)

    def _receive(self, upload: Upload, position: int, record: object) -> bool:
        made_to_fail = position < upload.failing
        reasons = {"fault": "Made to fail."} if made_to_fail else self._judge.reasons(upload.type, record)
        noted = noted_as(upload, record, stored=not reasons)
        self._store.note(noted)
        if reasons:
            self._store.add_error(noted, position, reasons)
        return not reasons


class Judge:
    """A record against itself (rules), and against what is already stored."""

    def __init__(self, store: Store, geography: Geography) -> None:
        self._store = store
        self._geography = geography
        self._against_others = {
            "user": self._user,
            "address": self._address,
            "order": self._order,
            "order_item": self._order_item,
        }

    def reasons(self, payload: str, record: object) -> dict[str, str]:
        found = rules.reasons(payload, record)
        if isinstance(record, dict):
            found = self._against_others[payload](record) | found
        return found

    def _user(self, user: dict[str, object]) -> dict[str, str]:
        found = {}
        if self._store.has("user", "email", str(user.get("email")).casefold()):
            found["email"] = "user with this email already exists."
        if self._store.has("user", "customer", str(user.get("customer_code"))):
            found["customer_code"] = "user with this customer_code already exists."
        return found

    def _address(self, address: dict[str, object]) -> dict[str, str]:
        found = self._customer(address)
        try:
            self._geography.locate(address)
        except UnknownPlaceError as error:
            found[error.level] = str(error)
        return found

    def _order(self, order: dict[str, object]) -> dict[str, str]:
        found = self._customer(order)
        if self._store.has("order", "order_number", str(order.get("number"))):
            found["number"] = "order with this number already exists."
        return found

    def _order_item(self, item: dict[str, object]) -> dict[str, str]:
        number = str(item.get("order_number"))
        known = self._store.has("order", "order_number", number)
        return {} if known else {"order_number": f"No order with number '{number}' was migrated."}

    def _customer(self, record: dict[str, object]) -> dict[str, str]:
        customer = rules.customer_of(record)
        if customer is None or self._store.has("user", "customer", customer):
            return {}
        field = "customer_code" if record.get("customer_code") is not None else "user"
        return {field: f"No user with customer_code '{customer}' was migrated."}


def noted_as(upload: Upload, record: object, *, stored: bool) -> Noted:
    text = orjson.dumps(record, option=orjson.OPT_SORT_KEYS).decode()
    fields = record if isinstance(record, dict) else {}
    number = fields.get("number" if upload.type == "order" else "order_number")
    email = fields.get("email")
    return Noted(
        type=upload.type,
        key=_key(upload.type, fields) or hashlib.sha256(text.encode()).hexdigest(),
        record=text,
        stored=stored,
        migration_id=upload.migration_id,
        email=None if email is None else str(email).casefold(),
        customer=rules.customer_of(fields),
        order_number=None if number is None else str(number),
    )


def _key(payload: str, fields: dict[str, object]) -> str | None:
    """A user's customer_code, an order's number; addresses and items have none and are known by their content."""
    name = {"user": "customer_code", "order": "number"}.get(payload)
    value = fields.get(name) if name else None
    return str(value) if isinstance(value, str | int) and value != "" else None
