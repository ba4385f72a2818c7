"""Source -> table of rows. KINDS is the open table of what can be read; the only room that knows calamine.

A table is read in parts (`etl.model.Part`), each of which can be read in another process. `in_order` is the rule a
consumer follows, written once: it puts a part in its true place when a cut in the file was guessed wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from msgspec.structs import replace

from etl.errors import SourceError
from etl.extract.api import API, ApiTable, keep_answers
from etl.extract.apis.answers import KeptAnswers, PagedTable, asked, host_of
from etl.extract.columns import absent_columns
from etl.extract.confinement import check_inside
from etl.extract.corrected import Corrected, CorrectedTable, find_corrected
from etl.extract.database import RemoteTable, database_server, fetch, keep
from etl.extract.databases.connections import Connections
from etl.extract.databases.kept import KeptRows, Snapshot
from etl.extract.evidence import fingerprint
from etl.extract.extent import height_of
from etl.extract.kinds import Kind, Kinds, Option, World
from etl.extract.locations import is_url, located, shown
from etl.extract.many import ManyTable, evidence_of_many, files_of, is_many, open_many
from etl.extract.numbering import NumberedTable, counters_of, further_columns, numbered, read_columns
from etl.extract.query import QueryTable, columns_read, unread_rows
from etl.extract.rows import in_order, read_all
from etl.model import Evidence, Locator, Source, Table
from etl.suggest import perhaps

KINDS = Kinds(
    csv="csv_file", excel="excel_file", json="json_file", jsonl="jsonl_file", xml="xml_file", parquet="parquet_file",
    table="database", sql="database", query="query", api="api",
)  # fmt: skip
"""What `sources:` may hold, by the word that stands in the mapping."""

ALONE = World()
"""Around a source that needs no other."""

__all__ = [
    "ALONE",
    "KINDS",
    "Connections",
    "Corrected",
    "CorrectedTable",
    "Kind",
    "Option",
    "Snapshot",
    "World",
    "absent_columns",
    "answered_all",
    "asked_of",
    "check_inside",
    "columns_read",
    "counters_of",
    "evidence",
    "fetched",
    "fetched_all",
    "find_corrected",
    "fingerprint",
    "further_columns",
    "height_of",
    "in_order",
    "is_url",
    "keep_all",
    "locate",
    "located",
    "numbered",
    "open_table",
    "place_of",
    "read_all",
    "read_columns",
    "rows_of",
    "server_of",
    "shown",
    "unread_rows",
    "with_needs",
]


@contextmanager
def open_table(source: Source, world: World = ALONE) -> Iterator[Table]:
    """Open a source and read its header, for as long as the context lasts.

    Raises SourceError, which says which file cannot be read and what to do.
    """
    kind = KINDS.get(source.kind)
    if kind is None:
        hint = perhaps(source.kind, KINDS) or f"; there are: {', '.join(KINDS)}"
        raise SourceError(f"source '{source.name}': unknown kind '{source.kind}'{hint}")
    with ExitStack() as opened:
        try:
            complete = replace(source, options=kind.settings(source.options))
            table = opened.enter_context(_opened(kind, complete, world))
        except ValueError as error:
            raise SourceError(f"source '{source.name}': {error}") from None
        yield table


def _opened(kind: Kind, source: Source, world: World) -> AbstractContextManager[Table]:
    many = kind.where == "file" and is_many(source.location)
    for file in files_of(source.location) if kind.where == "file" else ():
        world.connections.files.add(file)
    return open_many(kind, source, world) if many else kind.open(source, world)


def fetched(table: Table, columns: Collection[str]) -> Table:
    """The table with its rows at hand: of what lies in a database these columns are read now. Raises SourceError."""
    return answered_all(fetched_all({"": table}, {"": columns}))[""]


def fetched_all(tables: Mapping[str, Table], columns: Mapping[str, Collection[str]]) -> dict[str, Table]:
    """Each table with its rows at hand, those of a database all at once; and the tables that queries among them read.

    Queries have not run: see `answered_all`.
    """
    wanted = _wanted(tables, columns)
    found = {name: _paged(table, used) for name, (table, used) in wanted.items()}
    for group in _by_session(wanted):
        found |= dict(zip(group, fetch(list(group.values())), strict=True))
    return found


def keep_all(
    tables: Mapping[str, Table], columns: Mapping[str, Collection[str]], new_path: Callable[[], Path]
) -> list[KeptRows]:
    """Fetch what lies on servers into files that stay: of each database one table after another, all of one moment.

    `new_path` says where. Raises SourceError.
    """
    wanted = _wanted(tables, columns)
    groups = (group for group in _by_session(wanted) if _is_of_server(group))
    answers = [(table, used) for table, used in wanted.values() if isinstance(table, ApiTable)]
    return [*(rows for group in groups for rows in keep(group, new_path)), *keep_answers(answers, new_path)]


def server_of(source: Source) -> str | None:
    """The address, without its login, of the server that a source asks; None for what lies in files, or in other sources."""
    return host_of(source) if source.kind == API.name else database_server(source)


def asked_of(source: Source) -> str | None:
    """What a source asks its server for: by it the rows are found in a snapshot that is kept. None for options that are wrong."""
    if source.kind != API.name:
        return source.location
    try:
        options = API.settings(source.options)
    except ValueError:  # of which `check` tells
        return None
    return asked(source.location, options)


SessionTables = dict[str, tuple[RemoteTable, set[str]]]


def _by_session(wanted: Mapping[str, tuple[Table, set[str]]]) -> list[SessionTables]:
    """What lies in databases, for each connection by itself."""
    found: dict[int, SessionTables] = {}
    for name, (table, columns) in wanted.items():
        if isinstance(table, RemoteTable):
            found.setdefault(id(table.session), {})[name] = (table, columns)
    return list(found.values())


def _is_of_server(group: SessionTables) -> bool:
    return any(database_server(table.source) is not None for table, _ in group.values())


def _wanted(tables: Mapping[str, Table], columns: Mapping[str, Collection[str]]) -> dict[str, tuple[Table, set[str]]]:
    wanted: dict[str, tuple[Table, set[str]]] = {}
    for name, table in tables.items():
        _want(wanted, name, table, columns[name])
    return wanted


def _paged(table: Table, columns: Collection[str]) -> Table:
    return table.fetched(columns) if isinstance(table, ApiTable | KeptAnswers) else table


def _want(wanted: dict[str, tuple[Table, set[str]]], name: str, table: Table, columns: Collection[str]) -> None:
    """Add columns of a table to what is wanted, and what a query reads for them."""
    wanted.setdefault(name, (table, set()))[1].update(columns)
    if isinstance(table, QueryTable):
        for one, (_, inner) in table.inner.items():
            _want(wanted, one, inner, table.columns_read(one))


def answered_all(tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables, of which the queries have run, each after those it reads. Raises SourceError."""
    done = dict(tables)

    def answered(name: str) -> Table:
        table = done[name]
        if isinstance(table, QueryTable):
            inner = {one: (source, answered(one)) for one, (source, _) in table.inner.items()}
            done[name] = replace(table, inner=inner).answered()
        return done[name]

    for name in tables:
        answered(name)
    return done


