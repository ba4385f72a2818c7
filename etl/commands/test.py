"""The mapping's own tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from etl.commands.coverage import Footprints
from etl.commands.given_rows import table_of_cells, table_of_sources
from etl.commands.keeping import latest_kept
from etl.commands.lists import kept_lists
from etl.commands.selecting import Meant, all_of_them
from etl.errors import SourceError
from etl.extract import read_all
from etl.findings import Finding
from etl.geography import fold
from etl.mapping import Checked, Opens, load_mapping, require
from etl.mapping.geography_checks import asks_for_places
from etl.model import Case, MappingTest, Migration, Stage, Table
from etl.places import workspace_of
from etl.prepare.plan import plan_stage
from etl.prepare.program import Outcome, Program
from etl.report.tested import Coverage, Mismatch, Tested, TestResult
from etl.terminal import plain_json

Seconds = Callable[[], float]
"""A clock that tells how long something took."""


def test(mapping: Path, workspace: Path | None = None) -> list[TestResult]:  # noqa: PT028 - it tests a mapping
    """Run the mapping's own `tests:`. Opens no source: what a test gives are the columns, and any other is blank."""
    return list(run_own_tests(mapping, workspace).results)


def run_own_tests(
    mapping: Path,
    workspace: Path | None = None,
    meant: Meant = all_of_them,
    clock: Seconds = time.monotonic,
    *,
    coverage: bool = False,
) -> Tested:
    """The same of the tests that are meant, by stage and name; with `coverage`, what they reach of the mapping, too."""
    lists = kept_lists(workspace_of(mapping, workspace))
    with load_mapping(mapping, opens=Opens.LOOKUPS, kept=latest_kept(mapping, workspace), lists=lists) as checked:
        migration = require(checked, upload=False)
        bench = _Bench(checked, Footprints() if coverage else None)
        results: list[TestResult] = []
        for number, test in enumerate(migration.tests, 1):
            named = [(_name(test, number, at), case) for at, case in enumerate(test.cases, 1)]
            chosen = [(name, case) for name, case in named if meant(f"{test.stage} {name}")]
            results += _timed(bench.run(test, chosen), clock) if chosen else ()
        reached = bench.coverage()
    return Tested(migration.name, tuple(results), _cases(migration) - len(results), reached)


def _cases(migration: Migration) -> int:
    return sum(len(test.cases) for test in migration.tests)


def _name(test: MappingTest, number: int, at: int) -> str:
    name = test.name or f"test {number} ({test.stage})"
    return f"{name} [{at}]" if test.tabled else name


def _timed(results: Iterator[TestResult], clock: Seconds) -> Iterator[TestResult]:
    begun = clock()
    for one in results:
        now = clock()
        yield one.after(now - begun)
        begun = now


NamedCase = tuple[str, Case]


class Bed(Struct, frozen=True):
    """A compiled stage, and who sees the rows that it is given. `places`: its fields that are in the channel's own spelling."""

    program: Program
    seen: Callable[[Sequence[Any]], None] | None
    places: frozenset[str]

    def outcome(self, row: Sequence[Any]) -> Outcome:
        if self.seen is not None:
            self.seen(row)
        return self.program.outcome(row)


class _Bench(Struct):
    """Compiled stages, each when it is first asked for. `trail`: what their rows reach, when that is asked for."""

    checked: Checked
    trail: Footprints | None
    programs: dict[str, Bed] = field(default_factory=dict)

    def run(self, test: MappingTest, chosen: Sequence[NamedCase]) -> Iterator[TestResult]:
        stage = self.checked.migration.stage(test.stage)
        if test.sources:
            yield from self._on_sources(stage, test, chosen)
            return
        bed = self._of_cells(stage)
        for name, case in chosen:
            row = [case.given.get(column, "") for column in bed.program.plan.header.columns]
            yield _result(test, name, case, mismatches(bed.outcome(row), case.expect, test, bed.places))

    def coverage(self) -> Coverage | None:
        """Of all stages, also of those that no test is of."""
        if self.trail is None:
            return None
        for stage in self.checked.migration.stages:
            self._of_cells(stage)
        return self.trail.coverage(self.checked)

    def _of_cells(self, stage: Stage) -> Bed:
        if stage.name not in self.programs:
            self.programs[stage.name] = self._bed(stage, table_of_cells(self.checked.migration, stage))
        return self.programs[stage.name]

    def _bed(self, stage: Stage, table: Table) -> Bed:
        program = Program(plan_stage(self.checked.migration, stage, table, self.checked.resources))
        seen = None if self.trail is None else partial(self.trail.sees, self.trail.knows(program))
        return Bed(program, seen, frozenset(name for name, one in stage.fields.items() if asks_for_places(one)))

    def _on_sources(self, stage: Stage, test: MappingTest, chosen: Sequence[NamedCase]) -> Iterator[TestResult]:
        try:
            with table_of_sources(self.checked.migration, stage, test) as table:
                bed = self._bed(stage, table)
                outcomes = [bed.outcome(row) for _, rows in read_all(table) for row in rows.rows]
        except SourceError as error:
            yield from (_result(test, name, case, [Mismatch(None, str(error))]) for name, case in chosen)
            return
        for name, case in chosen:
            yield _result(test, name, case, _of_rows(outcomes, case, test, bed.places))


