"""A column that the database computes is what the dump has of it, or is told of: never a null that is none."""

# ruff: noqa: E501 - a dump and what is said of it stand side by side

from __future__ import annotations

import io
import sqlite3
import subprocess
from contextlib import ExitStack, closing, contextmanager

import pytest
from dump_servers import mysql_database, postgres_database, run

from etl.commands.inspect import Inspecting, inspect
from etl.dumps.errors import DumpError
from etl.dumps.reader import outline, read, tables
from etl.errors import SourceError
from etl.extract import Connections, World, fetched_all, open_table, read_all
from etl.mapping import load_mapping
from etl.model import Database, Source
from etl.target import Secret

WHY = (
    "the database computes it, and the dump has no values of it; compute it in the mapping or in a `query`, or read the "
    "live database"
)
MYSQL_8 = """\
-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
CREATE TABLE `t` (
  `id` int NOT NULL,
  `net` decimal(10,2) DEFAULT NULL COMMENT 'known as (net)',
  `gross` decimal(10,2) GENERATED ALWAYS AS ((`net` * 1.2)) STORED,
  `shown` varchar(20) GENERATED ALWAYS AS (concat(`net`,'v')) VIRTUAL,
  `since` timestamp(6) GENERATED ALWAYS AS ROW START,
  PRIMARY KEY (`id`)
);
INSERT INTO `t` (`id`, `net`) VALUES (1,10.00),(2,20.00);
-- Dump completed on 2026-11-01
"""
SQLITE_TABLE = (
    "CREATE TABLE t (id integer primary key, net numeric, gross AS (net*2) STORED, shown AS (net||'v'), w text)"
)
POSTGRES_TABLE = (
    "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY (START 5), net numeric(10,2), "
    "gross numeric(10,2) GENERATED ALWAYS AS (net * 1.2) STORED, note text)"
)


def rows(dump, columns=None):
    data = dump if isinstance(dump, bytes) else dump.encode()
    return [list(row) for block in read(io.BytesIO(data), {"t": columns}) for row in block.rows]


def of_sqlite(tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute(SQLITE_TABLE)
        made.execute("INSERT INTO t (id, net, w) VALUES (1, 10, 'a'), (2, 20.5, NULL)")
    return path


@contextmanager
def table_of(path, name="t"):
    database = Database("", Secret(str(path)), str(path))
    with Connections() as connections, ExitStack() as opened:
        yield opened.enter_context(
            open_table(Source(name, "table", name, {"database": database}), World({}, connections))
        )


def whole(path):
    """All that is read of the table t: its header, and its rows."""
    with table_of(path) as table:
        found = fetched_all({"t": table}, {"t": table.header})["t"]
        return table.header, [list(row) for _, part in read_all(found) for row in part.rows]


@pytest.mark.parametrize("options", [[], ["--inserts"], ["--column-inserts"], ["--rows-per-insert=50"]])
def test_a_column_that_postgresql_computes_is_none_of_its_dumps_and_the_others_are_read(options, tmp_path):
    path = tmp_path / "shop.sql"
    with postgres_database() as (connection, name, login):
        connection.execute(POSTGRES_TABLE)
        connection.execute("INSERT INTO t (net, note) VALUES (10, 'a'), (20, NULL)")
        path.write_bytes(run("pg_dump", *login, *options, name))
    header, found = whole(path)
    assert header == ("id", "net", "note")
    assert found == [["5", "10.00", "a"], ["6", "20.00", ""]]
    line = next(
        number for number, one in enumerate(path.read_text().splitlines(), 1) if one.startswith(("COPY", "INSERT"))
    )
    with table_of(path) as table:
        assert table.absent == {"gross": f"{path}:{line}: {WHY}"}


@pytest.mark.parametrize("options", [[], ["--complete-insert"], ["--skip-extended-insert"]])
def test_the_values_that_mariadb_computes_and_its_dump_has_are_read(options, tmp_path):
    path = tmp_path / "shop.sql"
    with mysql_database() as (connection, name, login), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id int, stored int AS (id + 1) STORED, virtual int AS (id + 2) VIRTUAL)")
        cursor.execute("INSERT INTO t (id) VALUES (5), (6)")
        path.write_bytes(run("mariadb-dump", *login, *options, name))
    assert whole(path) == (("id", "stored", "virtual"), [["5", "6", "7"], ["6", "7", "8"]])


