"""Writes a package: under a temporary name, renamed when whole. What is in it, and how it is read: package/."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import orjson
from msgspec import Struct, field
from msgspec.structs import asdict

from etl.files import durably, open_private, private_folder, sync_folder
from etl.findings import PROBLEM, entry_in
from etl.model import Counts
from etl.package import (
    MANIFEST,
    PROFILE,
    Batch,
    FileEntry,
    Held,
    IndexLine,
    Manifest,
    Merged,
    Package,
    PackagedStage,
    ProblemExample,
    ProblemKind,
    Reject,
    Slice,
    SourceRow,
    join_records,
    remembering,
)
from etl.partial import claim, partial_of
from etl.records import as_dict, json_of

DEEPEST_SHOWN = 20


def _line(line: Reject | Held | Merged | SourceRow | ProblemKind) -> bytes:
    """A rejected value may be anything that a source can hold, such as half a character or a number of 30 digits."""
    try:
        return json_of(line, _plain, orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return orjson.dumps(_writable(line), option=orjson.OPT_APPEND_NEWLINE)


def _plain(value: object) -> object:
    return as_dict(value) if isinstance(value, Struct) else str(value)


def _writable(value: object, depth: int = 0) -> object:
    if depth > DEEPEST_SHOWN:
        return "..."
    if isinstance(value, Struct):
        value = asdict(value)
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


EXAMPLES = 3
"""Problems of a kind that its line tells in full."""

PLACES = 20
"""Rows of a kind that its line names; `rejects/` and `held/` have them all."""

ENTRIES = 1000
"""Missing entries of a lookup that are told apart for a field; further ones are counted together."""

KindName = tuple[str, str | None, str, str | None]
"""Fate, field, rule and missing entry."""


class ProblemCounter:
    """Counts problems by kind while they are written. Its memory is bounded, however many problems and entries there are."""

    def __init__(self) -> None:
        self._kinds: dict[KindName, _Count] = {}
        self._entries: Counter[KindName] = Counter()

    def add(self, fate: str, problem: Reject | Held, *, field: str | None, severity: str, personal: bool) -> None:
        name = self._name((fate, field, problem.rule, _entry(problem)))
        count = self._kinds.setdefault(name, _Count(severity, cut=name[3] is None and name in self._entries))
        count.add(problem, personal=personal)

    def _name(self, name: KindName) -> KindName:
        """The name to count under: without the entry, when there are too many of them."""
        if name[3] is None or name in self._kinds:
            return name
        together = (*name[:3], None)
        if self._entries[together] >= ENTRIES:
            return together
        self._entries[together] += 1
        return name

    def kinds(self) -> list[ProblemKind]:
        """Those of rejected rows, then those of held records; each time the commonest first."""
        found = sorted(self._kinds.items(), key=lambda item: (item[0][0] == "held", -item[1].count))
        return [count.kind(name) for name, count in found]


class _Count(Struct):
    severity: str
    cut: bool
    count: int = 0
    rows: list[int | str] = field(default_factory=list)
    examples: list[ProblemExample] = field(default_factory=list)

    def add(self, problem: Reject | Held, *, personal: bool) -> None:
        self.count += 1
        if len(self.rows) < PLACES:
            self.rows.append(problem.place or problem.row)
        if len(self.examples) < EXAMPLES:
            self.examples.append(
                ProblemExample(
                    problem.source, problem.row, problem.place, problem.words, problem.parts, problem.reason, personal
                )
            )

    def kind(self, name: KindName) -> ProblemKind:
        return ProblemKind(*name, self.severity, self.count, self.rows, self.examples, self.cut)


def _entry(problem: Reject | Held) -> str | None:
    entry = entry_in(problem.parts)
    return None if entry is None else entry[:LONGEST_ENTRY]


LONGEST_ENTRY = 200


class StageWriter:
    """Writes one stage: records in order, cut in batches; rejects and held records beside them."""

    def __init__(
        self,
        root: Path,
        name: str,
        payload: str,
        batch_size: int,
        columns: tuple[str, ...] = (),
        *,
        merges: bool = False,
    ) -> None:
        self._root, self.name, self._payload, self._size, self._columns = root, name, payload, batch_size, columns
        self._tally = ProblemCounter()
        self._waiting: list[bytes] = []
        self._index: list[IndexLine] = []
        self._number = self.records = self.merged = 0
        with ExitStack() as opened:
            self._batches = self._open("batches", opened)
            self._index_file = self._open("index", opened)
            self._rejects = self._open("rejects", opened)
            self._held = self._open("held", opened)
            self._rows = self._open("rows", opened)
            self._kinds = self._open("kinds", opened)
            self._merged = self._open("merged", opened) if merges else None
            private_folder(root / "payloads" / name)
            opened.pop_all()

    def _open(self, folder: str, opened: ExitStack) -> LineFile:
        file = LineFile(self._root, f"{folder}/{self.name}.jsonl")
        opened.callback(file.abandon)
        return file

    def add(self, records: Sequence[bytes], index: Sequence[IndexLine]) -> None:
        """Add valid records: each one's JSON, and its line of the index."""
        self._waiting.extend(records)
        self._index.extend(index)
        while len(self._waiting) >= self._size:
            self._cut()

    def reject(self, reject: Reject) -> None:
        self._rejects.write(_line(reject))
        self._tally.add("rejected", reject, field=reject.field, severity=reject.severity, personal=reject.personal)

    def hold(self, held: Held) -> None:
        self._held.write(_line(held))
        self._tally.add("held", held, field=held.field, severity=PROBLEM, personal=True)

    def merge(self, merged: Merged) -> None:
        """Of a stage that merges."""
        assert self._merged is not None
        self._merged.write(_line(merged))
        self.merged += 1

    def keep(self, row: SourceRow) -> None:
        """Keep the cells of a row that is rejected, held or merged."""
        self._rows.write(_line(row))

    def close(self, counts: Counts, warnings: Sequence[ProblemKind] = ()) -> PackagedStage:
        if self._waiting:
            self._cut()
        for kind in [*self._tally.kinds(), *warnings]:
            self._kinds.write(_line(kind))
        batches, index, rejects, held, rows, kinds, *merged = (file.close() for file in self._files)
        return PackagedStage(
            self.name, self._payload, counts, batches, index, rejects, held, rows, kinds, self._columns,
            merged=merged[0] if merged else None,
        )  # fmt: skip

    def key_at(self, position: int) -> str:
        """The key of a record by its position, once the stage is closed."""
        batch, place = divmod(position, self._size)
        with (self._root / f"index/{self.name}.jsonl").open("rb") as lines:
            line = next(islice(lines, batch, None))
        return str(orjson.loads(line)[place][0])

    def abandon(self) -> None:
        """Close what is open; the files are about to be removed."""
        for file in self._files:
            file.abandon()

    @property
    def _files(self) -> tuple[LineFile, ...]:
        files = (self._batches, self._index_file, self._rejects, self._held, self._rows, self._kinds)
        return files if self._merged is None else (*files, self._merged)

    def _cut(self) -> None:
        size, self._number = self._size, self._number + 1
        records = self._waiting[:size]
        payload = self._write(f"payloads/{self.name}/{self._number:06}.json", join_records(records), len(records))
        batch = Batch(self._number, payload, self._write_index(self._index[:size]))
        self._batches.write(orjson.dumps(as_dict(batch), option=orjson.OPT_APPEND_NEWLINE))
        self.records += len(records)
        del self._waiting[:size], self._index[:size]

    def _write_index(self, index: Sequence[IndexLine]) -> Slice:
        line = orjson.dumps(index, option=orjson.OPT_APPEND_NEWLINE)
        offset = self._index_file.write(line)
        return Slice(f"index/{self.name}.jsonl", offset, len(line), hashlib.sha256(line).hexdigest())

    def _write(self, name: str, data: bytes, records: int) -> FileEntry:
        with open_private(self._root / name) as file:
            file.write(data)
        return FileEntry(name, len(data), records, hashlib.sha256(data).hexdigest())


