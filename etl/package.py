"""What preparing leaves on disk: payload files, rejects, held records, manifest. Written once, then only read.

    manifest.json                 counts, versions, and the SHA-256 of everything (mapping, sources, every file below)
    payloads/<stage>/000001.json  one batch: a JSON array, one record a line; the exact bytes that are uploaded
    index/<stage>/000001.json     for each record of that batch, in order: [key, row of the source]
    rejects/<stage>.jsonl         one line for every problem of every rejected row
    held/<stage>.jsonl            one line for every record whose parent is not migrated

Everything is written under `<name>.partial` and renamed when whole.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import orjson

from etl.errors import PackageError
from etl.files import durably, open_private, private_folder, sync_folder
from etl.model import Counts

FORMAT = 1
PARTIAL = ".partial"
MANIFEST = "manifest.json"
DEEPEST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Reject:
    """One problem of one rejected row. `row` counts as a spreadsheet does (a header is row 1); None is the whole row."""

    source: str
    row: int
    key: str | None
    field: str | None
    value: object
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """A good record that is not sent, because the record it refers to is not."""

    source: str
    row: int
    key: str
    field: str
    parent_stage: str
    parent_key: str
    parent_fate: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the package: its path inside it, its size in bytes and lines or records, its SHA-256."""

    file: str
    bytes: int
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A payload file, and the index that tells which source row each of its records came from."""

    number: int
    payload: FileEntry
    index: FileEntry

    @property
    def records(self) -> int:
        return self.payload.records


@dataclass(frozen=True, slots=True)
class PackagedStage:
    name: str
    payload: str
    counts: Counts
    batches: tuple[Batch, ...]
    rejects: FileEntry
    held: FileEntry


@dataclass(frozen=True, slots=True)
class Input:
    """A file the package was made from. `name` is the source's or lookup's name in the mapping."""

    name: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole of manifest.json. `created` is UTC, ISO 8601; `versions` names the engine and its interpreter."""

    format: int
    migration: str
    created: str
    versions: Mapping[str, str]
    mapping: Input
    inputs: tuple[Input, ...]
    stages: tuple[PackagedStage, ...]


class Package:
    """A finished package, for reading. Every read checks the SHA-256 that the manifest promises."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: Path) -> Package:
        """Read a package's manifest. Raises PackageError when there is none, or none that this version can read."""
        file = path / MANIFEST
        try:
            raw = orjson.loads(file.read_bytes())
            written = raw["format"]
            if written == FORMAT:
                return cls(path, _manifest(raw))
        except (FileNotFoundError, NotADirectoryError):
            raise PackageError(f"{path}: not a package (no {MANIFEST}); `etl dry-run` makes one") from None
        except (ValueError, TypeError, LookupError) as error:
            raise PackageError(f"{file}: damaged ({error}); make the package again with `etl dry-run`") from None
        raise PackageError(
            f"{file}: package format {written}, this version reads {FORMAT}; use the omnitron-etl that wrote it"
        )

    @property
    def stages(self) -> tuple[PackagedStage, ...]:
        return self.manifest.stages

    def stage(self, name: str) -> PackagedStage:
        return next(stage for stage in self.stages if stage.name == name)

    def read(self, entry: FileEntry) -> bytes:
        """The bytes of a file of the package. Raises PackageError when they are not those that were written."""
        path = self.path / entry.file
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise PackageError(
                f"{path}: missing; the package is incomplete, make it again with `etl dry-run`"
            ) from None
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise PackageError(f"{path}: changed since it was prepared (SHA-256 differs); nothing of it is sent")
        return data

    def payload(self, batch: Batch) -> bytes:
        return self.read(batch.payload)

    def records(self, batch: Batch) -> list[bytes]:
        """Each record's own bytes, in the batch's order."""
        return split_records(self.payload(batch))

    def index(self, batch: Batch) -> list[tuple[str, int]]:
        """For each record of the batch, its key and its row in the source."""
        return [(key, row) for key, row in orjson.loads(self.read(batch.index))]

    def rejects(self, stage: PackagedStage) -> Iterator[Reject]:
        return (Reject(**orjson.loads(line)) for line in self.read(stage.rejects).splitlines())

    def held(self, stage: PackagedStage) -> Iterator[Held]:
        return (Held(**orjson.loads(line)) for line in self.read(stage.held).splitlines())


def join_records(records: Sequence[bytes]) -> bytes:
    """A batch's bytes: a JSON array, one record a line, so that two packages can be compared line by line."""
    return b"[\n" + b",\n".join(records) + b"\n]\n"


def split_records(payload: bytes) -> list[bytes]:
    """The inverse of join_records. JSON text has no raw newline, so the lines are the records."""
    return payload[2:-3].split(b",\n") if len(payload) > 5 else []


