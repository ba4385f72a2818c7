"""The rejected and held records of a package in a few lines: how many for which reason, and an example of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from etl.package import Held, Package, PackagedStage, Reject
from etl.report.mask import mask_keys, mask_reason

MOST_LOOKED_AT = 10_000
MOST_SHOWN = 8


def reject_line(reject: Reject, *, show_data: bool) -> str:
    """customers.csv row 87, field 'phone': '0***' is not a Turkish mobile number"""
    field = f", field '{reject.field}'" if reject.field else ""
    reason = reject.reason if show_data else mask_reason(reject.field, reject.reason)
    return f"{reject.source} row {reject.row}{field}: {reason}"


def held_line(held: Held, *, show_data: bool) -> str:
    reason = held.reason if show_data else mask_keys(held.reason)
    return f"{held.source} row {held.row}, field '{held.field}': held, because {reason}"


def data_problems(package: Package, *, show_data: bool = False) -> list[str]:
    """A line for each kind of problem of each stage: the first such row, and how many more there are."""
    return [line for stage in package.stages for line in _stage_lines(package, stage, show_data)]


def _stage_lines(package: Package, stage: PackagedStage, show_data: bool) -> list[str]:
    rejects = islice(package.rejects(stage), MOST_LOOKED_AT)
    held = islice(package.held(stage), MOST_LOOKED_AT)
    lines = _grouped([((one.field or "", _kind(one)), reject_line(one, show_data=show_data)) for one in rejects])
    lines += _grouped([((one.field, one.parent_fate), held_line(one, show_data=show_data)) for one in held])
    return [f"{stage.name}: {line}" for line in lines]


def _kind(reject: Reject) -> str:
    """Reasons that differ only in what they quote or count are one kind."""
    return " ".join(word for word in reject.reason.split() if word.isalpha())


def _grouped(found: Iterable[tuple[tuple[str, str], str]]) -> list[str]:
    first: dict[tuple[str, str], str] = {}
    count: Counter[tuple[str, str]] = Counter()
    for kind, line in found:
        first.setdefault(kind, line)
        count[kind] += 1
    return [_with_count(first[kind], number) for kind, number in count.most_common(MOST_SHOWN)]


def _with_count(line: str, number: int) -> str:
    return line if number == 1 else f"{line} (and {number - 1:,} more like it)"


def files_of(package: Package) -> Sequence[str]:
    """Where the whole lists lie."""
    return [
        str(package.path / entry.file)
        for stage in package.stages
        for entry in (stage.rejects, stage.held)
        if entry.records
    ]
