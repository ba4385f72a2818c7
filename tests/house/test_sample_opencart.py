"""The sample shop: the generator writes the committed files, and the dirt that its README promises is in them."""

import csv
import hashlib
import io
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "opencart"
TABLES = ("customers", "addresses", "orders", "order_lines")
ZERO_DATE = "0000-00-00 00:00:00"
EMAIL = re.compile(r"[a-z0-9.]+@example\.(com|net|org)")


def rows_with_ragged(table):
    """Every row as the file has it, and apart from them those whose number of cells is not the header's."""
    text = (SAMPLE / f"{table}.csv").read_bytes().decode("windows-1254")
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    whole = [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]
    return whole, [row for row in rows if len(row) != len(header)]


@pytest.fixture(scope="module")
def shop():
    return {table: rows_with_ragged(table)[0] for table in TABLES}


def count(rows, test):
    return sum(1 for row in rows if test(row))


def emails(rows):
    return [row["email"].strip() for row in rows]


def test_the_generator_reproduces_the_committed_files_byte_for_byte(tmp_path):
    subprocess.run([sys.executable, "-B", SAMPLE / "generate.py", "--to", tmp_path], check=True)
    for table in TABLES:
        assert (tmp_path / f"{table}.csv").read_bytes() == (SAMPLE / f"{table}.csv").read_bytes(), table


@pytest.mark.parametrize("table", TABLES)
def test_the_files_are_what_turkish_excel_writes(table):
    data = (SAMPLE / f"{table}.csv").read_bytes()
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n")
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert re.search("[ığşİĞŞ]", data.decode("windows-1254"))


def test_the_shop_has_the_promised_size(shop):
    sizes = {table: len(rows) for table, rows in shop.items()}
    assert sizes == {"customers": 300, "addresses": 399, "orders": 800, "order_lines": promised("order_lines")["rows"]}
    assert 1900 < sizes["order_lines"] < 2100


def promised(table):
    """The README's table for one file: kind -> rows."""
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    section = readme.split(f"### {table}.csv\n", 1)[1].split("\n#", 1)[0]
    found = re.findall(r"^\| ([^|]+?) \| +(\d+) \|", section, re.MULTILINE)
    return {kind: int(number) for kind, number in found}


def test_the_readme_counts_the_dirt_of_the_customers(shop):
    rows = shop["customers"]
    folded = Counter(email.lower() for email in emails(rows) if email)
    assert promised("customers") == {
        "rows": len(rows),
        "e-mail with capital letters": count(rows, lambda r: r["email"] != r["email"].lower()),
        "e-mail of an earlier customer again": sum(number - 1 for number in folded.values()),
        "malformed e-mail": count(rows, lambda r: r["email"] and not EMAIL.fullmatch(r["email"].strip().lower())),
        "blank e-mail": count(rows, lambda r: not r["email"].strip()),
        "blank phone (also as a space or `-`)": count(rows, lambda r: r["telephone"].strip() in ("", "-")),
        "phone is the text `NULL`": count(rows, lambda r: r["telephone"] == "NULL"),
        "foreign phone": count(rows, lambda r: re.match(r"\+(?!90)|00", r["telephone"].strip())),
        "landline": count(rows, lambda r: re.search(r"(0212|0\(312\)|90 232) 000", r["telephone"])),
        "HTML tags or entities in a name": count(rows, lambda r: re.search("[<&]", r["firstname"])),
        "quotes, semicolon or line break in a name": count(rows, lambda r: re.search('"|; eşi|\n', r["firstname"])),
        "`0000-00-00` date": count(rows, lambda r: r["date_added"] == ZERO_DATE),
        "inactive (`status` 0)": count(rows, lambda r: r["status"] == "0"),
        "spaces around": count(rows, lambda r: r["email"] != r["email"].strip()),
        "name in capitals": count(rows, lambda r: r["lastname"].strip() == r["lastname"].strip().upper()),
        "name in small letters": count(rows, lambda r: r["lastname"] == r["lastname"].lower()),
        "digest in capitals": count(rows, lambda r: r["password"] != r["password"].lower()),
        "blank password": count(rows, lambda r: not r["password"]),
        "old account: plain md5, no salt": count(rows, lambda r: not r["salt"]),
    }


