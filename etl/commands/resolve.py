"""Record what became of a batch whose fate was unknown: by a person's word, or by the channel's."""

from __future__ import annotations

from pathlib import Path

from etl.commands.which import Which, journal_of
from etl.load import resolve as resolving
from etl.load.resolve import Resolved
from etl.mapping import Opens, load_mapping, require
from etl.outside import Outside
from etl.report.results import ChannelDecision
from etl.verify import asking


def resolve(which: Which, batch: int, outside: Outside, *, arrived: bool, migration_id: str | None = None) -> Resolved:
    """Record a person's decision about a batch."""
    root = which.journal()
    return resolving.resolve(root, batch, arrived=arrived, migration_id=migration_id, outside=outside)


def resolve_by_asking(mapping: Path, workspace: Path | None, batch: int, outside: Outside) -> ChannelDecision:
    """Ask the channel what became of a batch of users, and decide by that."""
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=True)
    root = journal_of(migration, mapping, workspace)
    with outside.uploading():
        evidence = asking.evidence_on(root, migration.target, batch, outside)
    missing = evidence.missing if evidence.whole else None
    found = resolving.KnownFate(evidence.arrived, why=evidence.text, missing=missing)
    decision = resolving.settle(root, batch, found, outside)
    return ChannelDecision(decision, evidence.text, tuple(evidence.missing) if evidence.arrived else ())
