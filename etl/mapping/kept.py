"""Which kept snapshot fits a mapping: the same servers, tables and statements, and every column that is used."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from etl.extract import KINDS, asked_of, columns_read, read_columns, server_of
from etl.extract.databases.kept import KeptRows, Snapshot
from etl.mapping.templates import columns_wanted
from etl.model import Database, Migration, Source


class UsedColumns(Struct, frozen=True):
    """A source that is used, and the columns that are named; those that a query reads are in `queries`, by its text."""

    source: Source
    columns: frozenset[str]
    queries: tuple[Source, ...] = ()

    def of(self, header: Collection[str]) -> set[str]:
        """Its columns, of those that it has."""
        found = {name for name in self.columns if name in header}
        return found.union(*(columns_read(query, list(header)) for query in self.queries))


def wanted_sources(migration: Migration) -> dict[str, UsedColumns]:
    """What the stages and lookups use: sources by their names, a lookup's own as `lookup NAME`; what queries read, too."""
    sources = migration.sources
    found: dict[str, UsedColumns] = {}
    for name, columns in columns_wanted(migration.stages).items():
        if name in sources:
            _add(found, name, sources[name], read_columns(sources[name], columns))
    for lookup in migration.lookups.values():
        if lookup.source is not None:
            _add(found, f"lookup {lookup.name}", lookup.source, {lookup.key, lookup.value})
    waiting = [one.source for one in found.values()]
    seen: set[str] = set()
    while waiting:
        query = waiting.pop()
        for name in KINDS[query.kind].needs(query):
            if name in sources:
                _add(found, name, sources[name], (), query)
                waiting += [sources[name]] if name not in seen else []
                seen.add(name)
    return found


def _add(
    found: dict[str, UsedColumns], name: str, source: Source, columns: Collection[str], query: Source | None = None
) -> None:
    before = found.get(name, UsedColumns(source, frozenset()))
    queries = before.queries if query is None or query in before.queries else (*before.queries, query)
    found[name] = UsedColumns(source, before.columns | frozenset(columns), queries)


def servers_used(migration: Migration) -> frozenset[str]:
    """The addresses, without logins, of the servers that a mapping reads."""
    found = (server_of(one.source) for one in wanted_sources(migration).values())
    return frozenset(address for address in found if address is not None)


def lacking(migration: Migration, snapshot: Snapshot) -> list[str]:
    """What the mapping uses of servers and the snapshot has not; nothing when it fits."""
    return list(dict.fromkeys(_lacking(migration, snapshot)))


def _lacking(migration: Migration, snapshot: Snapshot) -> Iterator[str]:
    for wanted in wanted_sources(migration).values():
        address, asked = server_of(wanted.source), asked_of(wanted.source)
        if address is None or asked is None:
            continue
        rows = snapshot.find(address, wanted.source.kind, asked)
        if rows is None:
            yield _what(wanted.source)
        elif dict(rows.options) != _options(wanted.source):
            yield f"the options of the database of {_what(wanted.source)}"
        else:
            yield from _columns(wanted, rows)


def _columns(wanted: UsedColumns, rows: KeptRows) -> Iterator[str]:
    # A column that the table did not have is a wrong name, and told as one.
    missing = wanted.of(rows.columns) - set(rows.fetched)
    if missing:
        named = ", ".join(f"'{name}'" for name in rows.columns if name in missing)
        yield f"{'column' if len(missing) == 1 else 'columns'} {named} of {_what(wanted.source)}"


def _options(source: Source) -> dict[str, object]:
    database = source.options.get("database")
    return dict(database.options) if isinstance(database, Database) else {}


def _what(source: Source) -> str:
    if source.kind == "table":
        return f"'{source.location}'"
    return f"the {'statement' if source.kind == 'sql' else 'answers'} of source '{source.name}'"
