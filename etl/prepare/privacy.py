"""What of a stage is personal: said of the payload's fields in its schema, and followed back through the mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

from msgspec import Struct

from etl.expressions import WHERE
from etl.expressions.compiler import flat_fields
from etl.expressions.names import columns_in, texts_in
from etl.findings import BECAUSE, HIDDEN, OF_DATA, Finding
from etl.model import Expression, Stage, Template
from etl.personal import looks_personal


class Privacy(Struct, frozen=True):
    """Which values of a stage are masked where they are printed.

    columns   of the source: those that feed a personal field, and those that feed none
    fields    of the payload: the personal ones, and those that are made from a masked column (`where` among them); what stands
              in the mapping itself is nobody's, but for a password
    hidden    columns of which nobody should see anything: they feed a field that its schema calls `writeOnly`, and not the key;
              or they do so in another stage, and feed nothing here
    secret    such fields
    """

    columns: frozenset[str]
    fields: frozenset[str]
    hidden: frozenset[str]
    secret: frozenset[str]

    def is_personal(self, field: str | None) -> bool:
        """Of a finding's field, which may be a path; a row as a whole is personal."""
        return field is None or field.split(".")[0] in self.fields

    def stamped(self, finding: Finding) -> Finding:
        """The finding with its mark; of a secret field without the value."""
        if finding.field is not None and finding.field.split(".")[0] in self.secret:
            parts = {name: _hidden(name, part) for name, part in finding.parts.items()}
            value = None if finding.value is None else HIDDEN
            return replace(finding, value=value, parts=parts, personal=True)
        return replace(finding, personal=self.is_personal(finding.field))


def _hidden(name: str, part: Any) -> Any:
    """A part of a sentence about a secret field: without what comes out of the row."""
    if name == BECAUSE:
        return {**part, "parts": {inner: _hidden(inner, one) for inner, one in part["parts"].items()}}
    if name not in OF_DATA:
        return part
    return [HIDDEN] if name == "names" else HIDDEN


def privacy_of(
    stage: Stage, columns: Iterable[str], schema: Mapping[str, Any], elsewhere: Set[str] = frozenset()
) -> Privacy:
    """`schema` is the payload's, with the target's settings over it; `columns` are the source's.

    `elsewhere`: those that other stages which read the same source make passwords of.
    """
    reads = {name: _reads(template) for name, template in stage.fields.items()}
    properties = schema.get("properties", {})
    written = {name for name, read in reads.items() if not read}  # in the mapping itself, the same for everybody
    personal = {
        name for name in {*reads, *properties} if properties.get(name, {}).get("personal") is not False
    } - written
    secret = frozenset(name for name, keywords in properties.items() if keywords.get("writeOnly") is True)
    shown = _union(reads[name] for name in reads.keys() - personal) - _union(
        reads[name] for name in reads.keys() & personal
    )
    masked = frozenset(columns) - shown
    if stage.where is not None:
        reads[WHERE] = _reads(stage.where)
    if stage.settled is not None:
        reads["settled"] = _reads(stage.settled)
    tainted = {name for name, read in reads.items() if read & masked}
    # What the key is made of is told beside each row anyway: `{{ id | unusable_password }}` makes no secret of the id.
    read = _union(reads[name] for name in stage.fields) | _reads(_key(stage))
    hidden = secret_columns(stage, schema) | (frozenset(elsewhere) - read)
    return Privacy(masked, frozenset(personal | tainted | (written & secret)), hidden, secret)


def secret_columns(stage: Stage, schema: Mapping[str, Any]) -> frozenset[str]:
    """The columns that a stage makes a password of, but for those of its key."""
    secret = [name for name, keywords in schema.get("properties", {}).items() if keywords.get("writeOnly") is True]
    return _union(_reads(stage.fields[name]) for name in secret if name in stage.fields) - _reads(_key(stage))


def _key(stage: Stage) -> Template:
    return stage.fields[stage.key] if isinstance(stage.key, str) else stage.key


def own_texts(template: Template, cells: Mapping[str, Any]) -> frozenset[str]:
    """Texts of the mapping itself that a field may have come to in a row of these cells: they are nobody's.

    One that a cell has as well may be out of the row, and what looks personal is nobody's to see wherever it stands.
    """
    leaves = [leaf.text for _, leaf in flat_fields({"": template}) if isinstance(leaf, Expression)]
    found = _union(texts_in(text) for text in leaves)
    there = [str(cells.get(name) or "").casefold() for name in _reads(template)]
    return frozenset(
        one for one in found if not looks_personal(one) and not any(one.casefold() in cell for cell in there)
    )


def _reads(template: Template) -> frozenset[str]:
    """The columns a field is made from."""
    leaves = (leaf for _, leaf in flat_fields({"": template}))
    return _union(columns_in(leaf.text) for leaf in leaves if isinstance(leaf, Expression))


def _union(sets: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(name for names in sets for name in names)
