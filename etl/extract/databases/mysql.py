"""MySQL and MariaDB: rows are streamed, and every value is the text that the server sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from etl.errors import SourceError
from etl.extract.databases.address import Address
from etl.extract.databases.mended import mended_rows
from etl.extract.databases.mysql_drivers import mysql_driver
from etl.extract.databases.session import (
    LOCKED,
    ByCursor,
    Copied,
    Relation,
    identity_of,
    quoted,
    selecting,
    trimmed,
)
from etl.extract.databases.writing import write_rows
from etl.suggest import did_you_mean

SETTINGS = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET time_zone = '+00:00'",
    "SET net_write_timeout = 3600",
    "SET lock_wait_timeout = 60",
    "SET sql_mode = ''",
)
"""One moment for all tables; times as a dump has them; and no server that hangs up because a disk was slow for a minute."""

SYNTAX, TWICE_NAMED, DENIED = 1064, 1060, 1142
BIT = 16
"""The number of a type in the protocol (MySQL internals, "Column Definition")."""
SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
TRANSACTIONAL = ("InnoDB", "RocksDB", "ROCKSDB", "TokuDB")

_NOW = "SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')"
_TABLE = """SELECT table_schema, table_name, engine, table_type FROM information_schema.tables
WHERE table_schema = %s AND table_name = %s"""
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name"
_COLUMNS = """SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s
ORDER BY ordinal_position"""
_KEY = """SELECT s.column_name, c.data_type FROM information_schema.statistics s
JOIN information_schema.columns c USING (table_schema, table_name, column_name)
WHERE s.table_schema = %s AND s.table_name = %s AND s.index_name = 'PRIMARY' ORDER BY s.seq_in_index"""


class MysqlSession(ByCursor):
    _tables = _TABLES

    def __init__(self, address: Address, *, mend: bool = False) -> None:
        self._address, self._mend, self._driver = address, mend, mysql_driver()
        with self._speaking():
            self._connection = self._driver.connect(address)
            for statement in (*SETTINGS, SNAPSHOT):
                self._rows(statement)
            self.taken = str(self._rows(_NOW)[0][0])

    def table(self, name: str) -> Relation:
        with self._speaking():
            found = self._found(name)
            if found is None:
                self._look_behind(name)
                names = [one for (one,) in self._rows(_TABLES)]
                raise SourceError(f"{self._address.shown}: no table '{name}'{did_you_mean(name, names)}")
            schema, table, engine, kind = found
            columns = tuple(one for (one,) in self._rows(_COLUMNS, (schema, table)))
            key = self._rows(_KEY, (schema, table))
        moving = kind == "BASE TABLE" and engine not in TRANSACTIONAL
        note = f"{engine} tables have no snapshot: what was written meanwhile may be among the rows" if moving else ""
        of = f"{quoted(schema, '`')}.{quoted(table, '`')}"
        pairs = [(name, kind) for name, kind in key]
        return Relation(columns, of=of, key=tuple(name for name, _ in pairs), identity=identity_of(pairs), note=note)

    def _look_behind(self, name: str) -> None:
        """A table that the user may not read is hidden from the list of tables, and refused when it is asked for."""
        try:
            self._rows(f"SELECT 1 FROM {quoted(name, '`')} LIMIT 0")  # noqa: S608 - a quoted name
        except self._driver.error as error:
            if error.args[0] == DENIED:
                raise

    def _found(self, name: str) -> tuple[Any, ...] | None:
        """A table of the address's database, or of the one that stands before a dot."""
        schema, dot, rest = name.partition(".")
        tries = [(self._address.name, name)] + ([(schema, rest)] if dot else [])
        return next((rows[0] for one in tries if (rows := self._rows(_TABLE, one))), None)

    def statement(self, sql: str) -> Relation:
        """The server has to take it as one statement, and as a table in another: there SELECT ... INTO OUTFILE is no SQL."""
        text = trimmed(sql)
        with self._speaking():
            self._rows("PREPARE omnitron_etl FROM %s", (text,))
            self._rows("DEALLOCATE PREPARE omnitron_etl")
            self._is_a_table(text)
            names = self._begun(text)
        if not names:
            raise SourceError(f"{self._address.shown}: the statement gives no rows; it has to be a SELECT")
        return Relation(names, sql=text)

    def _is_a_table(self, text: str) -> None:
        try:
            self._rows("PREPARE omnitron_etl FROM %s", (f"SELECT 1 FROM ({text}\n) AS source",))  # noqa: S608
            self._rows("DEALLOCATE PREPARE omnitron_etl")
        except self._driver.error as error:
            if error.args[0] == SYNTAX:
                raise SourceError(
                    f"{self._address.shown}: the statement does more than read; it has to be one SELECT, without INTO"
                ) from None
            if error.args[0] != TWICE_NAMED:  # of which the columns tell more
                raise

    def _begun(self, text: str) -> tuple[str, ...]:
        """The columns of a statement, of which no row is asked for."""
        self._rows("SET SESSION sql_select_limit = 0")
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(text)
                return tuple(one[0] for one in cursor.description or ())
        finally:
            self._rows("SET SESSION sql_select_limit = DEFAULT")

    def count(self, relation: Relation) -> int:
        with self._speaking():
            return int(self._rows(f"SELECT count(*) FROM {relation.of}")[0][0])  # noqa: S608

    def copy(self, relation: Relation, columns: Sequence[str], file: BinaryIO) -> Copied:
        statement = relation.sql or selecting(relation, columns, "`")
        positions = [relation.columns.index(name) for name in columns] if relation.sql else None
        with self._speaking(), self._driver.rows(self._connection, statement) as (described, found):
            rows = _readable(described, found)
            return Copied(statement, write_rows(mended_rows(rows) if self._mend else rows, positions, file))

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except self._driver.error as error:
            raise SourceError(f"{self._address.shown}: {_sentence(self._address, error)}") from None


