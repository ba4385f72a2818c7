"""What is printed of personal data without --show-data."""

from types import SimpleNamespace
from typing import Any

import pytest

from etl.findings import Unfit, sentence
from etl.package import ProblemExample, ProblemKind
from etl.personal import is_code, mask_key, mask_text, mask_value
from etl.report.catalogue import catalogue_of
from etl.report.mask import HIDDEN_ANSWER, mask_record, plain_fields, without_answer, without_login_answer
from etl.report.preview import PreviewRow
from etl.report.rejects import kind_line, kinds_of


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ali.veli@mail.com", "a***@m***.com"),
        ("ali@mail.com.tr", "a***@m***.com.tr"),
        ("Ayşe Yılmaz", "A*** Y***"),
        ("5321234567", "5***"),
        ("", ""),
        ("1", "***"),
        ("Ay", "***"),
        ("Can Öz", "C*** ***"),
        ("b@x.com", "***@***.com"),
        ("ab@xyz.com", "***@x***.com"),
        ("1.299,90", "***.2***,***"),
        ("ali@mail.com tel 5321234567", "a***@m***.c*** t*** 5***"),
        ("Ali Veli <ali@mail.com>", "A*** V*** <a***@m***.c***>"),
    ],
)
def test_every_word_of_three_letters_is_its_first_and_only_an_email_alone_keeps_its_ending(text, masked):
    assert mask_text(text) == masked


def test_what_is_nested_is_masked_value_by_value():
    value = {"email": "ali@mail.com", "phones": ["5321234567", None]}
    assert mask_value(value) == {"email": "a***@m***.com", "phones": ["5***", None]}


def test_a_previewed_cell_that_holds_an_object_shows_none_of_its_values():
    cells = {"billing": {"email": "ali@mail.com", "phone": "(555) 555-5555"}, "id": 25, "note": "", "paid": None}
    row = PreviewRow("user", "orders.json", 1, cells, "valid", {}, [], shown={"id"}).masked()
    assert row.cells == {
        "billing": {"email": "a***@m***.com", "phone": "(5***) 5***-5***"},
        "id": 25,
        "note": "",
        "paid": None,
    }


@pytest.mark.parametrize("value", ["it's", 'say "yes" now', 'O\'Neill "Jr" Secret', "back\\slash 'Secret'"])
def test_a_quoted_value_is_masked_to_its_end_whatever_quotes_are_in_it(value):
    masked = sentence("{value} is too long", {"value": value}, masked=True)
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
def test_a_key_is_shown_when_it_is_a_code(key, masked):
    assert mask_key(key) == masked
    assert is_code(key) is (masked == key)


def held_by(key):
    why = Unfit("orphan:rejected", None, "{stage} {key} is rejected (row {row})", stage="user", key=key, row=2)
    example = ProblemExample("orders.csv", 5, None, why.words, why.parts, str(why), personal=True)
    return ProblemKind("held", "user", why.rule, None, "problem", 1, [5], [example])


def test_a_held_record_names_its_parent_by_a_code_or_masked():
    line = "orders.csv row 5, field 'user': held, because user '{}' is rejected (row 2)"
    assert kind_line(held_by("ali@mail.com"), show_data=False) == line.format("a***@m***.com")
    assert kind_line(held_by("ali@mail.com"), show_data=True) == line.format("ali@mail.com")
    assert kind_line(held_by("39"), show_data=False) == line.format("39")


@pytest.mark.parametrize("cell", ["0532 000 12 34", "+90 (532) 000-12-34", "0532.000.1234", "ali@mail.com"])
def test_a_cell_of_places_that_holds_an_address_or_a_mobile_number_is_masked_in_the_name_of_its_kind(cell):
    entry = f"township: Türkiye / İSTANBUL / {cell}"
    words = "{value} is no {level} of {within}"
    parts = {"value": cell, "level": "township", "within": "Türkiye / İSTANBUL"}
    example = ProblemExample("addresses.csv", 5, None, words, parts, f"'{cell}' is none", personal=False)
    kind = ProblemKind("rejected", "township", "function:place", entry, "problem", 1, [5], [example])
    package: Any = SimpleNamespace(stages=[SimpleNamespace(name="address")], kinds=lambda stage: [kind])
    for show_data in (False, True):
        (told,) = kinds_of(package, show_data=show_data)
        assert "Türkiye / İSTANBUL / " in told.entry
        assert (cell in told.entry) is show_data
        assert (cell in kind_line(kind, show_data=show_data)) is show_data


def test_a_plain_field_is_shown_unless_it_holds_an_address_or_a_mobile_number():
    record = {"status": "550", "bank": "Garanti", "customer_code": "ali@mail.com", "user": "5321234567", "total": 7}
    assert mask_record(record) == {
        "status": "550", "bank": "Garanti", "customer_code": "a***@m***.com", "user": "5***", "total": "***",
    }  # fmt: skip
    assert "email" not in plain_fields()


def test_what_omnitron_answered_is_left_out_of_an_error():
    text = "POST https://o/ answered 406: [{'email': 'ali@mail.com'}]"
    assert without_answer(text) == "POST https://o/ answered 406: (see --show-data)"


@pytest.mark.parametrize(
    "own",
    [
        "; check target.polling.path; looking again in 0.5 s",
        "; check target.url and target.token_path",
        "; check the token, or the login's rights",
        "; attempt 2 in 4.0 s",
        " (no readable migration_id)",
        ": given up after 4 attempts, before anything was prepared or sent; "
        "see whether target.url is right, and Omnitron is there",
    ],
)
def test_what_we_say_behind_an_answer_stays_and_what_only_begins_like_it_goes(own):
    asked = "batch 2: GET https://o/ answered 404: "
    assert without_answer(f"{asked}<h1>Zümrüt</h1>{own}") == f"{asked}{HIDDEN_ANSWER}{own}"
    assert without_answer(f"{asked}the name; check target Zümrüt{own}") == f"{asked}{HIDDEN_ANSWER}{own}"
    assert without_answer(f"{asked}the name{own} Zümrüt") == f"{asked}{HIDDEN_ANSWER}"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ('{"non_field_errors": ["E-posta veya parola yanl\\u0131\\u015f."]}', True),
        ('{"detail": "Locked."}', True),
        ('{"detail": "ali@mail.com is locked."}', False),
        ('{"detail": "5321234567"}', False),
        ('{"detail": "Locked.", "name": "Zümrüt"}', False),
        ("Zümrüt is locked", False),
        ('["Zümrüt"]', False),
    ],
)
def test_why_a_shop_refuses_a_login_is_told_when_it_says_the_same_to_all(answer, shown):
    begin = "the shop refuses the login: "
    assert without_login_answer(f"{begin}{answer}") == f"{begin}{answer if shown else HIDDEN_ANSWER}"


def test_who_is_held_because_of_whom_is_masked_in_a_second_language_too():
    line = catalogue_of("tr").tell(kind_line(held_by("ali@mail.com"), show_data=False))
    assert line == "orders.csv 5. satır, 'user' alanı: bekletiliyor, çünkü user 'a***@m***.com' reddedildi (2. satır)"
