"""The kinds `table` and `sql`: what a database is asked for.

Their rows are fetched once, as CSV text, into a private file, and read from there by the CSV way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from etl.errors import SourceError
from etl.extract.columns import column_names
from etl.extract.compressed import SUFFIXES
from etl.extract.confinement import check_inside
from etl.extract.csv_file import CSV, CsvTable, open_csv
from etl.extract.csv_format import CsvFormat
from etl.extract.databases.address import SERVERS, is_server, scheme_of
from etl.extract.databases.connections import ENDINGS, Connections
from etl.extract.databases.following import followed
from etl.extract.databases.kept import KeptRows, Snapshot, changed
from etl.extract.databases.kept_session import KeptSession
from etl.extract.databases.mended import NOTE, OPTION, is_mixed
from etl.extract.databases.session import Copied, Relation, Request, Session, chosen
from etl.extract.databases.spool import private_file
from etl.extract.databases.writing import DELIMITER, QUOTE, spooled
from etl.extract.evidence import fingerprint
from etl.extract.kinds import COUNTERS, NORMALIZE, TRIM, Kind, Option, OptionValues, World
from etl.extract.locations import shown
from etl.extract.own_file import InOwnFile
from etl.extract.zip_member import ENDING, is_archive, members
from etl.files import sha256_of
from etl.findings import said
from etl.model import Database, Evidence, Locate, Locator, Part, Source, Table
from etl.suggest import did_you_mean


class RemoteTable(Struct, frozen=True):
    """A table or statement of a database whose columns are known, and of which no row has been read."""

    source: Source
    relation: Relation
    session: Session
    connections: Connections
    header: tuple[str, ...]
    first_row: int = 1
    text_only: bool = True

    @property
    def absent(self) -> Mapping[str, str]:
        return self.relation.absent

    def parts(self, rows: int) -> Iterator[Part]:
        return self.fetched(self.header).parts(rows)

    def fetched(self, columns: Collection[str]) -> FetchedTable:
        """The rows of these columns, from now on in a file of ours. Raises SourceError."""
        return fetch([(self, columns)])[0]

    def chosen(self, columns: Collection[str]) -> tuple[str, ...]:
        """The database's own names of the columns to ask for."""
        by_name = dict(zip(self.header, self.relation.columns, strict=True))
        return chosen(self.relation, {by_name[name] for name in columns if name in by_name})

    def taken(self, names: Sequence[str], path: Path, copied: Copied) -> FetchedTable:
        """What has come, when it is all that there is. A connection that was cut must never look like the end of a table."""
        there = self.session.count(self.relation) if self.relation.of else None
        if there not in (None, copied.rows):
            moving = f" ({self.relation.note})" if self.relation.note else ""
            raise SourceError(
                f"{_database(self.source).shown}: '{self.source.location}' has {there} rows, and {copied.rows} came"
                f"{moving}; run it again"
            )
        seen = Evidence(
            _database(self.source).shown, path.stat().st_size, sha256_of(path), copied.statement, self.session.taken,
            copied.rows, notes=self._notes(path),
        )  # fmt: skip
        return self._fetched(names, path, seen, spooled(len(names)))

    def _notes(self, path: Path) -> tuple[str, ...]:
        """What has to be known of rows that have come."""
        database = _database(self.source)
        mixing = _may_mix(database) and not database.options.get(OPTION) and is_mixed(path)
        return (*((self.relation.note,) if self.relation.note else ()), *((NOTE,) if mixing else ()))

    def kept(self, session: KeptSession) -> FetchedTable:
        """The rows that a kept snapshot has. Raises SourceError when its file is not what was written."""
        rows = session.rows(self.source.kind, self.source.location)
        path = session.snapshot.folder / rows.file
        if not path.exists() or path.stat().st_size != rows.bytes:
            raise changed(session.snapshot, path)
        seen = Evidence(
            rows.address, rows.bytes, rows.sha256, rows.statement, rows.taken, rows.rows, session.snapshot.id,
            tuple(rows.notes),
        )  # fmt: skip
        form = spooled(len(rows.fetched), rows.delimiter, rows.quote)
        return self._fetched(rows.fetched, path, seen, form, session.snapshot)

    def _fetched(
        self, names: Sequence[str], path: Path, seen: Evidence, form: CsvFormat, snapshot: Snapshot | None = None
    ) -> FetchedTable:
        header = tuple(self.header[self.relation.columns.index(name)] for name in names)
        return FetchedTable(
            CsvTable(path, header, self.first_row, 0, path.stat().st_size, form),
            seen,
            snapshot=snapshot,
            identity=self._identity(header),
        )

    def _identity(self, header: Sequence[str]) -> tuple[str, ...]:
        """The columns by which a row is told, when all of them are there."""
        found = identity(self)
        return tuple(name for name in header if name in found) if found <= set(header) else ()


