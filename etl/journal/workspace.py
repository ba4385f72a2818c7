"""The folder of one target: where its journal, its log of requests and its own payload files lie, and who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from msgspec import Struct

from etl.errors import EtlError
from etl.files import FILE_MODE, private_folder
from etl.findings import Sentence, said
from etl.records import as_dict

PACKAGES = "packages"
LOOKS, BETWEEN_LOOKS = 5, 0.05
"""`holder()` locks for an instant to see whether somebody else does: a load that meets it there must not give up."""


class Occupied(EtlError):
    """Another process is loading this migration."""


class Holder(Struct, frozen=True):
    """The process that holds a workspace. `started` is UTC, ISO 8601."""

    pid: int
    host: str
    command: str
    started: str

    @property
    def told(self) -> Sentence:
        if self == UNNAMED:
            return said("another process")
        return said(
            "`{command}`, process {number} on {host}, since {time}",
            command=self.command, number=str(self.pid), host=self.host, time=self.started,
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.told)


UNNAMED = Holder(0, "?", "?", "?")
"""A full disk kept it from saying who it is."""


class Workspace(Struct, frozen=True):
    """work/<migration>/<target>/, named as address.target_name does. The migration's packages lie beside it."""

    root: Path

    @property
    def target(self) -> str:
        return self.root.name

    @property
    def migration(self) -> Path:
        return self.root.parent

    @property
    def journal(self) -> Path:
        return self.root / "journal.sqlite"

    @property
    def requests(self) -> Path:
        return self.root / "requests.jsonl"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    def batch_file(self, stage: str, batch: int) -> Path:
        """Where a batch that is no whole batch of a package has its bytes."""
        return self.root / "batches" / stage / f"{batch:06}.json"

    def shorten(self, path: Path) -> str:
        """A path as the journal keeps it, so that all can be moved: packages/... beside this folder, batches/... inside it."""
        path, root = path.resolve(), self.root.resolve()
        if path.is_relative_to(root.parent / PACKAGES):
            return str(path.relative_to(root.parent))
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)

    def whole(self, shortened: str) -> Path:
        beside = shortened.startswith(f"{PACKAGES}/") and not (self.root / PACKAGES).exists()
        return (self.migration if beside else self.root) / shortened

    @contextmanager
    def locked(self, command: str = "") -> Iterator[Holder]:
        """Hold the workspace while in here. Raises Occupied naming the holder. The kernel lets go when the process dies."""
        private_folder(self.root)
        with _open_lock(self.lock) as file:
            if not _lock(file):
                raise Occupied(_occupied(self.root, self.holder() or UNNAMED))
            holder = _this_process(command)
            _write_holder(file, json.dumps(as_dict(holder)).encode())
            try:
                yield holder
            finally:
                _write_holder(file, b"")

    def check_free(self) -> None:
        """Raise Occupied when another process holds the workspace."""
        holder = self.holder()
        if holder is not None:
            raise Occupied(_occupied(self.root, holder))

    def holder(self) -> Holder | None:
        """Who holds the workspace now. Only reads: it can be asked where nothing can be written, too."""
        try:
            file = FileIO(os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError:
            return None
        with file:
            for _ in range(LOOKS):
                if _is_free(file):
                    return None
                if found := _read_holder(file):
                    return found
                time.sleep(BETWEEN_LOOKS)  # it is just about to write who it is
        return UNNAMED


def _open_lock(path: Path) -> FileIO:
    # The file is never removed: a process that had opened it before would lock a file that no longer has a name.
    return FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE), "r+")


def _is_free(file: FileIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock(file: FileIO) -> bool:
    for _ in range(LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(BETWEEN_LOOKS)
    return False


def _read_holder(file: FileIO) -> Holder | None:
    file.seek(0)
    try:
        return Holder(**json.loads(file.read()))
    except (ValueError, TypeError):
        return None


def _write_holder(file: FileIO, data: bytes) -> None:
    try:
        file.truncate(0)
        file.seek(0)
        file.write(data)
    except OSError:
        pass  # A full disk: the lock holds all the same, only its description is missing.


def _this_process(command: str) -> Holder:
    command = command or " ".join(["etl", *sys.argv[1:]])
    return Holder(os.getpid(), socket.gethostname(), command, datetime.now(UTC).isoformat(timespec="seconds"))


def _occupied(root: Path, holder: Holder) -> Sentence:
    words = "{path} is held by {holder}; one load at a time: wait for it, or stop it with Ctrl-C"
    return said(words, path=str(root), holder=holder.told)
