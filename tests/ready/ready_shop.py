"""A shop of the real structure in MariaDB, filled with rows that have its own dirt; and what has to become of them.

A shop is one object, with everything that the tests of all shops ask: how its tables are made, which rows they hold, and in the
shop's own SQL what its customers have paid. What has to come out is said there by hand, not by the mapping.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pymysql
from dump_servers import mysql_database, run
from pymysql.converters import escape_item

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"

CARD = "4111111111111111"
TOKEN = "planted-token-7f3a"
VISITOR = "203.0.113.77"
PLANTED = (CARD, TOKEN, VISITOR)
"""What stands in every shop's tables where such things stand, and must be in no package."""

SEED = 14
"""Of the random source that every shop is filled from: the same rows each time."""

NAMES = ("AYŞE", "ışıl", "Mehmet &amp; Ali", "Ğ&uuml;l", "O&#039;Neill", "Çağrı", "José", "Zoë")
CITIES = (("İstanbul", "Kadıköy"), ("Ankara", "Çankaya"), ("İzmir", "Konak"), ("Antalya", "Muratpaşa"))


class Raw(str):
    """A value that the shop's database computes."""


Row = dict[str, object]


@dataclass(frozen=True)
class Outcome:
    """What becomes of a stage's rows, counted by hand."""

    read: int
    filtered: int = 0
    rejected: int = 0
    held: int = 0

    @property
    def valid(self) -> int:
        return self.read - self.filtered - self.rejected - self.held


@dataclass
class Filling:
    """Rows by table, and what the shop knows of them itself."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    census: dict[str, int] = field(default_factory=dict)
    refunded: dict[str, Decimal] = field(default_factory=dict)
    """What was paid back of an order, which the shop keeps."""

    def add(self, table: str, **row: object) -> None:
        self.rows.setdefault(table, []).append(row)

    def statements(self, encode: Callable[[object], str]) -> list[str]:
        return [_insert(table, rows, encode) for table, rows in self.rows.items()]


def _insert(table: str, rows: Sequence[Row], encode: Callable[[object], str]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    tuples = ", ".join(
        "(" + ", ".join(_value(row[name], encode) if name in row else "DEFAULT" for name in names) + ")" for row in rows
    )
    return f"INSERT INTO `{table}` ({', '.join(f'`{name}`' for name in names)}) VALUES {tuples}"


def _value(value: object, encode: Callable[[object], str]) -> str:
    return value if isinstance(value, Raw) else encode(value)


@dataclass(frozen=True)
class ReadyShop:
    """A shop that we ship a mapping for.

    structure  its tables, as SQL
    fill       its rows, from a random source; the number says how many customers there are
    paid       in the shop's own SQL, of the orders that are to be sent: number, currency, amount
    keeps_all_in_one_column  whether everything about somebody lies in one column of names and one of values, which can only be
               read as a whole: then a snapshot holds it, and the package must not
    """

    name: str
    version: str
    structure: Callable[[], str]
    fill: Callable[[random.Random, int], Filling]
    paid: str
    environment: Mapping[str, str] = field(default_factory=dict)
    keeps_all_in_one_column: bool = False
    has_guests: bool = True

    @property
    def mapping(self) -> Path:
        return ROOT / "mappings" / self.name


@dataclass
class Standing:
    """A shop in a database of its own."""

    shop: ReadyShop
    filling: Filling
    connection: pymysql.Connection
    name: str
    login: Sequence[object]

    @property
    def address(self) -> str:
        host, port, user = self.login[1], self.login[3], self.login[5]
        return f"mysql://{user}@{host}:{port}/{self.name}"

    def dump(self, folder: Path) -> Path:
        path = folder / "shop.sql"
        path.write_bytes(run("mysqldump", *self.login, self.name))
        return path

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def paid(self) -> list[tuple[object, ...]]:
        return self.ask(self.shop.paid)


@contextmanager
def standing(shop: ReadyShop, customers: int, seed: int = SEED):
    """The shop with its rows in a database of its own. Old shops allow zero dates, and have columns without a default."""
    with mysql_database() as (connection, name, login):
        _load(shop.structure(), name, login)
        filling = shop.fill(random.Random(seed), customers)
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0")
            for statement in filling.statements(lambda value: escape_item(value, "utf8mb4")):
                cursor.execute(statement)
        yield Standing(shop, filling, connection, name, login)


def _load(structure: str, name: str, login: Sequence[object]) -> None:
    mode = "SET sql_mode='NO_AUTO_VALUE_ON_ZERO'; SET foreign_key_checks=0;\n"
    done = subprocess.run(
        ["mysql", *map(str, login), "--default-character-set=utf8mb4", name],
        input=(mode + structure).encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def structure_of(file: str) -> str:
    """Tables that a shop makes in PHP, as they are after that (indexes, and columns that nobody reads, left out)."""
    return (Path(__file__).parent / "structures" / file).read_text(encoding="utf-8")


def name_of(chance: random.Random) -> str:
    return chance.choice(NAMES)


def email_of(number: int) -> str:
    """As people type it: some in capitals, some with blanks around."""
    return (f"musteri{number}@example.com", f" Musteri{number}@Example.COM ")[number % 2]
