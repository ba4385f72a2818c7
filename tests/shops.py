"""One small shop in each kind of database: real servers, and a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from dump_servers import MYSQL, POSTGRES, address, mysql_database, postgres_database, run

from etl.extract import Connections, World, open_table, read_all
from etl.model import Database, Source
from etl.target import Secret

SERVERS = ("postgresql", "mysql")
ALL = (*SERVERS, "sqlite")


@dataclass
class Shop:
    """A database of its own: where it is, and a connection of the shop itself."""

    kind: str
    location: str
    connection: Any
    name: str = ""
    login: tuple[object, ...] = ()

    def dump(self):
        """What the shop's own tool writes of it."""
        if self.kind == "sqlite":
            return "\n".join(self.connection.iterdump()).encode()
        tool = "pg_dump" if self.kind == "postgresql" else "mysqldump"
        return run(tool, *self.login, self.name)

    def run(self, *statements):
        for statement in statements:
            if self.kind == "mysql":
                with self.connection.cursor() as cursor:
                    cursor.execute(statement)
            else:
                self.connection.execute(statement)

    def database(self, location=None):
        place = location or self.location
        return Database("shop", Secret(place), place.rpartition("@")[2])


@contextmanager
def shop_of(kind, folder):
    if kind == "postgresql":
        with postgres_database() as (connection, name, login):
            place = f"{_login(address(POSTGRES), 'postgresql')}/{name}"
            yield Shop(kind, place, connection, name, tuple(login))
    elif kind == "mysql":
        with mysql_database() as (connection, name, login):
            place = f"{_login(address(MYSQL), 'mysql')}/{name}"
            yield Shop(kind, place, connection, name, tuple(login))
    else:
        path = folder / "shop.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            yield Shop(kind, str(path), connection)


def _login(parts, scheme):
    return f"{scheme}://{parts.netloc}"


@contextmanager
def asked(shop, location, kind="table", connections=None):
    """A source of the shop, opened, with the columns it has and no row yet."""
    source = Source("rows", kind, location, {"database": shop.database()})
    with connections or Connections() as connected, open_table(source, World(connections=connected)) as table:
        yield table


def rows_of(shop, location, kind="table", columns=None):
    with asked(shop, location, kind) as table:
        found = table.fetched(columns or table.header)
        return [tuple(row) for _, part in read_all(found) for row in part.rows]


def forget(*actions):
    for action in actions:
        with suppress(Exception):
            action()
