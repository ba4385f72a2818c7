"""A package, for reading. What it yields is checked against the SHA-256 that the manifest promises."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import orjson
from msgspec import Struct

from etl.errors import NoPackage, PackageError
from etl.findings import said
from etl.package.lines import Held, Merged, ProblemKind, Reject, SourceRow, kind_of
from etl.package.manifest import FORMAT, MANIFEST, Batch, FileEntry, Manifest, PackagedStage, Slice, manifest_of
from etl.package.records import split_records

UNSETTLED = "unsettled"
IndexLine = tuple[str, int] | tuple[str, int, str]
"""A record's key and its row in the source; and UNSETTLED, when it may still change."""

T = TypeVar("T")


class Walked(Struct, frozen=True):
    """A valid record, and where it is: in which batch, at which position of it (from 0), from which row of the source.

    `settled`: it will not change any more.
    """

    batch: Batch
    position: int
    key: str
    row: int
    data: bytes
    settled: bool = True


class Package:
    """A finished package, for reading. Every read checks the SHA-256 that the manifest promises."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: Path, again: str = "dry-run") -> Package:
        """Read a package's manifest. Raises NoPackage when there is none, and PackageError for one that this version cannot read;
        `again` is the command that makes one for whoever needs it."""
        file = path / MANIFEST
        try:
            raw = orjson.loads(file.read_bytes())
            written = raw["format"]
            if written == FORMAT:
                return cls(path, manifest_of(raw))
            writer = raw["versions"]["omnitron-etl"]
        except (FileNotFoundError, NotADirectoryError):
            words = "{path}: not a package (no {file}); `etl {command}` makes one"
            raise NoPackage(said(words, path=str(path), file=MANIFEST, command=again)) from None
        except (ValueError, TypeError, LookupError):
            raise PackageError(f"{file}: damaged; make the package again with `etl {again}`") from None
        raise PackageError(
            f"{file}: written by omnitron-etl {writer} as package format {written}, and this version reads {FORMAT}; "
            f"make the package again with `etl {again}`; to go on with an upload of it, use omnitron-etl {writer}"
        )

    @property
    def stages(self) -> tuple[PackagedStage, ...]:
        return self.manifest.stages

    def stage(self, name: str) -> PackagedStage:
        return next(stage for stage in self.stages if stage.name == name)

    def read(self, entry: FileEntry | Slice) -> bytes:
        """The bytes of a file of the package, or of some of it. Raises PackageError when they are not those that were written."""
        path = self.path / entry.file
        try:
            data = path.read_bytes() if isinstance(entry, FileEntry) else _part_of(path, entry)
        except FileNotFoundError:
            raise _missing(path) from None
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise _changed(path)
        return data

    def batches(self, stage: PackagedStage) -> Iterator[Batch]:
        """A stage's batches in their order. Raises PackageError, at the end, when they are not those that were written."""
        return self._parsed(
            stage.batches, lambda one: Batch(one["number"], FileEntry(**one["payload"]), Slice(**one["index"]))
        )

    def payload(self, batch: Batch) -> bytes:
        return self.read(batch.payload)

    def records(self, batch: Batch) -> list[bytes]:
        """Each record's own bytes, in the batch's order."""
        return split_records(self.payload(batch))

    def index(self, batch: Batch) -> list[tuple[str, int]]:
        """For each record of the batch, its key and its row in the source."""
        return [(line[0], line[1]) for line in self._index_lines(batch)]

    def unsettled(self, batch: Batch) -> set[str]:
        """The keys of its records that may still change."""
        return {line[0] for line in self._index_lines(batch) if UNSETTLED in line[2:]}

    def _index_lines(self, batch: Batch) -> list[IndexLine]:
        lines: list[IndexLine] = orjson.loads(self.read(batch.index))
        return lines

    def keys(self, batch: Batch) -> list[str]:
        """Of its records, in their order."""
        return [key for key, _ in self.index(batch)]

    def walk(self, stage: PackagedStage) -> Iterator[Walked]:
        """Every record of a stage in order: the batch it is in, its position there, its key, its row, its bytes."""
        for batch in self.batches(stage):
            in_turn = zip(self._index_lines(batch), self.records(batch), strict=True)
            for position, (line, data) in enumerate(in_turn):
                yield Walked(batch, position, line[0], line[1], data, UNSETTLED not in line[2:])

    def check(self) -> None:
        """Read all of it. Raises PackageError when anything is not what was written."""
        for stage in self.stages:
            records = 0
            for batch in self.batches(stage):
                self.payload(batch)
                records += len(self.index(batch))
            if records != stage.counts.valid:
                words = "it counts {count} records of stage '{stage}', and its batches have {number}"
                counted = said(words, count=stage.counts.valid, stage=stage.name, number=records)
                raise _changed(self.path / MANIFEST, counted)
            for lines in (
                self.rejects(stage),
                self.held(stage),
                self.merged(stage),
                self.rows(stage),
                self.kinds(stage),
            ):
                deque(lines, maxlen=0)

    def rejects(self, stage: PackagedStage) -> Iterator[Reject]:
        return self._parsed(stage.rejects, lambda one: Reject(**one))

    def held(self, stage: PackagedStage) -> Iterator[Held]:
        return self._parsed(stage.held, lambda one: Held(**one))

    def merged(self, stage: PackagedStage) -> Iterator[Merged]:
        return iter(()) if stage.merged is None else self._parsed(stage.merged, lambda one: Merged(**one))

    def rows(self, stage: PackagedStage) -> Iterator[SourceRow]:
        return self._parsed(stage.rows, lambda one: SourceRow(**one))

    def kinds(self, stage: PackagedStage) -> Iterator[ProblemKind]:
        """The kinds of problems: of rejected rows, then of held records, each time the commonest first."""
        return self._parsed(stage.kinds, kind_of)

    def profile(self) -> dict[str, Any]:
        """What the stages' values are like (etl/prepare/profiling.py); empty in a package of before there were profiles."""
        entry = self.manifest.profile
        if entry is None:
            return {}
        found: dict[str, Any] = orjson.loads(self.read(entry))
        return found

    def _parsed(self, entry: FileEntry, parse: Callable[[dict[str, Any]], T]) -> Iterator[T]:
        for line in self._lines(entry):
            try:
                one = parse(orjson.loads(line))
            except (ValueError, TypeError, LookupError):
                raise _changed(self.path / entry.file) from None
            yield one

    def _lines(self, entry: FileEntry) -> Iterator[bytes]:
        """A line at a time: there may be millions, and whoever looks wants the first few. Checked when all were read."""
        path, seen = self.path / entry.file, hashlib.sha256()
        try:
            with path.open("rb") as file:
                for line in file:
                    seen.update(line)
                    yield line
        except FileNotFoundError:
            raise _missing(path) from None
        if seen.hexdigest() != entry.sha256:
            raise _changed(path)


