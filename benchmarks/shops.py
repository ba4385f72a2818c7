"""The orders of the benchmark in databases: written once, and used again by the next run of the same size."""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks.lines import write_lines
from benchmarks.measure import Failed
from benchmarks.work import ORDER_COLUMNS, Work

BLOCK = 5_000
DATABASE = f"etl_bench_{os.getpid()}"
"""Of this process alone: two benchmarks do not meet."""

SETTINGS = {
    "BENCH_POSTGRES": ("ETL_BENCH_POSTGRES", "ETL_TEST_POSTGRES"),
    "BENCH_MYSQL": ("ETL_BENCH_MYSQL", "ETL_TEST_MYSQL"),
}


class SERVERS:
    """While in here the environment has the address of the benchmark's database on each server, for the mappings to name."""

    def __enter__(self) -> None:
        for name, given in SETTINGS.items():
            address = next((os.environ[one] for one in given if os.environ.get(one)), None)
            if address:
                os.environ[name] = f"{address.rstrip('/')}/{DATABASE}"

    def __exit__(self, *error: object) -> None:
        """The servers are left as they were found."""
        if "BENCH_POSTGRES" in os.environ:
            with _postgres(maintenance=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        if "BENCH_MYSQL" in os.environ:
            with _mysql(maintenance=True) as connection, connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        for name in SETTINGS:
            os.environ.pop(name, None)


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        next(reader)
        yield from reader


def _blocks(path: Path) -> Iterator[list[list[str]]]:
    rows = _rows(path)
    while block := list(islice(rows, BLOCK)):
        yield block


def _table(columns: Sequence[str], text: str) -> str:
    first, *rest = columns
    return f"({first} varchar(20) PRIMARY KEY, {', '.join(f'{name} {text}' for name in rest)})"


def in_sqlite(work: Work) -> None:
    path = work.folder / "orders.sqlite"
    if path.exists():
        return
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    marks = ", ".join("?" * len(ORDER_COLUMNS))
    with closing(sqlite3.connect(partial)) as connection:
        connection.execute(f"CREATE TABLE orders {_table(ORDER_COLUMNS, 'text')}")
        connection.executemany(f"INSERT INTO orders VALUES ({marks})", _rows(work.orders))
        connection.commit()
    partial.rename(path)


def _postgres(*, maintenance: bool = False):  # type: ignore[no-untyped-def]
    import psycopg

    address = os.environ["BENCH_POSTGRES"]
    return psycopg.connect(address.rpartition("/")[0] + "/postgres" if maintenance else address, autocommit=True)


def in_postgres(work: Work) -> None:
    """Orders, and the lines of the join."""
    orders_in_postgres(work)
    with _postgres() as connection:
        connection.execute("CREATE TABLE lines (order_no text, sku text, quantity text, price text)")
        _copy(connection, "lines", write_lines(work))
        connection.execute("ANALYZE lines")


def orders_in_postgres(work: Work) -> None:
    with _postgres(maintenance=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    with _postgres() as connection:
        connection.execute(f"CREATE TABLE orders {_table(ORDER_COLUMNS, 'text')}")
        _copy(connection, "orders", work.orders)
        connection.execute("ANALYZE")


def _copy(connection, name: str, path: Path) -> None:  # type: ignore[no-untyped-def]
    statement = f"COPY {name} FROM STDIN (FORMAT csv, HEADER, DELIMITER ';')"
    with connection.cursor().copy(statement) as copy, path.open("rb") as file:
        while piece := file.read(1 << 20):
            copy.write(piece)


def _mysql(*, maintenance: bool = False):  # type: ignore[no-untyped-def]
    import pymysql

    parts = urlsplit(os.environ["BENCH_MYSQL"])
    return pymysql.connect(
        host=parts.hostname or "localhost", port=parts.port or 3306, user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""), database=None if maintenance else DATABASE, charset="utf8mb4", autocommit=True,
    )  # fmt: skip


def in_mysql(work: Work) -> None:
    with _mysql(maintenance=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
    with _mysql() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE orders {_table(ORDER_COLUMNS, 'text')} ENGINE=InnoDB")
        marks = ", ".join(["%s"] * len(ORDER_COLUMNS))
        for block in _blocks(work.orders):
            cursor.executemany(f"INSERT INTO orders VALUES ({marks})", block)
        cursor.execute("ANALYZE TABLE orders")


def mysql_dump(work: Work) -> None:
    """What the server's own tool writes of the table that `in_mysql` made."""
    path = work.folder / "orders.sql"
    if path.exists():
        return
    tool = shutil.which("mysqldump") or shutil.which("mariadb-dump")
    if tool is None:
        raise Failed("neither mysqldump nor mariadb-dump is installed")
    parts = urlsplit(os.environ["BENCH_MYSQL"])
    login = [f"--host={parts.hostname}", f"--port={parts.port or 3306}", f"--user={unquote(parts.username or 'root')}"]
    secret = {"MYSQL_PWD": unquote(parts.password)} if parts.password else {}
    with path.with_suffix(".partial").open("wb") as file:
        subprocess.run(
            [tool, *login, "--protocol=tcp", DATABASE, "orders"], stdout=file, check=True, env=os.environ | secret
        )
    path.with_suffix(".partial").rename(path)
