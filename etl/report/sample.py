"""What `sample` tells: tables and lines for a terminal, and a workbook for whoever checks the customers by eye."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from etl.findings import Heading, Sentence, joined, masked_sentence, said
from etl.personal import mask_key, mask_text
from etl.report.catalogue import ENGLISH, Catalogue
from etl.report.workbook import SETTINGS, shown
from etl.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console
    from xlsxwriter import Workbook

    from etl.report.results import LookAt, Sampled, SampledCustomer, SampledPoint

MOST = 20
"""Points and customers that a terminal shows; the workbook and --json have all of them."""


def masked_sample(found: Sampled) -> Sampled:
    """Without personal data."""
    return replace(
        found,
        customers=tuple(map(_masked_customer, found.customers)),
        points=tuple(map(_masked_point, found.points)),
    )


def _masked_point(one: SampledPoint) -> SampledPoint:
    """A warning says what is odd in the words of the first row that has it."""
    what = one.what
    if isinstance(what, Sentence):
        what = masked_sentence(what.words, what.parts, personal=what.personal)
    return replace(one, what=what, shown=None if one.shown is None else _masked_look(one.shown))


def _masked_customer(one: SampledCustomer) -> SampledCustomer:
    name, email, phone = map(mask_text, (one.name, one.email, one.phone))
    looks = tuple(map(_masked_look, one.look_at))
    return replace(one, key=mask_key(one.key), name=name, email=email, phone=phone, look_at=looks)


def _masked_look(one: LookAt) -> LookAt:
    return replace(one, key=mask_key(one.key))


def print_sample(console: Console, found: Sampled) -> None:
    from rich import box
    from rich.table import Table

    tables: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = [
        (
            (Heading("stage"), Heading("records"), Heading("of")),
            [(one.name, _number(one.records), _number(one.of)) for one in found.stages],
        ),
        (
            (Heading("customer"), Heading("name"), Heading("e-mail"), Heading("look at")),
            list(_rows(found.customers[:MOST])),
        ),
    ]
    for names, rows in tables:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for name in names:
            table.add_column(name, justify="right" if name in ("records", "of") else "left")
        for row in rows:
            table.add_row(*map(_cell, row))
        if rows:
            console.print(table)
    for line in sample_lines(found):
        console.print(visible(line), soft_wrap=True, markup=False)


def _number(count: int) -> Sentence:
    return said("{count:,}", count=count)


def _cell(text: str) -> str:
    return text if isinstance(text, Sentence) else visible(text).replace("[", r"\[")


def _rows(customers: Iterable[SampledCustomer]) -> Iterator[tuple[str, ...]]:
    for one in customers:
        yield one.key, one.name, one.email, "; ".join(map(_look, one.look_at))


def _look(one: LookAt) -> str:
    return f"{one.stage} {one.key}: {', '.join(one.fields)}"


def sample_lines(found: Sampled) -> Iterator[str]:
    further = len(found.customers) - MOST
    if further > 0:
        yield said("and {count:,} more customers", count=further)
    yield from _size_lines(found)
    missing, total = found.uncovered, len(found.points)
    yield said("{count:,} of {total:,} points of the mapping are shown", count=total - len(missing), total=total)
    lines = list(_missing_lines(missing))
    yield from (joined("", ["  ", said("not shown: {line}", line=line)]) for line in lines[:MOST])
    if len(lines) > MOST:
        yield joined("", ["  ", said("and {count:,} more, which the workbook lists", count=len(lines) - MOST)])
    yield said("Customers: {path}", path=str(found.customers_file))
    yield said("Package: {path}", path=str(found.package))


def _size_lines(found: Sampled) -> Iterator[str]:
    """How near to the fewest the sample is, as far as that is known."""
    count = sum(one.records for one in found.stages)
    if found.least == count:
        yield said("{count:,} records: fewer cannot show all that these show", count=count)
    elif found.least is not None:
        words = "{count:,} records: fewer than {least:,} cannot show all that these show"
        yield said(words, count=count, least=found.least)


NAMED = 5


def _missing_lines(missing: Sequence[SampledPoint]) -> Iterator[str]:
    """A line each; the entries of a lookup, of which there may be hundreds, together."""
    entries: dict[tuple[str | None, str, str | None], list[str]] = {}
    for point in missing:
        if point.kind == "entry":
            entries.setdefault((point.place, point.field, point.nobody), []).append(f"'{point.what}'")
        else:
            yield joined(": ", [told(point), point.nobody or ""])
    for (place, lookup, why), names in entries.items():
        words = "lookup '{field}', {count:,} entry ({entries})"
        if len(names) > 1:
            words = "lookup '{field}', {count:,} entries ({entries})"
        further = ", ..." if len(names) > NAMED else ""
        line = said(words, field=lookup, count=len(names), entries=", ".join(names[:NAMED]) + further)
        yield joined(": ", [str(place), line, why or ""])


def told(point: SampledPoint) -> Sentence:
    """A point in words, with its place in the mapping."""
    return joined(": ", [*([point.place] if point.place else []), *_point(point)])


def _point(point: SampledPoint) -> list[str]:
    if point.kind == "entry":
        return [said("lookup '{field}', entry '{element}'", field=point.field, element=point.what)]
    of = f"{point.stage}.{point.field}" if point.field else point.stage
    if point.kind in POINTS:
        return [said(POINTS[point.kind], field=of, expression=point.what)]
    return [of, point.what]


POINTS = {
    "value": "{field} has a value",
    "null": "{field} is null",
    "default": "{field}: {expression} stands in",
}
"""Of other kinds it is said what stands in the mapping."""

# The workbook

CUSTOMER_HEADINGS = ("customer", "name", "e-mail", "phone", "look at", "is right")
POINT_HEADINGS = ("kind", "stage", "point", "stage of record", "record")
NO_ROW = said("no row reaches it")
NOT_SENT = said("only rows that are not sent reach it")
KINDS = ("value", "null", "branch", "default", "entry", "function", "warning")
"""Of points, as expressions.points and the sample itself call them."""
WORDS = (*CUSTOMER_HEADINGS, *POINT_HEADINGS, *KINDS, "customers", "points")
"""What the workbook says, for the languages' files."""


