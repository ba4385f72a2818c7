"""WooCommerce through its REST API, as a server on this machine pages and refuses; guests, refunds, bundles, coupons."""

import json
import random
from decimal import Decimal

import pytest
from api_shops import KEY, SECRET, shop
from ready_shop import CARD, CITIES, NAMES, PLANTED, ROOT, TOKEN, VISITOR
from sandbox_client import TOKEN as ACCEPTED
from sandbox_client import running_sandbox

from etl import Outside, Settings, dry_run
from etl.commands.run import run_package
from etl.commands.test import test as run_own_tests
from etl.errors import MappingError

MAPPING = ROOT / "mappings" / "woocommerce-rest"
VARIABLES = {"OMNITRON_URL": "http://127.0.0.1:1", "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": ACCEPTED}
STATES = ("completed", "processing", "refunded", "cancelled", "on-hold")
STATE = ("TR34", "TR06", "TR35", "TR07")


SENT_BY = {"id": 3, "method_title": "Sabit", "method_id": "flat_rate", "total": "25.00"}


def place(number, **more):
    return {
        "first_name": NAMES[number % 8], "last_name": "Öz", "company": "", "address_1": "Gül Sok. 5", "address_2": "",
        "city": CITIES[number % 4][1], "state": STATE[number % 4], "postcode": "34000", "country": "TR", **more,
    }  # fmt: skip


def customer(number, role="customer"):
    email = f"Musteri{number}@Example.com"
    return {
        "id": number, "date_created": "2019-03-14T16:05:00", "email": email, "first_name": NAMES[number % 8], "last_name": "Öz",
        "role": role, "username": email, "billing": place(number, email=email, phone="0532 123 45 67"),
        "shipping": place(number, address_1="" if number % 2 else "Lale Cad. 7"), "is_paying_customer": True,
        "avatar_url": "https://example.com/a", "meta_data": [{"id": 1, "key": "session_tokens", "value": TOKEN}], "_links": {},
    }  # fmt: skip


def line(identity, quantity, net, **more):
    return {
        "id": identity, "name": "Nevresim &ndash; Kırmızı", "product_id": 93, "variation_id": 0, "quantity": quantity,
        "subtotal": f"{net * quantity:.2f}", "subtotal_tax": f"{net * quantity * Decimal('0.2'):.2f}", "total": "1.00",
        "total_tax": "0.20", "taxes": [], "meta_data": [], "sku": "" if identity % 3 else f"NVR-{identity}", "price": 3, **more,
    }  # fmt: skip


def order(number, user, email, chance, status=None, bundle=False):
    lines = [
        line(number * 10 + at, chance.randint(1, 3), Decimal(chance.randint(100, 9999)) / 100)
        for at in range(1 + number % 3)
    ]
    products = sum(Decimal(one["subtotal"]) + Decimal(one["subtotal_tax"]) for one in lines)
    if bundle:
        lines.append(line(number * 10 + 9, 1, Decimal(0), meta_data=[{"id": 5, "key": "_bundled_by", "value": "31"}]))
    lines[0]["meta_data"] = [
        {"id": 2095, "key": "pa_color", "value": "kırmızı"},
        {"id": 2096, "key": "_secret", "value": TOKEN},
    ]
    refunds = (
        [{"id": 1, "reason": "", "total": "-10.00"}, {"id": 2, "reason": "", "total": "-0.05"}]
        if number % 4 == 0
        else []
    )
    return {
        "id": number, "number": str(number), "order_key": TOKEN, "status": status or STATES[number % 5],
        "currency": ("TRY", "USD", "EUR")[number % 3], "date_created": "2020-05-06T07:08:09", "discount_total": "5.00",
        "discount_tax": "1.00", "shipping_total": "25.00", "shipping_tax": "5.00", "total": f"{products + 30 - 6:.2f}",
        "total_tax": "1.35", "customer_id": user, "customer_ip_address": VISITOR, "customer_note": "",
        "billing": place(number, email=email, phone=""), "shipping": place(number), "payment_method": "iyzico",
        "payment_method_title": "Kredi kartı", "transaction_id": CARD, "line_items": lines, "tax_lines": [],
        "shipping_lines": [] if number % 5 == 0 else [SENT_BY],
        "fee_lines": [], "coupon_lines": [], "refunds": refunds, "meta_data": [], "_links": {},
    }  # fmt: skip


@pytest.fixture(scope="module")
def api():
    chance = random.Random(14)
    customers = [*(customer(number) for number in range(1, 130)), customer(130, role="shop_manager")]
    orders = [
        order(1000 + at, at % 129 + 1, f"musteri{at % 129 + 1}@example.com", chance, bundle=at % 7 == 0)
        for at in range(240)
    ]
    orders += [
        order(1500, 0, "misafir@example.com", chance), order(1501, 0, "Misafir@Example.com ", chance),
        order(1502, 0, "MUSTERI3@example.com", chance), order(1503, 0, "x@example.com", chance, status="checkout-draft"),
        order(1504, 130, "musteri130@example.com", chance), order(1505, 999, "silinmis@example.com", chance),
    ]  # fmt: skip
    with shop("woocommerce", orders) as found:
        found.others["customers"] = customers
        yield found


@pytest.fixture
def variables(api, monkeypatch):
    address = api.url.removesuffix("/orders")
    for name, value in {**VARIABLES, "LEGACY": address, "SHOP_LOGIN": f"{KEY}:{SECRET}"}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture(scope="module")