def _readable(described: Sequence[Sequence[Any]], rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The rows, with bits as the number they are: the server sends them as bytes."""
    bits = [at for at, one in enumerate(described) if one[1] == BIT]
    return (_with_numbers(row, bits) for row in rows) if bits else rows


def _with_numbers(row: Sequence[Any], bits: Sequence[int]) -> list[Any]:
    cells = list(row)
    for at in bits:
        cells[at] = None if cells[at] is None else int.from_bytes(cells[at], "big")
    return cells


def _sentence(address: Address, error: Any) -> str:
    code, said = (*error.args, "", "")[:2]
    where = f"{address.host}:{address.port or 3306}"
    not_in = f"the server does not let the user '{address.user}' in: the user or the password is wrong"
    sentences = {
        1045: not_in,
        1698: not_in,  # of a user who is known in another way than by a password; MariaDB also says it of one who is not there
        1044: f"the user '{address.user}' may not use the database '{address.name}'",
        1049: f"the server has no database '{address.name}'",
        1064: f"the statement is not right: {said}",
        1142: f"this user may not read it ({said}); the shop's administrator can GRANT SELECT",
        1792: "the statement does more than read; it has to be one SELECT, without INTO",
        2002: _unreached(address, where, str(said)),
        2003: _unreached(address, where, str(said)),
        2005: _unreached(address, where, str(said)),
        1205: LOCKED,
        2013: "the server ended the connection; nothing of it was used, run it again",
        2006: "the server ended the connection; nothing of it was used, run it again",
    }
    text = sentences.get(code, str(said or code))
    password = address.password.reveal()
    return text.replace(password, "***") if password else text


def _unreached(address: Address, where: str, said: str) -> str:
    if "Unknown" in said or "Name or service" in said or "getaddrinfo" in said or "nodename" in said:
        return f"the host '{address.host}' is not known here; is its name right?"
    if "timed out" in said or "(110)" in said:
        return f"{where} does not answer; is a firewall between?"
    return f"nothing answers at {where}; is the server running, and does it listen there?"
