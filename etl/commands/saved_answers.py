"""Saved answers of a shop's API: which files are such, and what a folder of JSON lacks to be one."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from etl.commands.seeing import header_of
from etl.errors import MappingError
from etl.extract.listing import Listed
from etl.guess import SAVED_ANSWERS, WITHOUT_TABLES, SavedAnswers
from etl.model import Source


def answers_at(locations: Sequence[str]) -> tuple[str, SavedAnswers, tuple[str, ...]] | None:
    """The folder, whose answers lie there, and which of its files were not named. Raises MappingError for several folders."""
    for saved in SAVED_ANSWERS:
        if len(locations) == 1 and has_answers(Path(locations[0]), saved):
            return locations[0], saved, ()
        if len(locations) > 1 and _are_answers(paths := [Path(one) for one in locations], saved):
            folder = _folder_of(paths, saved)
            beside = {one.name for pattern in saved.files for one in folder.glob(pattern)}
            return str(folder), saved, tuple(sorted(beside - {one.name for one in paths}))
    return None


def has_answers(folder: Path, saved: SavedAnswers) -> bool:
    """Whether a folder has all files of an API's answers, and its orders what only theirs have."""
    return all(any(folder.glob(one)) for one in saved.files) and not _lacking(str(folder / saved.orders), saved)


def _are_answers(paths: Sequence[Path], saved: SavedAnswers) -> bool:
    """Whether each of these files is one of an API's answers, and there is one of each sort."""
    patterns = {next((one for one in saved.files if fnmatch(path.name, one)), None) for path in paths}
    if patterns != set(saved.files) or not all(path.is_file() for path in paths):
        return False
    return any(not _lacking(str(path), saved) for path in paths if fnmatch(path.name, saved.orders))


def _folder_of(paths: Sequence[Path], saved: SavedAnswers) -> Path:
    folders = {one.parent for one in paths}
    if len(folders) > 1:
        raise MappingError(
            f"these look like {WITHOUT_TABLES[saved.name]}; its mapping reads one folder: put them together, and name the folder"
        )
    return folders.pop()


def _lacking(orders: str, saved: SavedAnswers) -> frozenset[str]:
    """What the orders' rows should have, and have not."""
    return saved.sign - _columns(orders, saved.files[saved.orders])


def _columns(location: str, path: str = "") -> frozenset[str]:
    options = {"path": path} if path else {}
    return header_of(Listed("rows", Source("rows", "json", location, options)))
