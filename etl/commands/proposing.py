"""A mapping for a shop that nobody knows: each guess with its evidence, each gap with the column that is likeliest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from os.path import relpath
from pathlib import Path
from typing import Any

from msgspec import Struct

from etl.commands.copied import EXAMPLE, example_of
from etl.commands.seeing import ReadTable, free_name
from etl.extract import is_url
from etl.extract.databases.address import shown_address
from etl.guess.expressions import EMAILS, OPTIONAL, REQUIRED, Written, as_text, expression, reference, written
from etl.guess.proposal import REFERENCES, Proposal, ProposedStage, known_statuses
from etl.guess.tables import SeenColumn
from etl.mapping import USUAL
from etl.model import Database, Source
from etl.resources import shipped
from etl.terminal import visible

UNKNOWN = "?"
"""What a lookup gives to a code that nobody could tell: `etl check` refuses it."""

CURRENCIES = {
    "TL": "try",
    "TRY": "try",
    "TRL": "try",
    "₺": "try",
    "USD": "usd",
    "$": "usd",
    "EUR": "eur",
    "€": "eur",
    "GBP": "gbp",
}
GENDERS = {"m": "male", "male": "male", "e": "male", "erkek": "male", "bay": "male", "f": "female", "female": "female",
           "k": "female", "kadın": "female", "kadin": "female", "bayan": "female"}  # fmt: skip


class ProposedFields(Struct, frozen=True):
    """What was proposed of a stage: its table, and its fields with what they are made from."""

    payload: str
    table: str
    fields: Mapping[str, Written]

    @property
    def gaps(self) -> tuple[str, ...]:
        return tuple(name for name, one in self.fields.items() if one.gap)


def fields_of(proposal: Proposal) -> list[ProposedFields]:
    return [
        ProposedFields(
            stage.payload,
            stage.table.name,
            {
                name: one
                for name in (*REQUIRED[stage.payload], *OPTIONAL[stage.payload])
                if (one := written(name, stage, proposal)) is not None
            },
        )
        for stage in proposal.stages
    ]


def write_proposal(
    folder: Path, locations: Sequence[str], seen: Sequence[ReadTable], proposal: Proposal
) -> list[ProposedFields]:
    """Write the mapping, and the example of its environment, into a folder that is not there yet."""
    told = fields_of(proposal)
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(_Writer(folder, locations, seen, proposal, told).lines())
    (folder / USUAL).write_text(text + "\n", encoding="utf-8")
    example = (shipped("mappings/opencart-3") / EXAMPLE).read_text(encoding="utf-8")
    (folder / EXAMPLE).write_text(example_of(example, text), encoding="utf-8")
    return told


TARGET = """
target:
  url: ${OMNITRON_URL}
  channel: ${OMNITRON_CHANNEL}
  token: ${OMNITRON_TOKEN}
  payloads:
    user:
      password_algorithm: { enum: [md5, sha1, sha256, reset] } # agree on `reset` with Akinon
