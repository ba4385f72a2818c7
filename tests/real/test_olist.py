"""The Olist export (8,135 orders): prepared, uploaded to the stand-in, and compared with its CSV files to the cent."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from olist.prepare import prepare, table
from real_input import DATA, counts, etl, etl_json, exact, keys_and_rows, lines, needs, payload_files, payload_records
from sandbox_client import TOKEN, running_sandbox

pytestmark = needs("olist")

EXPORT = DATA / "olist"
MAPPING = Path(__file__).parent / "olist" / "migration.yaml"
STAGES = ("user", "address", "order", "order_item")
TABLES = ("customers", "orders", "order_items", "order_payments", "products")


@dataclass(frozen=True)
class Migrated:
    """What `etl run` printed, and what the stand-in says it has now."""

    summary: dict
    state: dict
    refused: list
    stored: dict
    workspace: Path


@pytest.fixture(scope="module")
def export():
    return {name: table(EXPORT, name) for name in TABLES}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    prepare(EXPORT, folder)
    return folder


@pytest.fixture(scope="module")
def dry(prepared, tmp_path_factory):
    """What `etl dry-run` printed: no address of a target is known to it."""
    workspace = tmp_path_factory.mktemp("dry")
    return etl_json("dry-run", MAPPING, "-w", workspace, OLIST=EXPORT, PREPARED=prepared)


@pytest.fixture(scope="module")
def migrated(prepared, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("run")
    with running_sandbox() as sandbox:
        target = {"OMNITRON_URL": sandbox.url, "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": TOKEN}
        summary = etl_json("run", MAPPING, "-w", workspace, OLIST=EXPORT, PREPARED=prepared, **target)
        stored = {stage: stored_records(sandbox, stage) for stage in STAGES}
        return Migrated(summary, sandbox.state(wait=20), sandbox.errors(), stored, workspace)


def stored_records(sandbox, stage):
    """The records of the stand-in's store, each of which has to have come once and to be kept once."""
    results = exact(sandbox.get(f"/_sandbox/records/{stage}").text)["results"]
    assert {(one["received"], one["stored"]) for one in results} == {(1, 1)}
    return [one["record"] for one in results]


def by_key(stage, records):
    """Records by what tells them apart in the source; none may be there twice."""
    named = {
        "user": lambda one: one["customer_code"],
        "address": lambda one: (one["customer_code"], one["line"]),
        "order": lambda one: one["number"],
        "order_item": lambda one: (one["order_number"], one["extra_field"]["line"]),
    }
    keyed = {named[stage](one): one for one in records}
    assert len(keyed) == len(records)
    return keyed


def cents(rows, column):
    return sum(Decimal(row[column]) for row in rows)


def test_the_mapping_has_no_problems_and_its_own_tests_pass(prepared):
    target = {"OMNITRON_URL": "http://127.0.0.1:9", "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": TOKEN}
    known = {"OLIST": EXPORT, "PREPARED": prepared, **target}
    assert etl_json("check", MAPPING, **known)["problems"] == []
    tested = etl("test", MAPPING, **known)
    assert (tested.returncode, tested.stderr) == (0, "3 passed, 0 failed\n")


def test_a_dry_run_accounts_for_every_row(dry):
    assert counts(dry) == {
        "user": (8135, 119, 0, 0, 8016),
        "address": (8135, 114, 0, 0, 8021),
        "order": (8135, 0, 0, 0, 8135),
        "order_item": (8365, 0, 0, 0, 8365),
    }
    assert (dry["ok"], dry["problems"]) == (True, [])


def test_a_run_uploads_every_valid_record_once(migrated):
    assert counts(migrated.summary, "valid", "uploaded", "failed", "batches") == {
        "user": (8016, 8016, 0, 17),
        "address": (8021, 8021, 0, 17),
        "order": (8135, 8135, 0, 17),
        "order_item": (8365, 8365, 0, 17),
    }
    assert (migrated.refused, migrated.state["pending"]) == ([], 0)
    for stage in STAGES:
        told = migrated.state[stage]
        assert (told["received"], told["stored"], told["errors"]) == (told["records"], len(migrated.stored[stage]), 0)


@pytest.mark.parametrize("stage", STAGES)
def test_the_stand_in_has_exactly_what_the_package_holds(migrated, stage):
    assert by_key(stage, migrated.stored[stage]) == by_key(stage, payload_records(migrated.summary, stage))


