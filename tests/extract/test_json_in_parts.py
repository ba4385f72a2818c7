"""A list of JSON that is read in parts has the rows, faults and numbers that it has when it is read in one."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import open_table

from etl.errors import SourceError
from etl.extract import json_file, read_all
from etl.extract.json_parts import EACH, JsonTable
from etl.extract.rows import SequentialTable
from etl.model import Source

ELEMENTS = [
    '{"a": 1, "b": "x"}', '{"b": "ğüş", "a": 1.50}', '{"a": "\\u011f", "b": null}', '{"a": [1, {"c": "]"}], "b": "}, {"}', "{}",
    '{"a": "\\ud800"}', '{"a": 1, "a": 2}', '{"a": 1e999}', "5", "null", '["x"]', '{"a": {"l": [{"n": 1}, {"n": "ş"}]}}',
    '{"a": {"l": []}}', '{"a": {"l": 7}}', '{"a": "😀"}', '{"a": "%s"}' % ("long " * 2000),
]  # fmt: skip
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1254", "shift_jis"]


def numbered(table, rows):
    """All rows and faults, each with the number that people see."""
    cells, faults = [], []
    for number, content in read_all(table, rows):
        cells += [(number + content.place(index), repr(list(row))) for index, row in enumerate(content.rows)]
        faults += [(number + content.place(one.index), str(one.reason), one.cells) for one in content.faults]
    return cells, faults


def both_ways(file, monkeypatch, **options):
    """The table in parts, where that can be, and as it is read from its beginning to its end."""
    source = Source("orders", "json", str(file), options)
    in_parts = open_table(source)
    with monkeypatch.context() as patched:
        patched.setattr(json_file, "can_be_cut", lambda path, encoding: False)
        whole = open_table(source)
    assert isinstance(whole, SequentialTable)
    return in_parts, whole


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patched:
        yield patched


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(ELEMENTS), max_size=30),
    st.integers(min_value=1, max_value=20),
    st.sampled_from([",", ", ", " ,\n\t", "\r\n,"]),
    st.sampled_from(ENCODINGS),
    st.sampled_from([1, 100, 250, 5000]),
    st.sampled_from([{"path": "rows"}, {"path": "rows[*].a.l", "with": {"outer": "^.^.b"}}]),
)
def test_rows_faults_and_numbers_are_the_same(
    tmp_path_factory, patch, elements, times, between, encoding, rows, options
):
    path = tmp_path_factory.mktemp("json") / "orders.json"
    first = '{"a": {"l": [{"n": 0}]}, "b": "first"}'
    text = f'{{"before": ["ğ"], "rows": [ {between.join([first, *elements * times])} ], "after": 1}}'
    path.write_bytes(text.encode(encoding, "ignore"))
    read_as = "utf-8" if encoding == "utf-8-sig" else encoding
    in_parts, whole = both_ways(path, patch, encoding=read_as, **options)
    assert isinstance(in_parts, JsonTable) == (encoding in ("utf-8", "utf-8-sig", "cp1254"))
    assert numbered(in_parts, rows) == numbered(whole, rows)


def test_a_part_is_small_however_large_its_elements_and_goes_to_another_process_without_its_rows(tmp_path, monkeypatch):
    path = tmp_path / "orders.json"
    path.write_text(json.dumps([{"a": "x" * 30_000}] * 1000))
    table, _ = both_ways(path, monkeypatch)
    parts = list(table.parts(1000))
    assert [one.stop for one in parts[:-1]] == [one.begin for one in parts[1:]]
    assert max(one.stop - one.begin for one in parts) < 1 << 23
    assert [one.reached for one in parts] == sorted(one.reached for one in parts)
    assert parts[-1].reached == 1
    assert len(pickle.dumps(parts[0])) < 2000
    assert sum(len(pickle.loads(pickle.dumps(one)).read().rows) for one in parts) == 1000


def test_a_file_that_was_changed_after_it_was_looked_at_is_told(tmp_path, monkeypatch):
    path = tmp_path / "orders.json"
    path.write_text(json.dumps([{"a": number} for number in range(EACH * 3)]))
    table, _ = both_ways(path, monkeypatch)
    path.write_text(json.dumps([{"a": number * 1000} for number in range(EACH * 3)]))
    with pytest.raises(SourceError) as caught:
        numbered(table, EACH)
    assert str(caught.value) == (
        f"{path}: is not what it was when it was first looked at; was it changed meanwhile? run it again"
    )


def test_a_list_whose_columns_are_given_is_not_looked_through_before(tmp_path):
    path = tmp_path / "orders.json"
    path.write_text('[{"a": 1}]')
    assert isinstance(open_table(Source("orders", "json", str(path), {"header": ["a"]})), SequentialTable)
