"""A part of a source -> what became of its rows. Pure: this is the unit that runs in parallel, here or on a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import orjson

from etl.expressions import FILTERED, ROW_ERRORS, Columns
from etl.model import Part, Rows
from etl.prepare.program import Program, text_of
from etl.prepare.validate import Finding


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no valid record, by its index in the part, and everything that is wrong with it."""

    index: int
    key: str | None
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Chunk:
    """What became of a part's rows, in their order. All indices count the part's rows from 0.

    records  the JSON of each valid record; `keys` and `indices` run parallel to it,
    columns  and so do these: the values of the fields that must be unique or refer to another stage
    """

    read: int
    end: int | None = None
    filtered: list[tuple[int, str | None]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    indices: Sequence[int] = ()
    columns: Mapping[str, list[str | None]] = field(default_factory=dict)


def prepare_chunk(program: Program, part: Part, most: int | None = None) -> Chunk:
    """Read a part and make its records. With `most`, only that many of its rows."""
    rows = part.read()
    return prepare_rows(program, rows if most is None else first_rows(rows, most))


def first_rows(rows: Rows, most: int) -> Rows:
    return Rows(rows.rows[:most], tuple(fault for fault in rows.faults if fault.index < most), rows.end)


def prepare_rows(program: Program, rows: Rows) -> Chunk:
    chunk = Chunk(len(rows.rows), rows.end)
    chunk.rejected += [
        Rejected(fault.index, None, (Finding(None, list(fault.cells), fault.reason),)) for fault in rows.faults
    ]
    _keep_valid(program, rows, chunk, _made(program, rows, chunk))
    chunk.rejected.sort(key=lambda rejected: rejected.index)
    return chunk


def _made(program: Program, rows: Rows, chunk: Chunk) -> Made:
    faulty = {fault.index for fault in rows.faults}
    indices = [index for index in range(len(rows.rows)) if index not in faulty]
    made = Made(program, rows.rows, chunk)
    made.add(indices)
    return made


FEW = 64
"""So many rows are computed one by one when one of them fails; more are tried in two halves."""


class Made:
    """Records and the indices of their rows, made many rows at a time for as long as none of them fails.

    `columns` holds the records' values field by field, as far as they were made in one piece.
    """

    def __init__(self, program: Program, rows: Sequence[Sequence[Any]], chunk: Chunk) -> None:
        self._program, self._rows, self._chunk = program, rows, chunk
        self.records: list[Any] = []
        self.indices: list[int] = []
        self.columns: Columns = {}

    def add(self, indices: Sequence[int]) -> None:
        try:
            batch = self._program.records([self._rows[index] for index in indices])
        except ROW_ERRORS:
            self._add_pieces(indices)
            return
        self.columns = {} if self.records else batch.columns
        self.records += batch.records
        if batch.keep is None:
            self.indices += indices
        else:
            self.indices += compress(indices, batch.keep)
            self._filter([index for index, stays in zip(indices, batch.keep, strict=True) if not stays])

    def _filter(self, indices: Sequence[int]) -> None:
        self._chunk.filtered += [(index, self._program.key(self._rows[index])) for index in indices]

    def _add_pieces(self, indices: Sequence[int]) -> None:
        if len(indices) <= FEW:
            for index in indices:
                self._add_one(index)
            return
        middle = len(indices) // 2
        self.add(indices[:middle])
        self.add(indices[middle:])

    def _add_one(self, index: int) -> None:
        row = self._rows[index]
        try:
            record = self._program.record(row)
        except ROW_ERRORS:
            outcome = self._program.outcome(row)
            self._chunk.rejected.append(Rejected(index, outcome.key, outcome.findings))
            return
        if record is FILTERED:
            self._filter([index])
        else:
            self.columns = {}
            self.records.append(record)
            self.indices.append(index)


def _keep_valid(program: Program, rows: Rows, chunk: Chunk, made: Made) -> None:
    records, indices = made.records, made.indices
    keys, written = _keys(program, rows, records, indices), _written(records)
    bad = set(program.validator.invalid(records, made.columns, written=written is not None))
    if None in keys:
        bad |= {position for position, key in enumerate(keys) if key is None}
    for position in sorted(bad):
        outcome = program.outcome(rows.rows[indices[position]])
        chunk.rejected.append(Rejected(indices[position], outcome.key, outcome.findings))
    if bad:
        good = [position for position in range(len(records)) if position not in bad]
        records, keys = [records[i] for i in good], [keys[i] for i in good]
        indices, written = [indices[i] for i in good], written and [written[i] for i in good]
    chunk.records = list(map(orjson.dumps, records)) if written is None else written
    chunk.keys = keys
    chunk.indices = indices
    chunk.columns = {name: _column(records, name) for name in watched(program)}


_BREAK = orjson.Fragment(b"\n")


def _written(records: list[Any]) -> list[bytes] | None:
    """The JSON of each record; None when one of them cannot be written, which the validator then has to find.

    All are written in one call, with a line break after each: JSON has no raw line break anywhere else.
    """
    if not records:
        return []
    try:
        text = orjson.dumps([one for record in records for one in (record, _BREAK)])
    except orjson.JSONEncodeError:
        return None
    return text[1:-3].split(b",\n,")


def watched(program: Program) -> list[str]:
    """The fields that records are held against each other by."""
    stage = program.plan.stage
    return list(dict.fromkeys([*stage.unique, *stage.refers]))


def _column(records: list[Any], name: str) -> list[str | None]:
    values = [record[name] for record in records]
    return [value if value.__class__ is str else text_of(value) for value in values]


def _keys(program: Program, rows: Rows, records: list[Any], indices: Sequence[int]) -> list[Any]:
    key = program.plan.stage.key
    if isinstance(key, str):
        return _column(records, key)
    return list(map(program.key, map(rows.rows.__getitem__, indices)))
