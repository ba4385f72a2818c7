"""PostgreSQL, by psycopg 3: COPY gives the bytes of a CSV file, which are written as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from etl.errors import SourceError
from etl.extract.databases.address import Address
from etl.extract.databases.session import LOCKED, Copied, OneByOne, Relation, identity_of, quoted, trimmed
from etl.extract.databases.writing import AT_ONCE, DELIMITER, QUOTE, without_quoted_blanks
from etl.suggest import did_you_mean

if TYPE_CHECKING:
    import psycopg

SETTINGS = (
    ("datestyle", "ISO, YMD"),
    ("intervalstyle", "postgres"),
    ("timezone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("statement_timeout", "0"),
    ("lock_timeout", "60s"),
    ("idle_in_transaction_session_timeout", "0"),
)
"""So that a value's text is the same on every server, no large table is cut off by a time limit, and nobody waits without end."""

_FORM = f"FORMAT csv, DELIMITER '{DELIMITER}', QUOTE '{QUOTE}'"
"""The form of writing.py, by the server's own hand."""

_TABLES = """SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg_%' AND n.nspname <> 'information_schema' ORDER BY 1"""
_COLUMNS = """SELECT attname FROM pg_attribute
WHERE attrelid = %s::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
_KEY = """SELECT a.attname, a.atttypid::regtype::text FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = %s::oid AND i.indisprimary ORDER BY array_position(i.indkey::int2[], a.attnum)"""
_NOW = """SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


class PostgresSession(OneByOne):
    def __init__(self, address: Address) -> None:
        import psycopg

        self._address = address
        options: dict[str, Any] = {"connect_timeout": "10", "application_name": "omnitron-etl", **address.options}
        with self._speaking(connecting=True):
            self._connection = psycopg.connect(
                host=address.host or None,
                port=address.port,
                user=address.user or None,
                password=address.password.reveal() or None,
                dbname=address.name,
                **options,
                client_encoding="UTF8",
            )
        with self._speaking():
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
            for name, value in SETTINGS:
                self._connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            now: Any = self._connection.execute(_NOW).fetchone()
            self.taken = str(now[0])

    def tables(self) -> list[str]:
        with self._speaking():
            return [one for (one,) in self._connection.execute(_TABLES)]

    def table(self, name: str) -> Relation:
        with self._speaking():
            number, of = self._found(name)
            if not number:
                names = [one for (one,) in self._connection.execute(_TABLES)]
                raise SourceError(f"{self._address.shown}: no table '{name}'{did_you_mean(name, names)}")
            columns = tuple(one for (one,) in self._connection.execute(_COLUMNS, (number,)))
            key = self._connection.execute(_KEY, (number,)).fetchall()
        return Relation(columns, of=of, key=tuple(name for name, _ in key), identity=identity_of(key))

    def _found(self, name: str) -> tuple[int, str]:
        """A table's number and quoted name: one whose name has a dot in it, or a schema and a table."""
        for parts in ([name], name.split(".", 1)):
            of = ".".join(quoted(part, '"') for part in parts)
            found: Any = self._connection.execute("SELECT to_regclass(%s)::oid", (of,)).fetchone()
            if found[0]:
                return int(found[0]), of
        return 0, ""

    def statement(self, sql: str) -> Relation:
        """The server reads it by itself, as one statement, and tells its columns without running it."""
        text = trimmed(sql)
        with self._speaking():
            self._connection.execute("SELECT 1")
            result = self._prepared(text)
        names = tuple((result.fname(at) or b"").decode() for at in range(result.nfields))
        if not names:
            raise SourceError(f"{self._address.shown}: the statement gives no rows; it has to be a SELECT")
        return Relation(names, sql=text)

    def _prepared(self, text: str) -> Any:
        from psycopg import errors, pq

        server = self._connection.pgconn
        for result in (server.prepare(b"omnitron_etl", text.encode()), server.describe_prepared(b"omnitron_etl")):
            if result.status != pq.ExecStatus.COMMAND_OK:
                state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
                raise _broken(errors.lookup(state) if state else errors.OperationalError, result)
        server.exec_(b"DEALLOCATE omnitron_etl")
        return result

    def count(self, relation: Relation) -> int:
        # A table that cannot be counted takes only itself along, not the whole transaction.
        with self._speaking(), self._connection.transaction():
            found: Any = self._connection.execute(f"SELECT count(*) FROM {relation.of}".encode()).fetchone()  # noqa: S608
        return int(found[0])

    def copy(self, relation: Relation, columns: Sequence[str], file: BinaryIO) -> Copied:
        statement = _selecting(relation, columns)
        with self._speaking(), self._connection.cursor() as cursor:
            # The line break ends a comment with which the statement may end.
            with cursor.copy(f"COPY ({statement}\n) TO STDOUT ({_FORM})".encode()) as copy:
                # Each of them is a row, of which many are quicker together.
                while some := b"".join(islice(copy, AT_ONCE)):
                    file.write(without_quoted_blanks(some) if len(columns) > 1 else some)
            return Copied(statement, cursor.rowcount)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _speaking(self, *, connecting: bool = False) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            what = _unreached(self._address, str(error)) if connecting else _sentence(error)
            raise SourceError(f"{self._address.shown}: {_without_password(self._address, what)}") from None


