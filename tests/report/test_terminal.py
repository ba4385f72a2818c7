"""What comes from outside cannot play with the terminal it is shown on."""

import io
import json
import sys
import unicodedata

import pytest
from commands import etl, target, write_shop
from hypothesis import given
from hypothesis import strategies as st
from load_helpers import scripted
from rich.text import Text

from etl.cli.shared import console
from etl.terminal import plain_json, visible, visible_lines

HARMFUL = {
    "an escape sequence": ("\x1b[2J", r"\x1b[2J"),
    "a line break": ("done\nbatch 7: arrived", r"done\nbatch 7: arrived"),
    "a carriage return": ("refused\raccepted", r"refused\raccepted"),
    "a tab": ("a\tb", r"a\tb"),
    "delete": ("a\x7f", r"a\x7f"),
    "a control character of the upper half": ("\x9b2J", r"\x9b2J"),
    "the line break of the upper half": ("a\x85b", r"a\x85b"),
    "a turn of the writing's direction": ("a\u202eb\u202c", r"a\u202eb\u202c"),
    "an isolated direction": ("\u2066a\u2069", r"\u2066a\u2069"),
    "a zero-width space": ("a\u200bb", r"a\u200bb"),
    "a byte order mark": ("\ufeffa", r"\ufeffa"),
    "a line separator": ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
    "half a character": ("\ud800", r"\ud800"),
    "a no-break space": ("1\xa0299,90", r"1\xa0299,90"),
}


@pytest.mark.parametrize(("text", "shown"), HARMFUL.values(), ids=HARMFUL)
def test_what_plays_with_a_terminal_is_shown_as_its_escape(text, shown):
    assert visible(text) == shown


def test_letters_of_every_script_and_emojis_stay_as_they_are():
    text = "Ayşe İĞÜ ışık, Ω 日本 عمر 🙂 \\n"
    assert visible(text) == visible_lines(text) == text


def test_the_lines_of_a_message_stay_lines():
    assert visible_lines("first\n  second\x1b\n") == "first\n  second\\x1b\n"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_nothing_that_controls_or_hides_gets_through(text):
    shown = visible(text)
    assert all(one == " " or unicodedata.category(one)[0] not in "CZ" for one in shown)
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown


def test_tables_and_lines_on_the_console_show_escapes(monkeypatch):

    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    console().print("a\x1b]0;title\x07b", markup=False)
    console().print(Text("own text"))
    assert written.getvalue() == "a\\x1b]0;title\\x07b\nown text\n"


HOSTILE = "\x1b[2J\x1b[31mall is well\x1b]0;owned\x07\r\n\u202edone"


def test_an_answer_of_the_server_does_not_reach_the_terminal_raw(tmp_path):
    write_shop(tmp_path)
    with scripted((406, HOSTILE.encode())) as server:
        done = etl("run", tmp_path, "-w", tmp_path / "work", **target(server.url))
    assert done.returncode == 3
    assert "\\x1b[2J\\x1b[31mall is well\\x1b]0;owned\\x07 \\u202edone" in done.stderr
    assert not any(one in done.stderr + done.stdout for one in "\x1b\x07\r\u202e")


@given(st.dictionaries(st.text(), st.text()))
def test_json_without_what_plays_with_a_terminal_reads_back_as_it_was(value):
    shown = plain_json(value)
    assert shown.isprintable()
    assert json.loads(shown) == value


def test_only_what_cannot_be_printed_is_escaped_in_json():
    assert plain_json({"ad": "Ayşe\u202e"}) == '{"ad": "Ayşe\\u202e"}'
