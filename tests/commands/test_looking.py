"""Find, explain and reconcile: commands that look at what a dry-run or run left."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from commands import GOOD_ROWS, ROOT, etl
from commands import write_shop as customers_shop
from rich.console import Console
from small_migration import CUSTOMERS, MAPPING, ORDERS, write_shop

from etl.cli.plain import explanation
from etl.commands.dry_run import dry_run
from etl.commands.explain import explain
from etl.commands.find import find
from etl.commands.lineage import lineage
from etl.commands.reconcile import reconcile
from etl.commands.settings import Settings
from etl.commands.which import Which
from etl.errors import MappingError
from etl.expressions.tracing import call_at
from etl.report.looking import explain_lines, shown_explanation
from etl.report.reconciled import Reconciled, print_reconciled


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    mapping = write_shop(tmp_path_factory.mktemp("looking"))
    return Which(mapping, None), dry_run(mapping, Settings(mapping.parent / "work", workers=1))


def found_by(which, text):
    (package,) = find(which, text)
    return [(one.stage, one.key, one.fate) for one in package.records]


OF_AYSE = [("user", "1", "valid"), ("order", "100", "valid")]


@pytest.mark.parametrize(
    "asked", ["1", "ayse@example.com", " AYSE@Example.com ", "0532 123 45 67", "+90 532 1234567", "100"]
)
def test_a_customer_is_found_by_code_email_telephone_or_order_with_all_that_is_theirs(shop, asked):
    which, _ = shop
    found = found_by(which, asked)
    assert [one for one in OF_AYSE if one in found] == OF_AYSE
    assert {(stage, fate) for stage, _, fate in found if stage == "order_item"} == {
        ("order_item", "valid"),
        ("order_item", "rejected"),
    }


def test_the_file_of_a_row_is_told_also_where_no_row_of_it_was_left_out(tmp_path):
    mapping = customers_shop(tmp_path, GOOD_ROWS)
    dry_run(mapping, Settings(tmp_path / "work", workers=1))
    (package,) = find(Which(mapping, None), "2")
    assert [one.place for one in package.records] == ["customers.csv row 3"]


def test_rows_of_many_files_are_not_said_to_be_of_the_first_file_that_has_a_rejected_one(tmp_path):
    mapping = customers_shop(tmp_path, GOOD_ROWS, **{"csv: customers.csv": "csv: customers-*.csv"})
    (tmp_path / "customers.csv").rename(tmp_path / "customers-1.csv")
    (tmp_path / "customers-2.csv").write_text("id,name,mail\n3,Umut,nobody\n", encoding="utf-8")
    dry_run(mapping, Settings(tmp_path / "work", workers=1))
    (package,) = find(Which(mapping, None), "1")
    assert [one.place for one in package.records] == ["customers-*.csv row 2"]


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_is_not_looked_for(text, shop):
    with pytest.raises(MappingError, match="nothing to look for; give a customer's code, an e-mail address"):
        find(shop[0], text)


def test_what_is_not_sent_is_found_with_its_reason_and_its_row(shop):
    which, _ = shop
    (package,) = find(which, "5")
    user = next(one for one in package.records if one.stage == "user")
    assert (user.fate, user.place) == ("rejected", "customers.csv row 6")
    assert any("can@example" in one for one in user.why)
    assert not any("can@example" in one for one in user.masked)
    order = next(one for one in package.records if one.stage == "order")
    assert (order.key, order.fate, order.why) == ("103", "held", ("field 'user': user '5' is rejected (row 6)",))


def test_without_a_package_there_is_nothing_to_look_at(tmp_path):
    which = Which(write_shop(tmp_path), None)
    for look in (lambda: find(which, "1"), lambda: reconcile(which)):
        with pytest.raises(MappingError, match="there is no package yet; `etl dry-run` makes one"):
            look()


@pytest.mark.parametrize("asked", ["İŞIK@ılık.com", "işik@ılık.com", "ışık@ILIK.com", "IŞIK@ILIK.COM", "işık@ılık.com"])
def test_turkish_letters_are_found_in_small_and_in_capitals_whoever_made_them_so(tmp_path, asked):
    rows = CUSTOMERS + "8;Naz Su;İŞIK@ILIK.com;1;;01.01.2018 00:00\n9;Su;isik@ılik.com;1;;01.01.2018 00:00\n"
    shown = MAPPING.replace("{{ email | digest('md5') }}", "f" * 32)  # a cell that a password is made of is kept hidden
    mapping = write_shop(tmp_path, customers=rows, mapping=shown)
    dry_run(mapping, Settings(tmp_path / "work", workers=1))
    [package] = find(Which(mapping), asked)
    assert [one.place for one in package.records] == ["customers.csv row 9"]


def test_nothing_is_found_by_what_nobody_has(shop):
    assert found_by(shop[0], "nobody@example.com") == []


def test_every_value_on_the_way_of_a_field_is_told_as_it_is_computed(shop):
    which, _ = shop
    found = explain(which.mapping, Settings(which.mapping.parent / "work"), "user", "1")
    first_name = next(one for one in found.fields if one.field == "first_name")
    assert [(one.kind, one.what, one.value) for one in first_name.steps] == [
        ("column", "name", "AYŞE NUR IŞIK"),
        ("function", "split_name('first')", "AYŞE NUR"),
        ("function", "title('tr')", "Ayşe Nur"),
    ]
    assert first_name.place.endswith("migration.yaml:18:19")
    assert (found.fate, found.row, [one.fate for one in found.went]) == ("valid", 2, ["valid"])


def test_what_is_explained_is_what_is_sent(shop):
    """By the same code: every field of every valid record of the sample's orders, in one value with its payload."""
    which, package = shop
    for stage in package.stages:
        for one in package.walk(stage):
            found = explain(which.mapping, Settings(which.mapping.parent / "work"), stage.name, one.key)
            record = orjson.loads(one.data)
            flat = {field.field: field.value for field in found.fields if "." not in field.field}
            for name in flat.keys() - {"where"}:
                assert json.loads(json.dumps(flat[name], default=str)) == record[name]


