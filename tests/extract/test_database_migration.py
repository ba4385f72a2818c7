"""A mapping over a database, from check to package."""

from __future__ import annotations

import gzip
import resource
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from database_mapping import database_mapping
from mapping_case import SMALL, Case, edited
from shops import ALL, Shop, shop_of

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.preview import preview
from etl.commands.settings import Settings
from etl.commands.summing import summary_of
from etl.errors import MappingError
from etl.extract import Connections, World, fetched_all, open_table, read_all
from etl.mapping import load_mapping
from etl.model import Database, Locator, Source
from etl.target import Secret

TARGET = 'target: { url: "https://omnitron.example.com", channel: 7, token: "${ACME_TOKEN}" }\n'
ADDRESSES = "SELECT address_id, customer_id, city FROM oc_address ORDER BY address_id"
MAPPING = database_mapping(
    [f'addresses: {{ sql: "{ADDRESSES}", database: shop }}'],
    addresses="addresses",
    key="address_id",
    city="city",
    last_name="{{ lastname | default('-') }}",
    joined="{{ date_added | datetime('%Y-%m-%d %H:%M:%S') }}",
)
CSV = (
    MAPPING.replace('databases: { shop: "${LEGACY}" }\n', "")
    .replace("table: oc_customer, database: shop", "csv: oc_customer.csv")
    .replace(
        'sql: "SELECT address_id, customer_id, city FROM oc_address ORDER BY address_id", database: shop',
        "csv: oc_address.csv",
    )
    .replace("table: oc_group, database: shop", "csv: oc_group.csv")
)
CUSTOMERS = [
    (
        number,
        f"Şule {number}",
        None if number % 3 else "Yılmaz",
        f"A{number}@Example.com",
        1 + number % 2,
        "4111111111111111",
    )
    for number in range(1, 3001)
]


def fill(shop: Shop):
    name = "varchar(60)"
    shop.run(
        f"CREATE TABLE oc_customer (customer_id integer PRIMARY KEY, firstname {name}, lastname {name}, email {name}, "
        f"group_id integer, card {name}, date_added {'timestamp' if shop.kind == 'postgresql' else 'datetime'})",
        f"CREATE TABLE oc_address (address_id integer PRIMARY KEY, customer_id integer, city {name})",
        f"CREATE TABLE oc_group (group_id integer PRIMARY KEY, name {name})",
        "INSERT INTO oc_group VALUES (1, 'retail'), (2, 'wholesale')",
        "INSERT INTO oc_address VALUES (1, 2, 'İstanbul'), (2, 4, 'Muğla'), (3, 1, 'Ağrı')",
    )
    rows = ", ".join(
        f"({id}, '{first}', {'NULL' if last is None else repr(last)}, '{email}', {group}, '{card}', '2023-02-01 10:30:00')"
        for id, first, last, email, group, card in CUSTOMERS
    )
    shop.run(f"INSERT INTO oc_customer VALUES {rows}")


def write_csv(folder: Path):
    lines = [
        f"{id},{first},{last or ''},{email},{group},{card},2023-02-01 10:30:00"
        for id, first, last, email, group, card in CUSTOMERS
    ]
    header = "customer_id,firstname,lastname,email,group_id,card,date_added"
    (folder / "oc_customer.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    (folder / "oc_address.csv").write_text(
        "address_id,customer_id,city\n1,2,İstanbul\n2,4,Muğla\n3,1,Ağrı\n", encoding="utf-8"
    )
    (folder / "oc_group.csv").write_text("group_id,name\n1,retail\n2,wholesale\n", encoding="utf-8")


def payloads(package):
    return {
        str(path.relative_to(package.path)): path.read_bytes() for path in sorted(package.path.glob("payloads/*/*"))
    }


def written(folder, text=MAPPING):
    (folder / "migration.yaml").write_text(text, encoding="utf-8")
    return folder / "migration.yaml"


