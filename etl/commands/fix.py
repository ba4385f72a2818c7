"""What a person has mended in the workbook of rejected rows, as corrections that every later preparation applies."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from etl.commands.edits import Edits, MendedRow, NotTaken, OldRow, edits_of, in_column, marks_in, rows_with
from etl.commands.packages import packages_of
from etl.commands.which import Which
from etl.corrections import Edit, RowCorrection, cell_text, corrections_file, sum_of, told_row, written
from etl.errors import MappingError
from etl.extract import counters_of, read_columns
from etl.extract.edited import EditedSheet, read_edited
from etl.extract.numbering import ROW_NUMBER
from etl.files import alone, replace_durably
from etl.findings import HIDDEN, said
from etl.journal.folder import person
from etl.mapping import Opens, load_mapping, require
from etl.mapping.templates import columns_used
from etl.model import Migration, Stage
from etl.package import Package
from etl.payloads.validate import payload_schema
from etl.prepare.privacy import privacy_of
from etl.report.mending import Fixed, FixedCell, KnownCorrection


class Hand(Struct, frozen=True):
    """Who mends, when, and why; without a reason it is what was wrong with the row."""

    who: str
    when: str
    why: str | None = None


def fix(mapping: Path, workspace: Path | None, book: Path, why: str | None = None) -> Fixed:
    """Take what was typed into a workbook, or a CSV of the same form. Raises EtlError; then nothing has been changed."""
    sheets = read_edited(book)
    if not marks_in(sheets):
        raise MappingError(
            said(
                "{file}: no line of it has a mark; it is no workbook of rejected rows, or its column 'mark' is gone",
                file=str(book),
            )
        )
    migration = _migration(mapping)
    hand = Hand(person(), f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", why)
    packages = _newest_first(mapping, workspace)
    if not packages:
        raise MappingError(
            said(
                "{file}: there is no package that it could be of; `etl dry-run` makes one, and its workbook",
                file=str(book),
            )
        )
    edits = edits_of(sheets, book.name, _known(packages, sheets))
    file = corrections_file(migration.file)
    with alone(file.parent):
        # Read again, now that nobody else writes them.
        migration = _migration(mapping)
        merging = _Merging(migration, packages[0], hand)
        for row in edits.mended:
            merging.take(row, edits)
        if merging.changes:
            replace_durably(file, written(merging.all()))
    return Fixed(
        str(file), tuple(merging.cells), edits.unchanged, tuple((one.where, one.what) for one in edits.refused),
        (*edits.notes, *merging.notes),
    )  # fmt: skip


def drop_refused(mapping: Path, workspace: Path | None) -> tuple[KnownCorrection, ...]:
    """Take out the corrections that the newest package could not apply. Those."""
    found = tuple(one for one in known_corrections(mapping, workspace) if one.refused)
    migration = _migration(mapping)
    file = corrections_file(migration.file)
    lines = {one.line for one in found}
    with alone(file.parent):
        kept = [
            replace(one, edits=left)
            for stage in migration.stages
            for one in stage.corrections
            if (left := tuple(edit for edit in one.edits if edit.line not in lines))
        ]
        if found:
            replace_durably(file, written(kept))
    return found


def known_corrections(mapping: Path, workspace: Path | None) -> tuple[KnownCorrection, ...]:
    """All that there are, and what the newest package said of them."""
    migration = _migration(mapping)
    newest = _newest_first(mapping, workspace)[:1]
    refused = {(one.stage, one.sum, one.row): one.why for package in newest for one in package.manifest.refused}
    return tuple(
        KnownCorrection(
            stage.name, one.key, one.row, edit.column, edit.old, edit.new, edit.who, edit.when, edit.why, edit.line,
            refused.get(one.name), edit.column in _personal(migration, stage, one.columns),
        )
        for stage in migration.stages
        for one in stage.corrections
        for edit in one.edits
    )  # fmt: skip


def _newest_first(mapping: Path, workspace: Path | None) -> list[Package]:
    return sorted(packages_of(Which(mapping, workspace)), key=lambda one: one.manifest.created, reverse=True)


def _migration(mapping: Path) -> Migration:
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        return require(checked, upload=False)


def _known(packages: Iterable[Package], sheets: Iterable[EditedSheet]) -> dict[str, OldRow]:
    """The rows that the sheets are about, each as the newest package has it that has it so."""
    left, found = marks_in(sheets), dict[str, OldRow]()
    for package in packages:
        of_package = rows_with(package, left)
        found |= of_package
        left -= of_package.keys()
    return found


def _personal(migration: Migration, stage: Stage, columns: Iterable[str]) -> frozenset[str]:
    schema = payload_schema(stage.payload, migration.target.payloads.get(stage.payload, {}))
    return privacy_of(stage, columns, schema).columns


def _as_the_source_had_them(old: OldRow, before: RowCorrection | None) -> Mapping[str, str]:
    """The cells of a row that the package has as an earlier correction made them."""
    was_mended = before is not None and old.stage.corrected.get(str(old.row.row))
    return {edit.column: edit.old for edit in before.edits} if before and was_mended else {}


class _Merging:
    """The corrections that there are, and those that come to them."""

    def __init__(self, migration: Migration, newest: Package, hand: Hand) -> None:
        self._migration, self._hand = migration, hand
        self._refused = {(one.stage, one.sum, one.row) for one in newest.manifest.refused}
        self._all = {one.name: one for stage in migration.stages for one in stage.corrections}
        self.cells: list[FixedCell] = []
        self.notes: list[str] = []
        self.changes = False

    def all(self) -> list[RowCorrection]:
        return list(self._all.values())

    def take(self, row: MendedRow, edits: Edits) -> None:
        """Take a row's cells, or say in `edits` why not."""
        stage = next((one for one in self._migration.stages if one.name == row.old.stage.name), None)
        if stage is None:
            what = said("the mapping has no stage '{stage}' any more", stage=row.old.stage.name)
            edits.refused.append(NotTaken(row.where, what))
            return
        before, known = self._before(row.old)
        if not known:
            what = said(
                "was mended before, and that correction is gone; make a new package with `etl dry-run`, and mend it there"
            )
            edits.refused.append(NotTaken(row.where, what))
            return
        used = _columns(self._migration, stage, row.old)
        taken = {name: text for name, text in row.cells.items() if self._is_taken(stage, row, name, used, edits)}
        if taken:
            self._merge(stage, row, before, taken, used)

    def _before(self, old: OldRow) -> tuple[RowCorrection | None, bool]:
        """The correction that the row has, and whether that can be known."""
        applied = old.stage.corrected.get(str(old.row.row))
        mine = [one for one in self._all.values() if one.stage == old.stage.name]
        if applied is not None:
            same = [one for one in mine if one.sum == applied]
            found = next((one for one in same if one.row == old.place), same[0] if len(same) == 1 else None)
            return found, found is not None
        return next((one for one in mine if one.row == old.place and _has_sum(old, one)), None), True

    def _is_taken(self, stage: Stage, row: MendedRow, name: str, used: Sequence[str], edits: Edits) -> bool:
        what = None
        if name in row.old.stage.identity:
            what = said("is what the shop's database tells the row by; mend it there")
        elif name == ROW_NUMBER or name in counters_of(self._migration.sources[stage.source]):
            what = said("is counted, and not read")
        elif name not in used:
            what = said("feeds nothing of stage '{stage}': it would change nothing", stage=stage.name)
        if what is not None:
            edits.refused.append(NotTaken(in_column(row.where, name), what))
        return what is None

    def _merge(
        self, stage: Stage, row: MendedRow, before: RowCorrection | None, taken: Mapping[str, str], used: Sequence[str]
    ) -> None:
        old, cells = row.old, dict(zip(row.old.stage.columns, row.old.row.cells, strict=True))
        edits = {edit.column: edit for edit in before.edits} if before else {}
        read = {**cells, **_as_the_source_had_them(old, before)}
        columns = tuple(name for name in old.stage.columns if name in {*used, *(before.columns if before else ())})
        why = self._hand.why or "; ".join(dict.fromkeys(one.reason for one in old.problems))
        for name, text in taken.items():
            edits.pop(name, None)
            if cell_text(read[name]) != text:
                edits[name] = Edit(name, cell_text(read[name]), text, self._hand.who, self._hand.when, why)
        self._tell(stage, old, cells, taken, edits)
        self.changes = True
        self._replace(before, RowCorrection(
            stage.name, old.row.key or "", before.row if before else old.place,
            sum_of(read[name] for name in columns), columns, tuple(edits.values()),
        ))  # fmt: skip
        self._tell_others(stage, taken)

    def _tell(
        self, stage: Stage, old: OldRow, cells: Mapping[str, object], taken: Mapping[str, str], edits: Container[str]
    ) -> None:
        """Each cell that was taken: what it was, what it is, and whether it is mended or as the source has it again."""
        personal = _personal(self._migration, stage, old.stage.columns)
        self.cells += [
            FixedCell(
                stage.name, old.row.key, old.place, name, cell_text(cells[name]), text, name in personal, name in edits
            )
            for name, text in taken.items()
        ]

    def _replace(self, before: RowCorrection | None, made: RowCorrection) -> None:
        if before is not None:
            del self._all[before.name]
        for correction in list(self._all.values()):
            if (
                correction.stage == made.stage
                and correction.name in self._refused
                and (correction.row == made.row or (correction.key and correction.key == made.key))
            ):
                del self._all[correction.name]
                words = "{source}: takes the place of a correction that could not be applied any more"
                self.notes.append(said(words, source=told_row(correction.row)))
        if made.edits:
            self._all[made.name] = made

    def _tell_others(self, stage: Stage, names: Iterable[str]) -> None:
        for other in self._migration.stages:
            if other.source == stage.source and other.name != stage.name:
                shared = sorted(set(names) & columns_used([other])[other.source])
                words = "stage '{stage}' reads {columns} of these rows, too, and is mended by itself"
                note = said(words, stage=other.name, columns=", ".join(map(repr, shared)))
                if shared and note not in self.notes:
                    self.notes.append(note)


def _has_sum(old: OldRow, one: RowCorrection) -> bool:
    """Whether a correction is of a row that was packaged without it."""
    cells = dict(zip(old.stage.columns, old.row.cells, strict=True))
    return set(one.columns) <= set(cells) and sum_of(cells[name] for name in one.columns) == one.sum


def _columns(migration: Migration, stage: Stage, old: OldRow) -> list[str]:
    """The columns whose cells tell the row: those that its record is made from, and its key in the database."""
    used = read_columns(migration.sources[stage.source], columns_used([stage])[stage.source])
    cells = zip(old.stage.columns, old.row.cells, strict=True)
    return [name for name, cell in cells if cell != HIDDEN and name in {*used, *old.stage.identity}]
