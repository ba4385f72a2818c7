"""What is printed of personal data without --show-data."""

from dataclasses import replace

import pytest

from etl.load.wording import is_code
from etl.package import Held
from etl.report.mask import mask_key, mask_reason, mask_text, mask_value
from etl.report.preview import PreviewRow
from etl.report.rejects import held_line


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ali.veli@mail.com", "a***@m***.com"),
        ("ali@mail.com.tr", "a***@m***.com.tr"),
        ("Ayşe Yılmaz", "A*** Y***"),
        ("5321234567", "5***"),
        ("", ""),
        ("ali@mail.com tel 5321234567", "a***@m***.c*** t*** 5***"),
        ("Ali Veli <ali@mail.com>", "A*** V*** <a***@m***.c***>"),
    ],
)
def test_every_word_is_its_first_letter_and_only_an_email_alone_keeps_its_ending(text, masked):
    assert mask_text(text) == masked


def test_what_is_nested_is_masked_value_by_value():
    value = {"email": "ali@mail.com", "phones": ["5321234567", None]}
    assert mask_value("extra_field", value) == {"email": "a***@m***.com", "phones": ["5***", None]}


def test_a_previewed_cell_that_holds_an_object_shows_none_of_its_values():
    cells = {"billing": {"email": "ali@mail.com", "phone": "(555) 555-5555"}, "id": 25, "note": "", "paid": None}
    row = PreviewRow("user", "orders.json", 1, cells, "valid", {}, []).masked()
    assert row.cells == {
        "billing": {"email": "a***@m***.com", "phone": "(5***) 5***-5***"},
        "id": "2***",
        "note": "",
        "paid": None,
    }


@pytest.mark.parametrize("value", ["it's", 'say "yes" now', 'O\'Neill "Jr" Secret', "back\\slash 'Secret'"])
def test_a_quoted_value_is_masked_to_its_end_whatever_quotes_are_in_it(value):
    masked = mask_reason("line", f"{value!r} is too long")
    assert masked.endswith(" is too long")
    assert not any(word in masked for word in ("it's", "yes", "Secret", "Neill", "back"))


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("10045", "10045"),
        ("SIP-2021/0045", "SIP-2021/0045"),
        ("1001-KZK", "1001-KZK"),
        ("ali@mail.com", "a***@m***.com"),
        ("5321234567", "5***"),
        ("+905321234567", "+9***"),
        ("Ayşe Yılmaz", "A*** Y***"),
        ("ayse", "a***"),
    ],
)
def test_a_key_is_shown_when_it_is_a_code_and_both_rooms_agree_on_what_is_one(key, masked):
    assert mask_key(key) == masked
    assert is_code(key) is (masked == key)


def test_a_held_record_names_its_parent_by_a_code_or_masked():
    held = Held(
        "orders.csv", 5, "7", "user", "user", "ali@mail.com", "rejected", "user 'ali@mail.com' is rejected (row 2)"
    )
    line = "orders.csv row 5, field 'user': held, because user '{}' is rejected (row 2)"
    assert held_line(held, show_data=False) == line.format("a***@m***.com")
    assert held_line(held, show_data=True) == line.format("ali@mail.com")
    coded = replace(held, reason="user '39' is rejected (row 2)")
    assert held_line(coded, show_data=False) == line.format("39")
