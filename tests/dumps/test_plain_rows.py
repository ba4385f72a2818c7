"""The quick way through an INSERT of plain values: it gives what the careful one gives, or nothing."""

from __future__ import annotations

import io
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.dumps import reader, statements
from etl.dumps.errors import DumpError
from etl.dumps.quick import plain_rows
from etl.dumps.reader import read
from etl.dumps.text import Text
from etl.errors import SourceError
from etl.extract.databases.dump import DumpSession
from etl.extract.databases.session import Request

TABLES = "CREATE TABLE t (a text, b text);\nCREATE TABLE other (a text);\n"


def rows(dump, **how):
    data = dump if isinstance(dump, bytes) else dump.encode()
    return [tuple(row) for block in read(io.BytesIO(data), {"t": None}, **how) for row in block.rows]


def carefully(dump):
    with (
        mock.patch.object(reader, "plain_rows", return_value=None),
        mock.patch.object(statements, "likely_end", return_value=None),
    ):
        return rows(dump)


def outcome(way, dump):
    """The rows, or what is wrong with the dump."""
    try:
        return way(dump)
    except DumpError as error:
        return error.what


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


WRITTEN = st.one_of(
    st.sampled_from(
        [
            "NULL",
            "1",
            "-2.5e7",
            "1-2",
            "'NULL'",
            "''",
            "'),('",
            "'),\n('",
            "'it''s'",
            "''''",
            "'\\\\'''",
            "0x41",
            "b'1'",
        ]
    ),
    st.sampled_from(["'\x01'", "'\x1f'", "'a\r\nb'", r"'\r\n'", r"'\%\n'", r"'\0\Z\a'", '"x"', "'a' 'b'", "'\udcde'"]),
    st.text(alphabet="ab'\\(),\n ş", max_size=6).map(quoted),
)
TUPLES = st.lists(st.tuples(WRITTEN, WRITTEN), min_size=1, max_size=5)


@given(TUPLES, st.sampled_from([",", ",\n"]), st.sampled_from([",", ", "]))
def test_the_plain_way_gives_the_rows_of_the_careful_one_or_none(table, between, comma):
    values = between.join(f"({comma.join(row)})" for row in table)
    found = plain_rows(values.encode("utf-8", "surrogateescape"))
    if found is not None:
        dump = f"{TABLES}INSERT INTO t VALUES {values};".encode("utf-8", "surrogateescape")
        assert [tuple(row) for row in found.rows()] == carefully(dump)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (r"(1,'it\'s',NULL),(2,'','x\ny')", [["1", "it's", None], ["2", "", "x\ny"]]),
        ("('it''s',''),('''', '; -- \"')", [["it's", ""], ["'", '; -- "']]),
        ("(-.5e3,'NULL'),\n(7,'a\nb\r\n')", [["-.5e3", "NULL"], ["7", "a\nb\r\n"]]),
        ("('),('),('(1,2)')", [["),("], ["(1,2)"]]),
        ("(NULL)", [[None]]),
    ],
)
def test_the_plain_way_is_taken_for_plain_rows(values, expected):
    found = plain_rows(values.encode())
    assert found is not None
    assert (found.rows(), found.height, found.width) == (expected, len(expected), len(expected[0]))


@pytest.mark.parametrize(
    "values", ["(1,2),(3)", "(1,'a", "(1)'a", "(x)", "(0x41)", "(_binary 'a')", "('a\x02')", "(1-2)", ""]
)
def test_whatever_is_not_plain_is_left_to_the_careful_way(values):
    assert plain_rows(values.encode()) is None


def statement(table, values, end):
    return f"INSERT INTO {table} VALUES {values};{end}"


ODD = [
    "(1,'a;b');\n",
    '(1,"it\'s;\n)");\n',
    "(1,'a') -- it's\n;",
    "(1,'a'/* ; */);\n",
    "(1,'#');\n",
    '("\'","); \n");\n',
]
STATEMENTS = st.tuples(st.sampled_from(["t", "other"]), TUPLES, st.sampled_from(["\n", " ", "", "\r\n"]))


