"""A delta: what an earlier run uploaded is there to be referred to, though the new export no longer has it."""

from __future__ import annotations

import json

import pytest
from commands import etl
from sandbox_client import TOKEN, running_sandbox
from small_migration import MAPPING, write_shop

OFFLINE = "target: { batch_size: 7 }"
TARGET = "target: { url: '${OMNITRON_URL}', channel: 1, token: '${OMNITRON_TOKEN}', batch_size: 7, polling: { interval: 0.01 } }"
CUSTOMERS = "id;name;email;active;phone;joined\n"
ALI = "1;Ali Can;ali@example.com;1;0532 123 45 67;14.03.2019 16:05\n"
VELI = "2;Veli Can;veli@example.com;0;;14.03.2019 16:05\n"
ORDERS = "number;customer;email;date;amount;currency;address;note\n"
LINES = "order;sku;product;quantity;price\n"


def order(number, customer):
    return f"{number};{customer};ali@example.com;15.03.2019 10:00;10,00;TL;Kadıköy;\n"


@pytest.fixture
def shop(tmp_path):
    with running_sandbox() as sandbox:

        def run(customers, orders, command="run"):
            write_shop(tmp_path, CUSTOMERS + customers, ORDERS + orders, LINES, MAPPING.replace(OFFLINE, TARGET))
            settings = {"OMNITRON_URL": sandbox.url, "OMNITRON_TOKEN": TOKEN}
            return etl(command, tmp_path, "-w", tmp_path / "work", "--json", **settings)

        yield sandbox, run


def held(result):
    stages = json.loads(result.stdout)["stages"]
    return {stage["name"]: (stage["valid"], stage["held"]) for stage in stages}["order"]


def test_an_order_of_a_customer_that_an_earlier_run_uploaded_is_sent(shop):
    sandbox, run = shop
    assert run(ALI, "").returncode == 1  # a source without rows
    assert held(run("", order(100, 1), "dry-run")) == (1, 0)
    assert run("", order(100, 1)).returncode == 1  # a source without rows
    assert [one["record"]["number"] for one in sandbox.records("order")] == ["100"]


def test_an_order_of_a_customer_that_was_never_uploaded_is_still_held(shop):
    sandbox, run = shop
    assert run(ALI, "").returncode == 1  # a source without rows
    result = run(VELI, order(100, 1) + order(101, 2) + order(102, 3))
    assert held(result) == (1, 2)
    assert result.returncode == 1
    assert [one["record"]["number"] for one in sandbox.records("order")] == ["100"]
