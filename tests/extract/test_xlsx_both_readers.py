"""Whatever a program writes into an .xlsx, the stream of it has the cells that calamine, which holds a workbook whole, has."""

from __future__ import annotations

import datetime
import io
import string
import zipfile

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbook_files import MAIN, OFFICE, row, write_xlsx

from etl.extract.calamine_sheet import cells_of, names_of, open_workbook
from etl.extract.sheet_rows import sheet_of
from etl.extract.workbooks import names_in, open_sheet

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLAIN = st.sampled_from(["General", "0%", "#,##0.00 [$₺-41F]", '0.0" gün"', "@"])
DATED = st.sampled_from(["dd.mm.yyyy", "dd mmmm", "hh:mm", "[h]:mm:ss", "m/d/yy h:mm", "[$-41F]d mmmm yyyy;@"])
LETTERS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"], include_characters="\n\t"), max_size=12
)
TEXTS = LETTERS | st.sampled_from(["a_x000D_b", "_x0041_", " x ", "#N/A", "007", "Ayşe", "\n", "_x005F_x0041_"])
MOMENTS = st.datetimes(datetime.datetime(1900, 3, 2), datetime.datetime(2100, 1, 1)).map(
    lambda at: at.replace(microsecond=0)
)
DAYS = (st.integers(0, 3_000_000) | st.floats(0, 3_000_000)).filter(lambda day: not 60 <= day < 61)
"""Of those less than zero calamine makes times, and of day 60 the day before."""
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(-1e6, 1e6) | st.sampled_from([1e20, 0.1])
CELLS = st.tuples(st.none() | NUMBERS | st.booleans() | TEXTS, PLAIN) | st.tuples(st.none() | DAYS | TEXTS, DATED)
SHEETS = st.lists(st.lists(CELLS, max_size=5), max_size=8)


def ours(path, sheet=None):
    names = names_in(path)
    chosen = sheet or names.all[0]
    return [
        (cells, fault and (fault[0], str(fault[1]))) for cells, fault in open_sheet(path, lambda names: chosen).rows()
    ]


def calamines(path, sheet=None):
    workbook = open_workbook(path)
    chosen = sheet or names_of(workbook)[0][0]
    return list(sheet_of(cells_of(workbook, chosen), {}).rows())


def as_written(rows):
    """With its type: 1, 1.0 and True are equal."""
    return [([(type(cell), cell) for cell in cells], fault) for cells, fault in rows]


def assert_same(path, sheet=None):
    assert as_written(ours(path, sheet)) == as_written(calamines(path, sheet))


@FEW
@given(rows=SHEETS, moments=st.lists(MOMENTS, max_size=3), inline=st.booleans(), since_1904=st.booleans())
def test_what_xlsxwriter_writes(tmp_path, rows, moments, inline, since_1904):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": inline, "date_1904": since_1904}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd.mm.yyyy hh:mm:ss"})
        for r, cells in enumerate(rows):
            for c, (value, code) in enumerate(cells):
                write = sheet.write_string if isinstance(value, str) else sheet.write
                write(r, c, value, book.add_format({"num_format": code}))
        for c, moment in enumerate(moments if not since_1904 else ()):
            sheet.write_datetime(len(rows), c, moment, day)
    assert_same(path)


@FEW
@given(rows=SHEETS, moments=st.lists(MOMENTS, max_size=3))
def test_what_openpyxl_writes(tmp_path, rows, moments):
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for r, cells in enumerate(rows, start=1):
        for c, (value, code) in enumerate(cells, start=1):
            cell = book.active.cell(r, c)
            cell.value, cell.number_format = value, code
            if isinstance(value, str):
                cell.data_type = "s"
    if moments:
        book.active.append(moments)
    book.save(path)
    assert_same(path)


STYLES = (
    f"<styleSheet xmlns='{MAIN}'><numFmts count='1'><numFmt numFmtId='164' formatCode='{{code}}'/></numFmts>"
    "<cellXfs count='2'><xf numFmtId='0'/><xf numFmtId='{number}'/></cellXfs></styleSheet>"
)


def with_style(path, data, code="0", number="164", date1904=""):
    """A workbook whose cells may have the style 1."""
    made = io.BytesIO(write_xlsx(path, data).read_bytes())
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode()
            link = f"<Relationship Id='rIdS' Type='{OFFICE}/styles' Target='styles.xml'/></Relationships>"
            if name.endswith("workbook.xml.rels"):
                content = content.replace("</Relationships>", link)
            if date1904 and name.endswith("workbook.xml"):
                content = content.replace("<sheets>", f"<workbookPr date1904='{date1904}'/><sheets>")
            new.writestr(name, content)
        new.writestr("xl/styles.xml", STYLES.format(code=code, number=number))
    return path


WORDS = [
    *"dmyhsDMYHS/;_-.:#0g+",
    "AM/PM",
    "a/p",
    "[h]",
    "[MM]",
    "[ss]",
    "[hm]",
    "[Red]",
    "[$-41F]",
    "[>=100]",
    "[$₺]",
    "\\",
    "*",
    "\\;",
]


@settings(FEW, max_examples=200)
@given(code=st.lists(st.sampled_from([*WORDS, "&quot;d&quot;"]), max_size=6).map("".join))
def test_formats_that_make_a_date_of_a_number(tmp_path, code):
    assert_same(with_style(tmp_path / "a.xlsx", row(1, "<c r='A1' s='1'><v>43893.5</v></c>"), code=code))


