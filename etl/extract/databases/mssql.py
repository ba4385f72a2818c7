"""SQL Server, by pymssql, which is an extra. Its values come as Python's, and are written as the texts that other servers send.

Written by Microsoft's documentation, and not run against a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, BinaryIO

from etl.errors import SourceError
from etl.extract.databases.address import Address
from etl.extract.databases.mended import mended_rows
from etl.extract.databases.session import LOCKED, ByCursor, Copied, Relation, identity_of, trimmed
from etl.extract.databases.writing import write_rows
from etl.suggest import did_you_mean

MISSING = (
    "SQL Server is read with the library pymssql, which is not installed; install it: pip install 'omnitron-etl[mssql]'"
)
AT_ONCE = 1000
LOCK_TIMEOUT = "SET LOCK_TIMEOUT 60000"
"""Milliseconds. Without it a table that another process has locked is waited for without end."""
NO_SNAPSHOT = "ALLOW_SNAPSHOT_ISOLATION is off in this database: what was written meanwhile may be among the rows"
_ALLOWED = "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()"
_NOW = "SELECT CONVERT(varchar(27), SYSUTCDATETIME(), 126) + 'Z'"
_TABLES = """SELECT CASE WHEN s.name = SCHEMA_NAME() THEN o.name ELSE s.name + '.' + o.name END
FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 ORDER BY 1"""
_COLUMNS = "SELECT name FROM sys.columns WHERE object_id = OBJECT_ID(%s) ORDER BY column_id"
_KEY = """SELECT c.name, TYPE_NAME(c.system_type_id) FROM sys.indexes i
JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id
JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
WHERE i.object_id = OBJECT_ID(%s) AND i.is_primary_key = 1 ORDER BY x.key_ordinal"""

_HIDDEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\[(?:[^\]]|\]\])*\]|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CHANGES = re.compile(
    r"\b(INTO|INSERT|UPDATE|DELETE|MERGE|EXEC|EXECUTE|CREATE|ALTER|DROP|TRUNCATE|GRANT|DENY|REVOKE|DECLARE|SET|BACKUP|RESTORE|"
    r"WAITFOR|SHUTDOWN|KILL|USE|BULK|OPENROWSET|OPENQUERY|OPENDATASOURCE)\b",
    re.IGNORECASE,
)


class MssqlSession(ByCursor):
    _tables = _TABLES

    def __init__(self, address: Address, *, mend: bool = False) -> None:
        try:
            import pymssql
        except ImportError:
            raise SourceError(f"{address.shown}: {MISSING}") from None
        self._address, self._mend, self._error = address, mend, pymssql.Error
        with self._speaking():
            self._connection = pymssql.connect(
                server=address.host or "localhost",
                port=str(address.port or 1433),
                user=address.user or None,
                password=address.password.reveal(),
                database=address.name,
                charset="UTF-8",
                login_timeout=10,
                read_only=True,
                autocommit=True,
            )
            self._run(LOCK_TIMEOUT)
            keeps = bool(self._rows(_ALLOWED)[0][0])
            self._note = "" if keeps else NO_SNAPSHOT
            # The level is that of transactions that begin after it; this one is never committed.
            self._run(f"SET TRANSACTION ISOLATION LEVEL {'SNAPSHOT' if keeps else 'READ COMMITTED'}")
            self._connection.autocommit(False)
            self.taken = str(self._rows(_NOW)[0][0])

    def _run(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def table(self, name: str) -> Relation:
        with self._speaking():
            for parts in ([name], name.split(".", 1)):
                of = ".".join(map(bracketed, parts))
                columns = tuple(str(one) for (one,) in self._rows(_COLUMNS, (of,)))
                if columns:
                    key = [(str(one), str(kind)) for one, kind in self._rows(_KEY, (of,))]
                    names = tuple(one for one, _ in key)
                    return Relation(columns, of=of, key=names, identity=identity_of(key), note=self._note)
            raise SourceError(f"{self._address.shown}: no table '{name}'{did_you_mean(name, self.tables())}")

    def statement(self, sql: str) -> Relation:
        """The server tells its columns without running it; whatever it would change is never committed."""
        text = trimmed(sql)
        if fault := refusal_of(text):
            raise SourceError(f"{self._address.shown}: {fault}")
        with self._speaking():
            described = self._rows("EXEC sp_describe_first_result_set %s", (text,))
        names = tuple(str(row[2] or "") for row in described if not row[0])
        if not names:
            raise SourceError(f"{self._address.shown}: the statement gives no rows; it has to be a SELECT")
        return Relation(names, sql=text, note=self._note)

    def count(self, relation: Relation) -> int:
        with self._speaking():
            return int(self._rows(f"SELECT COUNT_BIG(*) FROM {relation.of}")[0][0])  # noqa: S608 - a quoted name

    def copy(self, relation: Relation, columns: Sequence[str], file: BinaryIO) -> Copied:
        statement = relation.sql or selecting_in_brackets(relation, columns)
        positions = [relation.columns.index(name) for name in columns] if relation.sql else None
        with self._speaking(), self._connection.cursor() as cursor:
            cursor.execute(statement)
            rows: Iterator[Sequence[object]] = (list(map(text_of_value, row)) for row in _fetched(cursor))
            count = write_rows(mended_rows(rows) if self._mend else rows, positions, file)
            if cursor.nextset():
                raise SourceError(f"{self._address.shown}: these are several statements; a source is one SELECT")
            return Copied(statement, count)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise SourceError(f"{self._address.shown}: {sentence_of(self._address, error.args)}") from None


def _fetched(cursor: Any) -> Iterator[Sequence[Any]]:
    while rows := cursor.fetchmany(AT_ONCE):
        yield from rows


def bracketed(name: str) -> str:
    return f"[{name.replace(']', ']]')}]"


def selecting_in_brackets(relation: Relation, columns: Sequence[str]) -> str:
    order = f" ORDER BY {', '.join(map(bracketed, relation.key))}" if relation.key else ""
    return f"SELECT {', '.join(map(bracketed, columns))} FROM {relation.of}{order}"  # noqa: S608 - quoted names


def refusal_of(text: str) -> str:
    """Why a statement is not run; "" for one SELECT. T-SQL parts statements without a semicolon, too: so words are looked for."""
    shown = _HIDDEN.sub(" x ", text)
    if ";" in shown:
        return "these are several statements; a source is one SELECT"
    if not re.match(r"\s*\(*\s*(?:x\s+)*(?:SELECT|WITH)\b", shown, re.IGNORECASE):
        return "it has to be one SELECT"
    found = _CHANGES.search(shown)
    if found:
        word = found[0].upper()
        return (
            f"the statement does more than read ({word}); it is one SELECT, and names that are such words stand in [ ]"
        )
    return ""


def text_of_value(value: object) -> object:
    """A value as a dump of SQL Server's own tools has it: 12.50, 1 and 0, 2023-02-01 10:30:00; bytes are left as they are."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value


