"""Rows that `where` leaves out: no package keeps them, and `etl find` finds them in the sources."""

import json

import pytest
from commands import etl
from database_mapping import database_mapping
from shops import shop_of
from small_migration import CUSTOMERS, MAPPING, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.find import find
from etl.commands.settings import Settings
from etl.commands.which import Which

CODED = MAPPING.replace('customer_code: "{{ id }}"', 'customer_code: "C-{{ id }}"')


UNREAD = "1 row of user is left out: whose it is cannot be told, as 'customer_code' cannot be computed"
"""Customer 6 has a cell too few."""


def shop(folder, **files):
    """A mapping of which a package has been made. Customer 4 is not active."""
    mapping = write_shop(folder, **files)
    dry_run(mapping, Settings(folder / "work", workers=1))
    return mapping


def told(mapping, text):
    place = find(Which(mapping, None), text)[0]
    return [(one.stage, one.key, one.fate, one.place) for one in place.records], place.notes


@pytest.mark.parametrize("asked", ["4", "ece@example.com", "0532 765 43 21", "102"])
def test_a_filtered_customer_is_found_with_its_row_and_all_that_waits_for_it(tmp_path, asked):
    mapping = shop(tmp_path, customers=CUSTOMERS.replace("example.com;0;;", "example.com;0;+90 532 7654321;"))
    assert told(mapping, asked) == (
        [
            ("user", "4", "filtered", "customers.csv row 5"),
            ("order", "102", "held", "orders.csv row 4"),
            ("order_item", "102-BOT-2", "held", "lines.csv row 5"),
        ],
        (UNREAD,),
    )


@pytest.mark.parametrize("asked", ["ece@örnek.com", " Ece@Örnek.com ", "ece@xn--rnek-4qa.com"])
def test_an_address_is_found_as_the_shop_writes_it_also_where_its_domain_is_sent_otherwise(tmp_path, asked):
    mapping = MAPPING.replace("{{ email | lower('en') }}", "{{ email | email }}", 1)
    made = shop(tmp_path, customers=CUSTOMERS.replace("ece@example.com", "Ece@Örnek.com"), mapping=mapping)
    assert ("user", "4", "filtered", "customers.csv row 5") in told(made, asked)[0]


def test_the_condition_that_is_not_true_is_told_with_its_place(tmp_path):
    mapping = shop(tmp_path)
    done = etl("find", mapping, "4")
    assert done.returncode == 0
    assert f"    `where` is not true of it ({mapping}:13:12): {{{{ active == '1' }}}}\n" in done.stdout


def test_explain_does_not_look_for_a_filtered_row_in_a_package(tmp_path):
    done = etl("explain", shop(tmp_path), "user", "4")
    assert done.stdout.startswith("user '4': customers.csv row 5: filtered\n")
    assert "package" not in done.stdout.lower()


def test_what_is_asked_for_is_what_the_mapping_makes_of_a_filtered_row(tmp_path):
    mapping = shop(tmp_path, mapping=CODED)
    assert told(mapping, "C-4") == ([("user", "C-4", "filtered", "customers.csv row 5")], (UNREAD,))


def test_a_rejected_row_is_found_by_the_code_that_was_computed_for_it_too(tmp_path):
    mapping = shop(tmp_path, mapping=CODED)
    found = [("user", "C-5", "rejected", "customers.csv row 6"), ("order", "103", "held", "orders.csv row 5")]
    assert told(mapping, "C-5")[0] == found[:1]  # what the order refers to is no C-5
    assert told(mapping, "5")[0] == found


def test_filtered_orders_and_their_items_are_found_by_the_order_and_by_the_customer(tmp_path):
    only_try = MAPPING.replace(
        "    refers: { user: user }\n", "    where: \"{{ currency == 'TL' }}\"\n    refers: { user: user }\n"
    )
    mapping = shop(tmp_path, mapping=only_try)
    order = ("order", "106", "filtered", "orders.csv row 8")
    item = ("order_item", "106-CRP-3", "rejected", "lines.csv row 7")
    user = ("user", "2", "valid", "customers.csv row 3")
    for asked in ("106", "2"):
        assert told(mapping, asked) == ([user, order, item], (UNREAD,))


def test_a_row_of_which_the_condition_cannot_be_computed_is_rejected_and_not_filtered(tmp_path):
    odd = MAPPING.replace("{{ active == '1' }}", "{{ active | int == 1 }}")
    mapping = shop(tmp_path, mapping=odd, customers=CUSTOMERS.replace("ali@example.com;1", "ali@example.com;x"))
    found = [one for one in told(mapping, "2")[0] if one[0] == "user"]
    assert found == [("user", "2", "rejected", "customers.csv row 3")]


