"""Workbooks: native values, the spreadsheet's own row numbers, and errors that name what there is."""

from __future__ import annotations

import datetime
import pickle

import openpyxl
import pytest
from tables import open_table

from etl.errors import SourceError
from etl.extract import read_all
from etl.model import Source


def workbook(folder, rows, title="Müşteriler", more=()):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for name in more:
        book.create_sheet(name)
    book.save(folder / "shop.xlsx")
    return folder / "shop.xlsx"


def opened(path, **options):
    return open_table(Source("customers", "excel", str(path), options))


def rows_of(table, rows=5000):
    return [list(row) for _, content in read_all(table, rows) for row in content.rows]


def error_of(path, **options):
    with pytest.raises(SourceError) as error:
        opened(path, **options)
    return str(error.value).removeprefix(str(path))


def test_cells_keep_their_types_and_a_whole_number_is_an_int(tmp_path):
    when, day = datetime.datetime(2020, 3, 19, 14, 5), datetime.date(2020, 3, 19)
    path = workbook(
        tmp_path, [["id", "price", "when", "day", "ok", "code"], [7, 19.99, when, day, True, "007"], [8.0, 1e20]]
    )
    table = opened(path)
    assert (table.header, table.first_row, table.text_only) == (("id", "price", "when", "day", "ok", "code"), 2, False)
    rows = rows_of(table, 1)
    assert rows == [[7, 19.99, when, day, True, "007"], [8, 1e20, None, None, None, None]]
    assert [type(rows[0][0]), type(rows[1][0]), type(rows[1][1])] == [int, int, float]


def test_rows_have_the_numbers_the_spreadsheet_shows(tmp_path):
    path = workbook(tmp_path, [["Report"], [], [" id ", None, 2020], [7], [], [8, "x", ""], [None]])
    table = opened(path, header_row=3)
    assert (table.header, table.first_row) == (("id", "column_2", "2020"), 4)
    for rows in (2, 5000):
        found = [
            (number + content.place(index), row)
            for number, content in read_all(table, rows)
            for index, row in enumerate(content.rows)
        ]
        assert found == [(4, [7, None, None]), (6, [8, "x", None])]


def test_blank_rows_at_the_end_are_not_rows(tmp_path):
    path = workbook(tmp_path, [["id"], [7], [None], [""]])
    assert rows_of(opened(path)) == [[7]]


def test_cells_beyond_the_header_are_a_fault(tmp_path):
    path = workbook(tmp_path, [["id", "name"], [7, "Ali", None, "x"], [8, "Can"]])
    content = next(opened(path).parts(10))
    content = pickle.loads(pickle.dumps(content)).read()
    assert [(fault.index, str(fault.reason)) for fault in content.faults] == [(0, "has 4 cells, the header has 2")]
    assert content.rows == [[7, "Ali"], [8, "Can"]]


def test_a_sheet_is_chosen_by_name_or_number(tmp_path):
    path = workbook(tmp_path, [["id"], [7]], more=["boş"])
    assert rows_of(opened(path, sheet="Müşteriler")) == rows_of(opened(path, sheet=1)) == [[7]]
    assert (
        error_of(path, sheet=2)
        == ": the sheet has no rows, so row 1 cannot be its header; check `sheet` and `header_row`"
    )
    assert error_of(path, sheet=3) == ": no sheet '3'; its sheets are: Müşteriler, boş"
    assert error_of(path, sheet="Musteriler") == (
        ": no sheet 'Musteriler'; did you mean 'Müşteriler'?; its sheets are: Müşteriler, boş"
    )


def test_a_header_that_cannot_be_used_is_an_error(tmp_path):
    path = workbook(tmp_path, [["id", "id"], [" "], [7]])
    assert error_of(path) == (
        " row 1: columns 1 and 2 are both named 'id'; rename one, so that a mapping can tell them apart"
    )
    assert (
        error_of(path, header_row=2) == " row 2, which has to be the header, is blank; check `sheet` and `header_row`"
    )
    assert error_of(path, header_row=9) == (
        ": the sheet has 3 rows, so row 9 cannot be its header; check `sheet` and `header_row`"
    )


def test_what_is_no_workbook_says_so(tmp_path):
    path = tmp_path / "shop.xls"
    path.write_text("<html><table>")
    assert error_of(path) == (
        ": is not a workbook; what shops export as .xls is often CSV or HTML, open it in an editor to see"
    )


def test_an_old_workbook_under_a_new_name_is_told_its_name(tmp_path):
    path = tmp_path / "shop.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    renamed = ": is an old workbook under another name, or one that is damaged; give it a name that ends in .xls"
    assert error_of(path) == renamed


def test_merged_cells_hidden_sheets_percentages_and_dates(tmp_path):
    """As docs/mapping.md says of them."""
    book = openpyxl.Workbook()
    hidden, sheet = book.active, book.create_sheet("Orders")
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    sheet.append(["id", "vat", "day", "at", "group", "more"])
    sheet.append([1, 0.18, datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5), "x", None])
    sheet.append([2, 0.01, datetime.date(2021, 1, 2), datetime.datetime(2021, 1, 2), None, None])
    sheet["B2"].number_format = "0%"
    sheet["C2"].number_format = "dd mmmm"
    sheet.merge_cells("E2:F3")
    sheet.row_dimensions[3].hidden = True
    path = tmp_path / "orders.xlsx"
    book.save(path)
    table = open_table(Source("s", "excel", str(path)))
    rows = [list(row) for _, part in read_all(table) for row in part.rows]
    assert table.header == ("id", "vat", "day", "at", "group", "more")
    assert [row[:2] + row[4:] for row in rows] == [[1, 0.18, "x", None], [2, 0.01, None, None]]
    assert [str(row[2])[:10] for row in rows] == ["2020-01-02", "2021-01-02"]
    assert rows[0][3] == datetime.datetime(2020, 1, 2, 3, 4, 5)
