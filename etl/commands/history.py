"""What became of one record."""

from __future__ import annotations

from etl.arguments import Key
from etl.commands.which import Which
from etl.journal.history import History, read_history


def history(which: Which, stage: str, key: Key) -> History:
    """Everything known of one record with one target. Raises JournalError when nothing was sent there, unless the newest
    package says why this record would not be."""
    return read_history(which.journal(), stage, key)