def test_a_source_that_has_changed_is_read_as_it_is_now_and_a_note_says_so(tmp_path):
    mapping = shop(tmp_path)
    customers = tmp_path / "customers.csv"
    customers.write_text(
        CUSTOMERS.replace("2;ali", "8;Oya Ay;oya@example.com;0;;01.01.2018 00:00\n2;ali"), encoding="utf-8"
    )
    now = "has changed since this package was made: what the sources alone tell is told as it is now"
    assert told(mapping, "oya@example.com") == (
        [("user", "8", "filtered", "customers.csv row 3")],
        (f"'customers' {now}", UNREAD),
    )
    mapping.write_text(MAPPING.replace("active == '1'", "active == '0'"), encoding="utf-8")
    records, notes = told(mapping, "2")
    assert records[:2] == [
        ("user", "2", "valid", "customers.csv row 3"),
        ("user", "2", "filtered", "customers.csv row 4"),
    ]
    assert notes == (f"the mapping {now}", f"'customers' {now}", UNREAD)
    assert f"  note: the mapping {now}\n" in etl("find", mapping, "2").stdout
    assert json.loads(etl("find", mapping, "2", "--json").stdout)["packages"][0]["notes"] == list(notes)


def test_a_source_that_is_gone_leaves_what_the_package_has(tmp_path):
    mapping = shop(tmp_path)
    (tmp_path / "customers.csv").unlink()
    records, (note, _) = told(mapping, "102")
    assert [one[:3] for one in records] == [("order", "102", "held"), ("order_item", "102-BOT-2", "held")]
    assert note.startswith(
        "not looked for: rows that `where` leaves out, and texts that are sent otherwise than the shop has"
    )
    assert "customers.csv" in note


def test_where_the_package_has_all_as_the_shop_has_it_no_source_is_opened(tmp_path):
    plain = MAPPING.replace("    where: \"{{ active == '1' }}\"\n", "")
    plain = plain.replace("{{ email | lower('en') }}", "{{ email }}")
    plain = plain.replace("\"{{ phone | phone('TR', default=none) }}\"", "null")
    mapping = shop(tmp_path, mapping=plain)
    for name in ("customers", "orders", "lines"):
        (tmp_path / f"{name}.csv").unlink()
    assert told(mapping, "106")[1] == (UNREAD,)


def test_only_the_newest_package_is_told_with_what_is_left_out_and_any_that_is_named(tmp_path):
    mapping = shop(tmp_path)
    first = dry_run(mapping, Settings(tmp_path / "work", workers=1, packages=tmp_path / "before"))
    newest, *_ = find(Which(mapping, None), "4")
    named = find(Which(mapping, None), "4", first.path)
    assert [[one.fate for one in place.records] for place in (newest, *named)] == [["filtered", "held", "held"]] * 2


SERVED = database_mapping(
    ['orders: { sql: "SELECT customer_id FROM oc_customer", database: shop }'], "orders", "customer_id", "customer_id"
)


def test_rows_of_a_server_are_those_of_its_snapshot_and_without_one_nobody_is_asked(tmp_path, monkeypatch):
    with shop_of("postgresql", tmp_path) as served:
        monkeypatch.setenv("LEGACY", served.location)
        served.run(
            "CREATE TABLE oc_customer (customer_id integer PRIMARY KEY, firstname text, email text, group_id integer)",
            "CREATE TABLE oc_group (group_id integer PRIMARY KEY, name varchar(60))",
            "INSERT INTO oc_group VALUES (1, 'retail'), (2, 'wholesale')",
            "INSERT INTO oc_customer VALUES (1, 'Ayşe', 'a@example.com', 1), (2, 'Ali', 'b@example.com', 2)",
        )
        mapping = tmp_path / "migration.yaml"
        mapping.write_text(SERVED, encoding="utf-8")
        dry_run(mapping, Settings(tmp_path / "work", workers=1))
        served.run("DROP TABLE oc_customer", "DROP TABLE oc_group")
    found = find(Which(mapping, None), "b@example.com")[0]
    assert [(one.key, one.fate, one.place) for one in found.records if one.stage == "user"] == [
        ("2", "filtered", "oc_customer customer_id 2")
    ]
    (snapshot,) = (tmp_path / "work/acme/snapshots").iterdir()
    snapshot.rename(tmp_path / "elsewhere")
    found = find(Which(mapping, None), "b@example.com")[0]
    assert found.records == ()
    assert found.notes == (
        "not looked for in user: rows that `where` leaves out, and texts that are sent otherwise than the shop has them "
        "(customers, group not on this machine; `etl explain MAPPING user KEY` reads it)",
    )
