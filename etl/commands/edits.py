"""A sheet that a person has edited, held against the rows of a package: which cells were mended, and what cannot be taken."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time

from msgspec import Struct, field

from etl.corrections import MARK, cell_text, mark_of
from etl.extract.edited import Broken, EditedSheet
from etl.findings import HIDDEN, Sentence, joined, said
from etl.languages import LANGUAGES
from etl.model import Locator
from etl.package import Package, PackagedStage, Reject, SourceRow
from etl.report.catalogue import catalogue_of
from etl.report.workbook import LONGEST, column_headings, headings, shown
from etl.terminal import listed

HEAD = "mark"
UNSEEN = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[trn])")
POWER = re.compile(r"-?\d+(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)


class OldRow(Struct, frozen=True):
    """A rejected row, as a package has it."""

    stage: PackagedStage
    row: SourceRow
    problems: tuple[Reject, ...]

    @property
    def place(self) -> str:
        return str(self.told_place)

    @property
    def told_place(self) -> Sentence:
        return Locator(self.row.source, self.row.row, self.row.place).told

    @property
    def is_readable(self) -> bool:
        """Whether the row was read as a row of its source's columns: then what is wrong is wrong with a cell."""
        whole = list(self.row.cells)
        return len(whole) == len(self.stage.columns) and not any(one.value == whole for one in self.problems)


class NotTaken(Struct, frozen=True):
    """What was not taken: where in the edited file, and why and what to do."""

    where: str
    what: str


class MendedRow(Struct, frozen=True):
    """A row with what was typed into its cells, by their columns; `is_refused` when something of it was not taken."""

    old: OldRow
    where: str
    cells: Mapping[str, str]
    is_refused: bool = False


