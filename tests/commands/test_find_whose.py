"""`etl find` gives a customer all that is theirs, and nothing of another: by what a field comes to, not by a cell of it."""

import sqlite3

import pytest
from commands import etl
from small_migration import MAPPING, ORDERS, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.explain import explain
from etl.commands.find import find
from etl.commands.settings import Settings
from etl.commands.which import Which
from etl.report.looking import explain_lines, find_lines
from etl.report.results import FoundIn, FoundRecord, FoundSending

CODED = """\
version: 1
name: coded
sources: { c: { csv: c.csv }, o: { csv: o.csv }, i: { csv: i.csv } }
stages:
  - name: user
    from: c
    key: customer_code
    fields:
      customer_code: "{{ code }}"
      first_name: x
      last_name: z
      email: "{{ mail | replace('(at)', '@') | email }}"
      phone: "{{ tel | phone('TR', default=none) }}"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: "{{ code | unusable_password }}"
      password_algorithm: sha256
  - name: order
    from: o
    where: "{{ state == 'ok' }}"
    key: "{{ shop ~ '/' ~ no }}"
    refers: { user: user }
    fields:
      number: "{{ shop ~ '-' ~ no }}"
      user: "{{ who }}"
      user_email: a@x.com
      status: "400"
      created_date: "2020-01-01 00:00:00"
      amount: "{{ total | money('.') }}"
      currency: try
      payment_type: ""
      bank: ""
      tracking_number: ""
      shipping_company: x
      shipping_address: "-"
      billing_address: "-"
  - name: order_item
    from: i
    key: "{{ id }}"
    refers: { order_number: order }
    fields: { order_number: "{{ shop ~ '-' ~ (no | int) }}", price: "{{ price | money('.') }}" }
"""
SAME = CODED.replace("key: \"{{ shop ~ '/' ~ no }}\"", "key: number")
FILES = {
    "c.csv": "code,mail,tel\nA,anna@x.com,0212 555 99 88\nB,berta(at)x.com,+49 170 1234567\n",
    "o.csv": "shop,no,who,total,state\nS1,1,A,10.00,ok\nS1,2,B,20.00,test\nS1,3,A,,ok\nS2,7,A,5.00,test\n",
    "i.csv": "id,shop,no,price\n1,S1,1,10.00\n2,S1,2,20.00\n3,S1,3,7.00\n4,S2,7,5.00\n5,S1,3,-\n",
}


def coded(folder, mapping=SAME, **files):
    for name, text in {**FILES, **files, "migration.yaml": mapping}.items():
        (folder / name).write_text(text, encoding="utf-8")
    dry_run(folder / "migration.yaml", Settings(folder / "work", workers=1))
    return folder / "migration.yaml"


def found(mapping, text):
    newest = find(Which(mapping, None), text)[0]
    return [(one.stage, one.key, one.fate) for one in newest.records], newest.notes


OF_A = [
    ("user", "A", "valid"),
    ("order", "S1-1", "valid"),
    ("order", "S1-3", "rejected"),
    ("order", "S2-7", "filtered"),
    ("order_item", "1", "valid"),
    ("order_item", "3", "held"),
    ("order_item", "4", "held"),
    ("order_item", "5", "rejected"),
]
OF_B = [("user", "B", "valid"), ("order", "S1-2", "filtered"), ("order_item", "2", "held")]


@pytest.mark.parametrize(
    ("asked", "theirs"), [("A", OF_A), ("S2-7", OF_A), ("S1-3", OF_A), ("B", OF_B), ("S1-2", OF_B)]
)
def test_rows_that_are_not_sent_are_whose_the_whole_number_says_and_not_a_part_of_it(tmp_path, asked, theirs):
    assert found(coded(tmp_path), asked) == (theirs, ())


def test_a_part_of_a_number_is_nobodys(tmp_path):
    assert found(coded(tmp_path), "S1") == ([], ())


def test_a_row_of_which_nobody_can_say_whose_it_is_is_left_out_and_a_note_tells_of_it(tmp_path):
    mapping = coded(tmp_path, **{"i.csv": FILES["i.csv"] + "6,S1,1 a,5.00\n7,S1,1 b,5.00\n"})
    note = "2 rows of order_item are left out: whose they are cannot be told, as 'order_number' cannot be computed"
    assert found(mapping, "A") == (OF_A, (note,))
    assert f"  note: {note}\n" in etl("find", mapping, "A").stdout
    assert found(mapping, "6") == ([("order_item", "6", "rejected")], (note.replace("2 rows", "1 row").replace(
        "are left out: whose they are", "is left out: whose it is"),))  # fmt: skip


def test_a_filtered_row_of_which_nobody_can_say_whose_it_is_is_told_by_a_note_too(tmp_path):
    odd = SAME.replace('"{{ who }}"', '"{{ who | int | text }}"')
    orders = FILES["o.csv"].replace("A,5.00", "x,5.00").replace("A,", "1,").replace("B,", "2,")
    mapping = coded(tmp_path, odd, **{"o.csv": orders})
    (note,) = found(mapping, "nobody")[1]
    assert note == "1 row of order is left out: whose it is cannot be told, as 'user' cannot be computed"
    assert ("order", "S2-7", "filtered") in found(mapping, "S2-7")[0]


