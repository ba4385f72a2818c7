"""The rejected and held records of a package by kind: on screen the commonest in a line each, as data all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from etl.findings import BECAUSE, PROBLEM
from etl.model import Locator
from etl.package import Package, PackagedStage, ProblemExample, ProblemKind
from etl.personal import mask_known, mask_text
from etl.report.catalogue import ENGLISH, Catalogue
from etl.report.summary import KindSummary

SHOWN = 8
"""Kinds of a stage that have a line of their own on screen: as many of rejected and as many of held records."""

NAMED = 12
"""Further kinds that are named in one line."""


def data_problems(package: Package, *, show_data: bool = False) -> list[str]:
    """A line for each of the commonest kinds of each stage, and one that names those that are left out."""
    return [f"{stage.name}: {line}" for stage in package.stages for line in _stage_lines(package, stage, show_data)]


def data_warnings(package: Package) -> list[str]:
    """migration.yaml:7:3: ... of the mapping and its sources; then orders: `where` leaves out every row"""
    found = [(stage, kind) for stage in package.stages for kind in package.kinds(stage) if kind.severity != PROBLEM]
    of_records = [f"{stage.name}: {kind.examples[0].reason}{_rows(kind)}" for stage, kind in found]
    return [*package.manifest.warnings, *of_records]


def _rows(kind: ProblemKind) -> str:
    """(rows 3, 7 and 12 more)"""
    if not kind.rows:
        return ""
    named = ", ".join(map(str, kind.rows[:FEW]))
    further = f" and {kind.count - FEW:,} more" if kind.count > FEW else ""
    return f" ({'row' if kind.count == 1 else 'rows'} {named}{further})"


FEW = 5


def kinds_of(package: Package, *, show_data: bool = False, catalogue: Catalogue = ENGLISH) -> list[KindSummary]:
    """Every kind of every stage."""
    return [_summary(stage, kind, show_data, catalogue) for stage in package.stages for kind in package.kinds(stage)]


def _stage_lines(package: Package, stage: PackagedStage, show_data: bool) -> Iterator[str]:
    further = []
    problems = [kind for kind in package.kinds(stage) if kind.severity == PROBLEM]
    for _, kinds in groupby(problems, key=attrgetter("fate")):
        for kind in islice(kinds, SHOWN):
            yield _with_count(kind_line(kind, show_data=show_data), kind.count)
        further += list(kinds)
    if further:
        named = ", ".join(_named(kind, show_data) for kind in further[:NAMED])
        more = f", and {len(further) - NAMED:,} more (--json lists them)" if len(further) > NAMED else ""
        yield f"and {len(further):,} {'kind' if len(further) == 1 else 'kinds'} more: {named}{more}"


def kind_line(kind: ProblemKind, *, show_data: bool, catalogue: Catalogue = ENGLISH) -> str:
    """customers.csv row 87, field 'phone': '0***' is not a Turkish mobile number"""
    first = kind.examples[0]
    field = f", field '{kind.field}'" if kind.field else ""
    held = "held, because " if kind.fate == "held" else ""
    return f"{place_of(first)}{field}: {held}{_sentence(first, show_data, catalogue)}"


def place_of(example: ProblemExample) -> Locator:
    return Locator(example.source, example.row, example.place)


def _sentence(example: ProblemExample, show_data: bool, catalogue: Catalogue = ENGLISH) -> str:
    masked = not show_data and (example.personal or _tells(example.parts))
    # What was made of the value itself: of the value as JSON has it, the sentence could read a little differently.
    if not masked and catalogue is ENGLISH:
        return example.reason
    return catalogue.say(example.words, example.parts, masked=masked, personal=example.personal)


def _tells(parts: Mapping[str, Any]) -> bool:
    """Whether a plain field's problem quotes what is personal all the same."""
    if BECAUSE in parts:
        return _tells(parts[BECAUSE]["parts"])
    return any(mask_known(part) != part for part in parts.values())


def _with_count(line: str, number: int) -> str:
    return line if number == 1 else f"{line} (and {number - 1:,} more like it)"


def _named(kind: ProblemKind, show_data: bool) -> str:
    """field 'status' (lookup 'X'): 12"""
    if kind.field is None:
        return f"whole rows ({kind.rule}): {kind.count:,}"
    return f"field '{kind.field}' ({_rule(kind, show_data)}): {kind.count:,}"


def _rule(kind: ProblemKind, show_data: bool) -> str:
    name = kind.rule.removeprefix("function:")
    if kind.cut:
        return f"{name}, further entries"
    return name if kind.entry is None else f"{name} {_entry(kind, show_data)!r}"


def _entry(kind: ProblemKind, show_data: bool) -> str | None:
    if show_data or kind.entry is None:
        return kind.entry
    return mask_text(kind.entry) if kind.examples[0].personal else str(mask_known(kind.entry))


def _summary(stage: PackagedStage, kind: ProblemKind, show_data: bool, catalogue: Catalogue) -> KindSummary:
    return KindSummary(
        stage.name, kind.fate, kind.field, kind.rule, _entry(kind, show_data), kind.severity, kind.count, kind.rows,
        [_sentence(one, show_data, catalogue) for one in kind.examples], kind.cut,
    )  # fmt: skip


def files_of(package: Package) -> Sequence[str]:
    """Where the whole lists lie."""
    return [
        str(package.path / entry.file)
        for stage in package.stages
        for entry in (stage.rejects, stage.held)
        if entry.records
    ]
