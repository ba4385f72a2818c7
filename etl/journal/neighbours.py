"""Whether a journal knows all that lies beside it: requests.jsonl and batches/ must not know more than it does.

A journal that was copied without its -wal file, restored from last week or emptied looks like one that has sent less, and
would send the rest a second time.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
from msgspec import Struct

from etl.journal.database import BUSY_SECONDS, JournalDatabase, JournalError, NoJournal
from etl.journal.workspace import Workspace

SENDING = b'"phase":"sending"'


class Logged(Struct, frozen=True):
    """What requests.jsonl says: how often each batch, with which bytes, was about to be sent, and in which run the last."""

    attempts: Counter[tuple[int, str]]
    run: int


def logged(workspace: Workspace) -> Logged:
    """Read before the journal is: while a load runs, the journal is always the first to know."""
    attempts: Counter[tuple[int, str]] = Counter()
    run = 0
    if workspace.requests.is_file():
        with workspace.requests.open("rb") as file:
            for line in file:
                found = _parsed(line) if SENDING in line else None
                if found is not None:
                    attempts[(found["batch"], found["sha256"])] += 1
                    run = max(run, found["run"] or 0)
    return Logged(attempts, run)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """None for a line that a crash cut short."""
    try:
        found: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found


def opened(workspace: Workspace, *, writing: bool, busy_seconds: float = BUSY_SECONDS) -> JournalDatabase:
    """The journal's database. Raises NoJournal when nothing was sent, JournalError when less is in it than was sent."""
    log = logged(workspace)
    if not workspace.journal.exists():
        _check(workspace, None, log)
    try:
        database = JournalDatabase(workspace.journal, writing=writing, busy_seconds=busy_seconds)
    except NoJournal:
        _check(workspace, None, log)
        raise
    try:
        _check(workspace, database, log)
    except BaseException:
        database.close()
        raise
    return database


def _check(workspace: Workspace, database: JournalDatabase | None, log: Logged) -> None:
    """Raise JournalError when the journal (None: there is none) lacks something that its neighbours know of."""
    missing = _unknown_attempt(database, log) or _unknown_run(database, log) or _own_files(workspace, database)
    if missing:
        raise JournalError(
            f"{workspace.journal}: lacks what lies beside it: {missing}. It is lost, empty, or an older or incomplete copy, and "
            "going on would send records again. Put the whole of it back: journal.sqlite with its -wal file, as it was last. "
            "Nothing was sent"
        )


def _unknown_attempt(database: JournalDatabase | None, log: Logged) -> str:
    known = {} if database is None or not log.attempts else _attempts(database)
    for (batch, sha256), times in log.attempts.items():
        if known.get((batch, sha256), 0) < times:
            return f"requests.jsonl knows that batch {batch} was sent"
    return ""


def _attempts(database: JournalDatabase) -> dict[tuple[int, str], int]:
    rows = database.rows(
        "SELECT b.id, b.sha256, count(*) AS times FROM transitions AS t JOIN batches AS b ON b.id = t.batch "
        "WHERE t.after = 'sending' GROUP BY b.id"
    )
    return {(row["id"], row["sha256"]): row["times"] for row in rows}


def _unknown_run(database: JournalDatabase | None, log: Logged) -> str:
    last = 0 if database is None else database.value("SELECT coalesce(max(id), 0) FROM runs")
    return f"requests.jsonl knows of run {log.run}" if log.run > last else ""


def _own_files(workspace: Workspace, database: JournalDatabase | None) -> str:
    """A run is in the journal before it writes files of its own. One that is killed leaves some that the journal lacks."""
    begun = database is not None and database.value(
        "SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM batches)"
    )
    first = not begun and min((workspace.root / "batches").glob("*/*.json"), key=lambda path: path.name, default=None)
    return f"there are the bytes of batches, such as {first}" if first else ""
