"""Expressions: what they compute on a row, how a row that fails is explained, and what they can never reach."""

from __future__ import annotations

import datetime
import gc
import json
import math
import random
import types
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from some_places import some_geography

from etl.expressions import (
    FILTERED,
    GEOGRAPHY,
    LOOKUP,
    PRIVATE_KEYS,
    ROW_ERRORS,
    ExpressionError,
    Header,
    compile_stage,
    compile_value,
    decimal_to_number,
    flat_fields,
    writers,
)
from etl.expressions.cells import clean
from etl.expressions.functions import TABLE
from etl.expressions.functions.password import PrivateKey
from etl.findings import shown
from etl.model import Expression, Place, Stage

NAUGHTY = Path(__file__).parents[2] / "../shared/data/blns/blns.json"
LOOKUPS = {"currency": {"TL": "try"}}
WRITE = writers("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")


def expression(text):
    return Expression(text, Place("m.yaml"))


def template(value):
    """Fields as a mapping's YAML has them: a text with {{ }} is an expression."""
    if isinstance(value, dict):
        return {name: template(one) for name, one in value.items()}
    if isinstance(value, list):
        return tuple(map(template, value))
    return expression(value) if isinstance(value, str) and "{{" in value else value


def stage_of(fields, where=None, key=None):
    fields = template(fields)
    return Stage("user", "user", "customers", key or next(iter(fields)), fields, expression(where) if where else None)


RESOURCES: dict[str, Any] = {
    LOOKUP: LOOKUPS,
    PRIVATE_KEYS: {"passwords": PrivateKey(b"secret")},
    GEOGRAPHY: {"channel": some_geography()},
}


def compiled(fields, columns="a b c", *, where=None, key=None, write=WRITE, **header):
    return compile_stage(stage_of(fields, where, key), Header(tuple(columns.split()), **header), RESOURCES, write)


def value(text, **row):
    return compile_value(expression(text), {LOOKUP: LOOKUPS})(row)


def failures(stage, row):
    return [(one.field, one.value, one.reason) for one in stage.failures(row)]


def refusal(text, **row):
    with pytest.raises(ValueError) as caught:
        value(text, **row)
    return str(caught.value)


# Values


def test_a_record_is_made_of_expressions_and_constants():
    stage = compiled(
        {"code": "{{ a }}", "email": "{{ b | lower }}", "gender": None, "sms": False, "note": "yes", "n": 3}
    )
    assert stage.record(["7", "ALI@MAIL.COM", ""]) == {
        "code": "7", "email": "ali@mail.com", "gender": None, "sms": False, "note": "yes", "n": 3,
    }  # fmt: skip


def test_fields_may_be_nested():
    fields = {
        "code": "{{ a }}",
        "extra": {"points": "{{ b | int }}", "tags": ["{{ c }}", "vip", ["{{ a }}"]], "none": {}},
    }
    record = compiled(fields).record(["7", "12", "gold"])
    assert record == {"code": "7", "extra": {"points": 12, "tags": ["gold", "vip", ["7"]], "none": {}}}


def test_every_leaf_of_nested_fields_has_a_path():
    fields = template({"code": "{{ a }}", "extra": {"points": 1, "tags": ["x", {"y": 2}]}})
    assert [path for path, _ in flat_fields(fields)] == ["code", "extra.points", "extra.tags.0", "extra.tags.1.y"]


def test_each_record_has_its_own_lists_and_mappings():
    stage = compiled({"code": "{{ a }}", "extra": {"tags": ["vip"]}})
    stage.record(["1", "", ""])["extra"]["tags"].append("changed")
    assert stage.record(["2", "", ""])["extra"] == {"tags": ["vip"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ n }}", 7),
        (" {{ n }}\n", 7),
        ("{{ n }}.", "7."),
        ("{{ price | money }}", Decimal("1299.90")),
        ("{{ price | money | text }} TL", "1299.90 TL"),
        ("{{ day | date('%Y-%m-%d') }}", datetime.date(2024, 2, 29)),
        ("{{ [n, none] }}", [7, None]),
        ("{{ n > 3 }}", True),
    ],
)
def test_one_expression_keeps_its_type_and_text_around_it_makes_text(text, expected):
    found = value(text, n=7, price="1.299,90", day="2024-02-29")
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ first }} {{ last }}", "Ali Can"),
        ("{{ first }} {{ none }}", "Ali"),
        ("{{ none }} {{ last }}", "Can"),
        ("{{ none }} {{ none }}", None),
        ("No: {{ none }}", "No:"),
        ("{{ first ~ ' ' ~ last }}", "Ali Can"),
        ("{{ first ~ none }}", "Ali"),
        ("{{ none ~ none }}", None),
        ("{{ last if none }}", None),
    ],
)
def test_null_is_nothing_in_text(text, expected):
    assert value(text, first="Ali", last="Can") == expected


