"""What `reconcile` tells: the sums of money on both sides, and the rows that lie between."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec import field as made_by

from etl.findings import Heading, Sentence, joined, said, some_rows
from etl.report.page.money import BETWEEN, DIFFERS, ROUNDED, TOTALS, ShownAmount, written_amount
from etl.report.summary import print_whole
from etl.terminal import visible

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.console import Console

    from etl.report.page.money import LackingAmount, MoneyLine, MonthLine, StatusLine


class Reconciled(Struct, frozen=True):
    """The amounts of one field. `totals`, `statuses` and `months` are the report's; by `unaccounted` the payload files
    differ from them.

    unread   rows of each fate whose amount cannot be read: what they hold is not known
    summed   what the mapping's `totals` names; empty where the source's amount is what the field's own expression reads
    differing  the rows whose amount is not what `totals` says, those that differ most; keys are masked
    exact    the amounts of each of `totals` to the last ten-thousandth, which a float of a sum of some billions does not have;
             `exact_statuses` and `exact_months` are those of the other tables
    rows     the largest amounts of each fate that are not, or not quite, in the payload; `many` are there of each
    lacking  the first rows of each fate whose amount cannot be read
    """

    stage: str
    field: str
    totals: tuple[MoneyLine, ...]
    unaccounted: float
    unread: Mapping[str, int]
    summed: tuple[str, ...] = ()
    differing: tuple[ShownAmount, ...] = ()
    exact: tuple[Mapping[str, Decimal], ...] = ()
    statuses: tuple[StatusLine, ...] = ()
    exact_statuses: tuple[Mapping[str, Decimal], ...] = ()
    months: tuple[MonthLine, ...] = ()
    exact_months: tuple[Mapping[str, Decimal], ...] = ()
    rows: tuple[ShownAmount, ...] = ()
    many: Mapping[str, int] = made_by(default_factory=dict)
    lacking: tuple[LackingAmount, ...] = ()

    @property
    def ok(self) -> bool:
        """Rows that differ may add up to nothing, in one currency or status: they are not accounted for all the same."""
        differs = bool(self.differing) or any(line.differs for line in self.totals)
        return not (self.unaccounted or self.unread or differs)


class Cause(Struct, frozen=True):
    """What keeps so much of a row's amount out of the payload; None: it cannot be read."""

    fate: str
    amount: float | None


class RowAmount(Struct, frozen=True):
    """A row whose amount is not, or not quite, in the payload; None: it cannot be read. The key is as the report shows keys.

    `besides` are what else lies between: what is held may have been rounded before.
    """

    stage: str
    field: str
    fate: str
    key: str | None
    place: str
    amount: float | None
    besides: tuple[Cause, ...] = ()


class UnbalancedOrder(Struct, frozen=True):
    """An order whose items do not sum up to it: neither by `piece`, each price times its quantity, nor by `line`."""

    stage: str
    key: str
    amount: float
    discount: float
    piece: float
    line: float


class AllAmounts(Struct, frozen=True):
    """All rows of which a report names the largest, and all orders."""

    rows: tuple[RowAmount, ...]
    orders: tuple[UnbalancedOrder, ...]


def print_reconciled(console: Console, found: Sequence[Reconciled], package: Path | None = None) -> None:
    """`package`: the one that was named, which the advice names again."""
    advice = ALL_ROWS if package is None else _all_rows_of(package)
    if not found:
        console.print(said("no stage has amounts: orders have `amount`, items `price`"), markup=False)
    for one in found:
        if one.totals:
            _print_sums(console, one)
        else:
            console.print(
                said("{stage}: {field}: no row has an amount", stage=one.stage, field=one.field), markup=False
            )
        for told in (*_rows_lines(one, advice), *unaccounted_lines(one, advice)):
            console.print(told, soft_wrap=True, markup=False)


def _print_sums(console: Console, one: Reconciled) -> None:
    """By currency; and by status and by month, where that says more."""
    _print_table(console, f"{one.stage}: {one.field}", (), one.totals, one.exact)
    if any(line.currency is None for line in one.totals):
        unnamed = joined(": ", ["-", Heading("no currency in the record: several may be added here")])
        console.print(unnamed, soft_wrap=True, markup=False)
    if len(one.statuses) > len(one.totals):
        told = [line.status for line in one.statuses]
        _print_table(console, Heading("by status"), (Heading("status"), told), one.statuses, one.exact_statuses)
    if len(one.months) > len(one.totals):
        told = [line.month for line in one.months]
        _print_table(console, Heading("by month"), (Heading("month"), told), one.months, one.exact_months)


def _print_table(
    console: Console,
    title: str,
    by: tuple[()] | tuple[str, Sequence[str | None]],
    lines: Sequence[MoneyLine],
    exact: Sequence[Mapping[str, Decimal]],
) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=title, title_justify="left")
    for name in (Heading("currency"), *by[:1]):
        table.add_column(name, no_wrap=True)
    names = ["source", *(name for name in BETWEEN if any(line.of(name) for line in lines)), "payload"]
    for name in names:
        head = Heading(name) if name in ("source", "payload") else joined(" ", ["-", Heading(name)])
        table.add_column(head, justify="right", no_wrap=True)
    groups = zip(*([line.currency for line in lines], *by[1:]), strict=True)
    for group, amounts in zip(groups, exact, strict=True):
        table.add_row(*(visible(one or "-") for one in group), *(written_amount(amounts[name]) for name in names))
    print_whole(console, table)


