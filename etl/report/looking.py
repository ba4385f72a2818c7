"""What `find`, `explain` and `reconcile` tell, in lines and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from etl.findings import HIDDEN
from etl.personal import mask_key, mask_known, mask_value
from etl.report.page.money import BETWEEN
from etl.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console

Plain = Mapping[str, Any]


def find_lines(found: Sequence[Plain]) -> Iterator[str]:
    for one in found:
        yield f"Package: {one['package']}"
        yield from (f"  {line}" for record in one["records"] for line in _record_lines(record))
        if one["further"]:
            yield f"  and {one['further']:,} more"
        if not one["records"]:
            yield "  nothing"


def _record_lines(record: Plain) -> Iterator[str]:
    key = "" if record["key"] is None else f" '{record['key']}'"
    yield f"{record['stage']}{key}: {record['fate']}, {record['place']}"
    yield from (f"  {why}" for why in record["why"])
    for sent in record["sent"]:
        answer = f", migration {sent['migration_id']}" if sent["migration_id"] else ""
        errors = f", {sent['errors']} errors" if sent["errors"] else ""
        aside = "" if sent["counts"] else " (does not count)"
        yield f"  {sent['target']}: batch {sent['batch']}, {sent['state']}{answer}{errors}{aside}"


def masked_find(found: Sequence[Plain]) -> list[Plain]:
    return [{**one, "records": list(map(_masked_record, one["records"]))} for one in found]


def _masked_record(record: Plain) -> Plain:
    key = record["key"]
    return {**record, "key": None if key is None else mask_key(key), "why": record["masked"]}


def explain_lines(found: Plain) -> Iterator[str]:
    yield f"{found['stage']} '{found['key']}': {found['source']} row {found['row']}: {found['fate']}"
    yield from (f"  {one}" for one in found["others"])
    for field in found["fields"]:
        yield ""
        yield f"{field['field']} = {_shown(field['value'])}"
        if field["place"]:
            yield f"  {field['place']}: {field['made_from']}"
        yield from (f"    {_step(step)}" for step in field["steps"])
        yield from (f"  ! {problem}" for problem in field["problems"])
    yield ""
    yield from (line for record in found["went"] for line in _record_lines(record))
    if not found["went"]:
        yield "no package has this record"


def _step(step: Plain) -> str:
    value = _shown(step["value"])
    if step["kind"] == "column":
        return f"{step['what']}: {value}"
    return f"{'| ' if step['kind'] == 'function' else ''}{step['what']} -> {value}"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value) if isinstance(value, str) else str(value)


def masked_explain(found: Plain, *, show_data: bool) -> Plain:
    """Without the personal data of the record; of a password never anything."""
    fields = [_masked_field(one, show_data=show_data) for one in found["fields"]]
    others = [whole if show_data else masked for whole, masked in found["others"]]
    if show_data:
        return {**found, "fields": fields, "others": others}
    went = list(map(_masked_record, found["went"]))
    return {**found, "key": mask_key(found["key"]), "fields": fields, "others": others, "went": went}


def _masked_field(field: Plain, *, show_data: bool) -> Plain:
    problems = field["problems"] if show_data else field["masked_problems"]
    mask = _hidden if field["secret"] else _as_it_is if show_data else mask_value if field["personal"] else mask_known
    steps = [{**step, "value": mask(step["value"])} for step in field["steps"]]
    kept = {name: one for name, one in field.items() if name not in ("masked_problems", "personal", "secret")}
    return {**kept, "problems": problems, "steps": steps, "value": mask(field["value"])}


def _hidden(value: Any) -> Any:
    return value if value is None else HIDDEN


def _as_it_is(value: Any) -> Any:
    return value


def print_reconciled(console: Console, found: Sequence[Plain]) -> None:
    from rich import box
    from rich.table import Table

    if not found:
        console.print("no stage has amounts: orders have `amount`, items `price`", markup=False)
    for one in found:
        table = Table(
            box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=f"{one['stage']}: {one['field']}", title_justify="left"
        )
        table.add_column("currency", no_wrap=True)
        names = ["source", *(name for name in BETWEEN if any(line[name] for line in one["totals"])), "payload"]
        for name in names:
            table.add_column(name if name in ("source", "payload") else f"- {name}", justify="right", no_wrap=True)
        for line in one["totals"]:
            table.add_row(visible(line["currency"] or "-"), *(f"{line[name]:,.2f}" for name in names))
        console.print(table, crop=False)
        for line in unaccounted_lines(one):
            console.print(line, soft_wrap=True, markup=False)


def unaccounted_lines(one: Plain) -> Iterator[str]:
    if one["unaccounted"]:
        yield f"not accounted for: the payload files amount to {one['unaccounted']:+,.2f} more than was counted"
    for fate, count in one["unread"].items():
        yield f"not accounted for: {count:,} {fate} {'row' if count == 1 else 'rows'} whose amount cannot be read"


def print_lineage(console: Console, found: Plain) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("stage", "field", "columns", "functions", "lookups"):
        table.add_column(name)
    for one in found["fields"]:
        parts = [one["stage"], one["field"], *(", ".join(one[name]) for name in ("columns", "functions", "lookups"))]
        table.add_row(*(visible(part).replace("[", r"\[") for part in parts))
    console.print(table)
    for stage, column in found["unused"]:
        console.print(visible(f"{stage}: nothing is made from column '{column}'"), soft_wrap=True, markup=False)
