"""What has become of a package's records, and of the others of its stages, read from the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.files import sha256_of
from etl.journal.database import JournalError, NoJournal
from etl.journal.journal import Journal
from etl.journal.plans import json_list
from etl.journal.workspace import Workspace
from etl.package import MANIFEST, Package


@dataclass(frozen=True, slots=True)
class StageSummary:
    """A stage. records = uploaded + already + failed + changed + waiting + refused + unknown, always.

    records    valid ones in the package
    uploaded   of this package, and not known to have failed
    already    uploaded from another package with the same bytes
    failed     Omnitron has counted them as errors, whichever package brought them
    changed    uploaded from another package with other bytes, and not sent again
    waiting    planned, on their way, or not even planned
    refused    in a batch that was refused, and not in another one since
    unknown    in a batch that may have arrived
    batches    of this package that are done

    unsettled  of those that wait: they may still change, and nothing is wrong
    held_back  of those that wait: their parent has not arrived
    gone       uploaded from another package, and not in this one
    elsewhere  failed or unknown, and not in this package
    """

    name: str
    records: int
    uploaded: int = 0
    already: int = 0
    failed: int = 0
    changed: int = 0
    waiting: int = 0
    refused: int = 0
    unknown: int = 0
    batches: int = 0
    unsettled: int = 0
    held_back: int = 0
    gone: int = 0
    elsewhere: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing of the stage has failed, or is left to be sent or decided."""
        return not (self.failed or self.waiting - self.unsettled or self.refused or self.unknown or self.elsewhere)


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """Every stage of a package, in its order, and every other one that was ever loaded."""

    package: Path
    requests: Path
    stages: tuple[StageSummary, ...]

    @property
    def complete(self) -> bool:
        return all(stage.complete for stage in self.stages)


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
        number = journal.find_package(sha256_of(package.path / MANIFEST)) or 0
        return summarise(journal, package, number)
    finally:
        journal.close()


def summarise(journal: Journal, package: Package, number: int) -> LoadSummary:
    """`number` is the package's in the journal."""
    valid = {stage.name: stage.counts.valid for stage in package.stages}
    return LoadSummary(package.path, journal.workspace.requests, summarise_stages(journal, number, valid))


def summarise_stages(
    journal: Journal, number: int, valid: Mapping[str, int], lost: Sequence[int] = ()
) -> tuple[StageSummary, ...]:
    """`valid`: the package's records, by stage. `lost`: batches that a crash left on their way, and nobody knows of."""
    loaded = [
        row["stage"] for row in journal.database.rows("SELECT stage FROM batches GROUP BY stage ORDER BY min(id)")
    ]
    names = [*valid, *(stage for stage in loaded if stage not in valid)]
    return tuple(_stage(_Count(journal, number, name, lost), valid.get(name, 0)) for name in names)


def _stage(count: _Count, records: int) -> StageSummary:
    own, others, everywhere = count.own(), count.others(), count.everywhere()
    # A load that sends nothing new finds its records with others, so each is counted once, in one of the two.
    known = {
        "uploaded": own["held"] - own["failed"],
        "already": others["same"],
        "changed": others["changed"],
        "failed": own["failed"] + others["failed"],
        "unknown": own["unknown"] + others["unknown"],
        "refused": count.refused(),
    }
    waiting, waits = records - sum(known.values()), count.waits()
    if waiting < 0:
        raise JournalError(
            f"stage '{count.stage}': what became of its records does not add up ({known} of {records}); please report this"
        )
    arrived = known["uploaded"] + known["already"] + known["changed"]
    return StageSummary(
        count.stage,
        records,
        waiting=waiting,
        batches=own["batches"],
        unsettled=min(waiting, waits["unsettled"]),
        held_back=min(waiting, waits["held_back"]),
        gone=everywhere["arrived"] - arrived if count.is_planned() else 0,
        elsewhere=everywhere["failed"] + everywhere["unknown"] - known["failed"] - known["unknown"],
        **known,
    )


@dataclass(frozen=True, slots=True)
class _Count:
    """Counts of one stage. Those of batches; no statement but `refused` reads records, of which there may be millions."""

    journal: Journal
    package: int
    stage: str
    lost: Sequence[int]

    def own(self) -> Mapping[str, int]:
        """Of the package's own batches: held, failed of them, unknown, and how many batches are done."""
        return self._counts(OWN)

    def others(self) -> Mapping[str, int]:
        """Of batches of other packages that hold records of this one, those that are done or unknown.

        Where some records of a batch failed, it may be any of them: those of this package, as long as it has enough.
        """
        found = {"same": 0, "changed": 0, "failed": 0, "unknown": 0}
        for row in self._rows(OTHERS):
            changed = min(row["changed"], row["held"])
            same = min(row["same"], row["held"] - changed)
            if row["state"] != "done":
                found["unknown"] += same + changed
                continue
            failed = min(row["failed"], same + changed)
            found["failed"] += failed
            found["same"] += same - min(same, failed)
            found["changed"] += changed - (failed - min(same, failed))
        return found

    def everywhere(self) -> Mapping[str, int]:
        """Of all batches of the stage: arrived, failed, unknown."""
        return self._counts(EVERYWHERE)

    def is_planned(self) -> bool:
        return self.journal.plans.made(self.package, self.stage)

    def refused(self) -> int:
        return self._counts(REFUSED)["refused"]

    def waits(self) -> Mapping[str, int]:
        return self._counts(WAITS)

    def _counts(self, sql: str) -> Mapping[str, int]:
        [row] = self._rows(sql)
        return {name: row[name] or 0 for name in row.keys()}  # noqa: SIM118 - a row's own iterator gives its values

    def _rows(self, sql: str) -> list[Mapping[str, Any]]:
        parameters = {"stage": self.stage, "package": self.package, "lost": json_list(self.lost)}
        return [dict(row) for row in self.journal.database.rows(sql, parameters)]


# What is on its way counts as waiting while a process sends it.
OWN = """
SELECT sum(CASE state WHEN 'done' THEN held END) AS held, sum(failed) AS failed,
       sum(state = 'done') AS batches,
       sum(CASE WHEN state = 'unknown' OR id IN (SELECT value FROM json_each(:lost)) THEN held END) AS unknown
FROM batches WHERE stage = :stage AND package = :package
"""
OTHERS = """
SELECT o.same, o.changed, b.held, b.failed, b.state FROM overlaps AS o JOIN batches AS b ON b.id = o.batch
WHERE o.stage = :stage AND o.package = :package
  AND (b.state IN ('done', 'unknown') OR b.id IN (SELECT value FROM json_each(:lost)))
"""
EVERYWHERE = """
SELECT sum(CASE state WHEN 'done' THEN held - failed END) AS arrived, sum(failed) AS failed,
       sum(CASE WHEN state = 'unknown' OR id IN (SELECT value FROM json_each(:lost)) THEN held END) AS unknown
FROM batches WHERE stage = :stage
"""
REFUSED = """
SELECT count(DISTINCT r.key) AS refused FROM batches AS b JOIN records AS r ON r.batch = b.id AND r.live = 0
WHERE b.stage = :stage AND b.package = :package AND b.state = 'refused'
  AND NOT EXISTS (SELECT 1 FROM records AS l WHERE l.stage = b.stage AND l.key = r.key AND l.live = 1)
  AND NOT EXISTS (SELECT 1 FROM waits AS w WHERE w.stage = b.stage AND w.key = r.key AND w.package = b.package)
"""
WAITS = """
SELECT sum(why = 'unsettled') AS unsettled, sum(why <> 'unsettled') AS held_back
FROM waits WHERE stage = :stage AND package = :package
"""
