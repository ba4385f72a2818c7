"""Corrections of rows that are no lines of a CSV: of a database, a query, JSON, a spreadsheet; and a workbook saved as .ods."""

import json
import sqlite3
from contextlib import closing
from html import escape

import openpyxl
import pytest
from api_shops import TOKEN
from api_shops import shop as api_shop
from small_migration import CUSTOMERS, MAPPING, ORDERS, write_shop
from workbook_files import ods_cell, ods_row, ods_table, ods_text, write_ods

from etl.commands.dry_run import dry_run
from etl.commands.fix import fix, known_corrections
from etl.commands.settings import Settings

PLAIN = MAPPING.replace("\"{{ email | digest('md5') }}\"", "ffffffffffffffffffffffffffffffff")
ROWS = [
    (5, "Can Er", "can@example", "1", "0212 555 11 22", "28.02.2018 00:00", "x"),
    (1, "Ayşe Işık", "ayse@example.com", "1", None, "29.02.2020 10:30", "y"),
]


def prepared(mapping, workers=1):
    return dry_run(mapping, Settings(mapping.parent / "work", workers=workers))


def lines_of(package, sheet="user"):
    book = openpyxl.load_workbook(package.path / "rejects.xlsx")
    head, *rows = [[cell.value or "" for cell in row] for row in book[sheet].iter_rows()]
    return head, rows


def mend(mapping, package, column, text, sheet="user", line=2):
    """Type into a rejected row, the first unless told otherwise."""
    book = openpyxl.load_workbook(package.path / "rejects.xlsx")
    names = [cell.value for cell in book[sheet][1]]
    book[sheet].cell(line, names.index(column) + 1).value = text
    book.save(mapping.parent / "edited.xlsx")
    return fix(mapping, None, mapping.parent / "edited.xlsx")


def with_database(folder, rows):
    (folder / "shop.sqlite").unlink(missing_ok=True)
    with closing(sqlite3.connect(folder / "shop.sqlite")) as connection, connection:
        connection.execute(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, name, email, active, phone, joined, last_ip)"
        )
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


@pytest.fixture
def of_database(tmp_path):
    text = PLAIN.replace(
        'customers: { csv: customers.csv, delimiter: ";" }', "customers: { table: customers, database: old }"
    )
    mapping = write_shop(tmp_path, mapping=text.replace("sources:", "databases: { old: shop.sqlite }\nsources:", 1))
    with_database(tmp_path, ROWS)
    return mapping


def test_a_row_of_a_database_is_found_by_its_primary_key_and_the_cells_that_are_used(of_database):
    fixed = mend(of_database, prepared(of_database), "email", "can@example.com")
    assert [one.row for one in fixed.cells] == ["customers id 5"]
    assert "last_ip" not in (of_database.parent / "migration.corrections.csv").read_text(encoding="utf-8-sig")
    moved = [
        (6, "Ali Er", "ali@example.com", "1", None, "28.02.2018 00:00", ""),
        *((*row[:6], "z") for row in ROWS[::-1]),
    ]
    with_database(of_database.parent, moved)
    made = prepared(of_database)
    assert made.manifest.refused == ()
    assert made.stage("user").counts.rejected == 0
    assert made.stage("user").identity == ("id",)


def test_a_primary_key_is_mended_in_the_database_alone(of_database):
    fixed = mend(of_database, prepared(of_database), "id", "55")
    assert [what for _, what in fixed.refused] == ["is what the shop's database tells the row by; mend it there"]


def test_a_column_that_the_mapping_does_not_read_any_more_is_fetched_for_the_correction(of_database):
    mend(of_database, prepared(of_database), "email", "can@example.com")
    text = of_database.read_text(encoding="utf-8").replace("\"{{ phone | phone('TR', default=none) }}\"", "null")
    of_database.write_text(text, encoding="utf-8")
    made = prepared(of_database)
    assert made.manifest.refused == ()
    assert made.stage("user").counts.rejected == 0


def test_a_row_that_a_query_makes_is_mended_and_what_it_reads_stays(tmp_path):
    text = PLAIN.replace(
        "  lines:", '  people:\n    query: "SELECT * FROM customers ORDER BY CAST(id AS INTEGER) DESC"\n  lines:'
    ).replace("from: customers", "from: people")
    bad = "5;Can Er;can@example;1;;28.02.2018 00:00\n"
    mapping = write_shop(tmp_path, customers=CUSTOMERS.splitlines()[0] + "\n" + bad, mapping=text)
    mend(mapping, prepared(mapping), "email", "can@example.com")
    assert prepared(mapping).stage("user").counts.valid == 1


def test_null_and_text_of_json_become_what_was_typed(tmp_path):
    rows = [
        {
            "id": "5",
            "name": "Can Er",
            "email": None,
            "active": "1",
            "phone": None,
            "joined": "28.02.2018 00:00",
            "n": {"a": 1},
        },
        {
            "id": "1",
            "name": "Ayşe",
            "email": "a@example.com",
            "active": "1",
            "phone": None,
            "joined": "28.02.2018 00:00",
            "n": {},
        },
    ]
    (tmp_path / "customers.json").write_text(json.dumps(rows), encoding="utf-8")
    text = PLAIN.replace('customers: { csv: customers.csv, delimiter: ";" }', "customers: { json: customers.json }")
    mapping = write_shop(tmp_path, mapping=text)
    mend(mapping, prepared(mapping), "email", "can@example.com")
    made = prepared(mapping, workers=2)
    assert (made.stage("user").counts.valid, list(made.stage("user").corrected)) == (2, ["1"])


