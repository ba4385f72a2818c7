"""The pages of an API as they came, in a private folder: whoever is killed, or loses the network, goes on with the next page.

The folder has a name that follows from what is asked, lies in the folder that TMPDIR names, and is gone when all pages have
been read. What somebody left there longer than a day ago is removed, and asked for again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from etl.errors import SourceError
from etl.extract.apis.paging import Position
from etl.files import open_private
from etl.records import as_dict

PREFIX = "omnitron-etl-pages-"
LOCK, LINES, HEAD = "lock", "pages.jsonl", "head.json"
OLDEST = 24 * 3600.0
"""Seconds for which pages are kept: older ones are of another time than those that would follow them."""


class Kept(Struct, frozen=True):
    """A page that is on the disk: where the next one is (None: the last), the length of its list (`rows`), its bytes' sum."""

    next: Position | None
    rows: int
    sha256: str
    total: int | None = None


class Pages:
    """One process at a time has the folder; a second one that asks for the same gets one of its own, which nobody resumes."""

    def __init__(self, asked: str, secret: str) -> None:
        """`asked` is all that the pages depend on. Of the secret only a salted digest is kept, to know it again."""
        parent = Path(tempfile.gettempdir())
        _remove_old(parent)
        name = hashlib.sha256(f"{os.getuid()}\n{asked}".encode()).hexdigest()[:32]
        self.folder, self._lock = _own(parent / f"{PREFIX}{name}") or _another(parent)
        self.kept: list[Kept] = []
        self.resumed = 0
        self.taken = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not self._resume(secret):
            self._begin(secret)

    def _resume(self, secret: str) -> bool:
        """Whether there are pages of the same asker, not too old; they are then in `kept`."""
        try:
            head = json.loads((self.folder / HEAD).read_bytes())
            if head["who"] != _digest(head["salt"], secret):
                return False
            self.taken = str(head["taken"])
            for line in (self.folder / LINES).read_bytes().split(b"\n"):
                page = Kept(**json.loads(line))
                if hashlib.sha256(self._path(len(self.kept)).read_bytes()).hexdigest() != page.sha256:
                    break
                self.kept.append(page)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # nothing there, or a last line that was not written to its end
        self.resumed = len(self.kept)
        if self.kept:
            with open_private(self.folder / LINES) as file:
                file.writelines(_line(page) for page in self.kept)
        return bool(self.kept)

    def _begin(self, secret: str) -> None:
        for one in self.folder.iterdir():
            if one.name != LOCK:
                one.unlink()
        salt = os.urandom(16).hex()
        head = {"salt": salt, "who": _digest(salt, secret), "taken": self.taken}
        with open_private(self.folder / HEAD) as file:
            file.write(json.dumps(head).encode())

    def add(self, body: bytes, page: Kept) -> None:
        """Raises SourceError when the disk cannot take it."""
        try:
            with open_private(self._path(len(self.kept))) as file:
                file.write(body)
            with open_private(self.folder / LINES, append=True) as lines:
                lines.write(_line(page))
        except OSError as error:
            raise SourceError(
                f"{self.folder}: the disk cannot take the pages ({error.strerror}); make room, or name another folder in TMPDIR"
            ) from None
        self.kept.append(page)

    def body(self, number: int) -> bytes:
        """A page's bytes, by its number from 0."""
        return self._path(number).read_bytes()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number + 1:06}.json"

    def leave(self, *, keep: bool) -> None:
        """Let go of the folder; with `keep`, whoever asks for the same within a day goes on there."""
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def _line(page: Kept) -> bytes:
    return json.dumps(as_dict(page)).encode() + b"\n"


def _digest(salt: Any, secret: str) -> str:
    return hashlib.sha256(f"{salt}{secret}".encode()).hexdigest()


def _own(folder: Path) -> tuple[Path, int] | None:
    """The folder, and its lock; None when another process has it, or it is not this user's alone."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or seen.st_mode & 0o077:
        return None
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return folder, lock


def _another(parent: Path) -> tuple[Path, int]:
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def _remove_old(parent: Path) -> None:
    """What was left behind, and nobody holds any more."""
    limit = datetime.now(UTC).timestamp() - OLDEST
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            seen = folder.lstat()
            if seen.st_uid == os.getuid() and seen.st_mtime < limit and (found := _own(folder)):
                shutil.rmtree(folder, ignore_errors=True)
                os.close(found[1])
