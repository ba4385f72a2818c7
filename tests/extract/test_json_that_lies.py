"""JSON read as a stream: the values that the whole document has, in little memory, and a sentence for what is none."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from decimal import Decimal

import pytest
from commands import etl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_extract_json import error_of, faults_of, opened, rows_of, written

from etl.extract import json_stream
from etl.extract.nested import NO_COLUMNS

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "ş"]), VALUES, max_size=3), max_size=6)


CONTROL = "a control character inside of a text; write a line break as \\n, a tab as \\t"
MORE = "more stands behind the end of the value; with one object a line, read it with `jsonl:`"
CUT_OFF = "it ends here, in the middle; was the file cut off?"


@pytest.fixture(params=[1, 7, 1 << 18])
def window(request, monkeypatch):
    monkeypatch.setattr(json_stream, "WINDOW", request.param)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OBJECTS, VALUES, VALUES, st.sampled_from([None, 1]), st.booleans())
def test_a_stream_gives_what_the_whole_document_holds(tmp_path, window, objects, before, after, indent, ascii_only):
    document = {"before": before, "data": {"x": before, "orders": objects, "y": after}, "after": after}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    path = written(tmp_path, text)
    whole = json.loads(text, parse_float=Decimal)["data"]["orders"]
    names = list(dict.fromkeys(name for one in whole for name in one))
    if not names:
        assert error_of(path, path="data.orders") == f": {NO_COLUMNS}"
        return
    table = opened(path, path="data.orders")
    assert list(table.header) == names
    assert rows_of(table, 2) == [[one.get(name) for name in names] for one in whole]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ('[{"a": 1},\n\n {"a": 2}\n{"a": 3}]', {}, ":4:1: not JSON: a comma or a closing bracket is missing here"),
        ('[{"a": 1},\n {"a": 2},\n]', {}, ":3:1: not JSON: a value is missing here"),
        ('[{"a": 1}', {}, f":1:10: not JSON: {CUT_OFF}"),
        ('{"x": [{"a": 1}]', {"path": "x"}, f":1:17: not JSON: {CUT_OFF}"),
        ('{"x": [{"a": 1}], "y"}', {"path": "x"}, ":1:22: not JSON: a colon is missing here, behind a key"),
        ('{"x": [{"a": 1}], y: 1}', {"path": "x"}, ":1:19: not JSON: a key in double quotes is missing here"),
        ('{"x": [{"a": 1}], "x": [{"a": 2}]}', {"path": "x"}, ": `path: x`: the key 'x' is there twice"),
        ('{"y": [1, "a\nb"], "x": []}', {"path": "x"}, f":1:13: not JSON: {CONTROL}"),
        ('[{"a": 1}] x', {}, f":1:12: not JSON: {MORE}"),
        ('{"x": {"y": [{"a": 1}]}}', {"path": "x"}, ": `path: x` is an object, not an array of objects; write `path: x.y`?"),
        ('{"x": "y"}', {"path": "x.y"}, ": `path: x.y`: no key 'y' in x"),
        ('"text"', {}, ": the file holds a text, not an array of objects"),
        ("", {}, ": is empty; was the export cut off?"),
        (" \n", {}, ":2:1: not JSON: a value is missing here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_whatever_the_window(tmp_path, window, text, options, message):
    assert error_of(written(tmp_path, text), **options) == message


def test_a_file_that_ends_in_the_middle_of_a_character_says_so(tmp_path):
    data = '[{"a": "Ş"}]'.encode()[:8] + b"\xc5"
    assert error_of(written(tmp_path, data)) in (
        ": ends in the middle of a character; was the file cut off?",
        ":1:8: not JSON: the text that begins here never ends; was it cut off?",
    )


# ---- values


@pytest.mark.parametrize("number", ["1e9999999999999999999", "-1E+400", "1e-99999999999999999999", "1.5e309"])
@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_a_number_beyond_all_numbers_is_a_fault_of_its_row(tmp_path, number, kind):
    rows = [f'{{"a": {number}}}', '{"a": 1.50}', f'{{"a": [{{"b": {number}}}]}}', '{"a": 1e308}']
    text = f"[{', '.join(rows)}]" if kind == "json" else "\n".join(rows)
    table = opened(written(tmp_path, text, f"a.{kind}"))
    reason = "holds a number of more than 308 digits, which nobody means"
    assert faults_of(table) == [(1, reason), (3, reason)]
    assert [rows_of(table)[n] for n in (1, 3)] == [[Decimal("1.50")], [Decimal("1E+308")]]


def test_a_whole_number_of_thousands_of_digits_is_told_in_our_words(tmp_path):
    assert error_of(written(tmp_path, f'[{{"a": {"9" * 5000}}}]')) == ": holds a number of thousands of digits"
    table = opened(written(tmp_path, f'{{"a": 1}}\n{{"a": {"9" * 5000}}}', "a.jsonl"))
    assert faults_of(table) == [(2, "holds a number of thousands of digits")]


def nested(levels):
    return "[" * levels + "1" + "]" * levels


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_a_value_of_very_many_levels_is_a_fault_of_its_row(tmp_path, kind):
    rows = [f'{{"a": {nested(99)}}}', f'{{"a": {nested(101)}}}', f'{{"a": {nested(500)}}}']
    text = f"[{', '.join(rows)}]" if kind == "json" else "\n".join(rows)
    table = opened(written(tmp_path, text, f"a.{kind}"))
    reason = "is nested more than 100 levels deep"
    assert faults_of(table) == [(2, reason), (3, reason)]


MAPPING = """\
version: 1
name: deep
sources:
  rows: {{ json: rows.json{options} }}
