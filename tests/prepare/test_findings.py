"""A value that a rule refuses: the rule, the value and a template, from which the sentence is made."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from etl.expressions import compile_value
from etl.expressions.functions.table import LOOKUP
from etl.findings import LONGEST_SUBJECT, Finding, Unfit, literally, sentence
from etl.model import Expression, Place

PHONE = Unfit("function:phone", "0212 555", "{value} is not {whose}", whose="a Turkish mobile number")


def refusal(text, row):
    with pytest.raises(Unfit) as caught:
        compile_value(Expression(text, Place("")), {LOOKUP: {"status": {"5": "550"}}})(row)
    return caught.value


def test_the_text_of_what_is_unfit_is_the_whole_sentence():
    assert str(PHONE) == "'0212 555' is not a Turkish mobile number"


def test_what_is_unfit_travels_to_another_process():
    again = pickle.loads(pickle.dumps(PHONE))
    assert (again.rule, again.value, again.words, again.parts) == (PHONE.rule, PHONE.value, PHONE.words, PHONE.parts)
    assert str(again) == str(PHONE)


@pytest.mark.parametrize(
    ("text", "row", "rule", "said"),
    [
        (
            "{{ p | phone }}",
            {"p": "yok"},
            "function:phone",
            "'yok' is not a Turkish mobile number; phone(default=none) sends none instead",
        ),
        ("{{ p | trim }}", {"p": 5}, "function:trim:text", "trim expects text, not 5; write `| text` before it"),
        (
            "{{ p | money }}",
            {"p": "1.234,567"},
            "function:money:decimals",
            "'1.234,567' has more than two decimals; if it may be rounded, write `| decimal | round`",
        ),
        (
            "{{ p | lookup('status') }}",
            {"p": "17"},
            "function:lookup",
            "no entry '17' in the lookup 'status'; add it there, or say default= for values it lacks",
        ),
        ("{{ p.colour }}", {"p": {"size": 1, "weight": 2}}, "item", "there is no 'colour' in {size, weight}"),
        (
            "{{ p * 2 }}",
            {"p": "x"},
            "operator:*",
            "'x' is text, and '*' computes with numbers: write `| int`, `| money` or `| decimal`",
        ),
        (
            "{{ p | email }}",
            {"p": "ali@"},
            "function:email",
            "'ali@' is not an e-mail address: There must be something after the @-sign.",
        ),
    ],
)
def test_a_function_names_the_rule_that_refused(text, row, rule, said):
    why = refusal(text, row)
    assert why.rule == rule
    assert str(why) == said


def test_only_what_comes_out_of_a_row_is_masked():
    why = refusal("{{ p | lookup('status') }}", {"p": "Ali"})
    masked = sentence(why.words, why.parts, masked=True)
    assert masked == "no entry 'A***' in the lookup 'status'; add it there, or say default= for values it lacks"
    assert sentence(PHONE.words, PHONE.parts, masked=True) == "'0*** 5***' is not a Turkish mobile number"


def test_a_number_is_masked_without_quotes():
    assert sentence("{value} is odd", {"value": Decimal("1.5")}, masked=True) == "***.*** is odd"


def test_an_object_is_quoted_as_json_and_an_address_in_it_is_masked():
    value = {"paid": Decimal("1.5"), "by": "ali@mail.com", "gift": True, "note": None}
    shown = '{"paid": "1.5", "by": "a***@m***.com", "gift": true, "note": null} is odd'
    assert sentence("{value} is odd", {"value": value}, masked=True, personal=False) == shown
    assert sentence("{value} is odd", {"value": [1, False]}) == "[1, false] is odd"


def test_what_a_library_quotes_of_an_address_is_masked():
    why = refusal("{{ p | email }}", {"p": "ali veli@mail.com"})
    shown = sentence(why.words, why.parts, masked=True)
    assert shown == (
        "'a*** v***@m***.c***' is not an e-mail address: "
        "The email address contains invalid characters before the @-sign: S***."
    )


def test_a_template_in_another_language_has_the_same_parts():
    turkish = {"{value} is not {whose}": "{value}, {whose} değil"}
    said = sentence(PHONE.words, PHONE.parts, translate=lambda words: turkish[words])
    assert said == "'0212 555', a Turkish mobile number değil"


def test_a_long_text_is_cut_before_it_is_masked():
    said = sentence("{value} is long", {"value": "abc " * 30}, masked=True)
    assert said == f"'{'a*** ' * 15}'... (120 characters) is long"


def test_a_sentence_begins_with_a_text_that_is_not_too_long_for_it():
    assert sentence("{it} is long", {"it": "a" * LONGEST_SUBJECT}) == f"'{'a' * LONGEST_SUBJECT}' is long"
    assert sentence("{it} is long", {"it": "a" * (LONGEST_SUBJECT + 1)}) == "the text is long"


def test_a_hidden_value_is_only_called_the_value():
    assert Finding("password", "pattern", "(hidden)", "{it} is odd", {"it": "(hidden)"}).reason == "the value is odd"


def test_a_text_with_braces_is_a_template_without_parts():
    assert sentence(literally("{x} and {{y}}"), {}) == "{x} and {{y}}"
