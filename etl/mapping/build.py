"""Plain data -> Migration. The data is what the grammar has let through: anything may be missing, nothing has a wrong type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from etl.expressions import compose, inside, tidy
from etl.extract import KINDS, is_url
from etl.extract.databases.address import shown_address
from etl.mapping.environment import filled, is_open
from etl.mapping.places import Document
from etl.mapping.places import YamlPath as Where
from etl.mapping.secrets import is_secret
from etl.model import (
    Accept,
    Case,
    Database,
    Expression,
    Gate,
    Lookup,
    MappingTest,
    Migration,
    Place,
    PlaceSettings,
    SmallTable,
    Source,
    Stage,
    Template,
)
from etl.target import Polling, Secret, Target

LOOKUP_COLUMNS = ("key", "value")


class Builder(Struct, frozen=True):
    """Builds from one document, with the values that ${NAME} stands for. Relative paths begin at the mapping's folder."""

    document: Document
    data: Mapping[str, Any]
    folder: Path
    values: Mapping[str, str]

    def migration(self) -> Migration:
        data = self.data
        return Migration(
            name=data.get("name", ""),
            description=data.get("description", ""),
            file=Path(self.document.file).resolve(),
            target=self.target(data.get("target") or {}),
            sources=self.sources(data.get("sources") or {}),
            lookups={name: self.lookup(name, one) for name, one in (data.get("lookups") or {}).items()},
            stages=tuple(self.stage(index, stage) for index, stage in present(data.get("stages"))),
            tests=tuple(self.test(index, test) for index, test in present(data.get("tests"))),
            geography=_geography(data.get("geography") or {}),
            databases={name: self.database(name) for name in data.get("databases") or {}},
        )

    def target(self, data: Mapping[str, Any]) -> Target:
        known = set(Target.__struct_fields__)
        settings = {name: self.setting(value, ("target", name)) for name, value in data.items() if name in known}
        if "channel" in settings:
            settings["channel"] = str(settings["channel"])
        if "ca_bundle" in settings:
            settings["ca_bundle"] = str(self.folder / settings["ca_bundle"])
        if "safe_to_repeat" in settings:
            settings["safe_to_repeat"] = tuple(settings["safe_to_repeat"])
        settings["polling"] = Polling(**data.get("polling", {}))
        return Target(**settings)

    def sources(self, data: Mapping[str, Any]) -> dict[str, Source]:
        built = {name: self.source(name, one, ("sources", name)) for name, one in data.items()}
        return {name: source for name, source in built.items() if source is not None}

    def source(self, name: str, data: Mapping[str, Any], where: Where) -> Source | None:
        """A source of exactly one kind, else None: the checks say what is wrong with the others."""
        kinds = kinds_in(data)
        if len(kinds) != 1:
            return None
        kind = KINDS[kinds[0]]
        known = {option.name for option in kind.options}
        options = {key: self.setting(value, (*where, key)) for key, value in data.items() if key in known}
        if kind.where == "database" and "database" in options:
            options["database"] = self.database(str(data["database"]))
        location = kind.located(self.folder, self.fill(data[kind.name]))
        return Source(name, kind.name, location, options, self.document.place((*where, kind.name)))

    def database(self, named: str) -> Database:
        """One of `databases:`, or the database at a location."""
        databases = self.data.get("databases") or {}
        written = databases.get(named, named)
        form = written if isinstance(written, Mapping) else {"at": written}
        location = self.fill(form.get("at", ""))
        options = {key: self.fill(value) for key, value in form.items() if key != "at"}
        whole = location if is_url(location) else str(self.folder / location)
        where: Where = ("databases", named)
        name = named if named in databases else ""
        varies = is_open(str(form.get("at", "")))
        return Database(name, Secret(whole), shown_address(whole), options, self.document.place(where), varies)

    def lookup(self, name: str, data: Mapping[str, Any]) -> Lookup:
        where: Where = ("lookups", name)
        place = self.document.place(where)
        if not kinds_in(data):
            pairs = {_code(key): inside(self.fill(value), compose, "") for key, value in data.items()}
            places = {_code(key): self.document.key_place((*where, key)) for key in data}
            return Lookup(name, pairs, place=place, places=places)
        rest = {key: value for key, value in data.items() if key not in LOOKUP_COLUMNS}
        source = self.source(name, rest, where)
        return Lookup(name, source=source, key=data.get("key", ""), value=data.get("value", ""), place=place)

    def stage(self, index: int, data: Mapping[str, Any]) -> Stage:
        where: Where = ("stages", index)
        name = data.get("name", "")
        key = self.template(data.get("key", ""), (*where, "key"))
        condition = self.template(data.get("where"), (*where, "where"))
        settled = self.template(data.get("settled"), (*where, "settled"))
        given = data.get("fields", {})
        return Stage(
            name=name,
            payload=data.get("payload", name),
            source=data.get("from", ""),
            key=key if isinstance(key, str | Expression) else "",
            fields={field: self.template(one, (*where, "fields", field)) for field, one in given.items()},
            where=condition if isinstance(condition, Expression) else None,
            settled=settled if isinstance(settled, Expression) else None,
            unique=tuple(one for _, one in present(data.get("unique"))),
            duplicates=data.get("duplicates", "reject"),
            refers=data.get("refers", {}),
            gate=Gate(**data.get("gate", {})),
            accept=_accept(data.get("accept")),
            may_be_empty=data.get("may_be_empty", False),
            totals={name: self.summands(one, (*where, "totals", name)) for name, one in data.get("totals", {}).items()},
            batch_size=data.get("batch_size"),
            pause=data.get("pause"),
            ramp_up=data.get("ramp_up"),
            cut_after_errors=data.get("cut_after_errors"),
            place=self.document.place(where),
        )

    def summands(self, written: Any, where: Where) -> tuple[Expression, ...]:
        if isinstance(written, list):
            return tuple(
                Expression(compose(one), self.document.place((*where, index))) for index, one in present(written)
            )
        return () if written is None else (Expression(compose(written), self.document.place(where)),)

    def template(self, value: Any, where: Where) -> Template:
        if isinstance(value, str):
            text = compose(value)
            return Expression(text, self.document.place(where)) if is_expression(text) else text
        if isinstance(value, Mapping):
            return {compose(key): self.template(one, (*where, key)) for key, one in value.items()}
        if isinstance(value, list):
            return tuple(self.template(one, (*where, index)) for index, one in enumerate(value))
        return value  # type: ignore[no-any-return]

    def test(self, index: int, data: Mapping[str, Any]) -> MappingTest:
        where: Where = ("tests", index)
        return MappingTest(
            stage=data.get("stage", ""),
            cases=self.cases(data, where),
            reject=tuple(one for _, one in present(data.get("reject"))),
            filtered=data.get("filtered", False),
            name=data.get("name", ""),
            place=self.document.place(where),
            sources={name: _small_table(one) for name, one in (data.get("sources") or {}).items()},
            tabled="cases" in data,
        )

    def cases(self, data: Mapping[str, Any], where: Where) -> tuple[Case, ...]:
        """The rows of the table, each with what the test says of all of them; or the one row that the test gives."""
        table = data.get("cases")
        if table is None:
            return (_case(data, (), (), (), self.document.place(where)),)
        columns, wanted = (tuple(one for _, one in present(table.get(key))) for key in ("columns", "fields"))
        rows = [(at, row) for at, row in present(table.get("rows")) if len(row) == len(columns) + len(wanted)]
        place = self.document.place
        return tuple(_case(data, columns, wanted, row, place((*where, "cases", "rows", at))) for at, row in rows)

    def setting(self, value: Any, where: Where) -> Any:
        """A setting's value; a Secret where the schema says so."""
        filled_in = self.fill(value)
        return Secret(filled_in) if is_secret(where) and isinstance(filled_in, str) else filled_in

    def fill(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fill(one) for _, one in present(value)]
        if isinstance(value, dict):
            return {name: self.fill(one) for name, one in value.items()}
        return filled(value, self.values) if isinstance(value, str) else value


