"""Sources and lookups: one kind each, its own options, and files that can be opened."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path as FilePath
from typing import Any

from etl.errors import SourceError, TextError
from etl.expressions import LOOKUP
from etl.extract import (
    KINDS,
    World,
    absent_columns,
    asked_of,
    counters_of,
    fetched,
    located,
    open_table,
    server_of,
    unread_rows,
)
from etl.extract.apis.asking import check_address
from etl.extract.confinement import check_inside, why_unopened
from etl.extract.kinds import COUNTERS
from etl.extract.query import place_of_need
from etl.mapping.build import LOOKUP_COLUMNS, kinds_in
from etl.mapping.context import Context
from etl.mapping.database_checks import is_sound
from etl.mapping.environment import is_open
from etl.mapping.lookups import ColumnFault, Unread, check_columns, read_lookup
from etl.mapping.opens import Opens
from etl.mapping.places import YamlPath
from etl.model import Database, Lookup, Problem, Source, Table
from etl.resources import load_schema
from etl.suggest import column_hint, did_you_mean


def source_problems(context: Context) -> Iterator[Problem]:
    """Opens every source that is to be opened, for its columns; one that needs others after them."""
    sound = []
    for name, data in (context.data.get("sources") or {}).items():
        found = list(_settings(context, ("sources", name), data))
        yield from found
        if not found and name in context.migration.sources and is_sound(context, "sources", name):
            sound.append(context.migration.sources[name])
    try:
        ordered = in_order_of_need(sound)
    except CycleError as error:
        yield _circle(context, error.args[1])
        return
    for source in ordered:
        if context.opens.sources:
            yield from _opened(context, source)
        elif not _is_unset(source):
            yield from _unknown_needs(context, ("sources", source.name, source.kind), source)


def in_order_of_need(sources: list[Source]) -> list[Source]:
    """Each source after those it needs, otherwise as they are written. Raises CycleError."""
    by_name = {source.name: source for source in sources}
    needs = {name: [one for one in _needs(source) if one in by_name] for name, source in by_name.items()}
    return [by_name[name] for name in TopologicalSorter(needs).static_order()]


def _needs(source: Source) -> list[str]:
    return list(KINDS[source.kind].needs(source))


def _circle(context: Context, names: list[str]) -> Problem:
    """`names` lead around the circle: the first is the last."""
    path = " needs ".join(f"'{name}'" for name in reversed(names))
    return context.at_key(("sources", names[0]), f"the sources go round in a circle: {path}")


def _opened(context: Context, source: Source) -> Iterator[Problem]:
    if _is_unset(source):
        return
    unknown = list(_unknown_needs(context, ("sources", source.name, source.kind), source))
    yield from unknown
    try:
        _prove_location(source)
        if _is_closed(context, source):
            return
        if unknown or not _has_its_needs(context, source):
            if any(name in context.closed for name in _needs(source)):
                context.closed.append(source.name)
            return
        table = context.tables[source.name] = _table(context, source)
    except SourceError as error:
        yield _refused(context, ("sources", source.name, source.kind), source, error)
        return
    yield from _counters(context, source, table)


def _refused(context: Context, path: YamlPath, source: Source, error: SourceError) -> Problem:
    """Told where it stands in the source's text, where that is known."""
    return context.at_character(path, source.location, error.at if isinstance(error, TextError) else None, str(error))


def _counters(context: Context, source: Source, table: Table) -> Iterator[Problem]:
    for name, columns in counters_of(source).items():
        path: YamlPath = ("sources", source.name, COUNTERS.name, name)
        if name in table.header:
            yield context.at_key(path, f"the source has a column '{name}' already; give the counter another name")
        for column in columns:
            if column not in table.header:
                hint = column_hint(column, table.header, absent=absent_columns(table))
                yield context.at(path, f"unknown column '{column}'{hint}")


def _is_unset(source: Source) -> bool:
    """Whether a variable of its location, or of its database's, is not set: that is told elsewhere."""
    database = source.options.get("database")
    return is_open(source.location) or (isinstance(database, Database) and is_open(database.location.reveal()))


def _unknown_needs(context: Context, path: YamlPath, source: Source) -> Iterator[Problem]:
    known = [name for name in context.written("sources") if name != source.name]
    for name in _needs(source):
        if name not in context.written("sources"):
            what = f"the {source.kind} reads no source '{name}'{did_you_mean(name, known)}"
            yield context.at_character(path, source.location, place_of_need(source, name), what)


def _has_its_needs(context: Context, source: Source) -> bool:
    """A source that another one is made from and that could not be opened has been told of."""
    return all(name in context.tables for name in _needs(source))


def _table(context: Context, source: Source) -> Table:
    """Raises SourceError."""
    _tell(context, 0)
    _prove_file(source)
    tables = {name: context.tables[name] for name in _needs(source) if name in context.tables}
    table = context.opened.enter_context(
        open_table(source, World(tables, context.connections, context.migration.sources))
    )
    _tell(context, 1)
    return table


def _tell(context: Context, more: int) -> None:
    """How many more sources have been opened, for whoever waits."""
    if (follow := context.connections.spool.follow) is not None:
        follow("sources opened", more, len(context.migration.sources))