def test_a_field_that_fails_is_told_up_to_where_it_fails(shop):
    which, _ = shop
    found = explain(which.mapping, Settings(which.mapping.parent / "work"), "order", "105")
    amount = next(one for one in found.fields if one.field == "amount")
    assert [(one.what, one.value) for one in amount.steps] == [("amount", "ten")]
    assert len(amount.problems) == 1
    assert found.fate == "rejected"


def test_a_password_is_never_explained_and_personal_data_is_masked(shop):
    which, _ = shop
    found = explain(which.mapping, Settings(which.mapping.parent / "work"), "user", "1")
    masked = "\n".join(explain_lines(shown_explanation(found, show_data=False)))
    shown = "\n".join(explain_lines(shown_explanation(found, show_data=True)))
    assert "IŞIK" not in masked
    assert "IŞIK" in shown
    password = next(one.value for one in found.fields if one.field == "password")
    assert password not in shown


WAS = "has changed since this package was made: where the record went is of what it was then"


def test_a_source_and_a_mapping_that_are_not_those_of_the_package_are_told(tmp_path):
    mapping = write_shop(tmp_path)
    made = Settings(tmp_path / "work", workers=1)
    assert explain(mapping, made, "order", "100").notes == ()
    dry_run(mapping, made)
    customers = tmp_path / "customers.csv"
    customers.write_text(customers.read_text(encoding="utf-8").replace("AYŞE", "Ayse"), encoding="utf-8")
    assert explain(mapping, made, "order", "100").notes == ()
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("yurtici", "aras"), encoding="utf-8")
    found = explain(mapping, made, "user", "1")
    assert found.notes == (f"the mapping {WAS}", f"'customers' {WAS}")
    assert f"note: 'customers' {WAS}" in explain_lines(found)
    assert explanation(found)["notes"] == list(found.notes)


LOOKING_UP = [
    ("{{ currency | lookup('currency') }}", "TL", (True, "TL"), "| lookup('currency') -> 'try' (entry 'TL')"),
    ("{{ currency | lookup('currency', by='lower') }}", "tl", (True, "TL"), "-> 'try' (entry 'TL')"),
    ("{{ currency | lookup('currency', default='try') }}", "YTL", (False, None), "-> 'try' (no entry: the default)"),
    (
        "{{ currency | lookup('currency', default=note) }}",
        "YTL",
        (False, None),
        "-> 'kapıya \"bırak\"' (no entry: the default)",
    ),
    ("{{ currency | lookup('currency', default='try') }}", "", (None, None), "-> null"),
]


