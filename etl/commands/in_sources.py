"""What the sources alone tell, by the mapping as it is now: rows that `where` leaves out, of which packages keep nothing; texts
that are sent otherwise than the shop has them, or not at all; the keys by which rows of databases are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from etl.commands.asked import Search
from etl.commands.prepare import mapping_input
from etl.commands.since import changed_since, opened_again, what_is_away
from etl.commands.whose import Reading, Whose, asked_fields
from etl.errors import EtlError
from etl.expressions import Resources, is_column
from etl.extract import read_all
from etl.findings import Sentence, said
from etl.mapping import Checked, Opens, load_mapping, require
from etl.mapping.rows import teller, with_rows
from etl.model import Expression, Migration, Record, Stage
from etl.package import Package, PackagedStage
from etl.prepare.chunk import readable_rows
from etl.prepare.left_out import LeftOut
from etl.prepare.plan import Plan, plan_stage
from etl.prepare.program import Program
from etl.report.results import FoundRecord

T = TypeVar("T")
AT_ONCE = 5_000


class InSources:
    """What there is to look in. `checked`: the mapping with its rows at hand, None where nothing was opened; `stages` are those
    of which rows are, and `filtered` those that may have left rows out. `notes` say where it is not what the package was made
    from, or cannot be read; `resources` are those that it was made with, by the mapping with the sum `made_by`."""

    def __init__(
        self,
        migration: Migration | None = None,
        checked: Checked | None = None,
        stages: Sequence[Stage] = (),
        filtered: Collection[str] = (),
        notes: Sequence[str] = (),
        resources: Resources | None = None,
        made_by: str | None = None,
    ) -> None:
        self._migration, self._checked, self._resources = migration, checked, resources or {}
        self._made_by = made_by
        self._stages, self._filtered = {one.name: one for one in stages}, filtered
        self._notes = list(notes)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._notes))

    def of_older(self, package: Package) -> InSources:
        """How the cells of an older package are read: what there was in the sources then is not there to be looked in."""
        is_same = self._made_by is not None and package.manifest.mapping.sha256 == self._made_by
        return InSources(self._migration, resources=self._resources if is_same else None)

    def reading(self, name: str) -> Reading:
        """How a stage's cells are read, as far as it is known."""
        stages = () if self._migration is None else self._migration.stages
        stage = next((one for one in stages if one.name == name), None)
        source = None if stage is None or self._migration is None else self._migration.sources.get(stage.source)
        if source is None or self._migration is None:
            return Reading()
        return Reading(*source.tidied, self._resources, self._migration.target)

    def named(self, name: str, wanted: Search) -> Iterator[Record]:
        """The fields that a person asks by, of each row in which the shop itself has what was asked for."""
        yield from self._of(name, lambda checked, stage: _named(checked, stage, wanted))

    def left_out(
        self, name: str, fields: Collection[str], is_wanted: Callable[[str | None, Record], bool]
    ) -> Iterator[tuple[Record, FoundRecord]]:
        """The rows of a stage that `where` leaves out and that are wanted by their key or these fields of the record that each
        would have been."""
        if name in self._filtered:
            yield from self._of(name, lambda checked, stage: _left_out(checked, stage, fields, is_wanted))

    def places(self, name: str, keys: Mapping[int, str]) -> Mapping[int, str]:
        """Where rows are, as their source calls it; of those that still have these keys."""
        return dict(self._of(name, lambda checked, stage: _places(checked, stage, keys)))

    def _of(self, name: str, look: Callable[[Checked, Stage], Iterator[T]]) -> Iterator[T]:
        stage = self._stages.get(name)
        if self._checked is None or stage is None:
            return
        try:
            yield from look(self._checked, stage)
        except EtlError as error:
            self._notes.append(_not_looked(_first_line(error), name))


def _first_line(error: EtlError) -> str:
    """Of a mapping with many problems, `etl check` tells all."""
    text = str(error.args[0]) if error.args else ""
    first = text.partition("\n")[0]
    return text if first == text else first


def _not_looked(why: str, stage: str | None = None) -> Sentence:
    what = said("rows that `where` leaves out, and texts that are sent otherwise than the shop has them")
    if stage is None:
        return said("not looked for: {what} ({why})", what=what, why=why)
    return said("not looked for in {stage}: {what} ({why})", stage=stage, what=what, why=why)


