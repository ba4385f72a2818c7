"""Records against payload schemas: the verdict, the words, and the law that both validators say the same."""

import subprocess
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.model import PAYLOADS
from etl.payloads.formats import spelled, written_as
from etl.payloads.reference import reference_validator
from etl.payloads.sendable import DEEPEST, holds_nul, is_sendable, open_fields, unsendable
from etl.payloads.validate import Validator, payload_schema
from etl.prepare.lines import lines_of
from etl.resources import load_schema

FAST = {name: Validator(load_schema(name)) for name in PAYLOADS}
SLOW = {name: Validator(load_schema(name), fast=False) for name in PAYLOADS}
GOOD = {
    name: {field: keywords["examples"][0] for field, keywords in load_schema(name)["properties"].items()}
    for name in PAYLOADS
}


def nested(levels):
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def reasons(name, **changes):
    return {finding.field: finding.reason for finding in FAST[name].explain({**GOOD[name], **changes})}


def said(findings):
    return [(one.field, one.value, one.reason) for one in findings]


def reason(name, field, value):
    return reasons(name, **{field: value})[field]


# --- the words


@pytest.mark.parametrize(
    ("name", "field", "value", "expected"),
    [
        ("order", "amount", 12.345, "12.345 has more than 2 decimals"),
        ("order", "amount", Decimal("12.345"), "12.345 has more than 2 decimals"),
        ("order", "amount", "12.34", "'12.34' is not a number"),
        ("order", "amount", True, "true is not a number"),
        ("order", "amount", [1], "the list is not a number"),
        ("order", "amount", 10_000_000_000, "10000000000 is not less than 10000000000"),
        ("order", "amount", -10_000_000_000, "-10000000000 is not more than -10000000000"),
        ("order", "amount", None, "must not be null"),
        ("order", "amount", float("nan"), "nan is not a number that JSON can hold"),
        ("order", "installment_count", 0, "0 is less than 1"),
        ("order", "installment_count", 2**31, "2147483648 is more than 2147483647"),
        ("order", "installment_count", 1.5, "1.5 is not a whole number"),
        ("order", "installment_count", 10**30, "is a whole number of more than 64 bits"),
        ("order", "bank", "x" * 65, f"'{'x' * 65}' is longer than 64 characters (65)"),
        ("order", "shipping_address", "x" * 513, "the text is longer than 512 characters (513)"),
        ("order", "shipping_address", "", "must not be empty"),
        ("order", "status", "999", "'999' is not one of 50, 100, 200, ...; see docs/payloads.md"),
        ("order", "status", 550, "550 is not text; `| text` makes it one"),
        ("order", "status", None, "must not be null"),
        ("order", "currency", "TRY", "'TRY' is not a lower-case currency code of three letters such as try"),
        ("order", "created_date", "2023-02-30 10:00:00",
         "'2023-02-30 10:00:00' is not a date and time written as YYYY-MM-DD HH:MM:SS"),
        ("order", "extra_field", "{}", "'{}' is not a JSON object"),
        ("order", "extra_field", None, "must not be null"),
        ("user", "gender", "Female", "'Female' is not one of male, female, ''; did you mean 'female'?"),
        ("user", "sms_allowed", "no", "'no' is not true or false"),
        ("user", "date_of_birth", "2023-02-30", "'2023-02-30' is not a date written as YYYY-MM-DD that does not lie ahead"),
        ("user", "phone", "05321234567", "'05321234567' is not a Turkish mobile number written as 5XXXXXXXXX"),
        ("user", "email", "ali@example", "'ali@example' is not an e-mail address such as ali@example.com"),
        ("user", "first_name", "a\ud800", r"'a\ud800' is not valid Unicode"),
        ("user", "date_joined", date(2020, 1, 1), "a date cannot be written as JSON; turn it into text or a number first"),
        ("order_item", "image_url", "img/a.jpg",
         "'img/a.jpg' is not an absolute http or https address such as https://example.com/a.jpg"),
    ],
)  # fmt: skip
def test_a_refused_value_is_explained(name, field, value, expected):
    assert reason(name, field, value) == expected
    assert not FAST[name].is_valid({**GOOD[name], field: value})


