"""Rows that have come from elsewhere, written into a file of ours and read from it: the same cells, whatever they hold."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as some

from etl.extract.csv_file import CsvTable
from etl.extract.databases.writing import AT_ONCE, DELIMITER, QUOTE, spooled, without_quoted_blanks, write_rows
from etl.extract.rows import read_all

HARD = [
    "",
    " ",
    "a",
    "a,b",
    '"',
    "\n",
    "\r",
    "\r\n",
    DELIMITER,
    QUOTE,
    QUOTE * 2,
    f"{QUOTE}x{QUOTE}",
    f" {QUOTE}",
    "\x1e",
    "ş\u2028",
]
CELLS = some.sampled_from(HARD) | some.text(some.sampled_from(f'aş," \r\n{DELIMITER}{QUOTE}'), max_size=5)
ROWS = some.integers(1, 4).flatmap(lambda width: some.lists(some.tuples(*[CELLS] * width), min_size=1, max_size=40))


def written(rows, positions=None):
    file = io.BytesIO()
    count = write_rows(rows, positions, file)
    return count, file.getvalue()


def read(data, width, path, size=None):
    """The rows of a file, cut in parts of `size` bytes."""
    path.write_bytes(data)
    header = tuple(f"c{at}" for at in range(width))
    table = CsvTable(path, header, 1, 0, len(data), spooled(width))
    parts = read_all(table) if size is None else read_all(Cut(table, size))
    found = []
    for _, content in parts:
        assert content.faults == ()
        found += [tuple(row) for row in content.rows]
    return found


class Cut:
    """A table whose parts are of so many bytes."""

    def __init__(self, table, size):
        self.header, self.first_row, self.text_only = table.header, table.first_row, True
        self.parts = lambda rows: table.byte_parts(size)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("rows") / "rows.csv"


@given(rows=ROWS, size=some.integers(1, 60))
def test_whatever_cells_hold_they_are_read_as_they_were_written_wherever_the_file_is_cut(path, rows, size):
    count, data = written(rows)
    assert count == len(rows)
    assert read(data, len(rows[0]), path) == rows
    assert read(data, len(rows[0]), path, size) == rows


def test_a_row_of_plain_texts_stands_without_quotes_whatever_commas_and_quotes_it_has():
    rows = [('say "x"', "Gül Sok. No: 5, KADIKÖY", None)] * (AT_ONCE + 1)
    assert written(rows) == (AT_ONCE + 1, ('say "x"\x1fGül Sok. No: 5, KADIKÖY\x1f\n' * (AT_ONCE + 1)).encode())


def test_one_text_with_a_line_break_puts_no_other_row_in_quotes():
    rows = [("1", "a"), ("2", "b\nc"), ("3", "d")]
    assert written(rows)[1] == b"1\x1fa\n2\x1f\x02b\nc\x02\n3\x1fd\n"


def test_numbers_bytes_and_nulls_are_written_as_texts():
    assert written([(1, 0.1, b"\x00\xff", None, "x\udcde")])[1] == b"1\x1f0.1\x1f00ff\x1f\x1fx\xde\n"


@pytest.mark.parametrize("others", [(), (None,), (7,), (None, 0.5), (b"\xff", None, "")])
def test_rows_of_texts_stand_beside_rows_that_hold_something_else(others):
    rows = [("a", "b"), *(("c", one) for one in others), ("d", "e")]
    shown = {None: "", b"\xff": "ff"}
    expected = "".join(f"{first}\x1f{shown.get(second, second)}\n" for first, second in rows)
    assert written(rows) == (len(rows), expected.encode())


def test_cells_are_picked_by_their_positions_and_a_blank_one_that_is_alone_is_a_row():
    rows = [("1", "a", None), ("2", "b", "")]
    assert written(rows, [1, 0])[1] == b"a\x1f1\nb\x1f2\n"
    assert written(rows, [2])[1] == b"\x02\x02\n\x02\x02\n"


@given(rows=some.lists(some.tuples(CELLS, CELLS), min_size=1, max_size=20))
def test_blank_cells_that_a_server_has_quoted_become_bare_and_no_other_cell_changes(path, rows):
    """As PostgreSQL writes them: quotes around what needs them, and around a text that is blank."""
    marks = ("\n", "\r", DELIMITER, QUOTE)
    lines = []
    for row in rows:
        needs = (not cell or any(mark in cell for mark in marks) for cell in row)
        cells = (
            f"{QUOTE}{cell.replace(QUOTE, QUOTE * 2)}{QUOTE}" if need else cell
            for cell, need in zip(row, needs, strict=True)
        )
        lines.append(DELIMITER.join(cells) + "\n")
    assert read(without_quoted_blanks("".join(lines).encode()), 2, path) == rows


def test_blank_texts_of_a_server_take_no_quotes():
    assert without_quoted_blanks(b"1\x1f\x02\x02\x1fx\n2\x1f\x1f\x02\x02\n") == b"1\x1f\x1fx\n2\x1f\x1f\n"
    assert without_quoted_blanks(b"1\x1f\x02\x02\n2\x1f\x02\x02\x02\x02\n") == b"1\x1f\x02\x02\n2\x1f\x02\x02\x02\x02\n"
