"""Many files as one table, and files inside of zip archives."""

import gzip
import json
import pickle
import zipfile
from pathlib import Path

import fsspec
import openpyxl
import pytest
from commands import etl, write_shop
from tables import open_table

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.inspect import Inspecting, inspect
from etl.commands.preview import preview
from etl.commands.settings import Settings
from etl.errors import MappingError, SourceError
from etl.extract import KINDS, Connections, World, evidence, fetched, in_order, locate, read_all
from etl.extract import open_table as opened
from etl.model import Database, Source
from etl.target import Secret

MONTHS = (1, 2, 10)
"""Ten comes after two, though its name does not."""


def rows_of(location, kind="csv", rows=5000, **options):
    table = open_table(Source("s", kind, str(location), options))
    return [list(map(str, row)) for _, part in read_all(table, rows) for row in part.rows]


def write_months(folder, kind="csv"):
    for month in MONTHS:
        people = [{"id": f"{month}-{n}", "name": f"Ali\n{n}"} for n in range(3)]
        path = folder / f"orders-{month}.{kind}"
        if kind == "csv":
            lines = "".join(f'{one["id"]},"{one["name"]}"\n' for one in people)
            path.write_text(f"id,name\n{lines}", encoding="utf-8")
        elif kind == "jsonl":
            path.write_text("\n".join(map(json.dumps, people)), encoding="utf-8")
        elif kind == "json":
            path.write_text(json.dumps(people), encoding="utf-8")
        elif kind == "xml":
            elements = "".join(f"<o><id>{one['id']}</id><name>{one['name']}</name></o>" for one in people)
            path.write_text(f"<os>{elements}</os>", encoding="utf-8")
        else:
            book = openpyxl.Workbook()
            for row in (("id", "name"), *(tuple(one.values()) for one in people)):
                book.active.append(row)
            book.save(path)
    return [[f"{month}-{n}", f"Ali\n{n}"] for month in MONTHS for n in range(3)]


KINDS_OF_FILES = {"csv": {}, "jsonl": {}, "json": {}, "xml": {"path": "os/o"}, "xlsx": {}}


@pytest.mark.parametrize("rows", [1, 2, 5000])
@pytest.mark.parametrize("ending", KINDS_OF_FILES)
def test_files_of_one_pattern_are_one_table_in_the_order_of_the_numbers_in_their_names(tmp_path, ending, rows):
    expected = write_months(tmp_path, ending)
    kind = "excel" if ending == "xlsx" else ending
    assert rows_of(tmp_path / f"orders-*.{ending}", kind, rows, **KINDS_OF_FILES[ending]) == expected


def test_parts_of_many_files_can_be_read_in_other_processes(tmp_path):
    """With a file so long that it is cut, also inside of quotes, where only the part before knows where the next begins."""
    for month in MONTHS:
        text = "id,name\n" + "".join(f'{month}-{n},"Ali\n,{"x" * (n % 50)}\n{n}"\n' for n in range(3000))
        (tmp_path / f"orders-{month}.csv").write_text(text, encoding="utf-8")
    table = open_table(Source("s", "csv", str(tmp_path / "orders-*.csv")))
    found = in_order(table.parts(100), lambda part: pickle.loads(pickle.dumps(part)).read, ahead=4)
    ids = [row[0] for rows in found for row in rows.rows]
    assert ids == [f"{month}-{n}" for month in MONTHS for n in range(3000)]


def test_columns_are_matched_by_their_names(tmp_path):
    (tmp_path / "a1.csv").write_text("id,name\n1,Ali\n", encoding="utf-8")
    (tmp_path / "a2.csv").write_text("name,id\nCan,2\nx,y,z\n", encoding="utf-8")
    assert rows_of(tmp_path / "a*.csv") == [["1", "Ali"], ["2", "Can"], ["x", "y", "z"]]


