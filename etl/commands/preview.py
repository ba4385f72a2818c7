"""Source rows beside what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from etl.arguments import Count, Key
from etl.commands.keeping import opened
from etl.commands.row_filter import RowFilter, what_is_wrong, written
from etl.commands.settings import Settings, Watch, unwatched
from etl.errors import MappingError
from etl.expressions import WHERE, columns_in, flat_fields
from etl.extract import place_of, read_all
from etl.findings import Finding, joined, or_perhaps, said
from etl.mapping import Checked
from etl.mapping.rows import teller, with_rows
from etl.model import Expression, Locator, Migration, RowFault, Stage, Table, Template
from etl.places import workspace_of
from etl.prepare.chunk import prepare_rows
from etl.prepare.plan import plan_stage
from etl.prepare.privacy import own_texts
from etl.prepare.program import Program
from etl.report.preview import PreviewRow


class AskedRows(Struct, frozen=True):
    """Which rows: `number` of each stage, of those that the others leave.

    rejected   only such rows, and of these only those of a kind: a field, a rule, an entry that a lookup lacks; "" is any
    where      only rows for which this is true
    """

    number: int = 3
    key: str | None = None
    rejected: str | None = None
    where: str | None = None


def preview(
    mapping: Path, stage_name: str | None, number: Count, key: Key | None = None, settings: Settings | None = None
) -> list[PreviewRow]:
    """The first rows of a stage (or of each), or the row whose record has this key. Reads no more than it needs."""
    return previewed(mapping, stage_name, AskedRows(number, key), settings)


def previewed(
    mapping: Path,
    stage_name: str | None,
    asked: AskedRows,
    settings: Settings | None = None,
    watch: Watch = unwatched,
) -> list[PreviewRow]:
    """The rows that are asked for, stage by stage. Raises MappingError where there can be none."""
    how = settings or Settings(workspace_of(mapping, None))
    where = None if asked.where is None else written(asked.where)
    with opened(mapping, how, ready=lambda checked: None) as (checked, migration):
        stages = [named_stage(migration, stage_name)] if stage_name else list(migration.stages)
        read = stages if where is None else [replace(one, settled=where) for one in stages]
        ready = with_rows(checked, [*stages, *read])
        pairs = zip(stages, read, strict=True)
        looks = _fitting([_Look(ready, one, wide, asked, where, watch) for one, wide in pairs], how)
        found = [row for look in looks for row in islice(look.rows(), asked.number)]
        for line in filter(None, (look.filter.told(look.stage.name, masked=not how.show_data) for look in looks)):
            how.inform(line)
    if not found:
        _tell_nothing(looks, asked, how)
    return found


def _fitting(looks: Sequence[_Look], how: Settings) -> list[_Look]:
    """Those whose columns `where` fits. Raises MappingError where it fits none."""
    wrong = [(look, look.where and what_is_wrong(look.where, look.program.plan)) for look in looks]
    fitting = [look for look, why in wrong if why is None]
    words = "--where does not fit the rows of {stage}: {why}"
    told = [said(words, stage=look.stage.name, why=why) for look, why in wrong if why is not None]
    if not fitting:
        raise MappingError(joined("\n", told))
    for line in told:
        how.inform(line)
    return fitting


def _tell_nothing(looks: Sequence[_Look], asked: AskedRows, how: Settings) -> None:
    names = ", ".join(look.stage.name for look in looks)
    parts = {"stages": names if asked.where is None else said("{stages} that --where leaves", stages=names)}
    if asked.key is not None:
        words = "no row of {stages} has the key {key}"
        if asked.rejected is not None:
            words = "no rejected row of {stages} has the key {key}"
        raise MappingError(said(words, key=asked.key, **parts))
    kinds = Counter[str]()
    for look in looks:
        kinds.update(look.kinds)
    if not asked.rejected:
        how.inform(said("no row of {stages}" if asked.rejected is None else "no row of {stages} is rejected", **parts))
        return
    commonest = sorted(kinds.items(), key=lambda one: (-one[1], one[0]))[:10]
    there = joined(", ", (said("{rule} ({count:,})", rule=kind, count=count) for kind, count in commonest))
    words = "no row of {stages} is rejected for '{rule}'; rows are rejected for {kinds}"
    line = said(words, rule=asked.rejected, kinds=there or said("nothing"), **parts)
    if not any(asked.rejected in fields_of(look.stage) for look in looks):
        raise MappingError(joined(": ", ["--rejected", line]))
    how.inform(line)


def fields_of(stage: Stage) -> list[str]:
    """The fields that a stage's rows may be rejected for, by their whole paths and by their first names."""
    return [*stage.fields, *(path for path, _ in flat_fields(stage.fields)), WHERE, "settled", "key"]


def named_stage(migration: Migration, name: str) -> Stage:
    names = [stage.name for stage in migration.stages]
    if name not in names:
        raise MappingError(or_perhaps(said("unknown stage '{stage}'", stage=name), name, names))
    return migration.stage(name)


LOOKED_AT = 200
"""Rows of a part when somebody looks at the first few."""