def test_of_a_cell_that_is_kept_hidden_nothing_is_computed(tmp_path):
    secret = SAME.replace("{{ code | unusable_password }}", "{{ tel | unusable_password }}")
    secret = secret.replace('"{{ code }}"', "\"{{ 'T' ~ tel }}\"").replace("key: customer_code", 'key: "{{ code }}"')
    mapping = coded(tmp_path, secret, **{"c.csv": FILES["c.csv"] + "D,no-mail,7\n"})
    note = "1 row of user is left out: whose it is cannot be told, as 'customer_code' cannot be computed"
    assert found(mapping, "T(hidden)") == ([], (note,))
    assert found(mapping, "D") == ([("user", "D", "rejected")], ())


def test_rows_that_are_not_sent_are_read_by_the_expressions_that_their_package_was_made_with(tmp_path):
    mapping = coded(tmp_path)
    mapping.write_text(SAME.replace("shop ~ '-' ~ (no | int)", "id"), encoding="utf-8")
    records, (note,) = found(mapping, "A")
    assert records == OF_A
    assert note.startswith("the mapping has changed since this package was made: what the sources alone tell is told ")


def test_without_the_mapping_rows_that_are_not_sent_are_whose_they_are_too(tmp_path):
    mapping = coded(tmp_path)
    mapping.write_text("name: coded\n", encoding="utf-8")
    records, (note,) = found(mapping, "A")
    assert records == [one for one in OF_A if one[2] != "filtered" and one[1] != "4"]
    assert note.startswith("not looked for: rows that `where` leaves out, and texts that are sent otherwise")


KEYS = [
    ("S1/1", "S1-1", "valid"),
    ("S1/3", "S1-3", "rejected"),
    ("S2/7", "S2-7", "filtered"),
    ("5", "S1-3", "rejected"),
]


@pytest.mark.parametrize(("key", "number", "fate"), KEYS)
def test_a_record_is_found_by_the_key_that_it_is_told_by(tmp_path, key, number, fate):
    records, notes = found(coded(tmp_path, CODED), key)
    assert (key, fate) in [one[1:] for one in records]
    assert records == found(coded(tmp_path, CODED), number)[0]
    assert notes == ()


def test_a_held_record_is_found_by_its_key(tmp_path):
    mapping = coded(tmp_path, CODED, **{"o.csv": FILES["o.csv"] + "S3,1,nobody,5.00,ok\n"})
    assert found(mapping, "S3/1")[0] == [("order", "S3/1", "held")]


def test_the_key_of_an_item_is_not_looked_at_where_a_customer_has_the_same_code(tmp_path):
    mapping = coded(tmp_path, **{"c.csv": FILES["c.csv"] + "2,dora@x.com,\n"})
    assert found(mapping, "2")[0] == [("user", "2", "valid")]


LANDLINE, FOREIGN, WRITTEN = "0212 555 99 88", "+49 170 1234567", "berta(at)x.com"


@pytest.mark.parametrize(
    ("asked", "theirs"),
    [(LANDLINE, OF_A), ("(0212) 5559988", OF_A), (FOREIGN, OF_B), (WRITTEN, OF_B), ("berta@x.com", OF_B)],
)
def test_a_valid_customer_is_found_by_what_the_shop_has_also_where_that_is_not_sent(tmp_path, asked, theirs):
    assert found(coded(tmp_path), asked) == (theirs, ())


def test_a_telephone_is_found_in_any_of_the_columns_that_it_is_made_from(tmp_path):
    either = SAME.replace(
        "{{ tel | phone('TR', default=none) }}", "{{ tel | default(code) | phone('TR', default=none) }}"
    )
    assert found(coded(tmp_path, either), LANDLINE) == (OF_A, ())


def test_where_the_source_is_gone_a_note_says_what_was_not_looked_for(tmp_path):
    mapping = coded(tmp_path)
    (tmp_path / "c.csv").unlink()
    records, (note,) = found(mapping, LANDLINE)
    assert records == []
    assert note.startswith(
        "not looked for: rows that `where` leaves out, and texts that are sent otherwise than the shop"
    )


def test_whom_a_customer_stands_for_is_found_with_what_is_not_sent_of_theirs(tmp_path):
    merging = MAPPING.replace("    unique: [email]\n", "    unique: [email]\n    duplicates: merge\n")
    mapping = write_shop(tmp_path, mapping=merging, orders=ORDERS.replace("10;TL;Moda;\n102", "ten;TL;Moda;\n102"))
    dry_run(mapping, Settings(tmp_path / "work", workers=1))
    records, _ = found(mapping, "1")
    assert [one for one in records if one[0] != "order_item"] == [
        ("user", "1", "valid"),
        ("user", "3", "merged"),
        ("order", "100", "valid"),
        ("order", "101", "rejected"),
    ]


