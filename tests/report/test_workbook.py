"""The workbook of rejected rows: for people who know the shop, and nothing that runs."""

import io
import zipfile

import openpyxl
import pytest
from small_migration import CUSTOMERS, ORDERS, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.commands.workbook import Suggestions
from etl.package import Package, Reject
from etl.report.workbook import workbook

HOSTILE = "=cmd|' /C calc'!A0"
LINK = "https://example.com/x"


def prepared(folder, **shop):
    return dry_run(write_shop(folder, **shop), Settings(folder / "work", workers=1)).path


def lines(path, sheet):
    book = openpyxl.load_workbook(path / "rejects.xlsx")
    head, *rows = [[cell.value for cell in row] for row in book[sheet].iter_rows()]
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("book"))


def test_each_stage_with_rejects_has_a_sheet_and_each_rejected_row_a_line_with_all_that_is_wrong(path):
    book = openpyxl.load_workbook(path / "rejects.xlsx")
    assert book.sheetnames == ["user", "order", "order_item"]
    assert [line["row"] for line in lines(path, "user")] == ["4", "6", "7"]
    can = lines(path, "user")[1]
    assert (can["id"], can["name"], can["joined"]) == ("5", "Can Er", "31.02.2018 00:00")
    assert can["email"] == "(hidden)"  # passwords are made from it in this shop
    assert can["field"].split("\n") == ["date_joined", "email"]
    assert "31.02.2018" in can["reason"]


def test_of_more_rows_than_a_sheet_has_not_even_the_problems_are_read(path, monkeypatch):
    """All problems of the last row are there all the same."""
    monkeypatch.setattr("etl.report.workbook.MOST", 2)
    package, read = Package.open(path), []
    rejects = Package.rejects

    def counted(package, stage):
        for one in rejects(package, stage):
            read.append((stage.name, one.row))
            yield one

    monkeypatch.setattr(Package, "rejects", counted)
    made = workbook(package, lambda one: None)
    assert made is not None
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(made))["user"].iter_rows()]
    head, *told = rows
    assert [row[head.index("row")] for row in told] == ["4", "6"]
    assert told[1][head.index("field")].split("\n") == ["date_joined", "email"]
    assert [row for stage, row in read if stage == "user"] == [4, 6, 6, 7]


@pytest.mark.parametrize(("value", "suggested"), [("0532 (123) 45-67", None), ("0532 (123) 45-67x", "5321234567")])
def test_a_number_that_was_refused_is_not_suggested_without_its_blanks(value, suggested):
    """Where the mapping asks for numbers of another country, say."""
    refused = Reject("a.csv", 2, "1", "phone", value, "", "function:phone", "", {})
    assert Suggestions({}, {})(refused) == suggested


def test_the_head_stays_in_sight_and_has_filters(path):
    sheet = openpyxl.load_workbook(path / "rejects.xlsx")["order"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref.startswith("A1:")


def test_the_nearest_entry_of_a_lookup_is_suggested_and_a_telephone_without_its_letter(tmp_path):
    mapping = write_shop(
        tmp_path,
        customers=CUSTOMERS.replace("ali@example.com;1;;", "ali@example.com;1;0532 11x1 22 33;"),
        orders=ORDERS.replace("ten;EUR", "10;USDD"),
    )
    text = mapping.read_text(encoding="utf-8").replace("phone('TR', default=none)", "phone('TR')")
    mapping.write_text(text, encoding="utf-8")
    path = dry_run(mapping, Settings(tmp_path / "work", workers=1)).path
    assert [line["suggestion"] for line in lines(path, "order") if line["number"] == "105"] == ["USD"]
    told = {line["id"]: line["suggestion"] for line in lines(path, "user")}
    assert told["2"] == "5321112233"
    assert not told["7"]


@pytest.mark.parametrize(
    ("entry", "suggested"), [("USDD", "USD"), ("TRL", "TL"), ("BERSIN", None), ("23", None), ("usd ", "USD")]
)
def test_only_what_is_much_alike_is_suggested_and_no_code_in_digits(entry, suggested):
    suggest = Suggestions({"currency": {"USD": "usd", "3": "x", "TL": "try", "MERLYN": "m"}}, {})
    parts = {"table": "currency", "entry": entry}
    assert suggest(Reject("a.csv", 2, "1", "currency", entry, "", "function:lookup", "", parts)) == suggested


def test_only_the_owner_may_read_it_and_no_password_is_in_it(path):
    assert (path / "rejects.xlsx").stat().st_mode & 0o777 == 0o600


def test_nothing_in_it_is_computed_followed_or_taken_for_a_number(tmp_path):
    orders = ORDERS.replace("105;7;umut@example.com", f'0105;{LINK};"{HOSTILE}"').replace(
        "Moda;\n106", "+90\x1b[31m\u202e;\n106"
    )
    path = prepared(tmp_path, orders=orders)
    line = next(one for one in lines(path, "order") if one["number"] == "0105")
    assert (line["customer"], line["email"], line["address"]) == (LINK, HOSTILE, "+90\\x1b[31m\\u202e")
    with zipfile.ZipFile(path / "rejects.xlsx") as packed:
        sheets = [packed.read(name).decode() for name in packed.namelist() if name.startswith("xl/worksheets/")]
        assert not [name for name in packed.namelist() if "_rels/sheet" in name or "externalLink" in name]
    assert not [one for one in sheets if "<f>" in one or "<hyperlink" in one or "<v>0105" in one]
    assert all(cell.number_format == "@" for cell in openpyxl.load_workbook(path / "rejects.xlsx")["order"]["A"][1:])


def test_where_no_row_is_rejected_there_is_no_workbook(tmp_path):
    head, first, *_ = CUSTOMERS.splitlines(keepends=True)
    path = prepared(
        tmp_path,
        customers=head + first,
        orders=ORDERS.splitlines(keepends=True)[0],
        lines="order;sku;product;quantity;price\n",
    )
    assert not (path / "rejects.xlsx").exists()
