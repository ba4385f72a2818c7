"""What preparing leaves on disk: payload files, rejects, held records, manifest. Written once, then only read.

    manifest.json                 counts, versions, and the SHA-256 of everything (mapping, sources, the files below)
    payloads/<stage>/000001.json  one batch: a JSON array, one record a line; the exact bytes that are uploaded
    batches/<stage>.jsonl         a line a batch: the size and SHA-256 of its payload, and where its index lies
    index/<stage>.jsonl           a line a batch: for each of its records, in order, [key, row of the source], and "unsettled"
                                  as a third where the record may still change
    rejects/<stage>.jsonl         one line for every problem of every rejected row
    held/<stage>.jsonl            one line for every record whose parent is not migrated
    rows/<stage>.jsonl            one line for every row that is rejected or held: its cells as the source had them
    kinds/<stage>.jsonl           one line for every kind of problem: how many, where, and examples
    profile.json                  what the values of the stages are like, and what they sum up to (etl/measures)
    rejects.xlsx                  the rejected rows, whole, for the person who mends them
    report.html, report.json      all of it for people, and for programs; written again after each load

Everything is written under `<name>.partial` and renamed when whole.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from etl.errors import PackageError
from etl.findings import PROBLEM
from etl.model import Counts, Evidence

FORMAT = 3
MANIFEST = "manifest.json"
PROFILE = "profile.json"
UNSETTLED = "unsettled"
IndexLine = tuple[str, int] | tuple[str, int, str]
"""A record's key and its row in the source; and UNSETTLED, when it may still change."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reject:
    """One problem of one rejected row.

    source, row, place   where it is (model.Locator)
    field, value         what is wrong; a field of None is the row as a whole
    reason               the whole sentence, with the data in it
    rule, words, parts   what the sentence is made of (findings.Finding)
    personal             whether what comes out of the row is masked where it is printed
    """

    source: str
    row: int
    key: str | None
    field: str | None
    value: object
    reason: str
    rule: str
    words: str
    parts: Mapping[str, object]
    personal: bool = True
    severity: str = PROBLEM
    place: str | None = None


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
    rule: str
    words: str
    parts: Mapping[str, object]
    place: str | None = None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row that is not sent, as its source had it. `fate` is rejected or held.

    `cells` run parallel to the stage's `columns`; of a row that could not be read they are what was there. A cell that
    feeds a field nobody should see (a password) is findings.HIDDEN.
    """

    source: str
    row: int
    fate: str
    key: str | None
    cells: Sequence[object]
    place: str | None = None


@dataclass(frozen=True, slots=True)
class ProblemExample:
    """A problem as it was told first."""

    source: str
    row: int
    place: str | None
    words: str
    parts: Mapping[str, object]
    reason: str
    personal: bool


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """Problems of one field and one rule; for a lookup, of one missing entry.

    rows       the places of the first of them, as `row` and `place` of a Reject
    examples   the first of them: words, parts, and where it is
    cut        that these are of several entries: there were too many to tell them all apart
    """

    fate: str
    field: str | None
    rule: str
    entry: str | None
    severity: str
    count: int
    rows: Sequence[int | str]
    examples: Sequence[ProblemExample]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the package: its path inside it, its size in bytes and lines or records, its SHA-256."""

    file: str
    bytes: int
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Some bytes of a file of the package."""

    file: str
    offset: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A payload file, and the line of the index that tells which source row each of its records came from."""

    number: int
    payload: FileEntry
    index: Slice

    @property
    def records(self) -> int:
        return self.payload.records


@dataclass(frozen=True, slots=True)
class Walked:
    """A valid record, and where it is: in which batch, at which position of it (from 0), from which row of the source."""

    batch: Batch
    position: int
    key: str
    row: int
    data: bytes


@dataclass(frozen=True, slots=True)
class PackagedStage:
    """A stage's counts and files. Its batches, of which there may be many thousands, are read from theirs: Package.batches.

    `columns` are the source's, which the cells of `rows` run parallel to. `beyond`: in which ways more rows are left behind than
    the mapping accepts; None: it says nothing about that.
    """

    name: str
    payload: str
    counts: Counts
    batches: FileEntry
    index: FileEntry
    rejects: FileEntry
    held: FileEntry
    rows: FileEntry
    kinds: FileEntry
    columns: tuple[str, ...] = ()
    beyond: tuple[str, ...] | None = None

    @property
    def is_well(self) -> bool:
        """Whether no more rows are left behind than the mapping accepts: none, where it does not say."""
        if self.beyond is None:
            return self.counts.rejected == self.counts.held == 0
        return not self.beyond