stages:
  - name: user
    from: rows
    key: customer_code
    fields:
      customer_code: "{{{{ id }}}}"
      first_name: "{{{{ name }}}}"
      last_name: "-"
      email: a@example.com
      gender: null
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: 5f4dcc3b5aa765d61d8327deb882cf99
      password_algorithm: md5
"""


def previewed(folder, rows, options=""):
    (folder / "migration.yaml").write_text(MAPPING.format(options=options), encoding="utf-8")
    (folder / "rows.json").write_text(rows, encoding="utf-8")
    done = etl("preview", folder, "--json", "--show-data")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rows"]


def test_preview_shows_a_row_of_500_levels(tmp_path):
    [row] = previewed(tmp_path, f'[{{"id": "1", "name": {nested(500)}}}]')
    assert row["problems"] == [
        {"field": None, "reason": "is nested more than 100 levels deep", "rule": "row:json:levels"}
    ]
    assert etl("preview", tmp_path).returncode == 0


def test_without_trimming_an_empty_text_stays_one(tmp_path):
    rows = '[{"id": "1", "name": ""}, {"id": "2", "name": " x "}, {"id": "3", "name": null}]'
    given = [row["record"].get("first_name") for row in previewed(tmp_path, rows, ", trim: false")]
    assert given == ["", " x ", None]
    assert [row["record"].get("first_name") for row in previewed(tmp_path, rows)] == [None, "x", None]


# ---- memory

MEASURED = """
import sys
from etl.extract import open_table, read_all
from etl.model import Source
from etl.extract.nested import NO_COLUMNS
def peak():
    # Unlike ru_maxrss, this begins anew with a program.
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024
with open_table(Source("s", sys.argv[1], sys.argv[2], {"path": sys.argv[3]})) as table:
    rows = sum(content.height for _, content in read_all(table))
print(rows, peak())
"""


def measured(kind, path, inner):
    """How many rows a file has, and the megabytes that reading it took."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, kind, path, inner], capture_output=True, text=True, check=True
    )
    return [int(number) for number in done.stdout.split()]


def test_a_large_document_is_read_in_little_memory(tmp_path):
    def peak(count):
        path = tmp_path / f"{count}.json"
        rows = ",".join(f'{{"id": {n}, "name": "{"x" * 200}", "lines": [{{"sku": "a"}}]}}' for n in range(count))
        path.write_text(f'{{"other": [{rows}], "data": {{"orders": [{rows}]}}}}', encoding="utf-8")
        return measured("json", path, "data.orders")

    (few, small), (many, large) = peak(100), peak(60_000)
    assert (few, many) == (100, 60_000)
    assert large - small < 30


@pytest.mark.parametrize(("kind", "path"), [("json", "düğüm"), ("jsonl", None), ("json", "[*].düğüm")])
def test_a_name_is_composed_as_a_column_of_a_csv_is_and_two_that_are_one_then_are_one_name_twice(tmp_path, kind, path):
    apart, one = "S\u0327ehir", "Şehir"
    rows = [{apart: "a", "x": {apart: 1}}, {one: "b"}, {apart: 1, one: 2}, {"x": 1, apart: "c"}]
    outer = {unicodedata.normalize("NFD", "düğüm"): rows}
    text = "\n".join(map(json.dumps, rows)) if path is None else json.dumps([outer] if path[0] == "[" else outer)
    options = {"path": path} if path else {}
    for header in (None, [apart, "x"]):
        table = opened(written(tmp_path, text, f"a.{kind}"), **options, header=header)
        assert table.header == (one, "x")
        assert [rows_of(table)[n] for n in (0, 1, 3)] == [["a", {apart: 1}], ["b", None], ["c", 1]]
        assert faults_of(table) == [(3, f"has the key '{one}' twice")]