def customers_book(found: Sampled, catalogue: Catalogue = ENGLISH) -> bytes:
    """Unmasked: it is for the person who holds the customers against the shop. Every cell is text."""
    from xlsxwriter import Workbook

    stages = [stage.name for stage in found.stages]
    made = io.BytesIO()
    with Workbook(made, SETTINGS) as book:
        customer, name, email, phone, look_at, is_right = map(catalogue.text, CUSTOMER_HEADINGS)
        rows = (
            (
                one.key,
                one.name,
                one.email,
                one.phone,
                *(str(one.records.get(name, 0)) for name in stages),
                _looks(one),
                "",
            )
            for one in found.customers
        )
        head = (customer, name, email, phone, *stages, look_at, is_right)
        _sheet(book, catalogue.text("customers"), head, rows, {look_at: 60, name: 24, email: 28})
        points = (
            (catalogue.text(one.kind), one.stage, catalogue.tell(told(one)), *_shown(one, catalogue))
            for one in found.points
        )
        headings = [catalogue.text(one) for one in POINT_HEADINGS]
        _sheet(book, catalogue.text("points"), headings, points, {catalogue.text("point"): 70})
    return made.getvalue()


def _looks(one: SampledCustomer) -> str:
    return "\n".join(map(_look, one.look_at))


def _shown(one: SampledPoint, catalogue: Catalogue) -> tuple[str, str]:
    return (one.shown.stage, one.shown.key) if one.shown else ("", catalogue.tell(one.nobody or ""))


def _sheet(book: Workbook, name: str, head: Sequence[str], rows: Iterable[Sequence[str]], wide: dict[str, int]) -> None:
    sheet = book.add_worksheet(name)
    bold, text = (
        book.add_format(how)
        for how in ({"bold": True, "bottom": 1}, {"num_format": "@", "text_wrap": True, "valign": "top"})
    )
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(head):
        sheet.set_column(at, at, wide.get(column, 16))
        sheet.write_string(0, at, column, bold)
    for number, row in enumerate(rows, 1):
        for at, cell in enumerate(row):
            sheet.write_string(number, at, shown(cell), text)
