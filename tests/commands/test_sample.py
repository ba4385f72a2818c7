"""`etl sample`: the few records that show everything a mapping does."""

import json
import stat
from itertools import combinations
from pathlib import Path
from random import Random

import openpyxl
import orjson
import pytest
from commands import TARGET, etl, target
from hypothesis import given
from hypothesis import strategies as st
from load_helpers import TOKEN
from msgspec.structs import replace
from small_migration import CUSTOMERS, MAPPING, ORDERS, large_shop, write_shop

from etl.commands import sampling
from etl.commands.reconcile import reconcile
from etl.commands.sample import sample
from etl.commands.settings import Settings
from etl.commands.which import Which
from etl.errors import PackageError
from etl.measures.covering import cover, least, needless
from etl.package import Package
from etl.report.sample import masked_sample, sample_lines, told

PARENTS = {"user": "user", "order_number": "order"}
"""Of the small shop's records: field -> the stage that it refers to."""


def settings_of(mapping, **how):
    return Settings(mapping.parent / "work", workers=1, **how)


def records_of(package):
    return {(stage.name, one.key): orjson.loads(one.data) for stage in package.stages for one in package.walk(stage)}


def missing(found):
    return {told(one).partition(": ")[2]: one.nobody for one in found.uncovered}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    mapping = write_shop(tmp_path_factory.mktemp("sample"), **large_shop(11, 150))
    return mapping, sample(mapping, settings_of(mapping))


# Covering


SETS = st.lists(st.frozensets(st.integers(0, 12), max_size=5), max_size=25)


@given(SETS, st.data())
def test_what_is_taken_holds_all_and_each_of_it_added_something(sets, data):
    costs = data.draw(st.lists(st.integers(1, 4), min_size=len(sets), max_size=len(sets)))
    covered = set()
    taken = cover(sets, costs, covered)
    assert covered == set().union(*sets)
    seen = set()
    for at in taken:
        best = max(len(one - seen) / cost for one, cost in zip(sets, costs, strict=True))
        assert len(sets[at] - seen) / costs[at] == best
        seen |= sets[at]
    assert seen == covered


@given(SETS, st.sets(st.integers(0, 24)))
def test_what_is_needless_takes_nothing_away_and_what_stays_is_needed(sets, needed):
    named = list(enumerate(sets))
    gone = set(needless(named, needed))
    assert not gone & needed
    stays = [(name, one) for name, one in named if name not in gone]
    assert set().union(*(one for _, one in stays)) == set().union(*sets)
    for name, one in stays:
        others = set().union(*(other for at, other in stays if at != name))
        assert name in needed or not one <= others


# How few they are


RICH = (
    MAPPING.replace("sms_allowed: false", "sms_allowed: \"{{ true if a == '1' else false }}\"")
    .replace('email_allowed: "{{ active | bool }}"', "email_allowed: \"{{ true if b == '1' else false }}\"")
    .replace('payment_type: ""', "payment_type: \"{{ 'card' if d == '1' else 'transfer' }}\"")
    .replace('      bank: ""', "      bank: \"{{ 'X' if e == '1' else 'Y' }}\"")
    .replace('tracking_number: ""', "tracking_number: \"{{ 'T' if f == '1' else 'U' }}\"")
    .replace("installment_count: 1", "installment_count: \"{{ 1 if g == '1' else 2 }}\"")
)


def rich_shop(seed):
    """Few records that show different things, so that which of them are chosen matters."""
    chosen = Random(seed)

    def flags(count):
        return ";".join(chosen.choice("01") for _ in range(count))

    customers = [f"{n};Ali {n};m{n}@example.com;1;;01.05.2020 12:00;{flags(2)}" for n in range(4)]
    orders = [
        f"{n};{chosen.randrange(4)};a@example.com;01.05.2020 12:00;5;{chosen.choice(['TL', 'USD'])};Moda;;{flags(4)}"
        for n in range(7)
    ]
    lines = [f"{chosen.randrange(7)};S{n};Bot;1;{chosen.choice(['5', '12,50'])}" for n in range(3)]
    return {
        "mapping": RICH,
        "customers": "\n".join(["id;name;email;active;phone;joined;a;b", *customers]) + "\n",
        "orders": "\n".join(["number;customer;email;date;amount;currency;address;note;d;e;f;g", *orders]) + "\n",
        "lines": "\n".join(["order;sku;product;quantity;price", *lines]) + "\n",
    }


