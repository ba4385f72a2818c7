"""What all sources share: the table of kinds, their options, and files that are not there."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys

import pytest
from tables import open_table

from etl.errors import Exit, SourceError
from etl.extract import KINDS, read_all
from etl.extract.kinds import encoding_name
from etl.model import Source

FILES = [kind.name for kind in KINDS.values() if kind.where == "file"]


def error_of(location, kind="csv", **options):
    needed = (
        {option.name: option.schema["examples"][0] for option in KINDS[kind].options if option.required}
        if kind in KINDS
        else {}
    )
    options = {**needed, **options}
    with pytest.raises(SourceError) as error:
        open_table(Source("customers", kind, str(location), options))
    assert error.value.exit_code is Exit.DATA
    return str(error.value)


def test_every_kind_and_option_has_a_sentence_and_a_default_it_accepts_itself():
    for kind in KINDS.values():
        assert kind.sentence.endswith(".")
        assert all(option.sentence.endswith(".") and option.schema for option in kind.options)
        needed = {option.name: option.schema["examples"][0] for option in kind.options if option.required}
        assert set(kind.settings(needed)) == {option.name for option in kind.options}


def test_an_unknown_kind_names_the_nearest():
    assert error_of("x", "exel") == "source 'customers': unknown kind 'exel'; did you mean 'excel'?"
    assert (
        error_of("x", "42")
        == "source 'customers': unknown kind '42'; there are: csv, excel, json, jsonl, xml, parquet, table, sql, query, api"
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"delimeter": ";"}, "unknown option 'delimeter'; did you mean 'delimiter'?"),
        (
            {"sheet": 1},
            "unknown option 'sheet'; csv takes: encoding, delimiter, quote, escape, header, nulls, trim, normalize, counters",
        ),
        (
            {"delimiter": "\\t"},
            "option 'delimiter': '\\\\t' is not one character (a tab is written \"\\t\", with double quotes)",
        ),
        (
            {"encoding": "windows-1245"},
            "option 'encoding': unknown encoding 'windows-1245'; did you mean 'windows-1254'?",
        ),
        ({"encoding": "base64"}, "option 'encoding': unknown encoding 'base64'"),
        ({"header": "id", "trim": "no"}, "option 'trim': 'no' is neither true nor false"),
        ({"nulls": [1]}, "option 'nulls': [1] is not a list of texts"),
        ({"header": []}, "option 'header': is empty; list the columns' names"),
        ({"delimiter": '"'}, "delimiter and quote are both '\"'; they have to differ"),
    ],
)
def test_an_option_that_is_wrong_is_named(tmp_path, options, text):
    (tmp_path / "c.csv").write_text("id\n7\n")
    assert error_of(tmp_path / "c.csv", **options) == f"source 'customers': {text}"


def test_every_spelling_of_utf8_is_the_same():
    assert {encoding_name(name) for name in ("utf-8", "UTF8", "utf_8", "utf-8-sig")} == {"utf-8"}


@pytest.mark.parametrize("kind", FILES)
def test_a_missing_file_names_the_nearest_one_in_its_folder(tmp_path, kind):
    (tmp_path / "Customer.csv").write_text("id\n")
    path = tmp_path / "customers.csv"
    assert error_of(path, kind) == f"{path}: no such file; did you mean 'Customer.csv'?"


def test_a_missing_file_with_nothing_like_it_lists_what_there_is(tmp_path):
    path = tmp_path / "customers.csv"
    assert error_of(path) == f"{path}: no such file; the folder has no files"
    (tmp_path / "b").write_text("")
    assert error_of(path) == f"{path}: no such file; there are: b"
    far = tmp_path / "no" / "customers.csv"
    assert error_of(far) == f"{far}: no such file; its folder {far.parent} does not exist either"


@pytest.mark.parametrize("kind", FILES)
def test_a_folder_and_an_empty_file_are_errors(tmp_path, kind):
    (tmp_path / "a.csv").touch()
    assert error_of(tmp_path, kind) == f"{tmp_path}: is a folder; name the file in it; there are: a.csv"
    path = tmp_path / "a.csv"
    assert error_of(path, kind) == f"{path}: is empty, without even a header; was the export cut off?"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id\n")
    path.chmod(0)
    assert error_of(path) == f"{path}: this user may not read it; change its owner or its mode (chmod u+r)"


def test_a_file_that_vanishes_while_it_is_read_is_an_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id\n7\n")
    part = next(open_table(Source("a", "csv", str(path))).parts(10))
    path.unlink()
    with pytest.raises(SourceError, match="no such file"):
        part.read()


def test_rows_are_numbered_as_people_count_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id\n" + "7\n" * 25)
    table = open_table(Source("a", "csv", str(path)))
    assert [(number, len(content.rows)) for number, content in read_all(table, 10)] == [(2, 10), (12, 10), (22, 5)]


def test_reading_a_plain_csv_does_not_import_calamine(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id\n7\n")
    code = (
        "import sys; from etl.extract import open_table, read_all; from etl.model import Source; "
        f"list(read_all(open_table(Source('a', 'csv', {str(path)!r})).__enter__())); "
        "sys.exit('python_calamine' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz"])
def test_a_file_without_a_byte_has_no_rows_where_the_mapping_names_its_columns(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"") if name.endswith(".gz") else b"")
    table = open_table(Source("a", name.split(".")[1], str(path), {"header": ["id", "email"]}))
    assert (tuple(table.header), [content.rows for _, content in read_all(table, 10) if content.rows]) == (
        ("id", "email"),
        [],
    )


def test_a_list_of_nothing_has_no_rows_where_the_mapping_names_its_columns(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[]")
    table = open_table(Source("a", "json", str(path), {"header": ["id", "email"]}))
    assert (tuple(table.header), [content.rows for _, content in read_all(table, 10) if content.rows]) == (
        ("id", "email"),
        [],
    )
