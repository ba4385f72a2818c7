"""SQL Server: what can be tested where there is none. Nothing of it was run against a server."""

from __future__ import annotations

import io
import sys
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from mapping_case import Case, edited

from etl.commands.check import check
from etl.errors import SourceError
from etl.extract import Connections
from etl.extract.databases.address import address_of
from etl.extract.databases.mssql import bracketed, refusal_of, selecting_in_brackets, sentence_of, text_of_value
from etl.extract.databases.session import Relation
from etl.extract.databases.writing import write_rows
from etl.model import Database, Secret

PLACE = "mssql://reader:Hunter2@127.0.0.1:9/shop"


def test_without_the_library_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymssql", None)
    with pytest.raises(SourceError) as refused, Connections() as connections:
        connections.session(Database("shop", Secret(PLACE), PLACE))
    assert str(refused.value) == (
        "mssql://***@127.0.0.1:9/shop: SQL Server is read with the library pymssql, which is not installed; install it: "
        "pip install 'omnitron-etl[mssql]'"
    )


def test_where_nothing_answers_it_is_said_so_without_the_password():
    pytest.importorskip("pymssql", reason="the extra [mssql] is not installed here")
    with pytest.raises(SourceError) as refused, Connections() as connections:
        connections.session(Database("shop", Secret(PLACE), PLACE))
    assert str(refused.value) == (
        "mssql://***@127.0.0.1:9/shop: no SQL Server answers at 127.0.0.1:9; "
        "is the name right, is the server running, and does it listen there?"
    )


class Library:
    """In the place of pymssql: it keeps what the server would be told, and answers to nothing but that."""

    def __init__(self, refusal=None):
        self.Error, self.told, self.refusal, self.found = RuntimeError, [], refusal, []

    def connect(self, **settings):
        self.settings = settings
        return self

    def cursor(self):
        return self

    def execute(self, statement, values=None):
        self.told.append(statement)
        if self.refusal and "COUNT_BIG" in statement:
            raise self.Error(*self.refusal)
        self.found = [(1,)]

    def fetchall(self):
        return self.found

    def autocommit(self, on):
        pass

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_a_table_that_somebody_has_locked_is_waited_for_a_minute_and_then_told(monkeypatch):
    library = Library(refusal=((1222, b"Lock request time out period exceeded."),))
    monkeypatch.setitem(sys.modules, "pymssql", library)
    with Connections() as connections:
        session = connections.session(Database("shop", Secret(PLACE), PLACE))
        assert library.told[0] == "SET LOCK_TIMEOUT 60000"
        with pytest.raises(SourceError) as refused:
            session.count(Relation(("id",), of="[dbo].[Order]"))
    assert str(refused.value) == (
        "mssql://***@127.0.0.1:9/shop: another process of the shop has locked the table for more than a minute; run it again "
        "when that has ended"
    )


def test_check_knows_the_scheme_and_opens_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "t")
    monkeypatch.setenv("LEGACY", PLACE)
    sources = "databases:\n  shop: ${LEGACY}\nsources:\n  customers: { table: dbo.Customers, database: shop }\n"
    case = Case(tmp_path)
    case.file.write_text(
        edited(('sources:\n  customers: { csv: customers.csv, delimiter: ";" }\n', sources)), encoding="utf-8"
    )
    with check(case.file, None) as checked:
        assert (checked.problems, checked.closed) == ((), ("customers",))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM dbo.Orders ORDER BY id",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT [Update], \"Delete\" FROM [Insert Into] WHERE note = 'drop; it''s'",
        "-- DELETE what is old\nSELECT 1 /* INTO; */ AS a",
        "(SELECT 1 AS a) UNION (SELECT 2)",
    ],
)
def test_one_select_is_taken_whatever_its_texts_names_and_comments_hold(sql):
    assert refusal_of(sql) == ""


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT 1; DELETE FROM t", "these are several statements; a source is one SELECT"),
        ("SELECT 1 DELETE FROM t", "the statement does more than read (DELETE)"),
        ("SELECT * INTO copy FROM t", "the statement does more than read (INTO)"),
        ("WITH x AS (SELECT 1 AS a) UPDATE x SET a = 2", "the statement does more than read (UPDATE)"),
        (
            "SELECT * FROM OPENROWSET(BULK 'c:\\secret.txt', SINGLE_CLOB) x",
            "the statement does more than read (OPENROWSET)",
        ),
        ("EXEC xp_cmdshell 'dir'", "it has to be one SELECT"),
        ("UPDATE t SET a = 1", "it has to be one SELECT"),
        ("", "it has to be one SELECT"),
    ],
)
def test_what_is_not_one_select_is_refused_before_a_server_is_asked(sql, what):
    assert refusal_of(sql).startswith(what)


def test_names_stand_in_brackets_and_rows_come_in_the_order_of_the_key():
    table = Relation(("id", "a]b"), of="[dbo].[Order]", key=("id",))
    assert bracketed("a]b") == "[a]]b]"
    assert selecting_in_brackets(table, ("a]b",)) == "SELECT [a]]b] FROM [dbo].[Order] ORDER BY [id]"
    assert selecting_in_brackets(Relation(("id",), of="[t]"), ("id",)) == "SELECT [id] FROM [t]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "1"),
        (False, "0"),
        (Decimal("12.50"), "12.50"),
        (Decimal("0E-4"), "0.0000"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0.1"),
        (7, "7"),
        (date(2023, 2, 1), "2023-02-01"),
        (datetime(2023, 2, 1, 10, 30), "2023-02-01 10:30:00"),
        (b"\x00\xff", "00ff"),
        (UUID("6F9619FF-8B86-D011-B42D-00C04FC964FF"), "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ("İıŞş", "İıŞş"),
    ],
)
def test_values_are_written_as_other_servers_send_them(value, text):
    file = io.BytesIO()
    assert write_rows([["a", text_of_value(value)]], None, file) == 1
    assert file.getvalue().decode() == f"a\x1f{text}\n"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (
            ((18456, b"Login failed for user 'reader'.DB-Lib error message 20018"),),
            "the server does not let the user 'reader' in",
        ),
        ((4060, b'Cannot open database "shop"'), "the server has no database 'shop', or the user may not use it"),
        ((208, b"Invalid object name 'dbo.x'."), "there is no such table (Invalid object name 'dbo.x')"),
        ((229, b"The SELECT permission was denied"), "this user may not read it (The SELECT permission was denied)"),
        (
            (20004, b"Read from the server failed"),
            "the server ended the connection; nothing of it was used, run it again",
        ),
        ((9999, b"Something Hunter2 else"), "Something *** else"),
        (("words alone",), "words alone"),
        ((), ""),
    ],
)
def test_what_the_server_says_is_told_in_our_words_and_without_the_password(said, what):
    assert sentence_of(address_of(PLACE), said).startswith(what)
