"""What a file or a database holds: its tables, their columns, and which of them a mapping uses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct

from etl.arguments import Count, WithoutZero, checked
from etl.errors import MappingError, SourceError
from etl.extract import KINDS, Connections, World, answered_all, fetched_all, open_table, read_all, shown
from etl.extract.databases.address import shown_address
from etl.extract.databases.following import Follow
from etl.extract.listing import Contents, Listed, ListingRequest, contents
from etl.findings import sentence
from etl.mapping import Checked, Opens, load_mapping
from etl.mapping.environment import filled_from
from etl.mapping.usage import sources_reading, used_by
from etl.model import Database, Rows, Source, Table
from etl.profile import TableProfile
from etl.report.inspection import Inspection, TableLook, TableSeen
from etl.suggest import did_you_mean
from etl.target import Secret

PART = 5000


@checked
@dataclass(frozen=True, slots=True)
class Inspecting:
    """What is asked: a location, or (of a mapping) the name of a source or a database; the options of a person for a CSV."""

    location: Annotated[str, WithoutZero("a path, the address of a database, or a name in the mapping")]
    table: str | None = None
    mapping: Path | None = None
    limit: Count | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


def inspect(asked: Inspecting, follow: Follow | None = None) -> Inspection:
    """`follow` is told of what is read. Raises SourceError for what cannot be read, MappingError for a table or a mapping that is
    not there."""
    _check(asked.given)
    with ExitStack() as opened:
        checked = opened.enter_context(load_mapping(asked.mapping, opens=Opens.HERE)) if asked.mapping else None
        if checked and _names(asked, checked.migration.sources):
            return _of_source(opened, checked, asked, follow)
        connections = checked.connections if checked else opened.enter_context(Connections())
        connections.spool.follow = follow
        location = _location(asked, checked)
        found = contents(ListingRequest(location, connections, open_table, asked.table is None, asked.given))
        named = shown(shown_address(location))
        chosen = _chosen(named, found, asked.table)
        seen = tuple(_seen(one, checked) for one in found.tables)
        if chosen is None:
            return Inspection(named, found.what, seen)
        source = _as_mapped(chosen.source, checked)
        table = opened.enter_context(open_table(source, World(connections=connections)))
        written = _written(source, _within(asked.location, location, source))
        return Inspection(
            named, found.what, seen, _look(chosen.name, source, written, table, checked, asked.limit, follow)
        )


def _check(given: Mapping[str, Any]) -> None:
    """Raises MappingError for an option that no file can be read with."""
    try:
        KINDS["csv"].settings(given)
    except ValueError as error:
        raise MappingError(str(error)) from None


def _names(asked: Inspecting, known: Collection[str]) -> bool:
    """Whether what is asked for is a name in the mapping; a file that is called so comes first."""
    return asked.location in known and not Path(asked.location).exists()


def _location(asked: Inspecting, checked: Checked | None) -> str:
    """Where to look: `${NAME}` comes from the environment, and the name of a database from the mapping."""
    if checked and _names(asked, checked.migration.databases):
        return checked.migration.databases[asked.location].location.reveal()
    return filled_from(asked.location, checked.migration.file.parent if checked else Path())


def _chosen(location: str, found: Contents, name: str | None) -> Listed | None:
    if not found.tables:
        raise SourceError(f"{location}: {found.what} without a table in it")
    if name is None:
        return found.tables[0] if len(found.tables) == 1 else None
    by_name = {one.name: one for one in found.tables}
    if name not in by_name:
        raise MappingError(f"{location}: no table '{name}'{did_you_mean(name, by_name)}")
    return by_name[name]


def _seen(listed: Listed, checked: Checked | None) -> TableSeen:
    readers = sources_reading(checked, listed.source) if checked else []
    return TableSeen(listed.name, listed.rows, listed.columns, listed.note, tuple(readers))


def _as_mapped(source: Source, checked: Checked | None) -> Source:
    """The mapping's own source that reads this table, if there is one: it says how."""
    readers = sources_reading(checked, source) if checked else []
    return checked.migration.sources[readers[0]] if checked and readers else source


