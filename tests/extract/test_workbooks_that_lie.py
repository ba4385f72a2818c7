"""Workbooks that show errors, were never computed, reach to the end of the world, or are not what they say."""

from __future__ import annotations

import datetime
import struct
import subprocess
import sys

import openpyxl
import pytest
import xlsxwriter
import xlwt
from tables import open_table
from workbook_files import (
    number,
    ods_cell,
    ods_row,
    ods_table,
    ods_text,
    record,
    row,
    text,
    write_ods,
    write_xlsb,
    write_xlsx,
    xlsb_cell,
    xlsb_error,
    xlsb_number,
    xlsb_row,
    xlsb_text,
)  # fmt: skip

from etl.errors import SourceError
from etl.expressions.functions.values import as_text
from etl.extract import read_all
from etl.model import Source

NOT_COMPUTED = "is a formula without a value; open the workbook in a spreadsheet program, save it, and run it again"
TOO_LONG = "holds a whole number of more than 15 digits, of which Excel keeps 15; store the column as text"
STRAY = "if it is there by mistake, delete its row and its column and save the workbook"
AS_CSV = ". If it belongs there, save the sheet as CSV: a CSV is read whatever its size"


def opened(path, **options):
    return open_table(Source("customers", "excel", str(path), options))


def rows_of(table):
    return [list(row) for _, content in read_all(table) for row in content.rows]


def numbered(table):
    """Every row with the number that people see."""
    return [
        (number + content.place(index), list(row))
        for number, content in read_all(table)
        for index, row in enumerate(content.rows)
    ]


def faults_of(table):
    return [
        (number + content.place(f.index), f.column, str(f.reason))
        for number, content in read_all(table)
        for f in content.faults
    ]


def error_of(path, **options):
    """What is said when it is read; of an .xlsx the header may well be read before."""
    with pytest.raises(SourceError) as error:
        rows_of(opened(path, **options))
    return str(error.value).removeprefix(str(path))


HEADER = row(1, text("A1", "id"), text("B1", "total"))


# ---- blank rows


STYLED = "<c r='A{0}' s='0'/><c r='B{0}' s='0'/>"
BLANKS = "<c r='{}' t='inlineStr'><is><t xml:space='preserve'>   </t></is></c>"
SPACES = BLANKS.format("A{0}") + text("B{0}", "\u200b")
BEYOND = BLANKS.format("D{0}")


def blank_rows_of_an_xlsx(folder):
    blank = [row(at, cells.format(at)) for at, cells in ((3, STYLED), (4, SPACES), (7, BEYOND))]
    rows = [
        row(2, number("A2", 7)),
        *blank[:2],
        row(6, number("A6", 8), BLANKS.format("C6")),
        blank[2],
        row(8, STYLED.format(8)),
    ]
    return write_xlsx(folder / "shop.xlsx", HEADER + "".join(rows))


def blank_rows_of_an_ods(folder):
    spaces = ods_text("<text:s text:c='3'/>")
    styled = "<table:table-cell table:style-name='ce1'/>"
    rows = [ods_row(ods_cell("float", "office:value='7'")), ods_row(styled, styled), ods_row(spaces), ods_row(styled)]
    rows += [ods_row(ods_cell("float", "office:value='8'"), styled, spaces), ods_row(styled, styled, styled, spaces)]
    return ods(folder, *rows, ods_row(styled, repeat=3))


def blank_rows_of_an_xlsb(folder):
    spaces = xlsb_text(1, "   ")
    rows = [xlsb_row(2) + xlsb_number(1, 7), xlsb_row(3) + xlsb_cell(1, 1, b""), xlsb_row(4) + spaces]
    rows += [xlsb_row(6) + xlsb_number(1, 8) + xlsb_text(3, " "), xlsb_row(7) + xlsb_text(4, " ")]
    return write_xlsb(folder / "shop.xlsb", XLSB_HEADER + b"".join(rows))


def blank_rows_of_an_xls(folder):
    rows: list[list[object]] = [["id", "total"], [7], ["", ""], ["   "], [], [8, "", "  "], ["", "", "", " "]]
    return write_xls(folder / "shop.xls", rows)


