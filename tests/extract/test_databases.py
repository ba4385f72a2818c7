"""The kinds `table` and `sql` against real databases: the values, the moment, and what can go wrong."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from shops import ALL, SERVERS, asked, rows_of, shop_of

from etl.commands.inspect import Inspecting, inspect
from etl.errors import SourceError
from etl.extract import Connections, World, evidence, open_table, read_all
from etl.extract.database import RemoteTable
from etl.extract.databases import mysql as mysql_
from etl.extract.databases import postgres
from etl.extract.databases.session import Copied
from etl.extract.databases.sqlite import SqliteSession
from etl.model import Database, Source
from etl.target import Secret


@pytest.fixture(params=ALL)
def shop(request, tmp_path):
    with shop_of(request.param, tmp_path) as found:
        yield found


@pytest.fixture(params=SERVERS)
def server(request, tmp_path):
    with shop_of(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def mysql(tmp_path):
    with shop_of("mysql", tmp_path) as found:
        yield found


@pytest.fixture
def postgresql(tmp_path):
    with shop_of("postgresql", tmp_path) as found:
        yield found


def fetched(table: Any):
    """The table of a database, with its rows on this machine."""
    return table.fetched(table.header)


def refusal(action, *arguments, **named):
    with pytest.raises(SourceError) as caught:
        action(*arguments, **named)
    return str(caught.value)


def with_people(shop, engine=""):
    shop.run(
        f"CREATE TABLE oc_customer (customer_id integer PRIMARY KEY, firstname varchar(50), note varchar(200)){engine}",
        "INSERT INTO oc_customer VALUES (2, 'Ali', NULL), (1, 'Şule', 'a'), (3, 'İpek', '')",
    )


# --- values and order


def test_rows_come_in_the_order_of_the_primary_key_and_null_is_a_blank_cell(shop):
    with_people(shop)
    assert rows_of(shop, "oc_customer") == [("1", "Şule", "a"), ("2", "Ali", ""), ("3", "İpek", "")]


def test_a_nul_character_of_a_database_is_no_matter_of_an_encoding(tmp_path):
    with shop_of("sqlite", tmp_path) as shop:
        with_people(shop)
        shop.run("UPDATE oc_customer SET note = 'a' || char(0) WHERE customer_id = 1")
        with asked(shop, "oc_customer") as table:
            faults = [str(fault.reason) for _, part in read_all(fetched(table)) for fault in part.faults]
    assert faults == ["cell 3 holds a NUL character, which no shop can store; take it out there, or in a query"]


def test_a_row_of_nulls_alone_is_a_row(shop):
    with_people(shop)
    sql = "SELECT NULLIF(note, 'a') AS note, NULLIF(note, 'a') AS again FROM oc_customer WHERE customer_id < 3"
    assert rows_of(shop, sql, "sql") == [("", ""), ("", "")]


def test_who_waits_is_told_of_rows_while_they_come_and_of_how_many(shop):
    """A text of two lines is no second row."""
    tuples = ", ".join(f"({number}, 'one\ntwo')" for number in range(2500))
    shop.run("CREATE TABLE t (id integer PRIMARY KEY, note varchar(20))", f"INSERT INTO t VALUES {tuples}")
    for kind, location, total in (("table", "t", 2500), ("sql", "SELECT id FROM t", None)):
        told: list[tuple[str, int, int | None]] = []
        connections = Connections()
        connections.spool.follow = lambda *one, told=told: told.append(one)
        with asked(shop, location, kind, connections) as table:
            fetched(table)
        assert {(what, of) for what, _, of in told} == {("rows: rows fetched", total)}
        assert sum(rows for _, rows, _ in told) == 2500
        assert len([rows for _, rows, _ in told if rows]) > 1


def test_text_comes_as_it_is(shop):
    hard = [
        "a,b",
        'say "x"',
        "two\nlines",
        "\r\n",
        "\r",
        "\t",
        "\x1f",
        "\x02x\x02",
        "\x02",
        "'; DROP TABLE t; --",
        "NULL",
        "\\N",
        "\\",
        "😀 İıŞş",
        " x ",
    ]
    shop.run("CREATE TABLE t (id integer PRIMARY KEY, cell varchar(100))")
    for number, text in enumerate(hard):
        escaped = text.replace("\\", "\\\\") if shop.kind == "mysql" else text
        shop.run("INSERT INTO t VALUES ({}, '{}')".format(number, escaped.replace("'", "''")))
    assert [cell for _, cell in rows_of(shop, "t")] == hard


TYPES = {
    "postgresql": (
        "n numeric(12,2), f double precision, d date, t timestamp, z timestamptz, b boolean, x bytea",
        "1234567890.10, 0.1, '2023-02-01', '2023-02-01 10:30:00', '2023-02-01 10:30:00+03', true, '\\x00ff'",
        ("1234567890.10", "0.1", "2023-02-01", "2023-02-01 10:30:00", "2023-02-01 07:30:00+00", "t", "\\x00ff"),
    ),
    "mysql": (
        "n decimal(12,2), f double, d date, t datetime, z date, b bit(9), x varbinary(9)",
        "1234567890.10, 0.1, '2023-02-01', '2023-02-01 10:30:00', '0000-00-00', b'100000001', x'00ff'",
        ("1234567890.10", "0.1", "2023-02-01", "2023-02-01 10:30:00", "0000-00-00", "257", "00ff"),
    ),
    "sqlite": (
        "n numeric, f real, d text, t integer, z text, b integer, x blob",
        "1234567890.1, 0.1, '2023-02-01', 9007199254740993, '', 1, x'00ff'",
        ("1234567890.1", "0.1", "2023-02-01", "9007199254740993", "", "1", "00ff"),
    ),
}


def test_every_type_is_the_database_s_own_text_and_bytes_are_hexadecimal(shop):
    columns, values, expected = TYPES[shop.kind]
    mode = ["SET sql_mode = ''"] if shop.kind == "mysql" else []
    shop.run(*mode, f"CREATE TABLE t ({columns})", f"INSERT INTO t VALUES ({values})")
    assert rows_of(shop, "t") == [expected]


def test_a_null_alone_in_its_row_is_a_row(shop):
    shop.run(
        "CREATE TABLE t (id integer PRIMARY KEY, cell varchar(9))", "INSERT INTO t VALUES (1, NULL), (2, 'b'), (3, '')"
    )
    assert rows_of(shop, "t", columns={"cell"}) == [("",), ("b",), ("",)]
    assert rows_of(shop, "SELECT cell FROM t ORDER BY id", "sql") == [("",), ("b",), ("",)]


def test_only_the_columns_that_are_asked_for_leave_the_database(shop):
    with_people(shop)
    with asked(shop, "oc_customer") as table:
        assert table.header == ("customer_id", "firstname", "note")
        found = table.fetched({"note", "customer_id"})
        assert found.header == ("customer_id", "note")
        assert "firstname" not in found.evidence.statement
    with asked(shop, "SELECT note, firstname, customer_id FROM oc_customer ORDER BY customer_id", "sql") as table:
        found = table.fetched({"customer_id", "note"})
        assert [tuple(row) for _, part in read_all(found) for row in part.rows] == [("a", "1"), ("", "2"), ("", "3")]


def test_a_table_of_which_no_column_is_used_still_counts_its_rows(shop):
    with_people(shop)
    with asked(shop, "oc_customer") as table:
        assert table.fetched(()).header == ("customer_id",)


def test_an_empty_table_has_no_rows(shop):
    shop.run("CREATE TABLE t (id integer PRIMARY KEY, cell varchar(9))")
    assert rows_of(shop, "t") == []


def test_a_statement_keeps_its_order_and_may_end_as_people_end_them(shop):
    with_people(shop)
    statement = "SELECT firstname FROM oc_customer ORDER BY customer_id DESC; -- the newest first".replace(
        "; --", " --"
    )
    assert rows_of(shop, statement, "sql") == [("İpek",), ("Ali",), ("Şule",)]
    assert rows_of(shop, "SELECT firstname FROM oc_customer ORDER BY customer_id ;\n", "sql") == [
        ("Şule",),
        ("Ali",),
        ("İpek",),
    ]


def test_odd_names_of_tables_and_columns_are_quoted(shop):
    quote = "`" if shop.kind == "mysql" else '"'
    shop.run(
        f"CREATE TABLE {quote}order{quote} ({quote}select{quote} integer PRIMARY KEY, {quote}Ad Soyad{quote} varchar(9))",
        f"INSERT INTO {quote}order{quote} VALUES (1, 'Ali')",
    )
    assert rows_of(shop, "order", columns={"Ad Soyad"}) == [("Ali",)]


def test_a_table_of_another_schema_is_named_with_it(postgresql):
    postgresql.run(
        "CREATE SCHEMA sales", "CREATE TABLE sales.orders (id integer)", "INSERT INTO sales.orders VALUES (7)"
    )
    assert rows_of(postgresql, "sales.orders") == [("7",)]
    assert refusal(rows_of, postgresql, "sales.order").endswith("no table 'sales.order'; did you mean 'sales.orders'?")


# --- one moment, and privacy


def test_what_is_written_after_the_first_look_is_in_none_of_the_tables(server):
    with_people(server)
    server.run("CREATE TABLE oc_order (order_id integer PRIMARY KEY)")
    with Connections() as connections:
        first = Source("a", "table", "oc_customer", {"database": server.database()})
        second = Source("b", "table", "oc_order", {"database": server.database()})
        world = World(connections=connections)
        with open_table(first, world) as customers, open_table(second, world) as orders:
            server.run("INSERT INTO oc_order VALUES (1)", "DELETE FROM oc_customer WHERE customer_id = 1")
            assert fetched(customers).evidence.rows == 3
            assert fetched(orders).evidence.rows == 0


def test_the_rows_lie_in_private_files_that_go_with_the_connections(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with_people(shop)
    with asked(shop, "oc_customer") as table:
        table.fetched(table.header)
        (file,) = tmp_path.glob("omnitron-etl-spool-*/*.csv")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(tmp_path.glob("omnitron-etl-spool-*")) == []


def test_a_folder_left_by_a_process_that_was_killed_is_removed_by_the_next(tmp_path):
    code = (
        "import os, signal; from etl.extract.databases.spool import Spool; "
        "spool = Spool(); spool.path().write_text('x'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert len(list(tmp_path.iterdir())) == 1
    code = (
        "from etl.extract.databases.spool import Spool; a, b = Spool(), Spool(); a.path(); b.path(); "
        f"import pathlib; print(len(list(pathlib.Path({str(tmp_path)!r}).iterdir()))); a.close(); b.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == "2\n"
    assert list(tmp_path.iterdir()) == []


def test_processes_that_begin_at_once_take_nothing_from_each_other(tmp_path):
    code = (
        "from etl.extract.databases.spool import Spool, private_file\n"
        "for _ in range(200):\n    spool = Spool()\n    path = spool.path()\n"
        "    with private_file(path) as file: file.write(b'x')\n    assert path.read_bytes() == b'x'\n    spool.close()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    started = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(4)]
    assert [one.wait(60) for one in started] == [0] * 4
    assert list(tmp_path.iterdir()) == []


# --- what goes wrong


def test_a_table_that_is_not_there_names_the_nearest(shop):
    with_people(shop)
    assert refusal(rows_of, shop, "oc_custmer").endswith("no table 'oc_custmer'; did you mean 'oc_customer'?")


@pytest.mark.parametrize(
    "statement", ["DELETE FROM oc_customer", "INSERT INTO oc_customer VALUES (9, 'x', NULL)", "DROP TABLE oc_customer"]
)
def test_a_statement_that_writes_is_refused_and_writes_nothing(shop, statement):
    with_people(shop)
    assert "SELECT" in refusal(rows_of, shop, statement, "sql")
    assert len(rows_of(shop, "oc_customer")) == 3


def test_several_statements_are_refused(shop):
    with_people(shop)
    said = refusal(rows_of, shop, "SELECT 1; DELETE FROM oc_customer", "sql")
    assert "several statements" in said or "is not right" in said
    assert len(rows_of(shop, "oc_customer")) == 3


def test_a_statement_makes_no_file(shop, tmp_path):
    file = tmp_path / "made"
    trials = {
        "sqlite": f"ATTACH '{file}' AS other",
        "mysql": f"SELECT 1 INTO OUTFILE '{file}'",
        "postgresql": f"SELECT 1) TO '{file}' --",
    }
    refusal(rows_of, shop, trials[shop.kind], "sql")
    assert not file.exists()


def test_broken_sql_says_what_and_where(shop):
    with_people(shop)
    said = refusal(rows_of, shop, "SELEC 1", "sql")
    assert re.search(r"near \"SELEC\"|at or near \"SELEC\" at character 1|near 'SELEC 1' at line 1", said), said


def test_two_columns_of_one_name_are_refused(shop):
    with_people(shop)
    assert refusal(rows_of, shop, "SELECT 1 AS id, 2 AS id", "sql") == (
        "source 'rows': columns 1 and 2 are both named 'id'; rename one, so that a mapping can tell them apart"
    )


def connect(location):
    with Connections() as connections:
        shown = location.partition("://")[0] + "://***@" + location.rpartition("@")[2]
        source = Source("a", "table", "t", {"database": Database("shop", Secret(location), shown)})
        with open_table(source, World(connections=connections)):
            pass


def test_a_user_whose_password_is_wrong_is_told_without_the_password(mysql):
    mysql.run("CREATE USER IF NOT EXISTS etl_reader@'%' IDENTIFIED BY 'right'")
    try:
        host = mysql.location.rpartition("@")[2]
        said = refusal(connect, f"mysql://etl_reader:Hunter2@{host}")
        assert (
            said
            == f"mysql://***@{host}: the server does not let the user 'etl_reader' in: the user or the password is wrong"
        )
    finally:
        mysql.run("DROP USER etl_reader@'%'")


def test_a_user_that_may_not_read_a_table_is_told_what_to_ask_for(postgresql):
    with_people(postgresql)
    name = f"reader_{os.getpid()}"
    postgresql.run(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    try:
        host = postgresql.location.rpartition("@")[2]
        reader = Database("shop", Secret(f"postgresql://{name}:x@{host}"), host)
        with Connections() as connections:
            table = connections.session(reader).table("oc_customer")
            with Path(os.devnull).open("wb") as nowhere:
                session: Any = connections.session(reader)
                said = refusal(session.copy, table, ["customer_id"], nowhere)
        assert "this user may not read it (permission denied for table oc_customer)" in said
        assert said.endswith("the shop's administrator can GRANT SELECT")
    finally:
        postgresql.run(f"DROP ROLE {name}")


KINDS_OF_RELATIONS = (
    "CREATE TABLE orders (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
    "CREATE TABLE orders_2020 PARTITION OF orders FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "CREATE TABLE orders_2021 PARTITION OF orders FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
    "INSERT INTO orders VALUES (2, '2021-05-05'), (1, '2020-05-05'), (3, '2020-06-06')",
    "CREATE VIEW seen AS SELECT id FROM orders WHERE id < 3",
    "CREATE MATERIALIZED VIEW kept AS SELECT id FROM orders WHERE id < 2",
    "CREATE MATERIALIZED VIEW not_made AS SELECT id, day FROM orders WITH NO DATA",
)


def test_partitioned_tables_their_partitions_and_views_of_both_kinds_are_listed_and_read(postgresql):
    postgresql.run(*KINDS_OF_RELATIONS)
    found = inspect(Inspecting(postgresql.location)).tables
    assert [(one.name, one.rows, one.columns) for one in found] == [
        ("kept", 1, 1), ("not_made", None, 2), ("orders", 3, 2), ("orders_2020", 2, 2), ("orders_2021", 1, 2), ("seen", 2, 1),
    ]  # fmt: skip
    assert [one.note for one in found if one.note] == [
        'materialized view "not_made" has not been populated (Use the REFRESH MATERIALIZED VIEW command.)'
    ]
    assert rows_of(postgresql, "orders") == [("1", "2020-05-05"), ("2", "2021-05-05"), ("3", "2020-06-06")]
    assert [rows_of(postgresql, one) for one in ("seen", "kept")] == [[("1",), ("2",)], [("1",)]]


def test_a_foreign_table_is_listed_and_read(postgresql):
    postgresql.run(
        "CREATE EXTENSION postgres_fdw",
        "CREATE TABLE near (a int)",
        "INSERT INTO near VALUES (5)",
        "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'DATABASE')".replace(
            "DATABASE", postgresql.location.rpartition("/")[2]
        ),
        "CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'postgres')",
        "CREATE FOREIGN TABLE afar (a int) SERVER far OPTIONS (table_name 'near')",
    )
    found = inspect(Inspecting(postgresql.location)).tables
    assert [(one.name, one.rows) for one in found] == [("afar", 1), ("near", 1)]
    assert rows_of(postgresql, "afar") == [("5",)]


def test_a_table_that_the_user_may_not_read_stands_in_no_others_way_when_all_are_listed(postgresql):
    with_people(postgresql)
    name = f"lister_{os.getpid()}"
    postgresql.run(f"CREATE ROLE {name} LOGIN PASSWORD 'x'", "CREATE TABLE open_to_all (a int)")
    postgresql.run("GRANT SELECT ON open_to_all TO PUBLIC")
    try:
        host = postgresql.location.rpartition("@")[2]
        closed, opened = inspect(Inspecting(f"postgresql://{name}:x@{host}")).tables
        assert (closed.name, closed.rows, opened.name, opened.rows) == ("oc_customer", None, "open_to_all", 0)
        assert closed.note.startswith("this user may not read it (permission denied for table oc_customer)")
    finally:
        postgresql.run(f"DROP ROLE {name}")


@pytest.mark.parametrize("kind", ["table", "sql"])
def test_a_mysql_user_that_may_not_read_a_table_is_told_so_and_not_that_there_is_none(mysql, kind):
    with_people(mysql)
    name, database = f"reader_{os.getpid()}", mysql.location.rpartition("/")[2]
    mysql.run(
        f"CREATE TABLE {database}.open_to_all (a int)",
        f"CREATE USER {name}@'%' IDENTIFIED BY 'Hunter2'",
        f"GRANT SELECT ON {database}.open_to_all TO {name}@'%'",
    )
    try:
        place = mysql.location.rpartition("@")[2]
        reader = Database("shop", Secret(f"mysql://{name}:Hunter2@{place}"), f"mysql://***@{place}")
        with Connections() as connections:
            session = connections.session(reader)
            asked_for = session.table if kind == "table" else lambda table: session.statement(f"SELECT * FROM {table}")
            said = refusal(asked_for, "oc_customer")
            assert refusal(session.table, "oc_custmer").endswith("GRANT SELECT")
        assert "this user may not read it (SELECT command denied to user" in said
        assert said.endswith("the shop's administrator can GRANT SELECT")
        assert "Hunter2" not in said
    finally:
        mysql.run(f"DROP USER {name}@'%'")


@pytest.mark.parametrize("scheme", SERVERS)
def test_a_server_that_is_not_there_is_told_as_what_it_is(scheme):
    assert refusal(connect, f"{scheme}://ali:Hunter2@127.0.0.1:1/shop") == (
        f"{scheme}://***@127.0.0.1:1/shop: nothing answers at 127.0.0.1:1; is the server running, and does it listen there?"
    )
    assert "the host 'no.such.invalid' is not known here" in refusal(
        connect, f"{scheme}://ali:Hunter2@no.such.invalid/shop"
    )


def test_a_database_that_is_not_there_is_told(server):
    place = server.location.rpartition("/")[0]
    assert refusal(connect, f"{place}/no_such_shop").endswith("the server has no database 'no_such_shop'")


@pytest.mark.parametrize(
    "location",
    [
        "mysql://ali:pa/ss@h/shop",
        "mysql://ali:p#ss@h/shop",
        "postgres://ali:p?ss@h/shop",
        "mysql://ali:1@h:port/shop",
        "mysql://h",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(location):
    said = refusal(connect, location)
    assert "is no " in said
    assert "ali" not in said
    assert "ss@" not in said


def test_a_file_that_is_no_database_says_what_one_is(tmp_path):
    path = tmp_path / "shop.sqlite"
    path.write_text("customer_id\n7\n")
    source = Source("a", "table", "t", {"database": Database("shop", Secret(str(path)), str(path))})
    said = refusal(open_table(source).__enter__)
    assert said == (
        f"{path}: is no database: neither an SQLite file, nor a dump (.sql, .sql.gz, .sql.bz2, .sql.xz), nor a folder or zip "
        "of CSV "
        "files, nor an address such as mysql://user@host/shop"
    )


def test_a_scheme_nobody_reads_names_those_that_are(tmp_path):
    said = refusal(connect, "oracle://ali:x@h/shop")
    assert said == (
        "oracle://***@h/shop: no database is read from oracle://; there are postgresql://, postgres://, mysql://, "
        "mariadb://, mssql:// and files: export its tables as CSV, a file for each, and name their folder"
    )


class Cutting:
    """A file that ends the session's connection as soon as something is written to it."""

    def __init__(self, cut):
        self._cut, self.closed, self.size = cut, False, 0

    def write(self, data):
        if not self.size:
            self._cut()
        self.size += len(data)
        return len(data)

    def writable(self):
        return True

    def readable(self):
        return False

    seekable = readable

    def flush(self):
        pass