def sentence_of(address: Address, said: Sequence[Any]) -> str:
    """pymssql gives the server's number and its words, alone or as the pair that is the error's first argument."""
    pair = said[0] if said and isinstance(said[0], tuple) else said
    code, words = (*pair, "", "")[:2]
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words or code)
    first = " ".join(text.split("DB-Lib error")[0].split()).rstrip(".")
    where = f"{address.host}:{address.port or 1433}"
    nowhere = f"no SQL Server answers at {where}; is the name right, is the server running, and does it listen there?"
    sentences = {
        18456: f"the server does not let the user '{address.user}' in: the user or the password is wrong",
        1222: LOCKED,
        4060: f"the server has no database '{address.name}', or the user may not use it",
        208: f"there is no such table ({first})",
        207: f"there is no such column ({first})",
        229: f"this user may not read it ({first}); the shop's administrator can GRANT SELECT",
        102: f"the statement is not right: {first}",
        156: f"the statement is not right: {first}",
        20002: nowhere,
        20009: nowhere,
        20003: "the server ended the connection; nothing of it was used, run it again",
        20004: "the server ended the connection; nothing of it was used, run it again",
        20006: "the server ended the connection; nothing of it was used, run it again",
        20047: "the server ended the connection; nothing of it was used, run it again",
    }
    told = sentences.get(code, first) if isinstance(code, int) else first
    password = address.password.reveal()
    return told.replace(password, "***") if password else told
