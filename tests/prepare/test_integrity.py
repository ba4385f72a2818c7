"""Records against records, held to a model so simple that it is plainly right."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_table import plan_of, run_stage

from etl.model import Counts, Expression, Place, Stage
from etl.prepare.integrity import Integrity

HEADER = ("id", "email", "user", "order", "state")
SCHEMA = {"type": "object", "properties": {"state": {"type": "integer", "minimum": 0}}}
FATES = ["migrated", "held", "rejected", "filtered"]


def stage_of(name, **options):
    fields = {column: Expression(f"{{{{ {column} }}}}", Place("m.yaml")) for column in HEADER[:-1]}
    fields["state"] = Expression("{{ state | int }}", Place("m.yaml"))
    where = Expression("{{ state != '0' }}", Place("m.yaml"))
    return Stage(name, "user", "rows", options.pop("key", "id"), fields, where=where, **options)


STAGES = (
    stage_of("user", unique=("email",)),
    stage_of("order", unique=("id", "email"), refers={"user": "user"}),
    stage_of("item", key=Expression("{{ id }}", Place("m.yaml")), refers={"order": "order", "user": "user"}),
)


def integrity_in(folder, bound):
    return Integrity(Path(folder), bound)


def prepare(rows_of_stages, *, part=100, bound=10**9, stages=STAGES):
    """Run the stages over their rows, all of it for real."""
    with TemporaryDirectory() as folder:
        integrity = integrity_in(folder, bound)
        try:
            return [
                run_stage(Path(folder), plan_of(stage, HEADER, SCHEMA), rows, integrity, part=part)
                for stage, rows in zip(stages, rows_of_stages, strict=True)
            ]
        finally:
            integrity.close()


class Model:
    """What should come of it: one row after the other, everything seen so far in plain lists."""

    def __init__(self):
        self.fates = {stage.name: [] for stage in STAGES}
        self.sent = {stage.name: [] for stage in STAGES}

    def run(self, stage, rows):
        return [self.row(stage, number, row) for number, row in enumerate(rows, 2)]

    def row(self, stage, number, row):
        fate, *why = self.judge(stage, row)
        if not isinstance(row, str) and row[0]:
            self.fates[stage.name].append((FATES.index(fate), number, row[0]))
        if fate == "migrated":
            self.sent[stage.name].append((number, dict(zip(HEADER, row, strict=True))))
        return fate, number, *why

    def judge(self, stage, row):
        if isinstance(row, str):
            return "rejected", None
        if row[4] == "0":
            return ("filtered",)
        cells = dict(zip(HEADER, row, strict=True))
        wrong: list[str] = [] if cells["state"] == "1" else ["state"]
        wrong += [] if cells["id"] else [self.key_of(stage)]
        if wrong:
            return "rejected", *wrong
        return self.orphan(stage, cells) or self.repeated(stage, cells) or ("migrated",)

    def orphan(self, stage, cells):
        for field, parent in stage.refers.items():
            known = [(fate, number) for fate, number, key in self.fates[parent] if key == cells[field]]
            if cells[field] and (not known or FATES[min(known)[0]] != "migrated"):
                fate, number = min(known, default=(None, None))
                return "held", field, parent, cells[field], "absent" if fate is None else FATES[fate], number
        return None

    def repeated(self, stage, cells):
        for field in dict.fromkeys(("id", *stage.unique)):
            first = [number for number, one in self.sent[stage.name] if cells[field] and one[field] == cells[field]]
            if first:
                return "rejected", self.key_of(stage) if field == "id" else field, first[0]
        return None

    def key_of(self, stage):
        return stage.key if isinstance(stage.key, str) else None


def first_row(reason):
    return [int(reason.split("of row ")[1])] if "is already the" in reason else []


def told(left):
    """The same facts, read from what was written."""
    found: list[tuple[Any, ...]] = [("migrated", row) for _, row in left.sent]
    for row, lines in groupby(left.rejects, lambda one: one["row"]):
        facts = [fact for one in lines for fact in (one["field"], *first_row(one["reason"]))]
        found.append(("rejected", row, *facts))
    for one in left.held:
        row = one["reason"].split("(row ")[1][:-1] if "(row " in one["reason"] else None
        found.append(
            ("held", one["row"], one["field"], one["parent_stage"], one["parent_key"],
             one["parent_fate"].replace("valid", "migrated"), row and int(row))
        )  # fmt: skip
    return sorted(found, key=lambda one: one[1])


keys = st.sampled_from(["", "1", "2", "3", "4", "5"])
whole_rows = st.tuples(keys, keys, keys, keys, st.sampled_from(["1", "1", "1", "1", "0", "-1", "x"]))
tables = st.lists(st.one_of(whole_rows, whole_rows, whole_rows, st.just("cannot be read")), max_size=12)


@settings(max_examples=80, deadline=None)
@given(st.tuples(tables, tables, tables), st.sampled_from([1, 2, 3, 5, 100]), st.sampled_from([0, 1, 3, 10, 10**9]))
def test_every_row_ends_as_the_model_says(rows_of_stages, part, bound):
    model = Model()
    for stage, rows, left in zip(STAGES, rows_of_stages, prepare(rows_of_stages, part=part, bound=bound), strict=True):
        expected = model.run(stage, rows)
        fates = [one[0] for one in expected]
        assert left.counts == Counts(
            len(rows), *(fates.count(fate) for fate in ("filtered", "rejected", "held", "migrated"))
        )
        assert left.counts.add_up()
        assert told(left) == [one for one in expected if one[0] != "filtered"]
        assert [record["id"] for record in left.records] == [key for key, _ in left.sent]


def reasons(left):
    return [(one["row"], one["key"], one["field"], one["reason"]) for one in [*left.rejects, *left.held]]


def user(key, email="", state="1"):
    return (key, email, "", "", state)


def order(key, user, state="1"):
    return (key, "", user, "", state)


def item(key, order, user=""):
    return (key, "", user, order, "1")


def test_the_first_of_two_equal_records_wins():
    users = prepare([[user("1", "a"), user("2", "a"), user("1", "b"), user("3", "b")], [], []])[0]
    assert users.sent == [("1", 2), ("3", 5)]
    assert reasons(users) == [
        (3, "2", "email", "'a' is already the email of row 2"),
        (4, "1", "id", "'1' is already the id of row 2"),
    ]


def test_a_key_that_is_no_field_is_called_the_key():
    items = prepare([[], [], [item("1", ""), item("1", "")]])[2]
    assert reasons(items) == [(3, "1", None, "'1' is already the key of row 2")]


def test_a_record_that_is_not_sent_claims_neither_its_key_nor_its_other_values():
    users = prepare([[user("1", "a", "-1"), user("1", "b", "0"), user("1", "a")], [], []])[0]
    assert users.sent == [("1", 4)]


def test_null_is_never_a_duplicate_and_refers_to_nobody():
    users, orders, _ = prepare([[user("1"), user("2")], [order("1", ""), order("2", "")], []])
    assert users.counts == orders.counts == Counts(2, 0, 0, 0, 2)


def test_a_record_is_held_because_of_what_became_of_its_parent():
    users = [user("1"), user("2", state="x"), user("3", state="0"), user("4", state="-1")]
    orders = [order("a", "1"), order("b", "2"), order("c", "3"), order("d", "4"), order("e", "5")]
    items = [item("1", "a"), item("2", "b"), item("3", "z"), item("4", "a", "3")]
    _, orders, items = prepare([users, orders, items])
    assert orders.sent == [("a", 2)]
    assert reasons(orders) == [
        (3, "b", "user", "user '2' is rejected (row 3)"),
        (4, "c", "user", "user '3' is filtered (row 4)"),
        (5, "d", "user", "user '4' is rejected (row 5)"),
        (6, "e", "user", "there is no user '5' in this migration"),
    ]
    assert items.sent == [("1", 2)]
    assert reasons(items) == [
        (3, "2", "order", "order 'b' is held (row 3)"),
        (4, "3", "order", "there is no order 'z' in this migration"),
        (5, "4", "user", "user '3' is filtered (row 4)"),
    ]
    assert items.held[0] == {
        "source": "shop.csv", "row": 3, "key": "2", "field": "order", "parent_stage": "order", "parent_key": "b",
        "parent_fate": "held", "reason": "order 'b' is held (row 3)",
        "rule": "orphan:held", "words": "{stage} {key} is held (row {row})",
        "parts": {"stage": "order", "key": "b", "row": 3}, "place": None,
    }  # fmt: skip


@pytest.mark.parametrize("part", [1, 2, 100])
def test_of_a_parents_rows_that_fail_alike_the_first_is_named(part):
    users = [user("1"), user("2", "", "x"), user("1", "", "1"), user("3", "", "1"), user("3", "", "-1")]
    twice = [user("9", "a"), user("8", "", "-1"), user("8", "a"), user("8", "", "x")]
    _, orders, _ = prepare([[*users, *twice], [order("a", "8"), order("b", "2"), order("c", "3")], []], part=part)
    assert orders.sent == [("c", 4)]
    assert reasons(orders) == [
        (2, "a", "user", "user '8' is rejected (row 8)"),
        (3, "b", "user", "user '2' is rejected (row 3)"),
    ]


@pytest.mark.parametrize("part", [1, 100])
def test_a_parent_that_is_valid_in_a_later_row_is_migrated(part):
    users = [user("1", state="0"), user("1", state="x"), user("1")]
    _, orders, _ = prepare([users, [order("a", "1")], []], part=part)
    assert orders.sent == [("a", 2)]


def test_held_records_stand_in_the_order_of_their_rows_whatever_holds_them():
    items = [item("1", "", "x"), item("2", "x"), item("3", "", "y"), item("4", "y")]
    for part in (1, 4):
        assert [one["row"] for one in prepare([[], [], items], part=part)[2].held] == [2, 3, 4, 5]
