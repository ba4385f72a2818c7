"""A part of a source to what became of its rows; and a stage, which fails loudly when a row is lost."""

from __future__ import annotations

import orjson
import pytest
from msgspec.structs import replace
from rows_table import GivenPart, plan_of, row_unfit, run_stage

from etl.expressions import Header
from etl.extract.rows import ragged
from etl.findings import HIDDEN
from etl.model import Counts, Expression, Place, RowFault, Rows, Stage
from etl.prepare.chunk import first_rows, prepare_chunk, prepare_rows
from etl.prepare.integrity import Integrity, Verdict
from etl.prepare.program import Program

SCHEMA = {
    "type": "object",
    "required": ["code", "points"],
    "properties": {
        "code": {"type": "string"},
        "points": {"type": "integer", "minimum": 0},
        "email": {"type": ["string", "null"], "maxLength": 8},
        "password": {"type": "string", "minLength": 3, "writeOnly": True},
        "extra": {"type": "object"},
    },
}


def expression(text):
    return Expression(text, Place("m.yaml"))


FIELDS = {
    "code": expression("{{ code }}"),
    "points": expression("{{ points | int }}"),
    "email": expression("{{ email }}"),
}
STAGE = Stage(
    "user", "user", "customers", "code", FIELDS, where=expression("{{ email != 'out' }}"), unique=("email",),
    refers={"points": "other"},
)  # fmt: skip
HEADER = ("code", "points", "email")

NOT_A_NUMBER = ("points", "x", "'x' is not a whole number")
NEGATIVE = ("points", -1, "-1 is less than 0")


def said(findings):
    return [(one.field, one.value, one.reason) for one in findings]


def program(stage=STAGE, header=HEADER, schema=SCHEMA):
    return Program(plan_of(stage, header, schema))


def rows_of(*rows):
    return GivenPart(tuple(rows)).read()


def test_a_chunk_tells_what_became_of_every_row():
    rows = rows_of(
        ("1", "5", "a@b.co"),
        ("2", "x", "b@b.co"),
        "has 2 cells, the header has 3",
        ("3", "7", "out"),
        ("4", "-1", "c@b.co"),
        ("", "7", ""),
        ("5", "9", " "),
    )
    chunk = prepare_rows(program(), rows)
    assert chunk.read == 7
    assert chunk.filtered == [(3, "3")]
    assert [orjson.loads(record) for record in chunk.records] == [
        {"code": "1", "points": 5, "email": "a@b.co"},
        {"code": "5", "points": 9, "email": None},
    ]
    assert (list(chunk.keys), list(chunk.indices)) == (["1", "5"], [0, 6])
    assert chunk.columns == {"email": ["a@b.co", None], "points": ["5", "9"]}
    assert [(one.index, one.key, said(one.findings)) for one in chunk.rejected] == [
        (1, "2", [NOT_A_NUMBER]),
        (2, None, [(None, ["?"], "has 2 cells, the header has 3")]),
        (4, "4", [NEGATIVE]),
        (5, None, [("code", None, "must not be null"), ("code", None, "the record has no key: its key is null")]),
    ]
    assert [list(one.cells) for one in chunk.rejected][:2] == [["2", "x", "b@b.co"], ["?"]]


def test_a_chunk_in_which_all_is_well_is_in_the_order_of_its_rows():
    chunk = prepare_rows(program(), rows_of(*((str(n), str(n), "") for n in range(50))))
    assert (chunk.read, chunk.rejected, chunk.filtered) == (50, [], [])
    assert [orjson.loads(record)["points"] for record in chunk.records] == list(chunk.indices) == list(range(50))


@pytest.mark.parametrize("rows", [(), ("unreadable",), (("1", "5", "out"),), (("1", "x", ""),)])
def test_a_chunk_may_have_no_record(rows):
    chunk = prepare_rows(program(), rows_of(*rows))
    assert (chunk.records, list(chunk.keys), list(chunk.indices)) == ([], [], [])
    assert chunk.read == len(chunk.filtered) + len(chunk.rejected)


def test_a_failing_row_tells_every_failing_field_and_what_else_the_schema_refuses():
    outcome = program().outcome(("7", "x", "much.too.long@b.co"))
    assert said(outcome.findings) == [
        NOT_A_NUMBER,
        ("email", "much.too.long@b.co", "'much.too.long@b.co' is longer than 8 characters (18)"),
    ]
    assert (outcome.key, outcome.partial) == ("7", {"code": "7", "email": "much.too.long@b.co"})


def test_what_the_schema_misses_in_a_failing_row_is_not_what_failed():
    outcome = program().outcome(("", "x", ""))
    assert [(one.field, one.reason) for one in outcome.findings] == [
        ("points", NOT_A_NUMBER[2]),
        ("code", "must not be null"),
        ("code", "the record has no key: its key is null"),
    ]


def test_a_where_that_fails_is_all_there_is_to_say():
    stage = replace(STAGE, where=expression("{{ (points | int) > 3 }}"))
    outcome = program(stage).outcome(("7", "x", "much.too.long@b.co"))
    assert [(one.field, one.value) for one in outcome.findings] == [("where", "x")]


def test_the_fields_around_a_failing_one_are_kept_with_all_their_parts():
    extra = {"n": expression("{{ points | int }}"), "tags": (expression("{{ code }}"), "vip")}
    stage = replace(STAGE, fields={**FIELDS, "points": expression("{{ email | int }}"), "extra": extra})
    assert program(stage).outcome(("7", "5", "x")).partial == {
        "code": "7", "email": "x", "extra": {"n": 5, "tags": ["7", "vip"]},
    }  # fmt: skip
    assert said(program(replace(STAGE, fields={**FIELDS, "extra": extra})).outcome(("7", "x", "")).findings) == [
        NOT_A_NUMBER,
        ("extra.n", *NOT_A_NUMBER[1:]),
    ]


