"""Rows with the cells that persons have mended. They are found by the cells that they had, and mended as if read so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from math import isfinite

from msgspec import Struct, field
from msgspec.structs import replace

from etl.corrections import RowCorrection, cell_text, sum_of
from etl.extract.rows import RowsPart, read_all, read_parts
from etl.findings import Sentence, said
from etl.model import Locate, Part, Rows, Table
from etl.terminal import listed

AT_ONCE = 5000


class Unapplied(Struct, frozen=True):
    """A correction that is not applied, and why."""

    correction: RowCorrection
    why: str


class Corrected(Struct, frozen=True):
    """The rows of a stage that are mended, by their numbers, and the corrections that fit no row any more."""

    rows: Mapping[int, RowCorrection] = field(default_factory=dict)
    refused: tuple[Unapplied, ...] = ()


class _Hit(Struct, frozen=True):
    number: int
    place: str
    cells: Sequence[object]


def find_corrected(
    table: Table, corrections: Sequence[RowCorrection], locate: Locate, most: int | None = None
) -> Corrected:
    """Read the table, and find the row of each correction. With `most`, among its first rows; the others are not known then."""
    known = [one for one in corrections if set(one.columns) <= set(table.header)]
    lost = [Unapplied(one, _lost(one, table)) for one in corrections if one not in known]
    wanted: dict[tuple[str, ...], dict[str, list[RowCorrection]]] = {}
    for one in known:
        wanted.setdefault(one.columns, {}).setdefault(one.sum, []).append(one)
    hits = _hits(table, wanted, locate, most)
    rows: dict[int, RowCorrection] = {}
    for columns, sums in wanted.items():
        for total, ones in sums.items():
            for correction, hit in _paired(ones, hits.get((columns, total), ())):
                why = _why_not(correction, hit, ones, len(hits.get((columns, total), ())), table.header)
                if why is not None:
                    lost += [] if hit is None and most is not None else [Unapplied(correction, why)]
                elif hit is not None and hit.number not in rows:
                    rows[hit.number] = correction
                elif hit is not None:
                    lost.append(Unapplied(correction, _same_row(rows[hit.number].line)))
    return Corrected(rows, tuple(sorted(lost, key=lambda one: one.correction.line)))


def _same_row(line: int) -> Sentence:
    return said("line {number} is of the same row; put both into one", number=str(line))


def _lost(one: RowCorrection, table: Table) -> Sentence:
    return said(
        "the source has no {columns} any more", columns=listed(name for name in one.columns if name not in table.header)
    )


Hits = dict[tuple[tuple[str, ...], str], list[_Hit]]


def _hits(
    table: Table, wanted: Mapping[tuple[str, ...], Mapping[str, object]], locate: Locate, most: int | None
) -> Hits:
    """The rows that have one of these sums. Of a faulty row nothing is known."""
    found: Hits = {}
    ways = [(columns, [table.header.index(name) for name in columns], sums) for columns, sums in wanted.items()]
    for number, row in _rows(table, most) if ways else ():
        for columns, positions, sums in ways:
            total = sum_of([row[position] for position in positions])
            if total in sums:
                found.setdefault((columns, total), []).append(_Hit(number, str(locate(number, row)), row))
    return found


def _rows(table: Table, most: int | None) -> Iterator[tuple[int, Sequence[object]]]:
    left = most
    for first, content in read_all(table, AT_ONCE if most is None else min(AT_ONCE, most)):
        faulty = {fault.index for fault in content.faults}
        rows = content.rows if left is None else content.rows[:left]
        yield from ((first + content.place(at), row) for at, row in enumerate(rows) if at not in faulty)
        left = None if left is None else left - len(rows)
        if left == 0:
            return


def _paired(ones: Sequence[RowCorrection], hits: Sequence[_Hit]) -> Iterator[tuple[RowCorrection, _Hit | None]]:
    """Each correction with its row. Where several rows have the same cells, the place tells which one is meant."""
    if len(ones) == len(hits) == 1:
        yield ones[0], hits[0]
        return
    by_place = {hit.place: hit for hit in hits}
    yield from ((one, by_place.get(one.row)) for one in ones)


def _why_not(
    one: RowCorrection, hit: _Hit | None, ones: Sequence[RowCorrection], hits: int, header: Sequence[str]
) -> str | None:
    if hit is None and not hits:
        return said("no row has the cells that were mended: the source has changed")
    if hit is None:
        return _cannot_be_told(one, hits, len(ones))
    for edit in one.edits:
        if cell_text(hit.cells[header.index(edit.column)]) != cell_text(edit.old):
            return said("'{column}' does not hold what 'old' says", column=edit.column)
    return None


def _cannot_be_told(one: RowCorrection, hits: int, corrections: int) -> Sentence:
    rows = said("{count} row" if hits == 1 else "{count} rows", count=hits)
    several = said("{count} correction" if corrections == 1 else "{count} corrections", count=corrections)
    words = (
        "{rows} and {corrections} have the same cells, and none of the rows is {place}: which is meant cannot be told"
    )
    return said(words, rows=rows, corrections=several, place=one.row)


class CorrectedTable(Struct, frozen=True):
    """One process reads it from its beginning to its end, as only so the number of a row is known, and hands the rows on.

    `rows`: by their numbers the corrections.
    """

    inner: Table
    rows: Mapping[int, RowCorrection]

    @property
    def header(self) -> tuple[str, ...]:
        return self.inner.header

    @property
    def first_row(self) -> int:
        return self.inner.first_row

    @property
    def text_only(self) -> bool:
        return self.inner.text_only

    def parts(self, rows: int) -> Iterator[Part]:
        at = {name: position for position, name in enumerate(self.header)}
        for first, part, content in read_parts(self.inner, rows):
            yield RowsPart(self._mended(content, first, at), reached=part.reached)

    def _mended(self, content: Rows, first: int, at: Mapping[str, int]) -> Rows:
        ones = {place: self.rows[first + place] for place in range(content.height) if first + place in self.rows}
        if not ones:
            return replace(content, end=None)
        found = list(content.rows)
        for index, row in enumerate(content.rows):
            if (one := ones.get(content.place(index))) is not None:
                found[index] = mended(row, one, at, text_only=self.text_only)
        return replace(content, rows=found, end=None)


def mended(row: Sequence[object], one: RowCorrection, at: Mapping[str, int], *, text_only: bool) -> list[object]:
    """The row with its mended cells."""
    cells = list(row)
    for edit in one.edits:
        position = at[edit.column]
        cells[position] = edit.new if text_only else _as_typed(edit.new, cells[position])
    return cells


def _as_typed(new: str, old: object) -> object:
    """What was typed, as what the cell was before where it can be that: of JSON a number stays a number."""
    if not new.strip():
        return None
    for kind in (bool, int | float, dict, list):
        if isinstance(old, kind):
            with suppress(ValueError):
                made: object = json.loads(new)
                return made if isinstance(made, kind) and not (isinstance(made, float) and not isfinite(made)) else new
            return new
    return new
