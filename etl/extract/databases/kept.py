"""Snapshots of shops' servers that are kept: rows as files of CSV or JSON lines, and a manifest that says what they are.

    <folder>/<ID>/manifest.json   what was asked, when, how many rows came, and the SHA-256 of each file
    <folder>/<ID>/000001.csv      the rows of one table or statement; 000001.jsonl those of an API
    <folder>/<ID>/lock            locked by whoever takes the snapshot, or reads it

A snapshot is taken under `<ID>.partial` and gets its name when all of it is on the disk. One whose process was killed keeps that
name, is never read, and is removed by the next that is taken.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from etl.errors import MappingError, SourceError
from etl.files import durably, private_folder, sync_folder
from etl.records import as_dict
from etl.suggest import did_you_mean

FORMAT, FORMATS = 2, (1, 2)
"""What is written, and what is read: 1 has no `delimiter` and `quote`, but those of CSV as everybody has it."""
MANIFEST = "manifest.json"
LOCK = "lock"
PARTIAL = ".partial"


class KeptRows(Struct, frozen=True):
    """Some columns of a table, what a statement gave, or an HTTP API.

    address    the server and the database, without the login; of an API its host
    kind       `table`, `sql` or `api`, and `asked` what stands there in the mapping, or tells what an API was asked for
    columns    all that the table has, `fetched` those whose cells are in the file, `key` its primary key
    statement  what the server was asked, at what time of its own (`taken`)
    notes      what has to be known of the rows
    identity   the columns by which a row is told, if there are such
    options    those of the database that it was read with
    pages      of an HTTP API: how many rows each page had
    delimiter  and `quote`: the marks of a file of CSV
    """

    address: str
    kind: str
    asked: str
    columns: Sequence[str]
    fetched: Sequence[str]
    key: Sequence[str]
    file: str
    rows: int
    bytes: int
    sha256: str
    statement: str | None = None
    taken: str | None = None
    notes: Sequence[str] = ()
    identity: Sequence[str] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    pages: Sequence[int] = ()
    delimiter: str = ","
    quote: str = '"'


class Snapshot(Struct, frozen=True):
    """`made` is the time of this machine, ISO 8601 in UTC."""

    folder: Path
    made: str
    tables: tuple[KeptRows, ...]

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset(one.address for one in self.tables)

    def find(self, address: str, kind: str, asked: str) -> KeptRows | None:
        wanted = (address, kind, asked)
        return next((one for one in self.tables if (one.address, one.kind, one.asked) == wanted), None)

    def age(self, now: datetime) -> str:
        """3 minutes ago"""
        return spoken_age((now - datetime.fromisoformat(self.made)).total_seconds())

    @contextmanager
    def in_use(self) -> Iterator[Snapshot]:
        """While in here it is not removed. Raises SourceError when it has just been."""
        try:
            with _locked(self.folder / LOCK, fcntl.LOCK_SH):
                if not (self.folder / MANIFEST).exists():
                    raise FileNotFoundError(MANIFEST)
                yield self
        except FileNotFoundError:
            raise SourceError(f"{self.folder}: the snapshot was removed; take a new one") from None


def changed(snapshot: Snapshot, path: Path) -> SourceError:
    return SourceError(
        f"{path}: is not what the snapshot {snapshot.id} took; take a new one with `etl snapshot`, and remove this one"
    )


AGES = ((86400, "day"), (3600, "hour"), (60, "minute"))


def spoken_age(seconds: float) -> str:
    for size, unit in AGES:
        if seconds >= size:
            number = int(seconds // size)
            return f"{number:,} {unit}{'' if number == 1 else 's'} ago"
    return "just now"


class Snapshots(Struct, frozen=True):
    """All that are kept of one migration."""

    folder: Path

    def all(self) -> list[Snapshot]:
        """The newest first. Raises SourceError for one that is damaged."""
        return [_read(path.parent) for path in sorted(self.folder.glob(f"*/{MANIFEST}"), reverse=True) if _whole(path)]

    def names(self) -> list[str]:
        """Those of all that are whole, damaged ones among them."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{MANIFEST}") if _whole(path))

    def latest(self, addresses: frozenset[str]) -> Snapshot | None:
        """The newest that is of these servers and databases."""
        return next((one for one in self.all() if one.addresses >= addresses), None)

    def named(self, name: str) -> Snapshot:
        """Raises MappingError when there is none of this name."""
        return _read(self.folder / self._known(name))

    def remove(self, name: str) -> None:
        """Raises MappingError when there is none of this name, or when it is read just now."""
        folder = self.folder / self._known(name)
        try:
            with _locked(folder / LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
                # First its name: half of a snapshot must never look like a whole one.
                gone = folder.rename(folder.with_name(f"{name}{PARTIAL}"))
                shutil.rmtree(gone)
        except BlockingIOError:
            raise MappingError(f"{folder}: is read by another command; wait until it has ended") from None

    def _known(self, name: str) -> str:
        names = [path.parent.name for path in self.folder.glob(f"*/{MANIFEST}") if _whole(path)]
        if name not in names:
            hint = did_you_mean(name, names) if names else "; none is kept, `etl snapshot` takes one"
            raise MappingError(f"{self.folder}: no snapshot '{name}'{hint}")
        return name

    @contextmanager
    def new(self, created: datetime) -> Iterator[Making]:
        """A snapshot to be taken. It is there when `finish` was called, and otherwise nothing is left."""
        folder = self._begun()
        try:
            with _locked(folder / LOCK, fcntl.LOCK_EX):
                folder = self._named(folder, created.strftime("%Y%m%dT%H%M%SZ"))
                yield Making(folder, created)
        finally:
            if folder.exists():
                shutil.rmtree(folder, ignore_errors=True)

    def _begun(self) -> Path:
        """A folder that gets the name by which abandoned ones are known when its lock is held."""
        for _ in range(10):
            private_folder(self.folder)
            self._remove_abandoned()
            with suppress(FileNotFoundError):  # another command has failed, and put away what it thought was its own
                return Path(tempfile.mkdtemp(prefix="unfinished-", dir=self.folder))
        raise SourceError(f"{self.folder}: other commands remove this folder; run it again when they have ended")

    def put_away(self) -> None:
        """Remove the folder when nothing is kept in it, and the one around it when that holds nothing else."""
        with suppress(OSError):
            self.folder.rmdir()
            self.folder.parent.rmdir()

    def _named(self, folder: Path, name: str) -> Path:
        """The folder under its name, with a number when that second already has one."""
        for candidate in (name, *(f"{name}-{number}" for number in range(2, 1000))):
            if not (self.folder / candidate).exists():
                with suppress(OSError):  # another command had the same thought
                    return folder.rename(self.folder / f"{candidate}{PARTIAL}")
        raise MappingError(f"{self.folder}: a thousand snapshots in one second; run it again")

    def _remove_abandoned(self) -> None:
        for folder in self.folder.glob(f"*{PARTIAL}"):
            with suppress(OSError), _locked(folder / LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(folder, ignore_errors=True)


class Making(Struct):
    """A snapshot that is being taken."""

    folder: Path
    created: datetime
    _files: int = field(default=0)

    def path(self) -> Path:
        """A name for one more file."""
        self._files += 1
        return self.folder / f"{self._files:06}.csv"

    def finish(self, migration: str, tables: Sequence[KeptRows]) -> Snapshot:
        """Make it a whole one. All its bytes have reached the disk before it gets its name."""
        for one in tables:
            sync_folder(self.folder / one.file)  # a file is synced as a folder is
        made = self.created.isoformat(timespec="microseconds")
        written = {
            "format": FORMAT,
            "migration": migration,
            "made": made,
            "tables": [_as_written(one) for one in tables],
        }
        with durably(self.folder / MANIFEST) as file:
            file.write(json.dumps(written, ensure_ascii=False, indent=1).encode())
        whole = self.folder.rename(self.folder.with_name(self.folder.name.removesuffix(PARTIAL)))
        sync_folder(whole.parent)
        return Snapshot(whole, made, tuple(tables))


def _whole(manifest: Path) -> bool:
    return not manifest.parent.name.endswith(PARTIAL)


def _read(folder: Path) -> Snapshot:
    try:
        raw = json.loads((folder / MANIFEST).read_bytes())
        if raw["format"] not in FORMATS:
            raise SourceError(
                f"{folder}: was taken by another version of omnitron-etl; take a new one with `etl snapshot MAPPING`"
            )
        datetime.fromisoformat(raw["made"])
        return Snapshot(folder, raw["made"], tuple(_as_read(**one) for one in raw["tables"]))
    except OSError as error:
        raise SourceError(f"{folder}: cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, LookupError):
        raise SourceError(
            f"{folder}: is damaged; `etl snapshot MAPPING --remove {folder.name}`, and take a new one"
        ) from None


def _as_written(rows: KeptRows) -> dict[str, object]:
    """Manifests call the columns that were fetched `held`, and go on doing so: a snapshot outlives the version that took it."""
    written = as_dict(rows)
    return {"held" if name == "fetched" else name: part for name, part in written.items()}


def _as_read(**columns: Any) -> KeptRows:
    fetched = columns.pop("held")
    return KeptRows(fetched=fetched, **columns)


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


def now() -> datetime:
    return datetime.now(UTC)