MANY = {
    "postgresql": "SELECT n, repeat('x', 200) AS cell FROM generate_series(1, 500000) AS t(n)",
    "mysql": "SELECT seq, repeat('x', 200) AS cell FROM seq_1_to_500000",
}
OTHERS = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    "AND datname = current_database() AND application_name = 'omnitron-etl'",
    "mysql": None,
}


def end_others(server):
    if server.kind == "postgresql":
        server.run(OTHERS["postgresql"])
        return
    with server.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
        for (number,) in cursor.fetchall():
            cursor.execute(f"KILL {number}")


def test_a_connection_that_is_cut_in_the_middle_is_never_the_end_of_the_table(server):
    with Connections() as connections:
        session: Any = connections.session(server.database())
        relation = session.statement(MANY[server.kind])
        file = Cutting(lambda: end_others(server))
        said = refusal(session.copy, relation, relation.columns, file)
    assert "the server ended the connection" in said
    assert said.endswith("nothing of it was used, run it again")
    assert file.size < 500_000 * 200


LOCKS = {"postgresql": "LOCK TABLE oc_customer IN ACCESS EXCLUSIVE MODE", "mysql": "LOCK TABLES oc_customer WRITE"}


def test_a_table_that_somebody_has_locked_is_not_waited_for_without_end(server, monkeypatch):
    with_people(server)
    monkeypatch.setattr(
        "etl.extract.databases.postgres.SETTINGS",
        tuple((name, "1s" if name == "lock_timeout" else value) for name, value in postgres.SETTINGS),
    )
    monkeypatch.setattr(
        "etl.extract.databases.mysql.SETTINGS",
        tuple(one.replace("timeout = 60", "timeout = 1") for one in mysql_.SETTINGS),
    )
    server.run("BEGIN", LOCKS[server.kind])
    with Connections() as connections:
        source = Source("rows", "table", "oc_customer", {"database": server.database()})
        said = refusal(read_whole, source, connections)
    server.run("ROLLBACK" if server.kind == "postgresql" else "UNLOCK TABLES")
    assert said.endswith(
        "another process of the shop has locked the table for more than a minute; run it again when that has ended"
    )


