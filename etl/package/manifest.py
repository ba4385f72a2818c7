"""What manifest.json says: what the package was made from, its counts, and the SHA-256 of every file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.findings import Sentence, as_phrase
from etl.languages import DEFAULT
from etl.model import Counts, Evidence

FORMAT = 3
MANIFEST = "manifest.json"
PROFILE = "profile.json"


class FileEntry(Struct, frozen=True):
    """A file of the package: its path inside it, its size in bytes and lines or records, its SHA-256."""

    file: str
    bytes: int
    records: int
    sha256: str


class Slice(Struct, frozen=True):
    """Some bytes of a file of the package."""

    file: str
    offset: int
    bytes: int
    sha256: str


class Batch(Struct, frozen=True):
    """A payload file, and the line of the index that tells which source row each of its records came from."""

    number: int
    payload: FileEntry
    index: Slice

    @property
    def records(self) -> int:
        return self.payload.records


class PackagedStage(Struct, frozen=True):
    """A stage's counts and files. Its batches, of which there may be many thousands, are read from theirs: Package.batches.

    `columns` are the source's, which the cells of `rows` run parallel to; by those of `identity` its database tells a row.
    `beyond`: in which ways more rows are left behind than the mapping accepts; None: it says nothing about that.
    `corrected`: by their numbers the rows that persons have mended, each with the sum of its cells as the source has them.
    `merged`: None in a stage that merges nothing. `source`: what its rows are of, as people are told; older packages lack it.
    `key`: what the keys are made from, as the mapping had it then; older packages lack it, too.
    `may_be_empty`: that there are no rows is no problem.
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
    merged: FileEntry | None = None
    identity: tuple[str, ...] = ()
    corrected: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    key: str = ""
    may_be_empty: bool = False

    @property
    def is_well(self) -> bool:
        """Whether no more rows are left behind than the mapping accepts: none, where it does not say."""
        if self.beyond is None:
            return self.counts.rejected == self.counts.held == 0
        return not self.beyond


class Input(Struct, frozen=True):
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


class RefusedCorrection(Struct, frozen=True):
    """A correction that was not applied: what it is told by (corrections.RowCorrection), its line in its file, and why."""

    stage: str
    sum: str
    row: str
    line: int
    why: str


LIMIT, SAMPLE = "limit", "sample"


class Manifest(Struct, frozen=True):
    """The whole of manifest.json. `created` is UTC, ISO 8601; `versions` names the engine and its interpreter.

    `warnings` are lines about what is odd in the mapping and its sources; those about records are among the stages' kinds.
    `language` is the one in which its report is told. `part`: it was not to hold everything, and why: a LIMIT, or a SAMPLE.
    `said`: of what sentences in it were made, by their English; older packages lack it.
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
    refused: tuple[RefusedCorrection, ...] = ()
    language: str = DEFAULT
    part: str | None = None
    said: Mapping[str, Any] = field(default_factory=dict)


def remembering(manifest: Manifest) -> Manifest:
    """With what its sentences were made of: JSON has their text alone."""
    lines = [*manifest.warnings, *(one.why for one in manifest.refused)]
    lines += [line for stage in manifest.stages for line in stage.beyond or ()]
    return replace(manifest, said={str(one): as_phrase(one) for one in lines if isinstance(one, Sentence)})


def _input(raw: Mapping[str, Any]) -> Input:
    return Input(**{**raw, "notes": tuple(raw.get("notes", ()))})


def manifest_of(raw: dict[str, Any]) -> Manifest:
    """manifest.json as it was parsed. Raises KeyError or TypeError when something of it is missing or too much."""
    known = raw.get("said", {})

    def again(text: str) -> str:
        return Sentence(text, **known[text]) if text in known else text

    stages = tuple(_stage(stage, again) for stage in raw["stages"])
    inputs = tuple(_input(one) for one in raw["inputs"])
    raw["warnings"] = tuple(map(again, raw.get("warnings", ())))
    raw["refused"] = tuple(RefusedCorrection(**{**one, "why": again(one["why"])}) for one in raw.get("refused", ()))
    profile = FileEntry(**raw["profile"]) if raw.get("profile") else None
    parts = {"mapping": _input(raw["mapping"]), "inputs": inputs, "stages": stages, "profile": profile}
    return Manifest(**{**raw, **parts})


def _stage(raw: dict[str, Any], again: Callable[[str], str]) -> PackagedStage:
    files = {name: FileEntry(**raw[name]) for name in ("batches", "index", "rejects", "held", "rows", "kinds")}
    beyond = None if raw.get("beyond") is None else tuple(map(again, raw["beyond"]))
    merged = None if raw.get("merged") is None else FileEntry(**raw["merged"])
    return PackagedStage(
        raw["name"],
        raw["payload"],
        Counts(**raw["counts"]),
        **files,
        columns=tuple(raw["columns"]),
        beyond=beyond,
        merged=merged,
        identity=tuple(raw.get("identity", ())),
        corrected=raw.get("corrected", {}),
        source=raw.get("source", ""),
        key=raw.get("key", ""),
        may_be_empty=raw.get("may_be_empty", False),
    )
