"""The rejected and held records of a package by kind: on screen the commonest in a line each, as data all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from etl.findings import BECAUSE, PROBLEM
from etl.model import Locator
from etl.package import Package, PackagedStage, ProblemExample, ProblemKind
from etl.personal import mask_known, mask_text
from etl.report.catalogue import ENGLISH, Catalogue
from etl.report.summary import KindSummary

_BETWEEN_PLACES = re.compile(r"( / |: )")

SHOWN, NAMED = (8, 5, 3, 2, 1), (12, 8, 5, 4, 3)
"""Kinds of a stage that have a line of their own on screen (as many of rejected and as many of held records), and further ones
that are named in one line: the first of each, or so few of the next ones that a screen has room for all lines."""

ROOM, WIDTH = 30, 80
"""Lines of a screen that there are for it, and how wide they are: below stands the table of stages."""


def data_problems(package: Package, *, show_data: bool = False) -> list[str]:
    """A line for each of the commonest kinds of each stage, and one that names those that are left out: on one screen."""
    found = {stage.name: like_kinds(_problems(package, stage)) for stage in package.stages}
    lines: list[str] = []
    for shown, named in zip(SHOWN, NAMED, strict=True):
        lines = [
            f"{stage}: {line}"
            for stage, kinds in found.items()
            for line in _stage_lines(kinds, show_data, shown, named)
        ]
        if sum(-(-len(line) // WIDTH) for line in lines) <= ROOM:
            break
    return lines


def _problems(package: Package, stage: PackagedStage) -> Iterator[ProblemKind]:
    return (kind for kind in package.kinds(stage) if kind.severity == PROBLEM)


@dataclass(frozen=True, slots=True)
class LikeKinds:
    """Kinds of one fate, field and rule, which differ in the entry that a lookup lacks: the commonest, and the others."""

    first: ProblemKind
    others: tuple[ProblemKind, ...] = ()

    @property
    def count(self) -> int:
        return self.first.count + sum(one.count for one in self.others)


APART = 3
"""As many missing entries of a field have a line each; more of them have one line together."""


def like_kinds(kinds: Iterable[ProblemKind]) -> list[LikeKinds]:
    """Problems, those of rejected rows first, and of each fate the commonest first."""
    found: dict[object, list[ProblemKind]] = {}
    for number, kind in enumerate(kinds):
        has_entry = kind.entry is not None or kind.cut
        found.setdefault((kind.fate, kind.field, kind.rule) if has_entry else number, []).append(kind)
    together = [
        one
        for group in found.values()
        for one in ([_together(group)] if len(group) > APART else [LikeKinds(kind) for kind in group])
    ]
    return sorted(together, key=lambda one: (one.first.fate != "rejected", -one.count))


def _together(group: Sequence[ProblemKind]) -> LikeKinds:
    first, *others = sorted(group, key=lambda kind: kind.cut)  # what was cut is of no one entry
    return LikeKinds(first, tuple(others))


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


def _stage_lines(found: Sequence[LikeKinds], show_data: bool, most: int, named: int) -> Iterator[str]:
    further: list[LikeKinds] = []
    for _, group in groupby(found, key=lambda one: one.first.fate):
        for one in islice(group, most):
            yield _with_count(kind_line(one.first, show_data=show_data), one)
        further += list(group)
    if further:
        names = ", ".join(_named(one, show_data) for one in further[:named])
        more = f", and {len(further) - named:,} more (--json lists them)" if len(further) > named else ""
        yield f"and {len(further):,} {'kind' if len(further) == 1 else 'kinds'} more: {names}{more}"


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


def _with_count(line: str, found: LikeKinds) -> str:
    number = found.first.count
    more = [f"and {number - 1:,} more like it"] if number > 1 else []
    if found.others:
        rows = found.count - number
        more.append(f"and {rows:,} rows with {_entries(found.others)} other entries that it lacks (--json lists them)")
    return f"{line} ({'; '.join(more)})" if more else line


def _entries(kinds: Sequence[ProblemKind]) -> str:
    """How many entries these are of: more than so many, where not all were told apart."""
    return f"more than {len(kinds) - 1:,}" if any(one.cut for one in kinds) else f"{len(kinds):,}"


def _named(found: LikeKinds, show_data: bool) -> str:
    """field 'status' (lookup 'X'): 12"""
    kind = found.first
    if kind.field is None:
        return f"whole rows ({kind.rule}): {kind.count:,}"
    others = f" and {_entries(found.others)} others" if found.others else ""
    return f"field '{kind.field}' ({_rule(kind, show_data)}{others}): {found.count:,}"


def _rule(kind: ProblemKind, show_data: bool) -> str:
    name = kind.rule.removeprefix("function:")
    if kind.cut:
        return f"{name}, further entries"
    return name if kind.entry is None else f"{name} {_entry(kind, show_data)!r}"


def _entry(kind: ProblemKind, show_data: bool) -> str | None:
    if show_data or kind.entry is None:
        return kind.entry
    if kind.examples[0].personal:
        return mask_text(kind.entry)
    # An entry of places is several: 'township: Türkiye / İstanbul / Moda'.
    return "".join(str(mask_known(part)) for part in _BETWEEN_PLACES.split(kind.entry))


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
