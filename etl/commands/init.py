"""Begin a mapping: recognise the shop, and write a folder with its mapping, adjusted to this one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Annotated, Any

from etl.arguments import NotEmpty
from etl.commands.proposing import EXAMPLE, ProposedFields, write_proposal
from etl.commands.seeing import look, seen_tables
from etl.commands.written import written
from etl.errors import MappingError, SourceError
from etl.extract import Connections, is_url, open_table
from etl.extract.databases.address import shown_address
from etl.extract.listing import Contents, Listed, ListingRequest, contents
from etl.guess import SHOPS, WITHOUT_TABLES, Recognised, recognise
from etl.guess.proposal import propose
from etl.mapping import USUAL, as_written
from etl.mapping.grammar import NAME
from etl.resources import shipped
from etl.terminal import visible

DATABASE = "shop"

AT_LEAST_ONE = "where the shop's data lies: one file, folder, dump or database, or several"
Location = Annotated[str, NotEmpty("the path of a file, a folder or a dump, or the address of a database")]


@dataclass(frozen=True, slots=True)
class Begun:
    """A folder that was written: what the shop was taken for, why, and what is there now."""

    folder: Path
    location: str
    shop: str
    title: str
    prefix: str
    why: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A folder that was written for a shop that nobody knows: what each stage is made from, and what is there now."""

    folder: Path
    locations: tuple[str, ...]
    stages: tuple[ProposedFields, ...]
    files: tuple[str, ...]


def init(folder: Path, locations: Annotated[Sequence[Location], NotEmpty(AT_LEAST_ONE)]) -> Begun | Proposed:
    """Write a mapping for the shop at these locations, in a folder that is not there yet. Raises MappingError, SourceError.

    One that is shipped is written for a shop that is known; for any other one is proposed.
    """
    _refuse(folder, locations)
    if len(locations) == 1 and locations[0] in WITHOUT_TABLES and not Path(locations[0]).exists():
        return _begun_by_name(folder, locations[0])
    with Connections() as connections:
        looked = look(locations, connections)
        for location, found in looked if len(looked) == 1 else ():
            known = _recognised(location, found, connections)
            if known is not None:
                return _begun(folder, location, known)
        return _proposed(folder, looked, connections)


def _refuse(folder: Path, locations: Sequence[str]) -> None:
    """Raises MappingError for what cannot be a folder of a mapping, or a shop to look at."""
    if not re.fullmatch(NAME, folder.name):
        raise MappingError(
            f"'{visible(folder.name)}' is no name of a migration: letters, digits, - and _, a letter first"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise MappingError(
            f"{visible(str(folder))}: is there already; name a folder that is not, so that nothing is overwritten"
        )
    for location in locations:
        if location.startswith(("http://", "https://")):
            raise MappingError(
                f"{shown_address(location)}: an API is not looked at; name the mapping instead: {', '.join(WITHOUT_TABLES)}"
            )


def _recognised(location: str, found: Contents, connections: Connections) -> Recognised | None:
    known = recognise(_columns(found))
    if known is None or not known.shop.filled:
        return known
    # Only rows tell this shop from another: all others are told without reading any.
    counted = contents(ListingRequest(location, connections, open_table))
    return recognise(_columns(found), frozenset(one.name for one in counted.tables if one.rows == 0))


def _proposed(folder: Path, looked: Sequence[tuple[str, Contents]], connections: Connections) -> Proposed:
    seen = seen_tables([found for _, found in looked], connections)
    proposal = propose([one.table for one in seen])
    if not proposal.stages:
        raise MappingError("\n".join(_unknown(location, found) for location, found in looked))
    locations = tuple(location for location, _ in looked)
    told = write_proposal(folder, locations, seen, proposal)
    return Proposed(folder, tuple(map(shown_address, locations)), tuple(told), _files(folder))


def _files(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))


def _columns(found: Contents) -> Mapping[str, frozenset[str]]:
    return {one.name: _header(one) for one in found.tables}


def _header(listed: Listed) -> frozenset[str]:
    try:
        with open_table(listed.source) as table:
            return frozenset(table.header)
    except SourceError:
        return frozenset()


