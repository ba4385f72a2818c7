"""The rejected and held records of a package by kind: on screen the commonest in a line each, as data all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

from msgspec import Struct

from etl.findings import BECAUSE, PROBLEM, Sentence, joined, masked_sentence, said
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


def data_problems(package: Package, *, show_data: bool = False) -> list[Sentence]:
    """A line for each of the commonest kinds of each stage, and one that names those that are left out: on one screen."""
    found = {stage.name: like_kinds(_problems(package, stage)) for stage in package.stages}
    lines: list[Sentence] = []
    for shown, named in zip(SHOWN, NAMED, strict=True):
        lines = [
            said("{stage}: {line}", stage=stage, line=line)
            for stage, kinds in found.items()
            for line in _stage_lines(kinds, show_data, shown, named)
        ]
        if sum(-(-len(line) // WIDTH) for line in lines) <= ROOM:
            break
    return lines


def _problems(package: Package, stage: PackagedStage) -> Iterator[ProblemKind]:
    return (kind for kind in package.kinds(stage) if kind.severity == PROBLEM)


class LikeKinds(Struct, frozen=True):
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
    """Of the mapping and its sources, then of records."""
    found = [(stage, kind) for stage in package.stages for kind in package.kinds(stage) if kind.severity != PROBLEM]
    return [*package.manifest.warnings, *(_warning(stage, kind) for stage, kind in found)]


def _warning(stage: PackagedStage, kind: ProblemKind) -> Sentence:
    """orders: `where` leaves out every row (rows 3, 7 and 12 more)"""
    why = _sentence(kind.examples[0], show_data=True)
    parts = {"stage": stage.name, "why": why, "rows": ", ".join(map(str, kind.rows[:FEW])), "further": kind.count - FEW}
    if not kind.rows:
        return said("{stage}: {why}", **parts)
    if kind.count > FEW:
        return said("{stage}: {why} (rows {rows} and {further:,} more)", **parts)
    return said("{stage}: {why} (row {rows})" if kind.count == 1 else "{stage}: {why} (rows {rows})", **parts)


FEW = 5


def kinds_of(package: Package, *, show_data: bool = False, catalogue: Catalogue = ENGLISH) -> list[KindSummary]:
    """Every kind of every stage."""
    return [_summary(stage, kind, show_data, catalogue) for stage in package.stages for kind in package.kinds(stage)]


def _stage_lines(found: Sequence[LikeKinds], show_data: bool, most: int, named: int) -> Iterator[Sentence]:
    further: list[LikeKinds] = []
    for _, group in groupby(found, key=lambda one: one.first.fate):
        for one in islice(group, most):
            yield _with_count(kind_line(one.first, show_data=show_data), one)
        further += list(group)
    if further:
        yield _further(len(further), joined(", ", (_named(one, show_data) for one in further[:named])), named)


def _further(count: int, kinds: Sentence, named: int) -> Sentence:
    if count > named:
        words = "and {count:,} kinds more: {kinds}, and {further:,} more (--json lists them)"
        return said(words, count=count, kinds=kinds, further=count - named)
    words = "and {count:,} kind more: {kinds}" if count == 1 else "and {count:,} kinds more: {kinds}"
    return said(words, count=count, kinds=kinds)


def kind_line(kind: ProblemKind, *, show_data: bool) -> Sentence:
    """customers.csv row 87, field 'phone': '0***' is not a Turkish mobile number"""
    first = kind.examples[0]
    parts = {"place": place_of(first).told, "field": kind.field, "why": _sentence(first, show_data)}
    if kind.fate == "held":
        words = "{place}, field '{field}': held, because {why}" if kind.field else "{place}: held, because {why}"
    else:
        words = "{place}, field '{field}': {why}" if kind.field else "{place}: {why}"
    return said(words, **parts)


def place_of(example: ProblemExample) -> Locator:
    return Locator(example.source, example.row, example.place)


def _sentence(example: ProblemExample, show_data: bool) -> Sentence:
    if not show_data and (example.personal or _tells(example.parts)):
        return masked_sentence(example.words, example.parts, personal=example.personal)
    # What was made of the value itself: of the value as JSON has it, the sentence could read a little differently.
    return Sentence(example.reason, example.words, example.parts)


def _tells(parts: Mapping[str, Any]) -> bool:
    """Whether a plain field's problem quotes what is personal all the same."""
    if BECAUSE in parts:
        return _tells(parts[BECAUSE]["parts"])
    return any(mask_known(part) != part for part in parts.values())


def _with_count(line: Sentence, found: LikeKinds) -> Sentence:
    number = found.first.count
    more = [said("and {count:,} more like it", count=number - 1)] if number > 1 else []
    if found.others:
        words = "and {rows:,} rows with {entries} other entries that it lacks (--json lists them)"
        more.append(said(words, rows=found.count - number, entries=_entries(found.others)))
    return said("{line} ({more})", line=line, more=joined("; ", more)) if more else line


def _entries(kinds: Sequence[ProblemKind]) -> Sentence:
    """How many entries these are of: more than so many, where not all were told apart."""
    cut = any(one.cut for one in kinds)
    return said("more than {count:,}" if cut else "{count:,}", count=len(kinds) - cut)


def _named(found: LikeKinds, show_data: bool) -> Sentence:
    """field 'status' (lookup 'X'): 12"""
    kind = found.first
    if kind.field is None:
        return said("whole rows ({rule}): {count:,}", rule=kind.rule, count=kind.count)
    parts = {"field": kind.field, "rule": _rule(kind, show_data), "count": found.count}
    if found.others:
        return said("field '{field}' ({rule} and {others} others): {count:,}", others=_entries(found.others), **parts)
    return said("field '{field}' ({rule}): {count:,}", **parts)


def _rule(kind: ProblemKind, show_data: bool) -> str:
    name = kind.rule.removeprefix("function:")
    if kind.cut:
        return said("{rule}, further entries", rule=name)
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
        [catalogue.tell(_sentence(one, show_data)) for one in kind.examples], kind.cut,
    )  # fmt: skip


def files_of(package: Package) -> Sequence[str]:
    """Where the whole lists lie."""
    return [
        str(package.path / entry.file)
        for stage in package.stages
        for entry in (stage.rejects, stage.held)
        if entry.records
    ]
