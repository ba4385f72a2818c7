"""What a command did, for people (a table) and for programs (one JSON object)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from etl.findings import Heading, Sentence, joined, said
from etl.records import as_dict
from etl.terminal import plain_json, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from etl.journal.status import StageStatus


class StageSummary(Struct, frozen=True):
    """What became of one stage's rows, and of its records at Omnitron.

    read  = filtered + rejected + held + merged + valid; among them `corrected`, which a person has mended
    valid = uploaded + already + failed + changed + waiting + refused + unknown

    Of those that wait, `unsettled` may still change, and `held_back` wait for a record that has not arrived. `gone` were
    uploaded from another package and are not in this one; `elsewhere` are not in it either, and failed, or nobody knows.
    """

    name: str
    read: int = 0
    filtered: int = 0
    rejected: int = 0
    held: int = 0
    valid: int = 0
    uploaded: int = 0
    already: int = 0
    failed: int = 0
    changed: int = 0
    waiting: int = 0
    refused: int = 0
    unknown: int = 0
    batches: int = 0
    unsettled: int = 0
    held_back: int = 0
    gone: int = 0
    elsewhere: int = 0
    merged: int = 0
    corrected: int = 0


class KindSummary(Struct, frozen=True):
    """Problems of one stage, field and rule; for a lookup, of one missing entry.

    fate       rejected or held; warned, for what is sent
    rows       the first rows that have it, as their source names them
    examples   sentences about the first of them
    cut        that these are of several entries, which are too many to be told apart
    """

    stage: str
    fate: str
    field: str | None
    rule: str
    entry: str | None
    severity: str
    count: int
    rows: Sequence[int | str]
    examples: Sequence[str]
    cut: bool = False


class Summary(Struct, frozen=True):
    """What became of a migration. `package` is its folder, `target` the name of the one it was sent to; if there is one.

    `problems` are lines for people (findings.Sentence), of the commonest kinds; `kinds` are all of them. `warnings` are
    lines, too: of what is odd, and is sent all the same. `snapshot` is the one whose rows these are; `not_known` are
    sources that were not opened. `notes` are lines of what was found out, and of what could not be.
    """

    migration: str
    package: str | None
    ok: bool
    stages: Sequence[StageSummary] = ()
    problems: Sequence[str] = ()
    kinds: Sequence[KindSummary] = ()
    target: str | None = None
    warnings: Sequence[str] = ()
    snapshot: str | None = None
    not_known: Sequence[str] = ()
    notes: Sequence[str] = ()

    def saying(self, problems: Sequence[str]) -> Summary:
        """The same with its problems in other words."""
        return replace(self, problems=problems)

    def as_json(self, **more: object) -> str:
        """The object of --json, with what a command has to say besides."""
        return plain_json({**as_dict(self), **more})


ALWAYS = ("read", "filtered", "rejected", "held", "valid", "uploaded", "failed")
WITH_MERGED = (*ALWAYS[:4], "merged", *ALWAYS[4:])
WHEN_THERE_ARE = ("already", "changed", "waiting", "unsettled", "refused", "unknown", "gone", "elsewhere", "corrected")
COLOURED = ("rejected", "held", "failed", "refused", "unknown", "elsewhere")


def print_summary(console: Console, summary: Summary) -> None:
    """The table of stages, then where the package lies."""
    always = WITH_MERGED if any(stage.merged for stage in summary.stages) else ALWAYS
    print_counts(console, said("Migration {name}", name=summary.migration), summary.stages, always)
    lines = []
    if summary.package:
        page = str(Path(summary.package) / "report.html")
        lines += [said("Package: {path}", path=summary.package), said("Report: {path}", path=page)]
    if summary.target:
        lines.append(said("Target: {name}", name=summary.target))
    for line in lines:
        console.print(visible(line), soft_wrap=True, highlight=False, markup=False)


def print_line(console: Console, line: str) -> None:
    """A line stays one, whatever a name in it holds."""
    console.print(visible(line), soft_wrap=True, markup=False)


def print_counts(
    console: Console, title: str, stages: Sequence[StageSummary | StageStatus], always: Sequence[str]
) -> None:
    """A table of counts, a line for each stage. Columns in which there is nothing are left out, and no number is cut."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=title, title_justify="left")
    table.add_column(Heading("stage"), no_wrap=True)
    columns = [
        *always,
        *(name for name in WHEN_THERE_ARE if name not in always and any(getattr(one, name, 0) for one in stages)),
    ]
    for name in columns:
        table.add_column(Heading(name), justify="right", no_wrap=True)
    for stage in stages:
        table.add_row(stage.name, *(_cell(name, getattr(stage, name, 0)) for name in columns))
    print_whole(console, table)


def print_whole(console: Console, table: Table) -> None:
    """A table as wide as its figures need, however wide the terminal is."""
    from rich.measure import Measurement
    from rich.segment import Segments

    options = console.options.update(max_width=1000)
    wide = console.options.update(width=max(console.width, Measurement.get(console, options, table).maximum))
    # `print(width=)` is never wider than the terminal, and would cut numbers to fit.
    console.print(Segments(console.render(table, wide)), crop=False, end="")


def _cell(column: str, number: int) -> Sentence:
    """Numbers grouped by thousands; what needs a look is coloured, where the terminal has colours."""
    written = said("{count:,}", count=number)
    return joined("", ["[yellow]", written, "[/]"]) if number and column in COLOURED else written