@pytest.mark.parametrize("number", ["0", "9", "13", *map(str, range(14, 24)), "37", "44", "45", "46", "47", "48", "49"])
def test_formats_that_every_workbook_has(tmp_path, number):
    assert_same(with_style(tmp_path / "a.xlsx", row(1, "<c r='A1' s='1'><v>43893.5</v></c>"), number=number))


EDGES = [
    "0",
    "0.5",
    "0.999999999999",
    "1",
    "1.5",
    "59",
    "60",
    "60.5",
    "61",
    "2958465",
    "2958466",
    "43893.9999999",
]


@pytest.mark.parametrize("date1904", ["", "1", "true", "0"])
@pytest.mark.parametrize("code", ["dd.mm.yyyy", "[h]:mm"])
def test_the_first_and_the_last_days_there_are(tmp_path, code, date1904):
    edges = EDGES if code == "dd.mm.yyyy" else [*EDGES, "-1", "-0.5"]
    if code == "dd.mm.yyyy" and date1904 in ("", "0"):
        edges = [edge for edge in edges if not edge.startswith("60")]  # which calamine takes for the day before
    cells = "".join(
        f"<c r='{letter}1' s='1'><v>{value}</v></c>"
        for letter, value in zip(string.ascii_uppercase, edges, strict=False)
    )
    assert_same(with_style(tmp_path / "a.xlsx", row(1, cells), code=code, date1904=date1904))


AS_WRITTEN = [
    "<c r='A1' t='d'><v>2020-01-02</v></c>",
    "<c r='A1' t='d'><v>2020-01-02T03:04:05.123</v></c>",
    "<c r='A1' t='d'><v>2020-01-02T03:04:05Z</v></c>",
    "<c r='A1' t='d'><v>03:04:05</v></c>",
    "<c r='A1' t='d'><v>x</v></c>",
    "<c r='A1'><v> 7 </v></c>",
    "<c r='A1'><v>1_0</v></c>",
    "<c r='A1'><v>+7</v></c>",
    "<c r='A1'><v>.5</v></c>",
    "<c r='A1'><v>5.</v></c>",
    "<c r='A1' t='n'><v>1E5</v></c>",
    "<c r='A1'><v>x</v></c>",
    "<c r='A1' t='str'><v> a\n b </v></c>",
    "<c r='A1' t='str'><v>a_x000D_b_x005F_ _xD83D_ _xFFFF_ _x41_</v></c>",
    "<c r='A1' t='inlineStr'><is><t> a </t></is></c>",
    "<c r='A1' t='inlineStr'><is><t xml:space='preserve'> a </t></is></c>",
    "<c r='A1' t='inlineStr'><is><r><t>a</t></r><r><rPr/><t> b</t></r><rPh sb='0' eb='1'><t>no</t></rPh></is></c>",
    "<c r='A1' t='inlineStr'><is><t>\u00a0a\r\n\u3000</t></is></c>",
    "<c r='A1' t='inlineStr'><v>x</v></c>",
    "<c r='A1' t='inlineStr'><is/></c>",
    "<c r='A1' t='b'><v>true</v></c>",
    "<c r='A1' t='b'><v></v></c>",
    "<c r='A1' t='s'><v></v></c>",
    "<c r='B1'><v>1</v></c><c r='A1'><v>2</v></c>",
    "<c><v>1</v></c><c r='C1'><v>2</v></c><c><v>3</v></c>",
    "<c r='A1' t='str'><f>1</f><v>x</v></c><c r='B1'><f>1</f><v>2</v></c>",
]


@pytest.mark.parametrize("cells", AS_WRITTEN)
def test_cells_as_few_programs_write_them(tmp_path, cells):
    assert_same(write_xlsx(tmp_path / "a.xlsx", row(1, cells)))


@pytest.mark.parametrize("prefix", ["", "x"])
def test_texts_that_cells_refer_to(tmp_path, prefix):
    p = f"{prefix}:" if prefix else ""
    texts = "".join(
        f"<{p}si>{one}</{p}si>"
        for one in (
            f"<{p}t>a</{p}t>",
            f"<{p}t xml:space='preserve'> a_x000D_ </{p}t>",
            f"<{p}r><{p}t>a </{p}t></{p}r><{p}r><{p}t>b</{p}t></{p}r><{p}rPh sb='0' eb='1'><{p}t>no</{p}t></{p}rPh>",
            "",
            f"<{p}t>a&#10;b&#13;</{p}t>",
            f"<{p}t>a</{p}t><{p}phoneticPr/>",
        )
    )
    space = f"xmlns{':' + prefix if prefix else ''}='{MAIN}'"
    cells = "".join(f"<{p}c r='{letter}1' t='s'><{p}v>{n}</{p}v></{p}c>" for n, letter in enumerate("ABCDEF"))
    data = f"<{p}row r='1'>{cells}</{p}row>"
    path = write_xlsx(
        tmp_path / "a.xlsx", data, texts=f"<{p}sst {space} uniqueCount='6'>{texts}</{p}sst>", prefix=prefix
    )
    assert_same(path)


def test_the_sheets_and_which_are_hidden(tmp_path):
    book = openpyxl.Workbook()
    book.active.sheet_state = "hidden"
    book.create_sheet("Very & <more>").sheet_state = "veryHidden"
    book.create_sheet("Müşteri").append([1])
    chart = book.create_chartsheet("Chart")
    chart.add_chart(openpyxl.chart.BarChart())
    book.save(tmp_path / "a.xlsx")
    names = names_in(tmp_path / "a.xlsx")
    assert (names.all, names.hidden) == names_of(open_workbook(tmp_path / "a.xlsx"))
    assert_same(tmp_path / "a.xlsx", "Müşteri")
