"""A workspace of the form before this one: one journal for a migration, whatever the target. It becomes that target's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from etl.address import is_target_name, target_name
from etl.files import private_folder, sync_folder
from etl.journal.database import JournalError
from etl.journal.folder import has_sent
from etl.journal.requestlog import all_lines
from etl.journal.workspace import Workspace

JOURNAL = "journal.sqlite"
BELONGING = ("requests.jsonl", "batches", JOURNAL)
"""In the order in which they are moved: as long as the journal is where it was, it is known that the rest belongs to it."""

UPLOAD = re.compile(r"(https?://.+)/api/[^/]+/remote/([^/]+)/migrations/start/[^/]+/?")


def take_over(root: Path) -> None:
    """Move the files of work/<migration>/ to the folder of the target they are about. Does nothing when there are none.

    Raises JournalError when it is not certain which target that is, Occupied while an older version still loads.
    """
    for moved in root.glob("*.taken"):
        if (moved / JOURNAL).exists():
            _finish(moved)
    if not (root / JOURNAL).exists():
        return
    old = Workspace(root)
    with old.locked():
        name = _name(old)
        moved = private_folder(root / f"{name}.taken")
        _settle(old)
        for one in BELONGING:
            if (root / one).exists():
                (root / one).rename(moved / one)
        sync_folder(moved)
        sync_folder(root)
        _finish(moved)
    old.lock.unlink()


def _finish(moved: Path) -> None:
    moved.rename(moved.with_suffix(""))
    sync_folder(moved.parent)


def _settle(old: Workspace) -> None:
    """Bring everything into the one file: the last to close a journal does."""
    from etl.journal.journal import Journal

    with closing(Journal.open(old)):
        pass
    rest = Path(f"{old.journal}-wal")
    if rest.exists() and rest.stat().st_size:
        raise JournalError(f"{old.journal}: open in another program; close what has it open, then try again")


def _name(old: Workspace) -> str:
    """The folder for it: that of the target, or one aside when nothing was sent anywhere."""
    names = sorted(set(_targets(old.root)))
    if len(names) == 1 and not (old.root / names[0]).exists():
        return names[0]
    if not names and not has_sent(old):
        return f"aside-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-nothing-sent"
    raise JournalError(_uncertain(old.root, names))


def _targets(root: Path) -> Iterator[str]:
    for place in (root, *root.glob("*.taken")):  # where an earlier attempt has brought it
        for line in all_lines(place / "requests.jsonl"):
            if line.get("method") == "POST":
                found = UPLOAD.fullmatch(str(line["url"]))
                yield target_name(*found.groups()) if found else "?"


def _uncertain(root: Path, names: list[str]) -> str:
    named = [one for one in names if is_target_name(one)]
    why = f"its requests.jsonl names {', '.join(named)}" if len(named) > 1 else "its requests.jsonl does not tell"
    return (
        f"{root / JOURNAL} is of an older form, which has one journal for all targets, and it is not certain to which one its "
        f"records were sent: {why}. When you know it, make the folder that is named after it ({root}/https_HOST_channel_CHANNEL) "
        f"and move {JOURNAL}, with {JOURNAL}-wal and {JOURNAL}-shm if they are there, requests.jsonl and batches into it"
    )
