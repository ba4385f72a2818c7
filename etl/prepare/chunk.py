"""A part of a source -> what became of its rows: the unit that runs in parallel, here or on a cluster.

`prepare_chunk` reads the part; `prepare_rows`, which does the rest, is pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from itertools import compress
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.expressions import Columns
from etl.findings import Finding
from etl.measures.sketch import StageSketch
from etl.model import Part, Rows
from etl.payloads.sendable import holds_nul, is_sendable
from etl.payloads.validate import record_at
from etl.prepare.lines import split_lines
from etl.prepare.meter import Measured
from etl.prepare.program import Program, text_of
from etl.prepare.put_right import EXAMPLES, PutRight, noted


class Rejected(Struct, frozen=True):
    """A row that is no valid record, by its index in the part: everything that is wrong with it, and its cells."""

    index: int
    key: str | None
    findings: tuple[Finding, ...]
    cells: Sequence[object] = ()


class Chunk(Struct):
    """What became of a part's rows, in their order. All indices count the part's rows from 0, blank lines among them.

    height   how many rows a person counts: those that were read, and the blank lines between them
    lines    a line of JSON for each valid record; `keys` and `indices` run parallel to these,
    columns  and so do these: the values of the fields that must be unique or refer to another stage
    unsettled  the indices of rows whose records may still change
    noted    what was put right on the way to the records
    sketch   what the report tells of the rows
    part     what it was made of, for whoever needs a row again (set where the chunks are put in order)
    """

    read: int
    height: int
    end: int | None = None
    filtered: list[tuple[int, str | None]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    lines: bytes = b""
    keys: Sequence[str] = ()
    indices: Sequence[int] = ()
    columns: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    unsettled: Set[int] = frozenset()
    noted: Sequence[PutRight] = ()
    sketch: StageSketch = field(default_factory=StageSketch)
    part: Part | None = None

    @property
    def records(self) -> list[bytes]:
        """The JSON of each valid record."""
        return split_lines(self.lines)


def prepare_chunk(program: Program, part: Part, most: int | None = None) -> Chunk:
    """Read a part and make its records. With `most`, only that many of its rows."""
    rows = part.read()
    closely = not isinstance(part, Numbered) or part.is_looked_at
    return prepare_rows(program, rows if most is None else first_rows(rows, most), closely=closely)


LOOKED_AT, EACH = 10, 64
"""The first so many parts of a table are looked at closely for the report, and then each so-and-so-many-th."""


class Numbered(Struct, frozen=True):
    """A part of a table with its number among them, from 0: whoever prepares it, the report's sample is the same."""

    part: Part
    number: int

    @property
    def start(self) -> int | None:
        return self.part.start

    @property
    def reached(self) -> float | None:
        return self.part.reached

    @property
    def is_looked_at(self) -> bool:
        return self.number < LOOKED_AT or self.number % EACH == 0

    def moved(self, start: int) -> Numbered:
        return Numbered(self.part.moved(start), self.number)

    def read(self) -> Rows:
        return self.part.read()


def first_rows(rows: Rows, most: int) -> Rows:
    faults = tuple(fault for fault in rows.faults if fault.index < most)
    places = None if rows.places is None else rows.places[:most]
    return replace(rows, rows=rows.rows[:most], faults=faults, places=places)


def prepare_rows(program: Program, rows: Rows, *, closely: bool = True) -> Chunk:
    """Compute, validate and write all rows together; what then is no record is explained by itself.

    `closely`: the report's sample has these rows in it.
    """
    readable, indices = readable_rows(rows)
    batch = program.records(readable)
    keys = text_column(batch.keys)
    unsettled, unsure = _unsettled(program, batch, readable)
    bad = batch.failed | _invalid(program, batch) | _keyless(keys) | unsure
    made = _Made(rows, indices, batch, keys, unsettled, closely)
    # Half a character, which a JSON file can hold and UTF-8 cannot, and NUL, which no shop can store: only writing tells.
    with suppress(UnicodeEncodeError):
        chunk = _chunk(program, made, bad)
        if not holds_nul(chunk.lines):
            return _placed(chunk, rows)
    records = (record_at(batch.columns, position) for position in range(len(keys)))
    unwritable = {position for position, record in enumerate(records) if not is_sendable(record)}
    return _placed(_chunk(program, made, bad | unwritable), rows)


def _unsettled(program: Program, batch: Columns, readable: Sequence[Sequence[Any]]) -> tuple[Set[int], Set[int]]:
    """Of the rows that `where` keeps, the positions of those that may still change, and of those that nobody can tell of."""
    return program.unsettled(readable if batch.keep is None else list(compress(readable, batch.keep)))


def _placed(chunk: Chunk, rows: Rows) -> Chunk:
    """The chunk with places instead of indices, where there are blank lines between the rows."""
    if (at := rows.places) is None:
        return chunk
    return replace(
        chunk,
        filtered=[(at[index], key) for index, key in chunk.filtered],
        rejected=[replace(one, index=at[one.index]) for one in chunk.rejected],
        indices=[at[index] for index in chunk.indices],
        unsettled=frozenset(at[index] for index in chunk.unsettled),
        noted=[one.placed(at) for one in chunk.noted],
        sketch=chunk.sketch.placed(at),
    )


