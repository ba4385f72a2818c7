"""Shopify through its Admin API, as a server on this machine pages and refuses; guests, refunds, parcels, several currencies."""

import json
import random
from decimal import Decimal

import pytest
from api_shops import shop
from ready_shop import DATA, PLANTED
from sandbox_client import running_sandbox
from shopify_admin import SHOPIFY_ADMIN, SHOPIFY_JSON, customer, order, paid, save, serving, variables
from test_ready_shops import VARIABLES, counts, payloads, records, rejects

from etl import Outside, Settings, dry_run
from etl.commands.run import run_package
from etl.commands.test import test as run_own_tests
from etl.errors import MappingError

MAPPING = SHOPIFY_ADMIN.mapping


@pytest.fixture(scope="module")
def api():
    with serving() as found:
        yield found


def environment(api):
    return {**VARIABLES, **variables(api)}


@pytest.fixture
def set_variables(api, monkeypatch):
    for name, value in environment(api).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture(scope="module")
def package(api, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(api).items():
            patch.setenv(name, value)
        return dry_run(MAPPING, Settings(workspace=tmp_path_factory.mktemp("work"), workers=1))


def test_every_row_is_accounted_for(api, package):
    items = [len(one["line_items"]) for one in api.orders]
    # Who has no e-mail is no user, and who was deleted has an order that is held.
    assert counts(package) == {
        "user": (62, 1, 0, 0),
        "address": (60, 0, 0, 0),
        "order": (134, 0, 0, 1),
        "order_item": (sum(items), 0, 0, items[-1]),
    }, rejects(package)[:5]


def test_money_is_equal_to_the_cent_and_the_parts_add_up(api, package):
    orders = {one["number"]: one for one in records(package, "order")}
    assert [(number, one["currency"], one["amount"]) for number, one in orders.items()] == paid()
    assert {one["extra_field"]["other"] for one in orders.values()} == {Decimal(0)}


def test_only_money_that_was_paid_back_is_refunded_and_only_a_parcel_that_left_is_told(api, package):
    orders = {one["number"]: one for one in records(package, "order")}
    refunded = {number: one["extra_field"]["refunded"] for number, one in orders.items()}
    tried = {one["name"]: one["financial_status"] == "refunded" for one in api.orders[:-1]}
    assert refunded == {number: Decimal("10.05") if was else None for number, was in tried.items()}
    assert not [one for one in orders.values() if one["tracking_number"] == "LOST" or one["shipping_company"] == "aras"]


def test_times_are_the_shops_own_and_parcels_have_their_carrier(package):
    orders = {one["number"]: one for one in records(package, "order")}
    assert orders["#1001"]["created_date"] == "2025-12-06 18:37:33"
    sent = orders["#1004"]
    assert (sent["status"], sent["shipping_company"], sent["tracking_number"]) == ("550", "yurtici", "001004")
    assert records(package, "user")[0]["date_joined"] == "2019-03-14 16:05:00"


def test_guests_become_users_once_for_an_email_unless_they_have_an_account(package):
    users = {one["number"]: one["user"] for one in records(package, "order")}
    assert [users[number] for number in ("#1500", "#1501", "#1502")] == ["guest-#1500", "guest-#1500", "7003"]


def test_nothing_planted_leaves_the_shop(package):
    for path in (one for one in package.path.rglob("*") if one.is_file()):
        assert not [planted for planted in PLANTED if planted.encode() in path.read_bytes()], path


def test_a_wrong_token_is_told_as_such(set_variables, tmp_path):
    set_variables.setenv("SHOP_TOKEN", "wrong")
    with pytest.raises(MappingError, match="does not let this login in"):
        dry_run(MAPPING, Settings(workspace=tmp_path, workers=1))


def test_the_stand_in_takes_all_of_it_and_its_own_tests_pass(package, set_variables):
    assert [(one.name, one.differences) for one in run_own_tests(MAPPING) if one.differences] == []
    with running_sandbox() as sandbox:
        set_variables.setenv("OMNITRON_URL", sandbox.url)
        settings = Settings(workspace=package.path.parents[2], workers=1)
        summary, error = run_package(MAPPING, settings, Outside(), package.path)
        assert error is None, sandbox.errors()[:3]
        assert [one.failed for one in summary.stages] == [0, 0, 0, 0]


@pytest.mark.skipif(not (DATA / "shopify").is_dir(), reason=f"the API's own answers, {DATA / 'shopify'}, are not here")
def test_answers_of_the_api_itself_are_read(monkeypatch, tmp_path):
    answers = {name: json.loads((DATA / "shopify" / name).read_bytes()) for name in ("order.json", "customer.json")}
    with shop("shopify", [answers["order.json"]["order"]]) as found:
        found.others |= {"customers.json": [answers["customer.json"]["customer"]], "orders.json": found.orders}
        for name, value in environment(found).items():
            monkeypatch.setenv(name, value)
        package = dry_run(MAPPING, Settings(workspace=tmp_path, workers=1))
    (order,) = records(package, "order")
    assert (order["number"], order["amount"], order["user"]) == ("#1001", Decimal("409.94"), "207119551")
    assert order["extra_field"]["products"] == Decimal("597.00")
    assert len(records(package, "order_item")) == len(found.orders[0]["line_items"])
    assert records(package, "address")[0]["line"] == "Chestnut Street 92"


def test_answers_that_were_saved_as_files_make_the_same_bytes(package, monkeypatch, tmp_path):
    """A page a file, without an address, a token or a server."""
    answers = tmp_path / "answers"
    answers.mkdir()
    save(answers)
    for name, value in {**VARIABLES, "LEGACY": str(answers)}.items():
        monkeypatch.setenv(name, value)
    saved = dry_run(SHOPIFY_JSON.mapping, Settings(workspace=tmp_path / "work", workers=1))
    assert counts(saved) == counts(package)
    made, expected = (
        {path: one for path, one in payloads(each).items() if "/user/" not in path} for each in (saved, package)
    )
    assert made == expected  # a password that nobody knows is another each time
    for path in (one for one in saved.path.rglob("*") if one.is_file()):
        assert not [planted for planted in PLANTED if planted.encode() in path.read_bytes()], path


def test_guests_without_an_email_are_rejected_each_by_itself_and_are_nobodys(monkeypatch, tmp_path):
    chance = random.Random(1)
    orders = [order(at, None, email, chance) for at, email in ((1, None), (2, ""), (3, "misafir@example.com"))]
    answers = {"customers": [], "orders": [*orders, order(4, 7001, None, chance)]}
    for customers, known in (([], {"#3": "guest-#3"}), ([customer(1)], {"#3": "guest-#3", "#4": "7001"})):
        for name, found in (answers | {"customers": customers}).items():
            (tmp_path / f"{name}.json").write_text(json.dumps({name: found}), encoding="utf-8")
        for name, value in {**VARIABLES, "LEGACY": str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        package = dry_run(SHOPIFY_JSON.mapping, Settings(workspace=tmp_path / "work", workers=1))
        assert counts(package)["user"] == (len(known), 0, 0, 0)
        assert {one["number"]: one["user"] for one in records(package, "order")} == known


def test_what_was_paid_back_in_another_currency_is_no_amount_of_the_orders_own(monkeypatch, tmp_path):
    def paid_back(number, currency):
        back = {"kind": "refund", "status": "success", "amount": "5.00"}
        refund = {"id": 1, "transactions": [{**back, "currency": "TRY"}, {**back, "currency": currency}]}
        return {**order(number, 7001, "a@example.com", random.Random(1)), "currency": "TRY", "refunds": [refund]}

    answers = {"customers": [customer(1)], "orders": [paid_back(1, "TRY"), paid_back(2, "EUR")]}
    for name, found in answers.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({name: found}), encoding="utf-8")
    for name, value in {**VARIABLES, "LEGACY": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    package = dry_run(SHOPIFY_JSON.mapping, Settings(workspace=tmp_path / "work", workers=1))
    assert [one["extra_field"]["refunded"] for one in records(package, "order")] == [Decimal("10.00"), None]


def test_the_mapping_of_saved_answers_passes_its_own_tests_and_they_reach_all_of_it(monkeypatch):
    for name, value in {**VARIABLES, "LEGACY": "/there/is/none"}.items():
        monkeypatch.setenv(name, value)
    assert [(one.name, one.differences) for one in run_own_tests(SHOPIFY_JSON.mapping) if one.differences] == []