def test_a_file_with_other_columns_is_refused_and_they_are_named(tmp_path):
    (tmp_path / "a1.csv").write_text("id,name,mail\n1,Ali,x\n", encoding="utf-8")
    (tmp_path / "a2.csv").write_text("id,name,phone\n2,Can,y\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        rows_of(tmp_path / "a*.csv")
    assert str(caught.value) == (
        f"{tmp_path}/a2.csv: has other columns than a1.csv: without 'mail', with 'phone'; export them alike, or read them as "
        "sources of their own and put these together by a `query` with UNION ALL"
    )


def test_what_the_message_advises_works(tmp_path):
    mapping = write_shop(
        tmp_path,
        **{
            "  customers: { csv: customers.csv }": "  old: { csv: old.csv }\n  new: { csv: new.csv }\n"
            '  customers: { query: "SELECT id, name, mail FROM old UNION ALL SELECT id, name, email FROM new" }'
        },
    )
    (tmp_path / "old.csv").write_text("id,name,mail\n1,Ali,a@example.com\n", encoding="utf-8")
    (tmp_path / "new.csv").write_text("id,name,email\n2,Can,c@example.com\n", encoding="utf-8")
    assert dry_run(mapping, Settings(tmp_path / "work", workers=1)).stages[0].counts.valid == 2


def test_of_objects_a_key_that_only_one_file_has_is_a_column_all_the_same(tmp_path):
    (tmp_path / "a1.jsonl").write_text('{"id": 1}\n', encoding="utf-8")
    (tmp_path / "a2.jsonl").write_text('{"id": 2, "note": "x"}\n', encoding="utf-8")
    assert rows_of(tmp_path / "a*.jsonl", "jsonl") == [["1", "None"], ["2", "x"]]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_row_keeps_its_file_and_its_number_there(tmp_path, workers):
    mapping = write_shop(tmp_path, **{"customers.csv": "'c-*.csv'"})
    (tmp_path / "c-1.csv").write_text('id,name,mail\n\n1,"Ali\nCan",a@example.com\n2,B,nobody\n', encoding="utf-8")
    (tmp_path / "c-2.csv").write_text(
        "id,name,mail\n1,Veli,v@example.com\n4,C,nobody\n5,D,d@example.com,x\n", encoding="utf-8"
    )
    package = dry_run(mapping, Settings(tmp_path / "work", workers=workers))
    stage = package.stages[0]
    found = [(one.source, one.row, one.place, one.reason) for one in package.rejects(stage)]
    assert [one[:3] for one in found] == [
        ("c-1.csv", 4, "row 4"),
        ("c-2.csv", 5, "row 2"),
        ("c-2.csv", 6, "row 3"),
        ("c-2.csv", 7, "row 4"),
    ]
    assert found[1][3] == "'1' is already the customer_code of c-1.csv row 3"
    assert stage.counts.read == 5


def test_people_are_told_the_file(tmp_path):
    mapping = write_shop(tmp_path, **{"customers.csv": "'c-*.csv'"})
    (tmp_path / "c-1.csv").write_text("id,name,mail\n1,Ali,a@example.com\n", encoding="utf-8")
    (tmp_path / "c-2.csv").write_text("id,name,mail\n2,Can,nobody\n", encoding="utf-8")
    done = etl("dry-run", mapping, "--show-data")
    assert done.stderr.startswith("user: c-2.csv row 2, field 'email': 'nobody' is not an e-mail address")
    assert [(row.source, row.row) for row in preview(mapping, None, 5)] == [("c-1.csv", 2), ("c-2.csv", 2)]
    with pytest.raises(MappingError):
        preview(mapping, None, 5, key="7")


def test_a_lookup_of_many_files_names_them(tmp_path):
    (tmp_path / "l-1.csv").write_text("id,name\n1,a\n", encoding="utf-8")
    (tmp_path / "l-2.csv").write_text("id,name\n2,b\n1,c\n", encoding="utf-8")
    mapping = write_shop(
        tmp_path, **{"stages:": "lookups:\n  names: { csv: 'l-*.csv', key: id, value: name }\nstages:"}
    )
    what = "l-2.csv row 3: '1' is given again with another value"
    assert [one for one in check(mapping).problems if what in one.what and "l-1.csv row 2)" in one.what]


def test_a_query_over_many_files_names_the_one_that_cannot_be_read(tmp_path):
    mapping = write_shop(
        tmp_path,
        **{
            "  customers: { csv: customers.csv }": "  raw: { csv: 'c-*.csv' }\n  customers: { query: 'SELECT * FROM raw' }"
        },
    )
    (tmp_path / "c-1.csv").write_text("id,name,mail\n1,Ali,a@example.com\n", encoding="utf-8")
    (tmp_path / "c-2.csv").write_text("id,name,mail\n2,Can\n", encoding="utf-8")
    package = dry_run(mapping, Settings(tmp_path / "work", workers=1))
    found = [(one.source, one.place, one.reason) for one in package.rejects(package.stages[0])]
    assert found == [("c-2.csv", "row 2", "has 2 cells, the header has 3; the query is made without this row")]


def test_what_a_package_remembers_changes_with_any_of_the_files(tmp_path):
    write_months(tmp_path)
    source = Source("s", "csv", str(tmp_path / "orders-*.csv"))
    table = open_table(source)
    before = evidence(source, table)
    assert before.location == source.location
    assert before.bytes == sum(one.stat().st_size for one in tmp_path.iterdir())
    (tmp_path / "orders-2.csv").rename(tmp_path / "orders-3.csv")
    assert evidence(source, table).sha256 != before.sha256
    assert evidence(source, table, whole=False).sha256 is None


def test_no_file_and_a_file_that_is_really_called_so(tmp_path):
    with pytest.raises(SourceError, match=r"orders-\*\.csv: no file is called so"):
        rows_of(tmp_path / "orders-*.csv")
    (tmp_path / "orders-*.csv").write_text("id\n1\n", encoding="utf-8")
    (tmp_path / "orders-2.csv").write_text("id\n2\n", encoding="utf-8")
    assert rows_of(tmp_path / "orders-*.csv") == [["1"]]


def test_files_of_a_storage_behind_a_url_are_one_table_too(tmp_path):
    for month in MONTHS:
        with fsspec.open(f"memory://many/orders-{month}.csv", "wb") as file:
            file.write(f"id\n{month}\n".encode())
    assert rows_of("memory://many/orders-*.csv") == [["1"], ["2"], ["10"]]


def test_a_compressed_one_among_them_and_one_in_another_encoding(tmp_path):
    (tmp_path / "a1.csv").write_bytes("id,name\n1,Şule\n".encode("windows-1254"))
    (tmp_path / "a2.csv.gz").write_bytes(gzip.compress("id,name\n2,Işık\n".encode()))
    assert rows_of(tmp_path / "a*", encoding="detect") == [["1", "Şule"], ["2", "Işık"]]


def test_inspect_looks_at_all_of_them(tmp_path):
    write_months(tmp_path)
    look = inspect(Inspecting(str(tmp_path / "orders-*.csv"))).look
    assert (look.rows, look.columns[0].distinct) == (9, 9)


# Inside of zip archives


def archive_of(folder, files, name="shop.zip", **how):
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    return path


SHOP = {
    "people.csv": "id,name\n1,Şule\n2,Can\n",
    "2020/orders-1.csv": "id\n1\n",
    "2020/orders-2.csv": "id\n2\n",
    "__MACOSX/._people.csv": "\0",
}


def test_a_path_goes_on_inside_of_an_archive(tmp_path):
    path = archive_of(tmp_path, SHOP)
    assert rows_of(path / "people.csv") == [["1", "Şule"], ["2", "Can"]]
    assert rows_of(path / "people.csv", rows=1) == [["1", "Şule"], ["2", "Can"]]
    assert rows_of(path / "2020/orders-*.csv") == [["1"], ["2"]]


def test_an_address_that_fsspec_chains_means_the_same(tmp_path):
    archive_of(tmp_path, SHOP)
    location = KINDS["csv"].located(tmp_path, "zip://people.csv::shop.zip")
    assert location == str(tmp_path / "shop.zip/people.csv")
    assert KINDS["csv"].located(tmp_path, "zip://a.csv::s3://b/shop.zip") == "zip://a.csv::s3://b/shop.zip"
    mapping = write_shop(tmp_path, **{"csv: customers.csv": "csv: 'zip://customers.csv::c.zip'"})
    archive_of(tmp_path, {"customers.csv": "id,name,mail\n1,Ali,a@example.com\n"}, "c.zip")
    assert dry_run(mapping, Settings(tmp_path / "work", workers=2)).stages[0].counts.valid == 1


def test_an_archive_of_one_file_is_that_file(tmp_path):
    path = archive_of(tmp_path, {"people.csv": "id\n1\n", "__MACOSX/._people.csv": "\0"})
    assert rows_of(path) == [["1"]]
    path = archive_of(tmp_path, SHOP)
    with pytest.raises(
        SourceError, match=r"shop\.zip: holds 3 files; name one: .*shop\.zip/2020/orders-1\.csv; there are: "
    ):
        rows_of(path)


@pytest.mark.parametrize(("kind", "member", "data"), [
    ("jsonl", "a.jsonl", '{"id": 1}\n'),
    ("json", "a.json", '[{"id": 1}]'),
    ("csv", "a.csv.gz", gzip.compress(b"id\n1\n", mtime=0)),
])  # fmt: skip
def test_every_kind_of_file_is_read_there(tmp_path, kind, member, data):
    path = archive_of(tmp_path, {member: data, "other": ""})
    assert rows_of(path / member, kind) == [["1"]]
    source = Source("s", kind, str(path / member))
    seen = evidence(source, open_table(source))
    assert (seen.location, seen.bytes, len(seen.sha256)) == (str(path / member), len(data), 64)


def test_a_workbook_is_read_there(tmp_path):
    write_months(tmp_path, "xlsx")
    path = archive_of(tmp_path, {one.name: one.read_bytes() for one in tmp_path.glob("*.xlsx")})
    assert len(rows_of(path / "orders-*.xlsx", "excel")) == 9


def table_of(place, name, columns):
    source = Source(name, "table", name, {"database": Database("shop", Secret(str(place)), str(place))})
    with Connections() as connections, opened(source, World({}, connections)) as table:
        assert table.header == columns
        seen = evidence(source, table)
        return [list(row) for _, part in read_all(fetched(table, columns)) for row in part.rows], seen


def test_a_database_may_be_an_archive_of_csv_or_of_a_dump(tmp_path):
    path = archive_of(tmp_path, SHOP)
    rows, seen = table_of(path, "people", ("id", "name"))
    assert rows == [["1", "Şule"], ["2", "Can"]]
    assert seen.location == f"{path}/people.csv"
    assert table_of(path, "orders-2", ("id",))[0] == [["2"]]
    dump = "CREATE TABLE people (id int);\nINSERT INTO people VALUES (1),(2);\n"
    assert table_of(archive_of(tmp_path, {"shop.sql": dump}, "dump.zip"), "people", ("id",))[0] == [["1"], ["2"]]


def test_inspect_looks_into_an_archive(tmp_path):
    path = archive_of(tmp_path, SHOP)
    found = inspect(Inspecting(str(path)))
    assert (found.what, [(one.name, one.rows) for one in found.tables]) == (
        "a zip archive",
        [("orders-1", 1), ("orders-2", 1), ("people", 2)],
    )
    assert inspect(Inspecting(str(path), "people")).look.rows == 2


def damaged(path):
    data = bytearray(path.read_bytes())
    at = data.index(b"people.csv") + len("people.csv") + 3
    data[at] ^= 0xFF
    path.write_bytes(data)
    return path


def test_what_is_wrong_with_an_archive_is_told(tmp_path):
    path = archive_of(tmp_path, SHOP)

    def error(location):
        with pytest.raises(SourceError) as caught:
            rows_of(location)
        return str(caught.value)

    assert error(path / "peple.csv") == f"{path}/peple.csv: no such file; did you mean 'people.csv'?"
    assert "is damaged or no zip archive (what is packed in it does not fit its checksum)" in error(
        damaged(path) / "people.csv"
    )
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 nothing")
    assert "no.zip: is damaged or no zip archive" in error(tmp_path / "no.zip/a.csv")
    locked = archive_of(tmp_path, {"a.csv": "id\n1\n", "b.csv": ""}, "locked.zip")
    data = bytearray(locked.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(data)
    assert error(locked / "a.csv") == f"{locked}/a.csv: is protected by a password; unpack it first"


def test_a_bomb_is_refused_before_it_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr("etl.extract.zip_member.BOMB_SIZE", 1 << 20)
    path = archive_of(
        tmp_path, {"a.csv": "id\n" + "1\n" * (1 << 20), "b.csv": "id\n" + "".join(f"{n}\n" for n in range(1 << 18))}
    )
    with pytest.raises(SourceError, match=r"a\.csv: [\d,]+ bytes that become 2,097,155 are no export but a zip bomb"):
        rows_of(path / "a.csv")
    assert len(rows_of(path / "b.csv")) == 1 << 18


def test_an_archive_that_lies_about_a_member_gives_no_more_than_it_said(tmp_path):
    path = archive_of(tmp_path, {"a.csv": "id\n" + "1\n" * 1000, "b": ""})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(SourceError, match="damaged"):
        rows_of(path / "a.csv")


def test_a_row_of_one_file_is_located_as_before(tmp_path):
    write_months(tmp_path)
    source = Source("s", "csv", str(tmp_path / "orders-1.csv"))
    assert str(locate(source, open_table(source), 3)) == "orders-1.csv row 3"
    assert locate(source, open_table(source), 3).place is None
    assert Path(source.location).exists()
