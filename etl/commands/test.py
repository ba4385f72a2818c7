"""The mapping's own tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from etl.commands.keeping import latest
from etl.commands.settings import Settings
from etl.extract import KINDS, Snapshot, numbered, read_columns
from etl.mapping import Opens, load_mapping, require
from etl.mapping.kept import servers_used
from etl.mapping.templates import columns_used
from etl.model import Migration, Part, Stage, Table
from etl.places import workspace_of
from etl.prepare.program import Outcome, Program, plan_stage


@dataclass(frozen=True, slots=True)
class TestResult:
    """One of the mapping's tests: its name, where it stands, and what was not as expected (nothing: it passed)."""

    name: str
    place: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GivenTable:
    """The columns that a stage's expressions and tests name, and no row."""

    header: tuple[str, ...]
    text_only: bool
    first_row: int = 1

    def parts(self, rows: int) -> Iterator[Part]:
        return iter(())


def given_table(migration: Migration, stage: Stage) -> Table:
    source = migration.sources[stage.source]
    used = columns_used([stage])[stage.source]
    given = {name for test in migration.tests if test.stage == stage.name for name in test.given}
    header = sorted(read_columns(source, used | given))
    return numbered(GivenTable(tuple(header), KINDS[source.kind].text_only), source, used | given)


def test(mapping: Path, workspace: Path | None = None) -> list[TestResult]:  # noqa: PT028 - it tests a mapping
    """Run the mapping's own `tests:`. Opens no source: what a test gives are the columns, and any other is blank."""

    def known(migration: Migration) -> Snapshot | None:
        return latest(Settings(workspace_of(mapping, workspace)), migration) if servers_used(migration) else None

    with load_mapping(mapping, opens=Opens.LOOKUPS, kept=known) as checked:
        migration = require(checked, upload=False)
        programs = {
            stage.name: Program(plan_stage(migration, stage, given_table(migration, stage), checked.resources))
            for stage in migration.stages
        }
    results = []
    for number, test in enumerate(migration.tests, 1):
        program = programs[test.stage]
        row = [test.given.get(column, "") for column in program.plan.header.columns]
        outcome = program.outcome(row)
        differences = _differences(outcome, test.expect, test.reject, test.filtered)
        results.append(TestResult(test.name or f"test {number} ({test.stage})", str(test.place), tuple(differences)))
    return results


def _differences(
    outcome: Outcome, expect: Mapping[str, object] | None, reject: tuple[str, ...], filtered: bool
) -> Iterator[str]:
    found = [f"{finding.field}: {finding.reason}" for finding in outcome.findings]
    if filtered or outcome.filtered:
        if filtered != outcome.filtered:
            yield "the row is not filtered" if filtered else "the row is filtered"
        return
    if reject:
        named = {finding.field for finding in outcome.findings}
        yield from (f"'{name}' is not rejected" for name in reject if name not in named)
        yield from (
            f"rejected for {line}" for f, line in zip(outcome.findings, found, strict=True) if f.field not in reject
        )
        return
    made = outcome.record or outcome.partial
    for name, wanted in (expect or {}).items():
        if name not in made:
            continue
        if made[name] != wanted or type(made[name]) is not type(wanted):
            yield f"'{name}' is {made[name]!r}, expected {wanted!r}"
    # A test row gives the columns that matter: only the fields it expects have to be right.
    yield from (line for f, line in zip(outcome.findings, found, strict=True) if f.field in (expect or {}))
