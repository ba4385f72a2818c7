"""A row's number and its number in a group: the same for any number of workers and wherever a file is cut."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest
from commands import etl
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_case import SMALL, Case
from tables import open_table

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.extract import numbered, read_all
from etl.extract.group_counts import GroupCounts
from etl.model import Source

MAPPING = """\
version: 1
name: lines
sources:
  lines: {{ {kind}: {file}, counters: {{ line: nr, same: [nr, sku] }} }}
stages:
  - name: order_item
    from: lines
    key: "{{{{ nr ~ '/' ~ line }}}}"
    fields:
      order_number: "{{{{ nr }}}}"
      price: 1
      sku: "{{{{ sku ~ '-' ~ same ~ '-' ~ row_number }}}}"
tests:
  - stage: order_item
    given: {{ nr: "1", sku: A, line: "2", same: "1", row_number: "9" }}
    expect: {{ sku: A-1-9 }}
"""


def prepared(folder, text, file="lines.csv", workers=1, kind="csv"):
    (folder / file).write_bytes(gzip.compress(text.encode()) if file.endswith(".gz") else text.encode())
    (folder / "migration.yaml").write_text(MAPPING.format(file=file, kind=kind), encoding="utf-8")
    package = dry_run(folder, Settings(folder / f"work{workers}", workers=workers))
    [stage] = package.stages
    keys = [tuple(one) for batch in package.batches(stage) for one in package.index(batch)]
    records = [one for batch in package.batches(stage) for one in json.loads(package.payload(batch))]
    return keys, [one["sku"] for one in records], list(package.rejects(stage))


@pytest.mark.parametrize("file", ["lines.csv", "lines.csv.gz"])
def test_two_equal_lines_of_one_order_are_two_lines(tmp_path, file):
    keys, skus, _ = prepared(tmp_path, "nr,sku\n1,A\n2,A\n1,A\n\n1 ,B\n2,A,x\n2,A\n", file)
    assert keys == [("1/1", 2), ("2/1", 3), ("1/2", 4), ("1/3", 6), ("2/2", 8)]
    assert skus == ["A-1-2", "A-1-3", "A-2-4", "B-1-6", "A-2-8"]
    assert etl("test", tmp_path).returncode == 0


def test_jsons_values_are_groups_as_expressions_see_them(tmp_path):
    keys, _, _ = prepared(
        tmp_path,
        '[{"nr": "1", "sku": "A"}, {"nr": " 1", "sku": "A"}, {"nr": "2", "sku": "A"}]',
        "lines.json",
        kind="json",
    )
    assert keys == [("1/1", 1), ("1/2", 2), ("2/1", 3)]


def test_numbers_are_the_same_for_any_number_of_workers(tmp_path):
    text = "nr,sku\n" + "".join(f'{n % 7},"A{n % 3}\n"\n' + "\n" * (n % 2) for n in range(20_000))
    one = prepared(tmp_path, text, workers=1)
    assert prepared(tmp_path, text, workers=2) == one
    assert len(set(one[0])) == 20_000


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["1,A\n", "2,B\n", '"1","x\ny"\n', "\n", "1\n"]), max_size=20), st.integers(1, 9))
def test_numbers_do_not_depend_on_the_parts(tmp_path_factory, lines, rows):
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    path.write_text("nr,sku\n" + "".join(lines), encoding="utf-8")
    source = Source("lines", "csv", str(path), {"counters": {"line": "nr"}})
    table = numbered(open_table(source), source, {"line", "row_number"})
    assert table.header == ("nr", "sku", "row_number", "line")

    def found(size):
        return [
            (number + content.place(index), row)
            for number, content in read_all(table, size)
            for index, row in enumerate(content.rows)
        ]

    assert found(rows) == found(5000)
    assert all(row[2] == str(number) for number, row in found(rows) if len(row) == 4)


def test_a_stage_that_asks_for_no_number_is_read_in_parts(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("nr\n1\n", encoding="utf-8")
    source = Source("a", "csv", str(path), {"counters": {"line": "nr"}})
    table = open_table(source)
    assert numbered(table, source, {"nr"}) is table


def test_a_files_own_column_of_that_name_comes_first(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("row_number\nx\n", encoding="utf-8")
    source = Source("a", "csv", str(path))
    table = open_table(source)
    assert numbered(table, source, {"row_number"}) is table


@pytest.mark.parametrize(
    ("counters", "problem"),
    [
        ("{ line: «custmer_id }", "unknown column 'custmer_id'; did you mean 'customer_id'?"),
        ("{ «email: customer_id }", "the source has a column 'email' already; give the counter another name"),
    ],
)
def test_a_counter_that_cannot_count_is_told(tmp_path, monkeypatch, counters, problem):
    monkeypatch.setenv("ACME_TOKEN", "x")
    case = Case(tmp_path)
    case.finds(SMALL.replace('delimiter: ";"', f'delimiter: ";", counters: {counters}'), problem)


def test_a_misspelt_number_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "x")
    case = Case(tmp_path)
    case.finds(
        SMALL.replace("{{ customer_id }}", "{{ «row_numbr }}"), "unknown column 'row_numbr'; did you mean 'row_number'?"
    )


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 1.0, 0.5, Decimal("0.5"), Decimal("1.00"), 2**60]),
    st.sampled_from(["", "a", "A", " a ", "1", "s\u0327", "ş", "\ud800"]), st.lists(st.integers(0, 1), max_size=2),
)  # fmt: skip


@given(st.lists(st.tuples(CELLS, CELLS), max_size=60), st.integers(1, 5))
def test_groups_are_counted_alike_in_memory_and_in_a_file_and_memory_is_bounded(groups, most):
    whole, bounded = GroupCounts(), GroupCounts(most)
    for group in groups:
        assert bounded.next(group) == whole.next(group)
        assert bounded.in_memory <= most


@pytest.mark.parametrize("most", [1, 100])
def test_a_group_is_what_would_be_one_key(most):
    counts = GroupCounts(most)
    cells = [1, True, 1.0, "1", " 1 ", "true", False, 0, 0.5, "0.5", None, ""]
    assert [counts.next((cell,)) for cell in cells] == [1, 1, 2, 3, 4, 2, 1, 1, 1, 2, 1, 2]
