"""WooCommerce through its REST API, as a server on this machine pages and refuses; guests, refunds, bundles, coupons."""

import random
from decimal import Decimal

import pytest
from api_shops import KEY, shop
from ready_shop import PLANTED
from sandbox_client import running_sandbox
from test_ready_shops import VARIABLES, records
from woocommerce_rest import WOOCOMMERCE_REST, customer, order, paid, serving, variables

from etl import Outside, Settings, dry_run
from etl.commands.run import run_package
from etl.commands.test import test as run_own_tests
from etl.errors import MappingError

MAPPING = WOOCOMMERCE_REST.mapping


@pytest.fixture(scope="module")
def api():
    with serving() as found:
        yield found


@pytest.fixture
def environment(api, monkeypatch):
    for name, value in {**VARIABLES, **variables(api)}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture(scope="module")
def package(api, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**VARIABLES, **variables(api)}.items():
            patch.setenv(name, value)
        return dry_run(MAPPING, Settings(workspace=tmp_path_factory.mktemp("work"), workers=1))


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


def test_money_is_equal_to_the_cent_and_the_parts_add_up(package):
    orders = {one["number"]: one for one in records(package, "order")}
    assert [(number, one["currency"], one["amount"]) for number, one in orders.items()] == paid()
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
def test_guests_are_held_or_left_out(environment, tmp_path, choice, held, filtered):
    environment.setenv("GUESTS", choice)
    stages = dry_run(MAPPING, Settings(workspace=tmp_path, workers=1)).manifest.stages
    # The third of them has an account, and is no guest.
    found = next(one.counts for one in stages if one.name == "order")
    assert (found.held, found.filtered) == (held - 1, filtered) if choice == "held" else (held, filtered - 1)


def test_a_mapping_that_extends_it_may_merge_two_accounts_with_one_email(environment, tmp_path):
    (tmp_path / "migration.yaml").write_text(
        f"extends: {MAPPING}\nname: acme\nstages:\n  - name: user\n    duplicates: merge\n", encoding="utf-8"
    )
    chance = random.Random(1)
    orders = [order(1, 1, "musteri1@example.com", chance), order(2, 2, "musteri1@example.com", chance)]
    with shop("woocommerce", orders) as found:
        found.others["customers"] = [customer(1), {**customer(2), "email": "MUSTERI1@example.com"}]
        environment.setenv("LEGACY", found.url.removesuffix("/orders"))
        package = dry_run(tmp_path / "migration.yaml", Settings(workspace=tmp_path / "work", workers=1))
    counts = {one.name: one.counts for one in package.manifest.stages}
    assert (counts["user"].merged, counts["user"].valid, counts["order"].held) == (1, 1, 0)
    assert {one["user"] for one in records(package, "order")} == {"1"}
    assert {one["customer_code"] for one in records(package, "address")} == {"1"}


def test_guests_without_an_email_are_rejected_each_by_itself_and_take_nobody_with_them(environment, tmp_path):
    chance = random.Random(1)
    emails = ("", "  ", "misafir@example.com")
    orders = [order(1500 + at, 0, email, chance) for at, email in enumerate(emails)]
    orders.append(order(1, 1, "", chance))
    with shop("woocommerce", orders) as found:
        found.others["customers"] = [customer(1), {**customer(2), "email": ""}]
        environment.setenv("LEGACY", found.url.removesuffix("/orders"))
        package = dry_run(MAPPING, Settings(workspace=tmp_path, workers=1))
    counts = {one.name: one.counts for one in package.manifest.stages}
    assert (counts["user"].read, counts["user"].rejected, counts["order"].rejected) == (3, 1, 2)
    told = {(one["number"], one["user"], one["user_email"]) for one in records(package, "order")}
    assert told == {("1502", "guest-1502", "misafir@example.com"), ("1", "1", "musteri1@example.com")}


def test_nothing_planted_leaves_the_shop(package):
    for path in (one for one in package.path.rglob("*") if one.is_file()):
        assert not [planted for planted in PLANTED if planted.encode() in path.read_bytes()], path


def test_a_wrong_key_is_told_as_such(environment, tmp_path):
    environment.setenv("SHOP_LOGIN", f"{KEY}:wrong")
    with pytest.raises(MappingError, match="does not let this login in"):
        dry_run(MAPPING, Settings(workspace=tmp_path, workers=1))


def test_the_stand_in_takes_all_of_it_and_its_own_tests_pass(package, environment):
    assert [(one.name, one.differences) for one in run_own_tests(MAPPING) if one.differences] == []
    with running_sandbox() as sandbox:
        environment.setenv("OMNITRON_URL", sandbox.url)
        settings = Settings(workspace=package.path.parents[2], workers=1)
        summary, error = run_package(MAPPING, settings, Outside(), package.path)
        assert error is None, sandbox.errors()[:3]
        assert [one.failed for one in summary.stages] == [0, 0, 0, 0]
