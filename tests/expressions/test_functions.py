"""The functions that mappings may call: their examples, and the laws behind them."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any
from unicodedata import normalize

import email_validator
import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from some_places import some_geography

from etl.expressions import compile_value
from etl.expressions.functions import MODULES, TABLE, contact, formats, table_of
from etl.expressions.functions.password import PrivateKey
from etl.expressions.functions.table import GEOGRAPHY, LOOKUP, PRIVATE_KEYS, REQUIRED, Resource
from etl.findings import Unfit
from etl.model import Expression, Place
from etl.report.functions import function_rows, function_text, functions_page

ROOT = Path(__file__).parents[2]
NAUGHTY = ROOT / "../shared/data/blns/blns.json"
PAGE = ROOT / "docs/functions.md"
LOOKUPS = {"status": {"5": "550"}, "currency": {"TL": "try"}}

GEOGRAPHIES = {"channel": some_geography()}
RESOURCES: dict[str, Any] = {
    LOOKUP: LOOKUPS,
    PRIVATE_KEYS: {"passwords": PrivateKey(b"secret")},
    GEOGRAPHY: GEOGRAPHIES,
}
FUNCTIONS = list(TABLE.values())
EXAMPLES = [(function.name, example) for function in FUNCTIONS for example in function.examples]

lower, upper, title = (TABLE[name].call for name in ("lower", "upper", "title"))
money, phone, email = (TABLE[name].call for name in ("money", "phone", "email"))
read_date, read_datetime = TABLE["date"].call, TABLE["datetime"].call


KEYS = {
    "unusable_password": {"key": Resource("passwords", PrivateKey(b"secret"))},
    "place": {"geography": Resource("channel", GEOGRAPHIES["channel"])},
}
ARGUMENTS = {
    "replace": ("a", "bc"), "truncate": (5, "."), "pad": (5,), "part": (" ", -1), "split_name": ("last",),
    "digest": ("md5",), "lookup": (Resource("status", LOOKUPS["status"]),), "default": ("x",), "join": ("x",),
    "match": ("[a-z]+",),    "replace_pattern": ("[a-z]+", "-"), "query_value": ("a",), "epoch": ("UTC",),
    "password": ("hash",), "place": ("city",),
}  # fmt: skip


def evaluate(text, row):
    return compile_value(Expression(text, Place("")), RESOURCES)(row)


def refusal(call, *args, **kwargs):
    with pytest.raises(ValueError) as caught:
        call(*args, **kwargs)
    assert type(caught.value) is Unfit
    return str(caught.value)


def reason(name, value):
    """Why a function refuses a value; nothing when it answers. Any error but ValueError fails the test."""
    try:
        TABLE[name].call(value, *ARGUMENTS.get(name, ()), **KEYS.get(name, {}))
    except ValueError as error:
        return str(error) or "no reason"
    return ""


# ---- the table


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[f"{name}-{i}" for i, (name, _) in enumerate(EXAMPLES)])
def test_every_example_is_true(name, example):
    if example.error is None:
        gives = evaluate(example.text, example.given)
        assert gives == example.gives
        assert type(gives) is type(example.gives)
        assert str(gives) == str(example.gives)  # 49.9 and 49.90 are equal, and not the same
    else:
        with pytest.raises(ValueError) as caught:
            evaluate(example.text, example.given)
        # What is refused before there is a row is told with its place and the function's parameters.
        assert re.fullmatch(r"(:1:1: (.*?: )?)?" + re.escape(example.error), str(caught.value))


@pytest.mark.parametrize("function", FUNCTIONS, ids=list(TABLE))
def test_every_function_is_documented(function):
    assert function.sentence.endswith((".", "`"))
    assert all(parameter.what.endswith(".") for parameter in function.parameters)
    assert len([example for example in function.examples if f"| {function.name}" in example.text]) >= 2


@pytest.mark.parametrize("function", FUNCTIONS, ids=list(TABLE))
def test_every_function_takes_the_parameters_its_entry_names(function):
    def named(parameters):
        stars = {inspect.Parameter.VAR_POSITIONAL: "*"}
        return {stars.get(one.kind, "") + one.name: one.default for one in parameters}

    nothing = {inspect.Parameter.empty: REQUIRED}
    written = {one.name: () if one.name.startswith("*") else one.default for one in function.parameters}
    # What the engine gives has no default in the call: it is always there.
    written |= {one.name: REQUIRED for one in function.parameters if one.given}
    for call, piped in ((function.call, 1), (function.bind, 0)):
        if call is not None:
            taken = named(list(inspect.signature(call).parameters.values())[piped:])
            taken = {name: () if name.startswith("*") else nothing.get(one, one) for name, one in taken.items()}
            assert taken == written


def test_two_functions_of_one_name_are_refused():
    with pytest.raises(ValueError) as caught:
        table_of([*MODULES[0].FUNCTIONS, MODULES[0].FUNCTIONS[0]])
    assert str(caught.value) == f"two functions are named '{MODULES[0].FUNCTIONS[0].name}'; rename one"


def test_the_reference_page_is_the_generated_one():
    again = "docs/functions.md is not what the table says; write it again: etl functions --markdown > docs/functions.md"
    assert PAGE.read_text(encoding="utf-8") == functions_page(TABLE), again


def test_a_function_is_listed_as_it_is_written_in_a_mapping():
    signatures = {name: signature for name, (_, signature, _) in zip(TABLE, function_rows(TABLE), strict=True)}
    assert signatures["lookup"] == "lookup(table, default=..., by=none)"
    assert signatures["datetime"] == "datetime(formats..., zone=none, to=none, century=none)"
    assert signatures["money"] == "money(mark=',')"
    assert signatures["trim"] == "trim"


def test_one_function_is_explained_with_its_parameters_and_examples():
    assert function_text(TABLE["pad"]).splitlines() == [
        "pad(length, fill='0')",
        "",
        "Lengthens a text on the left, as for codes that lost their leading zeros.",
        "",
        "  length: The characters to reach, at most 1,000; a longer text stays as it is.",
        "  fill: The character to put on the left.",
        "",
        "{{ postcode | pad(5) }}          postcode = '1330'   -> '01330'",
        "{{ postcode | text | pad(5) }}   postcode = 1330     -> '01330'",
        "{{ postcode | pad(5) }}          postcode = 1330     "
        "-> error: pad expects text, not 1330; write `| text` before it",
    ]


def test_reading_the_table_loads_no_heavy_library():
    heavy = "phonenumbers", "email_validator", "nh3", "zoneinfo", "re2", "ftfy", "babel"
    script = f"import sys, etl.expressions.functions; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout == "[]\n"


# ---- any value


VALUES = st.one_of(
    st.text(), st.integers(), st.floats(), st.decimals(), st.booleans(), st.dates(), st.datetimes(),
    st.lists(st.text(), max_size=2), st.dictionaries(st.text(), st.none(), max_size=2),
    st.text(st.characters(categories=["Cs", "Mn", "Nd", "Sc"])),
)  # fmt: skip


@pytest.mark.parametrize("name", list(TABLE))
def test_whatever_the_value_a_function_answers_or_raises_a_plain_value_error(name):
    @given(VALUES)
    def law(value):
        assert len(reason(name, value)) < 400

    law()


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the big list of naughty strings is not beside the project")
@pytest.mark.parametrize("name", list(TABLE))
def test_naughty_strings_are_answered_or_refused_with_a_reason(name):
    for text in json.loads(NAUGHTY.read_text(encoding="utf-8")):
        assert reason(name, text) != "no reason"


def test_text_that_would_fill_the_memory_is_refused():
    advice = "at most 1,000,000 are allowed"
    assert advice in refusal(TABLE["replace"].call, "a" * 1000, "a", "b" * 2000)
    assert advice in refusal(TABLE["join"].call, "a", *["b"] * 1000, separator="-" * 2000)
    assert "from 1 to 1,000" in refusal(TABLE["pad"].call, "a", 10**9)


# Each would take hours if a function looked at a text once for every character of it.
@pytest.mark.parametrize(
    "text",
    [
        "-" * 300_000,
        "i" + "\u0307" * 300_000,
        "<" * 300_000,
        "<td>" * 40_000,
        "<b" * 5_000,
        "1" * 300_000,
        "a." * 150_000,
    ],
)
def test_long_monotonous_text_takes_no_longer_than_it_is_long(text):
    for name in TABLE:
        assert len(reason(name, text)) < 400


# ---- casing


TURKISH = {"a": "A", "b": "B", "c": "C", "ç": "Ç", "d": "D", "e": "E", "f": "F", "g": "G", "ğ": "Ğ", "h": "H", "ı": "I",
           "i": "İ", "j": "J", "k": "K", "l": "L", "m": "M", "n": "N", "o": "O", "ö": "Ö", "p": "P", "r": "R", "s": "S",
           "ş": "Ş", "t": "T", "u": "U", "ü": "Ü", "v": "V", "y": "Y", "z": "Z"}  # fmt: skip


@pytest.mark.parametrize(("small", "capital"), TURKISH.items())
def test_every_letter_of_the_turkish_alphabet_has_its_own_pair(small, capital):
    assert lower(capital, "tr") == small
    assert upper(small, "tr") == capital
    assert title(small + capital, "tr") == capital + small


@pytest.mark.parametrize(
    ("text", "small", "capital"),
    [
        ("INFO@MAIL.COM", "info@mail.com", "INFO@MAIL.COM"),
        ("IĞDIR", "ığdır", "IĞDIR"),
        ("İstanbul", "istanbul", "İSTANBUL"),
        ("ışık", "ışık", "IŞIK"),
        ("I\u0307zmir", "izmir", "İZMİR"),  # decomposed
        ("i\u0307zmir", "izmir", "İZMİR"),  # what other programs make of İZMİR in small letters
        ("Köln", "köln", "KÖLN"),
    ],
)
def test_text_with_a_letter_only_turkish_has_follows_the_turkish_rules(text, small, capital):
    assert (lower(text), upper(text)) == (small, capital)


def test_english_rules_make_no_combining_dot_either():
    assert lower("İSTANBUL IŞIK", "en") == "istanbul işik"
    assert upper("istanbul ışık", "en") == "ISTANBUL IŞIK"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ayşe'nin evi", "Ayşe'nin Evi"),
        ("o'neill d’artagnan", "O'Neill D’Artagnan"),
        ("kadıköy/istanbul (merkez)", "Kadıköy/İstanbul (Merkez)"),
        ("m.ali  can", "M.Ali  Can"),
        ("ALİ-VELİ A.Ş.", "Ali-Veli A.Ş."),
        ("5. cadde no:3b", "5. Cadde No:3b"),
        ('"ışık" apt.', '"Işık" Apt.'),
    ],
)
def test_title_knows_where_a_word_starts(text, expected):
    assert title(text) == expected


@given(st.text(), st.sampled_from([None, "tr", "en"]))
@example("İ\u0307", None)
@example("I\u0323\u0307", "tr")
def test_casing_is_composed_has_no_dotted_i_and_is_stable(text, language):
    for change in (lower, upper, title):
        once = change(text, language)
        assert once == normalize("NFC", once)
        assert "i\u0307" not in once
    assert lower(lower(text, language), language) == lower(text, language)


# ---- text


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("Işık Apartmanı", 5, "Işık"),
        ("ab\u0301c", 2, "a"),
        ("a👨‍👩‍👧", 3, "a"),
        ("a🇹🇷", 2, "a"),
        ("a👍🏽b", 2, "a"),
        ("👍🏽", 1, None),
    ],
)
def test_a_cut_never_parts_what_belongs_together(text, length, expected):
    assert TABLE["truncate"].call(text, length) == expected


@given(st.text(), st.integers(1, 20), st.sampled_from(["", "…"]))
def test_truncate_keeps_the_start_and_the_length(text, length, ending):
    ending = ending if len(ending) < length else ""
    cut = TABLE["truncate"].call(text, length, ending)
    if len(text) <= length:
        assert cut == text
    elif cut is not None:
        assert len(cut) <= length
        assert text.startswith(cut.removesuffix(ending))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ali", "Ali", None),
        ("Ali Veli", "Ali", "Veli"),
        ("  Ayşe  Nur\tYılmaz ", "Ayşe Nur", "Yılmaz"),
        (" ", None, None),
    ],
)
def test_a_full_name_is_taken_apart_without_losing_a_word(name, first, last):
    assert (TABLE["split_name"].call(name, "first"), TABLE["split_name"].call(name, "last")) == (first, last)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Ali &amp; Veli", "Ali & Veli"),
        ("A<b>li</b> <i>Veli</i><br>Can", "Ali Veli Can"),
        ("<style>p{}</style><script>alert(1)</script>x<!-- y -->", "x"),
        ("1 < 2 &lt;3", "1 < 2 <3"),
        ("<p>\n</p>", None),
        ("<scr<script>ipt>a()</script>b", "<scrb"),
        ("<img src=x onerror=alert(1)>", None),
        ("A<BR/>B<br / >C<hr noshade>D</P >E", "A B C D E"),
        ('<td nowrap width="5">A</td><a data-x href="/?a<b">B</a><option selected>C</option>', "A B C"),
        ("<!DOCTYPE html><?xml version='1.0'?><!-- M -->A<o:p></o:p>", "A"),
        ("<p\nclass = 'x'>A</p><img/src=x>", "A"),
        ("<my-thing>A</my-thing> <x-a class='q'>B</x-a>", "A B"),
        ("<svg viewBox='0 0 1 1'><title>T</title><text x=\"1\">A</text><path d='M0'/></svg>B", "TAB"),
        ("<math><mi>x</mi><mo>=</mo><mn>2</mn></math>", "x=2"),
        ("A<!-- b < c <i>d</i> -->E<!-- f --!>G<!-->H<!--->I<!---->J", "AEGHIJ"),
        ("A <b title='x>y<!--'>B</b> <!-- C <b>D</b>", "A B"),
        ("<!--[if mso]><p>A</p><![endif]--><![if !mso]>B<![endif]>", "B"),
    ],
)
def test_html_leaves_its_text_and_nothing_else(html, text):
    assert TABLE["strip_html"].call(html) == text


@pytest.mark.parametrize(
    "text",
    ["S<M>L", "Ali <ali@x.com>", "if a<b then c>d", "Kablo L<M", "<180cm>", "<3", "<>", "</>", "<M></M>", "<ben>", "<!>", "<?>",
     "S<M-L>XL", "Ali <ali-veli@x.com>", "5<a-b", "<text>", "<g>", "<!- x ->",
     "<https://x.com/a>", "<mailto:a@x.com>", "5 <p 6> 7", "<bold>"],
)  # fmt: skip
def test_what_is_no_element_of_html_stays_as_text(text):
    assert TABLE["strip_html"].call(text) == text
    assert TABLE["strip_html"].call(f"<p>{text}</p>") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.0, "5"), (1e22, "10000000000000000000000"), (0.1, "0.1"), (1e-7, "0.0000001"),
     (Decimal("1E+2"), "100"), (False, "false"), (date(2023, 3, 4), "2023-03-04"),
     (datetime(2023, 3, 4, 5, 6), "2023-03-04 05:06:00")],
)  # fmt: skip
def test_a_value_becomes_the_text_a_person_would_write(value, text):
    assert TABLE["text"].call(value) == text


# ---- money


def ways_to_write(cents):
    whole, rest = divmod(cents, 100)
    return (
        f"{whole}.{rest:02}",
        f"{whole},{rest:02}",
        f"{whole:,}.{rest:02}",
        f"{whole:_}".replace("_", ".") + f",{rest:02}",
    )


def check_cents(amounts):
    comma, dot = TABLE["money"].bind(","), TABLE["money"].bind(".")
    for cents in amounts:
        plain, turkish, grouped, grouped_turkish = ways_to_write(cents)
        expected = Decimal(plain)
        read = (dot(plain), comma(turkish), dot(grouped), comma(grouped_turkish))
        assert read == (expected,) * 4
        assert set(map(str, read)) == {plain}


def test_every_cent_is_exact_however_it_is_written():
    check_cents(range(210_000))  # past the first thousands separator, and all that fits in two columns of a price tag
    check_cents(range(210_001, 10_000_000, 89))  # 89 is prime to 100: every cent comes up among every magnitude


@given(
    st.integers(10_000_000, 10**14), st.sampled_from(["", "-"]), st.sampled_from(["{} TL", "₺{}", "{}", " {} ", "$ {}"])
)
def test_large_amounts_are_exact_with_any_currency(cents, sign, dress):
    plain, turkish, grouped, grouped_turkish = ways_to_write(cents)
    for text, mark in ((plain, "."), (turkish, ","), (grouped, "."), (grouped_turkish, ",")):
        assert str(money(dress.format(sign + text), mark)) == sign + plain


@pytest.mark.parametrize(
    ("value", "mark", "expected"),
    [("49.9000", ".", "49.90"), (".5000", ".", "0.50"), ("1 299,90", ",", "1299.90"),
     ("1\u00a0299,90 ₺", ",", "1299.90"), ("0", ",", "0.00"), ("-0,00", ",", "0.00"), (0.1, ",", "0.10"),
     (7, ",", "7.00"), (Decimal("3.100"), ".", "3.10"), ("007,50", ",", "7.50"), ("−5", ",", "-5.00"), ("1.299", ",", "1299.00"),
     ("1,299", ".", "1299.00")],
)  # fmt: skip
def test_money_reads(value, mark, expected):
    assert str(money(value, mark)) == expected


@pytest.mark.parametrize(
    "value",
    ["1299.90", "1.29,90", "12.99.900", "0.299", "1,2,3", "1.299.90", "--5", "-5-", "- -5", "5,", "TL", "5 TL x", "1e5",
     "٣,٥", "9,999", 0.30000000000000004, True, "1" * 41, "999999999999999,999", 10**15, float("nan"), float("inf"),
     Decimal("NaN"), [], "5 5"],
)  # fmt: skip
def test_money_refuses_what_it_would_have_to_guess(value):
    assert refusal(money, value)


def test_the_other_decimal_mark_is_named_when_it_would_read():
    assert refusal(money, "1299.90").endswith("; if a dot stands before the decimals, write money('.')")
    assert refusal(money, "1.299,90", ".").endswith("; if a comma stands before the decimals, write money(',')")
    assert refusal(money, "abc") == "'abc' is not an amount with a comma before its decimals"
    assert refusal(money, "--5") == "'--5' is not an amount with a comma before its decimals"
    assert refusal(money, "--5", ".") == "'--5' is not an amount with a dot before its decimals"
    assert refusal(money, "5", ";") == "mark is ',' or '.', not ';'"


@pytest.mark.parametrize(
    ("call", "value", "right"),
    [
        ("money('.')", "957.5775", ["957.58"]), ("money('.')", "22.368", ["22.37"]), ("money", "22,368", ["22.37"]),
        ("money", "9,999", ["10.00"]), ("money", 22.368, ["22.37"]), ("money('.')", "957,57", ["957.57"]),
        ("money", "957.57", ["957.57"]), ("decimal", "1.5", ["1.5"]), ("decimal('.')", "1,5", ["1.5"]),
        ("int", "2.0000", ["2"]), ("int", "2,00", ["2"]), ("int", "2.5", ["3"]), ("int", "2,5", ["3"]), ("int", 2.5, ["3"]),
        ("round", "2.675", ["2675.00", "2.68"]), ("round", "2,675", ["2.68", "2675.00"]), ("round(1)", "7,25", ["7.3"]),
        ("abs", "-10", ["10"]), ("abs", "-10.5", ["10.5"]), ("trim", 5.0, ["5"]), ("lower", True, ["true"]),
        ("int", 10**15, ["1000000000000000"]), ("phone", "0212 555 12 34", ["None"]), ("lookup('status')", "17", None),
        ("phone('DE')", "0212 555 12 34", ["None"]), ("round(0)", "2,5", ["3"]), ("upper('tr')", 5.0, ["5"]),
        ("datetime(zone='UTC', to='Europe/Istanbul')", "24.03.2023 10:30", ["2023-03-24 13:30:00"]),
        ("money", "--5", None), ("money('.')", "- -5", None), ("decimal", "-5-", None), ("int", "--5", None),
        ("round", "--5", None), ("int", "9" * 20, ["9" * 20]), ("int", "-" + "9" * 16, ["-" + "9" * 16]),
        ("int", "9" * 16 + ",5", None), ("money", "9" * 16 + ".5", None), ("round", "9" * 20, None),
        ("int", "9" * 41, ["9" * 41]),
        ("date(century=1900)", "24.03.23", ["1923-03-24"]), ("datetime", "2023-3-4 9:05", ["2023-03-04 09:05:00"]),
    ],
)  # fmt: skip
def test_what_a_refusal_advises_does_what_it_says(call, value, right):
    """Done literally: what is advised stands in the place of what was refused, or is put before it."""
    with pytest.raises(ValueError) as caught:
        evaluate(f"{{{{ v | {call} }}}}", {"v": value})
    advised = re.findall(r"`\| ([^`]*)`|write (\w+\([^ ].*\))|(phone\(.*none\))", str(caught.value))
    given = [str(evaluate(f"{{{{ v | {''.join(one)} }}}}", {"v": value})) for one in advised]
    assert given == (right or [])


@given(st.decimals(-(10**12), 10**12, places=4))
def test_round_moves_a_half_away_from_zero(number):
    rounded = TABLE["round"].call(number)
    assert abs(rounded - number) <= Decimal("0.005")
    if abs(rounded - number) == Decimal("0.005"):
        assert abs(rounded) > abs(number)


def test_no_digit_of_a_long_number_is_lost():
    assert str(TABLE["decimal"].call("-" + "1" * 38)) == "-" + "1" * 38
    assert str(TABLE["abs"].call(Decimal("-" + "1" * 38))) == "1" * 38
    assert TABLE["text"].call(Decimal("1" * 38)) == "1" * 38
    assert refusal(TABLE["text"].call, Decimal("1E+9999")) == "1E+9999 is not a number that can be written"


@pytest.mark.parametrize("value", ["9" * 16, "-" + "9" * 20, 10**15, 1e20])
def test_a_whole_number_that_is_too_long_is_not_said_to_be_none(value):
    assert refusal(TABLE["int"].call, value).endswith(" has more than 15 digits; `| text` keeps them all")


@pytest.mark.parametrize("text", ["1.299", "1,0", "1e3", "٣", "1_000", "", "+", "--5", "0x1"])
def test_int_reads_whole_numbers_and_nothing_else(text):
    if text == "":
        assert TABLE["int"].call(text) is None
    else:
        assert "is not a whole number" in refusal(TABLE["int"].call, text)


# ---- dates


FIXED = ["%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y%m%d", "%d%m%Y%H%M%S",
         "%H:%M:%S %d.%m.%Y", "%Y-%m-%dT%H:%MZ"]  # fmt: skip


DAMAGE = st.sampled_from("0123456789 +-:.TZW٣,_\u3000") | st.just("")


def by_strptime(text, format_):
    try:
        moment = datetime.strptime(text, format_)
    except ValueError:
        return None
    return moment if re.search("%[HIMSf]", format_) else moment.date()


@given(st.sampled_from(FIXED), st.datetimes(min_value=datetime(1, 1, 1)), st.data())
def test_a_format_reads_what_strptime_reads_and_never_otherwise(format_, moment, data):
    year = f"{moment.year:04}"
    text = moment.strftime(format_.replace("%Y", year))
    assert formats.reader_of(format_)(text) == by_strptime(text, format_) != None  # noqa: E711
    damaged = list(text)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(DAMAGE)
    text = "".join(damaged)
    found = formats.reader_of(format_)(text)
    assert found is None or found == by_strptime(text, format_)


@pytest.mark.parametrize("format_", [one for one in FIXED if "%m%d" not in one and "%d%m" not in one])
def test_no_pair_of_characters_in_a_field_is_read_otherwise_than_by_strptime(format_):
    read = formats.reader_of(format_)
    for directive, pair in product("mdHMS", product("0123569 +-:.WZT", repeat=2)):
        text = format_.replace("%Y", "2023").replace(f"%{directive}", "".join(pair))
        for other, plain in zip("mdHMS", ("03", "04", "05", "06", "07"), strict=True):
            text = text.replace(f"%{other}", plain)
        assert read(text) == by_strptime(text, format_), text


@pytest.mark.parametrize(
    ("format_", "text"),
    [("%m%d%Y", "3052020"), ("%Y%m%d", "2020305"), ("%d.%m.%Y", "٣.03.2020"), ("%d%m%y", "50320"), ("%d.%m.%Y", "15.04.91"),
     ("%d.%m.%Y %I:%M %p", "03.03.2020 14:05 PM"), ("%d.%m.%Y %I:%M %p", "03.03.2020 00:05 AM"), ("%j %Y", "366 2023")],
)  # fmt: skip
def test_a_number_that_lost_a_digit_or_is_on_no_clock_is_not_read(format_, text):
    assert formats.reader_of(format_)(text) is None


@pytest.mark.parametrize(
    ("text", "format_", "expected"),
    [
        ("3 Mart 2020 14:05", "%d %B %Y %H:%M", datetime(2020, 3, 3, 14, 5)),
        ("29 AĞUSTOS 2019", "%d %B %Y", date(2019, 8, 29)),
        ("29 agustos 2019", "%d %b %Y", date(2019, 8, 29)),
        ("1 KASIM 2019 Cuma", "%d %B %Y %A", date(2019, 11, 1)),
        ("Kas 1, 2019", "%b %d, %Y", date(2019, 11, 1)),
        ("Sept 30 2021", "%b %d %Y", date(2021, 9, 30)),
        ("03.03.2020 ÖÖ 12:05", "%d.%m.%Y %p %I:%M", datetime(2020, 3, 3, 0, 5)),
        ("03.03.2020 12:05 öS", "%d.%m.%Y %I:%M %p", datetime(2020, 3, 3, 12, 5)),
        ("060 2024", "%j %Y", date(2024, 2, 29)),
        ("2020-03-03 10:30:05.123+03", "%Y-%m-%d %H:%M:%S.%f%z", "2020-03-03 10:30:05.123000+03:00"),
        ("2020-03-03 10:30:05-0330", "%Y-%m-%d %H:%M:%S%z", "2020-03-03 10:30:05-03:30"),
    ],
)
def test_a_date_is_read_in_turkish_and_english_on_every_machine(text, format_, expected):
    assert str(formats.reader_of(format_)(text)) == str(expected)


def test_every_month_has_its_name_in_two_languages():
    turkish = "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"
    english = "January February March April May June July August September October November December"
    read = formats.reader_of("%d %B %Y")
    for names in (turkish, english):
        for case in (str, str.upper, str.lower, upper, lower, lambda name: name[:3]):
            assert [read(f"1 {case(name)} 2020").month for name in names.split()] == list(range(1, 13))


def test_a_year_of_two_digits_does_not_lie_ahead_and_a_century_may_be_named():
    this = date.today().year % 100
    read = formats.reader_of("%y")
    assert read(f"{this:02}").year == date.today().year
    assert read(f"{(this + 1) % 100:02}").year == date.today().year - 99
    assert formats.reader_of("%y", 1900)("05").year == 1905
    assert read_date("12.05.45", "%d.%m.%y", century=2000) == date(2045, 5, 12)
    assert refusal(TABLE["date"].bind, "%y", century=1950) == (
        "century is the first year of a hundred, such as 1900, not 1950"
    )


ISO = [f"%Y-%m-%d{t}%H:%M{s}" for t in " T" for s in ("", ":%S", ":%S.%f")]


@given(st.datetimes(min_value=datetime(1000, 1, 1)), st.sampled_from(ISO), st.data())
@example(datetime(2023, 3, 24), ISO[0], None)
def test_iso_is_read_as_its_patterns_say(moment, pattern, data):
    damaged = list(moment.strftime(pattern))
    for _ in range(data.draw(st.integers(0, 2)) if data else 0):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(DAMAGE)
    text = "".join(damaged)
    found = formats.read_iso(text)
    ways = [f"{one}{zone}" for one in [*ISO, "%Y-%m-%d"] for zone in ("", "%z", " %z")]
    assert found is None or found in [by_strptime(re.sub(r"([+-]..)$", r"\g<1>00", text), one) for one in ways]
    assert text != moment.strftime(pattern) or found is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2003-01-06", "2003-01-06 00:00:00"), ("2023-03-24T10:30:00Z", "2023-03-24 13:30:00"),
     ("2023-03-24 10:30:00+03", "2023-03-24 10:30:00"), ("2023-03-24 10:30:05.123456789+03:00", "2023-03-24 10:30:05.123456"),
     ("2023-03-24 07:30 -0030", "2023-03-24 11:00:00")],
)  # fmt: skip
def test_iso_is_read_with_or_without_its_time_and_its_zone(text, expected):
    assert str(read_datetime(text, zone="Europe/Istanbul", to="Europe/Istanbul")) == expected


@pytest.mark.parametrize(
    "text",
    ["2023-03-24 10:30:00,5", "20230324T103000", "2023-W12-5 10:30",
     "2023-03-24 10:30:00.", "2023-03-24_10:30", "2023-03-24 10:30+3", "yok"],
)  # fmt: skip
def test_what_is_not_iso_is_refused_with_the_way_to_say_its_format(text):
    assert refusal(read_datetime, text) == (
        f"'{text}' is not written like '2023-03-24 10:30:00'; say how it is written: %d day, %m month, %Y year, %H hour, "
        "%M minute"
    )


@pytest.mark.parametrize("read", [read_datetime, read_date])
@pytest.mark.parametrize(
    "text", ["2023-02-30", "2023-13-01", "2023-02-30 10:30", "2023-03-24 24:00", "2023-03-24T10:61Z"]
)
def test_what_is_iso_and_not_in_the_calendar_is_not_sent_after_another_format(read, text):
    words = "is no day of the calendar, or no time of day from 00:00 to 23:59; correct the source"
    assert refusal(read, text) == f"'{text}' {words}"


@pytest.mark.parametrize(
    ("text", "advice"),
    [("24.03.2023", "datetime('%d.%m.%Y')"), ("24.03.2023 10:30", "datetime('%d.%m.%Y %H:%M')"),
     ("24/03/2023", "datetime('%d/%m/%Y')"), ("05/06/2023", "datetime('%d/%m/%Y') or datetime('%m/%d/%Y')"),
     ("20230324", "datetime('%Y%m%d')"), ("29 Ağustos 2019 14:05:59", "datetime('%d %B %Y %H:%M:%S')"),
     ("Mar 3, 2020", "datetime('%b %d, %Y')")],
)  # fmt: skip
def test_the_format_that_is_advised_reads_the_text(text, advice):
    assert refusal(read_datetime, text) == f"'{text}' is not written like '2023-03-24 10:30:00'; write {advice}"
    for one in advice.split(" or "):
        assert str(evaluate(f"{{{{ v | {one} }}}}", {"v": text}))[:2] == "20"


def test_a_time_that_the_clocks_skipped_is_refused_and_not_moved():
    assert refusal(read_datetime, "2019-03-31 02:30", zone="Europe/Berlin", to="UTC") == (
        "2019-03-31 02:30:00 was never on the clocks of Europe/Berlin, which were put forward over it; correct the source"
    )
    assert read_datetime("2019-10-27 02:30", zone="Europe/Berlin", to="UTC") == datetime(2019, 10, 27, 0, 30)


@pytest.mark.parametrize("text", ["0000-00-00", "0000-00-00 00:00:00", "00.00.0000 00:00", "", " "])
def test_zero_dates_and_blanks_are_null(text):
    assert read_date(text) is None
    assert read_datetime(text, "%d.%m.%Y") is None


def test_formats_are_tried_in_their_order():
    assert read_date("01/02/2023", "%d/%m/%Y", "%m/%d/%Y") == date(2023, 2, 1)
    assert read_date("01/22/2023", "%d/%m/%Y", "%m/%d/%Y") == date(2023, 1, 22)
    assert read_date("1.2.2023", "%d.%m.%Y") == date(2023, 2, 1)  # strptime takes one digit, so do we
    assert read_date("24 Mar 23", "%d %b %y") == date(2023, 3, 24)


def test_dates_that_are_dates_already_pass():
    noon = datetime(2023, 3, 24, 12)
    assert read_datetime(noon, "%d.%m.%Y") == noon
    assert read_datetime(date(2023, 3, 24)) == datetime(2023, 3, 24)
    assert read_date(noon) == date(2023, 3, 24)
    assert read_date(date(2023, 3, 24), zone="UTC", to="America/New_York") == date(2023, 3, 24)


def test_moments_are_moved_between_time_zones():
    assert read_date("2023-03-24 22:30", zone="UTC", to="Europe/Istanbul") == date(2023, 3, 25)
    assert read_datetime(datetime.fromisoformat("2023-03-24T10:30:00Z"), zone="UTC", to="Europe/Istanbul").hour == 13
    mixed = ("%Y-%m-%d %H:%M%z", "%Y-%m-%d %H:%M")
    assert read_datetime("2023-01-01 10:00+00:00", *mixed, zone="Europe/Berlin", to="UTC").hour == 10
    assert read_datetime("2023-01-01 10:00", *mixed, zone="Europe/Berlin", to="UTC").hour == 9
    assert "too far away" in refusal(read_datetime, "0001-01-01 00:00", zone="Asia/Tokyo", to="UTC")
    assert "say to=" in refusal(read_datetime, datetime.fromisoformat("2023-03-24T10:30:00Z"))


@pytest.mark.parametrize(("zone", "to"), [*product(["UTC", "Europe/Istanbul", "America/New_York"], repeat=2)])
@pytest.mark.parametrize(
    ("value", "patterns"),
    [("2003-01-06", ()), (date(2003, 1, 6), ()), ("06.01.2003", ("%d.%m.%Y", "%d.%m.%Y %H:%M")),
     ("06.01.2003", ("%d.%m.%Y %H:%M", "%d.%m.%Y")), ("6 Ocak 2003", ("%d %B %Y",)), ("2003-01-06+03:00", ("%Y-%m-%d%z",))],
)  # fmt: skip
def test_a_date_alone_stays_the_day_whatever_the_zones_say(value, patterns, zone, to):
    assert read_date(value, *patterns, zone=zone, to=to) == date(2003, 1, 6)
    assert read_datetime(value, *patterns, zone=zone, to=to) == datetime(2003, 1, 6)


def test_a_midnight_that_is_written_is_moved():
    assert read_date("2003-01-06 00:00", zone="Europe/Istanbul", to="UTC") == date(2003, 1, 5)
    assert read_date(datetime(2003, 1, 6), zone="Europe/Istanbul", to="UTC") == date(2003, 1, 5)
    half = ("%d.%m.%Y %p %I:%M",)
    assert read_datetime("06.01.2003 ÖÖ 12:00", *half, zone="Europe/Istanbul", to="UTC") == datetime(2003, 1, 5, 22)


@pytest.mark.parametrize(
    ("formats", "zones", "expected"),
    [
        (["%Y-%m-%d%z"], {}, "%z reads a time zone; say to= the zone that is wanted, such as to='Europe/Istanbul'"),
        ([], {"zone": "UTC"}, "zone= says where the times are from; say to= the zone that is wanted, too"),
        (["%Y"], {"to": "UTC"}, "to= needs zone=, the zone that times written without one are in, such as zone='UTC'"),
        (
            ["%Y %I"],
            {},
            "in the format '%Y %I' one of %I (hours of a half day) and %p (AM or PM) is without the other; 0 to 23 "
            "is %H",
        ),
        ([], {"zone": "Mars", "to": "UTC"}, "zone is a time zone such as 'Europe/Istanbul' or 'UTC', not 'Mars'"),
        ([], {"zone": "UTC", "to": "../etc"}, "to is a time zone such as 'Europe/Istanbul' or 'UTC', not '../etc'"),
        (["%H:%M"], {}, "the format '%H:%M' has no year; write %Y where the year stands"),
        (["%Y %Y"], {}, "the format '%Y %Y' has %Y twice"),
        ([7], {}, "a format is a text in quotes, not 7"),
    ],
)
def test_parameters_that_cannot_work_are_refused_before_any_row_is_read(formats, zones, expected):
    for name in ("date", "datetime"):
        assert refusal(TABLE[name].bind, *formats, **zones) == expected


@pytest.mark.parametrize("format_", ["%Y-%q", "%Y%", "%c %Y", "%Y %Z"])
def test_a_format_that_is_none_is_refused_with_those_there_are(format_):
    assert "is not known; there is %% %A %B %H" in refusal(TABLE["date"].bind, format_)


# ---- contact


WRITTEN = ["{0}{1}{2}{3}", "0{0} {1} {2} {3}", "+90 ({0}) {1}{2}{3}", "90{0}{1}{2}{3}", "0090 {0} {1} {2}{3}",
           "0({0}) {1}-{2}-{3}", "{0}-{1} {2} {3}", "0.{0}.{1}.{2}.{3}", "00 90 {0} {1}{2}{3}"]  # fmt: skip


def by_phonenumbers(text):
    try:
        number = phonenumbers.parse(text, "TR")
    except phonenumbers.NumberParseException:
        return None
    mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    return str(number.national_number) if mobile and phonenumbers.region_code_for_number(number) == "TR" else None


@given(st.sampled_from(WRITTEN), st.integers(0, 9_999_999_999), st.sampled_from([None, 5]))
def test_phone_reads_turkish_numbers_as_the_library_does(written, number, first):
    digits = f"{first}{number:010}"[:10] if first else f"{number:010}"
    text = written.format(digits[:3], digits[3:6], digits[6:8], digits[8:])
    assert phone(text, default=None) == by_phonenumbers(text)


def test_every_range_of_the_short_way_is_mobile_in_the_library():
    for prefix, written in product(range(500, 600), WRITTEN):
        text = written.format(prefix, "123", "45", "67")
        assert phone(text, default=None) == by_phonenumbers(text), text


@given(st.from_regex(contact._TURKISH_MOBILE.__self__, fullmatch=True))  # type: ignore[attr-defined]
def test_all_the_short_way_reads_the_library_reads_alike(text):
    assert phone(text) == by_phonenumbers(text)


@pytest.mark.parametrize(
    "text", ["0532 123 45 67", "+90 (532) 1234567", "905321234567", "5321234567", "00905321234567"]
)
def test_a_turkish_mobile_is_ten_digits_however_it_is_written(text):
    assert phone(text) == "5321234567"


@pytest.mark.parametrize(
    "text", ["0212 555 12 34", "+49 151 23456789", "0532 123 45", "abc", "0532 CALL ME", "05321234567 x5", "1" * 50]
)
def test_other_numbers_are_refused_or_become_the_default(text):
    assert refusal(phone, text).endswith("is not a Turkish mobile number; phone(default=none) sends none instead")
    assert phone(text, default="-") == "-"


def test_another_region_has_its_own_mobiles():
    assert phone("0151 23456789", "DE") == "15123456789"
    assert "is not a mobile number of region 'DE'" in refusal(phone, "0532 123 45 67", "DE")
    assert (
        refusal(TABLE["phone"].bind, "Turkey")
        == "region is a country's two capital letters, such as 'TR', not 'Turkey'"
    )
    assert phone(" ") is None


def by_email_validator(text):
    try:
        valid = email_validator.validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except email_validator.EmailNotValidError:
        return None
    return valid.ascii_email.lower()


PLAIN = st.from_regex(contact._PLAIN_ADDRESS.__self__, fullmatch=True)  # type: ignore[attr-defined]
NEARLY = st.from_regex(r"[A-Z.a+-]{1,9}@[a-b.-]{1,9}(\.tr|\.COM)", fullmatch=True)


@given(PLAIN | NEARLY | st.emails())
def test_email_accepts_what_the_library_accepts(text):
    try:
        assert email(text) == by_email_validator(text.strip())
    except ValueError:
        assert by_email_validator(text.strip()) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ali@Mail.Com", "ali@mail.com"),
        (" a.b+c@d-e.com.tr ", "a.b+c@d-e.com.tr"),
        ("INFO@ÖRNEK.com", "info@xn--rnek-4qa.com"),
        ("", None),
    ],
)
def test_an_address_is_written_small_and_in_ascii(text, expected):
    assert email(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ali",
        "ali@",
        "ali@@x.com",
        "ali@x",
        "a b@x.com",
        "İnfo@x.com",
        "ali@x.test",
        "a" * 65 + "@x.com",
        "a@" + "x" * 300,
    ],
)
def test_what_is_no_address_is_refused(text):
    assert " is not an e-mail address: " in refusal(email, text)


# ---- choice and code


def test_lookup_compares_keys_as_text_and_may_give_anything():
    find = TABLE["lookup"].call
    assert find(5.0, Resource("codes", {"5": None})) is None
    assert find("x", Resource("codes", {}), default=None) is None
    assert (
        refusal(find, "17", Resource("codes", {}))
        == "no entry '17' in the lookup 'codes'; add it there, or say default= for values it lacks"
    )


@pytest.mark.parametrize("value", ["1", "TRUE", "Evet", "on", 1, 1.0, True])
def test_yes_is_true(value):
    assert TABLE["bool"].call(value) is True


@pytest.mark.parametrize("value", ["0", "False", "Hayır", "HAYIR", "off", 0, 0.0, False])
def test_no_is_false(value):
    assert TABLE["bool"].call(value) is False


def test_json_that_cannot_be_sent_is_refused():
    assert refusal(TABLE["json"].call, "[" * 40 + "]" * 40) == "JSON nested deeper than 32 levels; it cannot be sent"
    assert "is not JSON" in refusal(TABLE["json"].call, "[" * 100_000)
    assert "is not JSON" in refusal(TABLE["json"].call, "NaN")
    assert "at most 1,000,000 are read" in refusal(TABLE["json"].call, " " * 1_000_001)
    assert TABLE["json"].call({"a": 1}) == {"a": 1}
    assert "half a character" in refusal(TABLE["digest"].call, "\ud800", "md5")


@pytest.mark.parametrize("key", ["On Hold", "ON HOLD", "on  hold", " on hold", "Ön Hold"])
def test_keys_of_a_lookup_may_be_compared_by_their_letters_alone(key):
    table = Resource("status", {"on hold": "300", "İPTAL": "100"})
    assert TABLE["lookup"].call(key, table, by="lower") == "300"
    assert TABLE["lookup"].call("iptal", table, by="lower") == TABLE["lookup"].call("IPTAL", table, by="lower") == "100"
    assert refusal(TABLE["lookup"].call, "x", table, by="upper") == "by is none or 'lower', not 'upper'"