def fewest(records):
    """The size of the smallest set that shows all and lacks nothing that it refers to: every set is tried."""
    everything = frozenset().union(*(one.points for one in records.values()))
    for size in range(len(records) + 1):
        for names in map(set, combinations(records, size)):
            closed = all(parent in names for name in names for parent in records[name].parents)
            if closed and frozenset().union(*(records[name].points for name in names)) == everything:
                return size
    raise AssertionError("all of them show all")


@pytest.mark.parametrize("seed", range(4))
def test_the_fewest_that_there_can_be_lie_between_what_is_told_and_what_there_is(seed, tmp_path, monkeypatch):
    seen, records = {}, sampling._Reading.records

    def watched(reading, left):
        for one in records(reading, left):
            seen[one.name] = one
            yield one

    monkeypatch.setattr(sampling._Reading, "records", watched)
    mapping = write_shop(tmp_path, **rich_shop(seed))
    found = sample(mapping, settings_of(mapping))
    assert len(seen) == 14
    assert found.least <= fewest(seen) <= sum(one.records for one in found.stages) <= 2 * found.least


@given(SETS)
def test_no_fewer_sets_hold_all_than_are_said_to_be_needed(sets):
    everything = frozenset().union(*sets)
    needed = least([sum(1 << one for one in each) for each in sets])
    few = (some for some in combinations(sets[:12], max(needed - 1, 0)))
    assert needed == 0 or not any(frozenset().union(*some) == everything for some in few)
    assert needed <= len(cover(sets, [1] * len(sets), set()))


POINTS = st.frozensets(st.integers(0, 5), max_size=3)


@given(st.lists(POINTS, min_size=1, max_size=3), st.lists(st.tuples(POINTS, st.integers(0, 3)), max_size=4), st.data())
def test_no_fewer_records_show_all_than_are_said_to_be_needed_whatever_stages_share(users, orders, data):
    """Points that several stages show, records that refer to one which arrived earlier, and to one of those that refer."""
    seen = {}
    items = data.draw(st.lists(st.tuples(POINTS, st.integers(0, 4)), max_size=3))
    stages = {"user": [(one, 0) for one in users], "order": orders, "item": items}
    families, before = sampling.Families(stages), {"user": None, "order": "user", "item": "order"}
    for stage, rows in stages.items():
        for at, (points, parent) in enumerate(rows):
            refers = () if before[stage] is None else ((before[stage], str(parent)),)
            one = sampling.SampledRecord(stage, (str(at), at), b"", points, refers, ())
            families.see(one)
            seen[one.name] = replace(one, parents=tuple(each for each in refers if each in seen))
    assert families.least() <= fewest(seen)


# The records


def test_the_records_are_those_of_the_whole_package_and_all_that_they_refer_to_is_there(shop, tmp_path):
    mapping, found = shop
    whole = tmp_path / "whole"
    from etl.commands.dry_run import dry_run

    everything = records_of(dry_run(mapping, settings_of(mapping, packages=whole)))
    few = records_of(Package.open(found.package))
    assert few.items() <= everything.items()
    assert len(few) < len(everything) / 8
    for (stage, _), record in few.items():
        assert all((parent, record[field]) in few for field, parent in PARENTS.items() if field in record), stage


def test_its_own_report_tells_of_the_amounts_and_the_fields_of_the_chosen_records(shop):
    mapping, found = shop
    package = Package.open(found.package)
    records = records_of(package)
    orders = [one for (stage, _), one in records.items() if stage == "order"]
    report = json.loads((package.path / "report.json").read_text(encoding="utf-8"))
    [amounts] = [one for one in report["money"] if one["field"] == "amount"]
    sent = sum(one["payload"] for one in amounts["totals"])
    assert sent == pytest.approx(sum(one["amount"] for one in orders))
    [numbers] = [one for one in report["fields"] if (one["stage"], one["name"]) == ("order", "number")]
    assert (numbers["records"], numbers["empty"]) == (len(orders), 0)
    assert all(one.ok for one in reconcile(Which(mapping, mapping.parent / "work"), found.package))