MOST_ROWS = 3
"""Rows of each fate that are named on a terminal."""

ALL_ROWS = said("`etl reconcile --all` lists them")


def _all_rows_of(package: Path) -> Sentence:
    return said("`etl reconcile --all --package {path}` lists them", path=shlex.quote(str(package)))


def _rows_lines(one: Reconciled, advice: str) -> Iterator[str]:
    """What lies between source and payload, row by row."""
    for fate in BETWEEN[:-1]:
        rows = [row for row in one.rows if row.fate == fate]
        if rows:
            count = one.many.get(fate)
            yield joined(": ", [Heading(fate), said("the largest") if count is None else some_rows(count)])
            yield from _named_rows(rows, count, advice)


def _named_rows(rows: Sequence[ShownAmount | LackingAmount], many: int | None, advice: str) -> Iterator[str]:
    """The first of so many rows; None: it was not counted how many there are."""
    shown = rows[:MOST_ROWS]
    yield from map(_row, shown)
    if many is None and len(rows) > len(shown):
        yield said("  and others; {then}", then=advice)
    if many is not None and many > len(shown):
        yield said("  and {count:,} more; {then}", count=many - len(shown), then=advice)


def _row(row: ShownAmount | LackingAmount) -> str:
    amount = [": ", written_amount(row.amount, _sign(row.fate))] if isinstance(row, ShownAmount) else []
    return joined("", ["  ", _key(row.key), ", ", said("row {row}", row=row.row), *amount])


def _key(key: str | None) -> str:
    return said("no key") if key is None else f"'{key}'"


def _sign(fate: str) -> Literal["", "+"]:
    return "+" if fate in (ROUNDED, DIFFERS) else ""


def unaccounted_lines(one: Reconciled, advice: str = ALL_ROWS) -> Iterator[str]:
    yield from _differing_lines(one, advice)
    if one.unaccounted:
        words = "not accounted for: the payload files amount to {amount} more than was counted"
        yield said(words, amount=written_amount(one.unaccounted, "+"))
    for fate, count in one.unread.items():
        words = "not accounted for: {rows} ({fate}) whose amount cannot be read, and is in no sum"
        if fate == TOTALS:
            words = "not accounted for: {rows} of which `totals` cannot be read; what is sent stands for the source's amount"
        yield said(words, rows=some_rows(count), fate=Heading(fate))
        yield from _named_rows([row for row in one.lacking if row.fate == fate], count, advice)


def _differing_lines(one: Reconciled, advice: str) -> Iterator[str]:
    for line, exact in zip(one.totals, one.exact, strict=True):
        if line.differs:
            money = joined(" ", [written_amount(abs(exact[DIFFERS])), *([line.currency] if line.currency else [])])
            words = "not accounted for: `totals` ({columns}) come to {amount} less than what '{field}' is made from"
            if line.differs > 0:
                words = "not accounted for: `totals` ({columns}) come to {amount} more than what '{field}' is made from"
            yield said(words, columns=", ".join(one.summed), amount=money, field=one.field)
    if one.differing and not any(line.differs for line in one.totals):
        words = "not accounted for: rows whose `totals` ({columns}) are not what '{field}' is made from, though together they are"
        yield said(words, columns=", ".join(one.summed), field=one.field)
    yield from _named_rows(one.differing, one.many.get(DIFFERS, None if one.differing else 0), advice)


def all_rows_lines(found: AllAmounts) -> Iterator[str]:
    """Every row, and every order whose items do not sum up to it."""
    told = ""
    for row in found.rows:
        head = said("{stage}: {field}, every row:", stage=row.stage, field=row.field)
        if head != told:
            yield head
        told = head
        amount = [] if row.amount is None else [": ", written_amount(row.amount, _sign(row.fate))]
        besides = [part for one in row.besides for part in ("; ", *_besides(one))]
        fate = [_fate(row), ": " if row.amount is None else " "]
        yield joined("", ["  ", *fate, _key(row.key), ", ", row.place, *amount, *besides])
    if found.orders:
        yield said("orders whose items do not add up to their amount: {count:,}", count=len(found.orders))
    yield from map(_order, found.orders)


def _order(one: UnbalancedOrder) -> str:
    words = "  '{order}': {amount}, its items {piece} when a price is that of a piece, {whole} of the line"
    if one.discount:
        words = (
            "  '{order}': {amount} (and {discount} of discount), its items {piece} when a price is that of a piece, "
            "{whole} of the line"
        )
    amounts = map(written_amount, (one.amount, one.discount, one.piece, one.line))
    named = dict(zip(("amount", "discount", "piece", "whole"), amounts, strict=True))
    return said(words, order=one.key, **named)


def _besides(one: Cause) -> Sequence[str]:
    return [_fate(one)] if one.amount is None else [_fate(one), " ", written_amount(one.amount, _sign(one.fate))]


def _fate(row: RowAmount | Cause) -> str:
    if row.amount is not None:
        return Heading(row.fate)
    if row.fate == TOTALS:
        return said("`totals` cannot be read")
    return said("{fate}, amount cannot be read", fate=Heading(row.fate))
