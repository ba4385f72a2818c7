"""What a package remembers of a source it was made from, so that it can be told whether the source has changed since."""

from __future__ import annotations

import hashlib
from pathlib import Path

from etl.extract.locations import File, located, size_of
from etl.extract.opening import reading
from etl.files import sha256_of
from etl.model import Evidence, Source, Table


def file_evidence(source: Source, table: Table, whole: bool) -> Evidence:
    return fingerprint(source.location, whole=whole)


def fingerprint(location: str, *, whole: bool = True) -> Evidence:
    """A file's location, its size, and its SHA-256 if it was read as a whole. Raises SourceError."""
    path = located(location)
    with reading(path):
        return Evidence(str(path), size_of(path), _sha256(path) if whole else None)


def _sha256(path: File) -> str:
    if isinstance(path, Path):
        return sha256_of(path)
    with path.stream() as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