def test_cells_are_trimmed_and_a_blank_one_is_null():
    stage = compiled({"a": "{{ a }}", "b": "{{ b }}", "c": "{{ c | default('-') }}"})
    assert stage.record([" x y\t", " \n", ""]) == {"a": "x y", "b": None, "c": "-"}


def test_cells_of_any_type_are_trimmed_when_they_are_text():
    stage = compiled({"a": "{{ a }}", "b": "{{ b }}", "c": "{{ c }}"}, text_only=False)
    assert stage.record([" x ", 0, " "]) == {"a": "x", "b": 0, "c": None}


@pytest.mark.parametrize("text_only", [True, False])
def test_untrimmed_cells_keep_their_blanks_and_an_empty_cell_of_a_csv_is_null(text_only):
    stage = compiled({"a": "{{ a }}", "b": "{{ b }}", "c": "{{ c }}"}, text_only=text_only, trim=False)
    assert stage.record([" x ", " ", ""]) == {"a": " x ", "b": " ", "c": None if text_only else ""}


def test_a_column_whose_name_is_no_identifier_is_reached_through_row():
    header = Header(("First Name", "e-mail", "row", "class"))
    fields = {
        "a": "{{ row['First Name'] }}",
        "b": "{{ row['e-mail'] | upper }}",
        "c": "{{ row['row'] }}",
        "d": "{{ row.class }}",
    }
    stage = compile_stage(stage_of(fields), header, {}, WRITE)
    assert stage.record(["Ali", "a@b.co", "x", "y"]) == {"a": "Ali", "b": "A@B.CO", "c": "x", "d": "y"}


def test_columns_that_no_expression_names_may_hold_anything():
    assert compiled({"a": "{{ a }}"}).record(["x", object(), None]) == {"a": "x"}


def test_an_unknown_column_stops_the_compilation():
    with pytest.raises(ExpressionError, match="unknown column 'd'"):
        compiled({"a": "{{ d }}"})


def test_a_column_that_a_row_given_by_name_lacks_is_named():
    assert refusal("{{ a }}", b=1, c=2) == "there is no 'a' in {b, c}"


def test_testing_a_constant_for_none_is_no_python_warning():
    assert value("{{ 'x' is none }}") is False
    assert value("{{ -1 is not none }}") is True


def test_numbers_without_a_literal_are_kept_all_the_same():
    stage = compile_stage(stage_of({"a": float("inf"), "b": 10**5000}), Header(("a",)), {}, WRITE)
    assert stage.record(["x"]) == {"a": float("inf"), "b": 10**5000}


def test_a_row_that_where_leaves_out_is_filtered_before_its_fields_are_computed():
    stage = compiled({"n": "{{ b | int }}"}, where="{{ a == '1' }}")
    assert stage.record(["0", "no number", ""]) is FILTERED
    assert stage.record(["1", "5", ""]) == {"n": 5}


def test_a_where_that_fails_is_a_failure_of_the_row():
    stage = compiled({"n": "{{ b }}"}, where="{{ (a | int) > 1 }}")
    with pytest.raises(ROW_ERRORS):
        stage.record(["x", "5", ""])
    assert failures(stage, ["x", "5", ""]) == [("where", "x", refusal("{{ a | int }}", a="x"))]


def test_the_key_is_a_field_or_an_expression_of_its_own():
    assert compiled({"n": "{{ b }}"}, key="n").key(["x", "5", ""]) == "5"
    assert compiled({"n": "{{ b }}"}, key=expression("{{ a }}-{{ b }}")).key(["x", "5", ""]) == "x-5"


# Rows that fail


def test_every_failing_field_of_a_row_is_reported_with_the_cell_it_was_made_from():
    stage = compiled(
        {
            "a": "{{ a | int }}",
            "b": "{{ b }}",
            "extra": {"c": "{{ c | money }}", "d": ["{{ c }}", "{{ b * 2 }}"]},
            "e": "{{ 1 // 0 }}",
            "f": "{{ a + 1 }}",
            "g": "{{ b[99] }}",
        },
        text_only=False,
    )
    with pytest.raises(ROW_ERRORS):
        stage.record(["x", " y ", "z"])
    assert failures(stage, ["x", " y ", "z"]) == [
        ("a", "x", refusal("{{ a | int }}", a="x")),
        ("extra.c", "z", refusal("{{ c | money }}", c="z")),
        (
            "extra.d.1",
            " y ",
            "'y' is text, and '*' computes with numbers: write `| int`, `| money` or `| decimal`",
        ),
        ("e", None, "1 cannot be divided by zero"),
        (
            "f",
            "x",
            "'x' is text, and '+' computes with numbers: write `| int`, `| money` or `| decimal`; `~` joins texts",
        ),
        ("g", " y ", "there is no [99] in 1 character"),
    ]


