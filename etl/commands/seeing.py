"""The tables of a shop as `etl init` sees them: their columns, what is in these, and their values as hashes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, count

from msgspec import Struct
from msgspec.structs import replace

from etl.errors import SourceError
from etl.extract import Connections, World, answered_all, fetched_all, open_table, read_all
from etl.extract.listing import Contents, Listed, ListingRequest, contents
from etl.guess.expressions import can_be_named, reference
from etl.guess.tables import PAYLOADS, SeenColumn, SeenTable, role_score
from etl.guess.words import VOCABULARIES, name_score, words_of
from etl.model import Source, Table
from etl.profile import FORMS, NULL_MARKS, ColumnProfile, Distinct, TableProfile

ROWS = 200_000
"""Rows of a table that are looked at."""

PART = 5000
LIKELY = 0.2
MOST = 12
"""Tables that are read, of those whose names and columns look most like a shop's: a shop's database has a hundred others."""

DATA = ("e-mail", "date", "digest", "number", "money", "phone")


class ReadTable(Struct, frozen=True):
    """A table that was read, and the source by which a mapping reads it."""

    table: SeenTable
    source: Source
    place: int = 0
    """Which of the places that were looked at it lies at."""


def look(locations: Sequence[str], connections: Connections) -> list[tuple[str, Contents]]:
    """What lies at each location; the rows are not read yet."""
    return [(one, contents(ListingRequest(one, connections, open_table, counting=False))) for one in locations]


def header_of(listed: Listed) -> frozenset[str]:
    """The columns of a table; of one that cannot be read, none."""
    try:
        with open_table(listed.source) as table:
            return frozenset(table.header)
    except SourceError:
        return frozenset()


def seen_tables(found: Iterable[Contents], connections: Connections) -> list[ReadTable]:
    """The tables that may be a shop's, read. Two of one name are told apart by a number."""
    contents_of = list(found)
    places = [(place, one) for place, each in enumerate(contents_of) for one in each.tables]
    listed = [one for _, one in places]
    alone = [each.tables[0] for each in contents_of if len(each.tables) == 1]
    outlines = [(one, outline) for one in listed if (outline := _outline(one, connections)) is not None]
    likely = sorted(outlines, key=lambda pair: -_likelihood(pair[1]))[:MOST]
    chosen = [one for one, outline in likely if outline.columns and (one in alone or _likelihood(outline) >= LIKELY)]
    columns = {id(one): frozenset(each.name for each in outline.columns) for one, outline in outlines}
    names: set[str] = set()
    read: list[ReadTable] = []
    for place, entry in places:
        if entry in chosen:
            outer = _outer(entry.source, read)
            named = _named(entry if outer is None else _beside(entry, columns[id(entry)], outer), names)
            table = _read(named, connections)
            read.append(replace(table, place=place, table=_belonging(table, outer)))
    return read


class _Outer(Struct, frozen=True):
    """The table inside of whose rows others lie, its key, and where it lies itself."""

    table: str
    key: str
    path: str


def _outer(source: Source, read: Sequence[ReadTable]) -> _Outer | None:
    path, mark, _ = _whole_path(source).rpartition("[*]")
    parent = next((one for one in read if mark and _lies_at(one.source, source, path)), None)
    key = None if parent is None else _key_of(parent.table)
    return None if parent is None or key is None else _Outer(parent.table.name, key.name, path)


def _beside(listed: Listed, own: Collection[str], outer: _Outer) -> Listed:
    """Rows that lie inside of others, as an order's lines do, with the key of these in a column beside their `own`."""
    around_it = words_of(outer.path)
    column = f"{around_it[-1].rstrip('s')}_{outer.key}" if around_it else "_".join(("parent", *words_of(outer.key)))
    levels = len(re.findall(r"[./]", _whole_path(listed.source).removeprefix(f"{outer.path}[*]")))
    around = {free_name(column, own): ".".join(["^"] * levels + [outer.key])}
    return replace(listed, source=replace(listed.source, options={**listed.source.options, "with": around}))