def numbered_rows(
    table: Table, tell: Callable[[int], None] = lambda rows: None
) -> Iterator[tuple[int, Any, RowFault | None]]:
    """Each row with its number. `tell` is told how many more were read."""
    for first, rows in read_all(table, LOOKED_AT):
        tell(rows.height)
        faults = {fault.index: fault for fault in rows.faults}
        for index, row in enumerate(rows.rows):
            yield first + rows.place(index), row, faults.get(index)


SEARCHED_AT = 5000
"""Rows of a part when all are gone through for those that are rejected."""


class _Look:
    """A stage, of which rows are asked for."""

    def __init__(
        self,
        checked: Checked,
        stage: Stage,
        wide: Stage,
        asked: AskedRows,
        where: Expression | None,
        watch: Watch = unwatched,
    ) -> None:
        self.stage, self.where, self._asked = stage, where, asked
        self._tell = partial(watch, stage.name)
        self._source, self._table = checked.migration.sources[stage.source], checked.table(wide)
        self._located = teller(self._source, checked.tables[stage.source])
        self.program = Program(plan_stage(checked.migration, stage, self._table, checked.resources))
        self.kinds = Counter[str]()

    @cached_property
    def filter(self) -> RowFilter:
        return RowFilter(self.where, self.program.plan)

    def rows(self) -> Iterator[PreviewRow]:
        found = self._all() if self._asked.rejected is None else self._rejected()
        for number, row, fault in found:
            if fault is not None:
                takes = self._asked.key is None and self.filter.takes_unread()
            else:
                takes = self._has_key(row) and self.filter.takes(row)
            if takes:
                yield self._told(number, row, fault)

    def _told(self, number: int, row: Any, fault: RowFault | None) -> PreviewRow:
        at = self._located(number, row if fault is None else fault.cells)
        own = replace(at, number=place_of(self._source, self._table, number)[1])
        return _preview_row(self.stage, own, self._table.header, self.program, row, fault)

    def _has_key(self, row: Any) -> bool:
        return self._asked.key is None or self.program.key(row) == self._asked.key

    def _all(self) -> Iterator[tuple[int, Any, RowFault | None]]:
        return numbered_rows(self._table, self._tell)

    def _rejected(self) -> Iterator[tuple[int, Any, RowFault | None]]:
        for first, rows in read_all(self._table, SEARCHED_AT):
            self._tell(rows.height)
            faults = {rows.place(fault.index): fault for fault in rows.faults}
            at = {rows.place(index): index for index in range(len(rows.rows))}
            for one in prepare_rows(self.program, rows, closely=False).rejected:
                self.kinds.update({finding.field or finding.rule for finding in one.findings})
                if any(is_of(finding, self._asked.rejected or "") for finding in one.findings):
                    yield first + one.index, rows.rows[at[one.index]], faults.get(one.index)


def is_of(finding: Finding, kind: str) -> bool:
    """Whether a finding is of a kind as a person names it: its field or the field's part, its rule, a lookup's missing entry."""
    field, rule = finding.field or "", finding.rule
    names = (field, field.split(".")[0], rule, rule.removeprefix("function:"), finding.entry or "")
    return not kind or kind.casefold() in (name.casefold() for name in names if name)


def _preview_row(
    stage: Stage, at: Locator, header: Sequence[str], program: Program, row: Any, fault: RowFault | None
) -> PreviewRow:
    if fault is not None:
        cells = {f"cell {index}": cell for index, cell in enumerate(fault.cells, 1)}
        findings = program.findings_of(fault)
        return PreviewRow(stage.name, at.source, at.number, cells, "rejected", {}, findings, place=at.place)
    outcome = program.outcome(row)
    cells = dict(zip(header, row, strict=True))
    fate = "filtered" if outcome.filtered else "rejected" if outcome.findings else "valid"
    made, privacy = outcome.record or outcome.partial, program.privacy
    own = {name for name in made.keys() - privacy.secret if _is_own(made[name], stage.fields.get(name), cells)}
    shown_columns = cells.keys() - privacy.columns
    return PreviewRow(
        stage.name,
        at.source,
        at.number,
        cells,
        fate,
        made,
        outcome.findings,
        shown_columns,
        privacy.fields - own,
        feeds=_feeds(stage),
        place=at.place,
    )


def _is_own(value: Any, template: Template | None, cells: Mapping[str, Any]) -> bool:
    """Whether a value is one that stands in the mapping."""
    return isinstance(value, str) and template is not None and value in own_texts(template, cells)


def _feeds(stage: Stage) -> dict[str, tuple[str, ...]]:
    """The columns that each field is made from; then those that what is no field of the payload is."""
    further = {WHERE: stage.where, "settled": stage.settled, "key": None if isinstance(stage.key, str) else stage.key}
    templates = {**stage.fields, **{name: one for name, one in further.items() if one is not None}}
    return {name: _columns_of(template) for name, template in templates.items()}


def _columns_of(template: Template) -> tuple[str, ...]:
    leaves = (one for _, one in flat_fields({"": template}))
    return tuple(dict.fromkeys(name for one in leaves if isinstance(one, Expression) for name in columns_in(one.text)))