def read_whole(source, connections):
    with open_table(source, World(connections=connections)) as table:
        fetched(table)


def test_rows_that_are_not_those_that_were_counted_are_refused(shop):
    with_people(shop)
    with Connections() as connections:
        source = Source("rows", "table", "oc_customer", {"database": shop.database()})
        with open_table(source, World(connections=connections)) as table:
            session = connections.session(shop.database())

            class Losing:
                taken = session.taken
                count = session.count

                def copy_all(self, requests):
                    return [Copied("SELECT", one.rows - 1) for one in session.copy_all(requests)]

            assert isinstance(table, RemoteTable)
            losing = replace(table, session=Losing())  # type: ignore[arg-type]
            assert refusal(fetched, losing).endswith("'oc_customer' has 3 rows, and 2 came; run it again")


def test_a_table_without_snapshots_that_changes_meanwhile_says_why(mysql):
    with_people(mysql, " ENGINE=MyISAM")
    with asked(mysql, "oc_customer") as table:
        original = table.session.copy

        def copy(relation, columns, file):
            copied = original(relation, columns, file)
            mysql.run("INSERT INTO oc_customer VALUES (9, 'x', '')")
            return copied

        table.session.copy = copy
        assert refusal(fetched, table).endswith(
            "'oc_customer' has 4 rows, and 3 came (MyISAM tables have no snapshot: what was written meanwhile may be among "
            "the rows); run it again"
        )