def _invalid(program: Program, batch: Columns) -> set[int]:
    """The positions of invalid records. Those that could not be computed have values that mean nothing: they are left out."""
    if not batch.failed:
        return program.validator.invalid(batch.columns)
    whole = [position for position in range(len(batch.keys)) if position not in batch.failed]
    columns = {name: [values[position] for position in whole] for name, values in batch.columns.items()}
    return {whole[position] for position in program.validator.invalid(columns)}


class _Made(Struct, frozen=True):
    """What many rows made. `indices` are those of the rows that could be read, `unsettled` positions among those that stay."""

    rows: Rows
    indices: Sequence[int]
    batch: Columns
    keys: Sequence[Any]
    unsettled: Set[int]
    closely: bool

    def staying(self) -> Sequence[int]:
        """The indices of the rows that `where` keeps."""
        return self.indices if self.batch.keep is None else list(compress(self.indices, self.batch.keep))


def _chunk(program: Program, made: _Made, bad: Set[int]) -> Chunk:
    """What became of the rows. `bad`: the positions of those that `where` keeps and that make no valid record."""
    rows, stay = made.rows, made.staying()
    columns, keys, valid = _without(bad, made, stay)
    filtered, wrong = _filtered(program, rows, made.indices, made.batch), [stay[position] for position in sorted(bad)]
    measured = Measured(rows, made.indices, columns, keys, valid, [index for index, _ in filtered], wrong)
    return Chunk(
        len(rows.rows),
        rows.height,
        rows.end,
        filtered=filtered,
        rejected=_rejected(program, rows, wrong),
        lines=program.lines(columns),
        keys=keys,
        indices=valid,
        unsettled=frozenset(stay[position] for position in made.unsettled),
        noted=_noted(program, made, stay, bad) if made.batch.notes else (),
        columns={name: text_column(columns[name]) for name in watched(program)},
        sketch=program.meter.sketch(measured, closely=made.closely),
    )


def _without(
    bad: Set[int], made: _Made, stay: Sequence[int]
) -> tuple[Mapping[str, Sequence[Any]], Sequence[Any], Sequence[int]]:
    """The columns and the keys of the valid records, and the indices of their rows."""
    columns = made.batch.columns
    if not bad:
        return columns, made.keys, stay
    good = [position not in bad for position in range(len(stay))]
    kept = {name: list(compress(values, good)) for name, values in columns.items()}
    return kept, list(compress(made.keys, good)), list(compress(stay, good))


def _noted(program: Program, made: _Made, stay: Sequence[int], bad: Set[int]) -> list[PutRight]:
    """With the cell that each field is made from first."""
    return [
        PutRight(
            field,
            note.rule,
            note.words,
            len(found),
            tuple(found[:EXAMPLES]),
            program.cell_of(field, made.rows.rows[found[0]]),
        )
        for field, note, found in noted(made.batch.notes, stay, bad)
    ]


def readable_rows(rows: Rows) -> tuple[Sequence[Sequence[Any]], Sequence[int]]:
    """The rows that could be read, and their indices."""
    if not rows.faults:
        return rows.rows, range(len(rows.rows))
    faulty = {fault.index for fault in rows.faults}
    indices = [index for index in range(len(rows.rows)) if index not in faulty]
    return [rows.rows[index] for index in indices], indices


def _keyless(keys: Sequence[str | None]) -> set[int]:
    return {position for position, key in enumerate(keys) if key is None} if None in keys else set()


def _filtered(program: Program, rows: Rows, indices: Sequence[int], batch: Columns) -> list[tuple[int, str | None]]:
    if batch.keep is None:
        return []
    left_out = [index for index, stays in zip(indices, batch.keep, strict=True) if not stays]
    return [(index, program.key(rows.rows[index])) for index in left_out]


def _rejected(program: Program, rows: Rows, bad: Sequence[int]) -> list[Rejected]:
    """The rows that could not be read, and those that make no valid record, in their order."""
    found = [Rejected(fault.index, None, program.findings_of(fault), fault.cells) for fault in rows.faults]
    for index in bad:
        outcome = program.outcome(rows.rows[index])
        found.append(Rejected(index, outcome.key, outcome.findings, rows.rows[index]))
    return sorted(found, key=lambda rejected: rejected.index)


def watched(program: Program) -> list[str]:
    """The fields that records are held against each other by."""
    stage, number = program.plan.stage, program.plan.weighed_by
    return list(dict.fromkeys([*stage.unique, *stage.refers, *([number] if number else [])]))


def text_column(values: Sequence[Any]) -> Sequence[str | None]:
    """Values as texts, so that they can be compared: keys of JSON sources may be numbers."""
    return values if {str}.issuperset(map(type, values)) else list(map(text_of, values))