DIFFERS = said("SHA-256 differs")


def _missing(path: Path) -> PackageError:
    words = "{path}: missing; the package is incomplete, make it again with `etl dry-run`"
    return PackageError(said(words, path=str(path)))


def _changed(path: Path, why: str = DIFFERS) -> PackageError:
    words = "{path}: changed since it was prepared ({why}); nothing of it is used"
    return PackageError(said(words, path=str(path), why=why))


def _part_of(path: Path, part: Slice) -> bytes:
    with path.open("rb") as file:
        file.seek(part.offset)
        return file.read(part.bytes)


def newest(folder: Path) -> Package | None:
    """The finished package in a folder that was made last; None where there is none.

    Raises PackageError where a later one cannot be read: what is told of an older one would be taken for what is so now.
    Those of an older format lie before it, and are passed over.
    """
    paths = sorted(one.parent for one in folder.glob(f"*/{MANIFEST}") if not one.parent.name.endswith(".partial"))
    found = [Package.open(path) for path in paths if is_readable(path)]
    last = max(found, key=lambda one: one.manifest.created, default=None)
    if paths and (last is None or (paths[-1].name > last.path.name and not is_readable(paths[-1]))):
        return Package.open(paths[-1])
    return last


def is_readable(path: Path) -> bool:
    """Whether a package is there that this version can read."""
    try:
        Package.open(path)
    except PackageError:
        return False
    return True
