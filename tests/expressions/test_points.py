"""The points of a stage: what there is for a row to reach, and what a row does reach."""

from __future__ import annotations

import pytest

from etl.expressions import LOOKUP, Header, writers
from etl.expressions.functions import TABLE
from etl.expressions.points import BRANCH, DEFAULT, ENTRY, FUNCTION, NULL, VALUE, Point, Points
from etl.model import Expression, Place, Stage

LOOKUPS = {"currency": {"TL": "try", "USD": "usd"}, "city": {"Istanbul": 34, "ISTANBUL": 34, "Izmir": 35}}
WRITE = writers("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
PLACE = Place("m.yaml", 7, 3)


def points_of(text, columns="a b c", *, key=None, where=None, settled=None):
    fields = text if isinstance(text, dict) else {"f": text}
    written = {name: Expression(one, PLACE) if isinstance(one, str) else one for name, one in fields.items()}
    key, where, settled = (one and Expression(one, PLACE) for one in (key, where, settled))
    made = Stage("order", "order", "orders", key or next(iter(written)), written, where, settled)
    return Points(made, Header(tuple(columns.split())), {LOOKUP: LOOKUPS}, WRITE)


def told(points, *kinds):
    return [(one.kind, one.what) for one in points if not kinds or one.kind in kinds]


def reached(points, *row, kinds=()):
    return told([one for one in [*points.all, *_nulls(points, row)] if one in points.reached(row)], *kinds)


def _nulls(points, row):
    return [one for one in points.reached(row) if one.kind == NULL]


def test_both_ways_of_an_if_are_points_and_a_row_takes_one_of_them():
    points = points_of("{{ 'x' if a == '1' else 'y' if (b == '2') else none }}")
    assert told(points.all, BRANCH) == [
        (BRANCH, "if a == '1'"),
        (BRANCH, "else of if a == '1'"),
        (BRANCH, "if (b == '2')"),
        (BRANCH, "else of if (b == '2')"),
    ]
    assert reached(points, "1", "", "") == [(VALUE, "f"), (BRANCH, "if a == '1'")]
    assert reached(points, "", "2", "") == [(VALUE, "f"), (BRANCH, "else of if a == '1'"), (BRANCH, "if (b == '2')")]
    assert (NULL, "f") in reached(points, "", "", "")


def test_a_condition_that_begins_with_a_bracket_is_told_with_it():
    points = points_of("{{ 'x' if ((a or b) is not none) and c == '1' else 'y' }}")
    assert (BRANCH, "if ((a or b) is not none) and c == '1'") in told(points.all)


@pytest.mark.parametrize(
    ("text", "taken", "not_taken"),
    [
        ("{{ a | phone(b, default=none) }}", ("0212 555 11 22", "TR"), ("0532 123 45 67", "TR")),
        ("{{ a | phone(b | default('TR'), default='-') }}", ("x", ""), ("0532 123 45 67", "")),
    ],
)
def test_a_default_beside_arguments_that_are_computed_is_reached_where_it_is_needed(text, taken, not_taken):
    points = points_of(text)
    call = text.removeprefix("{{ a | ").removesuffix(" }}")
    assert (DEFAULT, call) in told(points.all)
    assert (DEFAULT, call) in reached(points, *taken, "")
    assert (DEFAULT, call) not in reached(points, *not_taken, "")
    assert (FUNCTION, call) in reached(points, *not_taken, "")


DEEP = "{{ 'y' if a in ['1', b | default('-')] and (c == '1' or not c | bool) else c | trim }}"
HOSTILE = {
    "f": "{{ ('a' if a == '1' else ('b' if b == '2' else 'c')) ~ (a or b or 'nobody') }}",
    "g": "{{ (a | lookup('currency', default=(b | lookup('city', default=0)))) | default(c | upper | default('z')) }}",
}
OF_HOSTILE = {
    ("where", BRANCH): ["true", "false"],
    ("where", FUNCTION): ["lookup('currency', default='eur')", "bool"],
    ("where", DEFAULT): ["lookup('currency', default='eur')"],
    ("settled", BRANCH): ["true", "false"],
    ("settled", DEFAULT): ["or b"],
    ("f", BRANCH): ["if a == '1'", "else of if a == '1'", "if b == '2'", "else of if b == '2'"],
    ("f", DEFAULT): ["or b", "or 'nobody'"],
    ("g", FUNCTION): [
        "lookup('currency', default=(b | lookup('city', default=0)))",
        "lookup('city', default=0)",
        "default(c | upper | default('z'))",
        "upper",
        "default('z')",
    ],
    ("g", DEFAULT): [
        "lookup('currency', default=(b | lookup('city', default=0)))",
        "lookup('city', default=0)",
        "default(c | upper | default('z'))",
        "default('z')",
    ],
    ("h.deep.1", BRANCH): [
        "if a in ['1', b | default('-')] and (c == '1' or not c | bool)",
        "else of if a in ['1', b | default('-')] and (c == '1' or not c | bool)",
    ],
    ("h.deep.1", FUNCTION): ["default('-')", "bool", "trim"],
    ("h.deep.1", DEFAULT): ["default('-')"],
    **{(field, VALUE): [field] for field in ("f", "g", "h.deep.1")},
    ("currency", ENTRY): ["TL", "USD"],
    ("city", ENTRY): ["Istanbul", "ISTANBUL", "Izmir"],
}


def test_every_part_of_expressions_within_each_other_is_a_point_once():
    where = "{{ a | lookup('currency', default='eur') == 'try' or (c | bool and b != '9') }}"
    points = points_of(
        {**HOSTILE, "h": {"deep": (0, Expression(DEEP, PLACE))}},
        where=where,
        settled="{{ (a or b) == '1' }}",
    )
    found = {}
    for one in points.all:
        found.setdefault((one.field, one.kind), []).append(one.what)
    assert found == OF_HOSTILE


def test_an_if_without_else_has_an_else_all_the_same():
    points = points_of("{{ 'x' if a == '1' }}")
    assert reached(points, "2", "", "", kinds=(BRANCH,)) == [(BRANCH, "else of if a == '1'")]


def test_an_if_inside_a_condition_counts_as_well():
    points = points_of("{{ 'x' if (a == '1' if b == '2' else a == '3') else 'y' }}")
    assert (BRANCH, "else of if b == '2'") in reached(points, "3", "", "")
    assert (BRANCH, "if b == '2'") in reached(points, "1", "2", "")


@pytest.mark.parametrize(
    ("text", "what", "taken", "not_taken"),
    [
        ("{{ a | default('-') }}", "default('-')", "", "x"),
        ("{{ a or b }}", "or b", "", "x"),
        ("{{ a | lookup('currency', default='eur') }}", "lookup('currency', default='eur')", "GBP", "TL"),
        ("{{ a | lookup('currency', 'eur') }}", "lookup('currency', 'eur')", "GBP", "TL"),
        ("{{ a | lookup('currency', default=b) }}", "lookup('currency', default=b)", "GBP", "TL"),
        ("{{ a | phone('TR', default=none) }}", "phone('TR', default=none)", "0212 555 11 22", "0532 123 45 67"),
        ("{{ a | country(default='?') }}", "country(default='?')", "Nowhere", "Türkiye"),
    ],
)
def test_a_default_is_reached_by_the_value_that_it_stands_in_for(text, what, taken, not_taken):
    points = points_of(text)
    assert told(points.all, DEFAULT) == [(DEFAULT, what)]
    assert reached(points, taken, "b", "", kinds=(DEFAULT,)) == [(DEFAULT, what)]
    assert reached(points, not_taken, "b", "", kinds=(DEFAULT,)) == []


def test_a_null_does_not_take_the_default_of_a_function_by_which_it_passes():
    points = points_of("{{ a | lookup('currency', default='eur') }}")
    assert reached(points, "", "", "") == [(NULL, "f")]


def test_a_function_is_reached_when_it_is_given_a_value_also_when_it_refuses_it():
    points = points_of("{{ a | trim | int }}")
    assert told(points.all, FUNCTION) == [(FUNCTION, "trim"), (FUNCTION, "int")]
    assert reached(points, "7", "", "", kinds=(FUNCTION,)) == [(FUNCTION, "trim"), (FUNCTION, "int")]
    assert reached(points, "x", "", "") == [(FUNCTION, "trim"), (FUNCTION, "int")]
    assert reached(points, "", "", "") == [(NULL, "f")]


def test_two_calls_that_are_written_alike_are_two_points():
    points = points_of("{{ a | upper if c == '1' else b | upper }}")
    assert told(points.all, FUNCTION) == [(FUNCTION, "upper")] * 2
    assert reached(points, "x", "x", "1", kinds=(FUNCTION,)) == [(FUNCTION, "upper")]


def test_each_entry_of_a_lookup_is_one_point_wherever_it_is_used():
    points = points_of({"f": "{{ a | lookup('currency') }}", "g": "{{ b | lookup('currency') }}"})
    entries = [one for one in points.all if one.kind == ENTRY]
    assert entries == [Point(ENTRY, "", "currency", "TL"), Point(ENTRY, "", "currency", "USD")]
    assert reached(points, "TL", "USD", "", kinds=(ENTRY,)) == [(ENTRY, "TL"), (ENTRY, "USD")]


def test_entries_that_are_one_without_regard_to_letters_are_hit_together():
    points = points_of("{{ a | lookup('city', by='lower') }}")
    assert reached(points, "ıstanbul", "", "", kinds=(ENTRY,)) == [(ENTRY, "Istanbul"), (ENTRY, "ISTANBUL")]
    points = points_of("{{ a | lookup('city', by='lower', default=b) }}")
    assert reached(points, "IZMIR ", "", "", kinds=(ENTRY,)) == [(ENTRY, "Izmir")]


def test_a_row_that_where_leaves_out_reaches_nothing_more():
    points = points_of("{{ b }}", where="{{ a == '1' }}", settled="{{ c == '1' }}")
    assert [(one.field, one.what) for one in points.all if one.kind == BRANCH] == [
        ("where", "true"),
        ("where", "false"),
        ("settled", "true"),
        ("settled", "false"),
    ]
    assert reached(points, "2", "x", "1") == [(BRANCH, "false")]
    assert reached(points, "1", "x", "1") == [(BRANCH, "true"), (BRANCH, "true"), (VALUE, "f")]


def test_a_condition_that_cannot_be_computed_is_neither_true_nor_false():
    points = points_of("{{ b }}", where="{{ a | int > 1 }}")
    assert reached(points, "x", "y", "", kinds=(BRANCH, VALUE)) == []


def test_a_field_that_fails_keeps_no_other_from_being_followed_and_constants_have_no_points():
    points = points_of({"f": "{{ a | int }}", "g": "{{ b }}", "h": 7, "i": {"j": Expression("{{ c }}", PLACE)}})
    assert [(one.field, one.place) for one in points.all if one.kind == VALUE] == [
        ("f", PLACE),
        ("g", PLACE),
        ("i.j", PLACE),
    ]
    assert {one.field for one in points.reached(["x", "y", ""]) if one.kind == VALUE} == {"g"}


def test_the_key_of_a_stage_has_points_when_it_is_an_expression():
    points = points_of("{{ b }}", key="{{ a | upper }}")
    assert [(one.kind, one.field, one.what) for one in points.all if one.field == "key"] == [
        (VALUE, "key", "key"),
        (FUNCTION, "key", "upper"),
    ]


EXAMPLES = [
    (name, example)
    for name, function in TABLE.items()
    for example in function.examples
    if not any(one.resource for one in function.parameters)
    and example.error is None
    and all(isinstance(v, str) for v in example.given.values())
]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda one: getattr(one, "text", one))
def test_every_good_example_of_a_function_reaches_the_function_unless_null_passes_by_it(name, example):
    points = points_of(example.text, " ".join(example.given) or "a")
    named = [one for one in points.reached(list(example.given.values()) or [""]) if one.kind == FUNCTION]
    assert any(one.what.split("(")[0] == name for one in named) == (TABLE[name].null or any(example.given.values()))