def test_a_sample_of_a_mapping_that_makes_passwords_has_a_report_in_the_language_that_was_asked_for(tmp_path):
    text = MAPPING.replace("{{ email | digest('md5') }}", "{{ id | unusable_password }}")
    mapping = write_shop(tmp_path, mapping=text.replace("_algorithm: md5", "_algorithm: sha256"))
    found = sample(mapping, settings_of(mapping, language="tr"))
    assert '<html lang="tr">' in (found.package / "report.html").read_text(encoding="utf-8")


def test_everything_that_a_sent_row_reaches_is_shown_and_every_record_is_there_for_a_reason(shop):
    _, found = shop
    assert {one.kind for one in found.points} == {"value", "null", "branch", "default", "entry", "function"}
    assert missing(found) == {
        "user.last_name: default('-') stands in": "no row reaches it",
        "user.phone: phone('TR', default=none)": "no row reaches it",
        "user.phone: phone('TR', default=none) stands in": "no row reaches it",
        "user.phone has a value": "no row reaches it",
    }
    shown = {(one.shown.stage, one.shown.key) for one in found.points if one.shown}
    records = records_of(Package.open(found.package))
    parents = {(stage, one[field]) for one in records.values() for field, stage in PARENTS.items() if field in one}
    assert records.keys() == shown | (records.keys() & parents)


def test_the_fewest_are_found_where_one_record_shows_all(tmp_path):
    customers = (
        CUSTOMERS.splitlines()[0]
        + "\n"
        + "".join(
            f"{n};Ali Can;m{n}@example.com;1;{'0532 123 45 67' if n == 40 else ''};01.05.2020 12:00\n"
            for n in range(90)
        )
    )
    mapping = write_shop(
        tmp_path,
        customers=customers,
        orders="number;customer;email;date;amount;currency;address;note\n1;40;a@b.com;01.05.2020 12:00;5;TL;Moda;\n",
        lines="order;sku;product;quantity;price\n1;A;B;1;5\n",
    )
    found = sample(mapping, settings_of(mapping))
    assert [(one.name, one.records, one.of) for one in found.stages] == [
        ("user", 2, 90),  # one with a telephone, who has the order, and one without
        ("order", 1, 1),
        ("order_item", 1, 1),
    ]
    assert found.least == 4
    assert "4 records: fewer cannot show all that these show" in list(sample_lines(found))


def test_where_the_fewest_are_not_known_it_is_told_how_many_are_needed_at_least(shop):
    found = replace(shop[1], least=3)
    count = sum(one.records for one in found.stages)
    assert f"{count} records: fewer than 3 cannot show all that these show" in list(sample_lines(found))


