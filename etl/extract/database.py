"""The kinds `table` and `sql`: what a database is asked for.

Their rows are fetched once, as CSV text, into a private file, and read from there by the CSV way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from etl.errors import SourceError
from etl.extract.columns import column_names
from etl.extract.csv_file import CsvTable
from etl.extract.csv_format import CsvFormat
from etl.extract.databases.connections import Connections
from etl.extract.databases.session import Copied, Relation, Session, chosen
from etl.extract.databases.spool import private_file
from etl.extract.kinds import TRIM, Kind, Option, World
from etl.files import sha256_of
from etl.model import Database, Evidence, Part, Source, Table


@dataclass(frozen=True, slots=True)
class RemoteTable:
    """A table or statement of a database whose columns are known, and of which no row has been read."""

    source: Source
    relation: Relation
    session: Session
    connections: Connections
    header: tuple[str, ...]
    first_row: int = 1
    text_only: bool = True

    def parts(self, rows: int) -> Iterator[Part]:
        return self.fetched(self.header).parts(rows)

    def fetched(self, columns: Collection[str]) -> FetchedTable:
        """The rows of these columns, from now on in a file of ours. Raises SourceError."""
        by_name = dict(zip(self.header, self.relation.columns, strict=True))
        names = chosen(self.relation, {by_name[name] for name in columns if name in by_name})
        path = self.connections.spool.path()
        with private_file(path) as file:
            copied = self.session.copy(self.relation, names, file)
        self._all_came(copied)
        header = tuple(self.header[self.relation.columns.index(name)] for name in names)
        file_format = CsvFormat(trim=False, width=len(header))
        table = CsvTable(path, header, self.first_row, 0, path.stat().st_size, file_format)
        return FetchedTable(table, self._evidence(path, copied))

    def _all_came(self, copied: Copied) -> None:
        """A connection that was cut must never look like the end of the table."""
        if not self.relation.of:
            return
        there = self.session.count(self.relation)
        if there != copied.rows:
            moving = f" ({self.relation.note})" if self.relation.note else ""
            raise SourceError(
                f"{_database(self.source).shown}: '{self.source.location}' has {there} rows, and {copied.rows} came"
                f"{moving}; run it again"
            )

    def _evidence(self, path: Path, copied: Copied) -> Evidence:
        shown = _database(self.source).shown
        return Evidence(shown, path.stat().st_size, sha256_of(path), copied.statement, self.session.taken, copied.rows)


@dataclass(frozen=True, slots=True)
class FetchedTable:
    """Rows that have left the database, and what is to be remembered of them."""

    table: CsvTable
    evidence: Evidence
    text_only: bool = True

    @property
    def header(self) -> tuple[str, ...]:
        return self.table.header

    @property
    def first_row(self) -> int:
        return self.table.first_row

    def parts(self, rows: int) -> Iterator[Part]:
        return self.table.parts(rows)


def _database(source: Source) -> Database:
    found = source.options["database"]
    assert isinstance(found, Database)
    return found


@contextmanager
def open_table_of_database(source: Source, world: World) -> Iterator[Table]:
    session = world.connections.session(_database(source))
    asked = session.statement if source.kind == "sql" else session.table
    relation = asked(source.location)
    yield RemoteTable(source, relation, session, world.connections, column_names(relation.columns))


def evidence_of_database(source: Source, table: Table, whole: bool) -> Evidence:
    """What was asked, when, and the hash of what came; of what was not fetched only where it is."""
    return table.evidence if isinstance(table, FetchedTable) else Evidence(_database(source).shown)


def _database_option(value: object) -> object:
    if isinstance(value, Database) or (isinstance(value, str) and value):
        return value
    raise ValueError("is missing; name one of `databases:`")


DATABASE = Option(
    "database",
    "the name of one of `databases:`, or where the database is.",
    _database_option,
    {"type": "string", "minLength": 1, "examples": ["shop", "${LEGACY}"]},
    required=True,
)

TABLE = Kind(
    "table",
    "A table or view of a database, by its name. Only the columns that the mapping uses are read, in the order of the "
    "primary key.",
    open_table_of_database,
    (DATABASE, TRIM),
    examples=("oc_customer", "sales.orders"),
    where="database",
    evidence=evidence_of_database,
)

SQL = Kind(
    "sql",
    "One SELECT in the database's own dialect, run there. Its rows keep the order that it gives.",
    open_table_of_database,
    (DATABASE, TRIM),
    examples=("SELECT * FROM oc_order WHERE order_status_id > 0 ORDER BY order_id",),
    where="database",
    evidence=evidence_of_database,
    rows_of=lambda source: source.name,
)
