"""`etl inspect`: what a file or a database holds, whatever it is, and what of it a mapping uses."""

import gzip
import json
import sqlite3
from contextlib import closing
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from commands import ROOT, SAMPLE_MAPPING, etl, sample_people, write_shop
from shops import ALL, shop_of

from etl.commands.inspect import Inspecting, inspect
from etl.errors import EtlError, MappingError, SourceError
from etl.profile import KEPT, Distinct, TableProfile
from etl.report.inspection import lines_of

HEADER = ("id", "name", "mail", "phone", "joined", "total", "status", "password", "sku")
PEOPLE = [
    (
        str(n),
        f"Şule Işık {n}" if n % 5 else "",
        f"sule{n}@example.com",
        f"0532 {n:03} 12 34",
        f"{n % 28 + 1:02}.03.2019 10:15",
        f"1.{n:03},50",
        "onaylandı" if n % 3 else "iptal",
        f"{n:032x}",
        f"AB-{n}",
    )
    for n in range(1, 201)
]
FORMS = {
    "id": ("number", ""),
    "name": ("text", ""),
    "mail": ("e-mail", ""),
    "phone": ("phone", ""),
    "joined": ("date", "%d.%m.%Y %H:%M"),
    "total": ("money", "1.234,56"),
    "status": ("text", ""),
    "password": ("digest", "md5"),
    "sku": ("code", ""),
}


def csv_text(delimiter=","):
    return "\n".join([delimiter.join(HEADER), *(delimiter.join(f'"{cell}"' for cell in row) for row in PEOPLE)]) + "\n"


def objects():
    return [dict(zip(HEADER, row, strict=True)) for row in PEOPLE]


def write_csv(folder):
    path = folder / "people.csv"
    path.write_text(csv_text(), encoding="utf-8")
    return path


def write_turkish_csv(folder):
    path = folder / "people.csv.gz"
    path.write_bytes(gzip.compress(csv_text(";").encode("windows-1254")))
    return path


def write_excel(folder):
    book = openpyxl.Workbook()
    for row in (HEADER, *PEOPLE):
        book.active.append(row)
    book.active.title = "people"
    book.create_sheet("other").append(["x"])
    path = folder / "people.xlsx"
    book.save(path)
    return path


def followed(location, table=None, **how):
    """What somebody who watches is told: of each thing how much, and of how many."""
    told: dict[str, tuple[int, int | None]] = {}

    def follow(what, more, total):
        told[what] = (told.get(what, (0, None))[0] + more, total)

    inspect(Inspecting(str(location), table, **how), follow)
    return told


