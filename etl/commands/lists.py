"""Where the channel's lists are kept, for whoever checks or prepares a mapping."""

from __future__ import annotations

from pathlib import Path

from etl.geography import ChannelLists, read_lists
from etl.journal.folder import MigrationFolder
from etl.mapping import Lists, target_known
from etl.model import Migration

FOLDER = "channel"


def lists_path(workspace: Path, migration: Migration) -> Path | None:
    """The file of the mapping's target, whichever of its names that goes by; None where the mapping does not say which it is."""
    target = target_known(migration.target)
    if target is None or not migration.name:
        return None
    folder = MigrationFolder(workspace / migration.name)
    return folder.root / FOLDER / f"{folder.target(target).target}.json"


def kept_lists(workspace: Path) -> Lists:
    """The lists that were pulled for a mapping's target."""

    def found(migration: Migration) -> ChannelLists | None:
        path = lists_path(workspace, migration)
        return None if path is None else read_lists(path)

    return found
