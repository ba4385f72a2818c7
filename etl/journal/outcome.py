"""How a run ended, written in the journal whatever comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from etl.errors import EtlError
from etl.journal.database import JournalError
from etl.journal.journal import Journal


@contextmanager
def outcome_noted(journal: Journal) -> Iterator[None]:
    try:
        yield
    except EtlError as error:
        # The error that ended the run is the one to show, and may well be this same one.
        with suppress(JournalError):
            journal.runs.end(str(error), error.told)
        raise
    journal.runs.end("ok")