def test_what_is_missing_in_nested_json_is_named():
    assert refusal("{{ obj.x }}", obj={"k": 1, "l": 2}) == "there is no 'x' in {k, l}"
    assert refusal("{{ obj.x.y }}", obj={"x": "text"}) == ("'text' has no 'y': only nested JSON has named values")
    assert value("{{ obj.x.y }}", obj={"x": None}) is None


# Plain JSON


@pytest.mark.parametrize("seed", range(3))
def test_an_amount_of_any_cents_is_the_same_number_in_json(seed):
    chosen = random.Random(seed)
    cents = [
        *range(200),
        *(chosen.randrange(10**7) for _ in range(3000)),
        *(chosen.randrange(10**12) for _ in range(3000)),
    ]
    for cent in cents:
        amount = Decimal(cent).scaleb(-2)
        assert (
            Decimal(json.dumps(decimal_to_number(amount))) == amount == -Decimal(json.dumps(decimal_to_number(-amount)))
        )


def number_or_none(amount):
    try:
        return decimal_to_number(amount)
    except ValueError:
        return None


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_a_decimal_is_written_exactly_or_refused(amount):
    exact = not amount.is_nan() and Decimal(repr(float(amount))) == amount and math.isfinite(float(amount))
    number = number_or_none(amount)
    assert (number is not None) == exact
    assert number is None or Decimal(json.dumps(number)) == amount


@pytest.mark.parametrize(
    "text", ["0.1234567890123456789", "12345678901234567.5", "1E+400", "1E-400", "Infinity", "NaN"]
)
def test_a_decimal_that_a_float_would_change_is_refused(text):
    with pytest.raises(ValueError, match="has more digits than a JSON number keeps"):
        decimal_to_number(Decimal(text))


def test_dates_are_written_as_the_target_wants_them():
    fields = {
        "day": "{{ a | date('%d.%m.%Y') }}",
        "moment": "{{ b | datetime('%d.%m.%Y %H:%M') }}",
        "list": "{{ [c | date] }}",
    }
    row = ["29.2.2024", "1.5.2020 9:05", "2020-05-01"]
    assert compiled(fields).record(row) == {
        "day": "2024-02-29",
        "moment": "2020-05-01 09:05:00",
        "list": ["2020-05-01"],
    }
    turkish = writers("%d/%m/%Y", "%H.%M %d/%m/%y")
    assert compiled(fields, write=turkish).record(row) == {
        "day": "29/02/2024", "moment": "09.05 01/05/20", "list": ["01/05/2020"],
    }  # fmt: skip


@given(st.datetimes(datetime.datetime(1000, 1, 1)))
def test_the_usual_formats_are_written_as_strftime_does(moment):
    assert WRITE.known[datetime.datetime](moment) == moment.strftime("%Y-%m-%d %H:%M:%S")
    assert WRITE.known[datetime.date](moment.date()) == moment.strftime("%Y-%m-%d")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_in_json_is_refused(number):
    stage = compiled({"n": "{{ a }}", "deep": ["{{ [a] }}"]}, text_only=False)
    reason = f"{number} is not a number that JSON can hold"
    row = [number, None, None]
    assert failures(stage, row) == [("n", number, reason), ("deep.0", number, reason)]


def test_what_json_does_not_have_is_refused():
    stage = compiled({"n": "{{ a }}"}, text_only=False)
    assert [one.reason for one in stage.failures([{1, 2}, None, None])] == ["a set cannot be written as JSON"]


def test_json_that_is_nested_without_end_fails_and_does_not_crash():
    nested = []
    for _ in range(5000):
        nested = [nested]
    stage = compiled({"n": "{{ a }}"}, text_only=False)
    assert "maximum recursion depth" in stage.failures([nested, None, None])[0].reason


# What expressions cannot do


def generated_functions():
    """Every function there is whose source was written for a mapping."""
    functions = [one for one in gc.get_objects() if isinstance(one, types.FunctionType)]
    return [one for one in functions if one.__code__.co_filename == "<mapping>"]