def lookup_problems(context: Context) -> Iterator[Problem]:
    """Reads every lookup that can be read."""
    for name, data in (context.data.get("lookups") or {}).items():
        path: YamlPath = ("lookups", name)
        found = list(_lookup_settings(context, path, data))
        yield from found
        lookup = context.migration.lookups[name]
        if found or not _is_whole(lookup, data) or not is_sound(context, "lookups", name):
            continue
        if lookup.source is None:
            context.resources[LOOKUP][name] = lookup.pairs
        else:
            yield from _lookup_of(context, path, lookup, lookup.source)


def _lookup_of(context: Context, path: YamlPath, lookup: Lookup, source: Source) -> Iterator[Problem]:
    unknown = list(_unknown_needs(context, (*path, source.kind), source))
    yield from unknown
    if unknown or context.opens is Opens.NOTHING:
        return
    try:
        _prove_location(source)
        if _is_closed(context, source) or not _has_its_needs(context, source):
            context.resources[LOOKUP][lookup.name] = Unread("its rows are in sources that are not opened here")
            return
        context.resources[LOOKUP][lookup.name] = _read(context, lookup, source)
    except SourceError as error:
        if context.opens is Opens.LOOKUPS:
            context.resources[LOOKUP][lookup.name] = Unread(str(error))
        else:
            yield _refused(context, (*path, source.kind), source, error)
    except ColumnFault as fault:
        yield context.at((*path, fault.setting), str(fault))


def _read(context: Context, lookup: Lookup, source: Source) -> Mapping[str, object]:
    table = context.lookup_tables[lookup.name] = _table(context, source)
    check_columns(lookup, table)
    if context.opens is Opens.COLUMNS:
        return Unread("its rows are not read yet")
    table = context.lookup_tables[lookup.name] = fetched(table, {lookup.key, lookup.value})
    for row in unread_rows(table):
        raise SourceError(f"{row.at}: {row.fault.reason}; without this row the lookup would lack entries")
    return read_lookup(lookup, source, table)


def _is_whole(lookup: Lookup, data: Mapping[str, Any]) -> bool:
    """Whether there is enough of a lookup to read it; what is missing has been told."""
    if lookup.source is None:
        return not kinds_in(data)
    return not _is_unset(lookup.source) and all(name in data for name in LOOKUP_COLUMNS)


def _lookup_settings(context: Context, path: YamlPath, data: Mapping[str, Any]) -> Iterator[Problem]:
    written = _written(context, path)
    if kinds_in(written):
        yield from _settings(context, path, {key: one for key, one in data.items() if key not in LOOKUP_COLUMNS})
    elif all(name in data for name in LOOKUP_COLUMNS):
        others = [name for name in data if name not in LOOKUP_COLUMNS]
        near = next((hint for name in others if "mean" in (hint := did_you_mean(name, KINDS))), "")
        yield context.at(path, f"`key` and `value` name columns of a file; which file? ({', '.join(KINDS)}){near}")


def _settings(context: Context, path: YamlPath, data: Mapping[str, Any]) -> Iterator[Problem]:
    written = _written(context, path)
    kinds = kinds_in(written)
    if len(kinds) > 1:
        yield context.at(path, f"a source is one of {', '.join(KINDS)}; this one is {' and '.join(kinds)}")
    elif not kinds and set(written) <= _known_keys():
        yield context.at(path, f"a source is one of {', '.join(KINDS)}; this one names none")
    elif kinds_in(data):
        yield from _options(context, path, kinds[0], data)


def _written(context: Context, path: YamlPath) -> Mapping[str, Any]:
    return context.written(str(path[0])).get(str(path[1])) or {}


def _known_keys() -> set[str]:
    schema: Any = load_schema("migration")
    return set(schema["$defs"]["source"]["properties"])


def _options(context: Context, path: YamlPath, kind: str, data: Mapping[str, Any]) -> Iterator[Problem]:
    known = {option.name: option for option in KINDS[kind].options}
    for option in known.values():
        if option.required and option.name not in _written(context, path):
            yield context.at(path, f"{kind} needs `{option.name}`: {option.sentence.rstrip('.')}")
    for name, value in data.items():
        if name == kind:
            continue
        if name not in known:
            yield context.at_key((*path, name), f"'{name}' is no option of {kind}{did_you_mean(name, known)}")
            continue
        try:
            known[name].check(value)
        except ValueError as error:
            yield context.at((*path, name), str(error))


def _is_closed(context: Context, source: Source) -> bool:
    server = server_of(source)
    if server is not None and context.kept is not None:
        asked = asked_of(source)
        closed = asked is None or context.kept.find(server, source.kind, asked) is None
    else:
        closed = not context.opens.network and KINDS[source.kind].needs_network(source)
    if closed:
        context.closed.append(source.name)
    return closed


def _prove_location(source: Source) -> None:
    """Raise SourceError for a URL that no file can be read from, which can be told without a network."""
    if KINDS[source.kind].where == "url":
        check_address(source.location)
    if KINDS[source.kind].where == "file":
        located(source.location)
        check_inside(source.location)


def _prove_file(source: Source) -> None:
    """Raise SourceError for a location that would never end or never begin: a pipe, a device. The kind says the rest."""
    if not KINDS[source.kind].is_local(source.location):
        return
    try:
        mode = FilePath(source.location).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):  # the latter is a path that goes on inside of an archive
        return
    except (OSError, ValueError) as error:
        raise SourceError(f"{source.location!r}: cannot be opened ({why_unopened(error)})") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceError(f"{source.location}: is no file but a pipe or a device")
