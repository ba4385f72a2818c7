"""Every row whose amount is not, or not quite, in the payload: a package names the largest, and the sources have them all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from etl.commands.packages import package_of
from etl.commands.since import changed_since, opened_again, what_is_away
from etl.commands.which import Which
from etl.errors import MappingError
from etl.extract import read_all
from etl.findings import said
from etl.mapping import Checked
from etl.mapping.rows import teller, with_rows
from etl.measures.amounts import units_of
from etl.measures.balance import amounts_of, weighed_by
from etl.measures.ledger import Ledger
from etl.measures.money import AMOUNTS, FATES, HELD, MADE, REPEATED, NamedAmount
from etl.model import Rows, Stage
from etl.package import Package, PackagedStage
from etl.prepare.chunk import Chunk, prepare_rows
from etl.prepare.meter import TOTALS
from etl.prepare.numbers import as_numbers
from etl.prepare.plan import plan_stage
from etl.prepare.profiling import TOLERANCE, keep_amounts
from etl.prepare.program import Program
from etl.report.page.facts import Telling
from etl.report.page.money import as_float
from etl.report.reconciled import AllAmounts, Cause, RowAmount, UnbalancedOrder

AT_ONCE = 5_000


def all_amounts(which: Which, path: Path | None = None) -> AllAmounts:
    """Reads the sources of the package again. Raises MappingError where they, or the mapping, are not what it was made from."""
    package, mapping = package_of(which, path), which.file()
    if mapping is None:
        raise MappingError(said("all rows are read from the sources again; name the mapping"))
    if package.manifest.part is not None:
        words = "{path}: is made from some of the rows only; name a whole package with --package"
        raise MappingError(said(words, path=str(package.path)))
    with opened_again(mapping, which.workspace) as checked:
        packaged = {one.name: one for one in package.stages}
        stages = [one for one in checked.migration.stages if one.name in packaged and one.payload in AMOUNTS]
        for why in filter(None, (what_is_away(checked, one) for one in stages)):
            raise MappingError(said("all rows are read from the sources again: {why}", why=why))
        ready = with_rows(checked, stages)
        for name in changed_since(package.manifest, ready, [one.name for one in stages]):
            words = "{name} has changed since the package was made; `etl dry-run` makes one of what is there now"
            raise MappingError(said(words, name=name))
        rows = [row for one in stages for row in _of_stage(package, packaged[one.name], ready, one)]
    return AllAmounts(tuple(sorted(rows, key=_by_size)), tuple(_unbalanced(package, stages)))


ORDER = (*FATES, TOTALS)
"""In which the fates of amounts are told."""


def _by_size(row: RowAmount) -> tuple[str, str, int, float]:
    return row.stage, row.field, ORDER.index(row.fate), -abs(row.amount or 0)


def _of_stage(package: Package, packaged: PackagedStage, checked: Checked, stage: Stage) -> Iterator[RowAmount]:
    table, key = checked.table(stage), Telling().key
    located = teller(checked.migration.sources[stage.source], checked.tables[stage.source])
    program = Program(plan_stage(checked.migration, stage, table, checked.resources), named=sys.maxsize)
    dropped = {row.row: HELD if row.fate == "held" else REPEATED for row in package.rows(packaged)}
    for first, rows in read_all(table, AT_ONCE):
        cells = {rows.place(index): row for index, row in enumerate(rows.rows)}
        for (field, row), (one, *more) in _by_row(_of_rows(program, rows, first, dropped)).items():
            place = located(first + row, cells[row]).told
            besides = tuple(Cause(other.fate, _amount(other)) for other in more)
            yield RowAmount(stage.name, field, one.fate, key(one.key), place, _amount(one), besides)


def _by_row(found: Iterator[tuple[str, NamedAmount]]) -> dict[tuple[str, int], list[NamedAmount]]:
    """What each row's amount of a field lost, in the order in which it is told: what is held may be rounded, too."""
    rows: dict[tuple[str, int], list[NamedAmount]] = {}
    for field, one in found:
        rows.setdefault((field, one.row), []).append(one)
    return {row: sorted(of_row, key=lambda one: ORDER.index(one.fate)) for row, of_row in rows.items()}


def _amount(one: NamedAmount) -> float | None:
    return None if one.units is None else as_float(one.units)


def _of_rows(program: Program, rows: Rows, first: int, dropped: Mapping[int, str]) -> Iterator[tuple[str, NamedAmount]]:
    """What the report would name of these rows, if it had room for all: each with its field."""
    chunk = prepare_rows(program, rows, closely=False)
    for field, money in chunk.sketch.money.items():
        yield from ((field, one) for one in money.named)
        yield from ((field, one) for one in money.lacking if one.fate != MADE or first + one.row not in dropped)
    yield from _dropped(chunk, first, dropped)


def _dropped(chunk: Chunk, first: int, dropped: Mapping[int, str]) -> Iterator[tuple[str, NamedAmount]]:
    """Good records that are not sent for the sake of others."""
    at = [position for position, index in enumerate(chunk.indices) if first + index in dropped]
    records = chunk.records if at else []
    for position in at:
        index, record = chunk.indices[position], orjson.loads(records[position])
        for field in chunk.sketch.money:
            if units := units_of(record.get(field)):
                yield field, NamedAmount(dropped[first + index], chunk.keys[position], index, units)


def _unbalanced(package: Package, stages: Sequence[Stage]) -> Iterator[UnbalancedOrder]:
    """Orders of the payload whose items do not sum up to them, those that differ most first."""
    keys: dict[str, list[str]] = {}
    with TemporaryDirectory() as folder, closing(Ledger(Path(folder), most=sys.maxsize)) as ledger:
        for stage in stages:
            for batch in package.batches(package.stage(stage.name)):
                columns = _columns([orjson.loads(one) for one in package.records(batch)])
                keys.setdefault(stage.name, []).extend(package.keys(batch))
                if by := weighed_by(stage.payload, columns):
                    keep_amounts(ledger, stage, as_numbers(columns[by]), amounts_of(stage.payload, columns))
        for one in ledger.balance(TOLERANCE).differing:
            told = map(as_float, (one.amount, one.discount, one.piece, one.line))
            yield UnbalancedOrder(one.stage, Telling().key(keys[one.stage][one.position]), *told)


def _columns(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [record.get(name) for record in records] for name in (records[0] if records else ())}