@pytest.mark.parametrize(("text", "cell", "hit", "told"), LOOKING_UP)
def test_of_a_lookup_the_entry_that_was_hit_is_told_and_where_the_default_was_taken(tmp_path, text, cell, hit, told):
    mapping = write_shop(
        tmp_path,
        mapping=MAPPING.replace("{{ currency | lookup('currency') }}", text),
        orders=ORDERS.replace(";TL;", f";{cell};"),
    )
    found = explain(mapping, Settings(tmp_path / "work"), "order", "100")
    (step,) = [
        one for field in found.fields if field.field == "currency" for one in field.steps if "lookup" in one.what
    ]
    assert (step.hit, step.entry) == hit
    assert any(line.endswith(told) for line in explain_lines(shown_explanation(found, show_data=True)))


def test_the_entry_of_a_personal_field_is_masked_as_its_values_are(tmp_path):
    names = MAPPING.replace("lookups:", "lookups:\n  names: { AYŞE NUR IŞIK: Ayşe }").replace(
        "{{ name | split_name('first') | title('tr') }}", "{{ name | lookup('names', default='-') }}"
    )
    found = explain(write_shop(tmp_path, mapping=names), Settings(tmp_path / "work"), "user", "1")
    assert not any("IŞIK" in line for line in explain_lines(shown_explanation(found, show_data=False)))
    assert "    | lookup('names', default='-') -> 'Ayşe' (entry 'AYŞE NUR IŞIK')" in explain_lines(found)


def test_a_key_that_no_row_has_is_an_error(shop):
    which, _ = shop
    with pytest.raises(MappingError, match="no row of user has the key '77'"):
        explain(which.mapping, Settings(which.mapping.parent / "work"), "user", "77")


@pytest.mark.parametrize(
    ("text", "name", "call"),
    [
        ("{{ a | title('tr') | lower }}", "title", "title('tr')"),
        ("{{ a | default(')' ~ b(1)) }}", "default", "default(')' ~ b(1))"),
        ("{{ a | lower }}", "lower", "lower"),
    ],
)
def test_a_function_is_told_as_it_is_written(text, name, call):
    assert call_at(text, text.index(name), name) == call


def test_money_that_is_accounted_for_is_in_order(shop):
    made = reconcile(shop[0])
    amount = next(one for one in made if one.field == "amount")
    assert amount.unaccounted == 0
    assert [(line.currency, line.payload) for line in amount.totals][-1] == ("usd", 0.05)
    # `ten` cannot be read: what that order amounts to is not known.
    assert (amount.unread, amount.ok) == ({"rejected": 1}, False)


def test_amounts_that_can_all_be_read_are_in_order(tmp_path):
    mapping = write_shop(tmp_path, orders=ORDERS.replace("ten;EUR", "10;EUR"))
    dry_run(mapping, Settings(tmp_path / "work", workers=1))
    assert all(one.ok for one in reconcile(Which(mapping, None)))


def test_a_field_of_which_no_row_has_an_amount_is_no_empty_table(capsys):
    print_reconciled(Console(file=sys.stdout), [Reconciled("order", "discount_amount", (), 0.0, {})])
    assert capsys.readouterr().out == "order: discount_amount: no row has an amount\n"


def test_the_sample_is_reconciled(tmp_path):
    mapping = ROOT / "mappings" / "opencart" / "migration.yaml"
    dry_run(mapping, Settings(tmp_path, workers=1))
    assert [(one.field, one.ok) for one in reconcile(Which(mapping, Path(tmp_path)))] == [
        ("amount", True),
        ("discount_amount", True),
        ("price", True),
    ]


def test_each_field_is_told_with_its_columns_functions_and_lookups_and_columns_that_nobody_uses(shop, tmp_path):
    found = {(one.stage, one.field): one for one in lineage(shop[0]).fields}
    currency, name = found["order", "currency"], found["user", "first_name"]
    assert (currency.columns, currency.functions, currency.lookups) == (("currency",), ("lookup",), ("currency",))
    assert (name.columns, name.functions, name.lookups) == (("name",), ("split_name", "title"), ())
    assert found["order", "billing_address"].columns == ("address",)
    assert lineage(shop[0]).unused == ()
    dry_run(
        write_shop(tmp_path, orders=ORDERS.replace("note\n", "remark\n"), mapping=WITHOUT_NOTE),
        Settings(tmp_path / "work"),
    )
    assert lineage(Which(tmp_path, None)).unused == (("order", "remark"),)


