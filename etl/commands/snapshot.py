"""Snapshots of a shop's server: take one, list them, remove one."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from etl.commands.keeping import snapshots_of, take
from etl.commands.settings import Settings
from etl.errors import SourceError
from etl.extract import Snapshot
from etl.mapping import Opens, load_mapping, require
from etl.mapping.kept import lacking, servers_used


class KeptSnapshot(Struct, frozen=True):
    """A snapshot that is kept. `used`: it is the one that commands work on; `lacks`: what today's mapping uses and it has not."""

    snapshot: Snapshot
    used: bool
    lacks: tuple[str, ...]


def snapshot(mapping: Path, settings: Settings) -> Snapshot | None:
    """Fetch everything that a mapping uses of its servers, and keep it. None where everything lies in files. Raises EtlError."""
    return take(mapping, settings)


def kept(mapping: Path, settings: Settings) -> list[KeptSnapshot]:
    """The snapshots of a mapping, the newest first."""
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=False)
    snapshots = snapshots_of(settings, migration)
    latest = snapshots.latest(servers_used(migration))
    return [
        KeptSnapshot(one, latest is not None and one.id == latest.id, tuple(lacking(migration, one)))
        for one in snapshots.all()
    ]


def remove(mapping: Path, settings: Settings, name: str) -> None:
    """Raises MappingError for one that is not there, or in use."""
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=False)
    try:
        snapshots = snapshots_of(settings, migration)
        snapshots.remove(name)
        snapshots.put_away()
    except OSError as error:
        raise SourceError(f"{error.filename}: cannot be removed ({error.strerror})") from None