@pytest.mark.parametrize(
    "write", [blank_rows_of_an_xlsx, blank_rows_of_an_ods, blank_rows_of_an_xlsb, blank_rows_of_an_xls]
)
def test_a_row_of_cells_that_hold_nothing_is_a_blank_line_and_is_counted(tmp_path, write):
    table = opened(write(tmp_path))
    assert numbered(table) == [(2, [7, None]), (6, [8, None])]
    assert faults_of(table) == []


def test_blanks_are_something_where_nothing_is_trimmed(tmp_path):
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + row(2, STYLED.format(2)) + row(3, BLANKS.format("A3")))
    assert numbered(opened(path, trim=False)) == [(3, ["   ", None])]


# ---- times


TIMES = [(0.5, "hh:mm"), (0, "hh:mm"), (0.25, "[h]:mm"), (26.5 / 24, "[h]:mm:ss")]


def times_of_an_xlsx(folder):
    book = xlsxwriter.Workbook(folder / "shop.xlsx")
    sheet = book.add_worksheet()
    for column, (days, shown) in enumerate(TIMES):
        sheet.write(0, column, f"c{column}")
        sheet.write(1, column, days, book.add_format({"num_format": shown}))
    book.close()
    return folder / "shop.xlsx"


def times_of_an_xls(folder):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for column, (days, shown) in enumerate(TIMES):
        sheet.write(0, column, f"c{column}")
        sheet.write(1, column, days, xlwt.easyxf(num_format_str=shown))
    book.save(str(folder / "shop.xls"))
    return folder / "shop.xls"


def times_of_an_ods(folder):
    spans = ["PT12H00M00S", "PT00H00M00S", "PT06H00M00S", "PT26H30M00S"]
    header = ods_row(*(ods_text(f"c{number}") for number in range(len(spans))))
    cells = [ods_cell("time", f"office:time-value='{span}'") for span in spans]
    return write_ods(folder / "shop.ods", ods_table(header, ods_row(*cells)))


@pytest.mark.parametrize("write", [times_of_an_xlsx, times_of_an_xls, times_of_an_ods])
def test_a_time_of_day_becomes_text_and_a_duration_is_text(tmp_path, write):
    (cells,) = rows_of(opened(write(tmp_path)))
    assert cells[0] == datetime.time(12)
    assert cells[3] == "26:30:00"
    assert list(map(as_text, cells)) == ["12:00:00", "00:00:00", "06:00:00", "26:30:00"]


def test_a_duration_may_be_less_than_nothing(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "shop.xlsx")
    sheet = book.add_worksheet()
    sheet.write(0, 0, "span")
    sheet.write(1, 0, -0.75, book.add_format({"num_format": "[h]:mm"}))
    book.close()
    assert rows_of(opened(tmp_path / "shop.xlsx")) == [["-18:00:00"]]


NEGATIVE = [(-1, "dd.mm.yyyy"), (-1.5, "dd.mm.yyyy hh:mm"), (-40000, "yyyy-mm-dd"), (-0.25, "h:mm"), (-0.26, "h:mm")]
READ = [(0.75, "h:mm"), (45000, "dd.mm.yyyy"), (-0.75, "[h]:mm"), (-7, "0"), (-2.5, "0.00")]


def negatives_of_an_xlsx(folder, date_1904=False):
    with xlsxwriter.Workbook(folder / "shop.xlsx", {"date_1904": date_1904}) as book:
        sheet = book.add_worksheet()
        for number, (days, shown) in enumerate(NEGATIVE + READ):
            sheet.write_row(0, 0, ["id", "at"])
            sheet.write(number + 1, 0, number)
            sheet.write(number + 1, 1, days, book.add_format({"num_format": shown}))
        sheet.write_formula(len(NEGATIVE + READ) + 1, 1, "=0-1", book.add_format({"num_format": "h:mm"}), -1)
    return folder / "shop.xlsx"


def negatives_of_an_xlsx_since_1904(folder):
    return negatives_of_an_xlsx(folder, date_1904=True)


