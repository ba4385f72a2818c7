"""Where a journal may send from: one folder on one machine, until it is moved or handed over on a person's word.

Two copies of a journal would both send what is planned in it. A copy is known by its place: the folder's lock, which is never
removed, has another inode there, and its path or machine is another one, too. (One of the two alone may change by itself.)
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import astuple

from etl.address import is_on_this_machine
from etl.errors import MappingError
from etl.findings import Sentence, said
from etl.journal.database import JournalDatabase
from etl.journal.workspace import Workspace

BEGUN, MOVED, HANDED_OVER, TAKEN_OVER = "begun", "moved", "handed over", "taken over"


class HomePlace(Struct, frozen=True):
    """`inode` is that of the lock."""

    host: str
    path: str
    inode: int

    @classmethod
    def of(cls, workspace: Workspace) -> HomePlace:
        inode = workspace.lock.stat().st_ino if workspace.lock.exists() else 0
        return cls(socket.gethostname(), str(workspace.root.resolve()), inode)

    def is_here(self, other: HomePlace) -> bool:
        return self.inode == other.inode or (self.host, self.path) == (other.host, other.path)


class Home(Struct, frozen=True):
    """A row of the table. `word` is different for each: by it two journals know whether one continues the other."""

    word: str
    how: str
    place: HomePlace
    person: str
    time: str


class Homes:
    """The table `homes`, in order; the last one counts."""

    def __init__(self, database: JournalDatabase, time: Callable[[], str]) -> None:
        self._database = database
        self._time = time

    def all(self) -> list[Home]:
        rows = self._database.rows("SELECT word, how, host, path, inode, person, time FROM homes ORDER BY id")
        return [Home(row[0], row[1], HomePlace(row[2], row[3], row[4]), row[5], row[6]) for row in rows]

    def last(self) -> Home | None:
        return next(iter(reversed(self.all())), None)

    def add(self, how: str, workspace: Workspace, person: str) -> None:
        row = (secrets.token_hex(8), how, *astuple(HomePlace.of(workspace)), person, self._time())
        with self._database.transaction():
            self._database.change(
                "INSERT INTO homes (word, how, host, path, inode, person, time) VALUES (?, ?, ?, ?, ?, ?, ?)", row
            )

    def begin(self, workspace: Workspace, person: str) -> None:
        """Check, and note where it is that this journal sends from when it does for the first time."""
        self.check(workspace)
        if self.last() is None:
            self.add(BEGUN, workspace, person)

    def check(self, workspace: Workspace) -> None:
        """Raise MappingError when this journal must not send from here. A rehearsal may be copied."""
        reason = self.barred(workspace)
        if reason is not None:
            raise MappingError(reason)

    def barred(self, workspace: Workspace) -> str | None:
        """Why this journal must not send from here; None when it may."""
        last = self.last()
        if last is None:
            return None
        if last.how == HANDED_OVER:
            words = "{path}: was handed over by {person} at {time}, and sends nothing more; go on where it was taken over. {then}"
            return said(words, path=str(workspace.root), person=last.person, time=last.time, then=_mistaken(workspace))
        if not is_on_this_machine(workspace.target) and not last.place.is_here(HomePlace.of(workspace)):
            words = "{path}: is a copy of {source} on {host}, or was moved from there, and two of them must not send. {then}"
            return said(
                words,
                path=str(workspace.root), source=last.place.path, host=last.place.host, then=_mistaken(workspace),
            )  # fmt: skip
        return None


def _mistaken(workspace: Workspace) -> Sentence:
    words = "When the other one is gone for good: `etl journal moved MAPPING --target {target}`"
    return said(words, target=workspace.target)
