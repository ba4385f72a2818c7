"""Many rows at a time against one row at a time: the same records, or neither of them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_expressions_jinja import HEADER, LOOKUPS, WRITE, compiled_stage, expressions, raw_cells, rows, stage_of

from etl.expressions import LOOKUP, ROW_ERRORS, Header, compile_stage, writers
from etl.expressions.functions import TABLE
from etl.model import Expression, Place

many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


FAILS = "fails"


def alone(stage, row):
    """What the function of one row makes of it: a record, None when it is filtered, or that it fails."""
    try:
        return stage.record(row)
    except ROW_ERRORS:
        return FAILS


def together(stage, given_rows):
    """What the function of many rows makes of each."""
    batch = stage.records(given_rows)
    stays = [True] * len(given_rows) if batch.keep is None else list(map(bool, batch.keep))
    made = iter(range(sum(stays)))
    assert all(len(values) == sum(stays) for values in [batch.keys, *batch.columns.values()])
    found = []
    for stay in stays:
        position = next(made) if stay else None
        record = None if position is None else {name: values[position] for name, values in batch.columns.items()}
        found.append(FAILS if position in batch.failed else record)
    assert next(made, None) is None
    return found


def key_alone(stage, row):
    try:
        return stage.key(row)
    except ROW_ERRORS:
        return None


def check_rows(stage, given_rows):
    """Each row makes the same record among others as by itself, is filtered in both ways, or fails in both."""
    one_by_one = [alone(stage, row) for row in given_rows]
    assert repr(together(stage, given_rows)) == repr(one_by_one)
    keys = [key_alone(stage, row) for row, one in zip(given_rows, one_by_one, strict=True) if one not in (None, FAILS)]
    batch = stage.records(given_rows)
    good = [key for position, key in enumerate(batch.keys) if position not in batch.failed]
    assert repr(good) == repr(keys)


def compiled(texts, where, header, write=WRITE):
    stage = stage_of(texts)
    if where is not None:
        stage = type(stage)(
            stage.name,
            stage.payload,
            stage.source,
            stage.key,
            stage.fields,
            where=Expression(f"{{{{ {where} }}}}", Place("m")),
        )
    return compiled_stage(stage, header, write)


wheres = st.one_of(
    st.none(), st.sampled_from(["a is none", "a != b", "not a | blank", "n | bool", "true", "none"]), expressions(3)
)
texts = st.lists(expressions(4), min_size=1, max_size=3)


@many
@given(texts, wheres, st.lists(st.lists(raw_cells, min_size=7, max_size=7), max_size=5), st.booleans())
def test_rows_of_texts_make_the_same_records_together_as_alone(texts, where, given_rows, trim):
    check_rows(compiled(texts, where, Header(HEADER, True, trim)), given_rows)


@many
@given(texts, wheres, st.lists(rows, max_size=5), st.booleans())
def test_rows_of_any_values_make_the_same_records_together_as_alone(texts, where, given_rows, trim):
    check_rows(
        compiled(texts, where, Header(HEADER, False, trim)), [[row[name] for name in HEADER] for row in given_rows]
    )


@many
@given(texts, wheres, st.lists(st.lists(st.none() | raw_cells, min_size=7, max_size=7), max_size=5), st.booleans())
def test_rows_of_texts_and_nulls_where_any_value_may_be_make_the_same_records_together_as_alone(
    texts, where, given_rows, trim
):
    check_rows(compiled(texts, where, Header(HEADER, False, trim)), given_rows)


@many
@given(texts, wheres, st.lists(st.lists(raw_cells, min_size=7, max_size=7), max_size=40))
def test_texts_make_the_same_records_whether_other_values_may_be_there_or_not(texts, where, given_rows):
    only, any_value = (compiled(texts, where, Header(HEADER, text_only)) for text_only in (True, False))
    assert repr(together(any_value, given_rows)) == repr(together(only, given_rows))


def test_nested_fields_and_constants_are_put_together_anew_for_each_row():
    nested: dict[str, Any] = {
        "f0": stage_of(["a"]).fields["f0"],
        "x": {"y": (1, None, stage_of(["b"]).fields["f0"]), "z": {}},
        "k": True,
        "empty": {},
    }
    stage = compile_stage(
        type(stage_of(["a"]))("user", "user", "rows", "f0", nested), Header(HEADER), {LOOKUP: LOOKUPS}, WRITE
    )
    given_rows = [[" 1 ", "", "", "", "", "", ""], ["2", "b", "", "", "", "", ""]]
    check_rows(stage, given_rows)
    first, second = stage.records(given_rows).columns["x"]
    first["y"].append("changed")
    assert stage.records(given_rows).columns["x"][0] == {"y": [1, None, None], "z": {}}
    assert "changed" not in second["y"]


def test_no_rows_make_no_records():
    for texts, where in ((["a | int"], "b is not none"), (["1"], None)):
        batch = compiled(texts, where, Header(HEADER)).records([])
        assert ({name: list(one) for name, one in batch.columns.items()}, list(batch.keys)) == ({"f0": []}, [])
        assert (batch.failed, batch.keep) == (frozenset(), None)


def test_a_row_that_is_filtered_computes_nothing():
    stage = compiled(["a | int"], "b is not none", Header(HEADER))
    given_rows = [["x", "", "", "", "", "", ""], ["5", "1", "", "", "", "", ""]]
    assert together(stage, given_rows) == [None, {"f0": 5}]


def test_a_row_that_fails_leaves_the_others_as_they_are():
    stage = compiled(["a | int", "b | lower", "m | money"], "n is not none", Header(HEADER))
    column = {name: at for at, name in enumerate(HEADER)}

    def row(**cells):
        return [cells.get(name, "") for name in sorted(column, key=column.get)]

    given_rows = [
        row(a="1", b="X", m="1,50", n="1"),
        row(a="x", b="Y", m="2,50", n="1"),
        row(a="x", b="Z", m="3,50"),
        row(a="3", b="Z", m="1.5.5", n="1"),
        row(a="4", b="W", m="", n="1"),
    ]
    assert together(stage, given_rows) == [
        {"f0": 1, "f1": "x", "f2": 1.5},
        FAILS,
        None,
        FAILS,
        {"f0": 4, "f1": "w", "f2": None},
    ]


def test_a_row_whose_where_fails_stays_and_has_failed():
    stage = compiled(["a"], "(b | int) > 1", Header(HEADER))
    rows_of = [["1", cell, "", "", "", "", ""] for cell in ("1", "x", "2", "y", "")]
    assert together(stage, rows_of) == [None, FAILS, {"f0": "1"}, FAILS, FAILS]


# Ways over a column

digits = st.text("0123456789", min_size=1, max_size=4)
amounts = st.one_of(
    st.from_regex(r"-?[0-9]{0,14}([.,][0-9]{3}){0,3}([.,][0-9]{0,5})?( TL|₺)?", fullmatch=True),
    st.from_regex(r"[0-9]{1,12}[.,][0-9]{2}(00)?", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{0,2}(\.[0-9]{3}){1,3},[0-9]{2}", fullmatch=True),
    st.sampled_from(
        ["1,5\n2,50", "١٢,٥٠", "0,00", "-0,00", "000,10", "1.299,90", "1299.90", "12", "1e5,00", "99.999.999.999,99"]
    ),
)
wholes = st.one_of(
    st.integers(-(10**17), 10**17).map(str),
    digits,
    st.sampled_from(["٣", "1_000", "+5", "007", "1.0", "²", "5.0", "0x1"]),
)
words = st.one_of(
    st.text(max_size=4), st.sampled_from(["İ", "I", "ALİ", "Ali@X.com", "ß", "K", "ǅ", "1", "5", "a", "\0"])
)
number = st.integers(0, 99)
moments = st.one_of(
    st.builds(
        "{:02}{s}{:02}{s}{:04}{b}{:02}:{:02}{c}".format, number, number, st.integers(0, 9999), st.integers(0, 25),
        st.integers(0, 61), s=st.sampled_from("./-"), b=st.sampled_from([" ", "T", "  "]), c=st.sampled_from(["", ":00", ":59"]),
    ),
    st.builds(
        "{:04}-{:02}-{:02}{}".format, st.integers(1899, 2101), st.integers(0, 13), st.integers(0, 32),
        st.sampled_from(["", " 00:00:00", " 23:59:59", "T10:00", " 24:00:00", " 9:5:3", " 12:30", " 10:00:00.5", "x"]),
    ),
    st.datetimes().map(lambda one: one.strftime("%d.%m.%Y %H:%M")),
    st.datetimes().map(lambda one: one.strftime("%d.%m.%Y")),
    st.datetimes().map(lambda one: one.isoformat(" ", "seconds")),
    st.datetimes().map(lambda one: one.isoformat("T", "minutes")),
    st.dates().map(str),
    st.sampled_from(["0000-00-00 00:00:00", "0000-00-00", "00.00.0000 00:00", "29.02.2023 10:00", "29.02.2024 10:00",
                     "1.2.2020 3:04", "31.03.2019 03:30", "27.10.2019 03:30"]),
)  # fmt: skip
serials = st.one_of(wholes, st.sampled_from(["43893,58", "43.893", "60", "59", "1", "2957100", "2958465"]))
FORMATS = ["%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d", "%d.%m.%y",
           "%H:%M %d.%m.%Y", "%m/%d/%Y %H:%M:%S", "%d%m%Y %H%M"]  # fmt: skip
CALLS = {
    "lookup": (words, ["('codes')", "('codes', 'x')", "('codes', default=none)", "(table='codes', default=5)",
                       "(table='codes')", "('codes', by='lower')", "('codes', none, by='lower')"]),
    "money": (amounts, ["", "('.')", "(mark='.')"]),
    "int": (wholes, [""]),
    "lower": (words, ["", "('en')", "('tr')", "(language='tr')"]),
    "default": (words, ["('')", "('x')", "(instead=5)", "(none)", "([1])", "(false)"]),
    "datetime": (moments, [
        "", *(f"('{one}')" for one in FORMATS), "('%d.%m.%Y', '%Y-%m-%d')",
        "('%d.%m.%Y %H:%M', zone='Europe/Istanbul', to='UTC')", "('%d.%m.%Y %H:%M', zone='UTC', to='Europe/Berlin')",
    ]),
    "digits": (st.one_of(words, st.sampled_from(["12٣", "a1", "ş2"])), [""]),
    "ascii": (words, [""]),
    "match": (words, ["('[A-Z]+')", "('([a-z])1?')"]),
    "replace_pattern": (words, ["('[a-z]')", "('(.)', '\\\\1-')"]),
    "base64_hex": (st.one_of(words, st.binary(max_size=6).map(lambda one: b64encode(one).decode())), [""]),
    "php": (st.sampled_from(["b:1;", "i:5;", "N;", "d:0.5;", 's:2:"ş";', "a:1:{i:0;i:5;}", "a:1:{i:1;i:5;}", "b:2;", "x"]), [""]),
    "query_value": (st.sampled_from(["a=1", "x?a=2#b", "b=1", "a=%C4%9F", "a=", "?", "a=%FC", "a=1&a=2"]), ["('a')"]),
    "fix_encoding": (st.one_of(words, st.sampled_from(["GÃ¶kÃ§e", "Å\x9eule", "Åžule"])), [""]),
    "country": (st.sampled_from(["TR", "turkey", "ALMANYA", "xx", "İngiltere", "T.C.", "EU"]), ["", "('en')", "(default='-')"]),
    "place": (st.sampled_from(["ISTANBUL", "Kadıköy / İstanbul", "xx", "Üsküdar", "1"]),
              ["('city')", "('country')", "('city', default='-')", "('township', city='istanbul')"]),
    "epoch": (st.one_of(wholes, st.sampled_from(["1577836800", "1577836800.5", "43.893"])),
              ["('UTC')", "('Europe/Istanbul', 'ms')"]),
    "excel_date": (serials, ["", "(1904)"]),
    "excel_datetime": (serials, ["", "(start=1904)"]),
    "date": (moments, ["", *(f"('{one}')" for one in FORMATS), "('%d.%m.%Y', '%Y-%m-%d')",
                       "(zone='Europe/Istanbul', to='UTC')",
                       "('%d.%m.%Y', '%d.%m.%Y %H:%M', zone='Europe/Istanbul', to='UTC')"]),
}  # fmt: skip


@pytest.mark.parametrize("more", [5, True, ["x"], {"x": " y "}])
def test_a_column_in_which_one_value_is_no_text_is_computed_as_each_alone(more):
    stage = compiled(["a | lower", "a | default('none')", "b"], None, Header(HEADER, False))
    given_rows = [[cell, " B ", *[None] * 5] for cell in [" X ", "", None, *["Y"] * 40, more]]
    check_rows(stage, given_rows)


def test_every_short_way_is_held_to_its_function():
    assert CALLS.keys() == {name for name, function in TABLE.items() if function.column is not None}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("turkish", [False, True], ids=["usual", "other dates"])
def test_a_short_way_gives_what_the_function_gives(name, turkish):
    cells, calls = CALLS[name]
    write = writers("%d/%m/%Y", "%d/%m/%Y %H:%M") if turkish else WRITE
    stages = [
        compiled([f"a | {name}{call}"], None, Header(("a",), text_only), write)
        for call in calls
        for text_only in (True, False)
    ]
    blanks = st.sampled_from(["", " "])

    @many
    @given(st.sampled_from(stages), st.lists(st.one_of(cells, cells, cells, blanks), max_size=4))
    def hold(stage, column):
        check_rows(stage, [(cell,) for cell in column])
        check_rows(stage, [(cell,) for cell in column * 9])  # enough to be halved around what a short way does not know
        # One good cell alone is what most likely takes the short way.
        for cell in column:
            check_rows(stage, [(cell,)])

    hold()


@pytest.mark.parametrize("name", CALLS)
def test_what_a_short_way_does_not_know_a_long_way_reads_or_refuses(name):
    stage = compiled([f"a | {name}{CALLS[name][1][0]}"], None, Header(("a",)))
    cells = [("1",), ("nothing of the kind",), ("",)]
    assert together(stage, cells) == [alone(stage, cell) for cell in cells]
    if name not in ("lower", "default", "digits", "ascii", "match", "replace_pattern", "query_value", "fix_encoding"):
        assert together(stage, cells)[1] is FAILS


def test_of_several_formats_the_first_that_fits_a_text_reads_it_in_a_column_too():
    """05/06 fits both; that its neighbour only fits the second must not change it."""
    stage = compiled(["a | date('%d/%m/%Y', '%m/%d/%Y')"], None, Header(("a",)))
    assert together(stage, [("12/31/2023",), ("05/06/2023",)]) == [{"f0": "2023-12-31"}, {"f0": "2023-06-05"}]
