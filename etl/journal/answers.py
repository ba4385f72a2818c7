"""What Omnitron's answer to an upload means to a batch: also to one whose process died before the journal had taken it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from etl.journal.notes import note
from etl.journal.requestlog import MASK, read_lines
from etl.journal.states import State
from etl.journal.workspace import Workspace

REFUSING = frozenset({400, 404, 406, 413, 415})
"""Omnitron looked at the request and did not take it. Any other status without a migration_id leaves its fate open."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
NOT_LOOKED_AT = frozenset({401, 429})
LONGEST_ID = 128
"""Characters of a migration_id. Omnitron's have 32; one is asked for with every look, and logged with each."""


def state_after(status: int, safe_to_repeat: Collection[int] = ()) -> State:
    """Where an answer that is not a 2xx leaves its batch."""
    # A 503 may come from a proxy whose Omnitron has the upload already, with a Retry-After or without.
    if status in NOT_LOOKED_AT or status in safe_to_repeat:
        return State.PLANNED
    return State.REFUSED if status in REFUSING | REDIRECTS else State.UNKNOWN


def is_migration_id(text: str) -> bool:
    """Whether Omnitron may have called a migration so, and a URL and a log line can carry it."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable() and " " not in text and text.strip(".") != ""


def migration_id_of(answer: object) -> str | None:
    """The id in the JSON that answers an upload. None when it holds none that can be one."""
    found = answer.get("migration_id") if isinstance(answer, dict) else None
    return found if isinstance(found, str) and is_migration_id(found) else None


def recorded(workspace: Workspace, batch: int, sha256: str) -> tuple[State, dict[str, Any]]:
    """What requests.jsonl knows of a batch's last POST: the state, and the facts for it.

    No POST leaves before its line is on the disk, so there was none after these. What it does not know is `unknown`.
    """
    lines = [one for one in read_lines(workspace.requests, [batch]) if one.get("sha256") == sha256]
    last = next((one["request"] for one in reversed(lines) if one.get("phase") == "sending"), None)
    for one in lines:
        if one["request"] == last and one.get("phase") == "answered":
            return _meaning(int(str(one["status"])), str(one["answer"]))
    return State.UNKNOWN, {"note": note("unanswered")}


def _meaning(status: int, answer: str) -> tuple[State, dict[str, Any]]:
    facts = {"note": note("answered", number=status), "status": status, "answer": answer}
    if not 200 <= status < 300:
        return state_after(status), facts
    migration_id = migration_id_of(_json(answer))
    if migration_id is None or MASK in migration_id:
        return State.UNKNOWN, facts
    return State.ACCEPTED, {**facts, "migration_id": migration_id}


def _json(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None  # it may have been cut for the log