def test_a_dry_run_prepares_the_very_bytes_that_a_run_uploads(dry, migrated):
    for stage in STAGES:
        files, uploaded = payload_files(dry, stage), payload_files(migrated.summary, stage)
        assert [file.name for file in files] == [file.name for file in uploaded]
        assert [file.read_bytes() for file in files] == [file.read_bytes() for file in uploaded]


def test_the_index_leads_every_order_back_to_its_row(dry, export):
    rows = [(row["order_id"], number) for number, row in enumerate(export["orders"], start=2)]
    assert keys_and_rows(dry, "order") == rows


def test_the_orders_amounts_are_the_sum_of_the_payments_to_the_cent(migrated, export):
    total = cents(export["order_payments"], "payment_value")
    assert total == Decimal("1428602.81")
    for orders in (payload_records(migrated.summary, "order"), migrated.stored["order"]):
        assert cents(orders, "amount") == total
        payments = [one for order in orders for one in order["extra_field"]["payments"]]
        assert (len(payments), cents(payments, "value")) == (8924, total)


def test_the_items_prices_and_freight_are_those_of_the_lines_to_the_cent(migrated, export):
    wanted = cents(export["order_items"], "price"), cents(export["order_items"], "freight_value")
    assert wanted == (Decimal("1093264.35"), Decimal("172288.39"))
    for items in (payload_records(migrated.summary, "order_item"), migrated.stored["order_item"]):
        assert cents(items, "price") == wanted[0]
        assert cents((one["extra_field"] for one in items), "freight") == wanted[1]


def test_every_person_is_one_user(migrated, export):
    bought = {row["customer_id"]: row["order_purchase_timestamp"] for row in export["orders"]}
    first = {}
    for row in export["customers"]:
        person, when = row["customer_unique_id"], bought[row["customer_id"]]
        first[person] = min(first.get(person, when), when)
    users = by_key("user", migrated.stored["user"])
    assert {person: user["date_joined"] for person, user in users.items()} == first
    assert len({user["email"] for user in users.values()}) == 8016


def test_the_placeholder_passwords_open_nothing(migrated):
    assert {user["password_algorithm"] for user in migrated.stored["user"]} == {"placeholder"}
    for user in migrated.stored["user"]:
        assert user["password"] == hashlib.sha256(user["customer_code"].encode()).hexdigest()


def test_every_place_of_a_person_is_one_address(migrated, export):
    source = {
        (
            row["customer_unique_id"],
            f"cep {row['customer_zip_code_prefix']}, {row['customer_city']}, {row['customer_state']}".lower(),
        )
        for row in export["customers"]
    }
    assert len(source) == 8021
    assert {(one["customer_code"], one["line"].lower()) for one in migrated.stored["address"]} == source


STATUS = {
    "created": "200",
    "approved": "400",
    "invoiced": "450",
    "processing": "450",
    "shipped": "500",
    "delivered": "550",
    "canceled": "100",
    "unavailable": "100",
}


def test_every_order_is_its_row_of_the_export(migrated, export):
    people = {row["customer_id"]: row["customer_unique_id"] for row in export["customers"]}
    paid = defaultdict(Decimal)
    for payment in export["order_payments"]:
        paid[payment["order_id"]] += Decimal(payment["payment_value"])
    found = {
        one["number"]: (one["user"], one["status"], one["created_date"], one["amount"])
        for one in migrated.stored["order"]
    }
    assert found == {
        row["order_id"]: (
            people[row["customer_id"]],
            STATUS[row["order_status"]],
            row["order_purchase_timestamp"],
            paid[row["order_id"]],
        )
        for row in export["orders"]
    }


def test_blank_dates_are_null_and_the_others_are_their_text(migrated, export):
    columns = {
        "approved": "order_approved_at",
        "sent": "order_delivered_carrier_date",
        "delivered": "order_delivered_customer_date",
    }
    orders = by_key("order", migrated.stored["order"])
    blank = Counter()
    for row in export["orders"]:
        kept = orders[row["order_id"]]["extra_field"]
        assert {name: kept[name] or "" for name in columns} == {name: row[column] for name, column in columns.items()}
        assert kept["promised"] + " 00:00:00" == row["order_estimated_delivery_date"]
        blank.update(name for name in columns if kept[name] is None)
    assert blank == {"approved": 146, "sent": 1782, "delivered": 2965}