def package(api, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            **VARIABLES,
            "LEGACY": api.url.removesuffix("/orders"),
            "SHOP_LOGIN": f"{KEY}:{SECRET}",
        }.items():
            patch.setenv(name, value)
        return dry_run(MAPPING, Settings(workspace=tmp_path_factory.mktemp("work"), workers=1))


def records(package, stage):
    found = sorted((package.path / "payloads" / stage).glob("*.json"))
    return [record for path in found for record in json.loads(path.read_bytes(), parse_float=Decimal)]


def test_every_row_is_accounted_for(api, package):
    counts = {one.name: one.counts for one in package.manifest.stages}
    told = {name: (one.read, one.filtered, one.rejected, one.held) for name, one in counts.items()}
    bundled = sum(
        any(part["key"] == "_bundled_by" for part in one["meta_data"])
        for each in api.orders
        for one in each["line_items"]
    )
    items = [len(each["line_items"]) for each in api.orders]
    # The manager is no customer, a draft no order; who was deleted, and the manager, have orders that are held.
    assert told == {
        "user": (131, 1, 0, 0),
        "address": (195, 0, 0, 2),
        "order": (246, 1, 0, 2),
        "order_item": (sum(items), bundled, 0, items[-1] + items[-2] + items[-3]),
    }


def test_money_is_equal_to_the_cent_and_the_parts_add_up(api, package):
    orders = {one["number"]: one for one in records(package, "order")}
    paid = {str(one["id"]): (one["currency"].lower(), Decimal(one["total"])) for one in api.orders}
    assert {number: (one["currency"], one["amount"]) for number, one in orders.items()} == {
        number: paid[number] for number in orders
    }
    for one in orders.values():
        parts = {name: one["extra_field"][name] for name in ("products", "shipping", "discount", "other")}
        assert parts["products"] + parts["shipping"] - parts["discount"] + parts["other"] == one["amount"]
        assert abs(parts["other"]) <= Decimal("0.05")  # each price is rounded to a cent
    assert {orders[number]["extra_field"]["refunded"] for number in ("1000", "1004")} == {Decimal("10.05")}
    products = {}
    for item in records(package, "order_item"):
        products[item["order_number"]] = products.get(item["order_number"], 0) + item["price"] * item["quantity"]
    assert products == {number: one["extra_field"]["products"] for number, one in orders.items()}


def test_guests_become_users_once_for_an_email_unless_they_have_an_account(package):
    users = {one["number"]: one["user"] for one in records(package, "order")}
    assert [users[number] for number in ("1500", "1501", "1502")] == ["guest-1500", "guest-1500", "3"]


@pytest.mark.parametrize(("choice", "held", "filtered"), [("held", 5, 1), ("left", 2, 4)])
def test_guests_are_held_or_left_out(variables, tmp_path, choice, held, filtered):
    variables.setenv("GUESTS", choice)
    stages = dry_run(MAPPING, Settings(workspace=tmp_path, workers=1)).manifest.stages
    # The third of them has an account, and is no guest.
    found = next(one.counts for one in stages if one.name == "order")
    assert (found.held, found.filtered) == (held - 1, filtered) if choice == "held" else (held, filtered - 1)


def test_a_mapping_that_extends_it_may_merge_two_accounts_with_one_email(variables, tmp_path):
    (tmp_path / "migration.yaml").write_text(
        f"extends: {MAPPING}\nname: acme\nstages:\n  - name: user\n    duplicates: merge\n", encoding="utf-8"
    )
    chance = random.Random(1)
    orders = [order(1, 1, "musteri1@example.com", chance), order(2, 2, "musteri1@example.com", chance)]
    with shop("woocommerce", orders) as found:
        found.others["customers"] = [customer(1), {**customer(2), "email": "MUSTERI1@example.com"}]
        variables.setenv("LEGACY", found.url.removesuffix("/orders"))
        package = dry_run(tmp_path / "migration.yaml", Settings(workspace=tmp_path / "work", workers=1))
    counts = {one.name: one.counts for one in package.manifest.stages}
    assert (counts["user"].merged, counts["user"].valid, counts["order"].held) == (1, 1, 0)
    assert {one["user"] for one in records(package, "order")} == {"1"}
    assert {one["customer_code"] for one in records(package, "address")} == {"1"}


def test_nothing_planted_leaves_the_shop(package):
    for path in (one for one in package.path.rglob("*") if one.is_file()):
        assert not [planted for planted in PLANTED if planted.encode() in path.read_bytes()], path


def test_a_wrong_key_is_told_as_such(variables, tmp_path):
    variables.setenv("SHOP_LOGIN", f"{KEY}:wrong")
    with pytest.raises(MappingError, match="does not let this login in"):
        dry_run(MAPPING, Settings(workspace=tmp_path, workers=1))


def test_the_stand_in_takes_all_of_it_and_its_own_tests_pass(package, variables):
    assert [(one.name, one.differences) for one in run_own_tests(MAPPING) if one.differences] == []
    with running_sandbox() as sandbox:
        variables.setenv("OMNITRON_URL", sandbox.url)
        settings = Settings(workspace=package.path.parents[2], workers=1)
        summary, error = run_package(MAPPING, settings, Outside(), package.path)
        assert error is None, sandbox.errors()[:3]
        assert [one.failed for one in summary.stages] == [0, 0, 0, 0]
