"""A folder that has its name only when it is whole: how its writer claims it, and what becomes of one whose writer has died.

The writer holds a lock on the folder. The kernel lets go of it when the last process that has it is gone, so a folder that can be
locked is nobody's. No process number is looked at: another process may have it by now.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from etl.files import FOLDER_MODE, private_folder

PARTIAL = ".partial"
NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?\.partial")
"""What one is called. A folder of another name is somebody's own."""

READ_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def partial_of(path: Path) -> Path:
    """Where what is to become `path` is written."""
    return path.with_name(path.name + PARTIAL)


def is_partial(path: Path) -> bool:
    """Whether a path is called as what is being written."""
    return NAME.fullmatch(path.name) is not None


def claim(wanted: Path) -> tuple[Path, int]:
    """Make the folder in which `wanted` is written: or `wanted-2` and so on, where that is taken or being written.

    The path, and a handle that holds it: whoever closes that lets go. Of any number of processes that want one at once
    each gets its own.
    """
    private_folder(wanted.parent)
    for number in count(1):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        handle = _claimed(path)
        if handle is not None:
            return path, handle
    raise AssertionError("numbers do not end")


def _claimed(path: Path) -> int | None:
    partial = partial_of(path)
    try:
        partial.mkdir(mode=FOLDER_MODE)
        handle = os.open(partial, READ_FOLDER)
    except (FileExistsError, FileNotFoundError):  # it is another's, or was swept away before it could be held
        return None
    if _lock(handle, where_unknown=True) and _is(partial, handle):
        if not path.exists():
            return handle
        partial.rmdir()  # finished since somebody else began it
    os.close(handle)
    return None


def sweep(folder: Path) -> Iterator[str]:
    """Remove what dead processes have left unfinished in the folder; a sentence for each. What is being written stays."""
    for partial in sorted(folder.glob(f"*{PARTIAL}")):
        if is_partial(partial):
            yield from _swept(partial)


def _swept(partial: Path) -> Iterator[str]:
    try:
        handle = os.open(partial, READ_FOLDER)
    except FileNotFoundError:
        return  # finished, or swept by another, meanwhile
    except OSError as error:
        yield f"{partial}: cannot be looked at ({error.strerror}); remove it when nothing is being prepared"
        return
    try:
        if _lock(handle, where_unknown=False) and _is(partial, handle):
            shutil.rmtree(partial)
            yield f"{partial}: was left unfinished by a preparation that was killed; removed"
    except OSError as error:
        yield f"{partial}: was left unfinished by a preparation that was killed, and cannot be removed ({error.strerror})"
    finally:
        os.close(handle)


def _lock(handle: int, *, where_unknown: bool) -> bool:
    """Whether nobody else holds it; `where_unknown` is said where the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return where_unknown
    return True


def _is(path: Path, handle: int) -> bool:
    """Whether the handle is still that of the folder which is called so."""
    return path.exists() and os.path.samestat(path.stat(), os.fstat(handle))