def test_compiled_expressions_know_the_functions_and_no_builtins():
    text = "{{ (a | phone) ~ (b[0:1] | lookup('currency')) ~ (c | int * 2) }}"
    stage = compiled({"x": text, "y": "{{ a | int % 2 }}"}, where="{{ a is none }}")
    stage.failures(["1", "2", "3"])  # compiles what is only compiled for rows that fail
    found = generated_functions()
    assert len(found) >= 8
    for namespace in [function.__globals__ for function in found]:
        assert namespace["__builtins__"] == {}
        assert not any(isinstance(one, types.ModuleType) for one in namespace.values())
        assert not {"open", "eval", "exec", "getattr", "__import__"} & namespace.keys()


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}", "{{ a.__class__.__mro__ }}", "{{ a['__class__'] }}", "{{ row.__class__ }}",
        "{{ row['__class__'] }}",
        "{{ a.upper() }}", "{{ range(10**9) }}", "{{ 2 ** 99 }}", "{{ 'x' * 1000000000 }}", "{{ [1] * 1000000000 }}",
        "{{ '%s' % a }}", "{{ lipsum }}{% for x in a %}{% endfor %}", "{{ a }}{% import 'os' as os %}", "{{ self._x }}",
        "{{ a | attr('x') }}", "{{ a is defined }}", "{{ cycler.__init__.__globals__ }}", "{{ 1e999 }}",
    ],
)  # fmt: skip
def test_what_reaches_outside_the_row_is_refused_before_any_row(text):
    with pytest.raises(ExpressionError):
        compiled({"x": text})


@pytest.mark.parametrize("name", ["upper", "format", "items", "real", "mro"])
def test_the_attributes_of_python_objects_are_out_of_reach(name):
    for cell in ("text", 5, 1.5, [1], {"k": 1}, None, Decimal(1)):
        for text in (f"{{{{ a.{name} }}}}", f"{{{{ a['{name}'] }}}}"):
            if cell is None:
                assert value(text, a=cell) is None
            else:
                assert refusal(text, a=cell).startswith(("there is no", f"{shown(cell)} has no '{name}'"))


@pytest.mark.parametrize("operator", ["*", "%"])
@pytest.mark.parametrize("row", [{"a": "x" * 100, "b": 10**9}, {"a": 10**9, "b": "x" * 100}, {"a": [1], "b": 10**9}])
def test_text_and_lists_of_a_row_are_not_multiplied(operator, row):
    assert f", and '{operator}' computes with numbers" in refusal(f"{{{{ a {operator} b }}}}", **row)
    assert len(refusal(f"{{{{ a {operator} b }}}}", **row)) < 300


def test_replacing_again_and_again_ends_at_a_bound():
    bomb = "{{ a" + " | replace('a', 'aaaaaaaaaa')" * 30 + " }}"
    assert refusal(bomb, a="a") == "replace would give 10,000,000 characters; at most 1,000,000 are allowed"
    bomb = "{{ a" + " | replace(b, c)" * 30 + " }}"
    assert "at most 1,000,000 are allowed" in refusal(bomb, a="a", b="a", c="a" * 500)


@pytest.mark.parametrize("text", ["{{ " + " ~ ".join(["a"] * 30) + " }}", "{{ a }}" * 30])
def test_joining_ends_at_a_bound(text):
    assert refusal(text, a="x" * 50_000) == "joining would give 1,500,000 characters; at most 1,000,000 are allowed"


@pytest.mark.skipif(not NAUGHTY.exists(), reason=f"{NAUGHTY.name} is not here")
def test_naughty_strings_give_text_or_a_reason():
    calls = {"match": "('[a-z]+')", "replace_pattern": "('[a-z]')", "query_value": "('a')", "epoch": "('UTC')",
             "replace": "('a', 'bc')", "truncate": "(5, '.')", "pad": "(40)", "part": "(' ', -1)", "split_name": "('last')",
             "digest": "('md5')", "password": "('hash')", "place": "('city')",
             "lookup": "('currency')", "default": "('x')", "join": "(b)"}  # fmt: skip
    fields = {name: f"{{{{ a | {name}{calls.get(name, '')} }}}}" for name in TABLE}
    fields |= {"whole": "{{ a }}", "text": "<{{ a }}|{{ a ~ b }}>", "where": "{{ a == b }}"}
    stage = compiled(fields)
    for naughty in json.loads(NAUGHTY.read_text(encoding="utf-8")):
        for failure in stage.failures([naughty, naughty, naughty]):
            assert failure.reason
            assert failure.field not in ("whole", "text", "where", "default", "join", "blank")
        assert stage.fields["whole"].compute([naughty, "", ""]) == clean(naughty)