def _selecting(relation: Relation, columns: Sequence[str]) -> str:
    names = [_column(name, alone=len(columns) == 1) for name in columns]
    order = ", ".join(quoted(name, '"') for name in relation.key)
    of = relation.of or f"({relation.sql}\n) AS source"
    return f"SELECT {', '.join(names)} FROM {of}{f' ORDER BY {order}' if order else ''}"  # noqa: S608


def _column(name: str, *, alone: bool) -> str:
    column = quoted(name, '"')
    # A NULL that is alone in its row would be a blank line, which is no row.
    return f"coalesce({column}::text, '')" if alone else column


def _broken(kind: type[psycopg.Error], result: Any) -> psycopg.Error:
    return kind(result.error_message.decode("utf-8", "replace"), info=result, encoding="utf-8")


def _without_password(address: Address, text: str) -> str:
    password = address.password.reveal()
    return text.replace(password, "***") if password else text


def _unreached(address: Address, text: str) -> str:
    """Connecting fails without a code: the server's words, which may be Turkish, are all there is."""
    where = f"{address.host}:{address.port or 5432}"
    if "refused" in text or "No such file" in text:
        return f"nothing answers at {where}; is the server running, and does it listen there?"
    if "resolve" in text or "translate host name" in text:
        return f"the host '{address.host}' is not known here; is its name right?"
    if "timeout" in text:
        return f"{where} does not answer; is a firewall between?"
    if "password authentication failed" in text or ("role" in text and "does not exist" in text):
        return f"the server does not let the user '{address.user}' in: the user or the password is wrong"
    if "does not exist" in text:
        return f"the server has no database '{address.name}'"
    return f"cannot be connected to ({' '.join(text.split())})"


def _sentence(error: psycopg.Error) -> str:
    said = error.diag.message_primary or " ".join(str(error).split())
    state = error.sqlstate or ""
    if state == "42501":
        return f"this user may not read it ({said}); the shop's administrator can GRANT SELECT"
    if state == "25006":
        return f"the statement does more than read; it has to be one SELECT ({said})"
    if state == "55P03":
        return LOCKED
    if "multiple commands" in said:
        return "these are several statements; a source is one SELECT"
    if not state or state[:2] in ("08", "57"):
        return f"the server ended the connection ({said}); nothing of it was used, run it again"
    where = f" at character {error.diag.statement_position} of the statement" if error.diag.statement_position else ""
    hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
    return f"{said}{where}{hint}"