def test_a_number_that_python_itself_will_not_write_is_explained():
    assert reasons("order", installment_count=10**5000) == {
        "installment_count": "is a whole number of more than 64 bits"
    }


def test_a_missing_field_and_a_misspelt_one_are_both_named():
    record = {**GOOD["order"], "trackin_number": "1"}
    del record["tracking_number"]
    assert said(FAST["order"].explain(record)) == [
        ("tracking_number", None, "required but missing"),
        ("trackin_number", "1", "no such field; did you mean 'tracking_number'?"),
    ]


@pytest.mark.parametrize("name", ["address", "order"])
def test_a_record_needs_one_of_the_two_names_of_the_customer(name):
    record = {field: value for field, value in GOOD[name].items() if field not in {"user", "customer_code"}}
    (found,) = FAST[name].explain(record)
    assert found.field is None
    assert found.reason in {
        "needs 'user' or 'customer_code', and has none of them",
        "needs 'customer_code' or 'user', and has none of them",
    }
    assert FAST[name].is_valid({**record, "user": "7"})
    assert FAST[name].is_valid({**record, "customer_code": "7"})


def test_every_failing_field_is_found_in_the_order_of_the_schema():
    record = {**GOOD["order"], "zzz": 1, "currency": "", "amount": 1.234, "number": None}
    del record["status"], record["user"], record["customer_code"]
    assert [finding.field for finding in FAST["order"].explain(record)] == [
        "number",
        "status",
        "amount",
        "currency",
        "zzz",
        None,
    ]


def test_what_cannot_be_sent_is_found_inside_an_open_field():
    found = FAST["order"].explain({**GOOD["order"], "extra_field": {"gift": [1, {"price": float("inf")}]}})
    assert said(found) == [("extra_field.gift.1.price", "inf", "inf is not a number that JSON can hold")]


def test_a_field_of_an_open_object_is_named_by_its_path():
    schema = payload_schema(
        "order", {"extra_field": {"properties": {"gift": {"type": "boolean"}}, "required": ["note"]}}
    )
    found = Validator(schema).explain({**GOOD["order"], "extra_field": {"gift": "yes"}})
    assert [(one.field, one.reason) for one in found] == [
        ("extra_field.gift", "'yes' is not true or false"),
        ("extra_field.note", "required but missing"),
    ]


def test_a_refused_password_is_not_repeated():
    (found,) = FAST["user"].explain({**GOOD["user"], "password": "098F6BCD4621D373CADE4E832627B4F6"})
    assert said([found])[0] == (
        "password",
        "(hidden)",
        "the value is not a lower-case hexadecimal digest of 32, 40 or 64 digits, alone or after 'md5$salt$'",
    )


def test_what_only_the_fast_validator_refuses_is_explained_in_its_own_words():
    validator = Validator(load_schema("order_item"))
    lenient = reference_validator({}, {})  # one that has nothing against anything
    vars(validator).update(_reference=lenient, _reference_of_fields=lenient)
    (found,) = validator.explain({**GOOD["order_item"], "quantity": 0})
    assert said([found])[0] == (None, None, "0 is less than the minimum of 1")


def test_a_constant_is_judged_by_itself():
    assert FAST["order"].explain_field("status", "550") == []
    assert [one.reason for one in FAST["order"].explain_field("bank", 5)] == ["5 is not text; `| text` makes it one"]
    assert [one.reason for one in FAST["order_item"].explain_field("pric", 5)] == [
        "no such field; did you mean 'price'?"
    ]


def in_columns(records):
    """Records of the same fields, by their columns."""
    return {name: [record[name] for record in records] for name in records[0]}


def test_of_many_records_those_that_are_not_valid_are_found():
    good = [{**GOOD["order"], "number": str(number)} for number in range(100)]
    assert FAST["order"].invalid(in_columns(good)) == set()
    assert FAST["order"].invalid({"number": []}) == set()
    bad = [
        *good[:3],
        {**good[3], "bank": None},
        good[4],
        {**good[5], "amount": 1.234, "created_date": "2024-02-30 10:00:00"},
    ]
    assert FAST["order"].invalid(in_columns(bad)) == SLOW["order"].invalid(in_columns(bad)) == {3, 5}