@pytest.fixture(scope="module")
def from_csv(tmp_path_factory):
    folder = tmp_path_factory.mktemp("csv")
    write_csv(folder)
    return payloads(dry_run(written(folder, CSV), Settings(folder / "work", workers=1)))


@pytest.fixture(params=ALL)
def shop(request, tmp_path, monkeypatch):
    with shop_of(request.param, tmp_path) as found:
        fill(found)
        monkeypatch.setenv("LEGACY", found.location)
        yield found


@pytest.mark.parametrize("workers", [1, 2])
def test_a_database_gives_the_payloads_that_its_tables_as_csv_give(shop, from_csv, tmp_path, workers):
    package = dry_run(written(tmp_path), Settings(tmp_path / "work", workers=workers))
    assert len(from_csv) == 4
    assert payloads(package) == from_csv
    assert [stage.counts.held for stage in package.stages] == [0, 1]


def test_the_manifest_tells_what_was_asked_and_neither_it_nor_the_package_holds_a_password(shop, tmp_path, monkeypatch):
    secret = shop.location
    if "://" in secret and "@" in secret:
        login, _, place = secret.partition("://")[2].partition("@")
        secret = f"{secret.partition('://')[0]}://{login.partition(':')[0]}:Hunter2@{place}"
    if shop.kind == "postgresql":
        monkeypatch.setenv("LEGACY", secret)
    package = dry_run(written(tmp_path), Settings(tmp_path / "work", workers=1))
    inputs = {one.name: one for one in package.manifest.inputs}
    assert [inputs[name].rows for name in ("customers", "addresses", "group")] == [3000, 3, 2]
    assert inputs["addresses"].statement.startswith("SELECT ")
    assert all(one.sha256 and one.taken for one in inputs.values())
    everything = b"".join(path.read_bytes() for path in package.path.rglob("*") if path.is_file())
    assert b"Hunter2" not in everything
    assert b"4111111111111111" not in everything


def test_preview_shows_the_columns_that_the_mapping_uses(shop, tmp_path):
    (row,) = preview(written(tmp_path), "user", 1)
    assert (row.source, row.row) == ("oc_customer", 1)
    assert set(row.cells) == {"customer_id", "firstname", "lastname", "email", "group_id", "date_added"}


KEYED = """\
  - name: user
    from: customers
    key: customer_code
    fields:
      customer_code: "{{ code }}"
      first_name: "{{ code }}"
      last_name: "-"
      email: "{{ mail | email }}"
      gender: null
      sms_allowed: false
      email_allowed: false
      date_joined: "2023-02-01 10:30:00"
      password: "{{ code | digest('md5') }}"
      password_algorithm: md5
"""


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("id", "oc_customer id 71"),
        ("shop, id", "oc_customer id 71, shop 2"),
        ("mail", "oc_customer row 1"),
        ("shop, mail", "oc_customer row 1"),
        (None, "oc_customer row 1"),
    ],
)
def test_a_rejected_row_of_a_table_is_told_by_its_key_which_is_no_data_of_a_person(shop, tmp_path, key, place):
    ends = f", PRIMARY KEY ({key})" if key else ""
    shop.run(
        "DROP TABLE oc_customer",
        "CREATE TABLE oc_customer (id integer NOT NULL, shop integer NOT NULL, code varchar(60), "
        f"mail varchar(60) NOT NULL{ends})",
        "INSERT INTO oc_customer VALUES (71, 2, 'a', 'ali@'), (72, 2, 'b', 'b@example.com')",
    )
    sources = MAPPING.partition("lookups:")[0] + "stages:\n"
    package = dry_run(written(tmp_path, sources + KEYED), Settings(tmp_path / "work", workers=1))
    (reject,) = package.rejects(package.stages[0])
    assert str(Locator(reject.source, reject.row, reject.place)) == place
    assert (reject.row, package.stages[0].counts.valid) == (1, 1)
    assert summary_of(package).problems[0].startswith(f"user: {place}, field 'email': ")


