"""Look at the shop as the migrated user does: does it show the address, the order and the items that were sent?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from etl.errors import EtlError, MappingError, Refused
from etl.findings import said
from etl.journal.journal import Journal
from etl.journal.requestlog import RequestLog
from etl.journal.workspace import Workspace
from etl.model import Record
from etl.omnitron.client import Limits
from etl.outside import Outside
from etl.target import Secret, Target
from etl.verify.sent import SentCustomer, find_customer
from etl.verify.shop import Visitor

ADDRESS_PAGE, ORDERS_PAGE, LOGIN_PAGE = "account/address/", "users/old-orders/", "users/login/"
COMPARED = {
    "user": ("email", "first_name", "last_name"),
    "address": ("first_name", "last_name", "line", "title", "city", "township"),
    "order": ("number", "amount", "currency", "status"),
    "item": ("product", "sku", "quantity", "price"),
}
"""Fields that the shop shows as they were sent. One that its answer lacks is not compared."""


class LookOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_MADE = "could not be made"


class Difference(Struct, frozen=True):
    """A field of which the shop shows something else than what was sent."""

    field: str
    shown: Any
    sent: Any


class ShopLook(Struct, frozen=True):
    """One look at the shop. `link` is the page on which a person can see for themselves; `detail` holds no data of a customer."""

    name: str
    outcome: LookOutcome
    detail: str
    link: str
    differences: tuple[Difference, ...] = ()


class VerifyReport(Struct, frozen=True):
    checks: tuple[ShopLook, ...]

    @property
    def passed(self) -> bool:
        return all(check.outcome is LookOutcome.PASSED for check in self.checks)


class Differs(EtlError):
    """The shop shows something else than what was sent."""

    def __init__(self, text: str, differences: Sequence[Difference] = ()) -> None:
        super().__init__(text)
        self.differences = tuple(differences)


def verify(root: Path, target: Target, email: str, password: Secret, outside: Outside | None = None) -> VerifyReport:
    """Check the shop's pages against what was sent for this user. A check that fails does not stop the others.

    Raises MappingError when target.shop_url is not set, or no user with this e-mail was sent.
    """
    outside = outside or Outside()
    if not target.shop_url:
        raise MappingError(said("target.shop_url is not set; it is the address at which customers see the shop"))
    workspace = Workspace(root)
    customer = _customer(workspace, email)
    log = RequestLog(workspace.requests, outside.now)
    shop = Visitor(target.shop_url, Limits.of(target), log, outside)
    return VerifyReport(tuple(_Visit(shop, customer).checks(email, password)))


def _customer(workspace: Workspace, email: str) -> SentCustomer:
    journal = Journal.read(workspace)
    try:
        found = find_customer(journal, email)
    finally:
        journal.close()
    if found is None:
        words = "no user with the e-mail '{email}' was sent from {path}; `etl pilot` sends one"
        raise MappingError(said(words, email=email, path=str(workspace.root)))
    return found


class _Visit:
    """One walk through the shop. What one page tells, the next needs; without a login none can be looked at."""

    def __init__(self, shop: Visitor, customer: SentCustomer) -> None:
        self._shop = shop
        self._customer = customer

    def checks(self, email: str, password: Secret) -> list[ShopLook]:
        login = self._check("login", LOGIN_PAGE, lambda: self._log_in(email, password))
        rest: list[tuple[str, str, Callable[[], str]]] = [
            ("user", "", self._user),
            ("address", ADDRESS_PAGE, self._address),
            ("order", ORDERS_PAGE, self._order),
            ("items", ORDERS_PAGE, self._items),
        ]
        if login.outcome is LookOutcome.PASSED:
            return [login, *(self._check(*one) for one in rest)]
        why = said("not logged in")
        return [login, *(ShopLook(name, LookOutcome.NOT_MADE, why, self._shop.link(path)) for name, path, _ in rest)]

    def _check(self, name: str, path: str, look: Callable[[], str]) -> ShopLook:
        differences: tuple[Difference, ...] = ()
        try:
            outcome, detail = LookOutcome.PASSED, look()
        except Differs as error:
            outcome, detail, differences = LookOutcome.FAILED, error.text, error.differences
        except Refused as error:
            outcome, detail = LookOutcome.FAILED, error.text
        except EtlError as error:
            outcome, detail = LookOutcome.NOT_MADE, error.text
        if name == "items" and self._pk is not None:
            path = f"{ORDERS_PAGE}{self._pk}/"
        return ShopLook(name, outcome, detail, self._shop.link(path), differences)

    _pk: object = None
    """The shop's own number of the order, once its list was read."""

    def _log_in(self, email: str, password: Secret) -> str:
        self._shop.log_in(email, password)
        return said("logged in")

    def _user(self) -> str:
        return _compare("user", self._customer.user, [self._shop.current_user()])

    def _address(self) -> str:
        return _compare("address", self._sent("address", self._customer.address), self._shop.addresses())

    def _order(self) -> str:
        sent = self._sent("order", self._customer.order)
        number = str(sent["number"])
        shown = [one for one in self._shop.old_orders() if str(one.get("number")) == number]
        if not shown:
            raise Differs(said("order {number} is not among the old orders", number=number))
        self._pk = shown[0].get("pk")
        return _compare("order", sent, shown)

    def _items(self) -> str:
        sent = [self._sent("order item", one) for one in self._customer.items or (None,)]
        if self._pk is None:
            raise MappingError(said("the order is not there, so it has no page"))
        shown = self._shop.old_order(self._pk).get("orderitem_set")
        if not isinstance(shown, list):
            raise MappingError(said("the order's page has no 'orderitem_set'"))
        for item in sent:
            _compare("item", item, [one for one in shown if isinstance(one, dict)])
        return said("{count} of {total} as sent", count=len(sent), total=len(sent))

    def _sent(self, name: str, record: Record | None) -> Record:
        if record is None:
            raise MappingError(said("no {name} of this user was sent", name=name))
        return record


def _compare(kind: str, sent: Record, shown: Sequence[Mapping[str, Any]]) -> str:
    """Whether one of the shown is what was sent. Raises Differs with the closest one's differences."""
    if not shown:
        raise Differs(said("the shop shows no {name}", name=kind))
    differences = min((_differences(kind, sent, one) for one in shown), key=len)
    if differences:
        raise Differs(said("no {name} is as it was sent", name=kind), differences)
    return said("{name} as sent", name=kind)


def _differences(kind: str, sent: Record, shown: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(name, _plain(shown[name]), sent[name])
        for name in COMPARED[kind]
        if sent.get(name) is not None and name in shown and not _equal(sent[name], _plain(shown[name]))
    ]


def _plain(value: Any) -> Any:
    """The shop tells a place as an object with its name, and a choice as one with its value."""
    if isinstance(value, dict):
        return value.get("name", value.get("value"))
    return value


def _equal(sent: Any, shown: Any) -> bool:
    left, right = " ".join(str(sent).split()), " ".join(str(shown).split())
    return _folded(left) == _folded(right) or _number(left) == _number(right) is not None


def _folded(text: str) -> str:
    """Without case, the Turkish way as well: the database may show İSTANBUL as Istanbul."""
    return text.replace("İ", "i").replace("I", "i").replace("ı", "i").casefold()


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