def test_several_payments_of_an_order_are_all_kept_in_their_order(migrated, export):
    source = defaultdict(list)
    for row in sorted(export["order_payments"], key=lambda row: int(row["payment_sequential"])):
        source[row["order_id"]].append({"type": row["payment_type"], "value": Decimal(row["payment_value"])})
    kept = {one["number"]: one["extra_field"]["payments"] for one in migrated.stored["order"]}
    assert kept == source
    assert sum(len(payments) > 1 for payments in kept.values()) == 274


def test_every_item_is_its_line_of_the_export(migrated, export):
    category = {row["product_id"]: row["product_category_name"].replace("_", " ") for row in export["products"]}
    found = {
        key: (one["sku"], one["product"], one["quantity"], one["price"], one["extra_field"])
        for key, one in by_key("order_item", migrated.stored["order_item"]).items()
    }
    wanted = {}
    for row in export["order_items"]:
        line = int(row["order_item_id"])
        kept = {"line": line, "seller": row["seller_id"], "freight": Decimal(row["freight_value"])}
        name = category[row["product_id"]] or "sem categoria"
        wanted[row["order_id"], line] = (row["product_id"], name, 1, Decimal(row["price"]), kept)
    assert found == wanted


def test_orders_without_a_line_are_migrated_without_an_item(migrated):
    with_items = {one["order_number"] for one in migrated.stored["order_item"]}
    without = [one for one in migrated.stored["order"] if one["number"] not in with_items]
    assert len(without) == 775
    assert Counter(one["extra_field"]["status"] for one in without)["unavailable"] == 603


def test_the_token_is_in_no_file_that_a_run_leaves(migrated):
    files = [path for path in migrated.workspace.rglob("*") if path.is_file()]
    assert len(files) > 4 * 17
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


def changed_mapping(folder, old, new):
    """The mapping with one text replaced, which has to be there once."""
    text = MAPPING.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = folder / "migration.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_without_a_filter_every_repeated_person_is_rejected_and_named(prepared, tmp_path, export):
    mapping = changed_mapping(tmp_path, """    where: "{{ person_seen == '1' }}" """, "    ")
    summary = etl_json("dry-run", mapping, "-w", tmp_path / "work", code=1, OLIST=EXPORT, PREPARED=prepared)
    assert counts(summary)["user"] == (8135, 0, 119, 0, 8016)
    seen, wanted = {}, {}
    for number, row in enumerate(export["customers"], start=2):
        first = seen.setdefault(row["customer_unique_id"], number)
        if first != number:
            wanted[number] = f"'{row['customer_unique_id']}' is already the customer_code of row {first}"
    rejects = lines(summary, "rejects", "user")
    assert {one["row"]: one["reason"] for one in rejects} == wanted
    assert len(rejects) == 119


def test_what_belongs_to_people_who_stay_behind_is_held_down_to_the_last_item(prepared, tmp_path, export):
    mapping = changed_mapping(tmp_path, "person_seen == '1' }}", "person_seen == '1' and customer_state != 'SP' }}")
    summary = etl_json("dry-run", mapping, "-w", tmp_path / "work", code=1, OLIST=EXPORT, PREPARED=prepared)
    state, moves = {}, {}
    for row in export["customers"]:
        state.setdefault(row["customer_unique_id"], row["customer_state"])
        moves[row["customer_id"]] = row["customer_unique_id"]
    stay = {person for person, where in state.items() if where == "SP"}
    held_orders = {row["order_id"] for row in export["orders"] if moves[row["customer_id"]] in stay}
    held_items = [row for row in export["order_items"] if row["order_id"] in held_orders]
    found = counts(summary)
    assert found["user"] == (8135, 119 + len(stay), 0, 0, 8016 - len(stay))
    assert found["order"] == (8135, 0, 0, len(held_orders), 8135 - len(held_orders))
    assert found["order_item"] == (8365, 0, 0, len(held_items), 8365 - len(held_items))
    assert {one["key"] for one in lines(summary, "held", "order")} == held_orders
    assert {one["parent_fate"] for one in lines(summary, "held", "order_item")} == {"held"}
    items = payload_records(summary, "order_item")
    held = [Decimal(row["price"]) for row in held_items]
    assert cents(items, "price") + sum(held) == cents(export["order_items"], "price")