def test_a_valid_row_of_a_table_is_told_by_its_primary_key_as_others_are(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE c (id INTEGER PRIMARY KEY, code TEXT, mail TEXT, tel TEXT)")
        shop.execute("INSERT INTO c VALUES (30, 'A', 'anna@x.com', NULL), (70, 'B', 'berta@x.com', NULL)")
    shop.close()
    served = SAME.replace("c: { csv: c.csv }", "c: { table: c, database: db }").replace(
        "sources:", "databases: { db: shop.db }\nsources:"
    )
    mapping = coded(tmp_path, served)
    assert next(one.place for one in find(Which(mapping, None), "B")[0].records) == "c id 70"
    last = list(explain_lines(explain(mapping, Settings(tmp_path / "work"), "user", "B")))[-1]
    assert last == "user 'B': valid, c id 70"


def test_a_row_that_is_another_one_now_is_told_by_its_number(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE c (id INTEGER PRIMARY KEY, code TEXT, mail TEXT, tel TEXT)")
        shop.execute("INSERT INTO c VALUES (30, 'A', 'anna@x.com', NULL), (70, 'B', 'berta@x.com', NULL)")
    served = SAME.replace("c: { csv: c.csv }", "c: { table: c, database: db }").replace(
        "sources:", "databases: { db: shop.db }\nsources:"
    )
    mapping = coded(tmp_path, served)
    with shop:
        shop.execute("DELETE FROM c WHERE id = 30")
    shop.close()
    assert next(one.place for one in find(Which(mapping, None), "B")[0].records) == "c row 2"


@pytest.mark.parametrize(("errors", "told"), [(1, "1 error"), (2, "2 errors")])
def test_errors_of_a_batch_are_counted_in_english(tmp_path, errors, told):
    sent = FoundSending("shop", 1, "failed", None, errors, counts=True)
    lines = list(find_lines([FoundIn(tmp_path, "", (FoundRecord("user", "1", "c.csv row 2", "valid", sent=(sent,)),))]))
    assert lines[-1].strip() == f"shop: batch 1, failed, {told}"


def test_a_customer_with_thousands_of_rows_is_found_in_the_time_that_reading_them_takes(tmp_path):
    """The reasons of each row were looked for among those of all."""
    mapping = write_shop(tmp_path)
    lines = ORDERS.splitlines()
    bad = [lines[1].replace("100;", f"9{number};", 1).replace("1.299,90", "x") for number in range(20_000)]
    (tmp_path / "orders.csv").write_text("\n".join([lines[0], *bad]) + "\n", encoding="utf-8")
    assert etl("dry-run", mapping).returncode == 1
    done = etl("find", mapping, lines[1].split(";")[1])
    assert "more" in done.stdout


LOOKUPS = "lookups: { codes: { A: A-1, B: B-1 } }\nstages:\n"
LOOKED_UP = (
    SAME.replace("stages:\n", LOOKUPS)
    .replace("{{ code }}", "{{ code | lookup('codes') }}")
    .replace("{{ who }}", "{{ who | lookup('codes') }}")
)


def test_whose_a_row_of_an_older_package_is_is_told_with_the_lookups_of_the_same_mapping(tmp_path):
    orders = "shop,no,who,total,state\nS1,1,A,5.00,ok\nS1,2,A,,ok\nS1,3,B,,ok\n"
    for _ in range(2):
        mapping = coded(tmp_path, LOOKED_UP, **{"o.csv": orders, "i.csv": "id,shop,no,price\n"})
    found = find(Which(mapping, tmp_path / "work"), "A-1")
    assert [[(one.stage, one.key, one.fate) for one in place.records] for place in found] == [
        [("user", "A-1", "valid"), ("order", "S1-1", "valid"), ("order", "S1-2", "rejected")]
    ] * 2
    assert [place.notes for place in found] == [(), ()]


def test_an_order_of_another_customer_with_the_same_number_in_another_stage_is_not_theirs(tmp_path):
    begin = SAME.index("  - name: order\n")
    end = SAME.index("  - name: order_item\n")
    old = (
        SAME[begin:end]
        .replace("name: order\n", "name: archive\n    payload: order\n")
        .replace("from: o\n", "from: old\n")
    )
    two = (SAME[:end] + old + SAME[end:]).replace("o: { csv: o.csv }", "o: { csv: o.csv }, old: { csv: old.csv }")
    archive = "shop,no,who,total,state\nS1,1,B,9.00,ok\nS9,9,B,8.00,ok\n"
    mapping = coded(tmp_path, two, **{"old.csv": archive})
    told = [(one.stage, one.key) for one in find(Which(mapping, tmp_path / "work"), "A")[0].records]
    assert ("order", "S1-1") in told
    assert not [key for stage, key in told if stage == "archive"]


@pytest.mark.parametrize("command", ["find", "report", "reconcile", "lineage"])
def test_a_package_of_another_migration_is_refused(tmp_path, command):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    other = coded(tmp_path / "one")
    own = coded(tmp_path / "two", SAME.replace("name: coded", "name: own"))
    [package] = (other.parent / "work" / "coded" / "packages").iterdir()
    words = ["A"] if command == "find" else []
    done = etl(command, own, *words, "--package", package)
    assert done.returncode == 2
    assert "is a package of migration 'coded', and" in done.stderr
