"""One stage of a package: chunks in, batches, rejects, held records and counts out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice
from operator import attrgetter, itemgetter
from typing import Any

from msgspec.structs import replace

from etl.expressions import WHERE
from etl.findings import HIDDEN, Figure, Finding, Sentence, Unfit, Words, about, inside, said, sentence
from etl.measures.money import HELD, REPEATED
from etl.model import Counts, Gate, Locate, Locator, Stage, UnreadRow
from etl.package import UNSETTLED, Held, IndexLine, Merged, PackagedStage, ProblemKind, Reject, SourceRow
from etl.packing import StageWriter
from etl.prepare.chunk import Chunk
from etl.prepare.integrity import Duplicate, Orphan, StageIntegrity, Verdict, rows_of
from etl.prepare.keys import Fate
from etl.prepare.merging import Merge
from etl.prepare.oddities import Oddities
from etl.prepare.plan import Plan
from etl.prepare.profiling import Profiler
from etl.prepare.program import about_row

TOGETHER = 4
"""Chunks that are judged together: a file of keys is asked for thousands at once, and few chunks are in memory."""

TellRead = Callable[[int], None]
"""Told the number of rows read, after each chunk."""


def prepare_stage(
    plan: Plan,
    scribe: Scribe,
    first_row: int,
    chunks: Iterable[Chunk],
    integrity: StageIntegrity,
    progress: TellRead,
    unread: Iterable[UnreadRow] = (),
) -> PackagedStage:
    """Write a stage's part of the package.

    `unread` are rows of other sources that the stage's query could not read: they are counted and rejected here.
    """
    row, writer = first_row, scribe.writer
    counts = scribe.write_unread(unread)
    in_order = iter(chunks)
    while together := list(islice(in_order, TOGETHER)):
        for chunk, verdict in zip(together, integrity.judge(together, row), strict=True):
            counts += scribe.write(chunk, row, verdict)
            row += chunk.height
            progress(chunk.read)
    packaged = replace(writer.close(counts, scribe.odd(counts)), beyond=beyond(plan.stage, counts))
    written = writer.records, packaged.held.records, writer.merged
    if not counts.add_up() or written != (counts.valid, counts.held, counts.merged):
        raise AssertionError(
            f"stage '{plan.stage.name}': the rows do not add up ({counts}; written: {written[0]} valid, "
            f"{written[1]} held, {written[2]} merged); please report this"
        )
    return packaged


def beyond(stage: Stage, counts: Counts) -> tuple[str, ...] | None:
    """In which ways more rows are left behind than the stage accepts; None where it does not say."""
    if stage.accept is None:
        return None
    limits = (("rejected", counts.rejected, stage.accept.rejected), ("held", counts.held, stage.accept.held))
    return tuple(
        said(BEYOND[fate], count=found, total=counts.read, limit=_allowed(limit))
        for fate, found, limit in limits
        if not limit.allows(found, counts.read)
    )


BEYOND = {
    "rejected": "{count:,} of {total:,} rows are rejected, more than `accept` allows ({limit})",
    "held": "{count:,} of {total:,} rows are held, more than `accept` allows ({limit})",
}


def _allowed(limit: Gate) -> Sentence:
    share = None if limit.share is None else said("{percent} %", percent=Figure(f"{100 * limit.share:g}"))
    if limit.errors is None:
        return share or said("none")
    errors = said("{count:,}", count=limit.errors)
    return errors if share is None else said("{errors} and {share}", errors=errors, share=share)


class Scribe:
    """Writes chunks with the places and words people know rows by. `locate` is the source's way to say where a row is."""

    def __init__(self, plan: Plan, locate: Locate, writer: StageWriter, profiler: Profiler) -> None:
        self._locate, self.writer, self._profiler = locate, writer, profiler
        self._privacy = plan.privacy
        self.oddities = Oddities(plan.stage, locate, self._privacy.is_personal)
        hidden = self._privacy.hidden
        self._hidden = [position for position, name in enumerate(plan.header.columns) if name in hidden]

    def write(self, chunk: Chunk, first_row: int, verdict: Verdict) -> Counts:
        """Write a chunk whose part began at `first_row`. Gives its counts."""
        dropped = verdict.dropped()
        cells = _cells_again(chunk) if dropped else {}
        self._profiler.add(chunk.sketch, first_row)
        kept = [
            *self._write_rejects(chunk, first_row, verdict, cells),
            *self._write_held(chunk, first_row, verdict, cells),
            *self._write_merged(chunk, first_row, verdict, cells),
        ]
        # By their rows: where the source was cut into chunks must not show.
        for row in sorted(kept, key=attrgetter("row")):
            self.writer.keep(row)
        return Counts(
            read=chunk.read,
            filtered=len(chunk.filtered),
            rejected=len(chunk.rejected) + len(verdict.duplicates),
            held=len(verdict.orphans),
            valid=self._write_sent(chunk, first_row, verdict, cells),
            merged=len(verdict.merges),
        )

    def odd(self, counts: Counts) -> list[ProblemKind]:
        return self.oddities.kinds(counts, self._profiler.passwords_of("sha1", "40 hexadecimal digits"))

    def _write_sent(self, chunk: Chunk, first_row: int, verdict: Verdict, cells: CellsByPlace) -> int:
        """Gives how many records there are."""
        dropped = verdict.dropped()
        records, index_lines = chunk.records, _index_lines(chunk, first_row)
        if dropped:
            self._tell_dropped(records, index_lines, verdict, {at: cells[chunk.indices[at]] for at in dropped})
            sent = [position not in dropped for position in range(len(records))]
            records, index_lines = list(compress(records, sent)), list(compress(index_lines, sent))
        self.writer.add(records, index_lines)
        self._profiler.sent(chunk, dropped)
        self.oddities.see(records, index_lines)
        self.oddities.note(chunk.noted, first_row)
        for twin in verdict.twins:
            self.oddities.note_twin(twin.field, twin.stage, first_row + chunk.indices[twin.position])
        return len(records)

    def _write_held(self, chunk: Chunk, first_row: int, verdict: Verdict, cells: CellsByPlace) -> Iterator[SourceRow]:
        """Gives the rows, to be kept."""
        for orphan in verdict.orphans:
            index, key = chunk.indices[orphan.position], chunk.keys[orphan.position]
            self.writer.hold(self._held(first_row + index, key, orphan, cells[index]))
            self._profiler.problem([("held", orphan.field, _rule(orphan))], cells[index])
            self._profiler.orphan(orphan.parent_stage, orphan.parent_key, orphan.fate.name.lower())
            yield self._kept("held", first_row + index, key, cells[index])

    def _write_merged(self, chunk: Chunk, first_row: int, verdict: Verdict, cells: CellsByPlace) -> Iterator[SourceRow]:
        """Gives the rows, to be kept."""
        for merge in verdict.merges:
            index = chunk.indices[merge.position]
            self.writer.merge(self._merged(first_row + index, merge, cells[index]))
            yield self._kept("merged", first_row + index, merge.key, cells[index])

    def write_unread(self, rows: Iterable[UnreadRow]) -> Counts:
        counts = Counts()
        for row in rows:
            why = row.fault.reason
            words = "{because}; the query is made without this row"
            lacking = about_row(replace(row.fault, reason=Unfit(why.rule, None, words, because=inside(why))))
            self.writer.reject(_rejected(row.at, None, self._privacy.stamped(lacking)))
            self.writer.keep(SourceRow(row.at.source, row.at.number, "rejected", None, row.fault.cells, row.at.place))
            counts += Counts(read=1, rejected=1)
        return counts

    def _tell_dropped(
        self, records: Sequence[bytes], index: Sequence[IndexLine], verdict: Verdict, cells: CellsByPlace
    ) -> None:
        held = {one.position for one in verdict.orphans}
        for position in sorted(cells):
            key, row = index[position][:2]
            fate = HELD if position in held else REPEATED
            self._profiler.drop(fate, records[position], key, row, cells[position])

    def _write_rejects(self, chunk: Chunk, first_row: int, verdict: Verdict, cells: CellsByPlace) -> list[SourceRow]:
        """Gives the rows, to be kept."""
        rejected = [(one.index, one.key, one.findings, one.cells) for one in chunk.rejected]
        for one in verdict.duplicates:
            index, own = chunk.indices[one.position], chunk.keys[one.position]
            rejected.append((index, own, (self._duplicate(one),), cells[index]))
        kept = []
        for index, key, findings, row in sorted(rejected, key=itemgetter(0)):
            for finding in findings:
                self.oddities.where_failed |= finding.field == WHERE
                self.writer.reject(_rejected(self._locate(first_row + index, row), key, finding))
            kept.append(self._kept("rejected", first_row + index, key, row))
            self._profiler.problem((("rejected", one.field, one.rule) for one in findings), row)
        return kept

    def _kept(self, fate: str, number: int, key: str | None, cells: Sequence[Any]) -> SourceRow:
        """The row with its fate: whoever puts it right needs all of it, and may not open the source."""
        at, kept = self._locate(number, cells), list(cells)
        for position in self._hidden:
            if position < len(kept):
                kept[position] = HIDDEN
        return SourceRow(at.source, at.number, fate, key, kept, at.place)

    def _duplicate(self, one: Duplicate) -> Finding:
        first, field = self._locate(one.first_row), one.field or "key"
        words = "{value} is already the {field} of row {row}"
        why = Unfit("duplicate", one.value, words, field=field, row=one.first_row)
        if first.place is not None:
            words = "{value} is already the {field} of {place}"
            why = Unfit("duplicate", one.value, words, field=field, row=one.first_row, place=str(first))
        return self._privacy.stamped(about(one.field, one.value, why))

    def _merged(self, number: int, merge: Merge, cells: Sequence[Any]) -> Merged:
        at = self._locate(number, cells)
        parts: dict[str, object] = {"value": merge.value, "field": merge.field, "key": merge.into}
        words = "{value} is already the {field} of {key} (which came with an earlier load), which it is merged into"
        if merge.first_row is not None:
            first = self._locate(merge.first_row)
            words = _MERGED_ROW if first.place is None else _MERGED_PLACE
            parts |= {"row": merge.first_row} if first.place is None else {"place": str(first)}
        told = self._privacy.stamped(Finding(merge.field, "merged", merge.value, words, parts))
        return Merged(
            at.source, at.number, merge.key, merge.into, merge.field, told.value, merge.first_row, told.reason,
            told.words, told.parts, told.personal, at.place,
        )  # fmt: skip

    def _held(self, number: int, key: str, orphan: Orphan, cells: Sequence[Any]) -> Held:
        words, parts = _orphaned(orphan)
        at, fate = self._locate(number, cells), orphan.fate.name.lower()
        return Held(
            at.source, at.number, key, orphan.field, orphan.parent_stage, orphan.parent_key, fate,
            sentence(words, parts), _rule(orphan), words, parts, at.place,
        )  # fmt: skip


