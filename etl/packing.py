"""Writes a package: under a temporary name, renamed when whole. What is in it, and how it is read: package.py."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import orjson

from etl.files import durably, open_private, private_folder, sync_folder
from etl.model import Counts
from etl.package import (
    MANIFEST,
    Batch,
    FileEntry,
    Held,
    Manifest,
    Package,
    PackagedStage,
    Reject,
    Slice,
    join_records,
)

PARTIAL = ".partial"
DEEPEST_SHOWN = 20


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

    def write(self, line: bytes) -> int:
        """Add a line, which ends with its line break. The offset it lies at."""
        self._file.write(line)
        self._hash.update(line)
        self._lines += 1
        self._bytes += len(line)
        return self._bytes - len(line)

    def close(self) -> FileEntry:
        self._file.close()
        return FileEntry(self._name, self._bytes, self._lines, self._hash.hexdigest())

    def abandon(self) -> None:
        """Close a file that is about to be removed. What is left to be written may find no room, and need not."""
        with suppress(OSError):
            self._file.close()


class StageWriter:
    """Writes one stage: records in order, cut in batches; rejects and held records beside them."""

    def __init__(self, root: Path, name: str, payload: str, batch_size: int) -> None:
        self._root, self._name, self._payload, self._size = root, name, payload, batch_size
        self._waiting: list[bytes] = []
        self._index: list[tuple[str, int]] = []
        self._number = self.records = 0
        with ExitStack() as opened:
            self._batches = self._open("batches", opened)
            self._index_file = self._open("index", opened)
            self._rejects = self._open("rejects", opened)
            self._held = self._open("held", opened)
            private_folder(root / "payloads" / name)
            opened.pop_all()

    def _open(self, folder: str, opened: ExitStack) -> LineFile:
        file = LineFile(self._root, f"{folder}/{self._name}.jsonl")
        opened.callback(file.abandon)
        return file

    def add(self, records: Sequence[bytes], index: Sequence[tuple[str, int]]) -> None:
        """Add valid records: each one's JSON, and its key and source row."""
        self._waiting.extend(records)
        self._index.extend(index)
        while len(self._waiting) >= self._size:
            self._cut()

    def reject(self, reject: Reject) -> None:
        self._rejects.write(_line(reject))

    def hold(self, held: Held) -> None:
        self._held.write(_line(held))

    def close(self, counts: Counts) -> PackagedStage:
        if self._waiting:
            self._cut()
        return PackagedStage(self._name, self._payload, counts, *(file.close() for file in self._files))

    def abandon(self) -> None:
        """Close what is open; the files are about to be removed."""
        for file in self._files:
            file.abandon()

    @property
    def _files(self) -> tuple[LineFile, LineFile, LineFile, LineFile]:
        return self._batches, self._index_file, self._rejects, self._held

    def _cut(self) -> None:
        size, self._number = self._size, self._number + 1
        records = self._waiting[:size]
        payload = self._write(f"payloads/{self._name}/{self._number:06}.json", join_records(records), len(records))
        batch = Batch(self._number, payload, self._write_index(self._index[:size]))
        self._batches.write(orjson.dumps(batch, option=orjson.OPT_APPEND_NEWLINE))
        self.records += len(records)
        del self._waiting[:size], self._index[:size]

    def _write_index(self, index: Sequence[tuple[str, int]]) -> Slice:
        line = orjson.dumps(index, option=orjson.OPT_APPEND_NEWLINE)
        offset = self._index_file.write(line)
        return Slice(f"index/{self._name}.jsonl", offset, len(line), hashlib.sha256(line).hexdigest())

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