def test_the_readme_counts_the_dirt_of_the_addresses(shop):
    rows, ragged = rows_with_ragged("addresses")
    whole = {row["customer_id"]: row for row in shop["customers"]}
    assert promised("addresses") == {
        "rows": len(rows) + len(ragged),
        "company is the text `NULL`": count(rows, lambda r: r["company"] == "NULL"),
        "HTML in a company's name": count(rows, lambda r: "&" in r["company"]),
        "quotes, semicolon or line break in the line": count(rows, lambda r: re.search('["\n;]', r["address_1"])),
        "line longer than Omnitron's 255": count(rows, lambda r: len(r["address_1"] + r["address_2"]) >= 255),
        "no province": count(rows, lambda r: not r["zone"]),
        "old or badly typed province": count(
            rows, lambda r: r["zone"] in ("İçel", "Afyon", "K.Maraş", "Urfa", "Istanbul", "IZMIR")
        ),
        "badly typed township": count(
            rows, lambda r: r["city"] in ("Kadikoy", "K.KÖY", "Uskudar", "Sisli", "Eyüp", "Cankaya")
        ),
        "abroad": count(rows, lambda r: r["country"] != "Türkiye"),
        "one cell too many": len(ragged),
    }
    assert all(row["customer_email"] == whole[row["customer_id"]]["email"] for row in rows)


def test_the_readme_counts_the_dirt_of_the_orders(shop):
    rows = shop["orders"]
    customers = {row["customer_id"] for row in shop["customers"]}
    assert promised("orders") == {
        "rows": len(rows),
        "guest (`customer_id` 0)": count(rows, lambda r: r["customer_id"] == "0"),
        "customer was deleted": count(rows, lambda r: r["customer_id"].strip() not in customers | {"0"}),
        "abandoned (`order_status_id` 0)": count(rows, lambda r: r["order_status_id"] == "0"),
        "status that no longer exists (17, 23)": count(rows, lambda r: r["order_status_id"] in ("17", "23")),
        "`0000-00-00` date": count(rows, lambda r: r["date_added"] == ZERO_DATE),
        "payment module nobody knows": count(rows, lambda r: r["payment_code"] == "garanti_sanalpos"),
        "carrier nobody knows": count(rows, lambda r: r["shipping_code"] == "hizli.hizli"),
        "currency `TL`": count(rows, lambda r: r["currency_code"] == "TL"),
        "tracking is the text `NULL`": count(rows, lambda r: r["tracking"] == "NULL"),
        "no shipping address": count(rows, lambda r: not r["shipping_address_1"]),
        "e-mail with capital letters": count(rows, lambda r: r["email"] != r["email"].lower()),
        "HTML in the comment": count(rows, lambda r: re.search("[<&]", r["comment"])),
        "quotes, semicolon or line break in the comment": count(rows, lambda r: '"' in r["comment"]),
        "spaces around": count(rows, lambda r: r["total"] != r["total"].strip()),
    }


def test_the_readme_counts_the_dirt_of_the_lines(shop):
    rows = shop["order_lines"]
    orders = {row["order_id"] for row in shop["orders"]}
    assert promised("order_lines") == {
        "rows": len(rows),
        "order was deleted": count(rows, lambda r: r["order_id"] not in orders),
        "quantity 0": count(rows, lambda r: r["quantity"] == "0"),
        "spaces around": count(rows, lambda r: r["name"] != r["name"].strip()),
        "HTML entities in the product's name": count(rows, lambda r: "&" in r["name"]),
    }