def negatives_of_an_xls(folder):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    sheet.write(0, 0, "id")
    sheet.write(0, 1, "at")
    for at, (days, shown) in enumerate(NEGATIVE + READ):
        sheet.write(at + 1, 0, at)
        sheet.write(at + 1, 1, days, xlwt.easyxf(num_format_str=shown))
    book.save(str(folder / "shop.xls"))
    return folder / "shop.xls"


def negatives_of_an_xlsb(folder):
    """The formats are the built-in ones: a day, a time of day, a duration, a number."""
    numbers = {"dd.mm.yyyy": 1, "dd.mm.yyyy hh:mm": 1, "yyyy-mm-dd": 1, "h:mm": 2, "[h]:mm": 3, "0": 0, "0.00": 0}
    data = xlsb_row(1) + xlsb_text(1, "id") + xlsb_text(2, "at")
    for at, (days, shown) in enumerate(NEGATIVE + READ):
        double, hundredths = struct.pack("<d", days), struct.pack("<i", round(days * 100) << 2 | 3)
        kind, content = (5, double) if days == int(days) else (2, hundredths)
        data += xlsb_row(at + 2) + xlsb_number(1, at) + xlsb_cell(kind, 2, content, numbers[shown])
    return write_xlsb(folder / "shop.xlsb", data, formats=[0, 14, 20, 46])


@pytest.mark.parametrize(
    "write",
    [negatives_of_an_xlsx, negatives_of_an_xlsx_since_1904, negatives_of_an_xls, negatives_of_an_xlsb],
)
def test_a_day_or_a_time_below_zero_is_a_fault_and_a_duration_or_a_number_is_not(tmp_path, write):
    table = opened(write(tmp_path))
    faults = faults_of(table)[: len(NEGATIVE)]
    assert faults == [
        (row, 1, f"cell B{row} holds a number less than zero, shown as a date or a time, which there is none of; put the "
                 "cell right, or show the column as numbers")
        for row in range(2, len(NEGATIVE) + 2)
    ]  # fmt: skip
    good = [at for number, at in rows_of(table)[len(NEGATIVE) : len(NEGATIVE + READ)]]
    assert (good[0], good[2:]) == (datetime.time(18), ["-18:00:00", -7, -2.5])
    assert isinstance(good[1], datetime.date)


def short(days, hundredths=False):
    """A number in 4 bytes, as Excel writes whole days."""
    return struct.pack("<i", days << 2 | (3 if hundredths else 2))


LEAP = [(60, "dd.mm.yyyy"), (60.5, "dd.mm.yyyy hh:mm")]
AROUND = [(59, "dd.mm.yyyy"), (61, "dd.mm.yyyy"), (60, "0"), (60, "[h]:mm")]


@pytest.mark.parametrize("write", [negatives_of_an_xlsx, negatives_of_an_xls, negatives_of_an_xlsb])
def test_the_leap_day_of_1900_is_a_fault_and_the_days_around_it_are_not(tmp_path, monkeypatch, write):
    monkeypatch.setitem(globals(), "NEGATIVE", LEAP)
    monkeypatch.setitem(globals(), "READ", AROUND)
    table = opened(write(tmp_path))
    assert faults_of(table)[:2] == [
        (row, 1, f"cell B{row} holds day 60, which spreadsheets show as the 29th of February 1900: there never was such a day; "
                 "put the cell right, or show the column as numbers")
        for row in (2, 3)
    ]  # fmt: skip
    good = [at for _, at in rows_of(table)[2:6]]
    assert [str(one).split()[0] for one in good] == ["1900-02-28", "1900-03-01", "60", "1440:00:00"]


