"""The databases of one mapping, each opened once, the rows that were fetched from them, and the process of its queries."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import SourceError
from etl.extract.databases.address import SERVERS, address_of, is_server, scheme_of
from etl.extract.databases.kept import Snapshot
from etl.extract.databases.kept_session import KeptSession
from etl.extract.databases.mended import OPTION
from etl.extract.databases.session import Session
from etl.extract.databases.spool import Spool
from etl.extract.opening import byte_stream, existing_file
from etl.extract.stamps import FileStamps
from etl.extract.zip_member import ZipMember
from etl.model import Database

if TYPE_CHECKING:
    from etl.extract.queries.process import QueryProcess

ENDINGS = (".sql", ".sql.gz", ".sql.bz2", ".sql.xz")
"""What the name of a dump ends in."""


class Connections:
    """Everything a mapping takes from one database comes over one connection, in one moment. Used in a `with`. `files` are those
    that its rows come from.

    With a snapshot no server is asked: it has what they had.
    """

    def __init__(self, kept: Snapshot | None = None) -> None:
        self._sessions: dict[str, Session] = {}
        self.kept = kept
        self.spool = Spool()
        self.files = FileStamps()

    @cached_property
    def queries(self) -> QueryProcess:
        """The process of the queries, once there is one."""
        from etl.extract.queries.process import QueryProcess

        return QueryProcess()

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
        self.end_queries()
        self.spool.close()

    def session(self, database: Database) -> Session:
        """Raises SourceError."""
        location = database.location.reveal()
        if location not in self._sessions:
            if location.lower().endswith(ENDINGS):
                self.files.add(location)  # of an SQLite file all is read in one moment, whoever writes there
            kept = self.kept if is_server(location) else None
            self._sessions[location] = (
                _session(database, location) if kept is None else KeptSession(kept, database.shown)
            )
        return self._sessions[location]

    def end_queries(self) -> None:
        """End the process of the queries, where there is one; another query begins one anew."""
        if "queries" in vars(self):
            self.queries.close()

    def release(self) -> None:
        """End what the shop's servers hold for this process. What was fetched can still be read."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()


def _session(database: Database, location: str) -> Session:
    if not is_server(location):
        return _file_session(database, location)
    try:
        address = address_of(location)
    except ValueError as error:
        raise SourceError(f"{database.shown}: {error}") from None
    if address.dialect == "mysql":
        from etl.extract.databases.mysql import MysqlSession

        return MysqlSession(address, mend=bool(database.options.get(OPTION)))
    if address.dialect == "mssql":
        from etl.extract.databases.mssql import MssqlSession

        return MssqlSession(address, mend=bool(database.options.get(OPTION)))
    from etl.extract.databases.postgres import PostgresSession

    return PostgresSession(address)


def _file_session(database: Database, location: str) -> Session:
    from etl.extract.databases.sqlite import MAGIC, SqliteSession

    scheme = scheme_of(location)
    if scheme:
        servers = ", ".join(f"{name}://" for name in SERVERS)
        raise SourceError(
            f"{database.shown}: no database is read from {scheme}://; there are {servers} and files: export its tables as CSV, "
            "a file for each, and name their folder"
        )
    path = existing_file(location)
    with byte_stream(path) as file:
        head = file.read(len(MAGIC))
    if head == MAGIC and isinstance(path, ZipMember):
        raise SourceError(f"{path}: an SQLite file is not read inside an archive; unpack it first")
    if head == MAGIC:
        return SqliteSession(Path(location))
    if str(path).lower().endswith(ENDINGS):
        from etl.extract.databases.dump import DumpSession

        encoding = database.options.get("encoding")
        mend = bool(database.options.get(OPTION))
        return DumpSession(path, None if encoding is None else str(encoding), mend=mend)
    raise SourceError(
        f"{path}: is no database: neither an SQLite file, nor a dump ({', '.join(ENDINGS)}), nor a folder or zip of CSV files, "
        "nor an address such as mysql://user@host/shop"
    )
