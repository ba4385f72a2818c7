"""Saved answers of a shop's API: which files are such, and what a folder of JSON lacks to be one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from etl.commands.seeing import header_of
from etl.errors import MappingError
from etl.extract.database import files_of_tables
from etl.extract.listing import Listed, each_by_itself
from etl.guess import SAVED_ANSWERS, SIGNS_OF_APIS, WITHOUT_TABLES, SavedAnswers
from etl.model import Source
from etl.terminal import visible

LOOKED_AT = 50
"""Files of a folder that are looked at before it is said what they are not."""


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


def refuse_other_json(folder: Path, location: str) -> None:
    """Raises MappingError for a folder of JSON files only, `location`, that are no shop's answers: with what they lack."""
    place = Path(location)
    if not place.is_dir() or files_of_tables(place) or not (files := sorted(place.glob("*.json"))[:LOOKED_AT]):
        return
    known = next(_of_an_api(folder, files), None)
    told = f"{known}; or" if known else "; ".join(_no_answers(files, one) for one in SAVED_ANSWERS) + ";"
    each = each_by_itself(place).removeprefix(";")
    raise MappingError(visible(f"{location}: the folder has no CSV files, and its JSON files {told}{each}"))


def _of_an_api(folder: Path, files: Sequence[Path]) -> Iterator[str]:
    for name, sign in SIGNS_OF_APIS.items():
        if any(sign <= _columns(str(one)) for one in files):
            advice = f"its mapping asks the shop itself: `etl init {folder} --from {name}`"
            yield f"look like {WITHOUT_TABLES[name]}; {advice}"


def _no_answers(files: Sequence[Path], saved: SavedAnswers) -> str:
    return f"do not look like {WITHOUT_TABLES[saved.name]}: {' and '.join(_missing(files, saved))}"


def _missing(files: Sequence[Path], saved: SavedAnswers) -> Iterator[str]:
    for pattern, key in saved.files.items():
        named = [one for one in files if fnmatch(one.name, pattern)]
        if not named:
            other = next((one.name for one in files if _columns(str(one), key)), None)
            called = f" (`{key}` are in {other}: rename it)" if other is not None else ""
            yield f"there is no {pattern}{called}"
        elif pattern == saved.orders and (lacking := _lacking(str(named[0].parent / pattern), saved)):
            yield f"`{key}` of {pattern} have no {', '.join(sorted(lacking))}"


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