def _belonging(found: ReadTable, outer: _Outer | None) -> SeenTable:
    """The table, with the column told that was put beside it: whatever it is called, it is the key of the rows around."""
    beside = found.source.options.get("with")
    if outer is None or not isinstance(beside, dict):
        return found.table
    columns = (
        replace(one, refers=(outer.table, outer.key)) if one.name in beside else one for one in found.table.columns
    )
    return replace(found.table, columns=tuple(columns))


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or the first that is made of it and a number, that nothing has."""
    return next(one for number in count(1) if (one := f"{name}_{number}" if number > 1 else name) not in taken)


def _lies_at(source: Source, inner: Source, path: str) -> bool:
    return (source.kind, source.location, _whole_path(source)) == (inner.kind, inner.location, path)


def _whole_path(source: Source) -> str:
    """The path through the document; JSON lines are one list of all lines, which their path does not name."""
    path = str(source.options.get("path", ""))
    return f"[*].{path}" if path and source.kind == "jsonl" else path


def _key_of(table: SeenTable) -> SeenColumn | None:
    """The column by which a row is told, the one with the usual name first."""
    names = (VOCABULARIES["order"]["number"], VOCABULARIES["user"]["customer_code"])
    keys = [one for one in table.own if one.is_key and can_be_named(one.name) and "." not in one.name]
    return max(keys, key=lambda one: max(name_score(one.name, each) for each in names), default=None)


def _likelihood(outline: SeenTable) -> float:
    return max(role_score(payload, outline) for payload in PAYLOADS)


def _outline(listed: Listed, connections: Connections) -> SeenTable | None:
    """A table by the names of its columns; None for one that cannot be read."""
    try:
        with open_table(listed.source, World(connections=connections)) as table:
            return SeenTable(listed.name, tuple(SeenColumn(one, 0, 0, 0) for one in table.header if can_be_named(one)))
    except SourceError:
        return None


def _named(listed: Listed, names: set[str]) -> Listed:
    """With a name that a mapping may use for a source, and that no other one has."""
    base = "_".join(words_of(listed.name)) or "table"
    name = free_name(f"t_{base}" if base[0].isdigit() else base, names)
    names.add(name)
    return replace(listed, name=name)


def _read(listed: Listed, connections: Connections) -> ReadTable:
    source = replace(listed.source, name=listed.name)
    with open_table(source, World(connections=connections)) as table:
        if source.kind == "csv" and "header" not in source.options and _is_data(table.header):
            names = [f"column_{number}" for number in range(1, len(table.header) + 1)]
            return _read(
                replace(listed, source=replace(source, options={**source.options, "header": names})), connections
            )
        profiled, has_nulls = _profiled(listed.name, table)
    if has_nulls and source.kind == "csv":
        source = replace(source, options={**source.options, "nulls": list(NULL_MARKS)})
    return ReadTable(profiled, source)


def _is_data(header: Sequence[str]) -> bool:
    """Whether what should be names is a row: an e-mail, a date or an amount is no column's name."""
    forms = [one for one in FORMS if one.name in DATA]
    return any(form.pattern.fullmatch(cell) for cell in header for form in forms)


def _profiled(name: str, table: Table) -> tuple[SeenTable, bool]:
    """And whether a null is written as a text in it."""
    ready = answered_all(fetched_all({name: table}, {name: table.header}))[name]
    parts = _sound(ready)
    first = next(parts, [])
    members = _members(table.header, first)
    profile, typed = TableProfile((*table.header, *(one.name for one in members))), set[int]()
    for rows in chain([first], parts):
        whole = [(*row, *(one.value(row) for one in members)) for row in rows]
        profile.add(whole)
        typed.update(at for row in whole for at, one in enumerate(row) if isinstance(one, int | Decimal | float))
        if profile.rows >= ROWS:
            break
    inside = {len(table.header) + at: table.header[one.column] for at, one in enumerate(members)}
    columns = [
        _column(one, distinct, inside.get(at, ""), at in typed)
        for at, (one, distinct) in enumerate(zip(profile.columns(), profile.distinct(), strict=True))
        if at in inside or can_be_named(one.name)
    ]
    return SeenTable(name, tuple(columns), profile.rows), any(one.nulls for one in profile.columns())


def _sound(table: Table) -> Iterator[list[Sequence[object]]]:
    for _, rows in read_all(table, PART):
        faulty = {one.index for one in rows.faults}
        yield [row for index, row in enumerate(rows.rows) if index not in faulty]


class _Member(Struct, frozen=True):
    """What lies inside of the objects of a column, under a key that an expression can name: `customer.id`."""

    column: int
    key: str
    name: str

    def value(self, row: Sequence[object]) -> object:
        held = row[self.column]
        return held.get(self.key) if isinstance(held, dict) else None


def _members(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[_Member]:
    """Texts and numbers one level down, in the order in which they come; of a key that is also a method nothing can be said."""
    found: dict[str, _Member] = {}
    nested: set[str] = set()
    for row in rows:
        for at, held in enumerate(row):
            for key, one in held.items() if isinstance(held, dict) and reference(header[at]) == header[at] else ():
                name = f"{header[at]}.{key}"
                found.setdefault(name, _Member(at, key, name))
                nested |= {name} if isinstance(one, dict | list) else set()
    return [
        one
        for name, one in found.items()
        if name not in nested and name not in header and reference(one.key) == one.key and not hasattr(dict, one.key)
    ]


def _column(one: ColumnProfile, distinct: Distinct, inside: str, typed: bool) -> SeenColumn:
    return SeenColumn(
        one.name, one.rows, one.filled - one.nulls, one.distinct, one.form, one.detail, one.longest, tuple(one.values.items()),
        frozenset(distinct.hashes), distinct.bound, inside, typed,
    )  # fmt: skip
