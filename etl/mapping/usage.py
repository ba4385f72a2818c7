"""Which columns of a table a mapping uses, and for what."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from etl.errors import SourceError
from etl.extract import is_url, read_columns
from etl.extract.database import file_of_table, is_folder
from etl.extract.json_path import rows_path
from etl.extract.query import QueryTable
from etl.mapping import Checked
from etl.mapping.templates import columns_used
from etl.model import Database, Source

Identity = tuple[object, ...]


def used_by(checked: Checked, source: Source) -> dict[str, tuple[str, ...]] | None:
    """The columns of a table, each with the stages, lookups and queries that use it; None where nothing reads this table."""
    readers = sources_reading(checked, source)
    looking = [
        one for one in checked.migration.lookups.values() if one.source and identity(one.source) == identity(source)
    ]
    if not readers and not looking:
        return None
    used: dict[str, dict[str, None]] = {}
    for who, columns in _users(checked, readers):
        for column in columns:
            used.setdefault(column, {})[who] = None
    for lookup in looking:
        for column in (lookup.key, lookup.value):
            used.setdefault(column, {})[f"lookup {lookup.name}"] = None
    return {column: tuple(users) for column, users in used.items()}


def sources_reading(checked: Checked, source: Source) -> list[str]:
    """The mapping's sources that are this table."""
    wanted = identity(source)
    return [name for name, one in checked.migration.sources.items() if identity(one) == wanted]


def _users(checked: Checked, readers: Collection[str]) -> Iterator[tuple[str, Collection[str]]]:
    migration = checked.migration
    for stage in migration.stages:
        if stage.source in readers:
            used = columns_used([stage])[stage.source]
            yield stage.name, read_columns(migration.sources[stage.source], used)
    for name, table in checked.tables.items():
        for reader in readers:
            if isinstance(table, QueryTable) and reader in table.inner:
                yield f"query {name}", table.columns_read(reader)


def identity(source: Source) -> Identity:
    """What tells whether two sources are the same table, however each of them names it."""
    database = source.options.get("database")
    if isinstance(database, Database):
        location = database.location.reveal()
        if is_folder(Path(location)):
            return _of_table_file(source, Path(location))
        return (_place(location), source.kind, source.location)
    return (_place(source.location), source.kind, *_part_of(source))


def _of_table_file(source: Source, folder: Path) -> Identity:
    try:
        return (_place(file_of_table(source, folder)), "csv")
    except SourceError:
        return (str(folder), source.kind, source.location)


def _place(location: str) -> str:
    return location if is_url(location) else str(Path(location).resolve())


def _part_of(source: Source) -> Identity:
    """Which of a file's tables it is."""
    path = str(source.options.get("path") or "")
    if source.kind == "json":
        return rows_path(path)
    if source.kind == "jsonl":
        return rows_path(path) if path else ()
    if source.kind == "xml":
        from etl.extract.xml_file import xml_steps

        return xml_steps(path)
    return (source.options["sheet"],) if "sheet" in source.options else ()
