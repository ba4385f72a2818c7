"""Many rows at a time against one row at a time: the same records, or neither of them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_expressions_jinja import HEADER, LOOKUPS, WRITE, expressions, outcome, raw_cells, rows, stage_of

from etl.expressions import ROW_ERRORS, Header, compile_stage, writers
from etl.expressions.columnar import Batch
from etl.expressions.quick import QUICK
from etl.model import Expression, Place

many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def both(batch):
    return batch.records, batch.keep


def check_rows(stage, given_rows):
    """`records` is `record` of each row that stays; it fails when, and only when, one of them fails."""
    alone = outcome(lambda: [stage.record(row) for row in given_rows])
    together = outcome(lambda: stage.records(given_rows).records)
    if alone == "fails":
        assert together == "fails"
        return
    assert together == [one for one in alone if one != (type(None), None)]
    keep = stage.records(given_rows).keep
    stays = [one != (type(None), None) for one in alone]
    assert all(stays) if keep is None else list(map(bool, keep)) == stays
    batch = stage.records(given_rows)
    for field, column in batch.columns.items():
        assert repr(list(column)) == repr([record[field] for record in batch.records])


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
    return compile_stage(stage, header, LOOKUPS, write)


wheres = st.one_of(
    st.none(), st.sampled_from(["a", "a != b", "not a", "n | default(1)", "true", "none"]), expressions(3)
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


def test_nested_fields_and_constants_are_put_together_anew_for_each_row():
    stage = compiled(["a"], None, Header(HEADER))
    nested = {
        "f0": stage_of(["a"]).fields["f0"],
        "x": {"y": (1, None, stage_of(["b"]).fields["f0"]), "z": {}},
        "k": True,
    }
    stage = compile_stage(type(stage_of(["a"]))("user", "user", "rows", "f0", nested), Header(HEADER), LOOKUPS, WRITE)
    given_rows = [[" 1 ", "", "", "", "", "", ""], ["2", "b", "", "", "", "", ""]]
    made, keep = both(stage.records(given_rows))
    assert (made, keep) == ([stage.record(row) for row in given_rows], None)
    made[0]["x"]["y"].append("changed")
    assert stage.records(given_rows).records[0]["x"] == {"y": [1, None, None], "z": {}}
    assert "changed" not in made[1]["x"]["y"]


def test_no_rows_make_no_records():
    assert compiled(["a | int"], "b", Header(HEADER)).records([]) == Batch([], {})
    assert compiled(["1"], None, Header(HEADER)).records([]) == Batch([], {})


def test_a_row_that_is_filtered_computes_nothing():
    stage = compiled(["a | int"], "b", Header(HEADER))
    given_rows = [["x", "", "", "", "", "", ""], ["5", "1", "", "", "", "", ""]]
    made, keep = both(stage.records(given_rows))
    assert made == [{"f0": 5}]
    assert list(map(bool, keep)) == [False, True]


# Short ways

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
    st.sampled_from(["0000-00-00 00:00:00", "0000-00-00", "00.00.0000 00:00", "29.02.2023 10:00", "29.02.2024 10:00",
                     "1.2.2020 3:04", "31.03.2019 03:30", "27.10.2019 03:30"]),
)  # fmt: skip
FORMATS = ["%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d", "%d.%m.%y",
           "%H:%M %d.%m.%Y", "%m/%d/%Y %H:%M:%S", "%d%m%Y %H%M"]  # fmt: skip
CALLS = {
    "lookup": (words, ["('codes')", "('codes', 'x')", "('codes', default=none)", "(table='codes', default=5)",
                       "(table='codes')"]),
    "money": (amounts, ["", "('.')", "(mark='.')"]),
    "int": (wholes, [""]),
    "lower": (words, ["", "('en')", "('tr')", "(language='tr')"]),
    "datetime": (moments, [
        "", *(f"('{one}')" for one in FORMATS), "('%d.%m.%Y', '%Y-%m-%d')",
        "('%d.%m.%Y %H:%M', zone='Europe/Istanbul', to='UTC')", "('%d.%m.%Y %H:%M', zone='UTC', to='Europe/Berlin')",
    ]),
    "date": (moments, ["", *(f"('{one}')" for one in FORMATS), "('%d.%m.%Y', '%Y-%m-%d')"]),
}  # fmt: skip


def test_every_short_way_is_held_to_its_function():
    assert CALLS.keys() == QUICK.keys()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("turkish", [False, True], ids=["usual", "other dates"])
def test_a_short_way_gives_what_the_function_gives(name, turkish):
    cells, calls = CALLS[name]
    write = writers("%d/%m/%Y", "%d/%m/%Y %H:%M") if turkish else WRITE
    stages = [compiled([f"a | {name}{call}"], None, Header(("a",)), write) for call in calls]
    blanks = st.sampled_from(["", " "])

    @many
    @given(st.sampled_from(stages), st.lists(st.one_of(cells, cells, cells, blanks), max_size=4))
    def hold(stage, column):
        check_rows(stage, [(cell,) for cell in column])
        # One good cell alone is what most likely takes the short way.
        for cell in column:
            check_rows(stage, [(cell,)])

    hold()


@pytest.mark.parametrize("name", CALLS)
def test_a_short_way_fails_as_a_whole_and_a_long_way_says_why(name):
    stage = compiled([f"a | {name}{CALLS[name][1][0]}"], None, Header(("a",)))
    if name != "lower":
        with pytest.raises(ROW_ERRORS):
            stage.records([("1",), ("nothing of the kind",)])
