"""Whole dry-runs of small shops: every row accounted for, and the same package whatever it was made with."""

from __future__ import annotations

import json

import pytest
from small_migration import CUSTOMERS, LINES, ORDERS, files_in, large_shop, write_shop

from etl.commands.dry_run import dry_run as dry_run_command
from etl.commands.settings import Settings
from etl.errors import MappingError
from etl.expressions import PrivateKey
from etl.model import Counts


def dry_run(folder, name="work", **settings):
    return dry_run_command(folder / "migration.yaml", Settings(folder / name, **settings))


def facts(package):
    """All that must not depend on how a package was made."""
    return files_in(package.path), package.manifest.stages, package.manifest.mapping, package.manifest.inputs


def lines(package, name):
    return [json.loads(line) for line in (package.path / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A dirty shop whose sources are several parts long."""
    folder = tmp_path_factory.mktemp("large")
    write_shop(folder, **large_shop(seed=7, users=2200))
    return folder


@pytest.fixture(scope="module")
def reference(large):
    return dry_run(large, workers=1)


def test_every_row_of_a_dirty_shop_is_accounted_for(reference):
    assert [stage.counts.read for stage in reference.stages] == [2200, 4400, 6600]
    for stage in reference.stages:
        counts = stage.counts
        assert counts.add_up()
        assert counts.rejected > 100
        assert counts.valid > 500
        assert counts.valid == sum(batch.records for batch in reference.batches(stage))
        assert counts.valid == sum(len(reference.records(batch)) for batch in reference.batches(stage))
        assert counts.rejected == len({reject.row for reject in reference.rejects(stage)})
        assert counts.held == len({held.row for held in reference.held(stage)}) == stage.held.records


def test_every_row_has_one_fate(reference):
    for stage in reference.stages:
        sent = [row for batch in reference.batches(stage) for _, row in reference.index(batch)]
        rejected = {reject.row for reject in reference.rejects(stage)}
        held = [held.row for held in reference.held(stage)]
        assert sent == sorted(set(sent))
        assert held == sorted(set(held))
        assert [reject.row for reject in reference.rejects(stage)] == sorted(r.row for r in reference.rejects(stage))
        known = [*sent, *rejected, *held]
        assert len(set(known)) == len(known) == stage.counts.read - stage.counts.filtered
        assert set(known) <= set(range(2, stage.counts.read + 2))


def test_whoever_is_sent_has_all_that_it_refers_to(reference):
    keys = {
        stage.name: [key for batch in reference.batches(stage) for key, _ in reference.index(batch)]
        for stage in reference.stages
    }
    assert all(len(set(one)) == len(one) for one in keys.values())
    users, orders, items = (
        [json.loads(record) for batch in reference.batches(stage) for record in reference.records(batch)]
        for stage in reference.stages
    )
    assert len({user["email"] for user in users}) == len(users)
    assert {order["user"] for order in orders} <= set(keys["user"])
    assert {item["order_number"] for item in items} <= set(keys["order"])
    held = {(one.parent_stage, one.parent_key) for stage in reference.stages for one in reference.held(stage)}
    assert not {(stage, key) for stage, found in keys.items() for key in found} & held


@pytest.mark.parametrize(
    "settings", [{"workers": 2}, {"workers": 3, "keys": 10}, {"workers": 1, "keys": 0}, {"workers": 2, "keys": 10**9}]
)
def test_the_package_is_the_same_however_it_is_made(large, reference, settings):
    name = "-".join(f"{key}-{value}" for key, value in settings.items())
    assert facts(dry_run(large, name, **settings)) == facts(reference)


def test_the_package_is_the_same_without_the_fast_paths(tmp_path):
    write_shop(tmp_path, **large_shop(seed=3, users=150))
    assert facts(dry_run(tmp_path, "slow", fast=False)) == facts(dry_run(tmp_path, "fast", fast=True))


def test_a_limit_makes_the_beginning_of_the_package(large, reference):
    package = dry_run(large, "limited", limit=300, workers=2)
    assert [stage.counts.read for stage in package.stages] == [300, 300, 300]
    users, all_users = package.stages[0], reference.stages[0]
    batches, all_batches = list(package.batches(users)), list(reference.batches(all_users))
    whole = len(batches) - 1
    assert whole > 5
    assert batches[:whole] == all_batches[:whole]
    assert list(package.rejects(users)) == [one for one in reference.rejects(all_users) if one.row <= 301]


def test_progress_is_told_for_every_row(large):
    seen = {}

    def watch(stage, rows):
        seen[stage] = seen.get(stage, 0) + rows

    dry_run_command(large / "migration.yaml", Settings(large / "watched", workers=2, limit=50), watch)
    assert seen == {"user": 50, "order": 50, "order_item": 50}


def test_the_cells_of_a_source_that_says_so_are_not_trimmed(tmp_path):
    mapping = write_shop(tmp_path, lines="order;sku;product;quantity;price\n100; A 1 ; Kazak ;1;5\n")
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(
        text.replace('lines.csv, delimiter: ";"', 'lines.csv, delimiter: ";", trim: false'), encoding="utf-8"
    )
    package = dry_run(tmp_path)
    (batch,) = package.batches(package.stage("order_item"))
    (item,) = json.loads(package.payload(batch))
    assert (item["sku"], item["product"]) == (" A 1 ", " Kazak ")
    assert package.index(batch) == [("100- A 1", 2)]


def test_dates_are_written_as_the_target_says_and_checked_against_that(tmp_path):
    mapping = write_shop(tmp_path)
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(
        text.replace("batch_size: 7", 'batch_size: 7, datetime_format: "%d/%m/%Y %H.%M"'), encoding="utf-8"
    )
    package = dry_run(tmp_path)
    users = json.loads(package.payload(next(package.batches(package.stage("user")))))
    assert [user["date_joined"] for user in users] == ["29/02/2020 10.30", "01/03/2019 09.05", "15/07/2021 23.59"]


JSON_ROWS = [
    {"order": 100, "sku": "A", "quantity": 2, "price": 12.5, "note": {"a": [1, None, 0.1]}},
    {"order": 100, "sku": "B", "quantity": 2.0, "price": 0.1, "note": None},
    {"order": 100, "sku": "C", "quantity": 1, "price": 10**30, "note": "x"},
    {"order": 100, "sku": "D", "quantity": [10**30], "price": 1, "note": "x"},
    {"order": 100, "sku": "half \ud83d", "quantity": 1, "price": 1, "note": "x"},
    {"order": 100, "sku": "E", "quantity": 1, "price": 1, "note": {"deep": [[[[[[["x"]]]]]]]}},
]


@pytest.mark.parametrize("kind", ["json", "jsonl"])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_values_of_json_go_through_or_are_rejected_whatever_they_are(tmp_path, kind, workers):
    mapping = write_shop(tmp_path)
    rows = json.dumps(JSON_ROWS) if kind == "json" else "".join(f"{json.dumps(row)}\n" for row in JSON_ROWS)
    (tmp_path / f"lines.{kind}").write_text(rows, encoding="utf-8")
    text = mapping.read_text(encoding="utf-8").replace(
        '{ csv: lines.csv, delimiter: ";" }', f"{{ {kind}: lines.{kind} }}"
    )
    text = text.replace('"{{ quantity | int }}"', '"{{ quantity }}"').replace('"{{ price | money }}"', '"{{ price }}"')
    text = text.replace('"{{ product }}"', "null").replace("extra_field: {}", 'extra_field: { note: "{{ note }}" }')
    mapping.write_text(text.replace('"{{ order }}"', '"{{ order | text }}"'), encoding="utf-8")
    package = dry_run(tmp_path, workers=workers)
    stage = package.stage("order_item")
    assert stage.counts == Counts(read=6, filtered=0, rejected=3, held=0, valid=3)
    items = json.loads(package.payload(next(package.batches(stage))))
    assert [(one["sku"], one["quantity"], one["price"], one["extra_field"]["note"]) for one in items] == [
        ("A", 2, 12.5, {"a": [1, None, 0.1]}),
        ("B", 2.0, 0.1, None),
        ("E", 1, 1, {"deep": [[[[[[["x"]]]]]]]}),
    ]
    assert {reject.row: reject.field for reject in package.rejects(stage)} == {3: "price", 4: "quantity.0", 5: None}


def test_a_mapping_with_problems_makes_no_package(tmp_path):
    mapping = write_shop(tmp_path)
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("| money", "| mony"), encoding="utf-8")
    with pytest.raises(MappingError, match="unknown function 'mony'; did you mean 'money'"):
        dry_run(tmp_path)
    assert not (tmp_path / "work").exists()


def test_sources_with_a_header_alone_make_an_empty_package(tmp_path):
    write_shop(tmp_path, *(text.split("\n")[0] + "\n" for text in (CUSTOMERS, ORDERS, LINES)))
    package = dry_run(tmp_path, workers=2)
    assert [stage.counts for stage in package.stages] == [Counts()] * 3
    assert sorted(files_in(package.path).keys() - {"profile.json"}) == [
        f"{kind}/{stage}.jsonl"
        for kind in ("batches", "held", "index", "kinds", "rejects", "rows")
        for stage in ("order", "order_item", "user")
    ]


# Fields that nobody names


@pytest.mark.parametrize("send", [True, False])
def test_a_field_that_may_be_null_is_sent_as_null_unless_the_target_says_otherwise(tmp_path, send):
    (tmp_path / "lines.csv").write_text('no,price\n7,"1,50"\n', encoding="utf-8")
    mapping = tmp_path / "migration.yaml"
    mapping.write_text(
        f"""version: 1
name: one
target: {{ send_nulls: {str(send).lower()} }}
sources: {{ lines: {{ csv: lines.csv }} }}
stages:
  - name: order_item
    from: lines
    key: "{{{{ no }}}}"
    fields: {{ order_number: "{{{{ no }}}}", price: "{{{{ price | money }}}}" }}
""",
        encoding="utf-8",
    )
    package = dry_run_command(mapping, Settings(tmp_path / "work", workers=1))
    batch = next((package.path / "payloads/order_item").glob("*.json"))
    named = {"order_number": "7", "price": 1.5}
    nulls = {"product": None, "sku": None, "quantity": None, "image_url": None}
    assert json.loads(batch.read_text(encoding="utf-8")) == [{**named, **nulls} if send else named]


# Shops without passwords


def test_an_unusable_password_is_of_its_record_and_stage_and_made_again_by_the_next_dry_run(tmp_path):
    (tmp_path / "people.csv").write_text("id\n7\n8\n", encoding="utf-8")
    mapping = tmp_path / "migration.yaml"
    stage = """  - name: {name}
    payload: user
    from: people
    key: customer_code
    fields:
      customer_code: "{{{{ id }}}}"
      first_name: Jale
      last_name: Su
      email: "m{{{{ id }}}}@example.com"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: "{{{{ id | unusable_password }}}}"
      password_algorithm: sha256
"""
    head = "version: 1\nname: one\nsources: { people: { csv: people.csv } }\nstages:\n"
    mapping.write_text(head + stage.format(name="old") + stage.format(name="new"), encoding="utf-8")

    def passwords(workspace, workers=1):
        package = dry_run_command(mapping, Settings(tmp_path / workspace, workers=workers))
        files = sorted((package.path / "payloads").rglob("*.json"))
        return [one["password"] for file in files for one in json.loads(file.read_text(encoding="utf-8"))]

    first = passwords("work")
    assert len(set(first)) == 4
    assert passwords("work", workers=2) == first
    assert set(passwords("other")).isdisjoint(first)
    secret = tmp_path / "work/one/secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    package = next((tmp_path / "work/one/packages").iterdir())
    assert not any(secret.read_bytes() in file.read_bytes() for file in package.rglob("*") if file.is_file())
    assert repr(PrivateKey(secret.read_bytes())) == "PrivateKey(***)"
