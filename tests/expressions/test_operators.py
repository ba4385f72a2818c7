"""Every operator with every pair of types: a right value, or a refusal in our own words; and the same before there is a row."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from itertools import product

import pytest
from mapping_case import Case, edited

from etl.expressions import LOOKUP, ROW_ERRORS, ExpressionError, compile_value, reason_of
from etl.expressions.names import Names
from etl.expressions.parsing import parse
from etl.expressions.runtime import writers
from etl.expressions.syntax import faults
from etl.model import Expression, Place

VALUES = {
    "a text": "5", "a whole number": 7, "an amount": Decimal("49.90"), "a float": 1.5, "true": True, "false": False,
    "a date": date(2023, 3, 24), "a moment": datetime(2023, 3, 24, 10, 30), "a time": time(12, 30),
    "a list": [1], "an object": {"k": 1}, "null": None,
}  # fmt: skip
LITERALS = {"5": "'5'", 7: "7", 1.5: "1.5", True: "true", None: "none"}
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
SINGLE = [
    "not a",
    "-a",
    "+a",
    "a is none",
    "1 if a else 2",
    "a.k",
    "a['k']",
    "a[0]",
    "a[0:1]",
    "a[a]",
    "a[a:]",
    "[1, 2][::a]",
    "{a: 1}",
]
PYTHON = re.compile(
    r"operand|instance|unsupported|NoneType|\bNone\b|\bTrue\b|\bFalse\b|Decimal|datetime\.|<class|unhashable|subscript|"
    r"argument|object is|'(str|int|float|bool|list|dict|date)'|TypeError|concatenate|computed:"
)


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "t")
    return Case(tmp_path)


def outcome(text, row):
    """The value; or the reason why there is none, as text in a tuple."""
    try:
        return compile_value(Expression(f"{{{{ {text} }}}}", Place("")))(row)
    except ROW_ERRORS as error:
        return (reason_of(error),)


@pytest.mark.parametrize("operator", BINARY)
def test_no_operator_answers_in_words_of_python(operator):
    for left, right in product(VALUES.values(), repeat=2):
        given = outcome(f"a {operator} b", {"a": left, "b": right})
        if isinstance(given, tuple):
            assert given[0]
            assert not PYTHON.search(given[0]), f"{left!r} {operator} {right!r}: {given[0]}"


@pytest.mark.parametrize("text", SINGLE)
def test_nothing_of_one_value_answers_in_words_of_python(text):
    for value in VALUES.values():
        given = outcome(text, {"a": value})
        assert not isinstance(given, tuple) or not PYTHON.search(given[0]), f"{text} of {value!r}: {given[0]}"


def test_a_time_is_written_compared_and_refused_as_a_time():
    noon, row = time(12), {"noon": time(12), "later": time(12, 30), "day": date(2023, 3, 24)}
    assert outcome("[noon][0] ~ ''", row) == "12:00:00"
    assert writers("%Y-%m-%d", "%Y-%m-%d %H:%M:%S").plain({"at": noon}) == {"at": "12:00:00"}
    assert outcome("noon | text", row) == "12:00:00"
    assert outcome("noon < later and noon | text == '12:00:00'", row) is True
    assert outcome("(day ~ ' ' ~ later) | datetime", row) == datetime(2023, 3, 24, 12, 30)
    assert outcome("noon == '12:00:00'", row) == (
        f"{noon} is a time and '12:00:00' is text: write `| text` after the time, which makes 12:00:00 of noon",
    )
    assert outcome("noon | datetime", row) == (
        "datetime expects text or a date, and 12:00:00 is a time alone; write (day ~ ' ' ~ time) | datetime",
    )


@pytest.mark.parametrize("operator", BINARY)
def test_what_is_refused_before_there_is_a_row_every_row_would_be_refused_for(operator):
    for left, right in product(LITERALS, repeat=2):
        text = f"{LITERALS[left]} {operator} {LITERALS[right]}"
        found = faults(f"{{{{ {text} }}}}", Names())
        # Of `true or x` and `false and x` the second part is not looked at in a row.
        rows = outcome(f"a {operator} b", {"a": left, "b": right})
        if found and operator not in ("and", "or"):
            assert isinstance(rows, tuple), f"{text}: {found}"
        if isinstance(rows, tuple) and operator in ("==", "!=", "<", "+", "*"):
            assert found or None in (left, right), text


REFUSED = {
    "not email": (
        "4: 'email' is text where true or false is asked for; `is not none` asks whether there is one, `| bool` reads a flag "
        "such as 0 or 1"
    ),
    "'x' if email else 'y'": (
        "7: 'email' is text where true or false is asked for; `is not none` asks whether there is one, `| bool` reads a flag "
        "such as 0 or 1"
    ),
    "(status == '1') or email": (
        "19: 'email' is text where true or false is asked for; `is not none` asks whether there is one, `| bool` reads a flag "
        "such as 0 or 1"
    ),
    "status == 1": "0: 'status' is text and 1 is a number: put the number in quotes, or read the text with `| int` or `| money`",
    "status in ['1', 2]": (
        "0: 'status' is text and 2 is a number: put the number in quotes, or read the text with `| int` or `| money`"
    ),
    "status | lower == 1": (
        "0: what `lower` gives is text and 1 is a number: put the number in quotes, or read the text with `| int` or `| money`"
    ),
    "status == true": "0: 'status' is text and true is true or false: read the text with `| bool`",
    "status > '9'": (
        "0: 'status' is text and '9' is text: '>' compares numbers and dates; write `| int`, `| money` or `| date` on both sides"
    ),
    "(status | date) > '2020-01-01'": "1: what `date` gives is a date and '2020-01-01' is text: read the text with `| date`",
    "status | date == email | datetime": (
        "0: what `date` gives is a date and what `datetime` gives is a date with a time: write `| date` after the one, or "
        "`| datetime` after the other"
    ),
    "(status | int) < none": (
        "1: null is neither more nor less than anything; write `is not none and` before it, or `| default(0)`"
    ),
    "(status | int) == true": "1: what `int` gives is a number and true is true or false: read the number with `| bool`",
    "status + '1'": (
        "0: 'status' is text, and '+' computes with numbers: write `| int`, `| money` or `| decimal`; `~` joins texts"
    ),
    "-status": "1: 'status' is text, and '-' computes with numbers: write `| int`, `| money` or `| decimal`",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_known_to_be_text_is_refused_where_it_means_nothing(text):
    found = faults(f"{{{{ {text} }}}}", Names(text_only=True))
    assert f"{found[0].at - 3}: {found[0].what}" == REFUSED[text]


@pytest.mark.parametrize(
    "text", ["email", "email or status", "'1' if status == '1' else '0'", "status ~ 'x'", "'true'"]
)
def test_a_condition_that_is_text_is_refused(text):
    names = Names(text_only=True)
    assert faults(f"{{{{ {text} }}}}", names) == []
    assert "is text where true or false is asked for" in faults(f"{{{{ {text} }}}}", names, condition=True)[0].what


@pytest.mark.parametrize(
    "text",
    ["email is not none", "active | bool", "status == '1' and email is not none", "not email | blank", "status | int",
     "(active | bool) or status in ['1', '5']", "true if active | bool else email is none", "none", "false"],
)  # fmt: skip
def test_a_condition_that_is_true_or_false_is_taken(text):
    assert faults(f"{{{{ {text} }}}}", Names(text_only=True), condition=True) == []


def test_a_where_over_a_column_of_text_is_refused_with_its_place_and_the_way_out(case):
    case.finds(
        edited(("{{ status == '1' }}", "{{ «status }}")),
        "'status' is text where true or false is asked for; `is not none` asks whether there is one, `| bool` reads a flag "
        "such as 0 or 1",
    )


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("a * 1.18", {"a": Decimal("10.00")}, "11.8000"),
        ("0.1 + 0.2", {}, "0.3"),
        ("a * 1.18", {"a": 10.1}, "11.918"),
        ("a == 1.18", {"a": Decimal("1.18")}, "True"),
        ("a == 1.10", {"a": Decimal("1.1")}, "True"),
        ("a in [1, 1.18]", {"a": Decimal("1.18")}, "True"),
        ("a / 4", {"a": 10}, "2.5"),
        ("a // 2", {"a": Decimal(-7)}, "-4"),
        ("a % 2", {"a": Decimal(-7)}, "1"),
        ("a // 2", {"a": -7}, "-4"),
        ("-a", {"a": 1.5}, "-1.5"),
        ("a or b", {"a": None, "b": "second"}, "second"),
        ("a or b", {"a": 0, "b": 5}, "0"),
        ("a or b", {"a": False, "b": True}, "False"),
        ("a == 'x' or b == 'x'", {"a": "y", "b": "x"}, "True"),
        ("'x' in a", {"a": None}, "False"),
        ("'k' in a", {"a": {"k": 1}}, "True"),
        ("a ~ '@x'", {"a": 5.0}, "5@x"),
        ("a ~ b", {"a": True, "b": Decimal("1E+2")}, "true100"),
    ],
)
def test_a_value_is_exact_whatever_type_of_number_stands_beside_it(text, row, value):
    assert str(outcome(text, row)) == value


@pytest.mark.parametrize(
    ("text", "row", "reason"),
    [
        ("'x' if a else 'y'", {"a": "0"},
         "'0' is text where true or false is asked for; `is not none` asks whether there is one, `| bool` reads a flag such as "
         "0 or 1"),
        ("a == 1", {"a": "1"},
         "'1' is text and 1 is a number: put the number in quotes, or read the text with `| int` or `| money`"),
        ("a > b", {"a": "99", "b": "100"},
         "'99' is text and '100' is text: '>' compares numbers and dates; write `| int`, `| money` or `| date` on both sides"),
        ("a > 5", {"a": None},
         "null is neither more nor less than anything; write `is not none and` before it, or `| default(0)`"),
        ("a in ['1', '5']", {"a": 5},
         "5 is a number and '1' is text: put the number in quotes, or read the text with `| int` or `| money`"),
        ("a / 0", {"a": Decimal("5.00")}, "5.00 cannot be divided by zero"),
        ("a % 0", {"a": 0}, "0 cannot be divided by zero"),
        ("a / 0", {"a": Decimal(0)}, "0 cannot be divided by zero"),
        ("a + 1", {"a": None}, "null cannot be computed with by '+': write `| default(0)`, or `if ... is not none` around it"),
        ("a * a", {"a": Decimal("1" + "0" * 39 + "1")}, f"1{'0' * 39}1 * 1{'0' * 39}1 has more than 60 digits"),
        ("a * a", {"a": 10**30 + 1}, f"1{'0' * 29}1 * 1{'0' * 29}1 has more than 60 digits"),
        ("a + 1", {"a": True}, "true is true or false, and '+' computes with numbers: write `| int`, `| money` or `| decimal`; "
         "`~` joins texts"),
        ("a in 5", {"a": "x"},
         "'x' is text and 5 is a number: 'in' looks for a value in a list, for text in text, for a name in an object"),
    ],
)  # fmt: skip
def test_a_value_of_json_or_excel_that_does_not_fit_rejects_its_row_with_the_way_out(text, row, reason):
    assert outcome(text, row) == (reason,)


@pytest.mark.parametrize(("text", "told"), [("n * 3", "309"), ("n + 0.5", "103.5"), ("-n", "-103"), ("n // 2", "51")])
def test_what_is_computed_with_a_whole_number_of_json_is_whole_beside_text_too(text, told):
    assert outcome(f"'no. ' ~ ({text})", {"n": 103.0}) == f"no. {told}"


def test_a_share_of_money_is_written_once_it_is_rounded():
    stage = Expression("{{ (a | money) / 3 }}", Place(""))
    assert str(compile_value(stage)({"a": "10,00"})) == "3." + "3" * 59
    assert str(outcome("((a | money) / 3) | round", {"a": "10,00"})) == "3.33"


def test_a_refused_expression_is_not_compiled():
    with pytest.raises(ExpressionError, match="computes with numbers"):
        compile_value(Expression("{{ 'a' * 3 }}", Place("")))


LOOKUPS = {LOOKUP: {"texts": {"1": "a", "2": None}, "mixed": {"1": "a", "2": 2}}}


@pytest.mark.parametrize(
    "text",
    ["(flag | default('0')) == 0", "flag[0:1] == 1", "'x' if flag[0:1] else 'y'", "'x' if (active | default('0')) else 'y'",
     "'x' if (status | lookup('texts')) else 'y'", "(status | lookup('texts', default='b')) == 1", "1 in status",
     "1 not in (status | default(''))", "(flag | default(0)) == 0", "(status | lookup('texts', default=1)) == 1",
     "(status | lookup('texts', default=false)) == 'a'", "'x' if (status | lookup('texts', default=false)) else 'y'",
     "'x' if flag[0] else 'y'", "(status | lookup('texts', default=0)) + 1", "(flag | default(1)) > 3"],
)  # fmt: skip
def test_text_behind_a_default_a_slice_and_a_lookup_is_text(text):
    names = Names(resources=LOOKUPS, text_only=True, trims=True)
    assert "text" in faults(f"{{{{ {text} }}}}", names)[0].what


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("'x' if [flag, status] else 'y'", "10: this is written out, so it is always true: ask for what is in it"),
        ("not []", "7: this is written out, so it is always false: ask for what is in it"),
        ("flag == 'x' and {'a': flag}", "19: this is written out, so it is always true: ask for what is in it"),
        ("flag.x", "3: 'flag' is text, and only an object of JSON has named values; `| json` reads one out of a text"),
        ("flag['x']", "3: 'flag' is text, and only an object of JSON has named values; `| json` reads one out of a text"),
        ("(flag | int)[0]", "4: what `int` gives is a number, and only a list or a text has parts that are counted"),
        ("(flag | default(0)) == '0'", "4: 0 is a number and '0' is text: write text in place of 0"),
        ("(status | lookup('texts', default=false)) == 'a'",
         "4: false is true or false and 'a' is text: write text in place of false"),
        ("(flag | int | default('no')) == 1", "4: 'no' is text and 1 is a number: write a number in place of 'no'"),
    ],
)  # fmt: skip
def test_what_can_be_told_without_a_row_is_told_at_its_place_with_the_way_out(text, why):
    [flaw] = faults(f"{{{{ {text} }}}}", Names(resources=LOOKUPS, text_only=True, trims=True))
    assert f"{flaw.at}: {flaw.what}" == why


@pytest.mark.parametrize(
    "text",
    ["(flag | default('')) == ''", "flag[0:1] == ''", "(status | lookup('mixed')) == 1",
     "'x' if (status | lookup('mixed')) else 'y'",
     "(status | lookup('texts', default='')) == ''", "'a' in status", "(status | lookup('texts', default=none)) == 'a'",
     "none in status", "(flag | int | default(0)) == 0", "(flag | int | default(none)) > 3", "flag[0] == 'x'"],
)  # fmt: skip
def test_what_may_be_no_text_behind_them_is_left_to_the_row(text):
    assert faults(f"{{{{ {text} }}}}", Names(resources=LOOKUPS, text_only=True, trims=True)) == []


def test_a_number_of_many_digits_is_exact_in_the_way_that_its_refusal_names():
    with pytest.raises(ExpressionError) as caught:
        parse("{{ 12345678901234567.89 == 12345678901234567.88 }}")
    advised = str(caught.value).rpartition("write ")[2]
    assert advised == "('12345678901234567.89' | decimal('.'))"
    assert outcome(f"{advised} == '12345678901234567.88' | decimal('.')", ()) is False
    assert outcome(f"({advised} * 100) | text", ()) == "1234567890123456789.00"
    assert outcome(f"-{advised} | text", ()) == "-12345678901234567.89"