def test_a_number_is_taken_for_a_cell_that_was_one_and_not_for_a_text_of_the_same_column(tmp_path):
    row = {"order": "100", "product": "Bot", "price": "1,00"}
    rows = [{**row, "sku": "A", "quantity": 0}, {**row, "sku": "B", "quantity": "two"}]
    (tmp_path / "lines.json").write_text(json.dumps(rows), encoding="utf-8")
    mapping = write_shop(
        tmp_path, mapping=PLAIN.replace('lines: { csv: lines.csv, delimiter: ";" }', "lines: { json: lines.json }")
    )
    package = prepared(mapping)
    assert mend(mapping, package, "quantity", 2, sheet="order_item").refused == ()
    fixed = mend(mapping, package, "quantity", 2, sheet="order_item", line=3)
    ((where, why),) = fixed.refused
    assert where == "edited.xlsx, sheet 'order_item' row 3, column 'quantity'"
    assert why.startswith("is a number, and no text: ")


def test_the_cells_of_a_workbook_are_mended_as_those_of_a_csv(tmp_path):
    book = openpyxl.Workbook()
    for row in [("id", "name", "email", "active", "phone", "joined"), *((str(row[0]), *row[1:6]) for row in ROWS)]:
        book.active.append(row)
    book.save(tmp_path / "customers.xlsx")
    text = PLAIN.replace('customers: { csv: customers.csv, delimiter: ";" }', "customers: { excel: customers.xlsx }")
    mapping = write_shop(tmp_path, mapping=text)
    mend(mapping, prepared(mapping), "email", "can@example.com")
    assert prepared(mapping).stage("user").counts.valid == 2


def test_what_libreoffice_saves_is_read_as_what_excel_saves_and_a_number_in_it_is_refused(tmp_path):
    mapping = write_shop(tmp_path, mapping=PLAIN, customers=CUSTOMERS.replace("31.02.2018", "28.02.2018"))
    head, rows = lines_of(prepared(mapping))
    at = next(number for number, row in enumerate(rows) if row[0] == "5")
    rows[at][head.index("email")] = "can@example.com"
    table = [ods_row(*(ods_text(escape(str(cell))) for cell in row)) for row in [head, *rows]]
    cells = [ods_text(escape(str(cell))) for cell in rows[at]]
    cells[head.index("phone")] = ods_cell("float", "office:value='5321112233'")
    table[at + 1] = ods_row(*cells)
    fixed = fix(mapping, None, write_ods(tmp_path / "rejects.ods", ods_table(*table, name="user")))
    assert [(one.column, one.new) for one in fixed.cells] == [("email", "can@example.com")]
    assert [what[:12] for _, what in fixed.refused] == ["is a number,"]


def test_two_files_of_one_source_are_told_apart_by_their_names(tmp_path):
    text = PLAIN.replace("csv: orders.csv", 'csv: "orders*.csv"')
    mapping = write_shop(tmp_path, mapping=text)
    head, *rows = ORDERS.splitlines()
    for number, some in enumerate((rows[:3], rows[5:6])):
        (tmp_path / f"orders{number}.csv").write_text("\n".join([head, *some]) + "\n", encoding="utf-8")
    (tmp_path / "orders.csv").unlink()
    package = prepared(mapping)
    mend(mapping, package, "amount", "10", "order")
    mend(mapping, prepared(mapping), "currency", "TL", "order")
    assert [one.row for one in known_corrections(mapping, None)] == ["orders1.csv row 2"] * 2
    assert prepared(mapping).stage("order").counts.rejected == 0


OF_API = """\
version: 1
name: shop
target: {{}}
sources:
  orders: {{ api: "{url}", path: items, token: "${{API_TOKEN}}", paging: {{ by: magento, size: 10 }} }}
stages:
  - name: user
    from: orders
    key: customer_code
    fields:
      customer_code: "{{{{ no }}}}"
      first_name: "{{{{ billing.city }}}}"
      last_name: "-"
      email: a@example.com
      sms_allowed: false
      email_allowed: true
      date_joined: "2020-01-02 03:04:05"
      password: ffffffffffffffffffffffffffffffff
      password_algorithm: md5
"""


@pytest.fixture
def of_api(tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", TOKEN)
    orders = [{"id": n, "no": f"o{n}", "billing": {"city": "" if n == 15 else "İzmir"}} for n in range(1, 26)]
    with api_shop("magento", orders) as found:
        (tmp_path / "migration.yaml").write_text(OF_API.format(url=found.url), encoding="utf-8")
        yield found, tmp_path / "migration.yaml"


def again(mapping):
    return dry_run(mapping, Settings(mapping.parent / "work", workers=1, fresh=True))


def test_a_row_of_an_api_is_found_again_on_whatever_page_it_is(of_api):
    found, mapping = of_api
    fixed = mend(mapping, prepared(mapping), "billing", '{"city": "Ankara"}')
    assert [one.row for one in fixed.cells] == ["orders page 2, item 5"]
    found.orders.insert(0, {"id": 0, "no": "o0", "billing": {"city": "Bursa"}})
    made = again(mapping)
    assert made.manifest.refused == ()
    assert (made.stage("user").counts.valid, list(made.stage("user").corrected)) == (26, ["16"])
    assert b'"first_name":"Ankara"' in b"".join(made.payload(one) for one in made.batches(made.stage("user")))


def test_a_cell_of_json_has_to_stay_json(of_api):
    _, mapping = of_api
    fixed = mend(mapping, prepared(mapping), "billing", "city: Ankara")
    assert [what[:10] for _, what in fixed.refused] == ["is no JSON"]
    assert fixed.cells == ()