def test_check_opens_no_server_and_reads_a_file_s_columns(shop, tmp_path, monkeypatch):
    if shop.kind != "sqlite":
        monkeypatch.setenv("LEGACY", f"{shop.kind}://nobody:x@127.0.0.1:1/shop")
    text = MAPPING.replace("{{ firstname }}", "{{ fristname }}")
    problems = [one.what for one in check(written(tmp_path, text)).problems if one.kind == "mapping"]
    unknown = "unknown column 'fristname'; did you mean 'firstname'?"
    assert problems == ([unknown] if shop.kind == "sqlite" else [])


def test_a_column_that_is_misspelt_is_found_before_a_row_is_fetched(shop, tmp_path):
    with load_mapping(written(tmp_path, MAPPING.replace("{{ firstname }}", "{{ fristname }}"))) as checked:
        found = [one.what for one in checked.problems if one.kind == "mapping"]
        assert found == ["unknown column 'fristname'; did you mean 'firstname'?"]


def test_a_table_that_is_gone_leaves_no_package(shop, tmp_path):
    shop.run("DROP TABLE oc_address")
    with pytest.raises(Exception, match="oc_address"):
        dry_run(written(tmp_path), Settings(tmp_path / "work", workers=1))
    assert list(tmp_path.glob("work/*/packages/*")) == []


