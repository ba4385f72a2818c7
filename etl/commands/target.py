"""The targets of a migration, and what a person decided about them."""

from __future__ import annotations

from pathlib import Path

from etl.commands.which import Which, own_target
from etl.report.results import Targets


def targets(which: Which) -> Targets:
    """The targets that records were sent to, the mapping's own, and what was decided about them."""
    folder = which.folder()
    known = tuple(one.target for one in folder.targets())
    return Targets(which.own(), known, tuple(folder.records().decisions))


def decide_target(mapping: Path, workspace: Path | None, same_as: str | None) -> Targets:
    """Record that the mapping's target is another Omnitron, or `same_as` a known one."""
    which = Which(mapping, workspace)
    which.folder().decide(own_target(which), same_as)
    return targets(which)