def test_a_column_that_mysql_8_computes_is_none_of_its_dump_and_a_comment_makes_none_of_another():
    found = outline(io.BytesIO(MYSQL_8.encode()))
    assert found.columns == {"t": ("id", "net")}
    assert found.absent == {"t": {"gross": 10, "shown": 10, "since": 10}}
    assert rows(MYSQL_8, ["id", "net"]) == [["1", "10.00"], ["2", "20.00"]]
    assert [(one.columns, one.note) for one in tables(io.BytesIO(MYSQL_8.encode()))] == [
        (("id", "net"), f"without gross, shown, since: {WHY}")
    ]


def test_a_column_that_is_computed_has_no_null_from_whoever_asks_for_it_all_the_same():
    with pytest.raises(DumpError) as caught:
        rows(MYSQL_8, ["id", "gross"])
    assert (caught.value.line, caught.value.what) == (10, f"column 'gross' of table 't': {WHY}")


def test_a_column_that_sqlite_computes_is_read_from_its_file_and_is_none_of_its_dump(tmp_path):
    path, dump = of_sqlite(tmp_path), tmp_path / "shop.sql"
    assert whole(path) == (
        ("id", "net", "gross", "shown", "w"),
        [["1", "10", "20", "10v", "a"], ["2", "20.5", "41.0", "20.5v", ""]],
    )
    dump.write_bytes(subprocess.run(["sqlite3", path, ".dump"], check=True, capture_output=True).stdout)
    assert whole(dump) == (("id", "net", "w"), [["1", "10", "a"], ["2", "20.5", ""]])


def test_columns_of_a_virtual_table_of_sqlite_that_stand_for_arguments_are_none_of_its_columns(tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE VIRTUAL TABLE t USING fts5(body)")
    with table_of(path) as table:
        assert table.header == ("body",)


def test_default_is_told_in_a_column_that_is_not_computed_with_how_to_dump_instead():
    dump = "-- PostgreSQL database dump\nCREATE TABLE t (id int, v text);\nINSERT INTO t VALUES (1, DEFAULT);\n-- PostgreSQL database dump complete\n"
    with pytest.raises(DumpError) as caught:
        rows(dump)
    assert caught.value.what == (
        "table 't': DEFAULT is no value that is read; dump it without --inserts (as COPY), or with --column-inserts"
    )


def test_a_key_of_a_column_that_is_computed_and_left_out_is_not_looked_at():
    dump = "-- PostgreSQL database dump\nCREATE TABLE t (id int, v int AS (id) STORED UNIQUE);\nINSERT INTO t VALUES (1, DEFAULT), (2, DEFAULT);\n-- PostgreSQL database dump complete\n"
    assert rows(dump, ["id"]) == [["1"], ["2"]]


MAPPING = """\
version: 1
name: shop
description: A shop whose database computes columns
target: { url: "https://omnitron.example.com", channel: 7, token: "t" }
databases: { shop: shop.sql }
sources:
  s: { table: t, database: shop, counters: { n: [gross] } }
  q: { query: "SELECT id, gross FROM s" }
  stars: { query: "SELECT * FROM s" }
lookups:
  prices: { table: t, database: shop, key: id, value: gross }
stages:
  - name: order_item
    from: s
    key: "{{ id }}"
    fields: { order_number: "{{ id }}", price: "{{ gross }}", extra_field: { x: "{{ net }}" } }
  - name: user
    from: stars
    key: "{{ id }}"
    fields: { email: "{{ gross }}" }
tests: []
"""


def test_check_finds_each_use_of_a_column_that_the_dump_has_no_values_of(tmp_path):
    (tmp_path / "shop.sql").write_text(MYSQL_8)
    (tmp_path / "migration.yaml").write_text(MAPPING)
    with load_mapping(tmp_path / "migration.yaml") as checked:
        found = [(one.place.line, one.what) for one in checked.problems if "gross" in one.what]
    why = f"unknown column 'gross'; {tmp_path / 'shop.sql'}:10: {WHY}"
    assert found == [(7, why), (8, f"the query: {why}"), (11, why), (16, why), (20, why)]


def test_inspect_leaves_out_what_the_dump_has_no_values_of(tmp_path):
    (tmp_path / "shop.sql").write_text(MYSQL_8)
    look = inspect(Inspecting(str(tmp_path / "shop.sql"))).look
    assert [one.name for one in look.columns] == ["id", "net"]


def test_the_rows_are_asked_about_when_they_are_read_where_the_first_ones_do_not_tell(tmp_path):
    path = tmp_path / "shop.sql"
    path.write_text(f"PRAGMA foreign_keys=OFF;\n{SQLITE_TABLE};\nINSERT INTO t VALUES(1,{'9' * (3 << 20)},'a');\n")
    with pytest.raises(SourceError, match=r"shop\.sql:3: column 'gross' of table 't': the database computes it"):
        whole(path)