def test_a_disk_that_is_full_leaves_nothing_and_says_where_to_make_room(tmp_path, monkeypatch):
    with shop_of("sqlite", tmp_path) as shop:
        fill(shop)
        spool = tmp_path / "spool"
        spool.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "etl", "dry-run", str(written(tmp_path)), "--workspace", str(tmp_path / "work")],
            env={"LEGACY": shop.location, "PATH": "", "TMPDIR": str(spool), "PYTHONDONTWRITEBYTECODE": "1"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "the disk cannot take the database's rows (File too large)" in done.stderr
    assert done.stderr.strip().endswith("make room, or name another folder in TMPDIR")
    assert list(spool.iterdir()) == []
    assert list(tmp_path.glob("work/*/packages/*")) == []


# --- live, a dump, a folder

TABLES = MAPPING.replace(f'sql: "{ADDRESSES}", database: shop', "table: oc_address, database: shop")
"""It asks for tables only, so that any form of the shop will do."""


def prepared(folder, text=TABLES):
    return dry_run(written(folder, text), Settings(folder / "work", workers=1))


@pytest.mark.parametrize("ending", [".sql", ".sql.gz"])
def test_a_dump_gives_the_payloads_that_the_live_database_gives(shop, from_csv, tmp_path, monkeypatch, ending):
    assert payloads(prepared(tmp_path)) == from_csv
    dump = tmp_path / f"shop{ending}"
    dump.write_bytes(gzip.compress(shop.dump()) if ending.endswith("gz") else shop.dump())
    monkeypatch.setenv("LEGACY", dump.name)
    package = prepared(tmp_path)
    assert payloads(package) == from_csv
    seen = {one.name: (one.file, one.rows, one.statement) for one in package.manifest.inputs}
    assert seen == {
        "customers": (str(dump), 3000, None),
        "addresses": (str(dump), 3, None),
        "group": (str(dump), 2, None),
    }
    everything = b"".join(path.read_bytes() for path in package.path.rglob("*") if path.is_file())
    assert b"4111111111111111" not in everything


@pytest.mark.parametrize("options", ["", ', encoding: windows-1254, delimiter: ";"'])
def test_a_folder_of_csv_files_gives_them_too(from_csv, tmp_path, monkeypatch, options):
    folder = tmp_path / "export"
    folder.mkdir()
    write_csv(folder)
    if options:
        for file in folder.iterdir():
            file.write_bytes(file.read_text(encoding="utf-8").replace(",", ";").encode("windows-1254"))
    (folder / "oc_group.csv.gz").write_bytes(gzip.compress((folder / "oc_group.csv").read_bytes()))
    (folder / "oc_group.csv").unlink()
    monkeypatch.setenv("LEGACY", "export")
    package = prepared(tmp_path, TABLES.replace('"${LEGACY}"', f'{{ at: "${{LEGACY}}"{options} }}'))
    assert payloads(package) == from_csv
    (customers, *_) = package.manifest.inputs
    assert (customers.file, customers.bytes) == (
        str(folder / "oc_customer.csv"),
        (folder / "oc_customer.csv").stat().st_size,
    )


def test_all_tables_of_a_dump_are_read_in_one_pass(tmp_path, monkeypatch):
    from etl.extract.databases import dump

    with shop_of("sqlite", tmp_path) as shop:
        fill(shop)
        (tmp_path / "shop.sql").write_bytes(shop.dump())
    passes = []

    def read(file, wanted, encoding, **further):
        passes.append(set(wanted))
        return original(file, wanted, encoding, **further)

    original = dump.read
    monkeypatch.setattr(dump, "read", read)
    monkeypatch.setenv("LEGACY", "shop.sql")
    prepared(tmp_path)
    assert passes == [{"oc_group"}, {"oc_customer", "oc_address"}]


def test_a_dump_that_was_cut_off_between_two_statements_is_refused(shop, tmp_path, monkeypatch):
    if shop.kind == "sqlite":
        pytest.skip("sqlite3's dumps begin and end without a word")
    whole = shop.dump()
    (tmp_path / "shop.sql").write_bytes(whole[: whole.rindex(b"INSERT INTO" if shop.kind == "mysql" else b"COPY ")])
    monkeypatch.setenv("LEGACY", "shop.sql")
    with pytest.raises(MappingError) as caught:
        prepared(tmp_path)
    assert "the dump was cut off: the line that its tool writes at the end is missing; dump it again" in str(
        caught.value
    )


def test_two_sources_of_one_table_of_a_dump_have_each_its_columns(tmp_path, monkeypatch):
    (tmp_path / "shop.sql").write_text("CREATE TABLE t (a int, b int, c int);\nINSERT INTO t VALUES (1,2,3),(4,5,6);\n")
    database = Database("", Secret(str(tmp_path / "shop.sql")), "shop.sql")
    with Connections() as connections, ExitStack() as opened:
        tables = {
            name: opened.enter_context(
                open_table(Source(name, "table", "t", {"database": database}), World({}, connections))
            )
            for name in ("one", "two")
        }
        found = fetched_all(tables, {"one": {"c", "a"}, "two": {"b"}})
        rows = {name: [row for _, part in read_all(table) for row in part.rows] for name, table in found.items()}
    assert rows == {"one": [["1", "3"], ["4", "6"]], "two": [["2"], ["5"]]}


# --- what check finds


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "t")
    found = Case(tmp_path)
    with shop_of("sqlite", tmp_path) as shop:
        shop.run("CREATE TABLE customers (customer_id, email, status, `First Name`)")
        found.write("shop.sql", shop.dump().decode())
    found.write("broken.sql", "HELLO WORLD;\n")
    found.write("export/customers.csv", "customer_id,email,status,First Name\n")
    return found


SHOP = "{ shop: shop.sqlite }"
TABLE = "{ table: customers, database: shop }"


