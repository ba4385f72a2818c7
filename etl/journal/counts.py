"""How many records of a stage have arrived, failed, wait, or may have arrived: what the journal's tables say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from etl.journal.database import JournalDatabase
from etl.journal.plans import Plans, json_list


class StageCounts(Struct, frozen=True):
    """Counts of one stage for one package. Those of batches; no statement but `refused` reads records, of which there may
    be millions.

    `lost` are batches that a crash left on their way, and nobody knows of: they count as unknown.
    """

    database: JournalDatabase
    plans: Plans
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
        return self.plans.made(self.package, self.stage)

    def refused(self) -> int:
        return self._counts(REFUSED)["refused"]

    def waits(self) -> Mapping[str, int]:
        return self._counts(WAITS)

    def by_state(self) -> Mapping[str, int]:
        """Batches of all packages, by their state."""
        return {row["fate"]: row["batches"] for row in self._rows(BY_STATE)}

    def _counts(self, sql: str) -> Mapping[str, int]:
        [row] = self._rows(sql)
        return {name: row[name] or 0 for name in row}

    def _rows(self, sql: str) -> list[Mapping[str, Any]]:
        parameters = {"stage": self.stage, "package": self.package, "lost": json_list(self.lost)}
        return [dict(row) for row in self.database.rows(sql, parameters)]


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
BY_STATE = """
SELECT CASE WHEN id IN (SELECT value FROM json_each(:lost)) THEN 'unknown' ELSE state END AS fate, count(*) AS batches
FROM batches WHERE stage = :stage GROUP BY fate
"""
