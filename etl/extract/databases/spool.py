"""Where rows of databases lie while a package is made: private files, gone at the end.

A process that was killed leaves its folder; the next one that makes a folder removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from etl.errors import SourceError
from etl.extract.databases.following import Follow

PREFIX = "omnitron-etl-spool-"
UNFINISHED = "omnitron-etl-unfinished-"
LOCK = "lock"


class Spool:
    """A folder that is made when the first file is. `TMPDIR` says where. `follow` is told of rows on their way into any file."""

    def __init__(self) -> None:
        self.follow: Follow | None = None
        self._folder: Path | None = None
        self._lock: int | None = None
        self._files = 0

    def path(self) -> Path:
        """A name for one more file."""
        if self._folder is None:
            _remove_abandoned(Path(tempfile.gettempdir()))
            self._folder, self._lock = _new_folder()
        self._files += 1
        return self._folder / f"{self._files:06}.csv"

    def close(self) -> None:
        if self._folder is None:
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        self._folder = self._lock = None


def _new_folder() -> tuple[Path, int]:
    """A private folder, and its lock. It gets the name by which abandoned ones are known when the lock is held."""
    made = Path(tempfile.mkdtemp(prefix=UNFINISHED))
    lock = os.open(made / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder = made.with_name(made.name.replace(UNFINISHED, PREFIX, 1))
    made.rename(folder)
    return folder, lock


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and _is_abandoned(folder / LOCK):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(lock: Path) -> bool:
    """Whether nobody holds the lock of a folder."""
    file = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


@contextmanager
def private_file(path: Path, place: str = "in TMPDIR") -> Iterator[BinaryIO]:
    """A new file that only this user can read. Raises SourceError when the disk cannot take what is written.

    `place` says how another folder is named.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 18) as file:
            yield file
    except OSError as error:
        raise SourceError(
            f"{path.parent}: the disk cannot take the database's rows ({error.strerror}); "
            f"make room, or name another folder {place}"
        ) from None
