"""Rows that `where` leaves out, of which packages keep nothing: looked up in the sources, by the mapping as it is now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from etl.commands.since import changed_since, opened_again, what_is_away
from etl.errors import EtlError
from etl.extract import read_all
from etl.findings import Sentence, said
from etl.mapping import Checked, Opens, load_mapping
from etl.mapping.rows import teller, with_rows
from etl.model import Expression, Record, Stage
from etl.package import Package
from etl.prepare.left_out import LeftOut
from etl.prepare.plan import plan_stage
from etl.report.results import FoundRecord

AT_ONCE = 5_000


class LeftOutRows:
    """What there is to look in: the stages that may have left rows out. `notes` say where it is not what the package was made
    from, or cannot be read."""

    def __init__(self, checked: Checked | None = None, stages: Sequence[Stage] = (), notes: Sequence[str] = ()) -> None:
        self._checked, self._stages, self._notes = checked, stages, list(notes)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._notes))

    def of(
        self, name: str, fields: Collection[str], is_wanted: Callable[[Record], bool]
    ) -> Iterator[tuple[Record, FoundRecord]]:
        """The rows of a stage that are left out and wanted, each with these fields of the record that it would have been."""
        stage = next((one for one in self._stages if one.name == name), None)
        if self._checked is None or stage is None:
            return
        try:
            yield from _rows(self._checked, stage, fields, is_wanted)
        except EtlError as error:
            self._notes.append(_not_looked(_first_line(error), name))


def _first_line(error: EtlError) -> str:
    """Of a mapping with many problems, `etl check` tells all."""
    text = str(error.args[0]) if error.args else ""
    first = text.partition("\n")[0]
    return text if first == text else first


def _not_looked(why: str, stage: str | None = None) -> Sentence:
    if stage is None:
        return said("rows that `where` leaves out were not looked for: {why}", why=why)
    return said("rows that `where` leaves out were not looked for in {stage}: {why}", stage=stage, why=why)


def _rows(
    checked: Checked, stage: Stage, fields: Collection[str], is_wanted: Callable[[Record], bool]
) -> Iterator[tuple[Record, FoundRecord]]:
    table = checked.table(stage)
    left_out = LeftOut(plan_stage(checked.migration, stage, table, checked.resources), fields)
    located = teller(checked.migration.sources[stage.source], checked.tables[stage.source])
    why = () if stage.where is None else (_why(stage.where),)
    for first, rows in read_all(table, AT_ONCE):
        for index, key, record in left_out.of(rows):
            if is_wanted(record):
                at = located(first + rows.place(index), rows.rows[index])
                yield record, FoundRecord(stage.name, key, at.told, "filtered", why, why)


def _why(where: Expression) -> str:
    words = "`where` is not true of it ({place}): {expression}"
    return said(words, place=str(where.place), expression=" ".join(where.text.split()))


@contextmanager
def left_out_rows(mapping: Path | None, workspace: Path | None, package: Package) -> Iterator[LeftOutRows]:
    """The rows that the package does not have. Asks no server, and opens nothing where nothing can have been left out."""
    with ExitStack() as opened:
        try:
            found = _look(mapping, workspace, package, opened)
        except EtlError as error:
            found = LeftOutRows(notes=[_not_looked(_first_line(error))])
        yield found


def _look(mapping: Path | None, workspace: Path | None, package: Package, opened: ExitStack) -> LeftOutRows:
    if mapping is None:
        return LeftOutRows(notes=[_not_looked(said("name the mapping"))])
    counts = {one.name: one.counts for one in package.stages}
    with load_mapping(mapping, opens=Opens.NOTHING) as unopened:
        names = {one.name for one in unopened.migration.stages if one.where is not None} & counts.keys()
    if not names:
        return LeftOutRows()
    checked = opened.enter_context(opened_again(mapping, workspace))
    stages = [one for one in checked.migration.stages if one.name in names]
    away = {one.name: why for one in stages if (why := what_is_away(checked, one))}
    notes = [_not_looked(why, name) for name, why in away.items()]
    there = [one for one in stages if one.name not in away]
    if not there:
        return LeftOutRows(notes=notes)
    ready = with_rows(checked, there)
    changed = list(changed_since(package.manifest, ready, [one.name for one in there]))
    words = "{name} has changed since this package was made: what `where` leaves out is told as it is now"
    notes += [said(words, name=name) for name in changed]
    return LeftOutRows(ready, [one for one in there if changed or counts[one.name].filtered], notes)