def _result(test: MappingTest, name: str, case: Case, found: Iterator[Mismatch] | Sequence[Mismatch]) -> TestResult:
    given = {column: plain_json(value) for column, value in case.given.items()}
    return TestResult(name, str(case.place), test.stage, given, tuple(found))


def _of_rows(outcomes: Sequence[Outcome], case: Case, test: MappingTest, places: frozenset[str]) -> Iterator[Mismatch]:
    """Of a case on sources: in a table it is of one row that the stage reads, otherwise of all of them."""
    if test.tabled and len(outcomes) != len(test.cases):
        yield Mismatch(None, f"the stage reads {_rows(len(outcomes))}, and the test has {_rows(len(test.cases))}")
    elif test.tabled:
        yield from mismatches(outcomes[test.cases.index(case)], case.expect, test, places)
    elif not outcomes:
        yield Mismatch(None, "the stage reads no row of these sources")
    else:
        for number, outcome in enumerate(outcomes, 1):
            found = mismatches(outcome, case.expect, test, places)
            yield from (one.of_row(number) for one in found) if len(outcomes) > 1 else found


def _rows(number: int) -> str:
    return f"{number} row{'' if number == 1 else 's'}"


def mismatches(
    outcome: Outcome, expect: Mapping[str, object] | None, test: MappingTest, places: frozenset[str]
) -> Iterator[Mismatch]:
    """What became of a row, held against what the test says of it."""
    if test.filtered or outcome.filtered:
        if test.filtered != outcome.filtered:
            yield Mismatch(None, "the row is not filtered" if test.filtered else "the row is filtered")
    elif test.reject:
        yield from _of_rejects(outcome, test.reject)
    else:
        yield from _of_fields(outcome, expect or {}, places)


def _of_rejects(outcome: Outcome, reject: Sequence[str]) -> Iterator[Mismatch]:
    named = {finding.field for finding in outcome.findings}
    made = outcome.record or outcome.partial
    for name in reject:
        if name not in named:
            is_ = f", it is {plain_json(made[name])}" if name in made else ""
            yield Mismatch(name, f"'{name}' is not rejected{is_}")
    for one in outcome.findings:
        if one.field not in reject:
            yield Mismatch(one.field, f"rejected for {one.field or 'the row'}: {one.reason}")


def _of_fields(outcome: Outcome, expect: Mapping[str, Any], places: frozenset[str]) -> Iterator[Mismatch]:
    """A test row gives the columns that matter: only the fields it expects have to be right.

    How a channel spells its places is nothing that a mapping's test can know: they are compared as they are looked for.
    """
    made = outcome.record or outcome.partial
    told: dict[str, list[Finding]] = {name: [] for name in expect}
    for one in outcome.findings:
        told.get((one.field or "").split(".")[0], []).append(one)
    for name, wanted in expect.items():
        expected = plain_json(wanted)
        is_as_wanted = _same_place if name in places else _equal
        if name in made and not is_as_wanted(made[name], wanted):
            found = plain_json(made[name])
            yield Mismatch(name, f"'{name}' is {found}, expected {expected}", expected, found)
        yield from (Mismatch(name, f"{one.field}: {one.reason}", expected) for one in told[name])
        if name not in made and not told[name]:
            # Of a row whose `where` cannot be computed no field is.
            why = "; ".join(f"{one.field}: {one.reason}" for one in outcome.findings)
            yield Mismatch(name, f"'{name}' is not made: {why}", expected)


def _same_place(one: Any, other: Any) -> bool:
    return fold(one) == fold(other) if isinstance(one, str) and isinstance(other, str) else _equal(one, other)


def _equal(one: Any, other: Any) -> bool:
    """As JSON has them: 1 and 1.0 are one number, and true is none."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
