"""The names of places that a package's rows were rejected for, as a table that a person fills in and a mapping looks into."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, count
from os.path import relpath
from pathlib import Path

from msgspec import Struct, field

from etl.commands.lists import kept_lists
from etl.commands.packages import package_of
from etl.commands.which import Which
from etl.errors import MappingError
from etl.expressions import GEOGRAPHY
from etl.files import write_private
from etl.geography import Atlas, NearNames, entry_key, propose
from etl.mapping import Opens, load_mapping, require
from etl.model import Migration
from etl.package import Package, Reject
from etl.places import workspace_of
from etl.report.review import BOOKS, Unmatched, written

RULES = ("function:place", "function:place:names")


class Reviewed(Struct, frozen=True):
    """Where the names were written, how many there are, and how many rows were rejected for them.

    lookup   a name for the lookup that the file is going to be, which the mapping does not have
    path     the file as the mapping has to name it
    decide   what `geography.names` then is: what was decided before stays
    """

    file: str
    package: str
    names: int
    rows: int
    proposed: int
    lookup: str
    path: str
    decide: tuple[str, ...]


class _Seen(Struct):
    """A name under its first spelling, its rows, and where the first of them is."""

    entry: str
    first: str
    rows: set[tuple[str, int]] = field(default_factory=set)


def review(mapping: Path, workspace: Path | None, file: Path, package: Path | None = None) -> Reviewed:
    """Write the names of the newest package, or of the one that is named, which no list has. Raises EtlError."""
    if file.suffix.lower() not in BOOKS:
        raise MappingError(f"{file}: is written as {' or '.join(BOOKS)}; give it such a name")
    if file.exists():
        raise MappingError(
            f"{file}: is there already, and may hold what somebody has filled in; name another file, and list the lookups of "
            "both in `geography.names`"
        )
    if not file.parent.is_dir():
        raise MappingError(f"{file.parent}: there is no such folder; make it, or name another file")
    migration, geography = _geography(mapping, workspace)
    looked_at = package_of(Which(mapping, workspace), package)
    found = _unmatched(_rejects(looked_at), geography)
    write_private(file, written(found, file.suffix.lower()))
    rows = sum(one.rows for one in found)
    lookup = _new_name(migration.lookups)
    return Reviewed(
        str(file), str(looked_at.path), len(found), rows, sum(bool(one.proposed) for one in found),
        lookup, relpath(file.resolve(), migration.file.resolve().parent), (*migration.geography.names, lookup),
    )  # fmt: skip


def _new_name(lookups: Collection[str]) -> str:
    numbered = (f"places_{number}" for number in count(2))
    return next(name for name in chain(["places"], numbered) if name not in lookups)


def _geography(mapping: Path, workspace: Path | None) -> tuple[Migration, Atlas]:
    lists = kept_lists(workspace_of(mapping, workspace))
    with load_mapping(mapping, opens=Opens.LOOKUPS, lists=lists) as checked:
        migration = require(checked, upload=False)
    if checked.lists is None:
        raise MappingError("there are no lists to look into; `etl channel pull MAPPING` fetches those of the channel")
    found: Atlas = checked.resources[GEOGRAPHY]["channel"]
    return migration, found


def _rejects(package: Package) -> Iterator[Reject]:
    for stage in package.stages:
        yield from (one for one in package.rejects(stage) if one.rule in RULES and "entry" in one.parts)


def _unmatched(rejects: Iterable[Reject], geography: Atlas) -> list[Unmatched]:
    """Each name once, however it is written; those with the most rows first."""
    seen: dict[str, _Seen] = {}
    for one in rejects:
        entry = str(one.parts["entry"])
        known = seen.setdefault(entry_key(entry), _Seen(entry, f"{one.source} {one.place or f'row {one.row}'}"))
        known.rows.add((one.source, one.row))
    found = [_line(one, propose(geography.resolver, one.entry)) for one in seen.values()]
    return sorted(found, key=lambda one: (-one.rows, one.place))


def _line(seen: _Seen, proposal: NearNames) -> Unmatched:
    near = "; ".join(f"{name} ({likeness})" for name, likeness in proposal.near)
    return Unmatched(_printable(seen.entry), proposal.likely or "", near, len(seen.rows), seen.first)


def _printable(entry: str) -> str:
    """The entry as a person can read and type it. What is left out has no part in how entries are compared."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in entry).split())
