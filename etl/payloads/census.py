"""What the passwords of a migration are: how many customers log in at once, and how many have to choose a new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from etl.expressions import stored_password
from etl.findings import Unfit
from etl.measures.passwords import is_nobodys
from etl.payloads.digests import FIELDS

AT_ONCE = "log in at once"
AGREED = "log in once Akinon has agreed to it"
RESET = "reset at first login"

STANDINGS = {"md5": AT_ONCE, "sha1": AT_ONCE, "sha256": AGREED}
"""Algorithm -> what it means (Omnitron contract, 'user'). Any other word is agreed with Akinon, and means a reset."""


class PasswordKind(Struct, frozen=True):
    """Customers whose passwords are of one kind. `standing` is AT_ONCE, AGREED or RESET."""

    kind: str
    algorithm: str
    standing: str
    count: int


def kind_of(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """Kind, algorithm and standing of a user's password."""
    password, algorithm = (str(record.get(name)) for name in FIELDS)
    standing = STANDINGS.get(algorithm, RESET)
    if standing == RESET or is_nobodys(password):
        return "none that Omnitron can check", algorithm, RESET
    try:
        found = stored_password(password)
    except Unfit:
        return "unknown", algorithm, RESET
    # Whether the migration itself makes 'sha1$$digest' of a bare sha1 is not published.
    return (found.kind, algorithm, standing) if found.hash == password else (f"{found.kind}, bare", algorithm, AGREED)


def standing_of(algorithm: str | None, password: Any) -> str:
    return kind_of(dict(zip(FIELDS, (password, algorithm), strict=True)))[2]


def census(records: Iterable[Mapping[str, Any]]) -> list[PasswordKind]:
    """The passwords of users by kind: those that log in at once first, then by how many there are."""
    counts = Counter(kind_of(record) for record in records)
    kinds = [PasswordKind(*kind, count) for kind, count in counts.items()]
    order = (AT_ONCE, AGREED, RESET)
    return sorted(kinds, key=lambda one: (order.index(one.standing), -one.count, one.kind, one.algorithm))