def fetch(
    wanted: Sequence[tuple[RemoteTable, Collection[str]]], new_path: Callable[[], Path] | None = None
) -> list[FetchedTable]:
    """Some columns of tables of one database, one after another; of a dump in one pass. Raises SourceError.

    `new_path` says where their rows are written; a private folder that is gone at the end, where it does not.
    """
    session = wanted[0][0].session
    if isinstance(session, KeptSession):
        return [table.kept(session) for table, _ in wanted]
    names = [table.chosen(columns) for table, columns in wanted]
    paths = [new_path() if new_path else table.connections.spool.path() for table, _ in wanted]
    with ExitStack() as opened:
        place = "with --workspace" if new_path else "in TMPDIR"
        files = [
            opened.enter_context(_followed(table, opened.enter_context(private_file(path, place))))
            for (table, _), path in zip(wanted, paths, strict=True)
        ]
        requests = [
            Request(table.relation, one, file) for (table, _), one, file in zip(wanted, names, files, strict=True)
        ]
        copied = session.copy_all(requests)
    made = zip(wanted, names, paths, copied, strict=True)
    return [table.taken(one, path, came) for (table, _), one, path, came in made]


def _followed(table: RemoteTable, file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """The file, of whose rows somebody may be told: how many there will be is asked for nobody else."""
    follow = table.connections.spool.follow
    total = table.session.count(table.relation) if follow and table.relation.of else None
    return followed(file, said("{source}: rows fetched", source=table.source.name), follow, total)


class FetchedTable(InOwnFile, Struct, frozen=True):
    """Rows that have left the database, and what is to be remembered of them.

    By the columns of `identity` a row is told. `snapshot` is the one that keeps them; `unread` a file of rows that a query could
    not read (model.UnreadRow, pickled).
    """

    table: CsvTable
    evidence: Evidence
    text_only: bool = True
    snapshot: Snapshot | None = None
    unread: Path | None = None
    identity: tuple[str, ...] = ()

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
    database = _database(source)
    check_database(database)
    folder = Path(database.location.reveal())
    if is_folder(folder):
        file = file_of_table(source, folder)
        world.connections.files.add(file)
        yield open_csv(file, _csv_settings(source))
        return
    _refuse_options(database)
    session = world.connections.session(database)
    asked = session.statement if source.kind == "sql" else session.table
    relation = asked(source.location)
    yield RemoteTable(source, relation, session, world.connections, column_names(relation.columns))


def identity(table: Table) -> set[str]:
    """The columns by which a row of a table is told to people; none where it has no such."""
    if not isinstance(table, RemoteTable):
        return set()
    own = zip(table.header, table.relation.columns, strict=True)
    return {name for name, column in own if column in table.relation.identity}


def named_rows(numbered: Callable[[int], Locator], table: Table) -> Locate:
    """A way to tell where a row is that says its primary key, for a table that has one: 'customer_id 87'."""
    names = table.identity if isinstance(table, FetchedTable) else ()
    columns = [(name, table.header.index(name)) for name in names]

    def located(number: int, cells: Sequence[object] = ()) -> Locator:
        at = numbered(number)
        if not columns or len(cells) < len(table.header):  # nobody has them at hand, or they could not be read
            return at
        return replace(at, place=", ".join(f"{name} {cells[position]}" for name, position in columns))

    return located


def keep(tables: Mapping[str, tuple[RemoteTable, Collection[str]]], new_path: Callable[[], Path]) -> list[KeptRows]:
    """Fetch columns of tables of one database into files that stay; each table once. Raises SourceError."""
    wanted: dict[tuple[str, str], tuple[RemoteTable, set[str]]] = {}
    for table, columns in tables.values():
        wanted.setdefault((table.source.kind, table.source.location), (table, set()))[1].update(columns)
    together = list(wanted.values())
    return [_kept_rows(table, found) for (table, _), found in zip(together, fetch(together, new_path), strict=True)]


def _kept_rows(table: RemoteTable, found: FetchedTable) -> KeptRows:
    seen, own = found.evidence, dict(zip(table.header, table.relation.columns, strict=True))
    return KeptRows(
        address=seen.location,
        kind=table.source.kind,
        asked=table.source.location,
        columns=table.relation.columns,
        fetched=[own[name] for name in found.header],
        key=table.relation.key,
        delimiter=DELIMITER,
        quote=QUOTE,
        file=found.path.name,
        rows=seen.rows or 0,
        bytes=seen.bytes or 0,
        sha256=seen.sha256 or "",
        statement=seen.statement,
        taken=seen.taken,
        notes=seen.notes,
        identity=table.relation.identity,
        options=dict(_database(table.source).options),
    )


def database_server(source: Source) -> str | None:
    """The address, without its login, of the database's server that a source asks; None for any other."""
    database = source.options.get("database")
    return database.shown if isinstance(database, Database) and is_server(database.location.reveal()) else None


def check_database(database: Database) -> None:
    """Raise SourceError for a database that --root does not allow. Its location may hold a password, and is not repeated."""
    try:
        check_inside(database.location.reveal().removeprefix("sqlite:///"))
    except SourceError as error:
        raise SourceError(str(error).replace(shown(database.location.reveal()), database.shown)) from None


def is_folder(place: Path) -> bool:
    """Whether a database is a folder of CSV files, or a zip archive of them."""
    return place.is_dir() or (is_archive(place) and bool(files_of_tables(place)))


def file_of_table(source: Source, folder: Path) -> str:
    """The file that holds a table, in a folder of CSV files. Raises SourceError."""
    if source.kind == "sql":
        raise SourceError(
            f"{folder}: a folder of files runs no SQL; read them with `table`, and join them in a `query`"
        )
    files = files_of_tables(folder)
    if source.location not in files:
        raise SourceError(f"{folder}: no file {source.location}.csv{did_you_mean(source.location, files)}")
    return files[source.location]


def files_of_tables(folder: Path) -> dict[str, str]:
    """The tables of a folder of CSV files, or of an archive of them, and the file of each. Raises SourceError."""
    found: dict[str, str] = {}
    names = members(folder) if is_archive(folder) else sorted(one.name for one in folder.iterdir())
    for path in (folder / name for name in names):
        table = _table_name(path)
        if table in found:
            other = Path(found[table]).relative_to(folder)
            raise SourceError(f"{path}: {other} is the table '{table}', too; leave one of them out")
        if table:
            found[table] = str(path)
    return found


def _table_name(path: Path) -> str:
    """`oc_order` of `oc_order.csv` and `oc_order.csv.gz`; nothing of other files."""
    name = path.name.removesuffix(path.suffix) if path.suffix in SUFFIXES else path.name
    return name.removesuffix(".csv") if name.endswith(".csv") else ""


def _csv_settings(source: Source) -> OptionValues:
    known = {option.name for option in CSV.options}
    given = {name: value for name, value in _database(source).options.items() if name in known}
    return CSV.settings({**given, "trim": source.options["trim"]})


def _refuse_options(database: Database) -> None:
    """How files are written is no question to a database that knows, unless it may be another one tomorrow."""
    if database.varies:
        return
    for name in database.options:
        if name == OPTION and not _may_mix(database):
            raise SourceError(f"{database.shown}: `{name}` is for MySQL and its dumps; leave it out")
        if name != OPTION and not (name == "encoding" and _is_dump(database)):
            taking = "a folder of CSV files" + (" and a dump" if name == "encoding" else "")
            raise SourceError(f"{database.shown}: `{name}` is for {taking}; leave it out")


def _is_dump(database: Database) -> bool:
    location = database.location.reveal()
    return not is_server(location) and location.lower().endswith((*ENDINGS, ENDING))


def _may_mix(database: Database) -> bool:
    """Whether texts may lie in columns of another encoding than theirs: in MySQL they may."""
    return _is_dump(database) or SERVERS.get(scheme_of(database.location.reveal())) == "mysql"


def evidence_of_database(source: Source, table: Table, whole: bool) -> Evidence:
    """What was asked, when, and the hash of what came; of what was not fetched only where it is."""
    if isinstance(table, FetchedTable):
        # What was kept for days is looked at again; what has just come was summed up when it came.
        if whole and table.snapshot and sha256_of(table.path) != table.evidence.sha256:
            raise changed(table.snapshot, table.path)
        return table.evidence
    if isinstance(table, RemoteTable):
        return Evidence(_database(source).shown)
    return fingerprint(file_of_table(source, Path(_database(source).location.reveal())), whole=whole)


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
    (DATABASE, TRIM, NORMALIZE, COUNTERS),
    mistakes={
        "no table '...'": "the name is wrong, or it is in another schema: `schema.table`",
        "is no database": "`database` is an address, an SQLite file, a dump by its ending, or a folder",
    },
    examples=("oc_customer", "sales.orders"),
    where="database",
    evidence=evidence_of_database,
    text_only=True,
)

SQL = Kind(
    "sql",
    "One SELECT in the database's own dialect, run there. Its rows keep the order that it gives.",
    open_table_of_database,
    (DATABASE, TRIM, NORMALIZE, COUNTERS),
    mistakes={
        "it has to be one SELECT": "it changes something, is several statements, or gives no rows",
        "a dump runs no SQL": "read its tables with `table`, and join them in a `query`",
    },
    examples=("SELECT * FROM oc_order WHERE order_status_id > 0 ORDER BY order_id",),
    where="database",
    evidence=evidence_of_database,
    text_only=True,
    rows_of=lambda source: source.name,
)
