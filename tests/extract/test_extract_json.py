"""JSON and JSON lines: exact numbers, every key a column, and a fault for what JSON leaves open."""

from __future__ import annotations

import gzip
import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import open_table

from etl.errors import SourceError
from etl.extract import read_all
from etl.extract.nested import NO_COLUMNS
from etl.findings import Unfit
from etl.model import RowFault, Source

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"


def written(folder, content, name="orders.json"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def opened(path, kind=None, /, **options):
    return open_table(Source("orders", kind or path.suffix.strip("."), str(path), options))


def rows_of(table, rows=5000):
    return [list(row) for _, content in read_all(table, rows) for row in content.rows]


def faults_of(table, rows=5000):
    return [(number + f.index, str(f.reason)) for number, content in read_all(table, rows) for f in content.faults]


def error_of(path, /, **options):
    with pytest.raises(SourceError) as error:
        rows_of(opened(path, **options))
    return str(error.value).removeprefix(str(path))


# ---- json


def test_keys_of_all_objects_are_columns_in_order_of_first_appearance(tmp_path):
    table = opened(written(tmp_path, '\ufeff[{"id": 7}, {"name": "Ş", "id": 8, "lines": [{"n": 1}]}]'))
    assert (table.header, table.first_row, table.text_only) == (("id", "name", "lines"), 1, False)
    assert rows_of(table, 1) == [[7, None, None], [8, "Ş", [{"n": 1}]]]


def test_amounts_are_exact(tmp_path):
    table = opened(written(tmp_path, '[{"a": 0.10, "b": 12345678901234567.89, "c": 1e2, "d": {"e": 1.5}}]'))
    assert rows_of(table) == [
        [Decimal("0.10"), Decimal("12345678901234567.89"), Decimal("1E+2"), {"e": Decimal("1.5")}]
    ]


def test_an_array_inside_is_found_by_its_path(tmp_path):
    path = written(tmp_path, '{"data": {"orders": [{"id": 7}], "count": 1}}')
    assert rows_of(opened(path, path="data.orders")) == [[7]]
    assert error_of(path, path="data.order") == (": `path: data.order`: no key 'order' in data; did you mean 'orders'?")
    assert error_of(path, path="x") == ": `path: x`: no key 'x'; there are: data"
    assert error_of(path, path="data.count") == ": `path: data.count` is a number, not an array of objects"
    assert error_of(path, path="data") == (
        ": `path: data` is an object, not an array of objects; write `path: data.orders`?"
    )
    assert error_of(path) == ": the file holds an object, not an array of objects"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('[{"id": 7},\n {"id" 8}]', ":2:8: not JSON: a colon is missing here, behind a key"),
        (
            '{"id": 7}\n{"id": 8}\n',
            ":2:1: not JSON: more stands behind the end of the value; with one object a line, read it with `jsonl:`",
        ),
        ('[{"id": NaN}]', ": NaN is not JSON; write null instead"),
        ("[" * 100_000, ": lists and objects are nested too deeply"),
        (b'[{"id": "\xfe"}]', ": byte 0xFE at offset 9 is not utf-8; is the encoding windows-1254?"),
        ("[]", f": {NO_COLUMNS}"),
    ],
)
def test_json_that_cannot_be_read_says_where(tmp_path, content, text):
    assert error_of(written(tmp_path, content)) == text


def test_rows_that_cannot_be_used_are_faults_in_their_place(tmp_path):
    content = '[{"id": 1}, 7, {"id": 1, "id": 2}, {"id": {"x": 1, "x": 2}}, {"id": "\\ud83d"}, {"id": "\\ud83d\\ude00"}, null]'
    table = opened(written(tmp_path, content))
    assert faults_of(table, 2) == [
        (2, "is a number, not an object"),
        (3, "has the key 'id' twice"),
        (4, "has the key 'x' twice"),
        (5, "holds half of a character (a lone surrogate)"),
        (7, "is null, not an object"),
    ]
    assert len(rows_of(table)) == 7


def test_a_key_that_is_not_listed_is_a_fault(tmp_path):
    path = written(tmp_path, '[{"id": 1}, {"nmae": 2}]')
    assert faults_of(opened(path, header=["id", "name"])) == [
        (
            2,
            "has the key 'nmae', which is not among the columns; did you mean 'name'?; list every key in the source's `header`",
        )
    ]


def test_keys_that_are_not_listed_are_passed_over_where_that_is_said(tmp_path):
    path = written(tmp_path, '{"orders": [{"id": 1, "token": "s3cr3t"}, 7, {"name": "Can"}]}')
    table = opened(path, path="orders", header=["id", "name"], pass_others=True)
    assert rows_of(table) == [[1, None], ["7"], [None, "Can"]]
    assert faults_of(table) == [(2, "is a number, not an object")]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_keys_of_json_lines_that_are_not_listed_are_passed_over_where_that_is_said(tmp_path, ending):
    data = b'{"id": 1, "token": "s3cr3t"}\n7\n{"name": "Can"}\n'
    path = written(tmp_path, gzip.compress(data) if ending else data, f"a.jsonl{ending}")
    table = opened(path, "jsonl", header=["id", "name"], pass_others=True)
    assert rows_of(table, 1) == [[1, None], ["7"], [None, "Can"]]
    assert faults_of(table) == [(2, "is a number, not an object")]
    assert faults_of(opened(path, "jsonl", header=["id", "name"]))[0][0] == 1


