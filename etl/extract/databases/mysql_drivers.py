"""The two libraries that speak with MySQL and MariaDB: mysqlclient where it is installed, else PyMySQL, which always is.

mysqlclient is written in C and brings a row in a fraction of the time. Both give every value as the text that the server sends,
and bytes where the server says that they are no text; a test holds them to the same rows.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from typing import Any

from msgspec import Struct

from etl.extract.databases.address import Address

AT_ONCE = 1000


class MysqlDriver(Struct, frozen=True):
    """`rows` runs a statement and gives its columns as (name, type) and its rows, one after another, while it is open."""

    name: str
    error: type[Exception]
    connect: Callable[[Address], Any]
    rows: Callable[[Any, str], AbstractContextManager[tuple[Sequence[Sequence[Any]], Iterator[Sequence[Any]]]]]


def mysql_driver() -> MysqlDriver:
    try:
        return mysqlclient()
    except ImportError:  # also where the C library that it needs is gone
        return pymysql()


def mysqlclient() -> MysqlDriver:
    """Raises ImportError."""
    import MySQLdb

    return MysqlDriver("mysqlclient", MySQLdb.Error, _mysqlclient_connection, _mysqlclient_rows)


def pymysql() -> MysqlDriver:
    from pymysql.err import Error

    return MysqlDriver("PyMySQL", Error, _pymysql_connection, _pymysql_rows)


def _pymysql_connection(address: Address) -> Any:
    from pymysql import connect
    from pymysql.converters import encoders

    conversions: Any = dict(encoders)
    return connect(
        host=address.host or "localhost",
        port=address.port or 3306,
        user=address.user or None,
        password=address.password.reveal(),
        database=address.name,
        charset="utf8mb4",
        connect_timeout=10,
        # Without decoders every value stays the text that the server sent.
        conv=conversions,
        **_pymysql_tls(address.options),
    )


def _pymysql_tls(options: Mapping[str, str]) -> dict[str, Any]:
    """`?ssl_ca=file` in an address: the certificates to trust."""
    known = {name: options[name] for name in ("ssl_ca", "ssl_cert", "ssl_key") if name in options}
    return {**known, "ssl_verify_identity": True} if known else {}


@contextmanager
def _pymysql_rows(connection: Any, statement: str) -> Iterator[tuple[Any, Any]]:
    """The cursor is not closed after a failure: PyMySQL would read the rest of the rows, from a server that may be gone."""
    from pymysql.cursors import SSCursor

    cursor = connection.cursor(SSCursor)
    try:
        cursor.execute(statement)
        yield cursor.description, cursor.fetchall_unbuffered()
    except BaseException:
        if cursor._result is not None:
            cursor._result.unbuffered_active = False
        cursor.connection._force_close()
        cursor.connection = None
        raise
    cursor.close()


def _mysqlclient_connection(address: Address) -> Any:
    import MySQLdb
    from MySQLdb.constants import FIELD_TYPE
    from MySQLdb.converters import conversions

    text_types = {kind: str for name, kind in vars(FIELD_TYPE).items() if name.isupper()}
    # Their bytes; what of them is text, by its encoding, mysqlclient adds by itself.
    left = (FIELD_TYPE.BIT, FIELD_TYPE.GEOMETRY)
    encoders = {kind: encode for kind, encode in conversions.items() if not isinstance(kind, int)}
    host = address.host or "localhost"
    return MySQLdb.connect(
        # Of `localhost` the C library makes a socket of this machine's own server, whatever the port.
        host="127.0.0.1" if host == "localhost" and not address.options else host,
        port=address.port or 3306,
        user=address.user or "",
        password=address.password.reveal(),
        database=address.name,
        charset="utf8mb4",
        connect_timeout=10,
        conv={**encoders, **{kind: made for kind, made in text_types.items() if kind not in left}},
        multi_statements=False,
        local_infile=0,
        **_mysqlclient_tls(address.options),
    )


def _mysqlclient_tls(options: Mapping[str, str]) -> dict[str, Any]:
    known = {name: options[f"ssl_{name}"] for name in ("ca", "cert", "key") if f"ssl_{name}" in options}
    return {"ssl": known, "ssl_mode": "VERIFY_IDENTITY"} if known else {}


@contextmanager
def _mysqlclient_rows(connection: Any, statement: str) -> Iterator[tuple[Any, Any]]:
    from MySQLdb.cursors import SSCursor

    cursor = connection.cursor(SSCursor)
    try:
        cursor.execute(statement)
        yield cursor.description, _fetched(cursor)
    except BaseException:
        _hang_up(connection)  # or the library would read the rest of the rows before it lets go
        with suppress(Exception):
            cursor.close()
        raise
    cursor.close()


def _fetched(cursor: Any) -> Iterator[Sequence[Any]]:
    while rows := cursor.fetchmany(AT_ONCE):
        yield from rows


def _hang_up(connection: Any) -> None:
    with suppress(OSError), closing(socket.socket(fileno=os.dup(connection.fileno()))) as line:
        line.shutdown(socket.SHUT_RDWR)
