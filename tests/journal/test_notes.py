"""Notes of batches: the journal has their text alone, and people read them in their language."""

import re

import pytest

from etl.findings import Sentence
from etl.journal.notes import NOTES, note, noted
from etl.report.catalogue import catalogue_of

TURKISH = catalogue_of("tr")


def filled(words):
    """Parts for a template: a number where one stands, and elsewhere what people are called or why something was done."""
    return {name: FILLED.get(name, 7) for name in re.findall("{([a-z]+)}", words)}


FILLED = {
    "migration": "540e",
    "person": "Ayşe (ops)",
    "records": "3 records",
    "why": "the channel was asked for all of its users, and does not know 2",
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_found_again_in_its_text_and_told_in_turkish(name):
    parts = filled(NOTES[name])
    text = str(note(name, **parts))
    found = noted(text)
    assert isinstance(found, Sentence)
    assert found == text
    told = TURKISH.tell(found)
    assert told == TURKISH.sentences[NOTES[name]].format(
        **parts | {each: TURKISH.tell(noted(str(parts[each]))) for each in parts.keys() & {"why", "records"}}
    )
    assert not any(word in told for word in ("channel", "its", "records", "batch"))


@pytest.mark.parametrize("text", ["", "POST https://omnitron/start/ answered 503: planned anew?", "more than a record"])
def test_what_is_no_note_of_ours_stays_as_it_is(text):
    assert noted(text) == text
    assert not isinstance(noted(text), Sentence)