class PackageWriter:
    """Writes a package under a temporary name. `finish` renames it; leaving without it removes what was written.

    It becomes `path`, or `path-2` and so on where that is taken.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stages: list[StageWriter] = []
        self._finished = False

    def __enter__(self) -> PackageWriter:
        self._path, self._claim = claim(self._path)
        self._root = partial_of(self._path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stage in self._stages:
            stage.abandon()
        if not self._finished:
            shutil.rmtree(self._root, ignore_errors=True)
        os.close(self._claim)

    @property
    def scratch(self) -> Path:
        """A private folder for what is only needed while preparing; gone when the package is finished."""
        return private_folder(self._root / ".scratch")

    def stage(
        self, name: str, payload: str, batch_size: int, columns: tuple[str, ...] = (), *, merges: bool = False
    ) -> StageWriter:
        """A stage's writer. `columns` are the source's."""
        self._stages.append(StageWriter(self._root, name, payload, batch_size, columns, merges=merges))
        return self._stages[-1]

    def key_at(self, name: str, position: int) -> str:
        """The key of the record that a stage, which is closed, has at a position from 0."""
        stage = next(stage for stage in self._stages if stage.name == name)
        return stage.key_at(position)

    def profile(self, facts: Mapping[str, object]) -> FileEntry:
        """Write what the report tells of the stages' values."""
        file = LineFile(self._root, PROFILE)
        try:
            # A value may be anything that a source can hold (see _line).
            file.write(orjson.dumps(_writable(facts), option=orjson.OPT_APPEND_NEWLINE))
            return file.close()
        finally:
            file.abandon()

    def finish(self, manifest: Manifest) -> Package:
        shutil.rmtree(self._root / ".scratch", ignore_errors=True)
        with durably(self._root / MANIFEST) as file:
            file.write(json_of(remembering(manifest), as_dict, orjson.OPT_INDENT_2))
        self._root.rename(self._path)
        sync_folder(self._path.parent)
        self._finished = True
        return Package(self._path, manifest)
