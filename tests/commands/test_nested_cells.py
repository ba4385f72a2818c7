"""Objects and lists of JSON sources where people read of them: as JSON, and masked by one rule."""

import orjson
import pytest
from rich.console import Console

from etl.commands.explain import explain
from etl.commands.preview import preview
from etl.commands.settings import Settings
from etl.report.looking import explain_lines, shown_explanation
from etl.report.preview import print_preview

MAPPING = """\
version: 1
name: shop
sources: { orders: { json: orders.json } }
stages:
  - name: order
    from: orders
    key: number
    where: "{{ pay.goods != 0 and who.city != 'Nowhere' }}"
    fields:
      number: "{{ no | text }}"
      user: "{{ who.code }}"
      user_email: "{{ who.mail }}"
      status: "400"
      created_date: "2022-01-01 00:00:00"
      amount: "{{ pay.goods | decimal('.') }}"
      discount_amount: "{{ pay.less | decimal('.') | default(0) if pay.gift else none }}"
      currency: try
      payment_type: card
      bank: ""
      installment_count: 1
      tracking_number: ""
      shipping_company: x
      shipping_address: "{{ who.city }}"
      billing_address: "-"
      extra_field: {}
"""

PAID = '{"goods": "51.25", "less": null, "gift": true, "by": "a***@e***.com"}'
"""As it is shown of the first order."""


@pytest.fixture(scope="module")
def mapping(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nested")
    who = {"code": "C1", "mail": "ayse@example.com", "city": "Ankara"}
    pay = {"goods": 51.25, "less": None, "gift": True, "by": "ayse@example.com"}
    orders = [{"no": number, "who": who, "pay": {**pay, "less": number}} for number in (2, 3)]
    (folder / "orders.json").write_bytes(orjson.dumps([{"no": 1, "who": who, "pay": pay}, *orders]))
    (folder / "migration.yaml").write_text(MAPPING, encoding="utf-8")
    return folder / "migration.yaml"


def explained(mapping, **how):
    found = explain(mapping, Settings(mapping.parent / "work"), "order", "1")
    return shown_explanation(found, show_data=False, **how)


def test_a_nested_cell_is_json_in_explain_as_it_is_in_preview(mapping):
    (row,) = preview(mapping, "order", 1)
    console = Console(width=400, record=True)
    print_preview(console, [row.masked()])
    shown = console.export_text()
    lines = {line.strip() for line in explain_lines(explained(mapping))}
    for cell in (f"pay: {PAID}", 'who: {"code": "***", "mail": "a***@e***.com", "city": "A***"}'):
        assert cell in lines
        assert cell in shown


def test_a_cell_is_masked_in_explain_as_it_is_in_preview_whatever_field_is_made_of_it(mapping):
    (row,) = preview(mapping, "order", 1)
    cells = row.masked().cells
    steps = [one for field in explained(mapping).fields for one in field.steps if one.is_column]
    assert {one.what for one in steps} == set(cells)
    assert [one for one in steps if one.value != cells[one.what]] == []
