"""Begin a rehearsal anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from etl.commands.which import Which, own_target
from etl.errors import MappingError
from etl.report.results import PutAside


def start_over(mapping: Path, workspace: Path | None, confirmed: Callable[[str], bool]) -> PutAside:
    """Put the journal of the mapping's target aside, so that everything is sent to it again."""
    which = Which(mapping, workspace)
    target = own_target(which)
    folder = which.folder()
    folder.check_put_aside(target)
    if not confirmed(target):
        raise MappingError(f"that is not the name of the target, {target}; nothing was done")
    return PutAside(target, folder.put_aside(target))
