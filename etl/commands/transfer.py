"""A target's journal in one file: a backup, or what goes on on another machine. Each gives the target's name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from etl.commands.which import Which, own_target
from etl.errors import MappingError
from etl.journal import transfer
from etl.journal.journal import Journal
from etl.journal.workspace import Workspace
from etl.mapping import find_mapping
from etl.places import make_workspace, workspace_of


def backup(which: Which, file: Path) -> str:
    """Copy the journal into a file that is not there yet; it goes on here."""
    workspace = _journal(which)
    transfer.backup(workspace, file)
    return workspace.target


def hand_over(which: Which, file: Path) -> str:
    """Copy the journal into a file that is not there yet; nothing is sent by it here any more."""
    workspace = _journal(which)
    transfer.hand_over(workspace, file)
    return workspace.target


def take_over(mapping: Path, workspace: Path | None, file: Path) -> str:
    """Go on here with a journal that another machine has handed over."""
    which = Which(mapping, workspace)
    folder = which.folder()
    make_workspace(workspace_of(mapping, workspace), find_mapping(mapping))
    return transfer.take_over(folder, folder.target(own_target(which)).target, file).target


def goes_on(mapping: Path, workspace: Path | None) -> str:
    """The command that goes on with what was taken over."""
    with closing(Journal.read(_journal(Which(mapping, workspace)))) as journal:
        return journal.runs.goes_on()


def moved(which: Which, confirmed: Callable[[str], bool]) -> str:
    """Record that this journal is the one that sends, once the target's name is `confirmed`."""
    workspace = _journal(which)
    if not confirmed(workspace.target):
        raise MappingError(f"that is not the name of the target, {workspace.target}; nothing was done")
    transfer.moved(workspace)
    return workspace.target


def _journal(which: Which) -> Workspace:
    return which.sent_from().target(own_target(which))
