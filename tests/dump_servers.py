"""The servers whose tools make real dumps: their addresses, and a database of one's own on each."""

from __future__ import annotations

import os
import subprocess
import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

MYSQL = "ETL_TEST_MYSQL"
POSTGRES = "ETL_TEST_POSTGRES"


def address(variable):
    """Where the server is. Without it the test is skipped, unless ETL_REQUIRE_SERVICES says that it must run."""
    if found := os.environ.get(variable):
        return urlsplit(found)
    if os.environ.get("ETL_REQUIRE_SERVICES"):
        pytest.fail(f"{variable} is not set, and ETL_REQUIRE_SERVICES is")
    pytest.skip(f"{variable} names no server, such as mysql://root@127.0.0.1:3306")


def run(*command, **settings):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, timeout=60, check=False, env={**os.environ, **settings}
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@contextmanager
def mysql_database():
    import pymysql

    at = address(MYSQL)
    name = f"etl_test_{uuid.uuid4().hex[:12]}"
    login = {"host": at.hostname, "port": at.port or 3306, "user": at.username or "root", "password": at.password or ""}
    connection = pymysql.connect(**login, charset="utf8mb4", autocommit=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            cursor.execute(f"USE {name}")
        yield (
            connection,
            name,
            ["-h", login["host"], "-P", login["port"], "-u", login["user"], f"--password={login['password']}"],
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")
        connection.close()


@contextmanager
def postgres_database():
    import psycopg

    at = address(POSTGRES)
    name = f"etl_test_{uuid.uuid4().hex[:12]}"
    login = {
        "host": at.hostname,
        "port": at.port or 5432,
        "user": at.username or "postgres",
        "password": at.password or "",
    }
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    try:
        with psycopg.connect(**login, dbname=name, autocommit=True) as connection:
            yield connection, name, ["-h", login["host"], "-p", login["port"], "-U", login["user"]]
    finally:
        with psycopg.connect(**login, dbname="postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
