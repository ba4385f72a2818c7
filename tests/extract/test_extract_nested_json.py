"""A path through the lists of a JSON document: its elements are rows, and what stands around them can be columns."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import open_table
from test_extract_json import error_of, faults_of, opened, rows_of, written

from etl.errors import SourceError
from etl.extract import Connections, World, fetched, read_all
from etl.extract import open_table as open_while
from etl.model import Source

ORDERS = """{"made": "today", "orders": [
  {"line_items": [{"sku": "A", "price": 0.10}, {"sku": "B", "qty": 2}], "id": 1001, "customer": {"id": 7, "tags": ["x", "y"]}},
  {"id": 1002, "line_items": []},
  {"id": 1003, "line_items": null, "customer": null},
  {"id": 1004},
  {"id": 1005, "line_items": [{"sku": "C", "price": 12345678901234567.89}]}
]}"""


@pytest.mark.parametrize("path", ["orders[*].line_items[*]", "orders[*].line_items"])
def test_the_lines_of_all_orders_are_rows_with_the_values_of_their_order(tmp_path, path):
    columns = {"order": "^.id", "customer": "^.customer.id", "tag": "^.customer.tags[1]"}
    table = opened(written(tmp_path, ORDERS), path=path, **{"with": columns})
    assert table.header == ("sku", "price", "qty", "order", "customer", "tag")
    assert rows_of(table, 1) == [
        ["A", Decimal("0.10"), None, 1001, 7, "y"],
        ["B", None, 2, 1001, 7, "y"],
        ["C", Decimal("12345678901234567.89"), None, 1005, None, None],
    ]
    assert faults_of(table) == []


def test_the_objects_between_are_counted_one_by_one(tmp_path):
    content = '[{"id": 1, "delivery": {"code": "d", "parcels": [{"no": "p", "goods": [{"sku": "A"}]}]}}]'
    columns = {"parcel": "^.no", "delivery": "^.^.code", "order": "^.^.^.id"}
    table = opened(written(tmp_path, content), path="[*].delivery.parcels[*].goods", **{"with": columns})
    assert (table.header, rows_of(table)) == (("sku", "parcel", "delivery", "order"), [["A", "p", "d", 1]])


def test_an_element_is_picked_by_its_place_as_in_an_export_of_phpmyadmin(tmp_path):
    export = [
        {"type": "header", "version": "5.2.1", "comment": "Export to JSON plugin for phpMyAdmin"},
        {"type": "database", "name": "shop"},
        {"type": "table", "name": "oc_order", "database": "shop", "data": [{"order_id": "1", "total": "9.90"}]},
    ]
    table = opened(written(tmp_path, json.dumps(export)), path="[2].data")
    assert (table.header, rows_of(table)) == (("order_id", "total"), [["1", "9.90"]])


def test_lists_in_lists_need_a_step_each(tmp_path):
    table = opened(written(tmp_path, '{"pages": [[{"id": 1}, {"id": 2}], [], [{"id": 3}]]}'), path="pages[*][*]")
    assert rows_of(table) == [[1], [2], [3]]
    table = opened(
        written(tmp_path, '[{"two": [[{"id": 1}], [{"id": 2}]]}, {"two": [[{"id": 3}]]}]'), path="[*].two[1]"
    )
    assert rows_of(table) == [[2]]


def test_what_cannot_be_rows_is_a_fault_in_its_place(tmp_path):
    content = """[{"id": 1, "lines": [{"sku": "A"}]}, {"id": 2, "lines": {"0": {"sku": "B"}}}, 7,
                  {"id": 3, "lines": ["C", {"sku": "D"}]}, {"id": 4, "id": 5, "lines": [{"sku": "E"}]}]"""
    table = opened(written(tmp_path, content), path="[*].lines", **{"with": {"order": "^.id"}})
    assert table.header == ("sku", "order")
    assert faults_of(table, 2) == [
        (2, "is an object, where `path` needs a list"),
        (3, "is a number, where `path` needs an object with the key 'lines'"),
        (4, "is a text, not an object"),
        (6, "lies in an element that has the key 'id' twice"),
    ]
    assert rows_of(table)[1] == ['{"0": {"sku": "B"}}']
    assert rows_of(table)[4] == ["D", 3]


def test_the_columns_can_be_listed(tmp_path):
    table = opened(written(tmp_path, ORDERS), path="orders[*].line_items", header=["sku"], **{"with": {"id": "^.id"}})
    assert table.header == ("sku", "id")
    assert [reason.partition(";")[0] for _, reason in faults_of(table)] == [
        "has the key 'price', which is not among the columns",
        "has the key 'qty', which is not among the columns",
        "has the key 'price', which is not among the columns",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"path": "orders[*].line_itmes"},
            ": `path: orders[*].line_itmes`: no object has the key 'line_itmes'; did you mean 'line_items'?",
        ),
        (
            {"path": "orders[*].goods", "header": ["sku"]},
            ": `path: orders[*].goods`: no object has the key 'goods'; there are: line_items, id, customer",
        ),
        ({"path": "order[*].line_items"}, ": `path: order[*].line_items`: no key 'order'; did you mean 'orders'?"),
        (
            {"path": "orders[9].line_items"},
            ": `path: orders[9].line_items`: orders has 5 elements, and [9] counts from [0]",
        ),
        (
            {"path": "orders.line_items"},
            ": `path: orders.line_items`: orders is a list; `orders[*].line_items` goes into its elements",
        ),
        ({"path": "[0].data"}, ": `path: [0].data`: the document is an object, so it has no element [0]"),
        ({"path": "made[0]"}, ": `path: made[0]`: made is a text, so it has no element [0]"),
        (
            {"path": "orders[*].line_items", "with": {"order": "^.idd"}},
            ": `with: order`: no object has the key 'idd'; did you mean 'id'?",
        ),
        (
            {"path": "orders[*].line_items", "with": {"sku": "^.id"}},
            ": `with`: the objects have a key 'sku' already; give the column another name",
        ),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(tmp_path, options, message):
    assert error_of(written(tmp_path, ORDERS), **options) == message


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("orders", """leave `path` out, or save the list as {"orders": [...]}"""),
        ("orders[*].line_items", "write `path: [*].line_items`"),
        ("orders.line_items", "write `path: [*].line_items`"),
        ("orders[2].line_items[*].parts", "write `path: [2].line_items[*].parts`"),
    ],
)
def test_a_list_whose_elements_lack_the_key_is_the_array_itself(tmp_path, path, advice):
    """As when somebody saves the orders of an answer without the object around them."""
    elements = json.dumps([{"id": 1, "line_items": [{"sku": "a", "parts": [{"sku": "b"}]}]}] * 3)
    told = error_of(written(tmp_path, elements), path=path)
    assert told == f": `path: {path}`: the document is a list already, and its elements have no key 'orders'; {advice}"
    # What is advised reads it.
    options = {"path": advice.split("`")[1].removeprefix("path: ")} if advice.startswith("write") else {}
    assert ("sku" if options else "id") in opened(written(tmp_path, elements), **options).header


def test_a_key_that_a_later_element_has_is_one_of_the_elements(tmp_path):
    """As in an export of phpMyAdmin, whose first elements are about the file."""
    told = error_of(written(tmp_path, '[{"type": "header"}, {"type": "table", "data": [{"a": 1}]}]'), path="data")
    assert told == ": `path: data`: the document is a list; `[*].data` goes into its elements"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"path": "orders[].lines"},
            "option 'path': 'orders[].lines' is no path: keys are joined by dots, `[*]` is every element of a list and `[2]` "
            "its third one, as in `orders[*].line_items[*]`",
        ),
        (
            {"path": "a[*].b", "with": {"id": "parent.id"}},
            "option 'with': 'parent.id' names nothing around a row; write `^.id` for the key `id` of the object that holds "
            "the row's list, `^.^.id` for the object around that one",
        ),
        ({"path": "a[*].b", "with": {"id": "^.b[*]"}}, "option 'with': '^.b[*]' is many values; a column takes one"),
        (
            {"path": "orders[*].line_items", "with": {"made": "^.^.made"}},
            "`with: made` goes 2 up, and between a row and the outermost `[*]` of `path` there is only 1 object",
        ),
        (
            {"path": "orders", "with": {"made": "^.made"}},
            "`with: made` goes 1 up, and between a row and the outermost `[*]` of `path` there is no object",
        ),
    ],
)
def test_a_path_that_is_none_is_refused_with_the_way_to_write_it(tmp_path, options, message):
    assert error_of(written(tmp_path, ORDERS), **options) == f"source 'orders': {message}"


LINES = st.lists(st.fixed_dictionaries({"sku": st.text(max_size=3), "n": st.integers()}), max_size=4)


@given(st.lists(st.tuples(st.integers(), LINES), min_size=1, max_size=8), st.integers(1, 5))
def test_every_line_comes_once_and_in_order_with_its_own_order(tmp_path_factory, orders, size):
    document = [{"lines": lines, "id": number} for number, lines in orders]
    document.append({"lines": [{"sku": "last", "n": 0}], "id": 0})
    path = written(tmp_path_factory.mktemp("nested"), json.dumps(document))
    table = opened(path, path="[*].lines[*]", header=["sku", "n"], **{"with": {"order": "^.id"}})
    assert rows_of(table, size) == [[line["sku"], line["n"], one["id"]] for one in document for line in one["lines"]]


# Lines of JSON, and JSON inside of cells


def lines_of(folder, lines, **options):
    path = folder / "orders.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return open_table(Source("orders", "jsonl", str(path), options))


ORDER_LINES = [
    '{"id": 1, "customer": {"no": "a"}, "items": [{"sku": "x", "qty": 1.50}, {"sku": "y", "qty": 2}]}',
    "",
    '{"id": 2, "customer": {"no": "b"}, "items": []}',
    "{broken",
    '{"id": 3, "customer": {"no": "c"}, "items": [{"sku": "z", "qty": 3}, 7]}',
]


def test_a_path_goes_into_every_line_of_json_lines(tmp_path):
    table = lines_of(tmp_path, ORDER_LINES, path="items", **{"with": {"order": "^.id", "customer": "^.customer.no"}})
    assert table.header == ("sku", "qty", "order", "customer")
    ((_, rows),) = read_all(table)
    faults = {fault.index: str(fault.reason) for fault in rows.faults}
    assert [list(map(str, row)) for index, row in enumerate(rows.rows) if index not in faults] == [
        ["x", "1.5", "1", "a"],
        ["y", "2", "1", "a"],
        ["z", "3", "3", "c"],
    ]
    assert list(faults.values()) == [
        "not JSON at column 2: a key in double quotes is missing here",
        "is a number, not an object",
    ]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"path": "lines"}, "`path: lines`: no object has the key 'lines'"),
        ({"path": "items", "with": {"order": "^.^.id"}}, "`with: order` goes 2 up"),
        ({"path": "items", "with": {"order": "^.nr"}}, "`with: order`: no object has the key 'nr'"),
    ],
)
def test_a_path_in_json_lines_that_leads_nowhere_is_told(tmp_path, options, what):
    with pytest.raises(SourceError, match=re.escape(what)):
        lines_of(tmp_path, ORDER_LINES, **options)


def test_json_in_a_column_of_another_source_is_rows_by_a_query(tmp_path):
    lines = 'id;lines\n1;[{"sku":"a","n":1.25},{"sku":"b","n":2}]\n2;[]\n3;\n'
    (tmp_path / "orders.csv").write_text(lines, encoding="utf-8")
    query = (
        "SELECT id, line->>'sku' AS sku, line->>'n' AS n FROM "
        "(SELECT id, unnest(CAST(lines AS JSON[])) AS line FROM orders)"
    )
    raw = Source("orders", "csv", str(tmp_path / "orders.csv"), {"delimiter": ";", "quote": None})
    with Connections() as connections, open_while(raw) as table:
        world = World({"orders": table}, connections, {"orders": raw})
        with open_while(Source("lines", "query", query), world) as found:
            rows = [row for _, part in read_all(fetched(found, found.header)) for row in part.rows]
    assert rows == [["1", "a", "1.25"], ["1", "b", "2"]]
