"""What a command did, for people (a table) and for programs (one JSON object)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class StageSummary:
    """What became of one stage. `uploaded` and `errors` are what Omnitron said.

    `already` counts valid records that an earlier run uploaded, and that are not sent again.
    """

    name: str
    read: int = 0
    filtered: int = 0
    rejected: int = 0
    held: int = 0
    valid: int = 0
    uploaded: int = 0
    errors: int = 0
    batches: int = 0
    already: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a migration. `package` is its folder, `target` the name of the one it was sent to; if there is one."""

    migration: str
    package: str | None
    ok: bool
    stages: Sequence[StageSummary] = ()
    problems: Sequence[str] = ()
    target: str | None = None

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


COLUMNS = ("read", "filtered", "rejected", "held", "valid", "uploaded", "errors")


def print_summary(console: Console, summary: Summary) -> None:
    """The table of stages, then where the package lies."""
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=f"Migration {summary.migration}", title_justify="left"
    )
    columns = [*COLUMNS, "already"] if any(stage.already for stage in summary.stages) else COLUMNS
    table.add_column("stage", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for stage in summary.stages:
        table.add_row(stage.name, *(_cell(name, getattr(stage, name)) for name in columns))
    console.print(table)
    if summary.package:
        console.print(f"Package: {summary.package}", soft_wrap=True, highlight=False, markup=False)
    if summary.target:
        console.print(f"Target: {summary.target}", soft_wrap=True, highlight=False, markup=False)


def _cell(column: str, number: int) -> str:
    """Numbers grouped by thousands; what needs a look is coloured, where the terminal has colours."""
    text = f"{number:,}"
    return f"[yellow]{text}[/]" if number and column in ("rejected", "held", "errors") else text


def plain_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
