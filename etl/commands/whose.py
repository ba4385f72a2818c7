"""Whose a row is: of its cells, the fields that a person asks by, computed by the code that makes records of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from msgspec import Struct, field

from etl.commands.asked import ASKED, LINKS, Search
from etl.expressions import (
    ROW_ERRORS,
    ExpressionError,
    Header,
    Resources,
    RowFunction,
    columns_in,
    compile_field,
    key_text,
    writers,
)
from etl.findings import HIDDEN, Sentence, said
from etl.model import Expression, Place, Record, Stage
from etl.package import Package, PackagedStage, SourceRow
from etl.target import Target


class Reading(Struct, frozen=True):
    """What beside the cells and the expressions decides what a field comes to: of a source, and of the mapping."""

    trim: bool = True
    normalize: bool = True
    resources: Resources = field(default_factory=dict)
    target: Target = field(default_factory=Target)


class Whose:
    """Of rows with one header, those of the fields that are made of expressions. `made_from`: field -> its expression."""

    def __init__(self, made_from: Mapping[str, str], header: Header, reading: Reading) -> None:
        self.made_from, self._header, self._reading = made_from, header, reading
        self._reads = {name: _positions(text, header) for name, text in made_from.items()}

    @cached_property
    def _compute(self) -> Mapping[str, RowFunction]:
        found = {name: self.compiled(text) for name, text in self.made_from.items()}
        return {name: one for name, one in found.items() if one is not None}

    def compiled(self, text: str) -> RowFunction | None:
        """None where it needs what is not at hand: a column, a lookup."""
        target = self._reading.target
        write = writers(target.date_format, target.datetime_format)
        try:
            return compile_field(Expression(text, Place("")), self._header, self._reading.resources, write)
        except ExpressionError:
            return None

    def record(self, cells: Sequence[Any]) -> dict[str, Any]:
        """The fields that can be computed. Of a cell that nobody may see nothing can."""
        found = {}
        for name, compute in self._compute.items():
            if all(cells[position] != HIDDEN for position in self._reads[name]):
                try:
                    found[name] = compute(cells)
                except ROW_ERRORS:
                    continue
        return found

    def positions(self, wanted: Search, fields: Collection[str]) -> list[int]:
        """Of the columns in which the shop itself has what was asked for, for some of the fields."""
        known = self._header.columns
        made_from = {name: text for name, text in self.made_from.items() if name in fields}
        return [known.index(name) for name in wanted.columns(made_from) if name in known]


def _positions(text: str, header: Header) -> list[int]:
    return [header.columns.index(name) for name in columns_in(text) if name in header.columns]


def asked_fields(stage: Stage) -> dict[str, str]:
    """Field -> its expression, of those that a person asks by."""
    return {name: one.text for name, one in stage.fields.items() if name in ASKED and isinstance(one, Expression)}


class UnsentRow(Struct, frozen=True):
    """A row that is rejected, held or merged. `record` has what is known of the fields that a person asks by, `own` what is in
    the columns where the shop itself has them; `unknown`: fields that would tell whose it is, and cannot be computed."""

    row: SourceRow
    record: Record
    own: Sequence[object]
    unknown: Sequence[str]

    @property
    def at(self) -> tuple[str, int]:
        return self.row.source, self.row.row


class UnsentRows:
    """The rows of a stage that a package keeps, by the expressions that it was made with. `links`: the fields that tell whose a
    row is."""

    def __init__(self, package: Package, stage: PackagedStage, reading: Reading, wanted: Search) -> None:
        self._package, self._stage = package, stage
        header = Header(tuple(stage.columns), False, reading.trim, reading.normalize)
        self._whose = Whose(_packaged_fields(package, stage), header, reading)
        self._key = self._whose.compiled(stage.key) if stage.key else None
        self._looked_in = self._whose.positions(wanted, self._whose.made_from)
        self.links = [name for name in self._whose.made_from if name in LINKS]

    def __iter__(self) -> Iterator[UnsentRow]:
        return map(self._unsent, self._package.rows(self._stage))

    def _unsent(self, row: SourceRow) -> UnsentRow:
        is_whole = self._is_whole(row)
        made = self._whose.record(row.cells) if is_whole else {}
        known = {**made, **self._keyed(row), **self._parents.get((row.source, row.row), {})}
        own = [row.cells[position] for position in self._looked_in if position < len(row.cells)]
        unknown = [name for name in self.links if name not in known]
        return UnsentRow(row, known, own, unknown)

    def _is_whole(self, row: SourceRow) -> bool:
        """Whether its cells are what its record was to be made from: they give the key that it has."""
        if len(row.cells) != len(self._stage.columns) or (row.source, row.row) in self._unreadable:
            return False
        if self._key is None or row.key is None:
            return True
        try:
            return key_text(self._key(row.cells)) == row.key
        except ROW_ERRORS:
            return False

    def _keyed(self, row: SourceRow) -> Record:
        made_from = self._whose.made_from
        return {} if row.key is None else {name: row.key for name in made_from if made_from[name] == self._stage.key}

    @cached_property
    def _parents(self) -> Mapping[tuple[str, int], Record]:
        """Of held rows, what they refer to."""
        return {(one.source, one.row): {one.field: one.parent_key} for one in self._package.held(self._stage)}

    @cached_property
    def _unreadable(self) -> set[tuple[str, int]]:
        """Rows that could not be read: what is known of their cells is not in its columns, or of another source's."""
        rejects = self._package.rejects(self._stage)
        return {(one.source, one.row) for one in rejects if one.key is None and one.field is None and one.rule != "key"}


def _packaged_fields(package: Package, stage: PackagedStage) -> dict[str, str]:
    fields = package.profile().get("stages", {}).get(stage.name, {}).get("fields", [])
    texts = {one["name"]: one["made_from"][0] for one in fields if one["name"] in ASKED and one["made_from"]}
    return {name: text for name, text in texts.items() if "{{" in text}


def unknown_note(stage: str, rows: Sequence[Sequence[str]]) -> Sentence:
    """`rows`: of each, the fields that would tell."""
    fields = ", ".join(f"'{one}'" for one in dict.fromkeys(chain.from_iterable(rows)))
    if len(rows) == 1:
        words = "1 row of {stage} is left out: whose it is cannot be told, as {fields} cannot be computed"
        return said(words, stage=stage, fields=fields)
    words = "{count:,} rows of {stage} are left out: whose they are cannot be told, as {fields} cannot be computed"
    return said(words, count=len(rows), stage=stage, fields=fields)
