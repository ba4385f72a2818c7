"""Which column feeds which field, through which functions and lookups; and which columns nobody uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.commands.packages import package_of
from etl.commands.which import Which
from etl.expressions import uses
from etl.findings import HIDDEN
from etl.report.results import FieldLineage, Lineage


def lineage(which: Which, path: Path | None = None) -> Lineage:
    """Of the newest package, or of the one that is named. Raises MappingError without one."""
    package = package_of(which, path)
    stages: dict[str, Any] = package.profile().get("stages", {})
    fields = tuple(_field(name, one) for name, stage in stages.items() for one in stage["fields"])
    return Lineage(package.path, fields, tuple(_unused(stages)))


def _field(stage: str, one: dict[str, Any]) -> FieldLineage:
    used = [use for text in one["made_from"] if "{{" in text for use in uses(text)]
    functions = dict.fromkeys(name for name, _ in used)
    lookups = dict.fromkeys(name for _, names in used for name in names if name != HIDDEN)
    return FieldLineage(
        stage, one["name"], tuple(one["columns"]), tuple(functions), tuple(lookups), tuple(one["made_from"])
    )


def _unused(stages: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, stage in stages.items():
        yield from ((name, one["name"]) for one in stage["columns"] if not one["used_by"])
