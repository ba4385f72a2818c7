"""A target's journal in one file, with all that belongs to it: a backup, or what is handed over to another machine.

<target>/journal.sqlite, requests.jsonl, batches/
packages/<time>/...        those that the journal refers to
targets.json               what persons decided about targets
purges.json                what was removed of people's data, and when
secret                     under which the digests for customers without a password were made; without it the next would differ
transfer.json              what this is, and the SHA-256 of each file; the last one, so that half a file has none
"""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path, PurePosixPath

from msgspec import Struct

from etl.errors import MappingError
from etl.files import FILE_MODE, durably, private_folder, replace_durably, sha256_of, sync_folder, write_private
from etl.journal.database import JournalError
from etl.journal.folder import RECORDS, SECRET, MigrationFolder, person, read_records
from etl.journal.homes import HANDED_OVER, MOVED, TAKEN_OVER, HomePlace
from etl.journal.journal import Journal
from etl.journal.purges import PURGES
from etl.journal.workspace import PACKAGES, Workspace
from etl.package import MANIFEST
from etl.records import as_dict

BACKUP, HAND_OVER = "backup", "hand-over"
ABOUT = "transfer.json"
NOT_ONE = "is nothing that was handed over, or not the whole of it"


class About(Struct, frozen=True):
    """transfer.json. `files` has the SHA-256 of each."""

    kind: str
    migration: str
    target: str
    made: str
    files: dict[str, str]


def backup(workspace: Workspace, file: Path) -> None:
    """Copy everything into `file`, also while a load runs. Raises JournalError when nothing was sent."""
    with closing(Journal.read(workspace)):
        _write(workspace, file, BACKUP)


def hand_over(workspace: Workspace, file: Path) -> None:
    """Copy everything into `file`; nothing more is sent from here. Again, when it was interrupted before the file was whole."""
    _require_new(file)
    with closing(Journal.read(workspace)):
        pass  # raises where there is none, instead of making one
    with workspace.locked():
        with closing(Journal.open(workspace)) as journal:
            if not _interrupted(journal, file):
                journal.homes.check(workspace)
                write_private(_partial(file), b"")
                journal.homes.add(HANDED_OVER, workspace, person())
            journal.checkpoint()
        _write(workspace, file, HAND_OVER)


def _interrupted(journal: Journal, file: Path) -> bool:
    last = journal.homes.last()
    return last is not None and last.how == HANDED_OVER and _partial(file).exists()


def moved(workspace: Workspace) -> None:
    """A person's word that this is the one that sends: it was moved here, or what was handed over is gone."""
    with closing(Journal.read(workspace)):
        pass
    with workspace.locked(), closing(Journal.open(workspace)) as journal:
        journal.homes.add(MOVED, workspace, person())


# Writing


def _require_new(file: Path) -> None:
    if file.exists():
        raise MappingError(f"{file}: is there already; name another file")


def _partial(file: Path) -> Path:
    return file.with_name(f"{file.name}.partial")


def _write(workspace: Workspace, file: Path, kind: str) -> None:
    _require_new(file)
    sums: dict[str, str] = {}
    with durably(_partial(file)) as written, tarfile.open(fileobj=written, mode="w") as archive:
        for name, path in _files(workspace, file.with_name(f"{file.name}.journal")):
            info = archive.gettarinfo(path, name)
            with path.open("rb") as source:
                archive.addfile(info, source)  # as many bytes as it had: a log may grow meanwhile
            sums[name] = _sum(path, info.size)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        about = About(kind, workspace.migration.name, workspace.target, made, sums)
        data = json.dumps(as_dict(about), indent=1).encode()
        archive.addfile(_member(ABOUT, len(data)), BytesIO(data))
    _partial(file).rename(file)
    sync_folder(file.resolve().parent)


