"""Two stages of one payload: what both of them send is told, since Omnitron would have it twice."""

from __future__ import annotations

import json

import pytest
from commands import etl
from killing import write_shop

TWIN = (
    "stage 'order' sends the same number, too, so one of the two is refused, or both are there; leave it out of one of the "
    "stages with `where`"
)


@pytest.fixture
def shop(tmp_path):
    """Orders of two years, the first of which are in both files; of one of these the customer is not migrated."""
    mapping = write_shop(tmp_path, customers=4, dirty=False)
    text = mapping.read_text(encoding="utf-8")
    begin, end = text.index("  - name: order\n"), text.index("  - name: order_item\n")
    archive = (
        text[begin:end]
        .replace("name: order\n", "name: archive\n    payload: order\n")
        .replace("from: orders", "from: old")
    )
    text = text[:end] + archive + text[end:]
    text = text.replace("  lines: {", "  old: { csv: old.csv }\n  lines: {")
    mapping.write_text(text, encoding="utf-8")
    (tmp_path / "old.csv").write_text(
        'number,customer,amount\no1,1,"10,00"\no2,99,"10,00"\nx1,1,"10,00"\no3,3,"5,00"\n'
    )
    return mapping


def dry_run(mapping, *more):
    return json.loads(etl("dry-run", mapping, "--json", *more).stdout)


@pytest.mark.parametrize("workers", [1, 2])
def test_orders_that_two_stages_send_are_warned_of_with_their_rows(shop, workers):
    told = [line for line in dry_run(shop, "--workers", workers)["warnings"] if "sends the same" in line]
    assert len(told) == 1
    assert TWIN in told[0]
    assert told[0].endswith("(rows 2, 5)")


def test_what_is_held_in_one_of_them_is_sent_once_and_is_no_twin(shop):
    kinds = [one for one in dry_run(shop)["kinds"] if one["rule"].startswith("twin:")]
    assert [(one["stage"], one["field"], one["count"], one["rows"]) for one in kinds] == [
        ("archive", "number", 2, [2, 5])
    ]


def test_numbers_that_differ_are_no_twins(shop):
    (shop.parent / "old.csv").write_text('number,customer,amount\nx1,1,"10,00"\n')
    assert not [line for line in dry_run(shop)["warnings"] if "sends the same" in line]
