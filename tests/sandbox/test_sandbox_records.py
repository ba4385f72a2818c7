"""What the stand-in makes of the records it is sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_client import ADDRESS, ITEM, ORDER, RECORDS, USER

from etl.sandbox import rules


def reasons_for(sandbox, payload, record):
    sandbox.migrate(payload, record)
    found = sandbox.errors()
    return found[-1]["reasons"] if found else {}


def test_the_bad_records_of_a_batch_are_counted_and_the_good_ones_stored(sandbox):
    bad = USER | {"customer_code": "8", "email": "no e-mail"}
    good = USER | {"customer_code": "9", "email": "b@example.com"}
    progress = sandbox.migrate("user", USER, bad, good, "text")
    assert (progress["total_count"], progress["success_count"], progress["error_count"]) == (4, 2, 2)
    assert [row["key"] for row in sandbox.records("user") if row["stored"]] == ["7", "9"]
    assert [error["position"] for error in sandbox.errors()] == [1, 3]
    assert sandbox.errors()[0]["reasons"] == {"email": "Enter a valid email address."}


def test_a_record_of_each_type_is_accepted_in_order(sandbox):
    for payload, record in RECORDS.items():
        assert sandbox.migrate(payload, record)["error_count"] == 0, sandbox.errors()
    assert {payload: sandbox.state()[payload]["stored"] for payload in RECORDS} == dict.fromkeys(RECORDS, 1)


REQUIRED = "This field is required."
TOO_LONG = "Ensure this field has no more than {} characters."


@pytest.mark.parametrize(
    ("payload", "change", "reason"),
    [
        ("user", {"gender": "kadın"}, '"kadın" is not a valid choice.'),
        ("user", {"phone": "05321234567"}, "Enter a Turkish mobile number as 5XXXXXXXXX."),
        ("user", {"phone": "٥321234567"}, "Enter a Turkish mobile number as 5XXXXXXXXX."),
        ("user", {"sms_allowed": "false"}, "Must be a valid boolean."),
        ("user", {"date_joined": "31.01.2020 10:00"}, "Datetime has wrong format. Use YYYY-MM-DD HH:MM:SS."),
        ("user", {"date_joined": "2020-02-30 10:00:00"}, "Datetime has wrong format. Use YYYY-MM-DD HH:MM:SS."),
        ("user", {"date_of_birth": "0000-00-00"}, "Date has wrong format. Use YYYY-MM-DD."),
        ("user", {"first_name": None}, "This field may not be null."),
        ("user", {"last_name": "  "}, "This field may not be blank."),
        ("user", {"customer_code": 1.5}, "Not a valid string."),
        ("user", {"email": "a@b"}, "Enter a valid email address."),
        ("address", {"title": "x" * 129}, TOO_LONG.format(128)),
        ("address", {"line": "x" * 256}, TOO_LONG.format(255)),
        ("order", {"number": 10045}, "Not a valid string."),
        ("order", {"status": 550}, '"550" is not a valid choice.'),
        ("order", {"status": "delivered"}, '"delivered" is not a valid choice.'),
        ("order", {"amount": "1299.90"}, "A valid number is required."),
        ("order", {"amount": 0.001}, "Ensure that there are no more than 2 decimal places."),
        ("order", {"amount": 10000000000}, "Ensure that there are no more than 10 digits before the decimal point."),
        ("order", {"currency": "TRY"}, "Enter a lower-case ISO 4217 code."),
        ("order", {"installment_count": 0}, "Ensure this value is greater than or equal to 1."),
        ("order", {"shipping_address": "x" * 513}, TOO_LONG.format(512)),
        ("order", {"extra_field": None}, "This field may not be null."),
        ("order_item", {"quantity": 1.5}, "A valid integer is required."),
        ("order_item", {"extra_field": "[]"}, "Value must be an object."),
        ("order_item", {"image_url": "foto.jpg"}, "Enter a valid URL."),
        ("order_item", {"product": "x" * 257}, TOO_LONG.format(256)),
    ],
)
def test_a_field_that_breaks_the_contract_is_an_error_that_names_it(payload, change, reason):
    assert rules.reasons(payload, RECORDS[payload] | change) == dict.fromkeys(change, reason)


def test_every_missing_field_is_named():
    assert rules.reasons("order_item", {}) == dict.fromkeys(["order_number", "price"], REQUIRED)
    assert rules.reasons("address", {})["customer_code"] == "This field is required (or 'user')."


@given(st.integers(min_value=0, max_value=10**12 - 1))
@settings(max_examples=500)
def test_every_cent_up_to_twelve_digits_is_money(cents):
    assert rules.money(cents / 100) is None
    assert rules.money(cents // 100) is None


@pytest.mark.parametrize("payload", ["address", "order"])
def test_address_and_order_take_customer_code_or_user_but_not_two_customers(payload):
    other = {name: value for name, value in RECORDS[payload].items() if name not in ("user", "customer_code")}
    assert rules.reasons(payload, other | {"user": "7"}) == {}
    assert rules.reasons(payload, other | {"customer_code": 7}) == {}
    assert "user" in rules.reasons(payload, other | {"customer_code": "7", "user": "8"})


def test_an_email_is_taken_whatever_its_case_and_so_is_a_customer_code(sandbox):
    sandbox.migrate("user", USER)
    assert reasons_for(sandbox, "user", USER | {"customer_code": "8", "email": "AYSE@example.com"}) == {
        "email": "user with this email already exists."
    }
    assert reasons_for(sandbox, "user", USER | {"email": "other@example.com"}) == {
        "customer_code": "user with this customer_code already exists."
    }


def test_a_record_of_nobody_is_an_error(sandbox):
    assert reasons_for(sandbox, "address", ADDRESS) == {"customer_code": "No user with customer_code '7' was migrated."}
    assert reasons_for(sandbox, "order", ORDER) == {"user": "No user with customer_code '7' was migrated."}
    assert reasons_for(sandbox, "order_item", ITEM) == {"order_number": "No order with number '10045' was migrated."}


def test_a_record_that_comes_twice_is_seen_to_have_come_twice(sandbox):
    for payload, record in RECORDS.items():
        sandbox.migrate(payload, record, record)
    seen = {payload: (row["received"], row["stored"]) for payload in RECORDS for row in sandbox.records(payload)}
    # Addresses and items have no number of their own: the shop keeps both, as Omnitron would.
    assert seen == {"user": (2, 1), "address": (2, 2), "order": (2, 1), "order_item": (2, 2)}
    assert sandbox.records("order", key="10045")[0]["received"] == 2
    assert [error["reasons"] for error in sandbox.errors() if error["type"] == "order"] == [
        {"number": "order with this number already exists."}
    ]


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"city": "Istanbul"}, "city"),
        ({"township": "USKUDAR"}, "township"),
        ({"country": "Turkiye"}, "country"),
        ({"district": "Yok"}, "district"),
        ({"city": "ANKARA"}, "township"),
    ],
)
def test_a_place_that_is_not_on_the_list_is_an_error(sandbox, place, field):
    sandbox.migrate("user", USER)
    assert list(reasons_for(sandbox, "address", ADDRESS | place)) == [field]


def test_places_match_whatever_their_case_and_are_not_checked_where_none_are_listed(sandbox):
    sandbox.migrate("user", USER)
    for place in (
        {"country": "TÜRKİYE", "city": "istanbul", "township": "ÜSKÜDAR", "district": "KISIKLI"},
        {"city": "IĞDIR", "township": "Merkez", "district": "Neresi"},
        {"country": "Almanya", "city": "Köln", "township": "Mitte"},
    ):
        assert sandbox.migrate("address", ADDRESS | place)["error_count"] == 0, sandbox.errors()


def test_places_can_be_added_and_are_then_checked(sandbox):
    sandbox.post("/_sandbox/geography", json={"Kosova": {"Prizren": {"Merkez": ["Bir"]}}})
    sandbox.migrate("user", USER)
    kosova = ADDRESS | {"country": "Kosova", "city": "prizren", "township": "Merkez"}
    assert sandbox.migrate("address", kosova)["error_count"] == 0
    assert list(reasons_for(sandbox, "address", kosova | {"city": "Priştine"})) == ["city"]
