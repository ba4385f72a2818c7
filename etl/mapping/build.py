"""Plain data -> Migration. Lenient on purpose: what the grammar has refused is left out, so that the rest can be checked too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from etl.extract import KINDS
from etl.mapping.environment import filled
from etl.mapping.yaml_text import Document
from etl.mapping.yaml_text import Path as Where
from etl.model import (
    Expression,
    Gate,
    Lookup,
    MappingTest,
    Migration,
    Polling,
    Secret,
    Source,
    Stage,
    Target,
    Template,
)

SECRETS = ("token", "password")
LOOKUP_COLUMNS = ("key", "value")


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds from one document, with the values that ${NAME} stands for."""

    document: Document
    environment: Mapping[str, str]

    @property
    def folder(self) -> Path:
        return Path(self.document.file).resolve().parent

    def migration(self) -> Migration:
        data = _mapping(self.document.data)
        return Migration(
            name=_text(data.get("name")),
            description=_text(data.get("description")),
            file=Path(self.document.file).resolve(),
            target=self.target(_mapping(data.get("target"))),
            sources=(self.sources(_mapping(data.get("sources")))),
            lookups=(self.lookups(_mapping(data.get("lookups")))),
            stages=tuple(self.stage(index, stage) for index, stage in _mappings(data.get("stages"))),
            tests=tuple(self.test(index, test) for index, test in _mappings(data.get("tests"))),
        )

    def target(self, data: Mapping[str, Any]) -> Target:
        known = {one.name for one in fields(Target)}
        settings = {name: self.fill(value) for name, value in data.items() if name in known and value is not None}
        for name in SECRETS:
            if isinstance(settings.get(name), str):
                settings[name] = Secret(settings[name])
        if "channel" in settings:
            settings["channel"] = str(settings["channel"])
        if isinstance(settings.get("ca_bundle"), str):
            settings["ca_bundle"] = str(self.folder / settings["ca_bundle"])
        polling = {one.name for one in fields(Polling)}
        settings["polling"] = Polling(**{k: v for k, v in _mapping(data.get("polling")).items() if k in polling})
        return Target(**settings)

    def sources(self, data: Mapping[str, Any]) -> dict[str, Source]:
        built = {name: self.source(name, one, ("sources", name)) for name, one in data.items()}
        return {name: source for name, source in built.items() if source is not None}

    def source(self, name: str, data: Any, where: Where) -> Source | None:
        """A source of exactly one kind, else None: the checks say what is wrong with the others."""
        kinds = [kind for kind in KINDS if isinstance(_mapping(data).get(kind), str)]
        if len(kinds) != 1:
            return None
        options = {key: self.fill(value) for key, value in data.items() if key != kinds[0]}
        location = str(self.folder / self.fill(data[kinds[0]]))
        return Source(name, kinds[0], location, (options), self.document.place(where))

    def lookups(self, data: Mapping[str, Any]) -> dict[str, Lookup]:
        return {name: self.lookup(name, one) for name, one in data.items() if isinstance(one, Mapping)}

    def lookup(self, name: str, data: Mapping[str, Any]) -> Lookup:
        place = self.document.place(("lookups", name))
        if not is_file_lookup(data):
            return Lookup(name, (dict(data)), place=place)
        rest = {key: value for key, value in data.items() if key not in LOOKUP_COLUMNS}
        source = self.source(name, rest, ("lookups", name))
        return Lookup(name, source=source, key=str(data["key"]), value=str(data["value"]), place=place)

    def stage(self, index: int, data: Mapping[str, Any]) -> Stage:
        where: Where = ("stages", index)
        name = _text(data.get("name"))
        key = self.template(data.get("key"), (*where, "key"))
        condition = self.template(data.get("where"), (*where, "where"))
        return Stage(
            name=name,
            payload=_text(data.get("payload")) or name,
            source=_text(data.get("from")),
            key=key if isinstance(key, Expression) else _text(key),
            fields=(self._fields(data, where)),
            where=condition if isinstance(condition, Expression) else None,
            unique=tuple(one for one in data.get("unique") or () if isinstance(one, str)),
            refers=({k: v for k, v in _mapping(data.get("refers")).items() if isinstance(v, str)}),
            gate=Gate(**{k: v for k, v in _mapping(data.get("gate")).items() if k in ("errors", "share")}),
            batch_size=data.get("batch_size"),
            pause=data.get("pause"),
            ramp_up=data.get("ramp_up"),
            place=self.document.place(where),
        )

    def _fields(self, data: Mapping[str, Any], where: Where) -> dict[str, Template]:
        given = _mapping(data.get("fields"))
        return {name: self.template(value, (*where, "fields", name)) for name, value in given.items()}

    def template(self, value: Any, where: Where) -> Template:
        if isinstance(value, str):
            return Expression(value, self.document.place(where)) if is_expression(value) else value
        if isinstance(value, Mapping):
            return {key: self.template(one, (*where, key)) for key, one in value.items()}
        if isinstance(value, list):
            return tuple(self.template(one, (*where, index)) for index, one in enumerate(value))
        return value  # type: ignore[no-any-return]

    def test(self, index: int, data: Mapping[str, Any]) -> MappingTest:
        expect = data.get("expect")
        return MappingTest(
            stage=_text(data.get("stage")),
            given=_mapping(data.get("given")),
            expect=expect if isinstance(expect, Mapping) else None,
            reject=tuple(data.get("reject") or ()),
            filtered=data.get("filtered") is True,
            name=_text(data.get("name")),
            place=self.document.place(("tests", index)),
        )

    def fill(self, value: Any) -> Any:
        return filled(value, self.environment) if isinstance(value, str) else value


def is_expression(text: str) -> bool:
    """Whether a YAML string is computed. Statements and comments count, so that they are refused rather than sent."""
    return any(opening in text for opening in ("{{", "{%", "{#"))


def is_file_lookup(data: Mapping[str, Any]) -> bool:
    """A lookup that names a file and two of its columns; any other mapping is the pairs themselves."""
    return "key" in data and "value" in data and any(kind in data for kind in KINDS)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    return [(i, one) for i, one in enumerate(value) if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
