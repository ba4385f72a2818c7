"""What a mapping promises, held against the world it names: its sources' columns, the payload schemas, the functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etl.errors import SourceError
from etl.expressions import Names, faults
from etl.extract import KINDS, open_table
from etl.mapping.build import LOOKUP_COLUMNS, is_file_lookup
from etl.mapping.lookups import LookupFault, read_lookup
from etl.mapping.yaml_text import Document, Path
from etl.model import PAYLOADS, Expression, Migration, Problem, Stage, Table, Template
from etl.prepare.overlay import overlaid
from etl.prepare.validate import Validator
from etl.resources import load_schema
from etl.suggest import did_you_mean


@dataclass(slots=True)
class Checker:
    """Finds every Problem of a built migration; keeps the tables and lookups it had to open for it."""

    document: Document
    migration: Migration
    tables: dict[str, Table]
    lookups: dict[str, Mapping[str, object]]

    def problems(self) -> list[Problem]:
        checks: tuple[Callable[[], Iterator[Problem]], ...] = (
            self._sources,
            self._lookups,
            self._overlays,
            self._stages,
            self._tests,
        )
        return [problem for check in checks for problem in check()]

    def _at(self, path: Path, what: str, word: str = "") -> Problem:
        return Problem(self.document.word_place(path, word), what)

    # Sources and lookups

    def _sources(self) -> Iterator[Problem]:
        for name, data in _given(self.document.data, "sources"):
            yield from self._kind(("sources", name), data)
            source = self.migration.sources.get(name)
            if source is None:
                continue
            try:
                self.tables[name] = open_table(source)
            except SourceError as error:
                yield self._at(("sources", name), str(error))

    def _kind(self, path: Path, data: Mapping[str, Any]) -> Iterator[Problem]:
        kinds = [kind for kind in KINDS if kind in data]
        if len(kinds) != 1:
            found = f"it has {' and '.join(kinds)}" if kinds else "it has none"
            yield self._at(path, f"a source is one of {', '.join(KINDS)}; {found}")
            return
        for option in data:
            known = [one.name for one in KINDS[kinds[0]].options]
            if option != kinds[0] and option not in known:
                place = self.document.key_place((*path, option))
                yield Problem(place, f"'{option}' is no option of {kinds[0]}{did_you_mean(option, known)}")

    def _lookups(self) -> Iterator[Problem]:
        for name, lookup in self.migration.lookups.items():
            path: Path = ("lookups", name)
            data = self.document.data["lookups"][name]
            if is_file_lookup(data):
                yield from self._kind(path, {k: v for k, v in data.items() if k not in LOOKUP_COLUMNS})
            self.lookups[name] = {}
            try:
                self.lookups[name] = read_lookup(lookup)
            except SourceError as error:
                yield self._at(path, str(error))
            except LookupFault as fault:
                yield self._at((*path, fault.key), str(fault))

    # Stages

    def _stages(self) -> Iterator[Problem]:
        seen: dict[str, int] = {}
        for index, stage in enumerate(self.migration.stages):
            path: Path = ("stages", index)
            if stage.name in seen:
                line = self.document.place(("stages", seen[stage.name])).line
                yield self._at((*path, "name"), f"a stage '{stage.name}' is already in line {line}")
            yield from self._stage(path, stage, set(seen))
            seen.setdefault(stage.name, index)

    def _stage(self, path: Path, stage: Stage, earlier: set[str]) -> Iterator[Problem]:
        if stage.source and stage.source not in self._source_names():
            known = did_you_mean(stage.source, self._source_names())
            yield self._at((*path, "from"), f"unknown source '{stage.source}'{known}")
        yield from self._expressions(path, stage)
        yield from self._references(path, stage, earlier)
        yield from self._payload(path, stage)

    def _source_names(self) -> list[str]:
        return [name for name, _ in _given(self.document.data, "sources")]

    def _names(self, stage: Stage) -> Names:
        table = self.tables.get(stage.source)
        return Names(None if table is None else frozenset(table.header), self.lookups)

    def _expressions(self, path: Path, stage: Stage) -> Iterator[Problem]:
        names = self._names(stage)
        parts: list[tuple[Path, Template]] = [((*path, "where"), stage.where), ((*path, "key"), stage.key)]
        parts += leaves((*path, "fields"), stage.fields)
        for where, template in parts:
            if isinstance(template, Expression):
                for fault in faults(template.text, names):
                    yield self._at(where, fault.what, fault.word)

    def _references(self, path: Path, stage: Stage, earlier: set[str]) -> Iterator[Problem]:
        if isinstance(stage.key, str) and stage.key and stage.key not in stage.fields:
            yield self._at(
                (*path, "key"), f"'{stage.key}' is not among the stage's fields{did_you_mean(stage.key, stage.fields)}"
            )
        for index, name in enumerate(stage.unique):
            if name not in stage.fields:
                yield self._at(
                    (*path, "unique", index),
                    f"'{name}' is not among the stage's fields{did_you_mean(name, stage.fields)}",
                )
        for name, parent in stage.refers.items():
            yield from self._reference((*path, "refers", name), stage, name, parent, earlier)

    def _reference(self, path: Path, stage: Stage, name: str, parent: str, earlier: set[str]) -> Iterator[Problem]:
        if name not in stage.fields:
            place = self.document.key_place(path)
            yield Problem(place, f"'{name}' is not among the stage's fields{did_you_mean(name, stage.fields)}")
        everyone = [one.name for one in self.migration.stages]
        if parent not in everyone:
            yield self._at(path, f"unknown stage '{parent}'{did_you_mean(parent, everyone)}")
        elif parent not in earlier:
            yield self._at(path, f"stage '{parent}' runs later than '{stage.name}'; a stage refers to an earlier one")

    # Payloads

    def _payload(self, path: Path, stage: Stage) -> Iterator[Problem]:
        if stage.payload not in PAYLOADS:
            if stage.name and "payload" not in self.document.data["stages"][path[-1]]:
                yield self._at(
                    (*path, "name"),
                    f"'{stage.name}' is no payload of Omnitron ({', '.join(PAYLOADS)}); say which with `payload:`",
                )
            return
        schema = self._schema(stage.payload)
        fields: Path = (*path, "fields")
        for name in stage.fields:
            if name not in schema["properties"]:
                place = self.document.key_place((*fields, name))
                near = did_you_mean(name, schema["properties"])
                yield Problem(place, f"the payload '{stage.payload}' has no field '{name}'{near}")
        for what in unfilled(schema, stage.fields):
            yield Problem(
                self.document.key_place(fields), f"the payload '{stage.payload}' needs {what}, which nothing fills"
            )
        yield from self._constants(fields, stage, schema)

    def _constants(self, path: Path, stage: Stage, schema: Mapping[str, Any]) -> Iterator[Problem]:
        target = self.migration.target
        validator = Validator(schema, date_format=target.date_format, datetime_format=target.datetime_format)
        for name, template in stage.fields.items():
            if name in schema["properties"] and is_constant(template):
                for finding in validator.explain_field(name, plain_constant(template)):
                    yield self._at(
                        (*path, name), f"the payload '{stage.payload}' refuses this '{name}': {finding.reason}"
                    )

    def _schema(self, payload: str) -> Mapping[str, Any]:
        try:
            return overlaid(load_schema(payload), self.migration.target.payloads.get(payload, {}))
        except ValueError:
            return load_schema(payload)  # told by _overlays

    def _overlays(self) -> Iterator[Problem]:
        for payload, properties in self.migration.target.payloads.items():
            if payload not in PAYLOADS or not isinstance(properties, Mapping):
                continue
            for name, keywords in properties.items():
                try:
                    overlaid(load_schema(payload), {name: keywords})
                except (ValueError, TypeError) as error:
                    yield Problem(self.document.key_place(("target", "payloads", payload, name)), str(error))

    # The mapping's own tests

    def _tests(self) -> Iterator[Problem]:
        stages = {stage.name: stage for stage in self.migration.stages}
        for index, test in enumerate(self.migration.tests):
            path: Path = ("tests", index)
            if test.stage not in stages:
                if test.stage:
                    yield self._at((*path, "stage"), f"unknown stage '{test.stage}'{did_you_mean(test.stage, stages)}")
                continue
            if (test.expect is not None) + bool(test.reject) + test.filtered != 1:
                yield self._at(path, "a test says one of `expect`, `reject` and `filtered`")
            yield from self._test_names(path, stages[test.stage], test.given, test.expect or {})

    def _test_names(
        self, path: Path, stage: Stage, given: Mapping[str, object], expect: Mapping[str, object]
    ) -> Iterator[Problem]:
        table = self.tables.get(stage.source)
        columns: Sequence[str] = () if table is None else table.header
        for column in given:
            if columns and column not in columns:
                place = self.document.key_place((*path, "given", column))
                yield Problem(place, f"unknown column '{column}'{did_you_mean(column, columns)}")
        for name in expect:
            if name not in stage.fields:
                place = self.document.key_place((*path, "expect", name))
                yield Problem(place, f"'{name}' is not among the stage's fields{did_you_mean(name, stage.fields)}")


def unfilled(schema: Mapping[str, Any], fields: Mapping[str, Template]) -> list[str]:
    """The required fields nobody fills, as a message names them: 'email', or 'customer_code' or 'user'."""
    found = [f"'{name}'" for name in schema.get("required", ()) if name not in fields]
    choices = [choice["required"] for choice in schema.get("anyOf", ()) if "required" in choice]
    if choices and not any(all(name in fields for name in choice) for choice in choices):
        found.append(" or ".join(f"'{name}'" for choice in choices for name in choice))
    return found


def leaves(path: Path, template: Template) -> list[tuple[Path, Template]]:
    """Every expression and constant of a template, with its path in the document."""
    if isinstance(template, Mapping):
        return [leaf for name, one in template.items() for leaf in leaves((*path, name), one)]
    if isinstance(template, tuple):
        return [leaf for index, one in enumerate(template) for leaf in leaves((*path, index), one)]
    return [(path, template)]


def is_constant(template: Template) -> bool:
    return not any(isinstance(leaf, Expression) for _, leaf in leaves((), template))


def plain_constant(template: Template) -> Any:
    """A constant as JSON has it."""
    if isinstance(template, Mapping):
        return {name: plain_constant(one) for name, one in template.items()}
    return [plain_constant(one) for one in template] if isinstance(template, tuple) else template


def _given(data: Any, part: str) -> list[tuple[str, Mapping[str, Any]]]:
    inside = data.get(part) if isinstance(data, Mapping) else None
    return [(k, v) for k, v in inside.items() if isinstance(v, Mapping)] if isinstance(inside, Mapping) else []