@pytest.mark.parametrize("since_1904", [False, True])
def test_days_in_short_of_an_xlsb_are_the_dates_that_the_same_days_in_full_are(tmp_path, since_1904):
    formats, own = [0, 14, 22, 46, 164, 165, 166], [(164, 'dd"."mm"."yyyy'), (165, "[Red]0.00"), (166, "[h]:mm")]
    data, width = b"", 0
    for line, days in enumerate([1, 59, 60, 61, 45000, 100000, 3000000], start=2):
        data += xlsb_row(line)
        for style in range(len(formats)):
            width = 3 * style + 3
            whole = xlsb_cell(5, width, struct.pack("<d", days), style)
            hundred = xlsb_cell(2, width - 1, short(days * 100, hundredths=True), style)
            data += xlsb_cell(2, width - 2, short(days), style) + hundred + whole
    header = xlsb_row(1) + b"".join(xlsb_text(column, f"c{column}") for column in range(1, width + 1))
    path = write_xlsb(tmp_path / "shop.xlsb", header + data, formats=formats, own=own, since_1904=since_1904)
    rows = rows_of(opened(path))
    assert len(rows) == 7
    for cells in rows:
        assert cells[0::3] == cells[1::3] == cells[2::3]
        assert [type(cell) for cell in cells[0::3]] == [type(cell) for cell in cells[2::3]]
    assert rows[4][0] == 45000
    assert rows[4][3] == (datetime.date(2027, 3, 16) if since_1904 else datetime.date(2023, 3, 15))


def test_a_short_day_below_zero_of_an_xlsb_is_a_fault_and_none_of_a_style_that_is_not_there(tmp_path):
    header = xlsb_row(1) + xlsb_text(1, "id") + xlsb_text(2, "at")
    data = xlsb_row(2) + xlsb_cell(2, 2, short(-1), 1) + xlsb_row(3) + xlsb_cell(2, 2, short(45000), 9)
    table = opened(write_xlsb(tmp_path / "shop.xlsb", header + data, formats=[0, 14]))
    assert [(row, column) for row, column, _ in faults_of(table)] == [(2, 1)]
    assert rows_of(table)[1] == [None, 45000]


