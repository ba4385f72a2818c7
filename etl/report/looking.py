"""What `find`, `explain` and `lineage` tell, in lines and tables.

What became of a record is a word in a line here, and above figures (findings.Heading) elsewhere: languages differ in that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from etl.findings import HIDDEN, Heading, Sentence, joined, said
from etl.journal.states import TOLD, told_state
from etl.model import Locator
from etl.personal import mask_field, mask_key
from etl.terminal import plain_value, visible

if TYPE_CHECKING:
    from rich.console import Console

    from etl.expressions.tracing import TracedStep
    from etl.report.results import (
        ExplainedAlias,
        ExplainedField,
        Explanation,
        FoundIn,
        FoundRecord,
        Lineage,
    )


FATES = {
    "valid": "valid", "filtered": "filtered", "rejected": "rejected", "held": "held", "merged": "merged",
    "waiting": "waiting",
}  # fmt: skip
"""Of a row or a record."""


def fate_told(fate: str) -> str:
    """Of a row or a record, and of a batch."""
    return said(FATES[fate]) if fate in FATES else told_state(fate) if fate in TOLD else fate


def find_lines(found: Sequence[FoundIn]) -> Iterator[str]:
    for place in found:
        yield said("Package: {path}", path=str(place.package)) if place.package else PACKAGES_GONE
        yield from (_inner(line) for record in place.records for line in _record_lines(record))
        if place.further:
            yield _inner(said("and {count:,} more", count=place.further))
        if not place.records:
            yield _inner(said("nothing"))
        yield from (_inner(said("note: {note}", note=one)) for one in place.notes)


PACKAGES_GONE = said("Of packages that are gone, by the journal:")


def _inner(line: str, depth: int = 1) -> Sentence:
    return joined("", ["  " * depth, line])


def _record_lines(record: FoundRecord) -> Iterator[str]:
    named = record.stage if record.key is None else f"{record.stage} '{record.key}'"
    told_below = any(one.state == record.fate for one in record.sent)
    yield joined("", [named, ": ", *([] if told_below else [fate_told(record.fate), ", "]), record.place])
    yield from map(_inner, record.why)
    for sent in record.sent:
        told = [said("batch {batch}", batch=sent.batch), fate_told(sent.state)]
        told += [said("migration {migration}", migration=sent.migration_id)] if sent.migration_id else []
        told += [_errors(sent.errors)] if sent.errors else []
        aside = [] if sent.counts else [" (", said("does not count"), ")"]
        yield _inner(joined("", [sent.target, ": ", joined(", ", told), *aside]))


def _errors(count: int) -> Sentence:
    return said("1 error") if count == 1 else said("{count} errors", count=count)


def masked_find(found: Sequence[FoundIn]) -> list[FoundIn]:
    return [replace(one, records=tuple(map(_masked_record, one.records))) for one in found]


def _masked_record(record: FoundRecord) -> FoundRecord:
    return replace(record, key=None if record.key is None else mask_key(record.key), why=record.masked)


def explain_lines(found: Explanation) -> Iterator[str]:
    at = Locator(found.source, found.row, found.place).told
    yield joined(": ", [f"{found.stage} '{found.key}'", at, _verdict(found)])
    yield from map(_inner, found.corrected)
    yield from (_inner(one) for one, _ in found.others)
    for field in found.fields:
        yield ""
        yield from _field_lines(field, [one for one in found.aliases if one.field == field.field])
    yield ""
    yield from _went_lines(found)


def _verdict(found: Explanation) -> Sentence | str:
    """What the row comes to: for the sake of others a record may be left behind all the same."""
    left = any(one.fate in ("held", "merged", "rejected") and not one.repeats for one in found.went)
    return said("valid by itself") if found.fate == "valid" and left else fate_told(found.fate)


def _went_lines(found: Explanation) -> Iterator[str]:
    """A package has nothing of a row that is filtered."""
    in_none = found.fate == "filtered" and not found.went
    if found.package is not None and (found.notes or not in_none):
        yield said("Package: {path}", path=str(found.package))
    elif found.went:
        yield PACKAGES_GONE
    yield from (said("note: {note}", note=one) for one in found.notes)
    yield from (line for record in found.went for line in _record_lines(record))
    if in_none or found.went:
        return
    if found.package is None:
        yield said("no package has rows of {stage} yet; `etl dry-run` makes one", stage=found.stage)
    else:
        yield said("this package does not have this record")


def _field_lines(field: ExplainedField, aliases: Sequence[ExplainedAlias]) -> Iterator[str]:
    yield f"{field.field} = {plain_value(field.value)}"
    if field.place:
        yield f"  {field.place}: {field.made_from}"
    yield from (_inner(_step(step), 2) for step in field.steps)
    yield from (joined("", ["  ! ", problem]) for problem in field.problems)
    for one in aliases:
        words = "{stage} '{alias}' is merged into '{into}': '{into}' is sent"
        yield _inner(said(words, stage=one.stage, alias=one.key, into=one.into), 2)


def _step(step: TracedStep) -> str:
    value = plain_value(step.value)
    if step.is_column:
        return f"{step.what}: {value}"
    return joined("", [f"{'| ' if step.kind == 'function' else ''}{step.what} -> {value}", *_hit(step)])


def _hit(step: TracedStep) -> list[str]:
    if step.hit is None:
        return []
    told = said("entry {written}", written=plain_value(step.entry)) if step.hit else said("no entry: the default")
    return [" (", told, ")"]


def shown_explanation(found: Explanation, *, show_data: bool) -> Explanation:
    """Without the personal data of the record, unless it is to be shown; of a password never anything."""
    found = replace(found, fields=tuple(_shown_field(one, show_data=show_data) for one in found.fields))
    if show_data:
        return found
    others = tuple((masked, masked) for _, masked in found.others)
    aliases = tuple(replace(one, key=mask_key(one.key), into=mask_key(one.into)) for one in found.aliases)
    went = tuple(map(_masked_record, found.went))
    return replace(found, key=mask_key(found.key), others=others, went=went, aliases=aliases)


def _shown_field(field: ExplainedField, *, show_data: bool) -> ExplainedField:
    mask = _mask_of(field, show_data=show_data)
    return replace(
        field,
        problems=field.problems if show_data else field.masked_problems,
        steps=tuple(replace(step, value=mask(step.value, step), entry=mask(step.entry, step)) for step in field.steps),
        value=mask(field.value, None),
    )


def _mask_of(field: ExplainedField, *, show_data: bool) -> Callable[[Any, TracedStep | None], Any]:
    """What makes of a value what is shown of it. The step is the one that it is of, where it is of one."""

    def mask(value: Any, step: TracedStep | None) -> Any:
        if field.secret:
            return value if value is None else HIDDEN
        if show_data or (isinstance(value, str) and value in field.own):
            return value
        is_plain = step is not None and step.is_column and step.what in field.shown
        return mask_field(value, personal=field.personal and not is_plain)

    return mask


def print_lineage(console: Console, found: Lineage) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in (Heading("stage"), Heading("field"), Heading("columns"), Heading("functions"), Heading("lookups")):
        table.add_column(name)
    for one in found.fields:
        parts = [one.stage, one.field, *map(", ".join, (one.columns, one.functions, one.lookups))]
        table.add_row(*(visible(part).replace("[", r"\[") for part in parts))
    console.print(table)
    for stage, column in found.unused:
        line = said("{stage}: nothing is made from column '{column}'", stage=visible(stage), column=visible(column))
        console.print(line, soft_wrap=True, markup=False)
