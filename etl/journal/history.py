"""Was this record sent, when, in which request, with which bytes, and what came back?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from etl.errors import MappingError
from etl.findings import or_perhaps, said
from etl.journal.database import NoJournal
from etl.journal.journal import Journal
from etl.journal.kept import SentRecords
from etl.journal.requestlog import read_lines
from etl.journal.trail import BatchDecision, Carried, Step
from etl.journal.unsent import Unsent, foreseen, reasons
from etl.journal.workspace import PACKAGES, Workspace


class Sending(Struct, frozen=True):
    """One batch that carried the record. `record` is None when its file is gone or no longer the one that was planned.

    counts   whether this batch is the one that counts; the others were refused, or never sent (`held` in --json)
    requests the lines of requests.jsonl about the batch, in order
    """

    batch: int
    state: str
    counts: bool = field(name="held")
    pilot: bool
    package: Path
    file: Path
    position: int
    sha256: str
    record: bytes | None
    migration_id: str | None
    total: int | None
    success: int | None
    errors: int | None
    steps: tuple[Step, ...]
    decisions: tuple[BatchDecision, ...]
    requests: tuple[Mapping[str, object], ...]


class History(Struct, frozen=True):
    """Everything known of one record, oldest first. `changed` lists packages whose other bytes for it were not sent.

    `unsent` tells why the last package does not send it, when no batch holds it.
    """

    stage: str
    key: str
    sendings: tuple[Sending, ...]
    changed: tuple[Path, ...]
    unsent: tuple[Unsent, ...] = ()


def read_history(root: Path, stage: str, key: str) -> History:
    """Raises JournalError when there is no journal, and no package says why the record would not be sent; MappingError for a
    stage that is in none of its packages.

    A record nobody ever planned has no sendings.
    """
    workspace = Workspace(root)
    try:
        journal = Journal.read(workspace)
    except NoJournal:
        if unsent := foreseen(workspace.migration / PACKAGES, stage, key):
            return History(stage, key, (), (), unsent)
        raise
    try:
        _require_stage(journal, stage)
        found = journal.trail.batches_of(stage, key)
        lines = list(read_lines(journal.workspace.requests, [one.batch for one in found]))
        sendings = tuple(_sending(journal, one, lines) for one in found)
        unsent = () if any(one.counts for one in found) else reasons(journal, stage, key)
        changed = tuple(journal.runs.package_path(number) for number in journal.trail.changed_in(stage, key))
        return History(stage, key, sendings, changed, unsent)
    finally:
        journal.close()


def _require_stage(journal: Journal, stage: str) -> None:
    """A misspelt stage must not look like a record that was never sent."""
    known = journal.trail.stages()
    if known and stage not in known:
        raise MappingError(or_perhaps(said("no stage '{stage}' has been loaded", stage=stage), stage, known))


def _sending(journal: Journal, carried: Carried, lines: list[Mapping[str, object]]) -> Sending:
    batch = journal.batch(carried.batch)
    return Sending(
        batch=batch.id,
        state=str(batch.state),
        counts=carried.counts,
        pilot=batch.pilot,
        package=journal.runs.package_path(batch.package),
        file=journal.workspace.whole(batch.file),
        position=carried.position,
        sha256=carried.sha256.hex(),
        record=SentRecords(journal).record(batch.id, carried.position, carried.sha256),
        migration_id=batch.migration_id,
        total=batch.total,
        success=batch.success,
        errors=batch.errors,
        steps=journal.trail.steps(batch.id),
        decisions=journal.trail.decisions(batch.id),
        requests=tuple(line for line in lines if line["batch"] == batch.id),
    )
