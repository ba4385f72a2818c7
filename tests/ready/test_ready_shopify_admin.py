"""Shopify through its Admin API, as a server on this machine pages and refuses; guests, refunds, parcels, several currencies."""

import json
import random
from decimal import Decimal

import pytest
from api_shops import TOKEN as ADMITTED
from api_shops import shop
from ready_shop import CARD, CITIES, DATA, NAMES, PLANTED, ROOT, TOKEN, VISITOR
from sandbox_client import TOKEN as ACCEPTED
from sandbox_client import running_sandbox
from test_ready_shops import counts, records, rejects

from etl import Outside, Settings, dry_run
from etl.commands.run import run_package
from etl.commands.test import test as run_own_tests
from etl.errors import MappingError

MAPPING = ROOT / "mappings" / "shopify-admin"
STATES = (
    ("paid", "fulfilled", None),
    ("refunded", "fulfilled", None),
    ("pending", None, None),
    ("paid", None, "2020-05-07T10:00:00Z"),
)
PROVINCES = ("TR-34", "TR-06", "TR-35", "TR-07")


def place(number, **more):
    return {
        "id": 900 + number, "first_name": None, "last_name": None, "name": "Can Öz", "company": None, "address1": "Gül Sok. 5",
        "address2": "", "city": CITIES[number % 4][1], "province": CITIES[number % 4][0], "province_code": PROVINCES[number % 4],
        "zip": "34000", "country": "Turkey", "country_code": "TR", "phone": None, **more,
    }  # fmt: skip


def customer(number):
    return {
        "id": 7000 + number, "email": f"Musteri{number}@Example.com", "first_name": NAMES[number % 8], "last_name": "Öz",
        "phone": "+905321234567", "created_at": "2019-03-14T13:05:00+00:00", "accepts_marketing": number % 2 == 0,
        "multipass_identifier": TOKEN, "addresses": [place(number), place(number + 500, address1="")],
        "default_address": place(number),
    }  # fmt: skip


def order(number, person, email, chance):
    lines = [
        {
            "id": number * 10 + at, "title": "Nevresim", "variant_title": "Kırmızı" if at else None,
            "sku": f"NVR-{at}" if at else "",
            "product_id": 93, "quantity": chance.randint(1, 3), "price": f"{Decimal(chance.randint(100, 99999)) / 100}",
        }
        for at in range(1 + number % 3)
    ]  # fmt: skip
    products = sum(Decimal(one["price"]) * one["quantity"] for one in lines)
    financial, fulfilled, cancelled = STATES[number % 4]
    parcel = {"tracking_company": "Yurtiçi Kargo", "tracking_number": f"00{number}", "status": "success"}
    refund = {"id": 1, "transactions": [{"id": 2, "amount": "10.00"}, {"id": 3, "amount": "0.05"}]}
    return {
        "id": number, "name": f"#{number}", "email": email, "created_at": "2025-12-06T10:37:33-05:00", "cancelled_at": cancelled,
        "financial_status": financial, "fulfillment_status": fulfilled, "currency": ("TRY", "USD", "EUR")[number % 3],
        "total_price": f"{products + Decimal('29.90') - 10}", "total_tax": "1.00", "total_discounts": "10.00",
        "total_shipping_price_set": {"shop_money": {"amount": "29.90", "currency_code": "TRY"}}, "phone": None,
        "payment_gateway_names": ["iyzico"] if number % 5 else [], "customer": person and {"id": person, "email": email},
        "billing_address": place(number), "shipping_address": place(number) if number % 2 else None, "line_items": lines,
        "shipping_lines": [{"title": "Sabit"}], "fulfillments": [parcel] if fulfilled else [], "token": TOKEN,
        "browser_ip": VISITOR,
        "refunds": [refund] if financial == "refunded" else [], "payment_details": {"credit_card_number": CARD},
    }  # fmt: skip


@pytest.fixture(scope="module")
def api():
    chance = random.Random(14)
    customers = [*map(customer, range(1, 61)), {"id": 7999, "email": None, "first_name": "Telefonla", "addresses": []}]
    orders = [order(1001 + at, 7001 + at % 60, f"musteri{at % 60 + 1}@example.com", chance) for at in range(130)]
    orders += [
        order(1500, None, "misafir@example.com", chance), order(1501, None, "Misafir@Example.com", chance),
        order(1502, None, "MUSTERI3@example.com", chance), order(1503, 9999, "silinmis@example.com", chance),
    ]  # fmt: skip
    with shop("shopify", orders) as found:
        found.others |= {"customers.json": customers, "orders.json": orders}
        yield found


def variables(api):
    address = api.url.removesuffix("/orders")
    target = {"OMNITRON_URL": "http://127.0.0.1:1", "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": ACCEPTED}
    return {**target, "LEGACY": address, "SHOP_TOKEN": ADMITTED}


@pytest.fixture
def set_variables(api, monkeypatch):
    for name, value in variables(api).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture(scope="module")
def package(api, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(api).items():
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
    paid = {one["name"]: (one["currency"].lower(), Decimal(one["total_price"])) for one in api.orders[:-1]}
    assert {number: (one["currency"], one["amount"]) for number, one in orders.items()} == paid
    assert {one["extra_field"]["other"] for one in orders.values()} == {Decimal(0)}
    refunded = {number for number, one in orders.items() if one["extra_field"]["refunded"] == Decimal("10.05")}
    assert refunded == {one["name"] for one in api.orders[:-1] if one["refunds"]}


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
        for name, value in variables(found).items():
            monkeypatch.setenv(name, value)
        package = dry_run(MAPPING, Settings(workspace=tmp_path, workers=1))
    (order,) = records(package, "order")
    assert (order["number"], order["amount"], order["user"]) == ("#1001", Decimal("409.94"), "207119551")
    assert order["extra_field"]["products"] == Decimal("597.00")
    assert len(records(package, "order_item")) == len(found.orders[0]["line_items"])
    assert records(package, "address")[0]["line"] == "Chestnut Street 92"
