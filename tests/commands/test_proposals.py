"""`etl init` for a shop that it does not know: fields by name and content, relations by values, and what is left to a person."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import pytest
import yaml
from commands import etl
from hypothesis import given
from hypothesis import strategies as st

from etl.expressions import columns_in
from etl.guess.expressions import can_be_named, expression, reference
from etl.guess.tables import SeenColumn, SeenTable, relation
from etl.guess.words import name_score, shared_words, status_of, table_score, words_of

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import proposals  # noqa: E402

THREE = {"OMNITRON_URL": "http://127.0.0.1:1", "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": "t"}
MEMBERS = 50
STATUSES = ("Teslim Edildi", "Kargoya Verildi", "İptal Edildi", "İncelemede")


def write(path, rows, encoding="windows-1254"):
    path.write_text("".join(";".join(row) + "\n" for row in rows), encoding=encoding)


def member(number):
    return [
        f"{number:05}", f"Ayşe Öz{number}", f"ayse{number}@ornek.com", f"0532 123 {number:02} 00", "14.03.1980",
        "14.03.2019 10:00", "K", "Evet", "d41d8cd98f00b204e9800998ecf8427e",
    ]  # fmt: skip


def turkish_shop(folder):
    """Four files as an old Turkish shop exports them; the numbers of members begin with zeros."""
    folder.mkdir()
    header = [
        "Üye No",
        "Adı Soyadı",
        "E-Posta",
        "Cep Tel",
        "Doğum Tarihi",
        "Kayıt Tarihi",
        "Cinsiyet",
        "SMS İzni",
        "Şifre",
    ]
    write(folder / "uyeler.csv", [header, *(member(number) for number in range(1, MEMBERS + 1))])
    header = ["Adres ID", "Üye No", "Adres Başlığı", "Alıcı", "Ülke", "İl", "İlçe", "Açık Adres", "Vergi No"]
    places = ["Ev", "Ayşe Öz", "Türkiye", "İstanbul", "Kadıköy", "Moda Cad. 5", "0123456789"]
    write(folder / "adresler.csv", [header, *([f"{900 + at}", f"{at:05}", *places] for at in range(1, MEMBERS + 1))])
    header = [
        "Sipariş No",
        "Üye No",
        "Sipariş Tarihi",
        "Durum",
        "Toplam Tutar",
        "Para Birimi",
        "Kargo Firması",
        "Teslimat Adresi",
    ]
    rows = [
        [
            f"S{at:06}",
            f"{at % MEMBERS + 1:05}",
            "15.03.2020 12:30",
            STATUSES[at % 4],
            "1.234,50",
            "TL",
            "yurtici",
            "Moda Cad. 5",
        ]
        for at in range(1, 201)
    ]
    write(folder / "siparisler.csv", [header, *rows])
    rows = [[f"S{at:06}", f"00{at % 7}", "Kazak", "1", "99,90"] for at in range(1, 201)]
    write(folder / "siparis_detay.csv", [["Sipariş No", "Stok Kodu", "Ürün Adı", "Adet", "Birim Fiyat"], *rows])
    return folder


@pytest.fixture
def begun(tmp_path):
    shop = turkish_shop(tmp_path / "export")
    files = [word for file in sorted(shop.iterdir()) for word in ("--from", file)]
    return etl("init", "mine", *files, cwd=tmp_path), tmp_path / "mine/migration.yaml"


def fields_of(mapping):
    return {stage["name"]: stage["fields"] for stage in yaml.safe_load(mapping.read_text(encoding="utf-8"))["stages"]}


def test_a_turkish_shop_is_a_green_dry_run_after_its_one_gap_is_filled(begun):
    done, mapping = begun
    assert done.returncode == 0, done.stderr
    assert "order from siparisler" in done.stdout
    checked = etl("check", mapping, **THREE)
    assert checked.returncode == 2
    (problem, _) = checked.stdout.splitlines() if checked.stdout.count("\n") == 2 else (checked.stdout.strip(), "")
    assert "refuses what this gives for 'İncelemede' to 'status': '?' is not one of 50" in problem
    text = mapping.read_text(encoding="utf-8").replace('"İncelemede": "?"', '"İncelemede": "200"')
    mapping.write_text(text, encoding="utf-8")
    assert etl("check", mapping, **THREE).returncode == 0
    prepared = json.loads(etl("dry-run", mapping, "--json", **THREE).stdout)
    assert [(one["name"], one["valid"]) for one in prepared["stages"]] == [
        ("user", 50), ("address", 50), ("order", 200), ("order_item", 200),
    ]  # fmt: skip
    package = Path(prepared["package"])
    user = json.loads((package / "payloads/user/000001.json").read_text(encoding="utf-8"))[0]
    assert (user["customer_code"], user["first_name"], user["gender"], user["sms_allowed"]) == (
        "00001",
        "Ayşe",
        "female",
        True,
    )
    address = json.loads((package / "payloads/address/000001.json").read_text(encoding="utf-8"))[0]
    assert (address["tax_no"], address["email"]) == ("0123456789", "ayse1@ornek.com")


def test_encoding_and_delimiter_are_recognised_and_the_fields_go_by_name_and_content(begun):
    _, mapping = begun
    source = yaml.safe_load(mapping.read_text(encoding="utf-8"))["sources"]["uyeler"]
    assert source == {"csv": "../export/uyeler.csv", "encoding": "windows-1254", "delimiter": ";"}
    fields = fields_of(mapping)
    assert fields["user"]["date_joined"] == "{{ row['Kayıt Tarihi'] | datetime('%d.%m.%Y %H:%M') }}"
    assert fields["user"]["last_name"] == "{{ row['Adı Soyadı'] | split_name('last') | default('-') }}"
    assert fields["order"]["amount"] == "{{ row['Toplam Tutar'] | money }}"
    assert fields["order_item"]["sku"] == "{{ row['Stok Kodu'] }}"


def test_each_field_stands_with_its_evidence_and_nothing_personal(begun):
    _, mapping = begun
    text = mapping.read_text(encoding="utf-8")
    lines = [
        line
        for line in text.splitlines()
        if line.startswith("      ") and ": " in line and "password_algorithm: {" not in line
    ]
    assert all(" # " in line for line in lines)
    assert "by its name and values: e-mail, 50 of 50 cells filled" in text
    assert "refers to user: 100 % of its values are in 'Üye No'" in text
    assert not any(one in text for one in ("ayse1", "Ayşe", "Moda", "0532"))


def test_a_gap_is_a_problem_that_names_the_likeliest_column(tmp_path):
    rows = [[f"{at}", f"ali{at}@example.com", "14.03.2019"] for at in range(30)]
    write(tmp_path / "musteri.csv", [["no", "e_posta", "gun"], *rows])
    done = etl("init", "mine", "--from", "musteri.csv", cwd=tmp_path)
    assert "to be filled: first_name, last_name, date_joined" in done.stdout
    checked = etl("check", "mine", cwd=tmp_path, **THREE).stdout
    assert "unknown column 'gun?'; did you mean 'gun'?" in checked
    assert "unknown column 'first_name?'; there is e_posta, gun, no, row_number" in checked


def test_a_file_without_a_header_gets_names_of_its_own(tmp_path):
    write(tmp_path / "uyeler.csv", [member(number) for number in range(1, 40)])
    done = etl("init", "mine", "--from", "uyeler.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = yaml.safe_load((tmp_path / "mine/migration.yaml").read_text(encoding="utf-8"))
    assert data["sources"]["uyeler"]["header"][:2] == ["column_1", "column_2"]
    assert data["stages"][0]["fields"]["email"] == "{{ column_3 | email }}"


def test_a_table_of_a_database_belongs_to_another_by_its_values_whatever_its_columns_are_called(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE clients (ref TEXT, given_name TEXT, surname TEXT, mail TEXT, created TEXT)")
        database.execute(
            "CREATE TABLE purchases (nr TEXT, who TEXT, total TEXT, status TEXT, created TEXT, currency TEXT)"
        )
        clients = [(f"C{at}", "Ali", "Can", f"a{at}@example.com", "2020-01-01 10:00:00") for at in range(60)]
        database.executemany("INSERT INTO clients VALUES (?, ?, ?, ?, ?)", clients)
        purchases = [(f"{at}", f"C{at % 60}", "10.50", "shipped", "2020-02-01 10:00:00", "TRY") for at in range(200)]
        database.executemany("INSERT INTO purchases VALUES (?, ?, ?, ?, ?, ?)", purchases)
    database.close()
    done = etl("init", "mine", "--from", "shop.db", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    mapping = tmp_path / "mine/migration.yaml"
    fields = fields_of(mapping)
    assert fields["order"]["user"] == "{{ who }}"
    assert fields["user"]["customer_code"] == "{{ ref }}"
    assert fields["order"]["user_email"] == "{{ who | lookup('email_of', default=none) | email }}"
    data = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    assert data["sources"]["clients"] == {"table": "clients", "database": "shop"}
    assert data["lookups"]["order_status"] == {"shipped": "500"}
    # What is left to a person is all that check says.
    told = etl("check", "mine", cwd=tmp_path, **THREE).stdout.splitlines()
    assert [line.split(": ", 1)[1] for line in told if "mine/" in line] == [
        f"unknown column '{name}?'; there is created, currency, nr, row_number, status, total, who"
        for name in ("shipping_company", "shipping_address", "billing_address")
    ]


def test_an_order_with_one_address_has_it_for_parcels_and_bills(tmp_path):
    rows = [[f"S{at}", "10,00", "Moda Cad. 5", "15.03.2020"] for at in range(30)]
    write(tmp_path / "siparisler.csv", [["Sipariş No", "Tutar", "Adres", "Sipariş Tarihi"], *rows])
    assert etl("init", "mine", "--from", "siparisler.csv", cwd=tmp_path).returncode == 0
    fields = fields_of(tmp_path / "mine/migration.yaml")["order"]
    assert fields["shipping_address"] == fields["billing_address"] == "{{ Adres | truncate(512) }}"


def test_an_address_that_may_hold_a_password_is_not_written(tmp_path):
    done = etl("init", "mine", "--from", "mysql://root:geheim@127.0.0.1:1/shop", cwd=tmp_path)
    assert done.returncode != 0
    assert "geheim" not in done.stdout + done.stderr


def test_files_whose_names_say_nothing_are_told_by_their_columns(tmp_path):
    shop = turkish_shop(tmp_path / "export")
    names = {"uyeler": "export1", "siparisler": "export2", "siparis_detay": "export3"}
    for name, other in names.items():
        (shop / f"{name}.csv").rename(shop / f"{other}.csv")
    files = [word for other in names.values() for word in ("--from", shop / f"{other}.csv")]
    done = etl("init", "mine", *files, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    stages = yaml.safe_load((tmp_path / "mine/migration.yaml").read_text(encoding="utf-8"))["stages"]
    assert [(one["name"], one["from"]) for one in stages] == [
        ("user", "export_1"), ("order", "export_2"), ("order_item", "export_3"),
    ]  # fmt: skip


def test_a_file_of_products_is_no_file_of_lines_though_it_has_prices_and_quantities(tmp_path):
    rows = [[f"K{at}", "Kazak", "12", "99,90"] for at in range(30)]
    write(tmp_path / "export4.csv", [["Stok Kodu", "Ürün Adı", "Adet", "Birim Fiyat"], *rows])
    done = etl("init", "mine", "--from", "export4.csv", cwd=tmp_path)
    assert (done.returncode, "of no shop that is known" in done.stderr) == (2, True)


def test_the_number_of_an_order_with_one_line_is_no_key_of_lines(begun):
    """In the part that was looked at each order has one line, and the next one has two."""
    _, mapping = begun
    data = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    assert data["stages"][3]["key"] == "{{ row['Sipariş No'] ~ '-' ~ line }}"
    assert data["sources"]["siparis_detay"]["counters"] == {"line": "Sipariş No"}
    assert "counters" not in data["sources"]["adresler"]  # its own number is there


def nested(number):
    line = {"sku": "X1", "name": "Kazak", "quantity": 1, "price": "5.25"}
    return {
        "id": number, "number": f"A-{number}", "customer": {"id": 7}, "created_at": "2020-01-01 10:00:00", "total": "10.50",
        "shipping_address": {"address1": "Gül Sok. 5", "city": "Kadıköy"},
        "status": "shipped", "line_items": [line] * (1 + number % 2),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "path", "column"),
    [
        ("orders.json", json.dumps, "[*].line_items", "parent_number"),
        (
            "orders.json",
            lambda rows: json.dumps({"data": {"orders": rows}}),
            "data.orders[*].line_items",
            "order_number",
        ),
        ("orders.jsonl", lambda rows: "\n".join(map(json.dumps, rows)), "line_items", "parent_number"),
    ],
)
def test_lines_inside_of_orders_have_the_number_of_their_order_beside_them(tmp_path, file, text, path, column):
    rows = [nested(number) for number in range(1, 31)]
    (tmp_path / file).write_text(text(rows), encoding="utf-8")
    done = etl("init", "mine", "--from", file, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = yaml.safe_load((tmp_path / "mine/migration.yaml").read_text(encoding="utf-8"))
    lines = data["sources"][data["stages"][1]["from"]]
    assert (lines["path"], lines["with"], lines["counters"]) == (path, {column: "^.number"}, {"line": column})
    assert data["stages"][1]["fields"]["order_number"] == "{{ " + column + " }}"
    assert data["stages"][1]["refers"] == {"order_number": "order"}
    # An object is neither a user nor an address; what lies inside of it is.
    parts = "shipping_address.address1 | join(shipping_address.city, separator=', ')"
    assert data["stages"][0]["fields"]["shipping_address"] == "{{ " + parts + " | truncate(512) }}"
    assert data["stages"][0]["fields"]["user"] == "{{ customer.id | text }}"


@pytest.mark.parametrize("orders", [1, 2, 3])
def test_lines_belong_to_the_order_that_they_lie_in_however_few_there_are(tmp_path, orders):
    rows = [nested(number) for number in range(1, orders + 1)]
    for name, text in (("orders.jsonl", "\n".join(map(json.dumps, rows))), ("orders.json", json.dumps(rows))):
        (tmp_path / name).write_text(text, encoding="utf-8")
        folder = f"of-{name[7:]}"
        assert etl("init", folder, "--from", name, cwd=tmp_path).returncode == 0
        data = yaml.safe_load((tmp_path / folder / "migration.yaml").read_text(encoding="utf-8"))
        assert data["stages"][1]["fields"]["order_number"] == "{{ parent_number }}"
        assert data["stages"][1]["key"] == "{{ parent_number ~ '-' ~ line }}"


def test_what_no_stage_was_found_for_is_told(tmp_path):
    """A customer who lies around the orders of each line is no table: nobody is to think that there are no users."""
    lines = [{"customer": {"id": at, "eposta": f"a{at}@example.com"}, "orders": [nested(at)]} for at in range(1, 31)]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    told = etl("init", "mine", "--from", "all.jsonl", cwd=tmp_path).stdout.splitlines()
    what = "nothing that was read looks like it; where the shop has it elsewhere, name that too, or add the stage"
    assert [one for one in told if one.startswith("  no")] == [f"  no user: {what}", f"  no address: {what}"]


def nested_shop(folder):
    """Customers with their addresses inside, and orders with their customer inside, as an API answers."""
    place = {
        "address1": "Gül Sok. 5",
        "city": "Kadıköy",
        "province": "İstanbul",
        "country": "Turkey",
        "name": "Ali Can",
    }
    people = [
        {
            "id": 700 + at, "email": f"a{at}@example.com", "first_name": "Ali", "last_name": "Can", "state": "enabled",
            "created_at": "2020-01-01T22:30:00Z", "addresses": [{"id": 100 + at, "customer_id": 700 + at, **place}],
            "default_address": {"id": 100 + at, "customer_id": 700 + at},
        }
        for at in range(30)
    ]  # fmt: skip
    orders = [
        {
            "id": at, "created_at": "2020-02-01T22:30:00Z", "total_price": 10.5, "currency": "TRY",
            "financial_status": "paid", "shipping_line": "aras",
            "shipping_address": {"first_name": "A", "last_name": "B", **place},
            "customer": {"id": 700 + at % 30, "email": f"a{at % 30}@example.com", "state": "enabled", "items": 3},
            "line_items": [{"id": at * 10, "title": "Kazak", "sku": 55, "quantity": 1, "price": 10.5}],
        }
        for at in range(1, 121)
    ]  # fmt: skip
    (folder / "customers.json").write_text(json.dumps({"customers": people}), encoding="utf-8")
    (folder / "orders.json").write_text(json.dumps({"orders": orders}), encoding="utf-8")


def test_whose_an_order_is_may_lie_inside_of_an_object(tmp_path):
    nested_shop(tmp_path)
    done = etl("init", "mine", "--from", "customers.json", "--from", "orders.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    mapping = tmp_path / "mine/migration.yaml"
    fields = fields_of(mapping)["order"]
    assert (fields["user"], fields["user_email"]) == ("{{ customer.id | text }}", "{{ customer.email | email }}")
    assert "refers to user: 100 % of its values are in 'id'" in mapping.read_text(encoding="utf-8")
    assert "customer.state" not in mapping.read_text(encoding="utf-8")
    assert fields["shipping_address"].startswith("{{ shipping_address.first_name | join(shipping_address.last_name, ")


def test_a_proposal_from_numbers_and_times_of_json_rejects_none_of_its_rows(tmp_path):
    """A number is no text by itself, and a time with its zone is none of the shop's. Without names these are not Shopify's."""
    nested_shop(tmp_path)
    etl("init", "mine", "--from", "customers.json", "--from", "orders.json", cwd=tmp_path)
    mapping = tmp_path / "mine/migration.yaml"
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("\"{{ row['shipping_company?'] }}\"", "aras"), encoding="utf-8")
    done = etl("dry-run", "mine", "--json", cwd=tmp_path, **THREE)
    told = json.loads(done.stdout)
    assert [(one["name"], one["valid"]) for one in told["stages"]] == [
        ("user", 30), ("address", 30), ("order", 120), ("order_item", 120),
    ], done.stdout  # fmt: skip
    (user, *_) = json.loads((tmp_path / told["package"] / "payloads/user/000001.json").read_text(encoding="utf-8"))
    assert (user["customer_code"], user["date_joined"]) == ("700", "2020-01-02 01:30:00")


def test_addresses_of_nobody_who_buys_are_none_of_customers(tmp_path):
    """Customers with an address in their own table, beside employees with more of one."""
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE customers (id TEXT, email TEXT, name TEXT, address TEXT, city TEXT)")
        names = (
            "id TEXT, first_name TEXT, last_name TEXT, address TEXT, city TEXT, country TEXT, phone TEXT, district TEXT"
        )
        database.execute(f"CREATE TABLE employees ({names})")
        people = [(f"C{at}", f"a{at}@example.com", "Ali Can", "Gül Sok. 5", "Kadıköy") for at in range(40)]
        database.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", people)
        staff = [(f"{at}", "Can", "Öz", "Moda Cad. 1", "İzmir", "Türkiye", "0532 000 12 34", "Moda") for at in range(9)]
        database.executemany("INSERT INTO employees VALUES (?, ?, ?, ?, ?, ?, ?, ?)", staff)
    database.close()
    assert etl("init", "mine", "--from", "shop.db", cwd=tmp_path).returncode == 0
    stages = yaml.safe_load((tmp_path / "mine/migration.yaml").read_text(encoding="utf-8"))["stages"]
    assert [(one["name"], one["from"]) for one in stages] == [("user", "customers"), ("address", "customers")]


def test_what_is_not_used_is_named_with_the_reason(begun, tmp_path):
    shelves, more = tmp_path / "raflar.csv", tmp_path / "siparisler_2020.csv"
    write(shelves, [["raf", "kat"], ["A", "1"]])
    more.write_bytes((tmp_path / "export/siparisler.csv").read_bytes())
    files = [*sorted((tmp_path / "export").iterdir()), shelves, more, shelves]
    done = etl("init", "other", *(word for file in files for word in ("--from", file)), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    nothing = f"  not used: {shelves} (nothing in it looks like users, addresses, orders or items)"
    assert [line for line in done.stdout.splitlines() if "not used" in line] == [
        nothing,
        f"  not used: {more} (it looks like order, and so does siparisler, which was taken; join them in a `query` source)",
        nothing,
    ]
    assert "raflar" not in (tmp_path / "other/migration.yaml").read_text(encoding="utf-8")
    assert "not used" not in begun[0].stdout


def test_a_folder_of_other_files_is_told_to_name_each(tmp_path):
    for name in "abcdef":
        (tmp_path / f"{name}.json").write_text("[]", encoding="utf-8")
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    done = etl("init", "mine", "--from", ".", cwd=tmp_path)
    named = "a.json, b.json, c.json, d.json, e.json, ..."
    assert done.stderr.strip() == (
        ".: the folder has no CSV files, and its JSON files do not look like Shopify, from saved answers of its Admin API: "
        f"there is no customers*.json and there is no orders*.json; name each of its files by itself: {named}"
    )
    for path in tmp_path.glob("*.json"):
        path.rename(path.with_suffix(".xml"))
    named = named.replace("json", "xml")
    done = etl("init", "mine", "--from", ".", cwd=tmp_path)
    assert done.stderr.strip() == f".: the folder has no CSV files; name each of its files by itself: {named}"


def told_of_folder(folder, **files):
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    done = etl("init", "mine", "--from", ".", cwd=folder)
    assert done.returncode == 2
    return done.stderr.strip()


SHOPIFY_SAVED = (
    ".: the folder has no CSV files, and its JSON files do not look like Shopify, from saved answers of its Admin API: "
)


def test_a_folder_of_answers_that_is_not_recognised_is_told_what_it_lacks(tmp_path):
    orders = {"orders": [{"id": 1, "name": "#1", "financial_status": "paid"}]}
    assert told_of_folder(tmp_path, customers={"customers": [{"id": 1}]}, orders=orders) == (
        f"{SHOPIFY_SAVED}`orders` of orders*.json have no line_items; "
        "name each of its files by itself: customers.json, orders.json"
    )
    (tmp_path / "customers.json").rename(tmp_path / "people.json")
    assert told_of_folder(tmp_path).startswith(
        f"{SHOPIFY_SAVED}there is no customers*.json (`customers` are in people.json: rename it) and `orders` of"
    )


def test_a_folder_of_answers_of_an_api_whose_mapping_asks_the_shop_is_told_its_name(tmp_path):
    orders = [{"id": 1, "order_key": "wc_order_1", "line_items": []}]
    assert told_of_folder(tmp_path, orders=orders) == (
        ".: the folder has no CSV files, and its JSON files look like WooCommerce, through its REST API; its mapping asks the "
        "shop itself: `etl init mine --from woocommerce-rest`; or "
        "name each of its files by itself: orders.json"
    )


def test_what_is_proposed_runs_with_the_example_of_its_variables(begun, tmp_path):
    """Its example names no other place of the shop than the mapping does."""
    example = (tmp_path / "mine/.env.example").read_text(encoding="utf-8")
    assert "LEGACY" not in example
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE customers (id TEXT, email TEXT, first_name TEXT)")
        database.execute("INSERT INTO customers VALUES ('1', 'a@example.com', 'Ali')")
    database.close()
    assert etl("init", "other", "--from", "shop.db", cwd=tmp_path).returncode == 0
    lines = (tmp_path / "other/.env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("LEGACY")] == []
    assert (
        "# The shop is ../shop.db, seen from this folder, as migration.yaml says; another place of it is set here:"
        in lines
    )


def test_the_column_for_the_key_around_a_row_has_a_name_of_its_own(tmp_path):
    """Addresses that say themselves whose they are, beside one more column that is called as it would be."""
    place = {"city": "Kadıköy", "address1": "Gül Sok. 5", "customer_id_2": "x"}
    people = [
        {"id": at, "email": f"a{at}@example.com", "addresses": [{"id": 500 + at, "customer_id": at, **place}]}
        for at in range(30)
    ]
    (tmp_path / "cust.json").write_text(json.dumps({"customers": people}), encoding="utf-8")
    done = etl("init", "mine", "--from", "cust.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sources = yaml.safe_load((tmp_path / "mine/migration.yaml").read_text(encoding="utf-8"))["sources"]
    assert sources["customers_addresses"]["with"] == {"customer_id_3": "^.id"}
    assert "with" not in etl("check", "mine", cwd=tmp_path, **THREE).stdout


def test_an_address_of_a_visitor_is_no_address(tmp_path):
    rows = [[f"S{at}", "10,00", f"203.0.113.{at}", "paid", "15.03.2020"] for at in range(30)]
    write(
        tmp_path / "siparisler.csv",
        [["Sipariş No", "Tutar", "last_ip_address", "payment_state", "Sipariş Tarihi"], *rows],
    )
    assert etl("init", "mine", "--from", "siparisler.csv", cwd=tmp_path).returncode == 0
    fields = fields_of(tmp_path / "mine/migration.yaml")["order"]
    assert [fields[f"{side}_address"] for side in ("shipping", "billing")] == [
        f"{{{{ row['{side}_address?'] }}}}" for side in ("shipping", "billing")
    ]


# The shops that nobody here wrote

CASES = {**proposals.BUILT_WITH, **proposals.AFTERWARDS, **proposals.LEFT_OUT}


@pytest.mark.skipif(not proposals.DATA.is_dir(), reason=f"the shops' own structures, {proposals.DATA}, are not here")
@pytest.mark.parametrize("name", CASES)
def test_most_fields_of_shops_that_it_does_not_know_are_right(name):
    found = list(proposals.judged(CASES[name]))
    wrong = [one for one in found if one.verdict != proposals.RIGHT]
    assert len(wrong) <= len(found) / 10, wrong


@pytest.mark.parametrize("name", proposals.UNSEEN)
def test_most_fields_of_shops_of_other_countries_are_right(name):
    found = list(proposals.judged(proposals.UNSEEN[name]))
    wrong = [one for one in found if one.verdict != proposals.RIGHT]
    assert len(wrong) <= len(found) / 10, wrong


# Words and values


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CustomerID", ("customer", "id")), ("customers_email_address", ("customers", "email", "address")),
        ("Müşteri Adı", ("musteri", "adi")), ("İLÇE", ("ilce",)), ("address2", ("address", "2")), ("***", ()),
    ],
)  # fmt: skip
def test_a_name_is_told_by_its_words(name, words):
    assert words_of(name) == words


@given(st.text(max_size=30), st.sampled_from(["email mail", "id", "ad adi"]))
def test_any_name_has_a_score_between_nothing_and_sure(name, names):
    assert 0 <= name_score(name, names) <= 1
    assert 0 <= table_score(name, "order") <= 1
    assert status_of(name) is None or status_of(name).isdecimal()


@given(st.text(min_size=1, max_size=20))
def test_any_column_that_can_be_named_can_be_referred_to(name):
    if can_be_named(name):
        assert set(columns_in("{{ " + reference(name) + " }}")) == {name}
        assert yaml.safe_load(expression(reference(name))) == "{{ " + reference(name) + " }}"


def test_the_name_of_a_column_breaks_no_mapping(tmp_path):
    names = ["no", "e'posta", 'ad "x"', "{{ kötü }}", "\"'", "kayıt\n  # tarihi", "kayıt: tarihi #"]
    header = ";".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names)
    rows = [f"{at};a{at}@example.com;Ali;x;y;z;2020-01-01\n" for at in range(30)]
    (tmp_path / "musteri.csv").write_text(header + "\n" + "".join(rows), encoding="utf-8")
    done = etl("init", "mine", "--from", "musteri.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    user = fields_of(tmp_path / "mine/migration.yaml")["user"]
    assert user["email"] == """{{ row["e'posta"] | email }}"""
    assert user["date_joined"] == "{{ row['kayıt: tarihi #'] | datetime }}"


def column(name, values, **more):
    given = frozenset(map(hash, values))
    return SeenColumn(name, len(values), len(values), len(given), values=given, **more)


def test_what_lies_in_no_other_column_refers_to_nothing():
    users = SeenTable("users", (column("id", range(100)),), 100)
    orders = SeenTable("orders", (column("nr", range(500, 900)), column("x", [*range(90), *range(1000, 1300)])), 400)
    assert relation(orders, users, "order", "user") is None
    found = relation(SeenTable("orders", (column("y", [*range(50)] * 3),), 150), users, "order", "user")
    assert (found.child, found.parent, found.included) == ("y", "id", 1.0)


def test_a_quantity_that_lies_among_the_numbers_of_orders_refers_to_none_and_few_values_are_chance():
    orders = SeenTable("orders", (column("id", range(1, 200)),), 199)
    lines = SeenTable(
        "lines", (column("adet", [1, 2, 3] * 60), column("flag", [1, 2] * 90), column("x", range(1, 181))), 180
    )
    assert relation(lines, orders, "order_item", "order_number").child == "x"


def test_a_column_shares_with_a_table_the_words_of_its_name_and_no_id():
    assert shared_words("customer_id", ["customers"]) == 1
    assert shared_words("product_option_id", ["products", "product_options"]) == 2
    assert shared_words("id", ["id"]) == shared_words("raf_no", ["customers"]) == shared_words("id", []) == 0
