"""Begin a mapping: recognise the shop, and write a folder with its mapping, adjusted to this one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from os.path import relpath
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct

from etl.arguments import NotEmpty, WithoutZero
from etl.commands.copied import EXAMPLE, copy_pages, example_of
from etl.commands.proposing import ProposedFields, write_proposal
from etl.commands.saved_answers import answers_at, refuse_other_json
from etl.commands.seeing import ReadTable, header_of, look, seen_tables
from etl.commands.written import written
from etl.errors import MappingError
from etl.extract import Connections, is_url, open_table
from etl.extract.databases.address import shown_address
from etl.extract.listing import Contents, ListingRequest, contents
from etl.guess import SHOPS, WITHOUT_TABLES, Recognised, SavedAnswers, recognise
from etl.guess.proposal import Proposal, propose
from etl.guess.tables import PAYLOADS, SURE, SeenTable, role_score
from etl.mapping import USUAL, as_written
from etl.mapping.grammar import NAME
from etl.resources import shipped
from etl.terminal import visible

DATABASE = "shop"

AT_LEAST_ONE = "where the shop's data lies: one file, folder, dump or database, or several"
A_PLACE = "the path of a file, a folder or a dump, or the address of a database"
Location = Annotated[str, NotEmpty(A_PLACE), WithoutZero(A_PLACE)]


class Begun(Struct, frozen=True):
    """A folder that was written: what the shop was taken for, why, and what is there now."""

    folder: Path
    location: str
    shop: str
    title: str
    prefix: str
    why: tuple[str, ...]
    files: tuple[str, ...]


class Proposed(Struct, frozen=True):
    """A folder that was written for a shop that nobody knows: what each stage is made from, and what is there now."""

    folder: Path
    locations: tuple[str, ...]
    stages: tuple[ProposedFields, ...]
    files: tuple[str, ...]
    unused: tuple[str, ...] = ()
    """Of what was named: each place of which nothing is read, and why."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The payloads for which no table was found, so that there is no stage."""
        there = {one.payload for one in self.stages}
        return tuple(one for one in PAYLOADS if one not in there)


def init(folder: Path, locations: Annotated[Sequence[Location], NotEmpty(AT_LEAST_ONE)]) -> Begun | Proposed:
    """Write a mapping for the shop at these locations, in a folder that is not there yet. Raises MappingError, SourceError.

    One that is shipped is written for a shop that is known; for any other one is proposed.
    """
    _refuse(folder, locations)
    if len(locations) == 1 and locations[0] in WITHOUT_TABLES and not Path(locations[0]).exists():
        return _begun_by_name(folder, locations[0])
    saved = answers_at(locations)
    if saved is not None:
        return _begun_of_answers(folder, *saved)
    for location in locations:
        refuse_other_json(folder, location)
    with Connections() as connections:
        looked = look(locations, connections)
        for location, found in looked if len(looked) == 1 else ():
            known = _recognised(location, found, connections)
            if known is not None:
                return _begun(folder, location, known, _written_as([found], known))
        together = _together(looked) if len(looked) > 1 else None
        if together is not None:
            options = _written_as([found for _, found in looked], together)
            return _begun(folder, _folder_of(locations, together), together, options)
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
        if len(locations) > 1 and location in WITHOUT_TABLES and not Path(location).exists():
            raise MappingError(
                f"{location} is the name of a mapping, and is named alone: `etl init {visible(str(folder))} --from {location}`"
            )


def _recognised(location: str, found: Contents, connections: Connections) -> Recognised | None:
    known = recognise(_columns(found))
    if known is None or not known.shop.filled:
        return known
    # Only rows tell this shop from another: all others are told without reading any.
    counted = contents(ListingRequest(location, connections, open_table))
    return recognise(_columns(found), frozenset(one.name for one in counted.tables if one.rows == 0))


def _together(looked: Sequence[tuple[str, Contents]]) -> Recognised | None:
    """The shop whose tables lie in several CSV files, when each of these is one of them."""
    if not all(one.source.kind == "csv" for _, found in looked for one in found.tables):
        return None
    known = recognise({name: columns for _, found in looked for name, columns in _columns(found).items()})
    if known is None:
        return None
    tables = _tables(known)
    return known if all(any(one.name.casefold() in tables for one in found.tables) for _, found in looked) else None


def _folder_of(locations: Sequence[str], known: Recognised) -> str:
    """Where all of a shop's files lie. Raises MappingError."""
    folders = {str(Path(one).parent) for one in locations}
    if len(folders) > 1:
        raise MappingError(
            f"these look like {known.shop.title}, whose mapping reads one folder: put them together, and name the folder"
        )
    return folders.pop()


def _proposed(folder: Path, looked: Sequence[tuple[str, Contents]], connections: Connections) -> Proposed:
    seen = seen_tables([found for _, found in looked], connections)
    proposal = propose([one.table for one in seen])
    if not proposal.stages:
        raise MappingError("\n".join(_unknown(location, found) for location, found in looked))
    locations = tuple(location for location, _ in looked)
    left = dict(_unused(looked, seen, proposal, connections))
    used = [one for place, one in enumerate(locations) if place not in left]
    told = write_proposal(folder, used, seen, proposal)
    unused = tuple(f"{shown_address(locations[place])} ({why})" for place, why in left.items())
    return Proposed(folder, tuple(map(shown_address, used)), tuple(told), _files(folder), unused)