@pytest.mark.parametrize(
    ("databases", "source", "what"),
    [
        (SHOP, "{ table: customers, database: «shpo }", "unknown database 'shpo'; did you mean 'shop'?"),
        (SHOP, "{ table: «custmers, database: shop }", "shop.sqlite: no table 'custmers'; did you mean 'customers'?"),
        (SHOP, "{ sql: «SELECT, database: shop }", "shop.sqlite: incomplete input"),
        (SHOP, "«{ table: customers }", "table needs `database`: the name of one of `databases:`, or where the database is"),
        (SHOP, "{ table: customers, database: shop, «sheet: 1 }",
         "'sheet' is no option of table; there is counters, database, normalize, trim"),
        (SHOP, "{ table: «customers, database: ./none.sqlite }", "none.sqlite: no such file; did you mean 'shop.sqlite'?"),
        ("{ shop: «mysql://ali:Hunter2@127.0.0.1/shop }", TABLE,
         "a password is written here: take the whole address from the environment, shop: ${SHOP_DATABASE}, and change it "
         "in the database"),
        (SHOP, "{ table: customers, database: «mysql://ali:Hunter2@127.0.0.1/shop }",
         "a password is written here: take the whole address from the environment, database: ${CUSTOMERS_DATABASE}, "
         "and change it in the database"),
        ("{ shop: «7 }", TABLE, "'shop' must be text or a mapping, not a whole number"),
        ("{ shop: «{ encoding: utf-8 } }", TABLE, "'shop' needs 'at': where it is"),
        ("{ shop: shop.sql }", "{ table: «custmers, database: shop }",
         "shop.sql: no table 'custmers'; did you mean 'customers'?"),
        ("{ shop: shop.sql }", "{ sql: «SELECT 1, database: shop }",
         "shop.sql: a dump runs no SQL; read its tables with `table`, and join them in a `query`; or load it into a server"),
        ("{ shop: broken.sql }", TABLE.replace("customers", "«customers"),
         "broken.sql:1: a statement that is not read: H*** W***;..."),
        ("{ shop: export }", "{ table: «custmers, database: shop }", "export: no file custmers.csv; did you mean 'customers'?"),
        ("{ shop: export }", "{ sql: «SELECT 1, database: shop }",
         "export: a folder of files runs no SQL; read them with `table`, and join them in a `query`"),
        ("{ shop: { at: shop.sqlite, encoding: utf-8 } }", TABLE.replace("customers", "«customers"),
         "shop.sqlite: `encoding` is for a folder of CSV files and a dump; leave it out"),
        ("{ shop: { at: export, delimiter: ab } }", TABLE.replace("customers", "«customers"),
         "source 'customers': option 'delimiter': 'ab' is not one character (a tab is written \"\\t\", with double quotes)"),
        ("{ shop: customers.csv }", TABLE.replace("customers", "«customers"),
         "customers.csv: is no database: neither an SQLite file, nor a dump (.sql, .sql.gz, .sql.bz2, .sql.xz), nor a folder "
         "or zip of CSV files, nor an address such as mysql://user@host/shop"),
        ('{ shop: "${«NONE}" }', TABLE,
         "the environment variable NONE is not set; export it, or write it in a file .env beside the mapping"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_database(case, databases, source, what):
    text = edited(('{ csv: customers.csv, delimiter: ";" }', source)).replace(
        "sources:", f"databases: {databases}\nsources:"
    )
    case.finds(text, what)


def test_what_only_a_folder_needs_stands_in_nobodys_way_where_a_variable_says_what_the_database_is(case, monkeypatch):
    case.write("semicolons/customers.csv", "customer_id;email;status;First Name\n1;ali@example.com;1;NULL\n")
    written = 'databases: { shop: { at: "${LEGACY}", delimiter: ";", nulls: ["NULL"] } }\nsources:'
    text = edited(('{ csv: customers.csv, delimiter: ";" }', TABLE)).replace("sources:", written)
    for place in ("semicolons", "shop.sqlite", "shop.sql"):
        monkeypatch.setenv("LEGACY", place)
        assert case.told(text) == []
    fixed = edited(("${LEGACY}", "shop.sqlite"), text=text)
    assert case.told(fixed)[0].endswith("shop.sqlite: `delimiter` is for a folder of CSV files; leave it out")


def test_a_database_whose_password_alone_is_a_variable_is_taken(case, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "Hunter2")
    text = SMALL.replace('{ csv: customers.csv, delimiter: ";" }', "{ table: customers, database: shop }").replace(
        "sources:", 'databases: { shop: "mysql://ali:${SHOP_PASSWORD}@127.0.0.1:1/shop" }\nsources:'
    )
    case.write("migration.yaml", text)
    assert [str(one) for one in check(case.file).problems] == []
    with pytest.raises(Exception, match="nothing answers at") as caught:
        dry_run(case.file, Settings(case.folder / "work", workers=1))
    assert "Hunter2" not in str(caught.value)
