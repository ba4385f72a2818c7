"""What the journal notes of a batch beside its state. It keeps the text alone, out of which the sentence is found again."""

from __future__ import annotations

import re
from functools import cache
from string import Formatter

from etl.findings import Sentence, said

NOTES = {
    "planned anew": "planned anew",
    "never sent, planned anew": "never sent, and planned anew",
    "cut": "cut smaller",
    "never sent, cut": "never sent; cut smaller",
    "unanswered": "the process ended before an answer was written",
    "answered": "taken from requests.jsonl: answered {number}",
    "taken id": "Omnitron answered with migration {migration}, which is batch {batch}",
    "too many": "batch {batch}: Omnitron counts {records}, though {count} were sent; ask Akinon what else it counts",
    "a record": "{count} record",
    "records": "{count} records",
    "arrived": "decided: arrived",
    "lost": "decided: lost",
    "arrived, for": "decided: arrived ({why})",
    "lost, for": "decided: lost ({why})",
    "died": "decided: the job died, so all of its records failed",
    "failed are there": "decided: its failed records are there",
    "taken back": "the decision is taken back",
    "sent again": "{person} has {count} of its records sent again",
    "failed again": "a record of it was sent again, and that failed",
    "failed are a batch": "its failed records are batch {batch}: {why}",
    "taken out": "taken out of batch {batch}, that sent them: {why}",
    "asked for some": "the channel was asked for a sample of {some} of its users ({total}): {count} found, {number} not",
    "asked for all": "the channel was asked for all of its users ({total}): {count} found, {number} not",
    "not known": "the channel was asked for all of its users, and does not know {count}",
}
"""By what they are called here."""

_NUMBERS = {"batch", "count", "number", "some", "total"}


def note(name: str, **parts: object) -> Sentence:
    return said(NOTES[name], **parts)


def noted(text: str) -> str:
    """A note as the journal has it, as the sentence that it was made from; any other text as it is."""
    for name, words in NOTES.items():
        if found := _pattern(words).fullmatch(text):
            return note(name, **{part: noted(filled) for part, filled in found.groupdict().items()})
    return text


@cache
def _pattern(words: str) -> re.Pattern[str]:
    parts = Formatter().parse(words)
    holes = (f"{re.escape(text)}{_hole(name) if name else ''}" for text, name, _, _ in parts)
    return re.compile("".join(holes), re.DOTALL)


def _hole(name: str) -> str:
    return f"(?P<{name}>{'[0-9]+' if name in _NUMBERS else '.+'})"