def test_evidence_names_the_statement_the_time_and_the_rows(server):
    with_people(server)
    with asked(server, "oc_customer") as table:
        found = table.fetched({"customer_id"})
        seen = evidence(Source("a", "table", "oc_customer"), found)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", seen.taken)
    assert (seen.rows, seen.bytes) == (3, 6)
    assert seen.statement.startswith("SELECT ")
    assert seen.statement.endswith(('ORDER BY "customer_id"', "ORDER BY `customer_id`"))
    assert "@" not in seen.location


def test_text_of_sqlite_that_is_no_utf_8_keeps_its_bytes_wherever_it_stands(tmp_path):
    path, rows = tmp_path / "shop.sqlite", 500
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT, photo BLOB)")
        made.executemany("INSERT INTO names VALUES (?, ?, ?)", ((at, f"Şule {at}", b"\xff\x00") for at in range(rows)))
        made.execute("UPDATE names SET name = CAST(X'DE756C65' AS TEXT) WHERE id = 450")
    session = SqliteSession(path)
    with closing(session), (tmp_path / "rows.csv").open("wb+") as file:
        file.write(b"before")
        relation = session.table("names")
        assert session.copy(relation, relation.columns, file).rows == rows
        file.seek(0)
        lines = file.read().split(b"\n")
    assert lines[0] == "before0\x1fŞule 0\x1fff00".encode()
    assert (lines[450], len(lines)) == (b"450\x1f\xdeule\x1fff00", rows + 1)
