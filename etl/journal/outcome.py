"""How a run ended, written in the journal whatever comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from etl.errors import EtlError
from etl.findings import Sentence, Words, as_phrase
from etl.journal.database import JournalError
from etl.journal.journal import Journal


@contextmanager
def outcome_noted(journal: Journal) -> Iterator[None]:
    try:
        yield
    except EtlError as error:
        # The error that ended the run is the one to show, and may well be this same one.
        with suppress(JournalError):
            journal.runs.end(str(error), error.told or _made_of(error.text), error.ending)
        raise
    journal.runs.end("ok")


def _made_of(text: str) -> list[Words]:
    """The templates of a text that remembers them: whoever asks for the status later may speak another language."""
    return [("{line}", {"line": as_phrase(text)})] if isinstance(text, Sentence) else []