@pytest.mark.parametrize("name", ["woocommerce/customers.json", "woocommerce/orders.json"])
def test_real_json_keeps_its_values(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    table = opened(path)
    expected = json.loads(path.read_bytes(), parse_float=Decimal)
    assert [dict(zip(table.header, row, strict=True)) for row in rows_of(table)] == expected


# ---- jsonl


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.text() | st.integers(), min_size=1), min_size=1),
    st.integers(1, 50),
)
def test_any_parts_of_json_lines_give_all_rows(tmp_path_factory, objects, size):
    path = tmp_path_factory.getbasetemp() / "law.jsonl"
    path.write_text(
        "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects), encoding="utf-8", newline=""
    )
    table = opened(path)
    expected = [[one.get(name) for name in table.header] for one in objects]
    parts = [pickle.loads(pickle.dumps(part)) for part in table.byte_parts(size)]
    assert [row for part in parts for row in part.read().rows] == expected
    assert rows_of(table, 1) == expected


def test_a_line_that_cannot_be_read_is_a_fault_with_its_column(tmp_path):
    lines = [
        b'{"id": 1}',
        b'{"id": }',
        b'["id"]',
        b'{"id": "\xfe"}',
        b'{"id": 1, "id": 2}',
        b'{"id": Infinity}',
        b'{"x": 1}\r',
    ]
    table = opened(written(tmp_path, b"\xef\xbb\xbf" + b"\n".join(lines), "a.jsonl"), header=["id"])
    expected = [
        (2, "not JSON at column 8: a value is missing here"),
        (3, "is a list, not an object"),
        (4, "byte 0xFE at column 9 is not utf-8; is the encoding windows-1254?"),
        (5, "has the key 'id' twice"),
        (6, "Infinity is not JSON; write null instead"),
        (7, "has the key 'x', which is not among the columns; list every key in the source's `header`"),
    ]
    assert faults_of(table) == expected
    why = Unfit("row:json", None, "not JSON at column {column}: {detail}", detail="a value is missing here", column=8)
    assert next(table.parts(10)).read().faults[0] == RowFault(1, why, ('{"id": }',))
    assert rows_of(table)[0] == [1]


def test_blank_lines_are_not_rows(tmp_path):
    assert rows_of(opened(written(tmp_path, '\n{"id": 1}\r\n  \n{"id": 2.50}', "a.jsonl"))) == [[1], [Decimal("2.50")]]


def test_the_columns_are_the_keys_of_the_first_thousand_objects(tmp_path):
    path = written(tmp_path, '{"id": 1}\n' * 999 + '{"name": 1}\n{"city": 1}\n', "a.jsonl")
    assert opened(path).header == ("id", "name")
    assert [number for number, _ in faults_of(opened(path), 100)] == [1001]
    assert faults_of(opened(path, header=["id", "name", "city"])) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_compressed_json_and_json_lines_read_like_plain_ones(tmp_path, encoding):
    lines = written(tmp_path, gzip.compress('{"id": "Ş"}\n{"id": 2}'.encode(encoding)), "a.jsonl.gz")
    array = written(tmp_path, gzip.compress('[{"id": "Ş"}, {"id": 2}]'.encode(encoding)), "a.json.gz")
    assert rows_of(opened(lines, "jsonl", encoding=encoding), 1) == [["Ş"], [2]]
    assert rows_of(opened(array, "json", encoding=encoding), 1) == [["Ş"], [2]]


def test_json_lines_without_an_object_are_an_error(tmp_path):
    assert error_of(written(tmp_path, "id\n7\n", "a.jsonl")) == (
        ": no columns in the first 1,000 lines: not JSON at column 1: a value is missing here"
    )


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_a_web_page_under_the_name_of_json_is_said_to_be_one(tmp_path, kind):
    path = tmp_path / f"orders.{kind}"
    path.write_text("<!DOCTYPE html><html>Login please", encoding="utf-8")
    with pytest.raises(SourceError) as error:
        open_table(Source("orders", kind, str(path)))
    assert str(error.value) == f"{path}: is a web page; was the download answered with a login page? fetch it again"


@pytest.mark.parametrize("text", [json.dumps([{"id": 1}], indent=1), json.dumps({"id": 1}, indent=2), '[{"id": 1}]\n'])
def test_a_document_that_is_read_as_lines_is_told_how_to_read_it(tmp_path, text):
    path = tmp_path / "orders.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as error:
        open_table(Source("orders", "jsonl", str(path)))
    what = "no columns in the first 1,000 lines: the file looks like one document; read it with `json:`"
    assert str(error.value) == f"{path}: {what}"


@pytest.mark.parametrize("end", ['{"id": 2, "a"', '{"id": 2,', '{"id":', '{"id": 2'])
def test_a_last_line_that_is_cut_off_is_said_to_be(tmp_path, end):
    path = tmp_path / "orders.jsonl"
    path.write_text('{"id": 1, "a": 2}\n' + end, encoding="utf-8")
    faults = [fault for _, rows in read_all(open_table(Source("orders", "jsonl", str(path)))) for fault in rows.faults]
    cut = f"not JSON at column {len(end) + 1}: the line ends here, in the middle; was it cut off?"
    assert [str(one.reason) for one in faults] == [cut]


def test_an_empty_file_that_has_no_header_by_nature_is_only_empty(tmp_path):
    for kind, name in (
        ("json", "a.json"),
        ("jsonl", "a.JSONL"),
        ("xml", "a.xml"),
        ("excel", "a.xlsx"),
        ("parquet", "a.parquet"),
    ):
        path = tmp_path / name
        path.touch()
        with pytest.raises(SourceError) as error:
            open_table(Source("orders", kind, str(path), {"path": "a/b"} if kind == "xml" else {}))
        assert str(error.value) == f"{path}: is empty; was the export cut off?"