@given(st.lists(STATEMENTS, min_size=1, max_size=6), st.integers(1, 30))
def test_statements_end_where_the_careful_way_ends_them_however_they_stand_in_lines(table, block):
    text = "".join(
        statement(name, ",".join(f"({first},{second})" for first, second in values), end) for name, values, end in table
    )
    dump = f"-- {'x' * (1 << 16)}\n{TABLES.replace('other (a text)', 'other (a text, b text)')}{text}"
    data = dump.encode("utf-8", "surrogateescape")
    assert outcome(lambda one: rows(one, block=block), data) == outcome(carefully, data)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("end", ["\n", ""])
def test_a_statement_of_another_table_takes_none_of_the_next_one_along(odd, end):
    dump = f"{TABLES}INSERT INTO other VALUES {odd}{end}INSERT INTO t VALUES (1,'it\\'s');\nINSERT INTO t VALUES (2,';');\n"
    assert rows(dump) == [("1", "it's"), ("2", ";")]


def test_statements_that_all_stand_on_one_line_are_looked_through_once():
    """A far end is tried once, and not again for each of them."""
    dump = (
        TABLES
        + "".join(f"INSERT INTO {name} VALUES ({at},'x'); " for at in range(200) for name in ("t", "other"))
        + "\n"
    )
    with mock.patch.object(statements, "likely_end", wraps=statements.likely_end) as looked:
        assert len(rows(dump)) == 200
    assert looked.call_count == 1


@pytest.mark.parametrize("block", [50, 1 << 20])
def test_an_insert_that_reaches_beyond_what_has_been_read_is_read_the_plain_way_too(block):
    inserts = [
        f"INSERT INTO t VALUES {','.join(f'({at},{at})' for at in range(first, first + 50))};\n"
        for first in (0, 50, 100)
    ]
    dump = f"-- {'x' * (1 << 16)}\n{TABLES}{''.join(inserts)}"
    with mock.patch.object(reader, "tuples", side_effect=AssertionError):
        assert rows(dump, block=block) == [(str(at), str(at)) for at in range(150)]


def test_a_plain_row_that_is_longer_than_its_columns_is_told_with_its_table():
    for way in (rows, carefully):
        assert (
            outcome(way, f"{TABLES}INSERT INTO t (a, b) VALUES (1,2,3);\n")
            == "table 't': a row has 3 values for 2 columns"
        )


def test_columns_that_a_statement_leaves_out_have_their_defaults_in_plain_rows_too():
    dump = "CREATE TABLE t (a text, b varchar(9) DEFAULT 'new', c text);\nINSERT INTO t (c, a) VALUES ('x', NULL);\n"
    assert rows(dump) == carefully(dump) == [(None, "new", "x")]


@given(TUPLES, st.sampled_from([("a",), ("b",), ("b", "a"), ("a", "b")]))
def test_plain_rows_reach_a_file_as_any_others_do(tmp_path_factory, table, columns):
    values = ",\n".join(f"({first},{second})" for first, second in table)
    path = tmp_path_factory.mktemp("dump") / "shop.sql"
    path.write_bytes(f"{TABLES}INSERT INTO t VALUES {values};\n".encode("utf-8", "surrogateescape"))
    assert written(path, columns) == written(path, columns, plain_rows=lambda values: None)


def written(path, columns, plain_rows=plain_rows):
    with mock.patch.object(reader, "plain_rows", plain_rows):
        try:
            session, file = DumpSession(path), io.BytesIO()
            (copied,) = session.copy_all([Request(session.table("t"), columns, file)])
        except SourceError as error:
            return str(error)
    return copied.rows, file.getvalue()


def test_the_line_of_each_statement_is_told_without_counting_all_lines_before_it_again():
    dump = (TABLES + "".join(f"INSERT INTO t VALUES ({at},'x'); " for at in range(300))).encode()
    text = Text(io.BytesIO(dump))
    counted = []
    text.data = Counting(text.data, counted)
    for position in range(0, len(dump), 30):
        text.position = position
        assert text.line() == dump[:position].count(b"\n") + 1
    assert sum(counted) <= len(dump)
    for position in (60, 0, 90):
        text.position = position
        assert text.line() == dump[:position].count(b"\n") + 1


class Counting(bytes):
    """Bytes that note how many of them are counted through."""

    counted: list[int]

    def __new__(cls, data, counted):
        made = super().__new__(cls, data)
        made.counted = counted
        return made

    def count(self, what, start=0, end=None):
        self.counted.append((len(self) if end is None else end) - start)
        return super().count(what, start, end)
