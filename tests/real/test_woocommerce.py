"""WooCommerce's REST answers: what is nested in an order is reached with a dot, and lists pass through whole."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from real_input import DATA, counts, etl_json, exact, needs, payload_records

pytestmark = needs("woocommerce")

EXPORT = DATA / "woocommerce"
MAPPING = Path(__file__).parent / "woocommerce" / "migration.yaml"


@pytest.fixture(scope="module")
def orders():
    return exact((EXPORT / "orders.json").read_text(encoding="utf-8"))


def previewed(stage, *more, mapping=MAPPING):
    shown = etl_json("preview", mapping, "--stage", stage, "--show-data", *more, WOOCOMMERCE=EXPORT)
    return shown["rows"]


@pytest.fixture(scope="module")
def rows():
    """The preview of the order stage: a guest's order, and one of customer 26."""
    return previewed("order")


def test_the_parts_of_an_order_are_mapped_from_its_nested_objects(rows, orders):
    row = rows[1]
    assert (row["row"], row["fate"], row["problems"]) == (2, "valid", [])
    record = row["record"]
    assert record["user_email"] == orders[1]["billing"]["email"]
    assert record["shipping_address"] == "João Silva Av. Brasil, 432 Rio de Janeiro RJ"
    assert record["shipping_company"] == "flat_rate"
    assert (record["status"], record["created_date"]) == ("550", "2017-03-21 16:16:00")
    assert (record["amount"], record["currency"]) == (Decimal("39.00"), "usd")


def blank_is_null(value):
    if isinstance(value, dict):
        return {name: blank_is_null(one) for name, one in value.items()}
    return [blank_is_null(one) for one in value] if isinstance(value, list) else None if value == "" else value


def test_lists_and_nulls_pass_through_as_they_are_and_a_blank_text_in_them_is_null(rows, orders):
    kept = rows[1]["record"]["extra_field"]
    assert kept == blank_is_null({"lines": orders[1]["line_items"], "refunds": orders[1]["refunds"], "paid": None})


def test_a_guests_order_is_filtered_and_still_shown_with_its_row(rows):
    guest, other = rows
    assert (guest["row"], guest["fate"], guest["cells"]["customer_id"]) == (1, "filtered", 0)
    assert other["fate"] == "valid"


def test_a_key_that_a_nested_object_lacks_is_a_problem_of_its_field(tmp_path):
    text = MAPPING.read_text(encoding="utf-8")
    assert text.count('user_email: "{{ billing.email }}"') == 1
    mapping = tmp_path / "migration.yaml"
    mapping.write_text(text.replace('user_email: "{{ billing.email }}"', 'user_email: "{{ billing.mail }}"'), "utf-8")
    row = previewed("order", "--key", "723", mapping=mapping)[0]
    assert (row["fate"], row["problems"][0]["field"]) == ("rejected", "user_email")
    assert row["problems"][0]["reason"].startswith("there is no 'mail' in {first_name, last_name, ")


def test_masked_is_the_rule_also_for_what_is_nested():
    shown = etl_json("preview", MAPPING, WOOCOMMERCE=EXPORT)
    text = str(shown)
    for secret in ("joao.silva@example.com", "john.doe@example.com", "Silva", "969 Market", "1111-1111"):
        assert secret not in text


def test_a_dry_run_accounts_for_all_of_it(tmp_path, orders):
    summary = etl_json("dry-run", MAPPING, "-w", tmp_path, WOOCOMMERCE=EXPORT)
    assert counts(summary) == {"user": (2, 0, 0, 0, 2), "address": (2, 0, 0, 0, 2), "order": (2, 1, 0, 0, 1)}
    (order,) = payload_records(summary, "order")
    assert order["amount"] == Decimal(orders[1]["total"])