def _unused(
    looked: Sequence[tuple[str, Contents]], seen: Sequence[ReadTable], proposal: Proposal, connections: Connections
) -> Iterator[tuple[int, str]]:
    """The places of which no table was taken, each with why."""
    chosen = [stage.table for stage in proposal.stages]
    for place, (location, found) in enumerate(looked):
        read = [one.table for one in seen if one.place == place]
        if any(one is other for one in read for other in chosen):
            continue
        known = _recognised(location, found, connections)
        if known is not None:
            yield place, f"it looks like {known.shop.title}, whose mapping is shipped: name it alone"
        elif not found.tables:
            yield place, "it has no table"
        else:
            yield place, _why_not(read, proposal)


def _why_not(read: Sequence[SeenTable], proposal: Proposal) -> str:
    """Why none of the tables of a place is one of the proposal's."""
    scores = ((role_score(payload, one), payload) for one in read for payload in PAYLOADS)
    score, payload = max(scores, default=(0.0, ""), key=lambda one: one[0])
    taken = proposal.stage(payload) if score >= SURE - 0.2 else None
    if taken is None:
        return "nothing in it looks like users, addresses, orders or items"
    return f"it looks like {payload}, and so does {taken.table.name}, which was taken; join them in a `query` source"


def _files(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))


def _columns(found: Contents) -> Mapping[str, frozenset[str]]:
    return {one.name: header_of(one) for one in found.tables}


def _unknown(location: str, found: Contents) -> str:
    known = ", ".join(shop.title for shop in SHOPS)
    there = ", ".join(one.name for one in found.tables[:8]) + (", ..." if len(found.tables) > 8 else "")
    return (
        f"{shown_address(location)}: {found.what} of no shop that is known ({known}); it has {there or 'no table'}. "
        "`etl inspect` shows what its columns look like, and mappings/opencart is a mapping to copy"
    )


def _written_as(found: Sequence[Contents], known: Recognised) -> Mapping[str, Any]:
    """How the files of a shop's tables are written, where that is not the usual way: a database of CSV files has it for all."""
    tables = _tables(known)
    options = [
        one.source.options
        for each in found
        for one in each.tables
        if one.name.casefold() in tables and one.source.kind == "csv"
    ]
    delimiters = {one.get("delimiter", ",") for one in options} - {","}
    encodings = {"encoding": "detect"} if any("encoding" in one for one in options) else {}
    return {**encodings, **({"delimiter": delimiters.pop()} if len(delimiters) == 1 else {})}


def _tables(known: Recognised) -> set[str]:
    """What the shop's tables are called here, in small letters."""
    return {f"{known.prefix}{known.called.get(table, table)}".casefold() for table in known.shop.tables}


def _begun(folder: Path, location: str, known: Recognised, options: Mapping[str, Any]) -> Begun:
    shop, why = known.shop, (*known.why, _prefix(known))
    at = _place(folder, location)
    changes: dict[str, Any] = {"databases": {DATABASE: {"at": at, **options} if options else at}}
    if known.called:
        sources = as_written(shipped(f"mappings/{shop.name}"))["sources"]
        changes["sources"] = {
            **sources,
            **{table: {**sources[table], "table": name} for table, name in known.called.items()},
        }
    files = _write(folder, location, _Shipped(shop.name, shop.title, why), changes, (shop.prefix, known.prefix))
    return Begun(folder, shown_address(location), shop.name, shop.title, known.prefix, why, files)


def _begun_by_name(folder: Path, name: str) -> Begun:
    """A shop whose rows cannot be looked at here: an API wants a login, and answers slowly."""
    chosen = _Shipped(name, WITHOUT_TABLES[name], ("that is the name of its mapping",))
    return Begun(folder, name, name, chosen.title, "", chosen.why, _write(folder, name, chosen, {}))


def _begun_of_answers(folder: Path, location: str, saved: SavedAnswers, beside: Sequence[str]) -> Begun:
    why = (
        f"it has the files {' and '.join(saved.files)}",
        f"its orders have {', '.join(sorted(saved.sign))}",
        *([f"the whole folder is read: {visible(', '.join(beside))}, too"] if beside else []),
    )
    chosen = _Shipped(saved.name, WITHOUT_TABLES[saved.name], why)
    sources = as_written(shipped(f"mappings/{saved.name}"))["sources"]
    there = {
        name: {**one, "json": one["json"].replace("${LEGACY}", _place(folder, location))}
        for name, one in sources.items()
        if "${LEGACY}" in one.get("json", "")
    }
    databases = {DATABASE: _place(folder, location)}  # no table is read from it
    files = _write(folder, location, chosen, {"sources": {**sources, **there}, "databases": databases})
    return Begun(folder, shown_address(location), saved.name, chosen.title, "", why, files)


class _Shipped(Struct, frozen=True):
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
    example = (origin / EXAMPLE).read_text(encoding="utf-8")
    (folder / EXAMPLE).write_text(example_of(example, text), encoding="utf-8")
    copy_pages(origin, folder)
    return _files(folder)


def _with_own_file(folder: Path, origin: Path, lookup: Mapping[str, Any]) -> Mapping[str, Any]:
    """A lookup whose file is copied beside the mapping: its right column is there to be changed."""
    if "csv" not in lookup:
        return lookup
    source = origin / lookup["csv"]
    (folder / "lookups").mkdir(exist_ok=True)
    shutil.copy(source, folder / "lookups" / source.name)
    return {**lookup, "csv": f"lookups/{source.name}"}


def _place(folder: Path, location: str) -> str:
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
