"""One stage of a package: chunks in, batches, rejects, held records and counts out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import compress, islice
from pathlib import Path

from etl.model import Counts
from etl.package import Held, PackagedStage, Reject
from etl.packing import StageWriter
from etl.prepare.chunk import Chunk, Rejected
from etl.prepare.integrity import Duplicate, Orphan, StageIntegrity, Verdict, rows_of
from etl.prepare.keys import Fate
from etl.prepare.program import Plan

TOGETHER = 4
"""Chunks that are judged together: a file of keys is asked for thousands at once, and few chunks are in memory."""

Progress = Callable[[int], None]
"""Told the number of rows read, after each chunk."""


def prepare_stage(
    plan: Plan,
    source: str,
    first_row: int,
    chunks: Iterable[Chunk],
    integrity: StageIntegrity,
    writer: StageWriter,
    progress: Progress,
) -> PackagedStage:
    """Write a stage's part of the package. `source` is the file's name as rejects give it."""
    counts, row = Counts(), first_row
    scribe = Scribe(plan, Path(source).name, writer)
    in_order = iter(chunks)
    while together := list(islice(in_order, TOGETHER)):
        for chunk, verdict in zip(together, integrity.judge(together, row), strict=True):
            counts += scribe.write(chunk, row, verdict)
            row += chunk.height
            progress(chunk.read)
    packaged = writer.close(counts)
    written = writer.records, packaged.held.records
    if not counts.add_up() or written != (counts.valid, counts.held):
        raise AssertionError(
            f"stage '{plan.stage.name}': the rows do not add up ({counts}; written: {written[0]} valid, "
            f"{written[1]} held); please report this"
        )
    return packaged


class Scribe:
    """Writes chunks with the rows and words people know them by."""

    def __init__(self, plan: Plan, source: str, writer: StageWriter) -> None:
        self._plan, self._source, self._writer = plan, source, writer

    def write(self, chunk: Chunk, first_row: int, verdict: Verdict) -> Counts:
        """Write a chunk whose part began at `first_row`. Gives its counts."""
        dropped = verdict.dropped()
        self._write_rejects(chunk, first_row, verdict)
        for orphan in verdict.orphans:
            self._writer.hold(self._held(chunk, first_row, orphan))
        records, index = chunk.records, list(zip(chunk.keys, rows_of(chunk, first_row), strict=True))
        if dropped:
            sent = [position not in dropped for position in range(len(records))]
            records, index = list(compress(records, sent)), list(compress(index, sent))
        self._writer.add(records, index)
        return Counts(
            read=chunk.read,
            filtered=len(chunk.filtered),
            rejected=len(chunk.rejected) + len(verdict.duplicates),
            held=len(verdict.orphans),
            valid=len(records),
        )

    def _write_rejects(self, chunk: Chunk, first_row: int, verdict: Verdict) -> None:
        rejects = [(one.index, self._rejects(one, first_row)) for one in chunk.rejected]
        for one in verdict.duplicates:
            rejects.append((chunk.indices[one.position], [self._duplicate(chunk, first_row, one)]))
        for _, lines in sorted(rejects, key=lambda pair: pair[0]):
            for line in lines:
                self._writer.reject(line)

    def _rejects(self, one: Rejected, first_row: int) -> list[Reject]:
        row = first_row + one.index
        return [Reject(self._source, row, one.key, f.field, f.value, f.reason) for f in one.findings]

    def _duplicate(self, chunk: Chunk, first_row: int, one: Duplicate) -> Reject:
        row = first_row + chunk.indices[one.position]
        reason = f"{one.value!r} is already the {one.field or 'key'} of row {one.first_row}"
        return Reject(self._source, row, chunk.keys[one.position], one.field, one.value, reason)

    def _held(self, chunk: Chunk, first_row: int, orphan: Orphan) -> Held:
        parent = f"{orphan.parent_stage} '{orphan.parent_key}'"
        where = "" if orphan.parent_row is None else f" (row {orphan.parent_row})"
        reason = f"{parent} is {orphan.fate.spoken}{where}"
        if orphan.fate is Fate.ABSENT:
            reason = f"there is no {parent} in this migration"
        return Held(
            self._source,
            first_row + chunk.indices[orphan.position],
            chunk.keys[orphan.position],
            orphan.field,
            orphan.parent_stage,
            orphan.parent_key,
            orphan.fate.name.lower(),
            reason,
        )
