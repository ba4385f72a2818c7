"""`duplicates: merge`: the first account stays, later keys stand for it, and what refers to them refers to it."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_table import plan_of, run_stage
from small_migration import MAPPING, files_in, write_shop

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.explain import explain
from etl.commands.find import find
from etl.commands.settings import Settings
from etl.commands.summing import summary_of
from etl.commands.which import Which
from etl.model import Counts, Expression, Place, Stage
from etl.package import Package
from etl.prepare.integrity import Integrity
from etl.report.page.facts import Telling, report_facts

HEADER = ("id", "email", "phone", "user", "other", "state")
SCHEMA = {"type": "object", "properties": {"state": {"type": "integer", "minimum": 0}}}


def stage_of(name, **options):
    fields = {column: Expression(f"{{{{ {column} }}}}", Place("m.yaml")) for column in HEADER[:-1]}
    fields["state"] = Expression("{{ state | int }}", Place("m.yaml"))
    return Stage(name, "user", "rows", "id", fields, **options)


USERS = stage_of("user", unique=("email", "phone"), duplicates="merge")
ORDERS = stage_of("order", refers={"user": "user", "other": "user"})


class Journal:
    """What earlier loads have left: records that have arrived, and aliases."""

    def __init__(self, records=(), aliases=()):
        self.sent, self.pairs = dict(records), list(aliases)

    def among(self, stage, keys):
        return [key for key in keys if key in self.sent]

    def records(self, stage):
        return iter(self.sent.items())

    def aliases(self, stage):
        return iter(self.pairs)


def prepare(users, orders, *, part=100, bound=10**9, before=None, stages=(USERS, ORDERS)):
    with TemporaryDirectory() as folder:
        integrity = Integrity(Path(folder), bound, before or Journal(), {"user"})
        try:
            return [
                run_stage(Path(folder), plan_of(stage, HEADER, SCHEMA), rows, integrity, part=part)
                for stage, rows in zip(stages, (users, orders), strict=True)
                if stage is not None
            ]
        finally:
            integrity.close()


def user(key, email="", phone="", state="1"):
    return (key, email, phone, "", "", state)


def order(key, user, other="", state="1"):
    return (key, "", "", user, other, state)


def merged(left):
    return [(one["row"], one["key"], one["into"], one["field"]) for one in left.merged]


def test_a_later_account_with_the_same_email_stands_for_the_first_and_its_orders_go_there():
    users, orders = prepare(
        [user("1", "ali@example.com"), user("2", " ALI@Example.com "), user("3", "veli@example.com")],
        [order("a", "2"), order("b", "1"), order("c", "3", "2")],
    )
    assert users.sent == [("1", 2), ("3", 4)]
    assert users.counts == Counts(3, 0, 0, 0, 2, 1)
    assert users.counts.add_up()
    assert [(one["user"], one["other"]) for one in orders.records] == [("1", None), ("1", None), ("3", "1")]
    assert [one["reason"] for one in users.merged] == [
        "'ALI@Example.com' is already the email of '1' (row 2), which it is merged into"
    ]


def test_of_several_fields_one_that_is_shared_is_enough_and_what_is_not_sent_claims_nothing():
    users, _ = prepare(
        [user("1", "a", "11"), user("2", "a", "22"), user("3", "b", "22"), user("4", "c", "11"), user("5", "c", "5")],
        [],
    )
    assert merged(users) == [(3, "2", "1", "email"), (5, "4", "1", "phone")]
    assert users.sent == [("1", 2), ("3", 4), ("5", 6)]


def test_the_same_key_twice_is_still_a_mistake_and_an_alias_is_nobodys_key():
    users, orders = prepare(
        [user("1", "a"), user("1", "a"), user("2", "a"), user("2", "b"), user("3", "b")], [order("o", "2")]
    )
    assert [(one["row"], one["reason"]) for one in users.rejects] == [
        (3, "'1' is already the id of row 2"),
        (5, "'2' is already the id of row 4"),
    ]
    assert merged(users) == [(4, "2", "1", "email")]
    assert users.sent == [("1", 2), ("3", 6)]
    assert orders.records[0]["user"] == "1"


def test_who_is_rejected_is_nobodys_first():
    users, orders = prepare(
        [user("1", "a", state="x"), user("2", "a"), user("3", "a")], [order("o", "1"), order("p", "3")]
    )
    assert users.sent == [("2", 3)]
    assert merged(users) == [(4, "3", "2", "email")]
    assert [one["reason"] for one in orders.held] == ["user '1' is rejected (row 2)"]
    assert [one["user"] for one in orders.records] == ["2"]


def test_null_is_shared_by_nobody():
    users, _ = prepare([user("1"), user("2")], [])
    assert users.counts == Counts(2, 0, 0, 0, 2)


def model(users, orders):
    """One row after the other, all in plain lists."""
    rows, holders, aliases, sent = {}, {}, {}, []
    for number, (key, email, phone, *_, state) in enumerate(users, 2):
        values = [(name, value.strip().casefold()) for name, value in (("email", email), ("phone", phone)) if value]
        if state != "1" or not key or key in rows:
            continue
        rows[key] = number
        shared = next((holders[value] for value in values if value in holders), None)
        if shared is not None:
            aliases[key] = shared
            continue
        sent.append(key)
        holders.update(dict.fromkeys(values, key))
    found = []
    for key, _, _, user, other, state in orders:
        named = [aliases.get(one, one) for one in (user, other)]
        if state == "1" and key and all(not one or one in sent for one in named):
            found.append((key, *(one or None for one in named)))
    firsts = {one[0]: one for one in reversed(found)}
    return sent, aliases, [one for one in found if firsts[one[0]] is one]


keys = st.sampled_from(["", "1", "2", "3", "4", "5"])
values = st.sampled_from(["", "a", "A", "b", " b", "c"])
states = st.sampled_from(["1", "1", "1", "1", "x"])
user_rows = st.lists(st.tuples(keys, values, values, st.just(""), st.just(""), states), max_size=14)
order_rows = st.lists(st.tuples(keys, st.just(""), st.just(""), keys, keys, states), max_size=8)


@settings(max_examples=80, deadline=None)
@given(user_rows, order_rows, st.sampled_from([1, 2, 3, 100]), st.sampled_from([0, 1, 3, 10**9]))
def test_whatever_the_parts_and_the_memory_every_row_ends_as_the_model_says(users, orders, part, bound):
    sent, aliases, found = model(users, orders)
    left, left_orders = prepare(users, orders, part=part, bound=bound)
    assert [key for key, _ in left.sent] == sent
    assert {one["key"]: one["into"] for one in left.merged} == aliases
    assert left.counts.merged == len(aliases)
    assert left.counts.add_up()
    assert [(one["id"], one["user"], one["other"]) for one in left_orders.records] == found


# What earlier loads have brought


def test_who_has_arrived_with_an_earlier_load_is_the_first_wherever_it_stands_now():
    before = Journal({"9": {"email": "A"}})
    users, orders = prepare([user("1", "a"), user("9", "a"), user("2", "b")], [order("o", "1")], before=before)
    assert users.sent == [("9", 3), ("2", 4)]
    assert [one["reason"] for one in users.merged] == [
        "'a' is already the email of '9' (which came with an earlier load), which it is merged into"
    ]
    assert orders.records[0]["user"] == "9"


def test_who_has_arrived_stays_what_it_is():
    before = Journal({"1": {"email": "a"}, "2": {"email": "a"}})
    users, orders = prepare([user("1", "a"), user("2", "a"), user("3", "a")], [order("o", "2")], before=before)
    assert users.sent == [("1", 2), ("2", 3)]
    assert merged(users) == [(4, "3", "1", "email")]
    assert orders.records[0]["user"] == "2"


def test_a_delta_of_orders_knows_the_aliases_of_earlier_packages():
    before = Journal({"1": {"email": "a"}}, [("2", "1"), ("8", "7")])
    (orders,) = prepare([], [order("o", "2"), order("p", "8"), order("q", "1")], before=before, stages=(None, ORDERS))
    assert [one["user"] for one in orders.records] == ["1", "1"]
    assert [one["reason"] for one in orders.held] == [
        "user '7' has not arrived, and its stage is not among those that are prepared"
    ]


@pytest.mark.parametrize("bound", [0, 10**9])
def test_aliases_of_aliases_lead_to_the_one_that_is_sent_and_a_circle_to_nobody(bound):
    before = Journal({"9": {"email": "z"}}, [("3", "2"), ("5", "6"), ("6", "5")])
    users = [user("1", "a"), user("2", "a")]
    _, orders = prepare(users, [order("o", "3"), order("p", "5")], before=before, bound=bound)
    assert [one["user"] for one in orders.records] == ["1"]
    assert len(orders.held) == 1


def test_an_account_that_has_an_email_of_its_own_now_is_no_alias_any_more():
    before = Journal({"1": {"email": "a"}}, [("2", "1")])
    users, orders = prepare([user("2", "new")], [order("o", "2")], before=before)
    assert users.sent == [("2", 2)]
    assert orders.records[0]["user"] == "2"


# The whole way

MERGING = MAPPING.replace("unique: [email]", "unique: [email]\n    duplicates: merge")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("merging")
    return dry_run(write_shop(folder, mapping=MERGING), Settings(folder / "work", workers=1))


def test_merged_rows_are_counted_everywhere(package):
    stage = Package.open(package.path).stage("user")
    assert stage.counts.merged == 1
    assert stage.counts.add_up()
    assert summary_of(package).stages[0].merged == 1
    assert report_facts(package, Telling()).stages[0].merged == 1
    package.check()


def test_the_list_in_the_package_names_both_and_keeps_the_row(package):
    stage = package.stage("user")
    (one,) = package.merged(stage)
    assert (one.key, one.into, one.row, one.first) == ("3", "1", 4, 2)
    assert [(row.fate, row.row) for row in package.rows(stage) if row.fate == "merged"] == [("merged", 4)]
    orders = [json.loads(one.data) for one in package.walk(package.stage("order"))]
    assert {one["number"]: one["user"] for one in orders}["101"] == "1"


def test_find_and_explain_tell_whom_an_alias_stands_for(package):
    mapping = Path(package.manifest.mapping.file)
    workspace = package.path.parents[2]
    found = {(one.stage, one.key): one for one in find(Which(mapping, workspace), "3")[0].records}
    assert found["user", "3"].fate == "merged"
    assert found["user", "3"].why == (
        "field 'email': 'ayse@example.com' is already the email of '1' (row 2), which it is merged into",
    )
    assert found["order", "101"].fate == "valid"
    told = explain(mapping, Settings(workspace), "order", "101")
    assert [(one.field, one.key, one.into) for one in told.aliases] == [("user", "3", "1")]


def test_the_bytes_are_the_same_for_any_number_of_workers(package, tmp_path):
    mapping = Path(package.manifest.mapping.file)
    other = dry_run(mapping, Settings(tmp_path / "work", workers=2, keys=0))
    assert files_in(other.path) == files_in(package.path)


def test_without_the_line_all_is_as_before(package, tmp_path):
    plain = dry_run(write_shop(tmp_path), Settings(tmp_path / "work", workers=1))
    stage = plain.stage("user")
    assert (stage.counts.merged, stage.merged, stage.counts.rejected) == (0, None, 3)
    assert not (plain.path / "merged").exists()


def test_merging_by_nothing_is_a_problem(tmp_path):
    mapping = write_shop(tmp_path, mapping=MAPPING.replace("unique: [email]", "duplicates: merge"))
    assert [one.what for one in check(mapping).problems if one.kind == "mapping"] == [
        "merges nothing: name in `unique` by which field one record is another, as `unique: [email]`"
    ]