def _of_source(opened: ExitStack, here: Checked, asked: Inspecting, follow: Follow | None) -> Inspection:
    """A source of the mapping, as the mapping reads it: a query, and what lies on another machine, too."""
    name = asked.location
    checked = here if name in here.tables else _from_afar(opened, asked)
    checked.connections.spool.follow = follow
    source, table = checked.migration.sources[name], checked.tables.get(name)
    if table is None:
        told = [str(one) for one in checked.problems if one.place.line == source.place.line]
        raise MappingError("\n".join(told) or f"source '{name}': could not be opened; `etl check --connect` says why")
    look = _look(name, source, _written(source, ""), table, checked, asked.limit, follow)
    seen = TableSeen(name, look.rows, len(look.columns), sources=(name,))
    return Inspection(str(asked.mapping), "a source of the mapping", (seen,), look)


def _from_afar(opened: ExitStack, asked: Inspecting) -> Checked:
    """The mapping with everything open: somebody asks for what is behind a network."""
    assert asked.mapping is not None
    return opened.enter_context(load_mapping(asked.mapping, opens=Opens.COLUMNS))


def _within(given: str, filled: str, source: Source) -> str:
    """Where the file of a table lies, which may be one of a folder or an archive; `${NAME}` stays as it was given."""
    folder, file = str(Path(filled)), shown(source.location)
    return given.rstrip("/") + file.removeprefix(folder) if file.startswith(f"{folder}/") else given


def _written(source: Source, location: str) -> dict[str, object]:
    """A source as a mapping has it. An address that holds a password is written as it was given: ${NAME}, or without it."""
    database = source.options.get("database")
    options = {
        name: "***" if isinstance(value, Secret) else value
        for name, value in source.options.items()
        if name != "database"
    }
    if not isinstance(database, Database):
        return {source.kind: location or shown(source.location), **options}
    at = database.name or (location if "${" in location else database.shown)
    return {source.kind: source.location, "database": at, **options}


def _look(
    name: str,
    source: Source,
    written: dict[str, object],
    table: Table,
    checked: Checked | None,
    limit: int | None,
    follow: Follow | None,
) -> TableLook:
    ready = answered_all(fetched_all({name: table}, {name: table.header}))[name]
    counted = CountedRows(TableProfile(table.header), limit)
    for first, rows in read_all(ready, min(PART, limit or PART)):
        more = counted.add(first, rows)
        if follow is not None:
            follow(f"{name}: rows read", more, limit)
        if counted.is_enough():
            break
    used = used_by(checked, source) if checked else None
    return TableLook(
        name, written, counted.rows, tuple(counted.profile.columns()), used, counted.unreadable, counted.fault,
        counted.is_enough(), source.kind == "csv" and not source.options.get("header"),
    )  # fmt: skip


class CountedRows(Struct):
    """The rows of a table that were looked at, up to `limit`; `fault` says why the first of the unreadable ones is one."""

    profile: TableProfile
    limit: int | None
    rows: int = 0
    unreadable: int = 0
    fault: str = ""

    def add(self, first: int, rows: Rows) -> int:
        """How many of these rows are looked at."""
        left = len(rows.rows) if self.limit is None else min(self.limit - self.rows, len(rows.rows))
        faulty = {one.index: one for one in rows.faults if one.index < left}
        for one in [] if self.fault else list(faulty.values())[:1]:
            self.fault = (
                f"row {first + rows.place(one.index)}: {sentence(one.reason.words, one.reason.parts, masked=True)}"
            )
        self.profile.add([row for index, row in enumerate(rows.rows[:left]) if index not in faulty])
        self.unreadable += len(faulty)
        self.rows += left
        return left

    def is_enough(self) -> bool:
        return self.limit is not None and self.rows >= self.limit
