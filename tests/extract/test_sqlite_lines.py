"""Rows that SQLite puts together by itself: the same bytes as cell by cell, and cell by cell where it would change one."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as some

from etl.extract.databases.session import chosen
from etl.extract.databases.sqlite import SqliteSession

HARD = [
    "",
    '"',
    "\\",
    '\\"',
    '","',
    '"]\n["',
    "a\nb",
    "\r",
    "\0",
    "a\0b",
    "\x1f",
    "\x02",
    "\x01",
    "null",
    "7",
    "ş\u2028😀",
    "\\u0041",
]
TEXTS = some.sampled_from(HARD) | some.text(some.sampled_from('aş,"\\[]\n\x1f'), max_size=6)
NUMBERS = some.sampled_from([0, -1, 2**63 - 1, 0.1, 12.0, -0.0, 1e300, 1 / 3])
CELLS = some.none() | TEXTS | NUMBERS | some.sampled_from([b"", b"\x00\xff", b"abc"])
COLUMNS = ("a TEXT", "b VARCHAR(9)", "c INTEGER", "d NUMERIC", "e REAL", "f", "g CHARINT", "h BLOB")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("sqlite") / "shop.sqlite"


def fill(path, columns, rows):
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as made, made:
        made.execute(f"CREATE TABLE t ({', '.join(columns)})")
        made.execute("CREATE VIEW v AS SELECT * FROM t UNION ALL SELECT * FROM t")
        made.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(columns))})", rows)


def written(path, table="t", columns=None, *, cell_by_cell=False):
    """What a file has that had something before, and how many rows there were."""
    file = io.BytesIO(b"before")
    file.seek(0, io.SEEK_END)
    with closing(SqliteSession(path)) as session:
        if cell_by_cell:
            vars(session)["_write_texts"] = lambda *given: None
        relation = session.table(table)
        copied = session.copy(relation, chosen(relation, columns or relation.columns), file)
    return copied.rows, file.getvalue()


def is_put_together(path, table="t"):
    with mock.patch.object(SqliteSession, "_write", side_effect=AssertionError):
        try:
            return written(path, table)[0] >= 0
        except AssertionError:
            return False


@given(
    some.lists(some.sampled_from(COLUMNS), min_size=2, max_size=4, unique=True).flatmap(
        lambda columns: some.tuples(
            some.just(columns), some.lists(some.tuples(*[CELLS] * len(columns)), min_size=1, max_size=40)
        )
    ),
    some.sampled_from(["t", "v"]),
)
def test_whatever_a_table_or_view_holds_the_bytes_are_those_of_cell_by_cell(path, table, name):
    fill(path, *table)
    assert written(path, name) == written(path, name, cell_by_cell=True)


def test_texts_whole_numbers_and_nulls_are_put_together_by_sqlite(path):
    fill(
        path,
        ["id INTEGER PRIMARY KEY", "name TEXT", "made DATETIME"],
        [(1, 'say "x"\n', None), (2, None, "2023-02-01")],
    )
    assert is_put_together(path)
    assert written(path) == (2, b'before1\x1f\x02say "x"\n\x02\x1f\n2\x1f\x1f2023-02-01\n')


@pytest.mark.parametrize("cell", [0.1, b"x"])
def test_a_number_with_a_fraction_or_bytes_in_the_last_row_make_it_begin_again(path, cell):
    fill(path, ["name TEXT", "price"], [*((f"n{at}", at) for at in range(100)), ("last", cell)])
    assert not is_put_together(path)
    rows, data = written(path)
    assert rows == 101
    assert data.startswith(b"beforen0\x1f0\n")
    assert data.endswith(b"last\x1f0.1\n" if cell == 0.1 else b"last\x1f78\n")


def test_a_column_that_is_alone_is_read_as_ever(path):
    fill(path, ["name TEXT", "note TEXT"], [("a", None), ("", "x")])
    assert written(path, columns={"name"}) == (2, b"beforea\n\x02\x02\n")


def test_an_sqlite_that_knows_no_json_reads_cell_by_cell(path):
    fill(path, ["name TEXT", "note TEXT"], [("a", "b")])
    with mock.patch("etl.extract.databases.sqlite.row_as_text", return_value="no_such_function(name)"):
        assert written(path) == (1, b"beforea\x1fb\n")


def test_more_columns_than_a_function_takes_are_read_cell_by_cell(path):
    columns = [f"c{at} TEXT" for at in range(1500)]
    fill(path, columns, [["x"] * 1500])
    assert written(path) == (1, b"before" + b"\x1f".join([b"x"] * 1500) + b"\n")
