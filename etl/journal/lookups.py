"""What the channel said when it was asked about users that were sent, and whether its word counts as evidence."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from etl.journal.database import JournalDatabase


class Trial(Struct, frozen=True):
    """A migrated user that was looked up: found, or not, so many seconds after its batch was sent."""

    batch: int
    key: str
    time: str
    found: bool
    seconds: float


class Lookups:
    """Part of the journal. What is written here is durable when the call returns."""

    def __init__(self, database: JournalDatabase, time: Callable[[], str]) -> None:
        self._database = database
        self._time = time

    def trial(self) -> Trial | None:
        """The trial that counts: the last one that found its user; the last one when none did; None before the first."""
        row = self._database.row(
            "SELECT batch, key, time, found, seconds FROM trials ORDER BY found DESC, id DESC LIMIT 1"
        )
        return None if row is None else Trial(**{**dict(row), "found": bool(row["found"])})

    def tried(self, batch: int, key: str, seconds: float, *, found: bool) -> None:
        with self._database.transaction():
            self._database.change(
                "INSERT INTO trials (batch, key, time, found, seconds) VALUES (?, ?, ?, ?, ?)",
                (batch, key, self._time(), found, seconds),
            )

    def answered(self, batch: int, key: str, *, found: bool) -> None:
        with self._database.transaction():
            self._database.change(
                "INSERT INTO lookups (batch, key, time, found) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (batch, key) DO UPDATE SET time = excluded.time, found = excluded.found",
                (batch, key, self._time(), found),
            )

    def found(self, batch: int) -> set[str]:
        """The keys of a batch's users that were found."""
        rows = self._database.rows("SELECT key FROM lookups WHERE batch = ? AND found = 1", (batch,))
        return {row["key"] for row in rows}
