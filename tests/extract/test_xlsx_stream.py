"""An .xlsx is read as a stream: what of it is held, and what is told when it is damaged or the disk is full."""

from __future__ import annotations

import random
import resource
import signal
import tracemalloc
import zipfile

import pytest
import xlsxwriter
from tables import open_table
from workbook_files import MAIN, number, row, text, write_xlsx

from etl.errors import SourceError
from etl.extract import read_all
from etl.extract.sheet_bounds import BadSheet
from etl.extract.temporary import scratch
from etl.extract.xlsx_parts import elements
from etl.extract.xlsx_texts import BLOCK, SharedTexts
from etl.model import Source

HEADER = row(1, text("A1", "id"), text("B1", "total"))
ANEW = "save the workbook anew in a spreadsheet program"


def opened(path, **options):
    return open_table(Source("customers", "excel", str(path), options))


def rows_of(table):
    return [list(row) for _, content in read_all(table) for row in content.rows]


def error_of(path):
    with pytest.raises(SourceError) as error:
        rows_of(opened(path))
    return str(error.value).removeprefix(str(path))


# ---- memory


def peak_of(table):
    tracemalloc.start()
    try:
        for part in table.parts(500):
            part.read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def large(path, rows):
    """Every text of it is there once, so that the workbook's list of texts is as long as its cells."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["code", "email", "number", "share"])
        for r in range(1, rows):
            sheet.write_row(r, 0, [f"code {r} of a customer", f"somebody{r}@example.com", r, r / 7])
    return path


def test_memory_does_not_grow_with_the_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr("etl.extract.xlsx_texts.MOST_HELD", 20_000)
    small, much = (peak_of(opened(large(tmp_path / f"{rows}.xlsx", rows))) for rows in (3_000, 12_000))
    assert much < small * 1.1


def test_the_header_is_known_before_the_rest_is_read(tmp_path):
    rows = "".join(row(n, number(f"A{n}", n)) for n in range(2, 5_000))
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + rows + "<row r='5000'>")
    table = opened(path)
    assert table.header == ("id", "total")
    with pytest.raises(SourceError, match="the XML in it cannot be read at line 1, column"):
        rows_of(table)


def test_rows_begin_anew_with_every_look(tmp_path):
    table = opened(write_xlsx(tmp_path / "shop.xlsx", HEADER + row(2, number("A2", 7))))
    first = table.parts(1)
    next(first)
    assert rows_of(table) == rows_of(table) == [[7, None]]


def test_how_far_the_sheet_is_read_is_told(tmp_path):
    table = opened(large(tmp_path / "shop.xlsx", 4_000))
    shares = [part.reached for part in table.parts(400)]
    known = [share for share in shares if share is not None]
    assert len(known) >= 5
    assert known == sorted(known)
    assert (known[0] < 0.5, known[-1]) == (True, 1)


def texts_in(path, count):
    texts = "".join(f"<si><t>text {n}</t></si>" for n in range(count))
    return write_xlsx(path, "", texts=f"<sst xmlns='{MAIN}'>{texts}</sst>")


@pytest.mark.parametrize("most", [1, 3_000, 1 << 20])
def test_texts_are_found_in_any_order_whatever_is_held(tmp_path, monkeypatch, most):
    monkeypatch.setattr("etl.extract.xlsx_texts.MOST_HELD", most)
    count = 10 * BLOCK + 5
    order = random.Random(7).sample(range(count), count)
    with zipfile.ZipFile(texts_in(tmp_path / "a.xlsx", count)) as archive, scratch("texts") as file:
        texts = SharedTexts(archive, "xl/sharedStrings.xml", file)
        assert [texts.text(n) for n in order] == [f"text {n}" for n in order]
        for missing in (count, count + BLOCK, -1):
            with pytest.raises(BadSheet, match=f"it has no text {missing}"):
                texts.text(missing)


# ---- what is damaged


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (row(3, number("A3", 1)) + row(2, number("A2", 1)), "row 2 stands below row 3"),
        (row(2, number("A2", 1)) + row(2, number("B2", 1)), "row 2 stands below row 2"),
        (row(2, number("A3", 1)), "cell A3 stands in row 2"),
        (row("x", number("A2", 1)), "there is no row 'x'"),
        (row(2, "<c r='A2' t='s'><v>4</v></c>"), "it has no text 4"),
        (row(2, "<c r='A2' t='s'><v>x</v></c>"), "it has no text 'x'"),
        (row(2, "<c r='A2' t='zz'><v>4</v></c>"), "a cell is of the type 'zz', which there is none of"),
        (row(2, "<c r='A2' t='b'><v>2</v></c>"), "'2' is neither true nor false"),
        (row(2, "<c r='A2' t='n'><v>x</v></c>"), "'x' is no number"),
    ],
)
def test_a_damaged_sheet_is_told(tmp_path, data, told):
    assert error_of(write_xlsx(tmp_path / "shop.xlsx", HEADER + data)) == f": is damaged ({told}); {ANEW}"


def test_a_row_that_does_not_end_is_told(tmp_path):
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + "<row r='2'>" + "<c/>" * 150_000)
    assert error_of(path) == f": is damaged (an element of sheetData does not end); {ANEW}"


def test_a_sheet_whose_part_is_missing_is_told(tmp_path):
    path = write_xlsx(tmp_path / "whole.xlsx", HEADER)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "shop.xlsx", "w") as new:
        for name in old.namelist():
            if "sheet1" not in name:
                new.writestr(name, old.read(name))
    assert error_of(tmp_path / "shop.xlsx") == f": is damaged (the part that holds the sheet is missing); {ANEW}"


def test_what_stands_around_the_rows_is_dropped_as_it_comes(tmp_path):
    around = "</sheetData><mergeCells>" + "<mergeCell ref='A1:B1'/>" * 20_000 + "</mergeCells><sheetData>"
    path = write_xlsx(tmp_path / "shop.xlsx", HEADER + row(2, number("A2", 7)) + around)
    with zipfile.ZipFile(path) as archive:
        found = [element.get("r") for element in elements(archive, "xl/worksheets/sheet1.xml", "sheetData", 1)]
    assert found == ["1", "2"]
    assert rows_of(opened(path)) == [[7, None]]


def test_a_part_is_found_whatever_the_case_of_its_name(tmp_path):
    path = write_xlsx(tmp_path / "lower.xlsx", HEADER + row(2, number("A2", 7)))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "shop.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("sheet1.xml", "Sheet1.xml"), old.read(name))
    assert rows_of(opened(tmp_path / "shop.xlsx")) == [[7, None]]


# ---- a full disk


def test_a_full_disk_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    texts = f"<sst xmlns='{MAIN}'><si><t>id</t></si></sst>"
    path = write_xlsx(tmp_path / "shop.xlsx", row(1, "<c r='A1' t='s'><v>0</v></c>"), texts=texts)
    limits, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
        with pytest.raises(SourceError) as error:
            opened(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert str(error.value) == (
        f"{tmp_path}/spool: the disk cannot take the workbook's texts (File too large); "
        "make room, or name another folder in TMPDIR"
    )
    assert not list((tmp_path / "spool").iterdir())