def _geography(data: Mapping[str, Any]) -> PlaceSettings:
    return PlaceSettings(data.get("country"), tuple(name for _, name in present(data.get("names"))))


def _accept(data: Mapping[str, Any] | None) -> Accept | None:
    if data is None:
        return None
    return Accept(**{fate: Gate(limit.get("count"), limit.get("share")) for fate, limit in data.items()})


def _case(
    data: Mapping[str, Any], columns: Sequence[str], wanted: Sequence[str], row: Sequence[Any], place: Place
) -> Case:
    given = {**data.get("given", {}), **dict(zip(columns, row, strict=False))}
    expect = {**(data.get("expect") or {}), **dict(zip(wanted, row[len(columns) :], strict=True))}
    return Case(given, expect if wanted or "expect" in data else None, place)


def _small_table(data: Mapping[str, Any]) -> SmallTable:
    columns = tuple(one for _, one in present(data.get("columns")))
    rows = tuple(tuple(row) for _, row in present(data.get("rows")) if len(row) == len(columns))
    return SmallTable(columns, rows)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _code(key: Any) -> Any:
    """A code as cells have it, which are composed and have no blanks around them; one of blanks alone stays."""
    return (tidy(key) or key) if isinstance(key, str) else key


def is_name(text: str) -> bool:
    """Whether a text can be the name of a database, and no path or address."""
    return _NAME.fullmatch(text) is not None


def is_expression(text: str) -> bool:
    """Whether a YAML string is computed. Statements and comments count, so that they are refused rather than sent."""
    return any(opening in text for opening in ("{{", "{%", "{#"))


def kinds_in(data: Mapping[str, Any]) -> list[str]:
    """The kinds of source a mapping names. A lookup that names one is read from it; any other is the pairs themselves."""
    return [kind for kind in KINDS if kind in data]


def present(items: Any) -> list[tuple[int, Any]]:
    """The items of a list that the grammar has let through, each with its index."""
    return [(index, item) for index, item in enumerate(items or ()) if item is not None]
