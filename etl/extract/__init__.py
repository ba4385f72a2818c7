"""Source -> table of rows. KINDS is the open table of what can be read; the only room that knows calamine.

A table is read in parts (`etl.model.Part`), each of which can be read in another process. `read_all` is the rule a
consumer follows, written once: it puts a part in its true place when a cut in the file was guessed wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from etl.errors import SourceError
from etl.extract.csv_file import CSV
from etl.extract.database import SQL, TABLE, RemoteTable, fetch
from etl.extract.databases.connections import Connections
from etl.extract.evidence import fingerprint
from etl.extract.excel_file import EXCEL
from etl.extract.json_file import JSON
from etl.extract.jsonl_file import JSONL
from etl.extract.kinds import Kind, Option, World
from etl.extract.locations import is_url, located, shown
from etl.extract.numbering import counters_of, further_columns, numbered, read_columns
from etl.extract.rows import in_order, read_all
from etl.model import Evidence, Source, Table
from etl.suggest import perhaps

KINDS: dict[str, Kind] = {kind.name: kind for kind in (CSV, EXCEL, JSON, JSONL, TABLE, SQL)}
"""What `sources:` may hold, by the word that stands in the mapping."""

ALONE = World()
"""Around a source that needs no other."""

__all__ = [
    "ALONE",
    "KINDS",
    "Connections",
    "Kind",
    "Option",
    "World",
    "counters_of",
    "evidence",
    "fetched",
    "fetched_all",
    "fingerprint",
    "further_columns",
    "in_order",
    "is_url",
    "located",
    "numbered",
    "open_table",
    "read_all",
    "read_columns",
    "rows_of",
    "shown",
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
            table = opened.enter_context(kind.open(complete, world))
        except ValueError as error:
            raise SourceError(f"source '{source.name}': {error}") from None
        yield table


def fetched(table: Table, columns: Collection[str]) -> Table:
    """The table with its rows at hand: of what lies in a database these columns are read now. Raises SourceError."""
    return fetched_all({"": table}, {"": columns})[""]


def fetched_all(tables: Mapping[str, Table], columns: Mapping[str, Collection[str]]) -> dict[str, Table]:
    """Each table with its rows at hand, those of a database all at once."""
    by_session: dict[int, list[tuple[str, RemoteTable]]] = {}
    for name, table in tables.items():
        if isinstance(table, RemoteTable):
            by_session.setdefault(id(table.session), []).append((name, table))
    found = dict(tables)
    for group in by_session.values():
        made = fetch([(table, columns[name]) for name, table in group])
        found |= {name: table for (name, _), table in zip(group, made, strict=True)}
    return found


def rows_of(source: Source) -> str:
    """What a row is said to be of, when it is shown: its file, its table."""
    return KINDS[source.kind].rows_of(source)


def evidence(source: Source, table: Table, *, whole: bool = True) -> Evidence:
    """What a package remembers of a source. With `whole` False nothing more is read for it."""
    return KINDS[source.kind].evidence(source, table, whole)