def test_errors_of_an_xls_may_lie_any_number_of_rows_apart(tmp_path):
    """Between them are rows without one."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    sheet.write(0, 0, "id")
    for at in range(1, 22_003):
        if at in (10_500, 22_002):
            sheet.row(at).set_cell_error(0, 0x2A)
        else:
            sheet.write(at, 0, at)
    book.save(str(tmp_path / "shop.xls"))
    assert faults_of(opened(tmp_path / "shop.xls")) == [
        (10_501, 0, "cell A10501 shows #N/A"),
        (22_003, 0, "cell A22003 shows #N/A"),
    ]


def test_a_formula_that_gives_a_day_below_zero_is_a_fault(tmp_path):
    assert faults_of(opened(negatives_of_an_xlsx(tmp_path)))[-1][:2] == (len(NEGATIVE + READ) + 2, 1)


def test_short_numbers_side_by_side_of_an_xls_are_looked_at_one_by_one(tmp_path):
    book = xlwt.Workbook()
    sheet, day = book.add_sheet("Sheet1"), xlwt.easyxf(num_format_str="dd.mm.yyyy")
    for column, days in enumerate([45000, -1, 45001, -2]):
        sheet.write(0, column, f"c{column}")
        sheet.write(1, column, days, day)
    book.save(str(tmp_path / "shop.xls"))
    assert [(row, column) for row, column, _ in faults_of(opened(tmp_path / "shop.xls"))] == [(2, 1)]


# ---- cells that show an error, or were never computed


@pytest.mark.parametrize("shown", ["#N/A", "#DIV/0!", "#REF!"])
def test_a_cell_that_shows_an_error_is_a_fault_with_the_cells_name(tmp_path, shown):
    cells = [number("A2", 7), f"<c r='B2' t='e'><f>1/0</f><v>{shown}</v></c>"]
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + row(2, *cells) + row(3, number("A3", 8), number("B3", 9)))
    assert faults_of(opened(path)) == [(2, 1, f"cell B2 shows {shown}")]
    assert rows_of(opened(path)) == [[7, None], [8, 9]]


def test_an_error_right_of_the_header_is_a_fault_too(tmp_path):
    cells = [number("A2", 7), number("B2", 1), "<c r='D2' t='e'><v>#N/A</v></c>"]
    assert faults_of(opened(write_xlsx(tmp_path / "shop.xlsx", HEADER + row(2, *cells)))) == [
        (2, None, "cell D2 shows #N/A")
    ]


def test_a_row_of_nothing_but_an_error_is_a_row(tmp_path):
    path = write_xlsx(
        tmp_path / "shop.xlsx", HEADER + row(2, number("A2", 7)) + row(4, "<c r='A4' t='e'><v>#N/A</v></c>")
    )
    assert faults_of(opened(path)) == [(4, 0, "cell A4 shows #N/A")]
    assert rows_of(opened(path)) == [[7, None], [None, None]]


def test_a_formula_that_was_never_computed_is_a_fault(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "total"])
    book.active.append([7, "=1+1"])
    book.save(tmp_path / "shop.xlsx")
    assert faults_of(opened(tmp_path / "shop.xlsx")) == [(2, 1, f"cell B2 {NOT_COMPUTED}")]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("<c r='B2'><f>1+1</f><v>2</v></c>", 2),
        ("<c r='B2' t='str'><f>\"\"</f><v></v></c>", None),
        ("<c r='B2' t='str'><f>\"x\"</f><v>x</v></c>", "x"),
        ("<c r='B2' t='b'><f>TRUE()</f><v>1</v></c>", True),
        ("<c r='B2' t='b'><v>0</v></c>", False),
    ],
)
def test_a_formula_with_a_value_and_a_truth_value_are_read(tmp_path, cell, value):
    table = opened(write_xlsx(tmp_path / "shop.xlsx", HEADER + row(2, number("A2", 7), cell)))
    assert (rows_of(table), faults_of(table)) == ([[7, value]], [])
    assert type(rows_of(table)[0][1]) is type(value)


def test_cells_without_names_and_elements_with_a_prefix_are_looked_at_too(tmp_path):
    data = (
        "<x:row><x:c t='inlineStr'><x:is><x:t>id</x:t></x:is></x:c></x:row>"
        "<x:row><x:c t='e'><x:v>#NUM!</x:v></x:c></x:row>"
    )
    assert faults_of(opened(write_xlsx(tmp_path / "shop.xlsx", data, prefix="x"))) == [(2, 0, "cell A2 shows #NUM!")]


def test_an_error_in_the_header_is_an_error(tmp_path):
    path = write_xlsx(tmp_path / "shop.xlsx", row(1, text("A1", "id"), "<c r='B1' t='e'><v>#REF!</v></c>"))
    assert error_of(path) == " row 1, which has to be the header: cell B1 shows #REF!"


def test_a_whole_number_of_more_than_15_digits_is_a_fault(tmp_path):
    data = (
        HEADER + row(2, number("A2", "1234567890123456"), number("B2", "1")) + row(3, number("A3", "999999999999999"))
    )
    table = opened(write_xlsx(tmp_path / "shop.xlsx", data))
    assert faults_of(table) == [(2, 0, f"cell A2 {TOO_LONG}")]
    assert rows_of(table)[1] == [999999999999999, None]


# ---- cells far out


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("XFD1048576", f": cell XFD1048576 stands alone, below 1,048,574 blank rows; {STRAY}"),
        ("D1000000", f": cell D1000000 stands alone, below 999,998 blank rows; {STRAY}"),
        (
            "XFD2",
            f": cell XFD2 makes the sheet 2 rows by 16,384 columns, which is more than is read; {STRAY}{AS_CSV}",
        ),
        ("ZZ50000", f": cell ZZ50000 stands alone, below 49,998 blank rows; {STRAY}"),
    ],
)
def test_a_cell_far_out_is_named_before_anything_is_allocated(tmp_path, cell, message):
    stray = int("".join(filter(str.isdigit, cell)))
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + row(stray, number(cell, 1)))
    assert error_of(path) == message


def test_a_cell_far_to_the_right_makes_its_row_a_fault(tmp_path):
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + row(2, number("A2", 7)) + row(3, number("BXX3", 1)))
    assert faults_of(opened(path)) == [(3, None, "has 2000 cells, the header has 2")]


def test_a_cell_far_to_the_right_of_many_rows_of_an_xlsb_is_named(tmp_path):
    """Such a workbook is held whole."""
    rows = b"".join(xlsb_row(n) + xlsb_number(1, n) for n in range(2, 40_000))
    path = write_xlsb(tmp_path / "shop.xlsb", XLSB_HEADER + rows + xlsb_row(40_000) + xlsb_number(2000, 1))
    assert error_of(path) == (
        f": cell BXX40000 makes the sheet 40,000 rows by 2,000 columns, which is more than is read; {STRAY}{AS_CSV}"
    )


def test_cells_far_out_that_hold_nothing_do_not_count(tmp_path):
    data = HEADER + row(2, number("A2", 7)) + row(1048576, "<c r='XFD1048576' s='1'/>")
    assert rows_of(opened(write_xlsx(tmp_path / "shop.xlsx", data))) == [[7, None]]


@pytest.mark.parametrize("reference", ["A99999999999", "AAAA1", "A0", "7", "XFE1"])
def test_a_damaged_reference_is_told(tmp_path, reference):
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + row(2, number(reference, 7)))
    assert (
        error_of(path)
        == f": is damaged: there is no cell '{reference}'; save the workbook anew in a spreadsheet program"
    )


@pytest.mark.parametrize("count", ["99999999999", "-1", "x"])
def test_what_a_list_of_texts_promises_is_no_matter(tmp_path, count):
    texts = f"<sst uniqueCount='{count}'><si><t>id</t></si></sst>"
    path = write_xlsx(tmp_path / "shop.xlsx", row(1, "<c r='A1' t='s'><v>0</v></c>"), texts=texts)
    assert opened(path).header == ("id",)


def test_xml_that_defines_entities_is_refused(tmp_path):
    texts = "<!DOCTYPE sst [<!ENTITY a 'x'>]><sst><si><t>&a;</t></si></sst>"
    header = row(1, "<c r='A1' t='s'><v>0</v></c>")
    assert error_of(write_xlsx(tmp_path / "shop.xlsx", header, texts=texts)) == (
        ": is damaged (its XML has definitions of its own); save the workbook anew in a spreadsheet program"
    )


def test_xml_that_is_cut_off_is_told(tmp_path):
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + "<row r='2'>")
    assert error_of(path).startswith(": is damaged (the XML in it cannot be read at line 1, column ")


# ---- sheets


def test_the_first_sheet_is_the_first_that_is_not_hidden(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["secret"])
    book.active.sheet_state = "hidden"
    book.create_sheet("Very").sheet_state = "veryHidden"
    book.create_sheet("Customers").append(["id"])
    book.active = 2
    book.save(tmp_path / "shop.xlsx")
    assert opened(tmp_path / "shop.xlsx").header == ("id",)
    assert opened(tmp_path / "shop.xlsx", sheet=1).header == ("secret",)


# ---- xlsb

XLSB_HEADER = xlsb_row(1) + xlsb_text(1, "id") + xlsb_text(2, "total")


def test_an_xlsb_is_read_and_its_errors_are_faults(tmp_path):
    data = XLSB_HEADER + xlsb_row(2) + xlsb_number(1, 7) + xlsb_error(2, 0x2A) + xlsb_row(3) + xlsb_number(1, 8.5)
    table = opened(write_xlsb(tmp_path / "shop.xlsb", data))
    assert (table.header, rows_of(table)) == (("id", "total"), [[7, None], [8.5, None]])
    assert faults_of(table) == [(2, 1, "cell B2 shows #N/A")]


def test_a_cell_far_out_of_an_xlsb_is_named(tmp_path):
    path = write_xlsb(tmp_path / "shop.xlsb", XLSB_HEADER + xlsb_row(1_000_000) + xlsb_number(4, 1))
    assert error_of(path) == f": cell D1000000 stands alone, below 999,998 blank rows; {STRAY}"


def test_an_xlsb_that_promises_too_many_texts_or_is_cut_off_is_told(tmp_path):
    texts = record(159, struct.pack("<II", 2**31, 2**31)) + record(160)
    path = write_xlsb(tmp_path / "shop.xlsb", XLSB_HEADER, texts=texts)
    assert "its list of texts promises 2147483648 of them" in error_of(path)
    path = write_xlsb(tmp_path / "shop.xlsb", XLSB_HEADER + b"\x00\x7f\x00")
    assert "sheet1.bin is cut off" in error_of(path)


# ---- xls


def write_xls(path, rows):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for r, cells in enumerate(rows):
        for c, value in enumerate(cells):
            sheet.write(r, c, value)
    book.save(str(path))
    return path


def test_an_xls_is_read(tmp_path):
    path = write_xls(tmp_path / "shop.xls", [["id", "ok"], [7, True], [8.5, "x"]])
    assert rows_of(opened(path)) == [[7, True], [8.5, "x"]]


def test_an_xls_whose_cells_show_errors_names_them(tmp_path):
    """Of the sheet that is read, and of no other."""
    book = xlwt.Workbook()
    other, sheet = book.add_sheet("Other"), book.add_sheet("Sheet1")
    other.write(0, 0, "id")
    other.row(1).set_cell_error(0, 0x17)
    rows: list[list[object]] = [["id", "total"], [1, 5], [2, None], [3, 7], [4, None]]
    for at, cells in enumerate(rows):
        for column, value in enumerate(cells):
            if value is not None:
                sheet.write(at, column, value)
    sheet.row(2).set_cell_error(1, 0x2A)
    sheet.row(4).set_cell_error(1, 0x07)
    sheet.write(1, 2, True)
    sheet.write(0, 2, "ok")
    path = tmp_path / "shop.xls"
    book.save(str(path))
    table = opened(path, sheet="Sheet1")
    faults = [(fault.index, str(fault.reason), fault.column) for _, part in read_all(table) for fault in part.faults]
    assert faults == [(1, "cell B3 shows #N/A", 1), (3, "cell B5 shows #DIV/0!", 1)]
    assert faults_of(opened(path, sheet="Other")) == [(2, 0, "cell A2 shows #REF!")]


def test_an_xls_with_a_cell_far_out_is_named(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    sheet.write(0, 0, "id")
    sheet.write(60_000, 200, 1)
    book.save(str(tmp_path / "shop.xls"))
    assert error_of(tmp_path / "shop.xls") == f": cell GS60001 stands alone, below 59,999 blank rows; {STRAY}"


def test_a_workbook_that_ends_its_reader_ends_nothing_else(tmp_path, monkeypatch):
    path = write_xls(tmp_path / "shop.xls", [["id"], [7]])
    ending = tmp_path / "ending.py"
    ending.write_text("#!/bin/sh\ncat > /dev/null\nkill -ABRT $$\n")
    ending.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(ending))
    assert error_of(path) == ": is damaged: reading it ended with SIGABRT; save it anew as .xlsx"


# ---- ods

ODS_HEADER = ods_row(ods_text("id"), ods_text("note"))


def ods(tmp_path, *rows, **more):
    return write_ods(tmp_path / "shop.ods", ods_table(ODS_HEADER, *rows), **more)


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ("a<text:line-break/>b", "a\nb"),
        ("a<text:tab/>b", "a\tb"),
        ("a<text:s text:c='3'/>b", "a   b"),
        ("a</text:p><text:p>b", "a\nb"),
        ("a<text:span>b</text:span> <text:a>c</text:a>", "ab c"),
        ("a\n   b", "a b"),
        ("Ali &amp; Can", "Ali & Can"),
    ],
)
def test_line_breaks_tabs_and_spaces_of_an_ods_are_kept(tmp_path, inner, value):
    assert rows_of(opened(ods(tmp_path, ods_row(ods_text("7"), ods_text(inner))))) == [["7", value]]


def test_values_of_an_ods_keep_their_types(tmp_path):
    cells = [
        ods_cell("float", "office:value='7'"),
        ods_cell("currency", "office:value='19.99'"),
        ods_cell("date", "office:date-value='2020-03-19'"),
        ods_cell("date", "office:date-value='2020-03-19T14:05:00'"),
        ods_cell("time", "office:time-value='PT14H05M00S'"),
        ods_cell("boolean", "office:boolean-value='false'"),
        ods_cell("percentage", "office:value='0.5'"),
    ]
    header = ods_row(*(ods_text(f"c{n}") for n in range(len(cells))))
    path = write_ods(tmp_path / "shop.ods", ods_table(header, ods_row(*cells)))
    when = datetime.datetime(2020, 3, 19, 14, 5)
    assert rows_of(opened(path)) == [[7, 19.99, when.date(), when, when.time(), False, 0.5]]


def test_errors_and_formulas_without_a_value_of_an_ods_are_faults(tmp_path):
    error = "table:formula='of:=NA()' office:string-value='' calcext:value-type='error'"
    path = ods(
        tmp_path,
        ods_row(ods_text("7"), ods_text("#N/A", error)),
        ods_row(ods_text("8"), "<table:table-cell table:formula='of:=1+1'/>"),
        ods_row(ods_text("9"), ods_cell("float", "office:value='x'")),
        ods_row(ods_text("10"), ods_text("#N/A")),
    )
    assert faults_of(opened(path)) == [
        (2, 1, "cell B2 shows #N/A"),
        (3, 1, f"cell B3 {NOT_COMPUTED}"),
        (4, 1, "cell B4 holds a float that cannot be read"),
    ]
    assert rows_of(opened(path))[3] == ["10", "#N/A"]


def test_repeated_cells_and_rows_of_an_ods_are_bounded(tmp_path):
    blank = "<table:table-cell table:number-columns-repeated='16384'/>"
    twice = ods_text("x", "table:number-columns-repeated='2'")
    path = ods(tmp_path, ods_row(blank, repeat=2), ods_row(twice, repeat=2), ods_row(blank, repeat=1048570))
    assert numbered(opened(path)) == [(4, ["x", "x"]), (5, ["x", "x"])]
    path = ods(tmp_path, ods_row(blank, repeat=999_998), ods_row(ods_text("x")))
    assert error_of(path) == f": cell A1000000 stands alone, below 999,998 blank rows; {STRAY}"
    path = ods(tmp_path, ods_row(ods_text("x", "table:number-columns-repeated='16384'")))
    assert (
        error_of(path)
        == f": cell XFD2 makes the sheet 2 rows by 16,384 columns, which is more than is read; {STRAY}{AS_CSV}"
    )
    path = ods(tmp_path, ods_row(ods_text("x", "table:number-columns-repeated='9999999999'")))
    assert "table:number-columns-repeated is '9999999999'" in error_of(path)


def test_a_comment_in_an_ods_is_not_part_of_its_cell(tmp_path):
    note = "<office:annotation><text:p>call him</text:p></office:annotation><text:p>Ali</text:p>"
    cell = f"<table:table-cell office:value-type='string'>{note}</table:table-cell>"
    assert rows_of(opened(ods(tmp_path, ods_row(ods_text("7"), cell)))) == [["7", "Ali"]]


def test_the_first_sheet_of_an_ods_is_the_first_that_is_not_hidden(tmp_path):
    styles = "<style:style style:name='h'><style:table-properties table:display='false'/></style:style>"
    hidden = ods_table(ods_row(ods_text("secret")), name="Secret", style="h")
    path = write_ods(tmp_path / "shop.ods", hidden, ods_table(ODS_HEADER), styles=styles)
    assert opened(path).header == ("id", "note")
    assert opened(path, sheet="Secret").header == ("secret",)


def test_an_ods_with_a_password_says_so(tmp_path):
    assert error_of(ods(tmp_path, manifest="<encryption-data/>")) == (
        ": is protected by a password; save it without one"
    )


# ---- memory

MEASURED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from etl.errors import SourceError
from etl.extract import open_table
from etl.model import Source
try:
    with open_table(Source("s", "excel", sys.argv[1])) as table:
        for part in table.parts(5000):
            part.read()
except SourceError as error:
    print(str(error).removeprefix(sys.argv[1]))
"""


def test_a_far_cell_needs_no_memory(tmp_path):
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + row(9, number("ZZ9", 1)) + row(1048576, number("XFD1048576", 1)))
    done = subprocess.run([sys.executable, "-c", MEASURED, path], capture_output=True, text=True, check=True)
    assert done.stdout == f": cell XFD1048576 stands alone, below 1,048,566 blank rows; {STRAY}\n"