class Edits(Struct):
    """What a file says. `notes` are about what was not read."""

    mended: list[MendedRow] = field(default_factory=list)
    unchanged: int = 0
    refused: list[NotTaken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def marks_in(sheets: Iterable[EditedSheet]) -> set[str]:
    return {cell for sheet in sheets for row in sheet.rows for cell in map(str, row) if MARK.fullmatch(cell)}


def rows_with(package: Package, marks: set[str]) -> dict[str, OldRow]:
    """The package's rejected rows that have these marks."""
    found: dict[str, OldRow] = {}
    for stage in package.stages if marks else ():
        rows = {
            (row.source, row.row): (mark, row)
            for row in package.rows(stage)
            if row.fate == "rejected" and (mark := mark_of(stage.name, row.source, row.row, row.cells)) in marks
        }
        problems: dict[tuple[str, int], list[Reject]] = {}
        for one in package.rejects(stage) if rows else ():
            if (one.source, one.row) in rows:
                problems.setdefault((one.source, one.row), []).append(one)
        found |= {mark: OldRow(stage, row, tuple(problems.get(at, ()))) for at, (mark, row) in rows.items()}
    return found


def edits_of(sheets: Sequence[EditedSheet], file: str, known: Mapping[str, OldRow]) -> Edits:
    """What the sheets say, of rows by their marks. A row that stands there twice, and not the same, is not taken."""
    edits, seen = Edits(), dict[str, MendedRow]()
    for sheet in sheets:
        where = file if sheet.is_plain else said("{file}, sheet '{name}'", file=file, name=sheet.name)
        for mended in _Reading(sheet, where, known, edits).rows():
            mark = mark_of(mended.old.stage.name, mended.old.row.source, mended.old.row.row, mended.old.row.cells)
            before = seen.setdefault(mark, mended)
            if before is not mended and before.cells != mended.cells:
                what = said("is the row of {place} once more, and not the same; delete one", place=before.where)
                edits.refused.append(NotTaken(mended.where, what))
                seen[mark] = MendedRow(before.old, before.where, {}, is_refused=True)
    edits.mended = [one for one in seen.values() if one.cells]
    edits.unchanged = sum(not one.cells and not one.is_refused for one in seen.values())
    return edits


class _Reading:
    """One sheet."""

    def __init__(self, sheet: EditedSheet, where: str, known: Mapping[str, OldRow], edits: Edits) -> None:
        self._sheet, self._where, self._known, self._edits = sheet, where, known, edits
        self._columns: dict[str, dict[str, int]] = {}
        self._unread: dict[str, tuple[list[int], list[str]]] = {}
        """Stage -> columns of the sheet that may be one of the source's under another name, and those of the source."""

    def rows(self) -> Iterator[MendedRow]:
        """The rows that are the package's, each with the cells in which something else stands now."""
        numbered = [(number, row) for number, row in enumerate(self._sheet.rows, 1) if any(map(cell_text, row))]
        at = self._marks_at(numbered)
        if at is None:
            if numbered:
                self._note(said("has no marks, and was not read"))
            return
        top, head = next(((number, row) for number, row in numbered if _cell(row, at) == HEAD), (0, None))
        if head is None:
            words = "has no line with the names of its columns any more (the last is '{name}'); put it back"
            self._refuse(self._where, said(words, name=HEAD))
            return
        above = [row for number, row in numbered if number < top]
        has_title = not any(MARK.fullmatch(str(_cell(row, at))) for row in above)
        for number, row in numbered:
            if number != top and not (has_title and number < top):
                where = said("{place} row {row}", place=self._where, row=number)
                yield from self._row(where, row, head, at)

    def _marks_at(self, numbered: Sequence[tuple[int, Sequence[object]]]) -> int | None:
        """The column of the marks, wherever it was moved to."""
        found = Counter(at for _, row in numbered for at, cell in enumerate(row) if MARK.fullmatch(str(cell)))
        return next((at for at, _ in found.most_common(1)), None)

    def _refuse(self, where: str, what: str) -> None:
        self._edits.refused.append(NotTaken(where, what))

    def _row(self, where: str, row: Sequence[object], head: Sequence[object], at: int) -> Iterator[MendedRow]:
        mark = str(_cell(row, at))
        if not MARK.fullmatch(mark):
            self._refuse(
                where, said("has no mark: it is no row of the source; what is new goes into the source itself")
            )
            return
        old = self._known.get(mark)
        if old is None:
            self._refuse(
                where, said("is of no package that is kept; make a new one with `etl dry-run`, and mend the row there")
            )
            return
        broken = next((cell for cell in row if isinstance(cell, Broken)), None)
        if broken is not None:
            self._refuse(where, said("{broken}; type what it has to be", broken=broken))
            return
        columns, refused = self._columns_of(old.stage, head, at), len(self._edits.refused)
        cells: dict[str, str] = {}
        for name, position in columns.items():
            before = old.row.cells[old.stage.columns.index(name)] if old.is_readable else None
            cells |= self._mended(in_column(where, name), name, _cell(row, position), before) if old.is_readable else {}
        if not old.is_readable and self._is_edited(row, columns, old):
            words = "{source} could not be read as a whole; mend it where it lies"
            self._refuse(where, said(words, source=old.told_place))
            return
        yield MendedRow(old, where, cells, len(self._edits.refused) > refused or self._has_unread(row, old))

    def _has_unread(self, row: Sequence[object], old: OldRow) -> bool:
        """Whether something may have been typed into a column of the source that cannot be told which it is."""
        at, missing = self._unread.get(old.stage.name, ([], []))
        were = dict(zip(old.stage.columns, map(shown, old.row.cells), strict=False))
        same = {cell_text(were[name]) for name in missing if name in were}
        return any(cell_text(_cell(row, one)) not in same for one in at)

    def _is_edited(self, row: Sequence[object], columns: Mapping[str, int], old: OldRow) -> bool:
        were = dict(zip(old.stage.columns, map(shown, old.row.cells), strict=False))
        return any(cell_text(_cell(row, at)) != cell_text(were[name]) for name, at in columns.items() if name in were)

    def _columns_of(self, stage: PackagedStage, head: Sequence[object], mark: int) -> dict[str, int]:
        """Where the source's columns stand. A name that comes twice says of neither which it is."""
        if stage.name not in self._columns:
            names = [_heading(cell) for cell in head]
            of_column = _by_heading(stage.columns)
            columns = [of_column.get(one, of_column.get(one.strip())) for one in names]
            places = _places(stage, columns, names, mark)
            self._columns[stage.name] = {name: at[0] for name, at in places.items() if len(at) == 1}
            self._tell_doubled(stage, places)
            self._tell_others(stage, columns, names, mark, [name for name, at in places.items() if not at])
        return self._columns[stage.name]

    def _note_unread(self, stage: PackagedStage, at: Sequence[int], missing: Sequence[str]) -> None:
        known, names = self._unread.get(stage.name, ([], []))
        self._unread[stage.name] = [*known, *at], [*names, *missing]

    def _tell_doubled(self, stage: PackagedStage, places: Mapping[str, Sequence[int]]) -> None:
        """Of a name that comes twice. One of the columns may be another one of the source, which nothing is called any more."""
        missing = [name for name, at in places.items() if not at]
        words = "several columns are called '{column}', and none of them was read: delete the ones that were added"
        if missing:
            words = (
                "several columns are called '{column}', and none of them was read: delete the ones that were added; if one of "
                "them is {missing}, which is not there, give it its name back"
            )
        for name, at in places.items():
            if len(at) > 1:
                self._note_unread(stage, at, [name, *missing])
                self._refuse(self._where, said(words, column=name, missing=listed(missing)))

    def _tell_others(
        self,
        stage: PackagedStage,
        columns: Sequence[str | None],
        names: Sequence[str],
        mark: int,
        missing: Sequence[str],
    ) -> None:
        """The source's columns that are not there, and those that are there and are none of them.

        Where there are both, one may be the other under a changed name: what was typed there is not lost in silence.
        """
        told = _told_in(names)
        others = [
            at
            for at in self._filled(mark)
            if at != mark and (at >= len(names) or columns[at] is None) and _cell(names, at) not in told
        ]
        unknown = [
            joined("", ["'", str(_cell(names, at)), "'"]) if _cell(names, at) else _unnamed(at + 1) for at in others
        ]
        parts = {"columns": joined(", ", unknown), "missing": listed(missing), "stage": stage.name}
        if missing and unknown:
            self._note_unread(stage, others, missing)
            words = (
                "column {columns} is none of the source of '{stage}', and {missing} is not there: what stands in it was not "
                "taken; if it is that column, give it its name back"
            )
            self._refuse(self._where, said(words, **parts))
        elif missing:
            self._note(said("has no column {missing} of '{stage}': these cells stay as they are", **parts))
        elif unknown:
            self._note(said("column {columns} is none of the source of '{stage}', and was not read", **parts))

    def _filled(self, mark: int) -> list[int]:
        """The columns in which something stands, in rows of the source or as their name."""
        rows = (row for row in self._sheet.rows if _cell(row, mark) == HEAD or MARK.fullmatch(str(_cell(row, mark))))
        return sorted({at for row in rows for at, cell in enumerate(row) if cell_text(cell)})

    def _note(self, what: Sentence) -> None:
        self._edits.notes.append(joined(": ", [self._where, what]))

    def _mended(self, where: str, name: str, cell: object, old: object) -> dict[str, str]:
        seen = shown(old)
        if isinstance(cell, str):
            text = cell.replace("\r\n", "\n")
            why = _why_not(text, seen, is_plain=self._sheet.is_plain)
        else:
            text, why = _typed(cell, old)
        if cell_text(text) == cell_text(seen):
            return {}
        if isinstance(old, dict | list) and not _is_json(text, type(old)):
            why = said(
                "is no JSON of the form that the cell had; keep its brackets and quotes, and change what is between them"
            )
        if old == HIDDEN:
            why = said("is hidden, as a password is made from it; mend it where it lies")
        if why is not None:
            self._refuse(where, why)
            return {}
        return {name: cell_text(text)}


def _places(
    stage: PackagedStage, columns: Sequence[str | None], names: Sequence[str], mark: int
) -> dict[str, list[int]]:
    """Where each of the source's columns stands: nowhere, once, or more than once."""
    told, found = _told_in(names), dict[str, list[int]]()
    for name in stage.columns:
        found[name] = [at for at, one in enumerate(columns) if one == name and at != mark]
        # What is told beside the row comes after it, and may be called as a column is.
        if name in told and name != HEAD and len(found[name]) <= 2:
            found[name] = found[name][:-1]
    return found


def _heading(cell: object) -> str:
    """As it stands there: blanks at its ends may be a column's own."""
    return cell.replace("\r\n", "\n") if isinstance(cell, str) else cell_text(cell)


def _by_heading(columns: Sequence[str]) -> dict[str, str]:
    """A heading -> its column. Workbooks of before have the columns' own names; blanks at the ends may have come or gone."""
    exact = {name.replace("\r\n", "\n"): name for name in columns} | dict(
        zip(column_headings(columns), columns, strict=True)
    )
    bare = Counter(name for one in {*exact, *columns} if (name := one.strip()) not in exact)
    return exact | {one.strip(): name for one, name in exact.items() if bare[one.strip()] == 1}


def _told_in(names: Sequence[str]) -> list[str]:
    """The headings of what is told beside the rows, in the language of this sheet."""
    known = [headings(catalogue_of(language)) for language in LANGUAGES]
    return next((told for told in known if set(told) <= set(names)), known[0])


def _is_json(text: str, kind: type) -> bool:
    try:
        return isinstance(json.loads(text), kind)
    except ValueError:
        return False


def _cell(row: Sequence[object], at: int) -> object:
    return row[at] if at < len(row) else ""


def in_column(where: str, name: str) -> Sentence:
    return said("{place}, column '{column}'", place=where, column=name)


def _unnamed(number: int) -> Sentence:
    return said("'{number} (without a name)'", number=str(number))


def _no_text(words: str) -> Sentence:
    """`words` is one of KINDS."""
    return said(
        "is {kind}, and no text: zeros at its beginning, and the way it was written, would be lost; give the cell the format "
        "Text, and type it again",
        kind=said(KINDS[words]),
    )


KINDS = {"date": "a date", "truth": "a truth value", "number": "a number", "else": "something else"}


def _typed(cell: object, old: object) -> tuple[str, str | None]:
    """A cell that is no text any more, as text, and why it is not taken. A number in the place of a number is one."""
    if isinstance(cell, date | time):
        return cell_text(cell), _no_text("date")
    if isinstance(cell, bool):
        return cell_text(cell), None if isinstance(old, bool) else _no_text("truth")
    if not isinstance(cell, int | float):
        return cell_text(cell), None if cell is None else _no_text("else")
    text = str(int(cell)) if float(cell).is_integer() else repr(cell)
    if isinstance(old, int | float) and not isinstance(old, bool):
        return (cell_text(old) if old == cell else text), None
    return text, _no_text("number")


def _why_not(text: str, seen: str, *, is_plain: bool) -> str | None:
    """Why a text cannot be taken for what somebody typed."""
    if len(seen) > LONGEST:
        return said("was too long to be shown whole; mend it where it lies")
    if set(UNSEEN.findall(text)) & set(UNSEEN.findall(seen)):
        return said("still has what stands for a letter that nobody sees; take that out as well")
    if is_plain and (_is_rewritten(text, seen) or (POWER.fullmatch(text) and not POWER.fullmatch(seen))):
        return said(
            "is the same, as spreadsheet programs write numbers and dates of a CSV; if it was meant, mend it in rejects.xlsx"
        )
    return None


def _is_rewritten(text: str, seen: str) -> bool:
    """Whether both have the same numbers and the same letters: 0532 and 532, 29.02.2020 and 2/29/2020."""
    if text == seen or not any(map(str.isdigit, seen)):
        return False
    return _parts(text) == _parts(seen) or (_number(text) is not None and _number(text) == _number(seen))


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _parts(text: str) -> tuple[list[int], list[str]]:
    return sorted(map(int, re.findall(r"[0-9]+", text))), re.findall(r"[^\W\d_]+", text.casefold())