def test_the_invalid_among_very_many_are_found_by_halves():
    amounts = [1.5] * 1000
    for position in (0, 499, 500, 501, 999):
        amounts[position] = 1.234
    good = in_columns([GOOD["order"]] * 1000)
    assert FAST["order"].invalid({**good, "amount": amounts}) == {0, 499, 500, 501, 999}


@pytest.mark.parametrize("wrong", [1, True, 1.0, None, ["50"], {"50": 1}, "51", "\ud83d"])
def test_a_wrong_value_among_few_that_come_again_and_again_is_found_at_each_of_its_places(wrong):
    statuses = ["50", "550", "600"] * 100
    places = {0, 7, 150, 299}
    columns = {name: [value] * 300 for name, value in GOOD["order"].items()}
    columns["status"] = [wrong if place in places else one for place, one in enumerate(statuses)]
    assert FAST["order"].invalid(columns) == places


def test_a_field_that_is_missing_or_unknown_makes_every_record_invalid():
    good = [GOOD["order"]] * 3
    columns = in_columns(good)
    assert FAST["order"].invalid({**columns, "x": [1, 2, 3]}) == {0, 1, 2}
    assert FAST["order"].invalid({name: values for name, values in columns.items() if name != "bank"}) == {0, 1, 2}


# --- the verdict


@pytest.mark.parametrize(
    "address",
    ["ali@example.com", "a.b+c_d-e@mail.example.com.tr", "x@xn--rnek-5qa.com", "o'neil@example.co", "1@2.io"],
)
def test_an_email_address_is_accepted(address):
    assert FAST["user"].explain_field("email", address) == []


@pytest.mark.parametrize(
    "address",
    ["ali", "ali@", "@example.com", "a b@example.com", "ali@example.com ", "ali@example.com\n", "a@b@example.com", ".a@b.co",
     "a.@b.co", "a..b@c.co", "a@-b.co", "a@b-.co", "a@b.c", "a@b..co", "çağrı@example.com", "a,b@example.com", "a@b.co1"],
)  # fmt: skip
def test_what_is_no_email_address_is_refused(address):
    assert FAST["user"].explain_field("email", address) != []


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("", True),
        ("https://cdn.example.com/a/b.jpg?x=1#y", True),
        ("HTTP://example.com", True),
        ("http://example.com:8080/görsel.jpg", True),
        ("ftp://example.com/a.jpg", False),
        ("//example.com/a.jpg", False),
        ("/image/a.jpg", False),
        ("https://example.com/a b.jpg", False),
        ("https:///a.jpg", False),
        ("javascript:alert(1)", False),
        ("https://example.com\n", False),
    ],
)
def test_an_image_address_is_absolute_http(url, good):
    assert (FAST["order_item"].explain_field("image_url", url) == []) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2024-02-29 23:59:59", True),
        ("2023-02-29 00:00:00", False),
        ("2023-2-1 00:00:00", False),
        ("2023-02-01 0:00:00", False),
        ("2023-02-01  00:00:00", False),
        ("2023-02-01T00:00:00", False),
        ("2023-02-01 24:00:00", False),
        ("2023-02-01 00:00:60", False),
        ("2023-02-01 00:00:00 ", False),
        ("2023-02-01 00:00:00\n", False),
        ("2023-02-01", False),
        ("0000-00-00 00:00:00", False),
        ("0999-01-01 00:00:00", False),
        ("٢٠٢٣-٠٢-٠١ 00:00:00", False),
        ("", False),
    ],
)
def test_a_moment_is_in_the_calendar_and_zero_padded(text, good):
    assert (FAST["order"].explain_field("created_date", text) == []) is good


def test_dates_are_written_as_the_target_says():
    validator = Validator(load_schema("user"), date_format="%d.%m.%Y", datetime_format="%Y-%m-%dT%H:%M:%SZ")
    assert validator.explain_field("date_of_birth", "29.10.1985") == []
    assert validator.explain_field("date_joined", "2020-01-01T10:00:00Z") == []
    assert [one.reason for one in validator.explain_field("date_of_birth", "1985-10-29")] == [
        "'1985-10-29' is not a date written as DD.MM.YYYY that does not lie ahead"
    ]
    assert [one.reason for one in validator.explain_field("date_joined", "2020-01-01 10:00:00")] == [
        "'2020-01-01 10:00:00' is not a date and time written as YYYY-MM-DDTHH:MM:SSZ"
    ]


