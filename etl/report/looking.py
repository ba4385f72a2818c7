"""What `find`, `explain` and `lineage` tell, in lines and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from etl.findings import HIDDEN
from etl.model import Locator
from etl.personal import mask_key, mask_known, mask_value
from etl.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console

    from etl.expressions.tracing import TracedStep
    from etl.report.results import ExplainedField, Explanation, FoundIn, FoundRecord, Lineage


def find_lines(found: Sequence[FoundIn]) -> Iterator[str]:
    for place in found:
        yield f"Package: {place.package}" if place.package else "Of packages that are gone, by the journal:"
        yield from (f"  {line}" for record in place.records for line in _record_lines(record))
        if place.further:
            yield f"  and {place.further:,} more"
        if not place.records:
            yield "  nothing"
        yield from (f"  note: {one}" for one in place.notes)


def _record_lines(record: FoundRecord) -> Iterator[str]:
    key = "" if record.key is None else f" '{record.key}'"
    told_below = any(one.state == record.fate for one in record.sent)
    fate = "" if told_below else f"{record.fate}, "
    yield f"{record.stage}{key}: {fate}{record.place}"
    yield from (f"  {why}" for why in record.why)
    for sent in record.sent:
        answer = f", migration {sent.migration_id}" if sent.migration_id else ""
        errors = f", {sent.errors} errors" if sent.errors else ""
        aside = "" if sent.counts else " (does not count)"
        yield f"  {sent.target}: batch {sent.batch}, {sent.state}{answer}{errors}{aside}"


def masked_find(found: Sequence[FoundIn]) -> list[FoundIn]:
    return [replace(one, records=tuple(map(_masked_record, one.records))) for one in found]


def _masked_record(record: FoundRecord) -> FoundRecord:
    return replace(record, key=None if record.key is None else mask_key(record.key), why=record.masked)


def explain_lines(found: Explanation) -> Iterator[str]:
    yield f"{found.stage} '{found.key}': {Locator(found.source, found.row, found.place)}: {found.fate}"
    yield from (f"  {one}" for one in found.corrected)
    yield from (f"  {one}" for one, _ in found.others)
    for field in found.fields:
        yield ""
        yield f"{field.field} = {_shown(field.value)}"
        if field.place:
            yield f"  {field.place}: {field.made_from}"
        yield from (f"    {_step(step)}" for step in field.steps)
        yield from (f"  ! {problem}" for problem in field.problems)
        yield from (
            f"    {one.stage} '{one.key}' is merged into '{one.into}': '{one.into}' is sent"
            for one in found.aliases
            if one.field == field.field
        )
    yield ""
    yield from (f"note: {one}" for one in found.notes)
    yield from (line for record in found.went for line in _record_lines(record))
    if not found.went:
        yield "no package has this record"


def _step(step: TracedStep) -> str:
    value = _shown(step.value)
    if step.kind == "column":
        return f"{step.what}: {value}"
    return f"{'| ' if step.kind == 'function' else ''}{step.what} -> {value}{_hit(step)}"


def _hit(step: TracedStep) -> str:
    if step.hit is None:
        return ""
    return f" (entry {_shown(step.entry)})" if step.hit else " (no entry: the default)"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value) if isinstance(value, str) else str(value)


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
        steps=tuple(replace(step, value=mask(step.value), entry=mask(step.entry)) for step in field.steps),
        value=mask(field.value),
    )


def _mask_of(field: ExplainedField, *, show_data: bool) -> Callable[[Any], Any]:
    if field.secret:
        return _hidden
    if show_data:
        return _as_it_is
    mask = mask_value if field.personal else mask_known
    return lambda value: value if isinstance(value, str) and value in field.own else mask(value)


def _hidden(value: Any) -> Any:
    return value if value is None else HIDDEN


def _as_it_is(value: Any) -> Any:
    return value


def print_lineage(console: Console, found: Lineage) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("stage", "field", "columns", "functions", "lookups"):
        table.add_column(name)
    for one in found.fields:
        parts = [one.stage, one.field, *map(", ".join, (one.columns, one.functions, one.lookups))]
        table.add_row(*(visible(part).replace("[", r"\[") for part in parts))
    console.print(table)
    for stage, column in found.unused:
        console.print(visible(f"{stage}: nothing is made from column '{column}'"), soft_wrap=True, markup=False)
