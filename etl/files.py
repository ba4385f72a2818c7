"""Files that hold personal data: readable by their owner alone, and durable when it matters."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a disk says that takes no more."""

FOLDER_MODE = 0o700
FILE_MODE = 0o600
SECRET_BYTES = 32


def private_folder(path: Path) -> Path:
    """Make `path` and what is missing above it, for the owner alone, durably. Folders that were there keep their mode."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)
        sync_folder(path.parent)  # a file is durable only where its folder is
    return path


def open_private(path: Path, *, append: bool = False, buffering: int = -1) -> BinaryIO:
    """Open `path` for writing bytes, created 0600 whatever the umask. `buffering` as that of `open`."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    return os.fdopen(os.open(path, flags, FILE_MODE), "ab" if append else "wb", buffering)


def write_private(path: Path, data: bytes) -> None:
    with open_private(path) as file:
        file.write(data)


def kept_secret(path: Path) -> bytes:
    """The random secret that lies at `path`; made when it is not there. Whoever comes second at once gets the first one's."""
    with alone(path.parent):
        if not path.exists():
            replace_durably(path, os.urandom(SECRET_BYTES))
        return path.read_bytes()


@contextmanager
def durably(path: Path, *, append: bool = False) -> Iterator[BinaryIO]:
    """Open `path` like open_private; on leaving, its bytes and its name have reached the disk."""
    with open_private(path, append=append) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process after the other is in here, for a folder. Where the file system has no locks, all of them are."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def replace_durably(path: Path, data: bytes) -> None:
    """Have these bytes in the file, or what it had before: never a part, and never after it was said that they are there."""
    beside = path.with_name(f"{path.name}.partial")
    with durably(beside) as file:
        file.write(data)
    beside.rename(path)
    sync_folder(path.parent)


def cannot_be_written(path: Path, error: OSError) -> str:
    """Says so, and what to do about it."""
    advice = "make room" if error.errno in FULL else "let it be written"
    return f"{path}: cannot be written ({error.strerror}); {advice} and go on"


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable: a rename is only safe once its folder has been written."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
