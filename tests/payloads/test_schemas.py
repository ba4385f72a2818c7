"""The payload schemas: what they promise of themselves, and the one rule that floats make hard, money."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.model import PAYLOADS
from etl.payloads.columns import decimals_of, have_decimals
from etl.payloads.page import payload_page
from etl.payloads.reference import is_multiple
from etl.payloads.validate import Validator, payload_schema
from etl.resources import load_schema, shipped

SCHEMAS = {name: load_schema(name) for name in PAYLOADS}
FIELDS = [(name, field) for name, schema in SCHEMAS.items() for field in schema["properties"]]
EDGE = 9_999_999_999_99
"""The largest amount, in cents."""


def is_money(number):
    return have_decimals(2)([number])


def money_validator(fast=True):
    price = SCHEMAS["order_item"]["properties"]["price"]
    return Validator({"type": "object", "properties": {"price": price}}, fast=fast)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_schema_is_draft_2020_12_and_closed(name):
    schema = SCHEMAS[name]
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert schema["title"]
    assert set(schema["required"]) <= set(schema["properties"])


@pytest.mark.parametrize(
    ("name", "field", "longest"),
    [("address", "tax_office", 64), ("address", "tax_no", 20), ("address", "company_name", 255), ("address", "email", 254),
     ("address", "phone_number", 128), ("order", "tracking_number", 64)],
)  # fmt: skip
def test_what_the_published_client_bounds_is_bounded_and_said_to_be_assumed(name, field, longest):
    schema = SCHEMAS[name]["properties"][field]
    assert schema["maxLength"] == longest
    assert "assumed" in schema["description"].lower()
    reasons = [one.reason for one in Validator(SCHEMAS[name]).explain_field(field, "9" * (longest + 1))]
    assert any(f"is longer than {longest} characters ({longest + 1})" in reason for reason in reasons)


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_every_field_says_what_it_is_and_its_examples_are_valid(name, field):
    keywords = SCHEMAS[name]["properties"][field]
    assert keywords["description"].endswith(".")
    validator = Validator(SCHEMAS[name])
    assert [validator.explain_field(field, example) for example in keywords["examples"]] == [[]] * len(
        keywords["examples"]
    )


def test_an_email_address_is_the_same_in_every_payload():
    fields = [("user", "email"), ("address", "email"), ("order", "user_email")]
    patterns = {SCHEMAS[name]["properties"][field]["pattern"] for name, field in fields}
    assert len(patterns) == 1


def test_every_status_code_has_its_meaning():
    status = SCHEMAS["order"]["properties"]["status"]
    meanings = dict(zip(status["enum"], status["enumDescriptions"], strict=True))
    assert len(meanings) == 17
    assert meanings["550"] == "delivered"


def test_the_page_of_payloads_is_current():
    page = (Path(__file__).parents[2] / "docs" / "payloads.md").read_text(encoding="utf-8")
    assert page == payload_page(), "run: python -m etl.payloads.page > docs/payloads.md"


def test_every_field_of_money_is_decided_by_its_text():
    decimals = {
        (name, field): decimals_of(keywords)
        for name in PAYLOADS
        for field, keywords in SCHEMAS[name]["properties"].items()
    }
    money = [("order", "amount"), ("order", "discount_amount"), ("order_item", "price")]
    assert {field: places for field, places in decimals.items() if places is not None} == dict.fromkeys(money, 2)


def test_a_number_that_its_text_could_get_wrong_is_left_to_the_validator():
    bounds = {"exclusiveMinimum": -(10**13), "exclusiveMaximum": 10**13}
    number = {"type": "number", "multipleOf": 0.01}
    left: list[Any] = [
        number,
        {**number, **bounds, "exclusiveMaximum": 10**13 + 1},
        {**number, **bounds, "multipleOf": 0.05},
    ]
    left += [{**number, **bounds, "type": ["number", "string"]}, {**bounds, "type": "number"}, True]
    assert list(map(decimals_of, left)) == [None] * len(left)
    assert decimals_of({**number, **bounds}) == 2


# Ten million amounts, in pieces, so that they can be spread over processes.
@pytest.mark.parametrize("first", range(0, 10_000_000, 2_500_000))
def test_every_cent_from_0_to_99999_99_is_money_to_both_validators(first):
    amounts = [cents / 100 for cents in range(first, first + 2_500_000)]
    assert have_decimals(2)(amounts)
    assert all(map(is_multiple, amounts, [0.01] * len(amounts)))


def test_every_tenth_of_a_cent_between_two_cents_is_refused_by_both_up_to_99_99():
    thousandths = [number / 1000 for number in range(100_000) if number % 10]
    assert not any(map(is_money, thousandths))
    assert not any(map(is_multiple, thousandths, [0.01] * len(thousandths)))


@pytest.mark.parametrize("fast", [True, False])
def test_money_is_exact_at_the_edge_of_12_digits(fast):
    validator = money_validator(fast)
    near = [sign * (EDGE - cents) / 100 for cents in range(5_000) for sign in (1, -1)]
    assert validator.invalid({"price": near}) == set()
    between = [(EDGE * 10 - thousandths) / 1000 for thousandths in range(-9, 5_000) if thousandths % 10]
    assert validator.invalid({"price": between}) == set(range(len(between)))


@pytest.mark.parametrize("fast", [True, False])
def test_no_amount_of_13_digits_is_money(fast):
    too_much = [10_000_000_000, 10_000_000_000.0, -10_000_000_000.0, Decimal("10000000000.00"), 1e300, 10**400]
    assert money_validator(fast).invalid({"price": too_much}) == set(range(len(too_much)))


@given(st.integers(-EDGE, EDGE), st.integers(0, 9))
def test_money_is_a_whole_number_of_cents_whether_float_or_decimal(cents, tenth):
    exact = Decimal(cents) / 100 + Decimal(tenth).scaleb(-3)
    fast, slow = money_validator(), money_validator(fast=False)
    for amount in (exact, float(str(exact))):
        expected = tenth == 0 and abs(exact) <= EDGE
        assert fast.is_valid({"price": amount}) is expected
        assert slow.is_valid({"price": amount}) is expected


@given(st.floats(-1e10, 1e10, exclude_min=True, exclude_max=True))
def test_the_text_of_a_number_decides_as_exact_arithmetic_does(number):
    assert is_money(number) is is_multiple(number, 0.01)
    assert is_money(number) is jsonschema_rs.is_valid({"multipleOf": 0.01}, number)


def test_a_target_lays_its_own_keywords_over_a_field():
    schema = payload_schema("order", {"currency": {"enum": ["try"], "pattern": None, "patternErrorMessage": None}})
    assert schema["properties"]["currency"]["enum"] == ["try"]
    assert "pattern" not in schema["properties"]["currency"]
    assert Validator(schema).explain_field("currency", "eur")[0].reason == "'eur' is not one of try"
    assert "enum" not in load_schema("order")["properties"]["currency"]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"curency": {"enum": ["try"]}}, "unknown field 'curency'; did you mean 'currency'?"),
        ({"currency": ["try"]}, "field 'currency' needs JSON Schema keywords, as in {enum: [a, b]}"),
        ({"currency": {"enmu": ["try"]}}, "field 'currency': unknown keyword 'enmu'; did you mean 'enum'?"),
        (
            {"user_email": {"anyOf": [{"format": "email"}]}},
            "field 'user_email': unknown format 'email'; use omnitron-date, omnitron-datetime or a pattern",
        ),
    ],
)
def test_a_slip_in_a_targets_settings_is_an_error(properties, message):
    with pytest.raises(ValueError) as error:
        payload_schema("order", properties)
    assert str(error.value) == message


def test_a_keyword_with_a_wrong_value_is_an_error_when_the_schema_is_compiled():
    with pytest.raises(ValueError, match='"many" is not of type "integer"'):
        Validator(payload_schema("order", {"bank": {"maxLength": "many"}}))


def test_what_the_installation_lacks_is_named():
    with pytest.raises(ValueError) as error:
        shipped("schemas/nothing.schema.json")
    assert str(error.value) == (
        "'schemas/nothing.schema.json' is missing from this installation of omnitron-etl; install it again"
    )


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_of_every_field_it_is_decided_whether_it_is_personal(name, field):
    assert isinstance(SCHEMAS[name]["properties"][field]["personal"], bool)


def test_a_target_may_call_a_field_personal_and_nothing_but_true_or_false():
    assert payload_schema("user", {"customer_code": {"personal": True}})["properties"]["customer_code"]["personal"]
    with pytest.raises(ValueError) as caught:
        payload_schema("user", {"customer_code": {"personal": "yes"}})
    assert str(caught.value) == "field 'customer_code': personal is true or false"
