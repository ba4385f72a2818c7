"""mysqlclient and PyMySQL bring the same bytes, and tell the same of what goes wrong."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
from shops import shop_of
from test_databases import MANY, Cutting, end_others

from etl.errors import SourceError
from etl.extract import Connections
from etl.extract.databases import mysql, mysql_drivers
from etl.model import Database, Secret


def drivers():
    yield mysql_drivers.pymysql()
    try:
        yield mysql_drivers.mysqlclient()
    except ImportError as error:
        pytest.skip(
            f"mysqlclient is not installed here (apt-get install libmariadb-dev; pip install mysqlclient): {error}"
        )


@pytest.fixture
def shop(tmp_path):
    with shop_of("mysql", tmp_path) as found:
        yield found


KINDS = """
    id int PRIMARY KEY, tiny tinyint, small smallint unsigned, middle mediumint, big bigint unsigned, money decimal(20,4),
    single float, twice double, day date, moment datetime(6), stamp timestamp(3) NULL, clock time(2), y year, bits bit(12),
    one varchar(90) CHARACTER SET utf8mb4, exact varchar(90) COLLATE utf8mb4_bin, old varchar(90) CHARACTER SET latin5,
    fixed char(9), bytes binary(4), raw varbinary(90), large longblob, long_text mediumtext, kind enum('a', 'ş'),
    some set('x', 'y'), tree json, place geometry
"""
ROWS = (
    "1, -1, 65535, -8388608, 18446744073709551615, 12345678901234.5000, 0.1, 1e300, '2023-02-01', '2023-02-01 10:30:00.123456',"
    " '2023-02-01 10:30:00.5', '-838:59:59', 2023, b'101', 'İıŞş 😀', 'Ali', 'Işık', 'x', 'ab', x'00ff27', x'0001', 'a\\nb\\\\c',"
    " 'ş', 'x,y', '{\"a\": [1, \"ş\"]}', ST_GeomFromText('POINT(1 2)')",
    "2" + ", NULL" * 25,
    "3, 0, 0, 0, 0, 0, 0, -0.0, '0000-00-00', '0000-00-00 00:00:00', NULL, '00:00:00', 0, b'0', '', '', '', '', '', '', '',"
    " 'NULL', '', '', 'null', NULL",
)


def bytes_of(shop, driver, monkeypatch):
    """Everything a table and a statement give: as a file, and the columns."""
    monkeypatch.setattr(mysql, "mysql_driver", lambda: driver)
    with Connections() as connections:
        session: Any = connections.session(shop.database())
        found = [session.tables()]
        for relation in (session.table("t"), session.statement("SELECT *, id + 0.5 AS half, NOW() > 0 AS late FROM t")):
            file = io.BytesIO()
            copied = session.copy(relation, relation.columns, file)
            found += [relation, copied.rows, session.count(session.table("t")), file.getvalue()]
    return found


def test_both_libraries_bring_the_same_bytes_of_every_type(shop, monkeypatch):
    shop.run("SET sql_mode = ''", f"CREATE TABLE t ({KINDS})", *(f"INSERT INTO t VALUES ({row})" for row in ROWS))
    first, second = [bytes_of(shop, one, monkeypatch) for one in drivers()]
    assert first == second
    assert "İıŞş 😀,Ali,Işık,x,61620000,00ff27,0001".replace(",", "\x1f").encode() in first[4]


def test_both_libraries_tell_of_a_connection_that_is_cut(shop, monkeypatch):
    for driver in drivers():
        monkeypatch.setattr(mysql, "mysql_driver", lambda one=driver: one)
        with Connections() as connections:
            session: Any = connections.session(shop.database())
            relation = session.statement(MANY["mysql"])
            with pytest.raises(
                SourceError, match="the server ended the connection; nothing of it was used, run it again"
            ):
                session.copy(relation, relation.columns, Cutting(lambda: end_others(shop)))


class Full(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        raise OSError(28, "No space left on device")


def test_neither_library_reads_on_when_nobody_takes_the_rows(shop, monkeypatch):
    """A table of ten million rows would take minutes to be read to its end."""
    for driver in drivers():
        monkeypatch.setattr(mysql, "mysql_driver", lambda one=driver: one)
        with Connections() as connections:
            session: Any = connections.session(shop.database())
            relation = session.statement("SELECT seq, repeat('x', 2000) AS cell FROM seq_1_to_10000000")
            with pytest.raises(OSError, match="No space left"):
                session.copy(relation, relation.columns, Full())


def test_a_user_who_has_no_password_there_is_told_as_one_with_a_wrong_one(shop, monkeypatch):
    port, user = shop.login[3], f"etl_socket_{os.getpid()}"
    place = f"mysql://{user}:Hunter2@127.0.0.1:{port}/mysql"
    shop.run(f"CREATE USER {user} IDENTIFIED VIA unix_socket")
    try:
        for driver in drivers():
            monkeypatch.setattr(mysql, "mysql_driver", lambda one=driver: one)
            with pytest.raises(SourceError) as refused, Connections() as connections:
                connections.session(Database("shop", Secret(place), "the shop"))
            assert f"the server does not let the user '{user}' in" in str(refused.value)
    finally:
        shop.run(f"DROP USER {user}")


WRONG = {
    "mysql://root@127.0.0.1:{port}/no_such": "the server has no database 'no_such'",
    "mysql://nobody_{pid}:Hunter2@127.0.0.1:{port}/mysql": "the server does not let the user 'nobody_{pid}' in",
    "mysql://root@127.0.0.1:9/mysql": "nothing answers at 127.0.0.1:9; is the server running, and does it listen there?",
    "mysql://root@no-such-host.invalid/mysql": "the host 'no-such-host.invalid' is not known here; is its name right?",
}


@pytest.mark.parametrize("location", WRONG)
def test_both_libraries_say_the_same_of_an_address_that_leads_nowhere(shop, monkeypatch, location):
    port = shop.location.partition("@")[2].partition(":")[2].partition("/")[0]
    place = location.format(port=port, pid=os.getpid())
    for driver in drivers():
        monkeypatch.setattr(mysql, "mysql_driver", lambda one=driver: one)
        with pytest.raises(SourceError) as refused, Connections() as connections:
            connections.session(Database("shop", Secret(place), "the shop"))
        assert WRONG[location].format(pid=os.getpid()) in str(refused.value)
        assert "Hunter2" not in str(refused.value)
