"""Rows that have come from an HTTP API, in a file of ours as lines of JSON: of this command alone, or of a kept snapshot."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from etl.extract.databases.kept import KeptRows, Snapshot, changed
from etl.extract.jsonl_file import JsonlTable
from etl.extract.own_file import InOwnFile
from etl.files import sha256_of
from etl.model import Evidence, Part, Source

ASKED = ("parameters", "paging", "path", "with", "header")
"""The options on which the rows depend."""


class PagedTable(InOwnFile, Struct, frozen=True):
    """Rows that have come from an API. `starts` is how many rows come before each page; `snapshot` the one that keeps them."""

    table: JsonlTable
    evidence: Evidence
    starts: tuple[int, ...]
    snapshot: Snapshot | None = None
    first_row: int = 1
    text_only: bool = False

    def parts(self, rows: int) -> Iterator[Part]:
        return self.table.parts(rows) if self.starts[-1] else iter(())

    def place(self, number: int) -> str:
        """Where a row was, as its API gives it: `page 3, item 7`, both from 1."""
        page = bisect_right(self.starts, number - 1)
        return f"page {page}, item {number - self.starts[page - 1]}"

    @property
    def pages(self) -> list[int]:
        """How many rows each page had."""
        return [after - before for before, after in zip(self.starts, self.starts[1:], strict=False)]

    def proved(self) -> Evidence:
        """What is to be remembered of the rows; those that were kept for days are looked at again. Raises SourceError."""
        if self.snapshot and sha256_of(self.path) != self.evidence.sha256:
            raise changed(self.snapshot, self.path)
        return self.evidence


def paged(
    path: Path, names: tuple[str, ...], seen: Evidence, pages: Collection[int], snapshot: Snapshot | None = None
) -> PagedTable:
    lines = JsonlTable(path, names, 0, path.stat().st_size, "utf-8")
    return PagedTable(lines, seen, tuple(accumulate(pages, initial=0)), snapshot)


class KeptAnswers(Struct, frozen=True):
    """What a snapshot has of an API, which is asked nothing."""

    snapshot: Snapshot
    rows: KeptRows
    location: str
    first_row: int = 1
    text_only: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(self.rows.columns)

    def parts(self, rows: int) -> Iterator[Part]:
        return self.fetched(self.header).parts(rows)

    def fetched(self, columns: Collection[str]) -> PagedTable:
        """All columns that it has. Raises SourceError when its file is not what was written."""
        kept, path = self.rows, self.snapshot.folder / self.rows.file
        if not path.exists() or path.stat().st_size != kept.bytes:
            raise changed(self.snapshot, path)
        seen = Evidence(self.location, kept.bytes, kept.sha256, kept.statement, kept.taken, kept.rows, self.snapshot.id)
        return paged(path, tuple(kept.fetched), seen, kept.pages, self.snapshot)


def host_of(source: Source) -> str | None:
    """The server of an API; None for what is no address, of which others tell."""
    try:
        parts = urlsplit(source.location)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme and parts.netloc else None


def asked(location: str, options: Mapping[str, object]) -> str:
    """What an API is asked for, to know it again: the path, and a digest of all that the rows depend on.

    Of parameters nothing is written: one of them may be a secret.
    """
    on = json.dumps([location, *(_plain(options.get(name)) for name in ASKED)], default=str, ensure_ascii=False)
    return f"{urlsplit(location).path or '/'} ({hashlib.sha256(on.encode()).hexdigest()[:12]})"


def _plain(value: object) -> object:
    return sorted((str(name), str(one)) for name, one in value.items()) if isinstance(value, Mapping) else value


def kept_rows(source: Source, found: PagedTable, columns: Collection[str]) -> KeptRows:
    """What a snapshot's manifest says of rows that have come; `columns` are all that there were."""
    seen = found.evidence
    return KeptRows(
        address=host_of(source) or source.location,
        kind=source.kind,
        asked=asked(source.location, source.options),
        columns=list(columns),
        fetched=found.header,
        key=(),
        file=found.path.name,
        rows=seen.rows or 0,
        bytes=seen.bytes or 0,
        sha256=seen.sha256 or "",
        statement=seen.statement,
        taken=seen.taken,
        pages=found.pages,
    )