def test_of_too_many_records_it_is_not_told_how_few_would_do(tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_FAMILIES", 5)
    found = sample(mapping := write_shop(tmp_path), settings_of(mapping))
    assert found.least is None
    assert not any("records:" in line for line in sample_lines(found))


def test_what_no_row_reaches_is_said_and_what_only_rows_reach_that_are_not_sent(tmp_path):
    mapping = write_shop(
        tmp_path, mapping=MAPPING.replace("TL: try, USD: usd", "TL: try, USD: usd, GBP: gbp, EUR: eur")
    )
    found = sample(mapping, settings_of(mapping))
    assert missing(found) == {
        "user.last_name: default('-') stands in": "no row reaches it",
        "lookup 'currency', entry 'GBP'": "no row reaches it",
        "lookup 'currency', entry 'EUR'": "only rows that are not sent reach it",
    }
    lines = list(sample_lines(found))
    assert any(line.endswith("lookup 'currency', 1 entry ('GBP'): no row reaches it") for line in lines)


def test_both_of_two_addresses_that_are_sent_alike_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr("etl.prepare.oddities.MOST_ADDRESSES", 2)
    stage = """\
  - name: address
    from: customers
    key: "{{ id }}"
    refers: { customer_code: user }
    fields:
      title: Ev
      customer_code: "{{ '1' }}"
      first_name: "{{ name | split_name('first') }}"
      last_name: Kaya
      country: Türkiye
      city: İSTANBUL
      township: KADIKÖY
      line: "Moda {{ active }}"
      email: a@example.com
      phone_number: null
  - name: order
"""
    text = MAPPING.replace("  - name: order\n", stage, 1)
    rows = [
        "1;Ayşe Kaya;a@example.com;1;;01.01.2018 00:00",
        "2;Ali Kaya;b@example.com;1;;01.01.2018 00:00",
        "3;Ali Can;c@example.com;1;;01.01.2018 00:00",
        "4;Ali Su;d@example.com;0;;01.01.2018 00:00",
    ]
    mapping = write_shop(tmp_path, customers="\n".join([CUSTOMERS.splitlines()[0], *rows, ""]), mapping=text)
    found = sample(mapping, settings_of(mapping))
    addresses = [key for stage, key in records_of(Package.open(found.package)) if stage == "address"]
    assert {"2", "3"} <= set(addresses)
    warned = [one for one in found.points if one.kind == "warning"]
    assert [one.shown.key for one in warned if one.shown] == ["2", "3"]
    told = "the same address of a customer is sent more than once (looked for until there were 2)"
    for points in (found.points, masked_sample(found).points):
        assert {one.what for one in points if one.kind == "warning"} == {told}


def test_a_set_that_a_pilot_can_send_is_there_also_where_other_records_show_all_that_it_shows(tmp_path):
    stage = """\
  - name: address
    from: customers
    where: "{{ phone is not none }}"
    key: "{{ id }}"
    refers: { customer_code: user }
    fields:
      title: Ev
      customer_code: "{{ id }}"
      first_name: "{{ name }}"
      last_name: Kaya
      country: Türkiye
      city: İSTANBUL
      township: KADIKÖY
      line: Moda
      email: a@example.com
      phone_number: null
  - name: order
"""
    rows = [
        "1;Ali Can;a@example.com;1;0532 123 45 67;01.01.2018 00:00",  # an address and no order
        "2;Ali Can;b@example.com;1;;01.01.2018 00:00",  # an order and no address
        "3;Ali Can;c@example.com;1;0532 123 45 68;01.01.2018 00:00",  # both, as they have them
    ]
    orders = ["20;2;b@example.com;01.05.2020 12:00;5;TL;Moda;", "30;3;c@example.com;01.05.2020 12:00;5;TL;Moda;"]
    mapping = write_shop(
        tmp_path,
        customers="\n".join([CUSTOMERS.splitlines()[0], *rows, ""]),
        orders="\n".join([ORDERS.splitlines()[0], *orders, ""]),
        lines="order;sku;product;quantity;price\n20;A;B;1;5\n30;A;B;1;5\n",
        mapping=MAPPING.replace("  - name: order\n", stage, 1),
    )
    few = records_of(Package.open(sample(mapping, settings_of(mapping)).package))
    assert {("user", "3"), ("address", "3"), ("order", "30")} <= few.keys()
    assert [one["order_number"] for (stage, _), one in few.items() if stage == "order_item"] == ["30"]


def test_a_mapping_that_sends_nothing_has_no_sample(tmp_path):
    mapping = write_shop(tmp_path, mapping=MAPPING.replace("active == '1'", "active == '9'"))
    with pytest.raises(PackageError, match="no record would be sent, so there is none to choose"):
        sample(mapping, settings_of(mapping))
    assert not (tmp_path / "work/shop/samples").exists()


def test_rows_of_a_query_and_of_a_database_are_sampled_as_those_of_a_file(tmp_path):
    import sqlite3

    text = MAPPING.replace('{ csv: customers.csv, delimiter: ";" }', "{ table: customers, database: shop.sqlite }")
    text = text.replace(
        '{ csv: orders.csv, delimiter: ";" }',
        '{ query: "SELECT o.* FROM raw o JOIN customers c ON c.id = o.customer" }',
    ).replace("sources:\n", 'sources:\n  raw: { csv: orders.csv, delimiter: ";" }\n')
    mapping = write_shop(tmp_path, mapping=text)
    header, *rows = [line.split(";") for line in CUSTOMERS.replace("\nAk", " Ak").replace('"', "").splitlines()]
    with sqlite3.connect(tmp_path / "shop.sqlite") as database:
        database.execute(f"CREATE TABLE customers ({', '.join(header)})")
        database.executemany(
            f"INSERT INTO customers VALUES ({', '.join('?' * len(header))})",
            [row for row in rows if len(row) == len(header)],
        )
    found = sample(mapping, settings_of(mapping))
    assert [(one.name, one.records) for one in found.stages] == [("user", 3), ("order", 2), ("order_item", 1)]


# What is told and left


def test_nothing_of_the_whole_package_is_kept_and_what_is_left_is_for_its_owner_alone(shop):
    mapping, found = shop
    assert not (mapping.parent / "work/shop/packages").exists()
    assert stat.S_IMODE(found.customers_file.stat().st_mode) == 0o600
    Package.open(found.package).check()


def test_the_workbook_lists_customers_unmasked_and_points_with_the_record_that_shows_each(shop):
    _, found = shop
    book = openpyxl.load_workbook(found.customers_file)
    head, *rows = ([cell.value for cell in row] for row in book["customers"].iter_rows())
    assert head == ["customer", "name", "e-mail", "phone", "user", "order", "order_item", "look at", "is right"]
    assert [row[0] for row in rows] == [one.key for one in found.customers]
    assert rows[0][2].endswith("@example.com")
    assert "user " in rows[0][7]
    points = list(book["points"].iter_rows(values_only=True))
    assert len(points) == len(found.points) + 1


def test_a_name_that_looks_like_a_formula_is_text(tmp_path):
    customers = CUSTOMERS.replace("AYŞE NUR IŞIK", "=cmd() X")
    mapping = write_shop(tmp_path, customers=customers)
    found = sample(mapping, settings_of(mapping))
    cells = [cell for row in openpyxl.load_workbook(found.customers_file)["customers"] for cell in row]
    assert [cell.data_type for cell in cells if str(cell.value).lower().startswith("=cmd")] == ["s"]


def test_the_command_tells_it_masked_and_ends_with_0(tmp_path):
    mapping = write_shop(tmp_path)
    done = etl("sample", mapping, "--workers", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ayse@" not in done.stdout
    assert "a***@e***.com" in done.stdout
    assert "Next: `etl run " in done.stdout
    plain = json.loads(etl("sample", mapping, "--workers", 1, "--json").stdout)
    assert [one["name"] for one in plain["stages"]] == ["user", "order", "order_item"]
    assert [(one["field"], one["what"]) for one in plain["uncovered"]] == [("last_name", "default('-')")]
    assert "ayse@example.com" in etl("sample", mapping, "--workers", 1, "--show-data").stdout


def test_a_sample_is_masked_by_what_is_printed_and_by_json(shop):
    _, found = shop
    masked = masked_sample(found)
    assert not any("@example.com" in one.email or " " in one.name.replace("*** ", "") for one in masked.customers)


def test_the_sample_is_sent_by_run_and_by_pilot(tmp_path, sandbox):
    text = MAPPING.replace("target: { batch_size: 7 }", TARGET)
    mapping = write_shop(tmp_path, mapping=text)
    found = sample(mapping, settings_of(mapping))
    where = target(sandbox.url, TOKEN)
    piloted = etl("pilot", mapping, "--package", found.package, "--json", **where)
    assert (piloted.returncode, piloted.stderr) == (0, "")
    assert json.loads(piloted.stdout)["package"] == str(found.package)
    done = etl("run", mapping, "--package", found.package, "--json", **where)
    summary = json.loads(done.stdout)
    assert done.returncode == 0
    assert [one["uploaded"] for one in summary["stages"]] == [one.records for one in found.stages]
    refused = etl("pilot", mapping, "--package", found.package, "--fresh", **where)
    assert (refused.returncode, "leave --fresh and --snapshot out" in refused.stderr) == (2, True)


def test_the_command_takes_the_language_of_the_report_and_of_the_customers_workbook(tmp_path):
    mapping = write_shop(tmp_path, **large_shop(11, 150))
    made = json.loads(etl("sample", mapping, "--workers", 1, "--json", ETL_LANGUAGE="tr").stdout)
    book = openpyxl.load_workbook(made["customers_file"])
    assert book.sheetnames == ["müşteriler", "noktalar"]
    heads = [cell.value for cell in book["müşteriler"][1]]
    assert (heads[:4], heads[-2:]) == (["müşteri", "ad", "e-posta", "telefon"], ["bakılacaklar", "doğru mu"])
    assert '<html lang="tr">' in (Path(made["package"]) / "report.html").read_text(encoding="utf-8")
    assert etl("sample", mapping, "--workers", 1, "--language", "en").returncode == 0