"""


class _Writer:
    """The lines of a proposed mapping."""

    def __init__(
        self,
        folder: Path,
        locations: Sequence[str],
        seen: Sequence[ReadTable],
        proposal: Proposal,
        told: Sequence[ProposedFields],
    ) -> None:
        self._folder, self._locations, self._proposal, self._told = folder, locations, proposal, told
        self._used = [one for one in seen if any(one.table is stage.table for stage in proposal.stages)]
        databases = [one for one in locations if any(_is_of(one, each.source) for each in self._used)]
        self._databases = {one: f"shop_{number}" if number > 1 else "shop" for number, one in enumerate(databases, 1)}

    def lines(self) -> Iterator[str]:
        shown = visible(", ".join(map(shown_address, self._locations)))
        yield f"# Proposed by `etl init` from {shown}, a shop that it does not know. Behind each field stands what it is told by."
        yield "# A name that ends in ? is a gap: `etl check` says which column is the likeliest."
        yield "version: 1"
        yield f"name: {self._folder.name}"
        yield f"description: {self._folder.name} to an Omnitron channel"
        yield TARGET.rstrip()
        yield from self._part("databases", self._database_lines())
        yield from self._part("sources", self._source_lines())
        yield from self._part("lookups", self._lookup_lines())
        yield from ("", "stages:")
        for stage, one in zip(self._proposal.stages, self._told, strict=True):
            yield from self._stage(stage, one)

    def _part(self, name: str, lines: Iterator[str]) -> Iterator[str]:
        found = list(lines)
        if found:
            yield from ("", f"{name}:", *found)

    def _database_lines(self) -> Iterator[str]:
        """A file is named, so that nothing has to be set; an address, which may hold a password, is not."""
        for location, name in self._databases.items():
            variable = "LEGACY" + name.removeprefix("shop").upper()
            is_hidden = is_url(location) or re.search(r"[${}]", location)
            at = f"${{{variable}}}" if is_hidden else f"${{{variable}:-{relpath(location, self._folder)}}}"
            yield f"  {name}: {json.dumps(at, ensure_ascii=False)}"

    def _source_lines(self) -> Iterator[str]:
        for one in self._used:
            source = {**self._source(one.source), **self._counters(one)}
            yield f"  {one.table.name}: {_flow(source)} # {one.table.rows:,} rows were looked at"

    def _counters(self, one: ReadTable) -> dict[str, Any]:
        """What the keys of records without a key of their own need: the place among those of one order, or of one customer."""
        stages = [
            stage
            for stage in self._proposal.stages
            if stage.table is one.table and stage.payload in ("address", "order_item")
        ]
        needed = {
            _counter(stage): parent
            for stage in stages
            if stage.table.rows and _own_key(stage) is None and (parent := _parent(stage)) is not None
        }
        return {"counters": needed} if needed else {}

    def _source(self, source: Source) -> dict[str, Any]:
        """As a mapping in the folder has it."""
        options = {name: value for name, value in source.options.items() if name != "database"}
        database = source.options.get("database")
        if isinstance(database, Database):
            return {source.kind: source.location, "database": self._databases[database.location.reveal()], **options}
        location = source.location if is_url(source.location) else relpath(source.location, self._folder)
        return {source.kind: location, **options}

    def _lookup_lines(self) -> Iterator[str]:
        values = " ".join(one.value for told in self._told for one in told.fields.values())
        if "lookup('gender'" in values:
            yield f"  gender: {_flow(GENDERS)}"
        if "lookup('currency'" in values:
            yield f"  currency: {_flow(CURRENCIES)}"
        order, user = self._proposal.stage("order"), self._proposal.stage("user")
        if order is not None and "lookup('order_status'" in values:
            yield from _statuses(order)
        if user is not None and f"lookup('{EMAILS}'" in values:
            source = next(one.source for one in self._used if one.table is user.table)
            columns = {"key": user.guesses["customer_code"].column.name, "value": user.guesses["email"].column.name}
            yield f"  {EMAILS}: {_flow({**self._source(source), **columns})}"

    def _stage(self, stage: ProposedStage, told: ProposedFields) -> Iterator[str]:
        yield f"  - name: {stage.payload}"
        yield f"    from: {stage.table.name}"
        yield f"    key: {_key(stage)}"
        if stage.payload == "user":
            yield "    unique: [email]"
        field, parent = REFERENCES.get(stage.payload, ("", ""))
        if field and self._proposal.stage(parent) is not None:
            yield f"    refers: {{ {field}: {parent} }}"
        yield "    fields:"
        for name, one in told.fields.items():
            yield f"      {name}: {one.value} # {one.why}"


def _is_of(location: str, source: Source) -> bool:
    database = source.options.get("database")
    return isinstance(database, Database) and database.location.reveal() == location


def _flow(value: Any) -> str:
    """A mapping on one line; JSON is YAML, and quotes what needs it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_name(name)}: {_flow(one)}" for name, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _name(name: str) -> str:
    return name if re.fullmatch(r"[a-z_]{3,}", name) else json.dumps(name, ensure_ascii=False)


def _statuses(order: ProposedStage) -> Iterator[str]:
    column = order.guesses["status"].column
    known = known_statuses(column)
    yield "  order_status:" if known else '  order_status: { "?": "?" } # what is each status of the shop? "3": "500"'
    counts = dict(column.few)
    for value, code in known.items():
        told = "by its name" if code is not None else "a gap: which of Omnitron's statuses is it?"
        yield f"    {json.dumps(value, ensure_ascii=False)}: {json.dumps(code or UNKNOWN)} # {counts[value]:,} rows; {told}"


def _key(stage: ProposedStage) -> str:
    """A field of the payload, or the table's own key."""
    if stage.payload in ("user", "order"):
        return "customer_code" if stage.payload == "user" else "number"
    own, parent = _own_key(stage), _parent(stage)
    if own is not None or not stage.table.rows:
        return expression(as_text(own or stage.table.columns[0]))
    return expression(f"{reference(parent)} ~ '-' ~ {reference(_counter(stage))}" if parent else "row_number")


def _own_key(stage: ProposedStage) -> SeenColumn | None:
    """The column by which a row is told. That of its order or customer is none, though each of these may have only one row."""
    return next((one for one in stage.table.own if one.is_key and one.name != _parent(stage)), None)


def _parent(stage: ProposedStage) -> str | None:
    guess = stage.guesses.get(REFERENCES[stage.payload][0]) if stage.payload in REFERENCES else None
    return guess.column.name if guess is not None and not guess.column.inside else None


def _counter(stage: ProposedStage) -> str:
    """The name of a column that counts the rows of one order, or of one customer: none that is there already."""
    return free_name("line", {one.name for one in stage.table.columns})
