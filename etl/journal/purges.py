"""purges.json: what was removed of people's data, and what the packages that are gone had counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from etl.files import alone, private_folder, replace_durably
from etl.records import as_dict

PURGES = "purges.json"


class GonePackage(Struct, frozen=True):
    """A package that was removed: its name, the SHA-256 of its manifest, and how many rows of each stage became what."""

    name: str
    created: str
    sha256: str
    stages: Mapping[str, Mapping[str, int]]


class Purge(Struct, frozen=True):
    """When (UTC, ISO 8601), by whom, and what. `forced`: something was still under way or unknown.

    `finished`: all of it is gone; what was interrupted may have left some.
    """

    time: str
    person: str
    forced: bool
    packages: tuple[GonePackage, ...]
    snapshots: tuple[str, ...]
    files: int
    bytes: int
    finished: bool = False


def purges(migration: Path) -> list[Purge]:
    """Those of a migration's folder, the oldest first. A damaged file tells of none: nothing depends on it."""
    try:
        found = json.loads((migration / PURGES).read_bytes())
        return [_purge(one) for one in found]
    except (OSError, ValueError, TypeError, LookupError):
        return []


def _purge(raw: dict[str, object]) -> Purge:
    packages = tuple(GonePackage(**one) for one in raw["packages"])  # type: ignore[attr-defined]
    return Purge(**{**raw, "packages": packages, "snapshots": tuple(raw["snapshots"])})  # type: ignore[arg-type]


def add_purge(migration: Path, purge: Purge) -> None:
    """Also in the place of the one of this moment that was not finished yet."""
    with alone(private_folder(migration)):
        before = [one for one in purges(migration) if one.finished or one.time != purge.time]
        replace_durably(migration / PURGES, json.dumps([as_dict(one) for one in (*before, purge)], indent=1).encode())
