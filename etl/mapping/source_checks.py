"""Sources and lookups: one kind each, its own options, and files that can be opened."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from etl.errors import SourceError
from etl.expressions import LOOKUP
from etl.extract import KINDS, is_url, open_table
from etl.mapping.build import LOOKUP_COLUMNS, kinds_in
from etl.mapping.context import Context
from etl.mapping.environment import is_open
from etl.mapping.lookups import ColumnFault, read_lookup
from etl.mapping.places import Path
from etl.model import Lookup, Problem, Source
from etl.resources import load_schema
from etl.suggest import did_you_mean


def source_problems(context: Context) -> Iterator[Problem]:
    """Opens every source that can be opened, for its columns."""
    for name, data in (context.data.get("sources") or {}).items():
        path: Path = ("sources", name)
        found = list(_settings(context, path, data))
        yield from found
        source = context.migration.sources.get(name)
        if source is None or found or is_open(source.location) or _is_closed(context, source):
            continue
        try:
            _prove_file(source)
            context.tables[name] = open_table(source)
        except SourceError as error:
            yield context.at((*path, source.kind), str(error))


def lookup_problems(context: Context) -> Iterator[Problem]:
    """Reads every lookup that can be read."""
    for name, data in (context.data.get("lookups") or {}).items():
        path: Path = ("lookups", name)
        found = list(_lookup_settings(context, path, data))
        yield from found
        lookup = context.migration.lookups[name]
        if found or not _is_whole(lookup, data) or (lookup.source and _is_closed(context, lookup.source)):
            continue
        try:
            if lookup.source is not None:
                _prove_file(lookup.source)
            context.resources[LOOKUP][name] = read_lookup(lookup)
        except SourceError as error:
            kind = lookup.source.kind if lookup.source else ""
            yield context.at((*path, kind), str(error))
        except ColumnFault as fault:
            yield context.at((*path, fault.setting), str(fault))


def _is_whole(lookup: Lookup, data: Mapping[str, Any]) -> bool:
    """Whether there is enough of a lookup to read it; what is missing has been told."""
    if lookup.source is None:
        return not kinds_in(data)
    return not is_open(lookup.source.location) and all(name in data for name in LOOKUP_COLUMNS)


def _lookup_settings(context: Context, path: Path, data: Mapping[str, Any]) -> Iterator[Problem]:
    written = _written(context, path)
    if kinds_in(written):
        yield from _settings(context, path, {key: one for key, one in data.items() if key not in LOOKUP_COLUMNS})
    elif all(name in data for name in LOOKUP_COLUMNS):
        others = [name for name in data if name not in LOOKUP_COLUMNS]
        near = next((hint for name in others if "mean" in (hint := did_you_mean(name, KINDS))), "")
        yield context.at(path, f"`key` and `value` name columns of a file; which file? ({', '.join(KINDS)}){near}")


def _settings(context: Context, path: Path, data: Mapping[str, Any]) -> Iterator[Problem]:
    written = _written(context, path)
    kinds = kinds_in(written)
    if len(kinds) > 1:
        yield context.at(path, f"a source is one of {', '.join(KINDS)}; this one is {' and '.join(kinds)}")
    elif not kinds and set(written) <= _known_keys():
        yield context.at(path, f"a source is one of {', '.join(KINDS)}; this one names none")
    elif kinds_in(data):
        yield from _options(context, path, kinds[0], data)


def _written(context: Context, path: Path) -> Mapping[str, Any]:
    return context.written(str(path[0])).get(str(path[1])) or {}


def _known_keys() -> set[str]:
    schema: Any = load_schema("migration")
    return set(schema["$defs"]["source"]["properties"])


def _options(context: Context, path: Path, kind: str, data: Mapping[str, Any]) -> Iterator[Problem]:
    known = {option.name: option for option in KINDS[kind].options}
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
    return not context.network and is_url(source.location) and not source.location.startswith(ON_THIS_MACHINE)


ON_THIS_MACHINE = ("file://", "local://", "memory://")


def _prove_file(source: Source) -> None:
    """Raise SourceError for a location that would never end or never begin: a pipe, a device. The kind says the rest."""
    if not KINDS[source.kind].local_file or is_url(source.location):
        return
    try:
        mode = FilePath(source.location).stat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise SourceError(f"{source.location!r}: cannot be opened ({error})") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceError(f"{source.location}: is no file but a pipe or a device")