def _plan(checked: Checked, stage: Stage) -> Plan:
    return plan_stage(checked.migration, stage, checked.table(stage), checked.resources)


def _named(checked: Checked, stage: Stage, wanted: Search) -> Iterator[Record]:
    """What is sent as it is, the package tells."""
    plan = _plan(checked, stage)
    whose = Whose(
        asked_fields(stage), plan.header, Reading(resources=checked.resources, target=checked.migration.target)
    )
    positions = whose.positions(wanted, _computed(stage))
    if not positions:
        return
    for _, rows in read_all(checked.table(stage), AT_ONCE):
        for row in readable_rows(rows)[0]:
            if any(wanted.is_named(row[position]) for position in positions):
                yield whose.record(row)


def _computed(stage: Stage) -> dict[str, str]:
    return {name: text for name, text in asked_fields(stage).items() if not is_column(text)}


def _left_out(
    checked: Checked, stage: Stage, fields: Collection[str], is_wanted: Callable[[str | None, Record], bool]
) -> Iterator[tuple[Record, FoundRecord]]:
    left_out = LeftOut(_plan(checked, stage), fields)
    located = teller(checked.migration.sources[stage.source], checked.tables[stage.source])
    why = () if stage.where is None else (_why(stage.where),)
    for first, rows in read_all(checked.table(stage), AT_ONCE):
        for index, key, record in left_out.of(rows):
            if is_wanted(key, record):
                at = located(first + rows.place(index), rows.rows[index])
                yield record, FoundRecord(stage.name, key, at.told, "filtered", why, why)


def _why(where: Expression) -> str:
    words = "`where` is not true of it ({place}): {expression}"
    return said(words, place=str(where.place), expression=" ".join(where.text.split()))


def _places(checked: Checked, stage: Stage, keys: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    located = teller(checked.migration.sources[stage.source], checked.tables[stage.source])
    program = Program(_plan(checked, stage))
    for first, rows in read_all(checked.table(stage), AT_ONCE):
        for row, index in zip(*readable_rows(rows), strict=True):
            number = first + rows.place(index)
            if number in keys and program.key(row) == keys[number]:
                yield number, located(number, row).told


@contextmanager
def in_sources(mapping: Path | None, workspace: Path | None, package: Package) -> Iterator[InSources]:
    """What the package does not have. Asks no server, and opens nothing where the package tells all."""
    with ExitStack() as opened:
        try:
            found = _look(mapping, workspace, package, opened)
        except EtlError as error:
            found = InSources(notes=[_not_looked(_first_line(error))])
        yield found


def _look(mapping: Path | None, workspace: Path | None, package: Package, opened: ExitStack) -> InSources:
    if mapping is None:
        return InSources(notes=[_not_looked(said("name the mapping"))])
    packaged = {one.name: one for one in package.stages}
    with load_mapping(mapping, opens=Opens.NOTHING) as unopened:
        migration = require(unopened, upload=False)
    names = {one.name for one in migration.stages if one.name in packaged and _tells(one, packaged[one.name])}
    if not names:
        return InSources(migration)
    checked = opened.enter_context(opened_again(mapping, workspace))
    stages = [one for one in checked.migration.stages if one.name in names]
    away = {one.name: why for one in stages if (why := what_is_away(checked, one))}
    there = [one for one in stages if one.name not in away]
    notes = [_not_looked(why, name) for name, why in away.items()]
    if not there:
        return InSources(migration, notes=notes)
    is_same = mapping_input(checked).sha256 == package.manifest.mapping.sha256
    ready = with_rows(checked, there)
    changed = list(changed_since(package.manifest, ready, [one.name for one in there]))
    words = "{name} has changed since this package was made: what the sources alone tell is told as it is now"
    notes += [said(words, name=name) for name in changed]
    filtered = {one.name for one in there if one.where is not None and (changed or packaged[one.name].counts.filtered)}
    sums = package.manifest.mapping.sha256
    return InSources(migration, ready, there, filtered, notes, *((checked.resources, sums) if is_same else ()))


def _tells(stage: Stage, packaged: PackagedStage) -> bool:
    """Whether a stage's source tells what the package does not have of it."""
    return stage.where is not None or bool(_computed(stage)) or bool(packaged.identity)