ODD = """{{ (name if 'x | lookup(0)' == name else name) | default("| digits | lookup('zz')") | trim }}"""


def test_a_call_is_told_as_it_is_read_and_a_text_that_looks_like_one_is_a_text(tmp_path):
    changed = MAPPING.replace("lookup('currency')", "lookup(table='currency')")
    usual = "\"{{ name | split_name('first') | title('tr') }}\""
    assert usual in changed
    mapping = write_shop(tmp_path, mapping=changed.replace(usual, f">-\n        {ODD}"))
    dry_run(mapping, Settings(tmp_path / "work", workers=1))
    found = {(one.stage, one.field): one for one in lineage(Which(mapping, None)).fields}
    currency, name = found["order", "currency"], found["user", "first_name"]
    assert (currency.functions, currency.lookups) == (("lookup",), ("currency",))
    assert (name.columns, name.functions, name.lookups) == (("name",), ("default", "trim"), ())


WITHOUT_NOTE = MAPPING.replace('note: "{{ note }}", ', "")


@pytest.mark.parametrize(
    ("stage", "key", "fates"),
    [
        ("order_item", "100-BOT-2", ["valid"]),
        ("order_item", "100-KZK-1", ["valid", "rejected"]),
        ("order_item", "102-BOT-2", ["held"]),
        ("order_item", "106-CRP-3", ["rejected"]),
        ("user", "4", []),
    ],
)
def test_where_a_record_went_is_explained_by_its_key_whatever_that_is_made_of(stage, key, fates, shop):
    which, _ = shop
    found = explain(which.mapping, Settings(which.mapping.parent / "work"), stage, key)
    assert [one.fate for one in found.went] == fates
    assert NOT_THERE not in list(explain_lines(found))


NOT_THERE = "this package does not have this record"


def test_that_no_package_has_a_record_is_told(tmp_path):
    mapping = write_shop(tmp_path)
    none_yet = "no package has rows of user yet; `etl dry-run` makes one"
    assert none_yet in list(explain_lines(explain(mapping, Settings(tmp_path / "work"), "user", "1")))
    dry_run(mapping, Settings(tmp_path / "work", workers=1, stages=("order",)))
    assert none_yet in list(explain_lines(explain(mapping, Settings(tmp_path / "work"), "user", "1")))
    dry_run(mapping, Settings(tmp_path / "work", workers=1, stages=("user",)))
    customers = tmp_path / "customers.csv"
    customers.write_text(CUSTOMERS + "8;Naz Su;naz@example.com;1;;01.01.2018 00:00\n", encoding="utf-8")
    assert list(explain_lines(explain(mapping, Settings(tmp_path / "work"), "user", "8")))[-1] == NOT_THERE


@pytest.mark.parametrize("later", [{"stages": ("order",)}, {"limit": 1}])
def test_where_a_record_went_is_told_of_the_newest_package_that_may_have_it(tmp_path, later):
    mapping, made = write_shop(tmp_path), Settings(tmp_path / "work", workers=1)
    older = dry_run(mapping, made)
    dry_run(mapping, replace(made, **later))
    shown = etl("explain", mapping, "user", "2").stdout.splitlines()
    assert shown[-2:] == [f"Package: {older.path}", "user '2': valid, customers.csv row 3"]
    told = json.loads(etl("explain", mapping, "user", "2", "--json").stdout)
    assert told["package"] == str(older.path)
    assert [one["fate"] for one in told["went"]] == ["valid"]


@pytest.mark.parametrize("command", ["reconcile", "report", "lineage"])
def test_a_newest_package_that_is_damaged_is_told_and_none_before_it_is_taken_for_it(tmp_path, command):
    mapping = write_shop(tmp_path)
    for _ in range(2):
        assert etl("dry-run", mapping).returncode == 1
    last = max((tmp_path / "work" / "shop" / "packages").iterdir())
    manifest = last / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:50])
    done = etl(command, mapping)
    assert (done.returncode, str(manifest) in done.stderr) == (1, True), done


def test_of_a_record_that_is_held_it_is_said_that_it_is_valid_by_itself(tmp_path):
    mapping = write_shop(tmp_path)
    assert etl("dry-run", mapping).returncode == 1
    first = {key: etl("explain", mapping, "order", key).stdout.splitlines()[0] for key in ("100", "104")}
    assert first["104"].endswith(": valid by itself")
    assert first["100"].endswith(": valid")