def test_a_key_that_fails_says_why():
    stage = replace(STAGE, key=expression("{{ email | int }}"))
    outcome = program(stage).outcome(("7", "5", "x"))
    reason = NOT_A_NUMBER[2]
    assert said(outcome.findings) == [(None, None, f"the record has no key: {reason}")]
    keyless = program(replace(STAGE, key=expression("{{ email }}"))).outcome(("7", "5", ""))
    assert said(keyless.findings) == [(None, None, "the record has no key: its key is null")]


def test_the_cell_behind_a_hidden_field_is_not_told():
    stage = replace(STAGE, fields={**FIELDS, "password": expression("{{ email | digest(code) }}")})
    (finding,) = program(stage).outcome(("7", "5", "secret")).findings
    assert (finding.field, finding.value) == ("password", HIDDEN)
    assert "secret" not in finding.reason


def test_keys_and_values_that_are_no_text_are_compared_as_text():
    plan = plan_of(replace(STAGE, where=None), HEADER, {"type": "object"}, text_only=False)
    chunk = prepare_rows(Program(plan), Rows([(7, 5, None), (1.5, 1.0, 3)]))
    assert chunk.keys == ["7", "1.5"]
    assert chunk.columns == {"email": [None, "3"], "points": ["5", "1"]}


def test_only_the_first_rows_are_taken_with_their_faults():
    rows = Rows([("a",), "x", ("b",), "y"], (RowFault(1, row_unfit("x")), RowFault(3, row_unfit("y"))), end=99)
    assert first_rows(rows, 3) == Rows([("a",), "x", ("b",)], (RowFault(1, row_unfit("x")),), end=99)
    part = GivenPart((("1", "5", ""), ("2", "x", ""), ("3", "7", "")))
    assert prepare_chunk(program(), part, 1).read == 1


def test_what_cannot_be_computed_never_stops_a_chunk():
    """Any value a source can hold, through operators that Python has its own errors for."""
    fields = {"code": expression("{{ code }}"), "points": expression("{{ (points + 1) / points < points[0] }}")}
    stage = replace(STAGE, fields=fields, where=None, unique=(), refers={})
    values = [None, 0, 1, 1.5, "x", [], [1], {}, {"a": 1}, True, 10**400, float("nan")]
    plan = Program(plan_of(stage, ("code", "points"), {"type": "object"}, text_only=False))
    chunk = prepare_rows(plan, Rows([("k", value) for value in values]))
    assert chunk.read == len(chunk.records) + len(chunk.rejected)
    assert len(chunk.rejected) == len(values)


# A stage


class Losing:
    """A judge that gives its verdict on rows of its own choice."""

    def __init__(self, inner, spoil):
        self._inner, self._spoil = inner, spoil

    def stage(self, stage):
        return Losing(self._inner.stage(stage), self._spoil)

    def judge(self, chunks, first_row):
        return [self._spoil(verdict) for verdict in self._inner.judge(chunks, first_row)]


def twice(verdict):
    return Verdict(verdict.duplicates * 2, verdict.orphans)


def prepared(tmp_path, spoil):
    stage = replace(STAGE, refers={})
    rows = [("1", "5", "a"), ("2", "5", "a"), ("3", "5", "b")]
    return run_stage(tmp_path, plan_of(stage, HEADER, SCHEMA), rows, Losing(Integrity(tmp_path, 10), spoil))


def test_a_stage_whose_rows_do_not_add_up_fails_loudly(tmp_path):
    with pytest.raises(AssertionError) as caught:
        prepared(tmp_path, twice)
    assert str(caught.value) == (
        "stage 'user': the rows do not add up (Counts(read=3, filtered=0, rejected=2, held=0, valid=2, merged=0); "
        "written: 2 valid, 0 held, 0 merged); please report this"
    )


def test_a_stage_whose_rows_add_up_says_so(tmp_path):
    assert prepared(tmp_path, lambda verdict: verdict).counts == Counts(3, 0, 1, 0, 2)


def test_a_header_reads_only_what_is_asked_for():
    assert Header(("a", "b")).read("b") == "cell(row[1])"


def test_a_cell_at_fault_is_told_for_each_field_that_is_made_from_it():
    first, second = row_unfit("cell B2 shows #N/A"), row_unfit("cell D3 shows #N/A")
    faults = (RowFault(0, first, ("7", ""), 1), RowFault(1, second, ("8", "1"), None))
    chunk = prepare_rows(program(), Rows([("7", None, ""), ("8", "1", "")], faults))
    assert [(one.index, one.key, said(one.findings)) for one in chunk.rejected] == [
        (0, None, [("points", ["7", ""], "cell B2 shows #N/A")]),
        (1, None, [(None, ["8", "1"], "cell D3 shows #N/A")]),
    ]


def test_rows_between_blank_lines_keep_the_places_that_people_count():
    rows = Rows(
        [("1", "5", ""), ("2", "x", ""), ("3", "7", "out"), ("4", "1", ""), ["?"]],
        (RowFault(4, ragged(1, 3), ("?",)),),
        blank=3,
        places=[1, 2, 4, 5, 7],
    )
    chunk = prepare_rows(program(), rows)
    assert (chunk.read, chunk.height) == (5, 8)
    assert [one.index for one in chunk.rejected] == [2, 7]
    assert (list(chunk.indices), chunk.filtered) == ([1, 5], [(4, "3")])
    assert first_rows(rows, 2).places == [1, 2]
