"""Many files as one table: `exports/orders-*.csv`, in the order of their names, with the numbers in these taken as numbers.

Every file has its own header, and may be read in parts like any other. Rows are numbered on from file to file, as if the
files were one; where a person is told of a row, it is by its file and its number there.
"""

from __future__ import annotations

import fnmatch
import glob
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from etl.errors import SourceError
from etl.extract.evidence import fingerprint
from etl.extract.locations import is_url, located, shown, size_of
from etl.extract.opening import reading
from etl.extract.rows import read_all
from etl.extract.zip_member import members, split
from etl.model import Evidence, Part, RowFault, Rows, Source, Table

if TYPE_CHECKING:
    from etl.extract.kinds import Kind, World

WILD = re.compile(r"[*?\[]")
_NUMBER = re.compile(r"(\d+)")
SHIFT = 48
"""Bits of a place in a file; those above are the file's number."""
MOST_SAID = 5


def is_many(location: str) -> bool:
    """Whether a location stands for files. One that is called so, asterisk and all, is itself; a URL's `?` begins its options."""
    if is_url(location):
        return "*" in location.partition("?")[0]
    return WILD.search(location) is not None and not Path(location).exists()


def files_of(location: str) -> list[str]:
    """The files that a location stands for, in their order; itself, when it is one. Raises SourceError when there is none."""
    if not is_many(location):
        return [location]
    found = sorted(_matching(location), key=natural)
    if not found:
        raise SourceError(f"{shown(location)}: no file is called so")
    return found


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """orders-9 comes before orders-10."""
    pieces = _NUMBER.split(name)
    return [(int(one), "") if one.isdecimal() else (-1, one) for one in pieces], name


def _matching(location: str) -> list[str]:
    if is_url(location):
        from fsspec.core import url_to_fs

        files, path = url_to_fs(location)
        return [files.unstrip_protocol(one) for one in files.glob(path)]
    member = split(location)
    if member is not None:
        return [f"{member.archive}/{one}" for one in members(member.archive) if fnmatch.fnmatchcase(one, member.member)]
    return [one for one in glob.glob(location, recursive=True) if Path(one).is_file()]  # noqa: PTH207 - an absolute pattern


class FilePart(Struct, frozen=True):
    """A part of one of the files: what the part before it says of its end counts only within one file."""

    part: Part
    file: int
    order: tuple[int, ...] | None
    reached: float | None = None

    @property
    def start(self) -> int | None:
        return None if self.part.start is None else self._above() + self.part.start

    def _above(self) -> int:
        return self.file << SHIFT

    def moved(self, start: int) -> Part:
        if start >> SHIFT != self.file:
            return self
        return replace(self, part=self.part.moved(start - self._above()))

    def read(self) -> Rows:
        rows = self.part.read()
        end = None if rows.end is None else self._above() + rows.end
        return replace(rows if self.order is None else _ordered(rows, self.order), end=end)


def _ordered(rows: Rows, order: Sequence[int]) -> Rows:
    """With every row's cells in the order of the first file. An unreadable row stays as it is."""
    faulty = {fault.index for fault in rows.faults}
    found = [row if index in faulty else [row[at] for at in order] for index, row in enumerate(rows.rows)]
    return replace(rows, rows=found, faults=tuple(_placed(fault, order) for fault in rows.faults))


def _placed(fault: RowFault, order: Sequence[int]) -> RowFault:
    return fault if fault.column is None else replace(fault, column=order.index(fault.column))


class ManyTable(Struct, frozen=True):
    """The tables of `files`, which have the same columns, one after the other."""

    files: tuple[str, ...]
    tables: tuple[Table, ...]
    header: tuple[str, ...]
    heights: list[int] = field(default_factory=list)

    @property
    def first_row(self) -> int:
        return self.tables[0].first_row

    @property
    def text_only(self) -> bool:
        return all(table.text_only for table in self.tables)

    def parts(self, rows: int) -> Iterator[Part]:
        sizes = [_size(file) for file in self.files]
        for number, table in enumerate(self.tables):
            order = None if table.header == self.header else tuple(map(table.header.index, self.header))
            for part in table.parts(rows):
                share = None if part.reached is None else sum(sizes[:number]) + part.reached * sizes[number]
                yield FilePart(part, number, order, share and share / sum(sizes))

    def found(self, number: int) -> tuple[str, int]:
        """The file of a row, and its number there. Files before it are read again for that, each once."""
        begin = self.first_row
        for at, (file, table) in enumerate(zip(self.files, self.tables, strict=True)):
            last = at == len(self.files) - 1
            height = 0 if last else self._height(at, table)
            if last or number < begin + height:
                return file, table.first_row + number - begin
            begin += height
        raise AssertionError("a table has a file")

    def _height(self, at: int, table: Table) -> int:
        if at == len(self.heights):
            self.heights.append(sum(rows.height for _, rows in read_all(table)))
        return self.heights[at]


def _size(file: str) -> int:
    path = located(file)
    with reading(path):
        return size_of(path)


@contextmanager
def open_many(kind: Kind, source: Source, world: World) -> Iterator[Table]:
    files = files_of(source.location)
    with ExitStack() as opened:
        sources = [replace(source, location=file) for file in files]
        tables = [opened.enter_context(kind.open(one, world)) for one in sources]
        if kind.loose:
            tables = [opened.enter_context(kind.open(one, world)) for one in _with_all_keys(sources, tables)]
        _check_alike(files, tables)
        yield ManyTable(tuple(files), tuple(tables), tables[0].header)


def _with_all_keys(sources: Sequence[Source], tables: Sequence[Table]) -> list[Source]:
    """Of objects, a key that only some have is a column all the same."""
    around: dict[str, object] = source_with(sources[0])
    keys = tuple(dict.fromkeys(name for table in tables for name in table.header if name not in around))
    return [replace(one, options={**one.options, "header": keys}) for one in sources]


def source_with(source: Source) -> dict[str, object]:
    found = source.options.get("with") or {}
    return dict(found) if isinstance(found, dict) else {}


def _check_alike(files: Sequence[str], tables: Sequence[Table]) -> None:
    """Raise SourceError where a file has other columns than the first. Their order does not matter."""
    first = tables[0].header
    for file, table in zip(files, tables, strict=True):
        missing = [name for name in first if name not in table.header]
        further = [name for name in table.header if name not in first]
        if missing or further:
            said = [f"{word} {_listed(names)}" for word, names in (("without", missing), ("with", further)) if names]
            raise SourceError(
                f"{shown(file)}: has other columns than {Path(shown(files[0])).name}: {', '.join(said)}; export them alike, or "
                "read them as sources of their own and put these together by a `query` with UNION ALL"
            )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:MOST_SAID]) + (", ..." if len(names) > MOST_SAID else "")


def evidence_of_many(source: Source, table: Table, whole: bool) -> Evidence:
    """All files together: their sizes added, and the SHA-256 of theirs, each with its name."""
    found = [fingerprint(file, whole=whole) for file in files_of(source.location)]
    lines = "".join(f"{one.sha256}  {Path(one.location).name}\n" for one in found)
    sha256 = hashlib.sha256(lines.encode()).hexdigest() if whole else None
    return Evidence(shown(source.location), sum(one.bytes or 0 for one in found), sha256)
