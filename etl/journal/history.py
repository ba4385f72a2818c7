"""Was this record sent, when, in which request, with which bytes, and what came back?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from etl.errors import MappingError
from etl.journal.journal import Journal
from etl.journal.kept import Kept
from etl.journal.requestlog import read_lines
from etl.journal.unsent import Unsent, reasons
from etl.journal.workspace import Workspace
from etl.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Step:
    """A transition of the record's batch. `time` is UTC, ISO 8601; `before` of the first is None."""

    time: str
    run: int | None
    before: str | None
    after: str
    note: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person decided about the batch."""

    time: str
    person: str
    arrived: bool
    migration_id: str | None


@dataclass(frozen=True, slots=True)
class Sending:
    """One batch that held the record. `record` is None when its file is gone or no longer the one that was planned.

    held     whether this batch is the one that counts; the others were refused, or never sent
    requests the lines of requests.jsonl about the batch, in order
    """

    batch: int
    state: str
    held: bool
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
    decisions: tuple[Verdict, ...]
    requests: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class History:
    """Everything known of one record, oldest first. `changed` lists packages whose other bytes for it were not sent.

    `unsent` tells why the last package does not send it, when no batch holds it.
    """

    stage: str
    key: str
    sendings: tuple[Sending, ...]
    changed: tuple[Path, ...]
    unsent: tuple[Unsent, ...] = ()


def read_history(root: Path, stage: str, key: str) -> History:
    """Raises JournalError when there is no journal, MappingError for a stage that is in none of its packages.

    A record nobody ever planned has no sendings.
    """
    journal = Journal.read(Workspace(root))
    try:
        _require_stage(journal, stage)
        rows = journal.database.rows(
            "SELECT batch, position, sha256, live FROM records WHERE stage = :stage AND key = :key AND live = 1 "
            "UNION ALL SELECT batch, position, sha256, live FROM records WHERE stage = :stage AND key = :key AND live = 0 "
            "ORDER BY batch",
            {"stage": stage, "key": key},
        )
        lines = list(read_lines(journal.workspace.requests, [row["batch"] for row in rows]))
        sendings = tuple(
            _sending(journal, row["batch"], row["position"], row["sha256"], bool(row["live"]), lines) for row in rows
        )
        held = any(one.held for one in sendings)
        unsent = () if held else reasons(journal, stage, key)
        return History(stage, key, sendings, _changed(journal, stage, key), unsent)
    finally:
        journal.close()


def _require_stage(journal: Journal, stage: str) -> None:
    """A misspelt stage must not look like a record that was never sent."""
    rows = journal.database.rows("SELECT stage FROM contents UNION SELECT stage FROM batches")
    known = [row["stage"] for row in rows]
    if known and stage not in known:
        raise MappingError(f"no stage '{stage}' has been loaded{did_you_mean(stage, known)}")


def _sending(
    journal: Journal, number: int, position: int, sha256: bytes, held: bool, lines: list[Mapping[str, object]]
) -> Sending:
    batch = journal.batch(number)
    return Sending(
        batch=batch.id,
        state=str(batch.state),
        held=held,
        pilot=batch.pilot,
        package=package_of(journal, batch.package),
        file=journal.workspace.whole(batch.file),
        position=position,
        sha256=sha256.hex(),
        record=Kept(journal).record(number, position, sha256),
        migration_id=batch.migration_id,
        total=batch.total,
        success=batch.success,
        errors=batch.errors,
        steps=_steps(journal, batch.id),
        decisions=_decisions(journal, batch.id),
        requests=tuple(line for line in lines if line["batch"] == batch.id),
    )


def _steps(journal: Journal, batch: int) -> tuple[Step, ...]:
    rows = journal.database.rows(
        "SELECT time, run, before, after, note FROM transitions WHERE batch = ? ORDER BY id", (batch,)
    )
    return tuple(Step(*row) for row in rows)


def _decisions(journal: Journal, batch: int) -> tuple[Verdict, ...]:
    rows = journal.database.rows(
        "SELECT time, person, arrived, migration_id FROM decisions WHERE batch = ? ORDER BY id", (batch,)
    )
    return tuple(Verdict(row["time"], row["person"], bool(row["arrived"]), row["migration_id"]) for row in rows)


def _changed(journal: Journal, stage: str, key: str) -> tuple[Path, ...]:
    rows = journal.database.rows(
        "SELECT package FROM changed WHERE stage = ? AND key = ? ORDER BY package", (stage, key)
    )
    return tuple(package_of(journal, row["package"]) for row in rows)


def package_of(journal: Journal, number: int) -> Path:
    """Where the package with this number lies."""
    return journal.workspace.whole(journal.database.value("SELECT path FROM packages WHERE id = ?", (number,)))
