"""What `fix` answers, whole or masked, and in lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from etl.corrections import told_row
from etl.findings import Sentence, joined, said, some_cells, some_rows
from etl.personal import mask_field, mask_key, mask_text


class FixedCell(Struct, frozen=True):
    """A cell that a person has mended. `is_kept` is False where the source's own text was put back: the correction is gone."""

    stage: str
    key: str | None
    row: str
    column: str
    old: str
    new: str
    personal: bool
    is_kept: bool


class Fixed(Struct, frozen=True):
    """What became of an edited workbook: the cells that were taken, how many rows nobody touched, and what was not taken.

    file     where the corrections lie
    refused  each with where it stands and why
    notes    what was not read, and what a person has to know besides
    """

    file: str
    cells: tuple[FixedCell, ...]
    unchanged: int
    refused: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class KnownCorrection(Struct, frozen=True):
    """A line of the corrections; `refused` says why the newest package was made without it, None that it has it or is older."""

    stage: str
    key: str
    row: str
    column: str
    old: str
    new: str
    who: str
    when: str
    why: str
    line: int
    refused: str | None
    personal: bool


def masked_fixed(fixed: Fixed) -> Fixed:
    return replace(fixed, cells=tuple(map(_masked_cell, fixed.cells)))


def _masked_cell(one: FixedCell) -> FixedCell:
    key = None if one.key is None else mask_key(one.key)
    return replace(one, key=key, old=_masked(one.old, one.personal), new=_masked(one.new, one.personal))


def masked_known(found: Iterable[KnownCorrection]) -> list[KnownCorrection]:
    """The reasons repeat what was wrong."""
    return [
        replace(
            one, key=mask_key(one.key), old=_masked(one.old, one.personal), new=_masked(one.new, one.personal),
            why=mask_text(one.why),
        )
        for one in found
    ]  # fmt: skip


def _masked(text: str, personal: bool) -> str:
    return str(mask_field(text, personal=personal))


def fixed_lines(fixed: Fixed) -> Iterator[str]:
    for one in fixed.cells:
        cell = _cell(one)
        yield cell if one.is_kept else said("{cell} (as the source has it: the correction is taken out)", cell=cell)
    rows = len({(one.stage, one.row) for one in fixed.cells})
    yield said(
        "{cells} of {rows} taken, {unchanged} unchanged, {count:,} not taken",
        cells=some_cells(len(fixed.cells)),
        rows=some_rows(rows),
        unchanged=some_rows(fixed.unchanged),
        count=len(fixed.refused),
    )
    if fixed.cells:
        yield said("Corrections: {path}", path=fixed.file)


def _cell(one: FixedCell | KnownCorrection) -> Sentence:
    words = "{stage}: {source}, column '{column}': '{old}' -> '{new}'"
    return said(words, stage=one.stage, source=told_row(one.row), column=one.column, old=one.old, new=one.new)


def refused_lines(fixed: Fixed) -> list[Sentence]:
    refused = (joined(": ", one) for one in fixed.refused)
    return [*refused, *(said("note: {note}", note=note) for note in fixed.notes)]


def known_lines(found: Sequence[KnownCorrection], none: str) -> Iterator[str]:
    """`none` is said where there are none."""
    for one in found:
        words = "line {number}: {cell}, {person}, {time}"
        if one.refused:
            words = "line {number}: {cell}, {person}, {time}; not applied: {why}"
        yield said(words, number=str(one.line), cell=_cell(one), person=one.who, time=one.when, why=one.refused)
    if not found:
        yield none