def test_who_watches_is_told_of_the_rows_that_are_read(tmp_path):
    path = write_csv(tmp_path)
    assert followed(path) == {"people: rows read": (200, None)}
    assert followed(path, limit=50) == {"people: rows read": (50, 50)}
    (tmp_path / "others.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert followed(tmp_path) == {"people: rows read": (200, None), "others: rows read": (1, None)}


def test_of_a_dump_the_megabytes_are_told_that_are_read_through(tmp_path):
    path = tmp_path / "shop.sql"
    row = "INSERT INTO people VALUES (1, '{}');\n".format("x" * 90_000)
    path.write_text("CREATE TABLE people (id int, name text);\nCREATE TABLE a (id int);\n" + 30 * row, encoding="utf-8")
    assert followed(path) == {f"{path}: MB read": (2, 2)}
    packed = path.with_suffix(".sql.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert followed(packed) == {f"{packed}: MB read": (2, None)}


def write_json(folder):
    path = folder / "people.json"
    path.write_text(json.dumps({"shop": {"people": objects(), "other": [{"x": 1}]}}), encoding="utf-8")
    return path


def write_phpmyadmin(folder):
    path = folder / "people.json"
    tables = [{"type": "table", "name": name, "data": rows} for name, rows in (("other", []), ("people", objects()))]
    path.write_text(json.dumps([{"type": "header"}, {"type": "database", "name": "shop"}, *tables]), encoding="utf-8")
    return path


def write_jsonl(folder):
    path = folder / "people.jsonl"
    path.write_text("\n".join(map(json.dumps, objects())), encoding="utf-8")
    return path


def write_xml(folder):
    rows = "".join(
        f"<person>{''.join(f'<{name}>{cell}</{name}>' for name, cell in one.items())}</person>" for one in objects()
    )
    path = folder / "people.xml"
    path.write_text(f"<shop><people>{rows}</people></shop>", encoding="utf-8")
    return path


def write_folder(folder):
    (folder / "shop").mkdir()
    (folder / "shop/other.csv").write_text("x\n1\n", encoding="utf-8")
    (folder / "shop/people.csv").write_text(csv_text("\t"), encoding="utf-8")
    return folder / "shop"


def fill(shop):
    columns = ", ".join(f"{name} varchar(60)" for name in HEADER)
    shop.run("CREATE TABLE other (x integer)", f"CREATE TABLE people ({columns})")
    rows = ", ".join(str(tuple(cell for cell in row)) for row in PEOPLE)
    shop.run(f"INSERT INTO people VALUES {rows}")


FILES = {
    "csv": (write_csv, None),
    "turkish csv": (write_turkish_csv, None),
    "excel": (write_excel, "people"),
    "json": (write_json, "shop.people"),
    "phpmyadmin": (write_phpmyadmin, "people"),
    "jsonl": (write_jsonl, None),
    "xml": (write_xml, None),
    "folder": (write_folder, "people"),
}


def seen(location, table=None, **more):
    return inspect(Inspecting(str(location), table, **more))


def check_people(found):
    look = found.look
    assert look.rows == 200
    assert {one.name: (one.form, one.detail) for one in look.columns} == FORMS
    by_name = {one.name: one for one in look.columns}
    assert (by_name["name"].filled, by_name["name"].distinct, by_name["name"].longest) == (160, 160, 13)
    assert dict(by_name["status"].values) == {"onaylandı": 134, "iptal": 66}
    assert (by_name["mail"].distinct, by_name["mail"].shortest) == (200, 17)


@pytest.mark.parametrize("kind", FILES)
def test_the_same_table_looks_the_same_in_every_kind_of_file(kind, tmp_path):
    write, table = FILES[kind]
    location = write(tmp_path)
    check_people(seen(location, table))
    if table:
        listed = {one.name: one.rows for one in seen(location).tables}
        assert listed[table] == 200
        assert len(listed) == 2
        assert seen(location).look is None


@pytest.mark.parametrize("kind", ALL)
def test_the_same_table_looks_the_same_in_every_database_and_in_its_dump(kind, tmp_path):
    with shop_of(kind, tmp_path) as shop:
        fill(shop)
        dump = tmp_path / "dump.sql"
        dump.write_bytes(shop.dump())
        for place in (shop.location, str(dump)):
            listed = [(one.name, one.rows, one.columns) for one in seen(place).tables]
            assert listed == [("other", 0, 1), ("people", 200, 9)]
            check_people(seen(place, "people"))


def test_a_dump_with_a_text_of_a_million_letters_and_one_of_rows_alone_are_looked_at(tmp_path):
    large = tmp_path / "large.sql"
    large.write_text(
        f"CREATE TABLE t (id int, note text CHARACTER SET latin1);\nINSERT INTO t VALUES (1, '{'x' * 1_000_000}');\n",
        encoding="utf-8",
    )
    _, note = seen(str(large)).look.columns
    assert note.longest == 1_000_000
    alone = tmp_path / "alone.sql"
    alone.write_text("INSERT INTO t (id, name) VALUES (1, 'Ali');\nINSERT INTO u VALUES (1);\n", encoding="utf-8")
    assert [(one.name, one.rows, one.columns) for one in seen(str(alone)).tables] == [("t", 1, 2), ("u", 1, 0)]
    with pytest.raises(EtlError, match=r"alone\.sql:2: rows of table 'u' without the names of their columns"):
        seen(str(alone), "u")


def test_what_a_mapping_says_to_read_it_is_what_reads_it(tmp_path):
    location = write_turkish_csv(tmp_path)
    assert seen(location).look.source == {"csv": str(location), "encoding": "windows-1254", "delimiter": ";"}
    assert seen(write_json(tmp_path), "shop.people").look.source["path"] == "shop.people"
    assert f'"{tmp_path}/people.xlsx", sheet: people' not in "".join(lines_of(seen(write_excel(tmp_path), "people")))


def test_a_file_of_a_folder_or_of_an_archive_is_what_a_mapping_is_advised_to_read(tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in ("others", "people"):
        write_csv(folder).rename(folder / f"{name}.csv")
    with ZipFile(tmp_path / "exports.zip", "w") as archive:
        archive.write(folder / "people.csv", "shop/people.csv")
        archive.write(folder / "others.csv", "others.csv")
    assert seen(folder, "people").look.source == {"csv": f"{folder}/people.csv"}
    advised = seen(tmp_path / "exports.zip", "people").look.source["csv"]
    assert advised == f"{tmp_path}/exports.zip/shop/people.csv"
    assert seen(advised).look.rows == 200


def test_the_output_for_people_is_as_printed_and_fits_80_columns(tmp_path):
    write_csv(tmp_path)
    done = etl("inspect", "people.csv", cwd=tmp_path, COLUMNS="40")
    assert (
        done.stdout
        == """\
people.csv: a CSV file, 1 table
people: 200 rows, 9 columns
as a source: { csv: people.csv }

 column   filled distinct length  form, and examples
 id         100%      200    1-3  number: 9, 99, 999
 name        80%      160  11-13  text: Ş*** I*** ***, Ş*** I*** 1***
 mail       100%      200  17-19  e-mail: s***@e***.com
 phone      100%      200     14  phone: 9999 999 99 99
 joined     100%       28     16  date %d.%m.%Y %H:%M: 99.99.9999 99:99
 total      100%      200      8  money 1.234,56: 9.999,99
 status     100%        2    5-9  text: onaylandı (134), iptal (66)
 password   100%      200     32  digest md5
 sku        100%      200    4-6  code: aa-9, aa-99, aa-999

"""
    )


def test_nobody_is_named_unless_it_is_asked_for():
    path = ROOT / "samples/opencart/customers.csv"
    for more in ((), ("--json",), ("--mapping", SAMPLE_MAPPING)):
        told = etl("inspect", path, *more).stdout.lower()
        assert not [one for one in sample_people() if one in told]
    told = etl("inspect", path, "--show-data").stdout.lower()
    assert [one for one in sample_people() if one in told]


@pytest.mark.parametrize("location", ["customers", ROOT / "samples/opencart/customers.csv"])
def test_a_mapping_says_how_a_file_is_read_and_which_columns_are_used(location):
    done = etl("inspect", location, "--mapping", SAMPLE_MAPPING)
    tail = done.stdout.splitlines()[-3:]
    assert tail == [
        "used by user: customer_id, firstname, lastname, email, telephone, password,",
        "  salt, newsletter, status, date_added",
        "not used: customer_group_id, store_id, language_id, fax, address_id, ip, safe",
    ]
    assert 'nulls: ["NULL", "-"]' in done.stdout


def test_lookups_and_queries_use_columns_too(tmp_path):
    mapping = write_shop(
        tmp_path,
        "id,name,mail,city,note\n1,Ali,a@example.com,x,\n",
        **{
            "  customers: { csv: customers.csv }": "  raw: { csv: customers.csv }\n"
            '  customers: { query: "SELECT id, name, mail FROM raw" }\n'
            "lookups:\n  cities: { csv: customers.csv, key: id, value: city }"
        },
    )
    look = seen(tmp_path / "customers.csv", mapping=mapping).look
    assert look.used == {
        "id": ("query customers", "lookup cities"),
        "name": ("query customers",),
        "mail": ("query customers",),
        "city": ("lookup cities",),
    }
    assert look.unused == ["note"]
    assert seen("customers", mapping=mapping).look.used["mail"] == ("user",)


def test_a_database_of_a_mapping_is_asked_for_by_its_name(tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE people (id, name, mail, note)")
        connection.execute("INSERT INTO people VALUES (1, 'Ali', 'a@example.com', 'x')")
    mapping = write_shop(
        tmp_path, **{"{ csv: customers.csv }": "{ table: people, database: shop }\ndatabases: { shop: '${LEGACY}' }"}
    )
    (tmp_path / ".env").write_text("LEGACY=shop.sqlite\n", encoding="utf-8")
    look = seen("shop", mapping=mapping).look
    assert look.source == {"table": "people", "database": "shop"}
    assert look.unused == ["note"]


def test_an_address_comes_from_the_environment_and_is_not_printed(tmp_path, monkeypatch):
    monkeypatch.setenv("LEGACY", "mysql://reader:s3cr3t@127.0.0.1:1/shop")
    with pytest.raises(EtlError) as caught:
        seen("${LEGACY}")
    assert str(caught.value) == (
        "mysql://***@127.0.0.1:1/shop: nothing answers at 127.0.0.1:1; is the server running, and does it listen there?"
    )
    monkeypatch.delenv("LEGACY")
    with pytest.raises(MappingError, match=r"\$\{LEGACY\}: the environment variable LEGACY is not set"):
        seen("${LEGACY}")


DISGUISES = [
    ("people.csv", b"%PDF-1.4", "is a PDF, from which no table is read; ask for the export as CSV"),
    ("people.csv", gzip.compress(b"id\n1\n", mtime=0), "is compressed with gzip; let its name end in .gz"),
    (
        "people.xls",
        b"<html><table>",
        "is a web page; was the download answered with a login page? What shops export as .xls",
    ),
    ("people.csv", b"\r\n<!DOCTYPE html><p>", "is a web page"),
    ("people.txt", b"-- MySQL dump 10\nCREATE TABLE x (a int);", "is an SQL dump; let its name end in .sql"),
    ("people.sql", b"PGDMP\x01", "is pg_dump's custom format"),
    ("people.csv", b"id\x00\x01\x02", "holds zeros, which no text has; is this a text file?"),
    ("people.xlsx", b"PK\x03\x04 no archive", "is not a workbook"),
    ("people.csv", b"", "is empty, without even a header; was the export cut off?"),
    ("people.json", b'{"a": ', "not JSON"),
    ("people.xml", b"<a><b>", "ends before its elements do; was the file cut off?"),
]


@pytest.mark.parametrize(("name", "data", "what"), DISGUISES)
def test_what_a_file_really_is_is_said_and_what_to_do(name, data, what, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(EtlError, match=r".") as caught:
        seen(tmp_path / name)
    assert what in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / name))


def test_a_workbook_by_another_name_is_read_as_what_it_is(tmp_path):
    path = write_excel(tmp_path).rename(tmp_path / "people.csv")
    assert seen(path, "people").look.source == {"excel": str(path), "sheet": "people"}


def test_a_table_that_is_not_there_is_told_with_the_nearest(tmp_path):
    with pytest.raises(MappingError, match="no table 'peple'; did you mean 'people'"):
        seen(write_folder(tmp_path), "peple")


def test_rows_that_cannot_be_read_are_counted_and_the_first_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("id,name\n1,a\n2,b,c\n3\n", encoding="utf-8")
    look = seen(tmp_path / "a.csv").look
    assert (look.rows, look.unreadable, look.fault) == (3, 2, "row 3: has 3 cells, the header has 2")


ORDERS: list[dict[str, Any]] = [
    {"id": 1, "lines": [{"sku": "a", "taxes": [{"rate": 20}]}, {"sku": "b"}]},
    {"id": 2, "lines": []},
    {"id": 3, "lines": [{"sku": "c", "taxes": []}]},
]


def counts_of(found):
    return {one.name: (one.rows, one.columns) for one in found.tables}


def test_lists_inside_of_json_lines_are_tables_as_they_are_in_json(tmp_path):
    (tmp_path / "orders.json").write_text(json.dumps(ORDERS), encoding="utf-8")
    (tmp_path / "orders.jsonl").write_text("\n".join(map(json.dumps, ORDERS)) + "\nno JSON\n", encoding="utf-8")
    assert counts_of(seen(tmp_path / "orders.json")) == {
        "orders": (3, 2),
        "[*].lines": (3, 2),
        "[*].lines[*].taxes": (1, 1),
    }
    assert counts_of(seen(tmp_path / "orders.jsonl")) == {"orders": (3, 2), "lines": (3, 2), "lines[*].taxes": (1, 1)}
    look = seen(tmp_path / "orders.jsonl", "lines").look
    assert (look.rows, look.unreadable, look.source["path"]) == (4, 1, "lines")
    assert [one.name for one in look.columns] == ["sku", "taxes"]


@pytest.mark.parametrize(
    ("ending", "text", "inner"),
    [
        ("json", json.dumps, "[*].lines"),
        ("jsonl", lambda orders: "\n".join(map(json.dumps, orders)), "lines"),
        (
            "xml",
            lambda orders: (
                "<s>" + "<o><id>1</id><lines><l><a>1</a></l><l><a>1</a></l></lines></o>" * len(orders) + "</s>"
            ),
            "s/o[*]/lines/l",
        ),
    ],
)
def test_rows_of_many_files_are_counted_in_all_of_them(tmp_path, ending, text, inner):
    for number in range(3):
        orders = [{"id": at, "lines": [{"sku": "a"}, {"sku": "b"}]} for at in range(number + 2)]
        (tmp_path / f"orders-{number}.{ending}").write_text(text(orders), encoding="utf-8")
    found = seen(tmp_path / f"orders-*.{ending}")
    assert found.what.startswith("3 files, each a")
    rows = {one.name: one.rows for one in found.tables}
    assert (sorted(rows.values()), rows.get(inner)) == ([9, 18], 18)


def test_databases_are_looked_at_one_at_a_time(tmp_path):
    for number in range(2):
        (tmp_path / f"shop-{number}.sql").write_text("-- MySQL dump 10.13\n", encoding="utf-8")
    with pytest.raises(SourceError) as refused:
        seen(tmp_path / "shop-*.sql")
    assert (
        str(refused.value)
        == f"{tmp_path}/shop-*.sql: 2 files, each an SQL dump; name one, such as {tmp_path}/shop-0.sql"
    )


def test_a_limit_looks_at_the_first_rows_only(tmp_path):
    look = seen(write_csv(tmp_path), limit=50).look
    assert (look.rows, look.partly, look.columns[0].distinct) == (50, True, 50)
    assert "people: the first 50 rows, 9 columns" in list(lines_of(seen(tmp_path / "people.csv", limit=50)))


def test_a_program_gets_one_object(tmp_path):
    write_csv(tmp_path)
    found = json.loads(etl("inspect", "people.csv", "--json", cwd=tmp_path).stdout)
    assert (found["location"], found["what"], len(found["tables"])) == ("people.csv", "a CSV file", 1)
    mail = found["table"]["columns"][2]
    assert mail == {
        "name": "mail",
        "filled": 200,
        "distinct": 200,
        "exact": True,
        "shortest": 17,
        "longest": 19,
        "form": "e-mail",
        "detail": "",
        "share": 1.0,
        "nulls": 0,
        "examples": ["s***@e***.com"],
        "values": {},
        "used_by": None,
    }


def test_a_null_that_is_written_as_text_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("id,day\n" + "1,2020-01-02\n" * 30 + "2,NULL\n", encoding="utf-8")
    assert any("date %Y-%m-%d (97%) and 1 NULL as text" in line for line in lines_of(seen(tmp_path / "a.csv")))


@pytest.mark.parametrize("number", [KEPT, 20_000, 300_000])
def test_many_different_values_are_estimated_and_few_are_exact(number):
    """Within what is kept: the memory that a column takes has a bound."""
    values = Distinct()
    for start in range(0, number, 5000):
        values.add(str(one) for one in range(start, min(start + 5000, number)))
    found, exact = values.number()
    assert exact == (number <= KEPT)
    assert abs(found - number) <= (0 if exact else 0.05 * number)
    assert len(values.hashes) <= 2 * KEPT


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2019-05-03", "0000-00-00"], "date %Y-%m-%d"),
        (["03/05/2019", "21/05/2019"], "date %d/%m/%Y"),
        (["05/21/2019"], "date %m/%d/%Y"),
        (["2019-05-03T10:15:00"], "date ISO 8601"),
        (["2019-05-03T10:15:00Z", "2019-05-03 10:15:00.5+03:00"], "date ISO 8601 with a zone"),
        (["1556878500"], "date Unix seconds"),
        (["1,299.90", "5.00"], "money 1,234.56"),
        (["12,50 TL", "1.000 TL"], "money 1.234,56"),
        (["+90 532 000 12 34"], "phone"),
        (["007", "010"], "code"),
        (["-5", "0"], "number"),
        (["$2y$10$" + "a" * 53], "digest bcrypt"),
        (["a" * 32, "b" * 40], "digest mixed"),
        (['{"a": 1}'], "JSON"),
        (['a:1:{s:1:"x";}'], "PHP serialized"),
        ([True, None, 5], "text"),
        (["", " "], ""),
    ],
)
def test_forms(values, form):
    profile = TableProfile(["x"])
    profile.add([[value] for value in values])
    (column,) = profile.columns()
    assert f"{column.form} {column.detail}".strip() == form


def test_the_first_customer_of_a_file_without_a_header_is_nobody_s_column(tmp_path):
    (tmp_path / "a.csv").write_text("1,ali@example.com,5551112233\n2,b@example.com,5551112234\n", encoding="utf-8")
    for more in ((), ("--json",)):
        told = etl("inspect", "a.csv", *more, cwd=tmp_path).stdout
        assert "ali@" not in told
        assert "5551112233" not in told
        assert "column 2" in told
    lines = list(lines_of(seen(tmp_path / "a.csv")))
    assert " ".join(line.strip() for line in lines[-2:]) == (
        "the first row looks like data; for a file without a header line, list its columns' names as `header:`"
    )


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (
            {"encoding": "windows-1245"},
            "option 'encoding': unknown encoding 'windows-1245'; did you mean 'windows-1254'?",
        ),
        ({"delimiter": ";;"}, "option 'delimiter': ';;' is not one character"),
    ],
)
def test_an_option_that_no_file_can_be_read_with_is_told(tmp_path, given, what):
    with pytest.raises(MappingError) as caught:
        seen(write_csv(tmp_path), given=given)
    assert str(caught.value).startswith(what)
