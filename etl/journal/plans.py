"""What the journal knows of a package: its stages, how each is planned, which records wait, which differ from those sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import orjson
from msgspec import Struct

from etl.journal.database import JournalDatabase

FORESEEN = ("plans", "changed", "overlaps", "waits")
"""Tables of what is noted when a package is compared with what other packages' batches hold, and of what would wait."""


class Why(StrEnum):
    """Why a record waits though nothing is wrong with it."""

    UNSETTLED = "unsettled"  # it may still change, or its parent may
    FAILED = "failed"  # its parent is known to have failed
    ABSENT = "absent"  # its parent was not sent


class Wait(Struct, frozen=True):
    """A record that is not sent yet. `parent` is the record it waits for; None when it waits for itself to be settled."""

    key: str
    why: Why
    parent_stage: str | None = None
    parent: str | None = None


class Plans:
    """Which records of a package's stage were planned, found in other batches, or left out."""

    def __init__(self, database: JournalDatabase) -> None:
        self._database = database

    def contain(self, package: int, stages: Mapping[str, int]) -> None:
        """Note how many records each stage of a package has to send; inside a transaction."""
        rows = ((package, place, stage, records) for place, (stage, records) in enumerate(stages.items()))
        self._database.change_many(
            "INSERT OR REPLACE INTO contents (package, place, stage, records) VALUES (?, ?, ?, ?)", rows
        )

    def contents(self, package: int) -> dict[str, int]:
        """The stages of a package, in their order, and how many records each has to send."""
        rows = self._database.rows("SELECT stage, records FROM contents WHERE package = ? ORDER BY place", (package,))
        if not rows:  # from a journal of version 1, which did not keep it: what was ever planned
            rows = self._database.rows(CONTENTS_OF_1, (package,))
        return {row["stage"]: row["records"] for row in rows}

    def holds(self, package: int, stage: str) -> bool:
        """Whether the stage is planned, and nothing that was planned or left out has changed since."""
        return bool(
            self._database.value(
                "SELECT valid AND NOT EXISTS (SELECT 1 FROM waits AS w WHERE w.package = p.package AND w.stage = p.stage) "
                "FROM plans AS p WHERE package = ? AND stage = ?",
                (package, stage),
            )
        )

    def made(self, package: int, stage: str) -> bool:
        """Whether the stage was ever planned, or at least compared with what other packages' batches hold."""
        return bool(
            self._database.value("SELECT count(*) FROM plans WHERE package = ? AND stage = ?", (package, stage))
        )

    def begin(self, package: int, stage: str) -> None:
        for table in ("changed", "overlaps", "waits"):
            self._database.change(f"DELETE FROM {table} WHERE package = ? AND stage = ?", (package, stage))  # noqa: S608

    def begin_comparing(self, package: int, stage: str) -> None:
        """Forget what is noted of other packages' batches. The stage is not planned by this, or no longer."""
        for table in ("changed", "overlaps"):
            self._database.change(f"DELETE FROM {table} WHERE package = ? AND stage = ?", (package, stage))  # noqa: S608
        self._database.change("INSERT OR REPLACE INTO plans (package, stage, valid) VALUES (?, ?, 0)", (package, stage))

    def others_hold(self, package: int, stage: str) -> bool:
        """Whether batches of other packages hold any record of the stage."""
        return bool(
            self._database.value(
                "SELECT EXISTS (SELECT 1 FROM batches WHERE stage = ? AND package <> ? AND held > 0)", (stage, package)
            )
        )

    def overlap(self, package: int, stage: str, batch: int, same: int, changed: int) -> None:
        """Note that a batch of another package holds so many more of the package's records."""
        self._database.change(
            "INSERT INTO overlaps (package, stage, batch, same, changed) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET same = same + excluded.same, changed = changed + excluded.changed",
            (package, stage, batch, same, changed),
        )

    def share(self, batch: int, taken_out: int, records: int) -> None:
        """Note that so many records of a batch are in another one now: those of each package, as long as it has enough."""
        self._database.change(
            "INSERT INTO overlaps (package, stage, batch, same, changed) "
            "SELECT package, stage, :own, min(same, :records), min(changed, max(0, :records - same)) "
            "FROM overlaps WHERE batch = :batch",
            {"own": taken_out, "batch": batch, "records": records},
        )
        self._database.change(
            "UPDATE overlaps SET same = max(0, same - :records), changed = max(0, changed - max(0, :records - same)) "
            "WHERE batch = :batch",
            {"batch": batch, "records": records},
        )

    def change(self, package: int, stage: str, batches: Mapping[str, int]) -> None:
        """Note the records (key -> batch) whose bytes are not those that were sent."""
        self._database.change_many(
            "INSERT OR REPLACE INTO changed (package, stage, key, batch) VALUES (?, ?, ?, ?)",
            ((package, stage, key, batch) for key, batch in batches.items()),
        )

    def differing(self, package: int, stage: str) -> bool:
        """Whether any of the package's records in this stage has other bytes than those that were sent."""
        return bool(
            self._database.value(
                "SELECT EXISTS (SELECT 1 FROM changed WHERE package = ? AND stage = ?)", (package, stage)
            )
        )

    def changed(self, package: int, stage: str, keys: Sequence[str]) -> list[Mapping[str, Any]]:
        """Those of the keys whose bytes are not those that were sent: key, batch, position, sha256, migration_id."""
        rows = self._database.rows(
            "SELECT c.key, c.batch, r.position, r.sha256, b.migration_id FROM json_each(?) AS wanted "
            "CROSS JOIN changed AS c ON c.stage = ? AND c.key = wanted.value AND c.package = ? "
            "CROSS JOIN records AS r ON r.stage = c.stage AND r.key = c.key AND r.live = 1 AND r.batch = c.batch "
            "CROSS JOIN batches AS b ON b.id = c.batch",
            (json_list(keys), stage, package),
        )
        return [dict(row) for row in rows]

    def others(self, package: int, stage: str) -> list[tuple[int, str | None]]:
        """Batches of other packages that hold records which arrived, and the migrations they became."""
        rows = self._database.rows(
            "SELECT id, migration_id FROM batches "
            "WHERE stage = ? AND package <> ? AND state = 'done' AND held > failed ORDER BY id",
            (stage, package),
        )
        return [(row["id"], row["migration_id"]) for row in rows]

    def wait(self, package: int, stage: str, waits: Iterable[Wait]) -> None:
        self._database.change_many(
            "INSERT INTO waits (package, stage, key, why, parent_stage, parent) VALUES (?, ?, ?, ?, ?, ?)",
            ((package, stage, one.key, one.why, one.parent_stage, one.parent) for one in waits),
        )

    def finish(self, package: int, stage: str) -> None:
        self._database.change("INSERT OR REPLACE INTO plans (package, stage, valid) VALUES (?, ?, 1)", (package, stage))

    def void(self, stage: str) -> None:
        """Records were let go and no other batch took them: the stage has to be planned again."""
        self._database.change("UPDATE plans SET valid = 0 WHERE stage = ?", (stage,))

    def waiting(self, package: int, stage: str, keys: Collection[str]) -> dict[str, Wait]:
        """Which of these records were left out of the package's plan, and why."""
        rows = self._database.rows(
            "SELECT w.key, w.why, w.parent_stage, w.parent FROM json_each(?) AS wanted "
            "CROSS JOIN waits AS w ON w.stage = ? AND w.key = wanted.value AND w.package = ?",
            (json_list(keys), stage, package),
        )
        return {row["key"]: Wait(row["key"], Why(row["why"]), row["parent_stage"], row["parent"]) for row in rows}

    def is_whole(self, package: int, stage: str) -> bool:
        """Whether every record of the package's stage is in a batch that may have brought it, or will.

        Then no record that refers to one has to be looked at by itself.
        """
        return self.holds(package, stage) and not self._has_failed(stage)

    def is_lacking(self, package: int, stage: str) -> bool:
        """Whether records of the package's stage are known to wait, or some of the stage to have failed."""
        waits = "SELECT EXISTS (SELECT 1 FROM waits WHERE package = ? AND stage = ?)"
        return bool(self._database.value(waits, (package, stage))) or self._has_failed(stage)

    def _has_failed(self, stage: str) -> bool:
        failed = "SELECT EXISTS (SELECT 1 FROM batches WHERE stage = ? AND state = 'done' AND failed > 0 AND reported >= records)"
        return bool(self._database.value(failed, (stage,)))


CONTENTS_OF_1 = """
SELECT b.stage, count(DISTINCT r.key) AS records FROM batches AS b JOIN records AS r ON r.batch = b.id
WHERE b.package = ? AND (r.live = 1 OR b.state = 'refused') GROUP BY b.stage ORDER BY min(b.id)
"""


def json_list(values: Collection[str] | Collection[int] | Sequence[str]) -> str:
    """Values as one parameter of a statement, to be read by json_each."""
    return orjson.dumps(list(values)).decode()
