"""`--root FOLDER`: which folders the sources and lookups of a mapping may lie in. One setting for the whole process."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path

from etl.errors import SourceError
from etl.extract.locations import is_url, shown

_ROOTS: ContextVar[tuple[Path, ...]] = ContextVar("roots", default=())
LOCAL = ("file://", "local://")


def confine(folders: Sequence[Path]) -> None:
    """From now on nothing is read outside of these folders, nor from anywhere but this machine. None: no bounds."""
    _ROOTS.set(tuple(folder.resolve() for folder in folders))


def check_inside(location: str) -> None:
    """Raise SourceError for a file outside of the folders, wherever links lead, and for what is on no disk of this machine."""
    roots = _ROOTS.get()
    if not roots:
        return
    path = next((location.removeprefix(one) for one in LOCAL if location.startswith(one)), location)
    allowed = ", ".join(map(str, roots))
    if is_url(path):
        raise SourceError(f"{shown(location)}: --root allows files of this machine only, in {allowed}")
    if not any(_resolved(path).is_relative_to(root) for root in roots):
        raise SourceError(f"{shown(location)}: lies outside of what --root allows: {allowed}")


def _resolved(path: str) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"{path!r}: cannot be opened ({why_unopened(error)})") from None


def why_unopened(error: Exception) -> str:
    """Why a name leads to no file."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "its links lead in a circle" if isinstance(error, RuntimeError) else "its name holds a NUL character"