def test_the_test_customer_is_clean_and_has_the_documented_password(shop):
    customer, order = shop["customers"][0], shop["orders"][0]
    password = re.search(r"password `([^`]+)`", (SAMPLE / "README.md").read_text(encoding="utf-8"))[1]
    assert customer["password"] == hashlib.md5(password.encode()).hexdigest()
    assert (customer["email"], customer["salt"], customer["status"]) == ("test.musteri@example.com", "", "1")
    assert [row["order_id"] for row in shop["orders"] if row["customer_id"] == "1"] == ["1001"]
    assert (order["email"], order["order_status_id"]) == (customer["email"], "5")
    assert count(shop["addresses"], lambda r: r["customer_id"] == "1") == 2
    assert count(shop["order_lines"], lambda r: r["order_id"] == "1001") == 2


def test_an_order_costs_what_its_lines_cost_less_discount_plus_carriage(shop):
    goods = Counter()
    for line in shop["order_lines"]:
        goods[line["order_id"]] += (money(line["price"]) + money(line["tax"])) * int(line["quantity"])
    spoiled = {line["order_id"] for line in shop["order_lines"] if line["quantity"] == "0"}
    lost = count(shop["order_lines"], lambda r: r["order_id"].startswith("99"))
    wrong = [
        order["order_id"]
        for order in shop["orders"]
        if order["order_id"] not in spoiled
        and money(order["total"]) + money(order["discount"]) - goods[order["order_id"]] not in (0, Decimal("29.90"))
    ]
    assert len(wrong) == lost  # an order whose line lost its order is short of that line
    assert lost == 9


def money(text):
    return Decimal(text.strip().replace(".", "").replace(",", ".") or 0)


def test_nobody_in_the_sample_can_be_written_to_or_called(shop):
    for table, column in (("customers", "email"), ("orders", "email"), ("addresses", "customer_email")):
        for row in shop[table]:
            assert EMAIL.fullmatch(row[column].strip().lower()) or row[column] in (
                "",
                "hakan.demir@",
                "elif.kaya example.com",
            )
    turkish = [row["telephone"] for row in shop["customers"] if "000" in row["telephone"]]
    assert len(turkish) == 300 - 14 - 4 - 6


def expected_counts(shop):
    """What the mapping must make of each table, worked out from the rows in the plainest way: stage -> counts."""
    users = [row for row in shop["customers"] if row["status"] == "1"]
    seen, good_users = set(), set()
    for row in users:
        email = row["email"].strip().lower()
        if EMAIL.fullmatch(email) and row["password"] and email not in seen:
            seen.add(email)
            good_users.add(row["customer_id"])
    addresses = [row for row in shop["addresses"] if good_address(row)]
    sent = [row for row in addresses if row["customer_id"] in good_users]
    placed = [row for row in shop["orders"] if row["order_status_id"] != "0"]
    orders = [row for row in placed if good_order(row)]
    good_orders = {row["order_id"] for row in orders if row["customer_id"].strip() in good_users}
    lines = [row for row in shop["order_lines"] if row["quantity"].strip() != "0"]
    items = [row for row in lines if row["order_id"] in good_orders]
    return {
        "user": (300, 300 - len(users), len(users) - len(good_users), 0, len(good_users)),
        "address": (400, 0, 400 - len(addresses), len(addresses) - len(sent), len(sent)),
        "order": (800, 800 - len(placed), len(placed) - len(orders), len(orders) - len(good_orders), len(good_orders)),
        "order_item": (
            len(shop["order_lines"]),
            0,
            len(shop["order_lines"]) - len(lines),
            len(lines) - len(items),
            len(items),
        ),
    }


def good_address(row):
    line = f"{row['address_1']} {row['address_2']}".strip()
    email = row["customer_email"].strip().lower()
    return row["zone"] and row["country"] == "Türkiye" and len(line) <= 255 and EMAIL.fullmatch(email)


def good_order(row):
    return (
        row["order_status_id"].strip() not in ("17", "23")
        and row["date_added"] != ZERO_DATE
        and row["payment_code"] != "garanti_sanalpos"
        and row["shipping_code"] != "hizli.hizli"
    )


def test_the_mapping_readme_tells_the_counts_that_follow_from_the_rows(shop):
    readme = (ROOT / "mappings" / "opencart" / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", readme, re.MULTILINE)
    assert {stage: tuple(map(int, counts)) for stage, *counts in told} == expected_counts(shop)
