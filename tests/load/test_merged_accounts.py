"""Accounts that are merged, over several loads: what Omnitron has stays, and later orders of an alias find their customer."""

from __future__ import annotations

import json

import pytest
from commands import etl
from sandbox_client import TOKEN, running_sandbox
from small_migration import MAPPING, write_shop

OFFLINE = "target: { batch_size: 7 }"
TARGET = "target: { url: '${OMNITRON_URL}', channel: 1, token: '${OMNITRON_TOKEN}', batch_size: 7, polling: { interval: 0.01 } }"
MERGING = MAPPING.replace(OFFLINE, TARGET).replace("unique: [email]", "unique: [email]\n    duplicates: merge")
CUSTOMERS = "id;name;email;active;phone;joined\n"
ORDERS = "number;customer;email;date;amount;currency;address;note\n"
LINES = "order;sku;product;quantity;price\n"


def customer(key, email):
    return f"{key};Ali Can;{email};1;;14.03.2019 16:05\n"


def order(number, customer):
    return f"{number};{customer};ali@example.com;15.03.2019 10:00;10,00;TL;Kadıköy;\n"


def line(number):
    return f"{number};BOT;Bot;1;10,00\n"


@pytest.fixture
def shop(tmp_path):
    with running_sandbox() as sandbox:

        def run(customers, orders, *words, mapping=MERGING):
            numbers = [one.split(";")[0] for one in orders.splitlines()]
            lines = "".join(map(line, numbers))
            write_shop(tmp_path, CUSTOMERS + customers, ORDERS + orders, LINES + lines, mapping)
            settings = {"OMNITRON_URL": sandbox.url, "OMNITRON_TOKEN": TOKEN}
            command, *more = words or ("run",)
            return etl(command, tmp_path, *more, "-w", tmp_path / "work", "--json", **settings)

        yield sandbox, run


def counts(result):
    names = ("read", "merged", "valid", "uploaded")
    return {one["name"]: tuple(one[name] for name in names) for one in json.loads(result.stdout)["stages"]}


def customers_of(sandbox):
    return {one["record"]["number"]: one["record"]["user"] for one in sandbox.records("order")}


def test_orders_of_both_accounts_arrive_at_the_first(shop):
    sandbox, run = shop
    result = run(customer(1, "ali@example.com") + customer(2, "ALI@example.com"), order(100, 1) + order(101, 2))
    assert result.returncode == 0, result.stderr
    assert counts(result)["user"] == (2, 1, 1, 1)
    assert customers_of(sandbox) == {"100": "1", "101": "1"}


def test_a_delta_merges_into_what_omnitron_has(shop):
    sandbox, run = shop
    first = customer(1, "ali@example.com") + customer(2, "ALI@example.com")
    assert run(first, order(100, 1)).returncode == 0
    later = run(customer(3, "ali@example.com"), order(101, 2) + order(102, 3))
    assert later.returncode == 0, later.stderr
    assert counts(later)["user"] == (1, 1, 0, 0)
    assert customers_of(sandbox) == {"100": "1", "101": "1", "102": "1"}
    assert [one["record"]["customer_code"] for one in sandbox.records("user")] == ["1"]


def test_a_first_row_that_is_put_right_later_joins_the_account_that_went_instead(shop):
    sandbox, run = shop
    broken = customer(1, "ali@example.com").replace("14.03.2019", "31.02.2019")
    assert run(broken + customer(2, "ali@example.com"), order(100, 1) + order(101, 2)).returncode == 1
    assert customers_of(sandbox) == {"101": "2"}
    result = run(customer(1, "ali@example.com") + customer(2, "ali@example.com"), order(100, 1) + order(101, 2))
    assert result.returncode == 0, result.stdout
    assert customers_of(sandbox) == {"101": "2", "100": "2"}


def test_history_tells_for_whom_an_alias_stands(shop):
    _, run = shop
    both = customer(1, "ali@example.com") + customer(2, "ali@example.com")
    assert run(both, order(100, 2)).returncode == 0
    told = json.loads(run(both, order(100, 2), "history", "--stage", "user", "--key", "2", "--show-data").stdout)
    assert [(one["fate"], one["reason"]) for one in told["unsent"]] == [
        ("merged", "'ali@example.com' is already the email of '1' (row 2), which it is merged into")
    ]


def test_without_the_line_the_later_account_is_rejected_and_what_was_sent_stays(shop):
    sandbox, run = shop
    both = customer(1, "ali@example.com") + customer(2, "ali@example.com")
    assert run(both, order(100, 2)).returncode == 0
    undone = run(both, order(100, 2) + order(101, 2), mapping=MAPPING.replace(OFFLINE, TARGET))
    assert undone.returncode == 1
    stages = {one["name"]: one for one in json.loads(undone.stdout)["stages"]}
    assert (stages["user"]["rejected"], stages["user"]["merged"], stages["order"]["held"]) == (1, 0, 2)
    assert customers_of(sandbox) == {"100": "1"}


def test_a_row_that_repeats_a_key_is_not_said_to_have_been_sent_with_the_first(shop):
    _, run = shop
    people, twice = customer(1, "ali@example.com") + customer(2, "can@example.com"), order(100, 1) + order(100, 2)
    assert counts(run(people, twice))["order"] == (2, 0, 1, 1)
    (package,) = json.loads(run(people, twice, "find", "100").stdout)["packages"]
    explained = json.loads(run(people, twice, "explain", "order", "100").stdout)
    for records in (package["records"], explained["went"]):
        found = [(one["fate"], len(one["sent"]), one["repeats"]) for one in records if one["stage"] == "order"]
        assert found == [("valid", 1, False), ("rejected", 0, True)]