def with_needs(sources: Mapping[str, Source], names: Collection[str]) -> set[str]:
    """The names of sources, and of those that they are made from."""
    found: set[str] = set()
    waiting = [name for name in names if name in sources]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [one for one in KINDS[sources[name].kind].needs(sources[name]) if one in sources]
    return found


def rows_of(source: Source) -> str:
    """What a row is said to be of, when it is shown: its file, its table."""
    return KINDS[source.kind].rows_of(source)


def evidence(source: Source, table: Table, *, whole: bool = True) -> Evidence:
    """What a package remembers of a source. With `whole` False nothing more is read for it."""
    kind = KINDS[source.kind]
    seen = evidence_of_many if kind.where == "file" and is_many(source.location) else kind.evidence
    return seen(source, table, whole)


def _inner(table: Table) -> Table:
    while isinstance(table, NumberedTable | CorrectedTable):
        table = table.inner
    return table


def place_of(source: Source, table: Table, number: int) -> tuple[str, int]:
    """The file (or the table of a database) that a row is of, and its number there."""
    table = _inner(table)
    return table.found(number) if isinstance(table, ManyTable) else (rows_of(source), number)


def name_of(source: Source, table: Table) -> str:
    """What a source's rows are said to be of, all together: its file, its files, its table, its address."""
    return source.name if isinstance(_inner(table), PagedTable) else Path(rows_of(source)).name


def locate(source: Source, table: Table, number: int) -> Locator:
    """Where a row is, as a person is told. Of one of many files the number still says its order among all of them."""
    if isinstance(table := _inner(table), PagedTable):
        return Locator(source.name, number, table.place(number))
    name, row = place_of(source, table, number)
    return Locator(Path(name).name, number, None if row == number and name == rows_of(source) else f"row {row}")