def _manifest(raw: dict[str, Any]) -> Manifest:
    stages = tuple(_stage(stage) for stage in raw["stages"])
    inputs = tuple(Input(**one) for one in raw["inputs"])
    return Manifest(**{**raw, "mapping": Input(**raw["mapping"]), "inputs": inputs, "stages": stages})


def _stage(raw: dict[str, Any]) -> PackagedStage:
    batches = tuple(
        Batch(one["number"], FileEntry(**one["payload"]), FileEntry(**one["index"])) for one in raw["batches"]
    )
    return PackagedStage(
        raw["name"],
        raw["payload"],
        Counts(**raw["counts"]),
        batches,
        FileEntry(**raw["rejects"]),
        FileEntry(**raw["held"]),
    )


def _line(line: Reject | Held) -> bytes:
    """A rejected value may be anything that a source can hold, such as half a character or a number of 30 digits."""
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        named = {field.name: _writable(getattr(line, field.name)) for field in fields(line)}
        return orjson.dumps(named, option=orjson.OPT_APPEND_NEWLINE)


def _writable(value: object, depth: int = 0) -> object:
    if depth > DEEPEST_SHOWN:
        return "..."
    if isinstance(value, Mapping):
        return {str(_writable(str(name))): _writable(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 1 << 63:
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()


class LineFile:
    """A JSON-lines file of the package, hashed while it is written."""

    def __init__(self, root: Path, name: str) -> None:
        private_folder((root / name).parent)
        self._name = name
        self._file: BinaryIO = open_private(root / name)
        self._hash = hashlib.sha256()
        self._bytes = self._lines = 0

    def write(self, line: Reject | Held) -> None:
        data = _line(line)
        self._file.write(data)
        self._hash.update(data)
        self._bytes += len(data)
        self._lines += 1

    def close(self) -> FileEntry:
        self._file.close()
        return FileEntry(self._name, self._bytes, self._lines, self._hash.hexdigest())


class StageWriter:
    """Writes one stage: records in order, cut in batches; rejects and held records beside them."""

    def __init__(self, root: Path, name: str, payload: str, batch_size: int) -> None:
        self._root, self._name, self._payload, self._size = root, name, payload, batch_size
        self._records: list[bytes] = []
        self._index: list[tuple[str, int]] = []
        self._batches: list[Batch] = []
        self._rejects = LineFile(root, f"rejects/{name}.jsonl")
        self._held = LineFile(root, f"held/{name}.jsonl")
        private_folder(root / "payloads" / name)
        private_folder(root / "index" / name)

    def add(self, records: Sequence[bytes], index: Sequence[tuple[str, int]]) -> None:
        """Add valid records: each one's JSON, and its key and source row."""
        self._records.extend(records)
        self._index.extend(index)
        while len(self._records) >= self._size:
            self._cut()

    def reject(self, reject: Reject) -> None:
        self._rejects.write(reject)

    def hold(self, held: Held) -> None:
        self._held.write(held)

    def close(self, counts: Counts) -> PackagedStage:
        if self._records:
            self._cut()
        return PackagedStage(
            self._name, self._payload, counts, tuple(self._batches), self._rejects.close(), self._held.close()
        )

    def abandon(self) -> None:
        """Close what is open; the files are about to be removed."""
        self._rejects.close()
        self._held.close()

    def _cut(self) -> None:
        number, size = len(self._batches) + 1, self._size
        name = f"{self._name}/{number:06}.json"
        payload = self._write(f"payloads/{name}", join_records(self._records[:size]), len(self._records[:size]))
        index = self._write(f"index/{name}", orjson.dumps(self._index[:size]), payload.records)
        self._batches.append(Batch(number, payload, index))
        del self._records[:size], self._index[:size]

    def _write(self, name: str, data: bytes, records: int) -> FileEntry:
        with open_private(self._root / name) as file:
            file.write(data)
        return FileEntry(name, len(data), records, hashlib.sha256(data).hexdigest())


class PackageWriter:
    """Writes a package under a temporary name. `finish` renames it; leaving without it removes what was written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = path.with_name(path.name + PARTIAL)
        self._stages: list[StageWriter] = []
        self._finished = False

    def __enter__(self) -> PackageWriter:
        private_folder(self._path.parent)
        self._root.mkdir(mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stage in self._stages:
            stage.abandon()
        if not self._finished:
            shutil.rmtree(self._root, ignore_errors=True)

    @property
    def scratch(self) -> Path:
        """A private folder for what is only needed while preparing; gone when the package is finished."""
        return private_folder(self._root / ".scratch")

    def stage(self, name: str, payload: str, batch_size: int) -> StageWriter:
        self._stages.append(StageWriter(self._root, name, payload, batch_size))
        return self._stages[-1]

    def finish(self, manifest: Manifest) -> Package:
        shutil.rmtree(self._root / ".scratch", ignore_errors=True)
        with durably(self._root / MANIFEST) as file:
            file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        self._root.rename(self._path)
        sync_folder(self._path.parent)
        self._finished = True
        return Package(self._path, manifest)