@pytest.mark.parametrize("format", ["", "YYYY-MM-DD", "%Q", "%", "%Y-%m-%d %"])
def test_a_date_format_that_is_none_is_an_error(format):
    with pytest.raises(ValueError) as error:
        Validator(load_schema("user"), date_format=format)
    assert str(error.value) == f"'{format}' is not a date format; write it as in '%Y-%m-%d %H:%M:%S'"


def test_an_unusual_format_is_shown_by_an_example():
    assert spelled("%d %B %Y") == "%d %B %Y, such as 19 May 2019"


FORMATS = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M", "%Y%m%d %H%M%S"]


@given(st.sampled_from(FORMATS), st.datetimes(datetime(1000, 1, 1)), st.data())
def test_a_moment_judged_in_two_parts_is_judged_as_strptime_would(format, moment, data):
    text = moment.strftime(format)
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.sampled_from(["", " ", "T", "0", "9", "-", "\n", "٣"])) + text[at + 1 :]
    assert written_as(format)(text) is is_written_as(text, format)


@given(st.sampled_from([*FORMATS, "%Y-%m-%d"]), st.lists(st.datetimes(datetime(1000, 1, 1)), max_size=5), st.data())
def test_many_texts_are_judged_together_as_each_by_itself(format, moments, data):
    check, texts = written_as(format), [moment.strftime(format) for moment in moments]
    texts += data.draw(
        st.lists(st.sampled_from(["", "2024-02-30", "2024-03-14x16:05:00", "14.03.2024 24:00"]), max_size=1)
    )
    assert check.all(texts) is all(map(check, texts))
    assert check.all(texts) is all(map(check, texts))  # and again, when what was good is remembered


def is_written_as(text, format):
    try:
        parsed = datetime.strptime(text, format)
    except ValueError:
        return False
    return parsed.year >= 1000 and parsed.strftime(format) == text


# --- the law: both validators, one verdict

TEXTS = [
    "",
    " ",
    "a",
    "a\n",
    "\n",
    "\x00",
    "😀",
    "e\u0301",
    "İ",
    "\ud800",
    "null",
    "1",
    "５５５",
    "5321234567\n",
    "try\n",
    "550\n",
]
NUMBERS: list[Any] = [
    0,
    1,
    -1,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    10**400,
    0.0,
    -0.0,
    1.0,
    1.5,
    0.1 + 0.2,
    12.345,
    5e-324,
    1e22,
    1e300,
]
NUMBERS += [
    float("nan"),
    float("inf"),
    9999999999.99,
    9999999999.991,
    1e10,
    *map(Decimal, ["1", "1.0", "1.23", "1.234", "-0"]),
]
NUMBERS += map(Decimal, ["NaN", "sNaN", "-Infinity", "1E+400", "1E-400", "0.010000000000000000000000001"])
OTHERS = [
    None,
    True,
    False,
    [],
    {},
    [1],
    (1,),
    {"a": 1},
    {"a": float("nan")},
    {"a": {"b": ["\ud800"]}},
    {1: 2},
    {"\ud800": 1},
]
OTHERS += [
    b"a",
    date(2020, 1, 1),
    {1, 2},
    nested(DEEPEST),
    nested(DEEPEST - 1),
    nested(DEEPEST + 1),
    {"a": 10**20},
    {"a": (1,)},
]
junk = st.sampled_from([*TEXTS, *NUMBERS, *OTHERS]) | st.text(max_size=5) | st.floats() | st.integers()
inside = st.recursive(
    junk, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
)


def near_edges(keywords):
    """Values that this field just takes, or just refuses."""
    values = [st.sampled_from(keywords["examples"]), junk]
    if "maxLength" in keywords:
        most = keywords["maxLength"]
        values.append(st.builds("".join, st.lists(st.sampled_from("aİ😀"), min_size=most - 1, max_size=most + 1)))
    if "multipleOf" in keywords:
        values.append(
            st.builds(lambda number, places: number / 10**places, st.integers(-(10**12), 10**12), st.integers(1, 4))
        )
    if "enum" in keywords:
        values.append(st.sampled_from(keywords["enum"]))
    if "minimum" in keywords:
        values.append(
            st.sampled_from([keywords[edge] + step for edge in ("minimum", "maximum") for step in (-1, 0, 1)])
        )
    if "examples" in keywords and isinstance(keywords["examples"][0], str):
        values.append(misspelt(keywords["examples"][0]))
    return st.one_of(values)


