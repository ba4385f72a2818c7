"""What has become of a package's records, read from the journal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etl.files import sha256_of
from etl.journal.database import NoJournal
from etl.journal.journal import Journal
from etl.journal.workspace import Workspace
from etl.package import MANIFEST, Package, PackagedStage


@dataclass(frozen=True, slots=True)
class StageSummary:
    """A stage of a package. records = uploaded + already + changed + waiting + refused + unknown, once it is planned.

    records    valid ones in the package
    uploaded   in batches that Omnitron has worked off; `errors` of them it counts as failed
    already    uploaded from another package with the same bytes; changed: with other bytes, not sent
    waiting    planned, or accepted and not worked off; or not even planned
    refused    in a batch that was refused, and not in another one since
    unknown    in a batch that may have arrived
    batches    of this package that are done
    """

    name: str
    records: int
    uploaded: int = 0
    errors: int = 0
    already: int = 0
    changed: int = 0
    waiting: int = 0
    refused: int = 0
    unknown: int = 0
    batches: int = 0


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """Every stage of a package, in its order."""

    package: Path
    requests: Path
    stages: tuple[StageSummary, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing of the package is left to be sent or decided."""
        return not any(stage.waiting or stage.refused or stage.unknown for stage in self.stages)


def read_summary(root: Path, package: Package) -> LoadSummary:
    """The summary as it is now, also after a load that ended in an error. Nothing sent: all is waiting."""
    workspace = Workspace(root)
    try:
        journal = Journal.read(workspace)
    except NoJournal:
        stages = tuple(
            StageSummary(stage.name, stage.counts.valid, waiting=stage.counts.valid) for stage in package.stages
        )
        return LoadSummary(package.path, workspace.requests, stages)
    try:
        sha256 = sha256_of(package.path / MANIFEST)
        number = journal.database.value("SELECT id FROM packages WHERE sha256 = ?", (sha256,))
        return summarise(journal, package, number or 0)
    finally:
        journal.close()


def summarise(journal: Journal, package: Package, number: int) -> LoadSummary:
    """`number` is the package's in the journal."""
    stages = tuple(_stage(journal, stage, number) for stage in package.stages)
    return LoadSummary(package.path, journal.workspace.requests, stages)


def _stage(journal: Journal, stage: PackagedStage, number: int) -> StageSummary:
    rows = journal.database.rows(
        "SELECT state, count(*) AS batches, sum(records) AS records, sum(failed) AS errors FROM batches "
        "WHERE stage = ? AND package = ? GROUP BY state",
        (stage.name, number),
    )
    by_state = {row["state"]: row for row in rows}
    records = {state: row["records"] for state, row in by_state.items()}
    plan = journal.database.row(
        "SELECT already, changed FROM plans WHERE stage = ? AND package = ?", (stage.name, number)
    )
    done, all_records = by_state.get("done"), stage.counts.valid
    known = {
        "uploaded": records.get("done", 0),
        "already": plan["already"] if plan else 0,
        "changed": plan["changed"] if plan else 0,
        "refused": _refused(journal, stage.name, number) if "refused" in records else 0,
        # A dead process leaves `sending` behind; whether it is one is for `etl status` to say.
        "unknown": records.get("unknown", 0) + records.get("sending", 0),
    }
    return StageSummary(
        stage.name,
        all_records,
        errors=done["errors"] if done else 0,
        batches=done["batches"] if done else 0,
        waiting=all_records - sum(known.values()),
        **known,
    )


def _refused(journal: Journal, stage: str, number: int) -> int:
    """Records of refused batches that no other batch has taken since."""
    return int(
        journal.database.value(
            "SELECT count(DISTINCT r.key) FROM batches AS b JOIN records AS r ON r.batch = b.id AND r.live = 0 "
            "WHERE b.stage = ? AND b.package = ? AND b.state = 'refused' AND NOT EXISTS "
            "(SELECT 1 FROM records AS l WHERE l.stage = b.stage AND l.key = r.key AND l.live = 1)",
            (stage, number),
        )
    )