def _rejected(at: Locator, key: str | None, finding: Finding) -> Reject:
    return Reject(
        at.source, at.number, key, finding.field, finding.value, finding.reason, finding.rule, finding.words,
        finding.parts, finding.personal, finding.severity, at.place,
    )  # fmt: skip


CellsByPlace = Mapping[int, Sequence[Any]]
"""The cells of a part's rows, by their place in it (model.Rows)."""


def _cells_again(chunk: Chunk) -> CellsByPlace:
    """The rows of a chunk's part, read again: valid records carry none, as only few are dropped for what others hold."""
    if chunk.part is None:
        raise AssertionError("a chunk without its part has records that are dropped; please report this")
    content = chunk.part.read()
    return {content.place(index): row for index, row in enumerate(content.rows)}


def _index_lines(chunk: Chunk, first_row: int) -> list[IndexLine]:
    lines: list[IndexLine] = list(zip(chunk.keys, rows_of(chunk, first_row), strict=True))
    if chunk.unsettled:
        marked = zip(lines, chunk.indices, strict=True)
        lines = [(*line, UNSETTLED) if index in chunk.unsettled else line for line, index in marked]
    return lines


def _rule(orphan: Orphan) -> str:
    return f"orphan:{orphan.fate.name.lower()}"


def _orphaned(orphan: Orphan) -> Words:
    parts: dict[str, object] = {"stage": orphan.parent_stage, "key": orphan.parent_key}
    if orphan.is_away:
        return "{stage} {key} has not arrived, and its stage is not among those that are prepared", parts
    if orphan.fate is Fate.ABSENT:
        return "there is no {stage} {key} in this migration", parts
    if orphan.parent_row is None:
        return _NOT_SENT[orphan.fate], parts
    return _NOT_SENT_ROW[orphan.fate], {**parts, "row": orphan.parent_row}


_MERGED_ROW = "{value} is already the {field} of {key} (row {row}), which it is merged into"
_MERGED_PLACE = "{value} is already the {field} of {key} ({place}), which it is merged into"

_NOT_SENT = {
    Fate.MERGED: "{stage} {key} is merged",
    Fate.HELD: "{stage} {key} is held",
    Fate.REJECTED: "{stage} {key} is rejected",
    Fate.FILTERED: "{stage} {key} is filtered",
}
_NOT_SENT_ROW = {
    Fate.MERGED: "{stage} {key} is merged (row {row})",
    Fate.HELD: "{stage} {key} is held (row {row})",
    Fate.REJECTED: "{stage} {key} is rejected (row {row})",
    Fate.FILTERED: "{stage} {key} is filtered (row {row})",
}
