"""Tables of PostgreSQL that inherit from others: the rows of one are those that the server gives of it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from dump_servers import postgres_database, run

from etl.commands.inspect import Inspecting, inspect
from etl.errors import SourceError
from etl.extract import Connections, World, fetched_all, open_table, read_all
from etl.model import Database, Source
from etl.target import Secret

TABLES = """
CREATE TABLE par (id integer PRIMARY KEY, v text DEFAULT 'none', twice integer GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE "other Par" (code text);
CREATE TABLE chi (extra text) INHERITS (par);
CREATE TABLE bare () INHERITS (par);
CREATE TABLE grand (v text, deep integer) INHERITS (chi, "other Par");
INSERT INTO par (id, v) VALUES (1, 'a'), (2, NULL);
INSERT INTO chi (id, v, extra) VALUES (3, 'c', 'x');
INSERT INTO bare (id) VALUES (4);
INSERT INTO grand (id, v, extra, code, deep) VALUES (5, 'e', NULL, 'k', 7);
"""
ALL = ("par", "other Par", "chi", "bare", "grand")


def read_tables(path, *names):
    """Each table's header and its rows, in the order of their texts, as a mapping that reads all of them at once gets them."""
    database = Database("", Secret(str(path)), str(path))
    with Connections() as connections, ExitStack() as opened:
        tables = {
            name: opened.enter_context(
                open_table(Source(name, "table", name, {"database": database}), World({}, connections))
            )
            for name in names
        }
        found = fetched_all(tables, {name: table.header for name, table in tables.items()})
        return {
            name: (table.header, sorted(tuple(row) for _, part in read_all(table) for row in part.rows))
            for name, table in found.items()
        }


def of_the_server(connection, name):
    columns = [
        one.name
        for one in connection.execute(f'SELECT * FROM "{name}" LIMIT 0').description
        if one.name != "twice"  # of which the dump has no values
    ]
    listed = ", ".join(f"""coalesce("{column}"::text, '')""" for column in columns)
    return tuple(columns), sorted(connection.execute(f'SELECT {listed} FROM "{name}"').fetchall())


@pytest.mark.parametrize("options", [[], ["--inserts"], ["--column-inserts"], ["--rows-per-insert=50"]])
def test_a_table_has_the_rows_of_those_that_inherit_from_it_as_the_server_has(options, tmp_path):
    path = tmp_path / "shop.sql"
    with postgres_database() as (connection, name, login):
        connection.execute(TABLES)
        path.write_bytes(run("pg_dump", *login, *options, name))
        live = {one: of_the_server(connection, one) for one in ALL}
    assert [len(live[one][1]) for one in ALL] == [5, 1, 2, 1, 1]
    assert read_tables(path, *ALL) == live
    assert read_tables(path, "par") == {"par": live["par"]}
    listed = {one.name: (one.rows, one.columns) for one in inspect(Inspecting(str(path))).tables}
    assert listed == {one: (len(rows), len(header)) for one, (header, rows) in live.items()}


def test_a_column_that_rows_of_an_inheriting_table_leave_out_is_no_column_of_either(tmp_path):
    path = tmp_path / "shop.sql"
    path.write_text(
        "-- PostgreSQL database dump\nCREATE TABLE par (id integer, n integer);\n"
        "CREATE TABLE chi (\n    n integer GENERATED ALWAYS AS (id) STORED\n)\nINHERITS (par);\n"
        "COPY par (id, n) FROM stdin;\n1\t5\n\\.\nCOPY chi (id) FROM stdin;\n2\n\\.\n-- PostgreSQL database dump complete\n"
    )
    assert read_tables(path, "par", "chi") == {"par": (("id",), [("1",), ("2",)]), "chi": (("id",), [("2",)])}


@pytest.mark.parametrize("options", [[], ["--column-inserts"]])
def test_a_table_that_was_dumped_without_the_one_it_inherits_from_has_the_columns_that_its_rows_name(options, tmp_path):
    path = tmp_path / "shop.sql"
    with postgres_database() as (connection, name, login):
        connection.execute(TABLES)
        path.write_bytes(run("pg_dump", *login, *options, "-t", "chi", "-t", "bare", name))
    assert read_tables(path, "chi", "bare") == {
        "chi": (("id", "v", "extra"), [("3", "c", "x")]),
        "bare": (("id", "v"), [("4", "none")]),
    }


def test_rows_of_such_a_table_that_name_no_columns_are_refused_with_what_to_dump(tmp_path):
    path = tmp_path / "shop.sql"
    with postgres_database() as (connection, name, login):
        connection.execute(TABLES)
        path.write_bytes(run("pg_dump", *login, "--inserts", "-t", "chi", name))
    with pytest.raises(
        SourceError, match=r"table 'chi' inherits columns from 'par'; dump that, too, or with --column-inserts"
    ):
        read_tables(path, "chi")