def _member(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, FILE_MODE
    return info


def _sum(path: Path, size: int) -> str:
    import hashlib

    found, left = hashlib.sha256(), size
    with path.open("rb") as file:
        while chunk := file.read(min(left, 1 << 20)):
            found.update(chunk)
            left -= len(chunk)
    return found.hexdigest()


def _files(workspace: Workspace, beside: Path) -> Iterator[tuple[str, Path]]:
    """Each file's name in the archive, and where its bytes are. The log before the journal, which must not know less."""
    if workspace.requests.exists():
        yield f"{workspace.target}/{workspace.requests.name}", workspace.requests
    with _copied(workspace, beside) as copy:
        yield f"{workspace.target}/{workspace.journal.name}", copy
    yield from _below(workspace.root / "batches", workspace.root, f"{workspace.target}/")
    for name in (RECORDS, SECRET, PURGES):
        if (workspace.migration / name).exists():
            yield name, workspace.migration / name
    for package in _packages(workspace):
        yield from _below(package, workspace.migration, "")


@contextmanager
def _copied(workspace: Workspace, copy: Path) -> Iterator[Path]:
    copy.unlink(missing_ok=True)
    try:
        with closing(Journal.read(workspace)) as journal:
            journal.copy_to(copy)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _packages(workspace: Workspace) -> list[Path]:
    with closing(Journal.read(workspace)) as journal:
        named = journal.runs.packages()
    beside = workspace.migration / PACKAGES
    return [path for path in named if path.parent == beside and path.is_dir()]


def _below(folder: Path, root: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{prefix}{path.relative_to(root).as_posix()}", path


# Reading


ARRIVING = "arriving-"
"""Begins the name of the folder in which a journal is unpacked. One that is there otherwise is of a process that was killed."""


def take_over(folder: MigrationFolder, target: str, file: Path) -> Workspace:
    """Go on here with what was handed over. The file is used up by it: it is renamed, so that nobody else takes it.

    Raises MappingError when it is none, is about something else, or this workspace has sent what it does not know of.
    """
    with _opened(file, target) as archive:
        about = _about(archive, file)
        _check_meant(about, folder, target, file)
        workspace = Workspace(folder.root / about.target)
        arriving = folder.root / f"{ARRIVING}{about.target}"
        shutil.rmtree(arriving, ignore_errors=True)
        try:
            _unpack(archive, about, arriving, file)
            _replace(folder, workspace, arriving)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
    with workspace.locked(), closing(Journal.open(workspace)) as journal:
        # The file is used up first: when this ends in between, nobody sends.
        _use_up(file, target)
        journal.homes.add(TAKEN_OVER, workspace, person())
    return workspace


def _check_meant(about: About, folder: MigrationFolder, target: str, file: Path) -> None:
    """Raises MappingError for a backup, and for what is of another migration or target."""
    if about.kind != HAND_OVER:
        raise MappingError(
            f"{file}: is a backup of {about.made}; where it came from may have sent more since, so it is not gone on with. "
            f"When that is lost, and has sent nothing since: unpack it with tar -xf into {folder.root}, then "
            f"`etl journal moved MAPPING --target {about.target}`"
        )
    if (about.migration, about.target) != (folder.root.name, target):
        raise MappingError(
            f"{file}: is of the migration '{about.migration}' and {about.target}, "
            f"and this is '{folder.root.name}' and {target}"
        )


def _taken(file: Path) -> Path:
    return file.with_name(f"{file.name}.taken")


def _use_up(file: Path, target: str) -> None:
    try:
        file.rename(_taken(file))
    except FileNotFoundError:  # somebody else was quicker
        raise MappingError(_not_there(file, target)) from None
    sync_folder(file.resolve().parent)


def _not_there(file: Path, target: str) -> str:
    if file.is_dir():
        return f"{file}: is a folder; name the file that was handed over"
    if not _taken(file).exists():
        return f"{file}: there is no such file"
    return (
        f"{file}: was taken over already, and is called {_taken(file).name} since; go on where that was done. When it was "
        f"here, was interrupted, and nobody else goes on: `etl journal moved MAPPING --target {target}`"
    )


@contextmanager
def _opened(file: Path, target: str) -> Iterator[tarfile.TarFile]:
    if not file.is_file():
        raise MappingError(_not_there(file, target))
    try:
        with tarfile.open(file, "r:") as archive:
            yield archive
    except tarfile.TarError:
        raise MappingError(f"{file}: {NOT_ONE}, or is damaged; copy it again") from None


def _about(archive: tarfile.TarFile, file: Path) -> About:
    try:
        found = archive.extractfile(ABOUT)
        assert found is not None
        return About(**json.loads(found.read()))
    except (KeyError, ValueError, TypeError):
        raise MappingError(f"{file}: {NOT_ONE}") from None


def _unpack(archive: tarfile.TarFile, about: About, to: Path, file: Path) -> None:
    """Every file that it says it has, with the bytes that were written."""
    for name, sha256 in about.files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise MappingError(f"{file}: {NOT_ONE} ({name})")
        found = archive.extractfile(name)
        assert found is not None
        path = to / name
        private_folder(path.parent)
        with durably(path) as written:
            shutil.copyfileobj(found, written)
        if sha256_of(path) != sha256:
            raise MappingError(f"{file}: damaged ({name} has other bytes); hand it over once more, or copy it again")


def _replace(folder: MigrationFolder, workspace: Workspace, arriving: Path) -> None:
    """Put what has arrived in its place. A journal that was handed over from here is put aside, once the new one continues it."""
    _require_continued(workspace, Workspace(arriving / workspace.target))
    _require_no_namesakes(folder, arriving)
    if workspace.root.exists():
        workspace.root.rename(folder.root / f"aside-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{workspace.target}")
    for package in (arriving / PACKAGES).glob("*"):
        if not (private_folder(folder.packages) / package.name).exists():
            package.rename(folder.packages / package.name)
    if (arriving / SECRET).exists():
        replace_durably(folder.secret, (arriving / SECRET).read_bytes())
    decided = read_records(arriving / RECORDS)
    folder.change(lambda records: records.joined(decided))
    (arriving / workspace.target).rename(workspace.root)
    sync_folder(folder.root)


def _require_no_namesakes(folder: MigrationFolder, arriving: Path) -> None:
    """Packages are called after the second in which they were begun, and the journal knows them by that."""
    for package in (arriving / PACKAGES).glob("*"):
        here = folder.packages / package.name
        if here.exists() and not _is_one(here / MANIFEST, package / MANIFEST):
            raise MappingError(
                f"{here}: is another package than the one of this name that was handed over; put it aside, then try again; "
                "nothing was taken over"
            )


def _is_one(manifest: Path, other: Path) -> bool:
    return manifest.is_file() and other.is_file() and sha256_of(manifest) == sha256_of(other)


def _require_continued(workspace: Workspace, arrived: Workspace) -> None:
    if not workspace.journal.exists():
        return
    with closing(Journal.read(workspace)) as here, closing(Journal.read(arrived)) as there:
        ours, theirs = here.homes.all(), there.homes.all()
    if ours == theirs and not ours[-1].place.is_here(HomePlace.of(workspace)):
        return  # it had arrived here when taking it over was interrupted
    if not ours or ours[-1].how != HANDED_OVER:
        raise MappingError(
            f"{workspace.root}: has a journal of its own, that was not handed over; nothing was taken over"
        )
    if len(theirs) <= len(ours) or [one.word for one in theirs[: len(ours)]] != [one.word for one in ours]:
        raise JournalError(
            f"{workspace.root}: was handed over itself, and this file does not come from where it was taken over; "
            "nothing was taken over"
        )