def _unknown(location: str, found: Contents) -> str:
    known = ", ".join(shop.title for shop in SHOPS)
    there = ", ".join(one.name for one in found.tables[:8]) + (", ..." if len(found.tables) > 8 else "")
    return (
        f"{shown_address(location)}: {found.what} of no shop that is known ({known}); it has {there or 'no table'}. "
        "`etl inspect` shows what its columns look like, and mappings/opencart is a mapping to copy"
    )


def _begun(folder: Path, location: str, known: Recognised) -> Begun:
    shop, why = known.shop, (*known.why, _prefix(known))
    changes = {"databases": {DATABASE: _database(folder, location)}}
    files = _write(folder, location, _Shipped(shop.name, shop.title, why), changes, (shop.prefix, known.prefix))
    return Begun(folder, shown_address(location), shop.name, shop.title, known.prefix, why, files)


def _begun_by_name(folder: Path, name: str) -> Begun:
    """A shop whose rows cannot be looked at here: an API wants a login, and answers slowly."""
    chosen = _Shipped(name, WITHOUT_TABLES[name], ("that is the name of its mapping",))
    return Begun(folder, name, name, chosen.title, "", chosen.why, _write(folder, name, chosen, {}))


@dataclass(frozen=True, slots=True)
class _Shipped:
    """A mapping that is shipped, and why it is the one."""

    name: str
    title: str
    why: tuple[str, ...]


def _write(
    folder: Path, location: str, chosen: _Shipped, changes: Mapping[str, Any], prefixes: tuple[str, str] = ("", "")
) -> tuple[str, ...]:
    """`prefixes`: the shop's usual one of its tables, and the one that is there."""
    origin = shipped(f"mappings/{chosen.name}")
    data = as_written(origin)
    folder.mkdir(parents=True, exist_ok=True)
    lookups = {name: _with_own_file(folder, origin, one) for name, one in data["lookups"].items()}
    description = f"{chosen.title} to an Omnitron channel"
    text = written({**data, "name": folder.name, "description": description, "lookups": lookups, **changes})
    usual, found = (f"${{TABLE_PREFIX:-{one}}}" for one in prefixes)
    (folder / USUAL).write_text(_head(location, chosen) + text.replace(usual, found), encoding="utf-8")
    shutil.copy(origin / EXAMPLE, folder / EXAMPLE)
    page = (origin / "README.md").read_text(encoding="utf-8")
    page = page.replace("../common/README.md", "COMMON.md").replace(f"mappings/{chosen.name}", folder.name)
    (folder / "README.md").write_text(page, encoding="utf-8")
    shutil.copy(shipped("mappings/common") / "README.md", folder / "COMMON.md")
    return _files(folder)


def _with_own_file(folder: Path, origin: Path, lookup: Mapping[str, Any]) -> Mapping[str, Any]:
    """A lookup whose file is copied beside the mapping: its right column is there to be changed."""
    if "csv" not in lookup:
        return lookup
    source = origin / lookup["csv"]
    (folder / "lookups").mkdir(exist_ok=True)
    shutil.copy(source, folder / "lookups" / source.name)
    return {**lookup, "csv": f"lookups/{source.name}"}


def _database(folder: Path, location: str) -> str:
    """Where the shop is: a file is named, so that nothing has to be set; an address, which may hold a password, is not."""
    if is_url(location) or re.search(r"[${}]", location):
        return "${LEGACY}"
    return f"${{LEGACY:-{relpath(location, folder)}}}"


def _head(location: str, chosen: _Shipped) -> str:
    reasons = "".join(f"#   {one}\n" for one in chosen.why)
    return (
        f"# Made by `etl init` from {shown_address(location)}, which looks like {chosen.title}:\n{reasons}"
        "# README.md beside this file says what has to be decided, COMMON.md what all shops have in common.\n"
    )


def _prefix(known: Recognised) -> str:
    return f"its tables begin with '{known.prefix}'" if known.prefix else "its tables have no prefix"