@dataclass(frozen=True, slots=True)
class Input:
    """What the package was made from (see model.Evidence). `name` is the source's or lookup's name in the mapping.

    `sha256` is None for a source of which only the first rows were read.
    """

    name: str
    file: str
    bytes: int | None
    sha256: str | None
    statement: str | None = None
    taken: str | None = None
    rows: int | None = None
    snapshot: str | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, seen: Evidence) -> Input:
        return cls(
            name,
            seen.location,
            seen.bytes,
            seen.sha256,
            seen.statement,
            seen.taken,
            seen.rows,
            seen.snapshot,
            seen.notes,
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole of manifest.json. `created` is UTC, ISO 8601; `versions` names the engine and its interpreter.

    `warnings` are lines about what is odd in the mapping and its sources; those about records are among the stages' kinds.
    """

    format: int
    migration: str
    created: str
    versions: Mapping[str, str]
    mapping: Input
    inputs: tuple[Input, ...]
    stages: tuple[PackagedStage, ...]
    warnings: tuple[str, ...] = ()
    profile: FileEntry | None = None


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
            writer = raw["versions"]["omnitron-etl"]
        except (FileNotFoundError, NotADirectoryError):
            raise PackageError(f"{path}: not a package (no {MANIFEST}); `etl dry-run` makes one") from None
        except (ValueError, TypeError, LookupError) as error:
            raise PackageError(f"{file}: damaged ({error}); make the package again with `etl dry-run`") from None
        raise PackageError(
            f"{file}: written by omnitron-etl {writer} as package format {written}, and this version reads {FORMAT}; "
            f"make the package again with `etl dry-run`; to go on with an upload of it, use omnitron-etl {writer}"
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
        return [(line[0], line[1]) for line in orjson.loads(self.read(batch.index))]

    def unsettled(self, batch: Batch) -> set[str]:
        """The keys of its records that may still change."""
        return {line[0] for line in orjson.loads(self.read(batch.index)) if UNSETTLED in line[2:]}

    def keys(self, batch: Batch) -> list[str]:
        """Of its records, in their order."""
        return [key for key, _ in self.index(batch)]

    def walk(self, stage: PackagedStage) -> Iterator[Walked]:
        """Every record of a stage in order: the batch it is in, its position there, its key, its row, its bytes."""
        for batch in self.batches(stage):
            in_turn = zip(self.index(batch), self.records(batch), strict=True)
            for position, ((key, row), data) in enumerate(in_turn):
                yield Walked(batch, position, key, row, data)

    def check(self) -> None:
        """Read all of it. Raises PackageError when anything is not what was written."""
        for stage in self.stages:
            records = 0
            for batch in self.batches(stage):
                self.payload(batch)
                records += len(self.index(batch))
            if records != stage.counts.valid:
                counted = (
                    f"it counts {stage.counts.valid} records of stage '{stage.name}', and its batches have {records}"
                )
                raise PackageError(
                    f"{self.path / MANIFEST}: changed since it was prepared ({counted}); nothing of it is sent"
                )
            for lines in (self.rejects(stage), self.held(stage), self.rows(stage), self.kinds(stage)):
                deque(lines, maxlen=0)

    def rejects(self, stage: PackagedStage) -> Iterator[Reject]:
        return self._parsed(stage.rejects, lambda one: Reject(**one))

    def held(self, stage: PackagedStage) -> Iterator[Held]:
        return self._parsed(stage.held, lambda one: Held(**one))

    def rows(self, stage: PackagedStage) -> Iterator[SourceRow]:
        return self._parsed(stage.rows, lambda one: SourceRow(**one))

    def kinds(self, stage: PackagedStage) -> Iterator[ProblemKind]:
        """The kinds of problems: of rejected rows, then of held records, each time the commonest first."""
        return self._parsed(stage.kinds, _kind)

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


def _missing(path: Path) -> PackageError:
    return PackageError(f"{path}: missing; the package is incomplete, make it again with `etl dry-run`")


def _changed(path: Path) -> PackageError:
    return PackageError(f"{path}: changed since it was prepared (SHA-256 differs); nothing of it is sent")


def _part_of(path: Path, part: Slice) -> bytes:
    with path.open("rb") as file:
        file.seek(part.offset)
        return file.read(part.bytes)


def join_records(records: Sequence[bytes]) -> bytes:
    """A batch's bytes: a JSON array, one record a line, so that two packages can be compared line by line."""
    return b"[\n" + b",\n".join(records) + b"\n]\n"


def split_records(payload: bytes) -> list[bytes]:
    """The inverse of join_records. JSON text has no raw newline, so the lines are the records."""
    return payload[2:-3].split(b",\n") if len(payload) > 5 else []


def _input(raw: Mapping[str, Any]) -> Input:
    return Input(**{**raw, "notes": tuple(raw.get("notes", ()))})


def _manifest(raw: dict[str, Any]) -> Manifest:
    stages = tuple(_stage(stage) for stage in raw["stages"])
    inputs = tuple(_input(one) for one in raw["inputs"])
    raw["warnings"] = tuple(raw.get("warnings", ()))
    profile = FileEntry(**raw["profile"]) if raw.get("profile") else None
    parts = {"mapping": _input(raw["mapping"]), "inputs": inputs, "stages": stages, "profile": profile}
    return Manifest(**{**raw, **parts})


def _stage(raw: dict[str, Any]) -> PackagedStage:
    files = {name: FileEntry(**raw[name]) for name in ("batches", "index", "rejects", "held", "rows", "kinds")}
    beyond = None if raw.get("beyond") is None else tuple(raw["beyond"])
    return PackagedStage(
        raw["name"], raw["payload"], Counts(**raw["counts"]), **files, columns=tuple(raw["columns"]), beyond=beyond
    )


def _kind(raw: dict[str, Any]) -> ProblemKind:
    return ProblemKind(**{**raw, "examples": [ProblemExample(**one) for one in raw["examples"]]})