def misspelt(text):
    cut = st.integers(0, len(text))
    return st.builds(
        lambda at, put: text[:at] + put + text[at + 1 :], cut, st.sampled_from(["", "\n", " ", "0", "x", "İ", "٣"])
    )


@st.composite
def records(draw, name):
    """A good record with up to three fields changed, some left out, sometimes one too many."""
    properties = load_schema(name)["properties"]
    record = dict(GOOD[name])
    for field in draw(st.lists(st.sampled_from(sorted(properties)), max_size=3)):
        record[field] = draw(near_edges(properties[field]))
    for field in draw(st.lists(st.sampled_from(sorted(properties)), max_size=1)):
        record.pop(field)
    if "extra_field" in properties and draw(st.booleans()):
        record["extra_field"] = draw(st.dictionaries(st.text(max_size=2), inside, max_size=2))
    return {**record, **draw(st.dictionaries(st.sampled_from(["x", "user", "", "a.b", "\ud800"]), junk, max_size=1))}


@pytest.mark.parametrize("name", PAYLOADS)
@given(data=st.data())
@settings(max_examples=300)
def test_both_validators_say_the_same_of_every_record(name, data):
    record = data.draw(records(name))
    same_verdict(FAST[name], SLOW[name], record)


def same_verdict(fast, slow, record):
    verdict = slow.is_valid(record)
    assert fast.is_valid(record) is verdict
    if record:
        columns = in_columns([record, record])
        assert fast.invalid(columns) == (set() if verdict else {0, 1}) or is_left_for_writing(columns)
    assert (fast.explain(record) == []) is verdict
    assert fast.explain(record) == slow.explain(record)
    for field in list(record)[:3]:
        rest = {name: value for name, value in record.items() if name != field}
        assert fast.explain(rest, {field}) == slow.explain(rest, {field})


def is_left_for_writing(columns):
    """Half a character, or a NUL."""
    try:
        return holds_nul(lines_of(columns)(columns))
    except UnicodeEncodeError:
        return True


@given(texts=st.lists(st.text(alphabet='\0\\u0"\n1', max_size=12), min_size=1, max_size=5))
@example(texts=["\\u0000"])
@example(texts=["\\\\u0000", "\\\0"])
def test_a_nul_is_seen_in_what_is_written_and_a_text_that_spells_one_is_none(texts):
    assert holds_nul(lines_of(["text"])({"text": texts})) is any("\0" in text for text in texts)


RULES = [
    {"pattern": r"^\d+$"},
    {"pattern": r"^[^\s]+$"},
    {"pattern": "a$"},
    {"type": "string", "pattern": r"^([^+]*$|a|.+E\+)"},
    {"type": "string", "pattern": "^([^+]*|a)$"},
    {"pattern": r"^\w$"},
    {"enum": [1, "1", None, True, 1.5]},
    {"const": 0},
    {"const": False},
    {"multipleOf": 0.01},
    {"multipleOf": 0.07, "type": "number"},
    {"multipleOf": 3},
    {"type": "integer"},
    {"type": "integer", "minimum": 0},
    {"type": ["number", "null"], "multipleOf": 0.001, "exclusiveMinimum": -5, "exclusiveMaximum": 10**12},
    {"type": "number", "minimum": -0.1, "maximum": 0.3},
    {"minLength": 2},
    {"type": ["string", "number"], "maxLength": 1},
    {"type": "array", "uniqueItems": True, "maxItems": 2},
    {"type": "object", "propertyNames": {"maxLength": 1}},
    {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]},
    {"not": {"type": "string"}},
    {},
]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_both_validators_say_the_same_under_a_targets_own_rules(rule):
    schema = {"type": "object", "additionalProperties": False, "properties": {"field": rule}}
    fast, slow = Validator(schema), Validator(schema, fast=False)
    for value in [
        *TEXTS,
        *NUMBERS,
        *OTHERS,
        [1, 1.0],
        [1, True],
        [0, False],
        "٣",
        "3",
        "\u00a0",
        "ş",
        "3\n",
        "a+1",
        "1+a",
        "1E+a",
        "1\n",
        "1\n+",
    ]:
        same_verdict(fast, slow, {"field": value})


