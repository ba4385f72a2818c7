"""Record what became of a batch whose fate was unknown: by a person's word, or by the channel's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etl.commands.which import Which, journal_of
from etl.load import resolve as resolving
from etl.load.resolve import Resolved
from etl.mapping import Opens, load_mapping, require
from etl.outside import Outside
from etl.verify import asking


@dataclass(frozen=True, slots=True)
class Answered:
    """A decision by the channel's word. `missing` are the keys of users that it does not know, when the batch arrived."""

    decision: Resolved
    evidence: str
    missing: tuple[str, ...]


def resolve(which: Which, batch: int, outside: Outside, *, arrived: bool, migration_id: str | None = None) -> Resolved:
    """Record a person's decision about a batch."""
    root = which.journal()
    return resolving.resolve(root, batch, arrived=arrived, migration_id=migration_id, outside=outside)


def resolve_by_asking(mapping: Path, workspace: Path | None, batch: int, outside: Outside) -> Answered:
    """Ask the channel what became of a batch of users, and decide by that."""
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=True)
    root = journal_of(migration, mapping, workspace)
    with outside.uploading():
        evidence = asking.evidence_on(root, migration.target, batch, outside)
    missing = evidence.missing if evidence.whole else None
    found = resolving.KnownFate(evidence.arrived, why=evidence.text, missing=missing)
    decision = resolving.settle(root, batch, found, outside)
    return Answered(decision, evidence.text, tuple(evidence.missing) if evidence.arrived else ())
