"""Where a database is: postgresql://user:password@host:port/name, or a file. No error repeats a password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

from etl.target import Secret

SERVERS: Mapping[str, str] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "mssql",
}
"""The schemes of addresses, and the dialect that each of them means."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LOGIN = re.compile(r"(?<=://).*@", re.DOTALL)
_PASSWORD = re.compile(r"://[^/@]*:(?P<password>.+)@", re.DOTALL)


class Address(Struct, frozen=True):
    dialect: str
    host: str
    port: int | None
    user: str
    password: Secret
    name: str
    options: Mapping[str, str]
    shown: str


def scheme_of(location: str) -> str:
    """`mysql` of `mysql://...`, lower case; nothing for a path."""
    found = _SCHEME.match(location)
    return found[1].lower() if found else ""


def is_server(location: str) -> bool:
    return scheme_of(location) in SERVERS


def written_password(location: str) -> str:
    """The password in an address, or nothing."""
    found = _PASSWORD.search(location)
    return found["password"] if found else ""


def shown_address(location: str) -> str:
    """An address as it may be printed and stored: without user, password and options."""
    return _LOGIN.sub("***@", location).partition("?")[0] if scheme_of(location) else location


def address_of(location: str) -> Address:
    """Raises ValueError with a sentence that repeats nothing of the login."""
    parts = urlsplit(location)
    try:
        port = parts.port
    except ValueError:
        port = -1
    beyond = f"{parts.path}{parts.query}{parts.fragment}"
    if port == -1 or "@" in beyond or not parts.path.strip("/") or parts.fragment:
        raise ValueError(
            f"is no {parts.scheme}://user:password@host:port/database; characters such as / @ : ? # % in a password are "
            "written %2F %40 %3A %3F %23 %25"
        )
    return Address(
        dialect=SERVERS[parts.scheme.lower()],
        host=unquote(parts.hostname or ""),
        port=port,
        user=unquote(parts.username or ""),
        password=Secret(unquote(parts.password or "")),
        name=unquote(parts.path.strip("/")),
        options=dict(parse_qsl(parts.query)),
        shown=shown_address(location),
    )