@given(inside)
@example({"a": nested(DEEPEST)})
def test_both_validators_say_the_same_of_anything_in_an_open_field(value):
    same_verdict(FAST["order_item"], SLOW["order_item"], {**GOOD["order_item"], "extra_field": value})


@given(st.dictionaries(st.text(max_size=2), inside, max_size=3))
@example({"a": {"b": "\0"}})
@example({"a": {"b": float("nan")}, "c": 2**64})
@example({"a": {"\ud800": 1}})
@example({"a": {"b": {"c": Decimal("NaN")}}})
@example({"a": 2**63, "b": -(2**63)})
def test_a_record_is_sendable_when_nothing_stands_in_the_way(record):
    assert is_sendable(record) is (list(unsendable(record)) == [])


def test_only_open_fields_are_looked_into():
    assert {name: open_fields(load_schema(name)) for name in PAYLOADS} == {
        "user": (),
        "address": (),
        "order": ("extra_field",),
        "order_item": ("extra_field",),
    }


def test_jsonschema_is_imported_only_to_explain():
    program = """
import sys
from etl.payloads.validate import Validator, payload_schema
validator = Validator(payload_schema("user", {}))
assert validator.invalid({"email": ["x"]}) == {0}
assert "jsonschema" not in sys.modules
assert validator.explain({})
assert "jsonschema" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# Passwords


MD5, SHA1, SHA256 = "a" * 32, "b" * 40, "c" * 64


@pytest.mark.parametrize(
    ("password", "algorithm", "why"),
    [
        (SHA1, "md5", "the value has 40 hexadecimal digits as sha1 has, and password_algorithm is md5"),
        (MD5, "sha256", "the value has 32 hexadecimal digits as md5 has, and password_algorithm is sha256"),
        (f"md5$x${MD5}", "sha1", "the value begins with 'md5$', and password_algorithm is sha1"),
        (f"md5$x${SHA1}", "md5", "the value has 40 hexadecimal digits as sha1 has, and password_algorithm is md5"),
        (MD5, "md5", None),
        (f"sha1$x${SHA1}", "sha1", None),
        (f"opencart3$x${SHA1}", "sha1", None),
    ],
)
def test_a_password_has_to_be_a_digest_of_the_algorithm_beside_it(password, algorithm, why):
    record = {**GOOD["user"], "password": password, "password_algorithm": algorithm}
    for validator in (FAST["user"], SLOW["user"]):
        assert [(one.field, one.reason) for one in validator.explain(record)] == ([("password", why)] if why else [])
        assert validator.is_valid(record) is (why is None)
    columns = {name: [GOOD["user"].get(name, value), value] for name, value in record.items()}
    assert FAST["user"].invalid(columns) == (set() if why is None else {1})


def test_nobody_is_born_ahead_of_today():
    ahead = str(date.today() + timedelta(days=1))
    for day, why in (
        (str(date.today()), []),
        (ahead, [f"'{ahead}' is not a date written as YYYY-MM-DD that does not lie ahead"]),
    ):
        record = {**GOOD["user"], "date_of_birth": day}
        assert [one.reason for one in FAST["user"].explain(record)] == why
        columns = {name: [value] * 20 for name, value in record.items()}
        assert FAST["user"].invalid(columns) == (set(range(20)) if why else set())


@pytest.mark.parametrize("number", ["1,23457E+11", "1.23457E+11", "4,687E+11"])
def test_what_excel_leaves_of_a_long_number_is_no_key(number):
    found = FAST["order"].explain({**GOOD["order"], "number": number})
    assert [one.reason for one in found] == [
        f"'{number}' is what Excel leaves of a long number; store the column as text in the old shop's export"
    ]
    assert FAST["order"].is_valid({**GOOD["order"], "number": "77E2"})
