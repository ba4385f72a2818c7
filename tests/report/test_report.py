"""The report of a package: that its numbers are so, that it hides what it should, and that it is one harmless file."""

import base64
import csv
import hashlib
import json
import os
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from commands import ROOT, sample_people
from jsonschema import Draft202012Validator
from small_migration import CUSTOMERS, LINES, ORDERS, large_shop, write_shop

from etl.commands.census import count_passwords
from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.report.page.pictures import flow, months
from etl.resources import load_schema

GOLDEN = ROOT / "tests" / "golden" / "report.html"
HOSTILE = "<img src=x onerror=alert(1)>\"'&\x1b[31m\u202eevil"


def prepared(folder, mapping=None, **settings):
    """A package of a small shop, or of the mapping that is given."""
    mapping = mapping or write_shop(folder)
    return dry_run(mapping, Settings(folder / "work", **{"workers": 1, **settings}))


def report_of(package):
    return json.loads((package.path / "report.json").read_text(encoding="utf-8"))


def page_of(package):
    return (package.path / "report.html").read_text(encoding="utf-8")


def money_of(report, field, stage="order"):
    return next(one for one in report["money"] if (one["stage"], one["field"]) == (stage, field))


def sent(package, stage):
    for batch in package.batches(package.stage(stage)):
        yield from json.loads(package.payload(batch), parse_float=Decimal)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("sample"), ROOT / "mappings" / "opencart" / "migration.yaml")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("small"))


def test_report_json_is_as_its_schema_says(sample, small):
    schema = load_schema("report")
    Draft202012Validator.check_schema(schema)
    for package in (sample, small):
        Draft202012Validator(schema).validate(report_of(package))


def test_the_amounts_of_the_payload_are_those_that_are_sent_and_the_rest_is_explained_to_the_cent(sample):
    report = report_of(sample)
    for stage, field in (("order", "amount"), ("order", "discount_amount"), ("order_item", "price")):
        money = money_of(report, field, stage)
        total = sum((one[field] for one in sent(sample, stage) if one[field] is not None), Decimal())
        for table in ("totals", "statuses", "months"):
            assert sum(Decimal(str(line["payload"])) for line in money[table]) == total
            for line in money[table]:
                parts = ("payload", "filtered", "rejected", "held", "repeated", "rounded")
                assert Decimal(str(line["source"])) == sum(Decimal(str(line[part])) for part in parts)


def test_what_the_source_amounts_to_is_what_its_rows_hold(sample):
    """Read here by other means: the sample's amounts are all of one currency, and written the Turkish way."""
    with (ROOT / "samples/opencart/orders.csv").open(encoding="windows-1254", newline="") as file:
        cells = [row["total"] for row in csv.DictReader(file, delimiter=";")]
    source = sum(Decimal(cell.replace(".", "").replace(",", ".")) for cell in cells)
    assert Decimal(str(money_of(report_of(sample), "amount")["totals"][0]["source"])) == source


def test_a_rounded_amount_is_told_with_the_row_that_it_is_of(tmp_path):
    text = write_shop(tmp_path).read_text(encoding="utf-8")
    assert "{{ amount | money }}" in text
    mapping = tmp_path / "migration.yaml"
    mapping.write_text(text.replace("{{ amount | money }}", "{{ amount | decimal | round(2) }}"), encoding="utf-8")
    (tmp_path / "orders.csv").write_text(ORDERS.replace("1.299,90", "12,996"), encoding="utf-8")
    money = money_of(report_of(prepared(tmp_path, mapping)), "amount")
    line = next(line for line in money["totals"] if line["currency"] == "try")
    assert (line["rounded"], line["payload"]) == (-0.004, 13.0)
    assert {"fate": "rounded", "key": "100", "row": 2, "amount": -0.004} in money["rows"]


def test_orders_are_held_against_their_items_in_both_ways_of_reading_a_price(tmp_path):
    write_shop(tmp_path)
    balance = report_of(prepared(tmp_path, tmp_path / "migration.yaml"))["balance"]
    # 999,90 and two pieces of 150: 1.149,90 when 150 is that of the line, 1.299,90 when it is that of a piece.
    assert (balance["compared"], balance["piece"], balance["line"], balance["price_of"]) == (1, 1, 0, "piece")
    (tmp_path / "orders.csv").write_text(ORDERS.replace("1.299,90", "2.400"), encoding="utf-8")
    balance = report_of(prepared(tmp_path, tmp_path / "migration.yaml"))["balance"]
    assert balance["differing"] == [
        {"stage": "order", "key": "100", "amount": 2400.0, "discount": 0.0, "line": 1149.9, "piece": 1299.9}
    ]


def test_neither_way_of_reading_a_price_is_more_likely_when_as_many_orders_add_up_both_ways(tmp_path):
    write_shop(tmp_path, lines=LINES.replace(";2;150", ";1;300"))
    package = prepared(tmp_path, tmp_path / "migration.yaml")
    report = report_of(package)
    Draft202012Validator(load_schema("report")).validate(report)
    balance = report["balance"]
    assert (balance["compared"], balance["piece"], balance["line"], balance["price_of"]) == (1, 1, 1, None)
    assert "more likely</b>" not in page_of(package)
    assert "Neither is more likely: as many orders add up the one way as the other." in page_of(package)


def test_orders_of_which_none_has_an_item_are_counted_as_that(tmp_path):
    write_shop(tmp_path, lines=LINES.split("\n", maxsplit=1)[0] + "\n")
    package = prepared(tmp_path, tmp_path / "migration.yaml")
    report = report_of(package)
    Draft202012Validator(load_schema("report")).validate(report)
    [orders] = [one["valid"] for one in report["stages"] if one["name"] == "order"]
    assert (report["balance"]["compared"], report["balance"]["no_items"]) == (0, orders) == (0, 2)
    assert "Orders without items: 2." in page_of(package)
    assert "when the price is that of" not in page_of(package)


def test_of_orders_alone_it_is_not_said_that_they_have_no_items(tmp_path):
    write_shop(tmp_path)
    settings = Settings(tmp_path / "work", workers=1, stages=("user", "order"))
    assert report_of(dry_run(tmp_path / "migration.yaml", settings))["balance"] is None


def test_of_a_stage_without_rows_it_is_told_that_no_money_is_lost(tmp_path):
    write_shop(tmp_path, orders=ORDERS.split("\n", maxsplit=1)[0] + "\n")
    money = money_of(report_of(prepared(tmp_path, tmp_path / "migration.yaml")), "amount")
    assert (money["totals"], money["unread"]) == ([], {})


def test_amounts_beyond_all_bounds_are_weighed_too(tmp_path):
    write_shop(tmp_path, lines=LINES.replace("BOT-2;Bot;2;150", "BOT-2;Bot;2147483647;9999999999,99"))
    balance = report_of(prepared(tmp_path, tmp_path / "migration.yaml"))["balance"]
    assert balance["compared"] == 1
    assert balance["differing"][0]["piece"] > 900_000_000_000_000


def test_orders_that_lie_in_files_balance_as_those_in_memory(tmp_path, monkeypatch):
    shop = large_shop(3, 120)
    mapping = write_shop(tmp_path, **shop)
    first = report_of(prepared(tmp_path, mapping))["balance"]
    monkeypatch.setattr("etl.measures.weighing.AT_ONCE", 17)
    assert report_of(prepared(tmp_path, mapping))["balance"] == first
    assert first["compared"] > 20


def test_where_problems_are_concentrated_is_told_and_chance_is_not(tmp_path):
    rows = [f"{n};Ali {n};m{n}@example.com;1;;01.01.2018 00:00" for n in range(300)]
    rows += [f"{n};Ali {n};m{n}@;{1 if n % 9 else 0};;03.03.2019 00:00" for n in range(300, 330)]
    write_shop(tmp_path, customers="\n".join([CUSTOMERS.split("\n", maxsplit=1)[0], *rows]) + "\n")
    report = report_of(prepared(tmp_path, tmp_path / "migration.yaml"))
    kind = next(one for one in report["problems"] if one["stage"] == "user" and one["field"] == "email")
    told = {one["column"]: one for one in kind["concentrated"]}
    assert told["joined"] | {"times": 0} == {
        "column": "joined", "value": "03.03.2019 00:00", "share": 1.0, "times": 0, "count": kind["count"],
    }  # fmt: skip
    assert told["joined"]["times"] > 10
    assert "phone" not in told  # all are blank, there as everywhere


def test_a_column_that_feeds_nothing_is_shown_where_its_values_are_codes_and_masked_where_they_are_not(tmp_path):
    header = CUSTOMERS.split("\n", maxsplit=1)[0]
    good = [f"{n};Ali {n};m{n}@example.com;1;;01.01.2018 00:00;DE;Geheim{n}" for n in range(300)]
    bad = [f"{n};Ali {n};m{n}@;1;;01.01.2018 00:00;TR;Hunter22" for n in range(300, 330)]
    write_shop(tmp_path, customers="\n".join([f"{header};ulke;token", *good[:150], *bad, *good[150:180]]) + "\n")
    package = prepared(tmp_path, tmp_path / "migration.yaml")
    kind = next(one for one in report_of(package)["problems"] if one["stage"] == "user" and one["field"] == "email")
    assert {one["column"]: one["value"] for one in kind["concentrated"]} == {"ulke": "TR", "token": "H***"}
    assert "Hunter22" not in page_of(package)


def test_the_profile_is_the_same_for_any_number_of_workers(tmp_path):
    mapping = write_shop(tmp_path, **large_shop(11, 900))
    one, two = (prepared(tmp_path, mapping, workers=workers).path / "profile.json" for workers in (1, 2))
    assert one.read_bytes() == two.read_bytes()


def test_the_report_tells_who_nobody_is_and_show_data_tells_it(sample, tmp_path):
    people = sample_people()
    for text in (page_of(sample).lower(), json.dumps(report_of(sample), ensure_ascii=False).lower()):
        assert not [one for one in people if one in text]
    shown = prepared(tmp_path, ROOT / "mappings" / "opencart" / "migration.yaml", show_data=True)
    told = page_of(shown).lower()
    assert [one for one in people if one in told]
    assert report_of(shown)["masked"] is False


def test_no_password_is_in_a_report_or_its_profile(sample):
    text = (ROOT / "samples/opencart/customers.csv").read_text(encoding="windows-1254").lower()
    digests = set(re.findall(r"\b[0-9a-f]{32,40}\b", text))
    for name in ("report.html", "report.json", "profile.json"):
        found = (sample.path / name).read_text(encoding="utf-8").lower()
        assert digests
        assert not [one for one in digests if one in found]


DIGEST = "5ebe2294ecd0e0f08eab7690d2a6ee69"


@pytest.mark.parametrize(
    ("written", "told"),
    [(DIGEST, "(hidden)"), (f"{{{{ '{DIGEST}' | lower('en') }}}}", "{{ '(hidden)' | lower('en') }}")],
)
def test_a_password_that_the_mapping_says_itself_is_in_no_report(tmp_path, written, told):
    mapping = write_shop(tmp_path)
    text, found = re.subn(r"(?m)^( +password:).*$", rf'\1 "{written}"', mapping.read_text(encoding="utf-8"))
    assert found
    mapping.write_text(text, encoding="utf-8")
    package = prepared(tmp_path, mapping)
    for name in ("report.html", "report.json", "profile.json"):
        assert DIGEST not in (package.path / name).read_text(encoding="utf-8")
    assert [one["made_from"] for one in report_of(package)["fields"] if one["name"] == "password"] == [[told]]


def test_passwords_are_counted_of_all_that_are_sent_with_what_happens_at_a_login(tmp_path):
    """Also of customers far behind the sample that is looked at closely, and of none that is not sent."""
    mapping = write_shop(tmp_path)
    words = (
        "7ac66c0f148de9519b8bd264312c4d64",
        "md5$salt$7ac66c0f148de9519b8bd264312c4d64",
        "ab" * 32,
    )
    lines = [
        f"{n};N N;c{n}@example.com;1;;01.01.2018 00:00;{words[n % 3]};{'md5' if n % 3 < 2 else 'sha256'}"
        for n in range(9000)
    ]
    lines.append(lines[-1].replace("8999;", "9001;"))  # a second account with the e-mail of the last
    head = "id;name;email;active;phone;joined;hash;kind\n"
    (tmp_path / "customers.csv").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    text = mapping.read_text(encoding="utf-8").replace("\"{{ email | digest('md5') }}\"", '"{{ hash }}"')
    mapping.write_text(text.replace("password_algorithm: md5", 'password_algorithm: "{{ kind }}"'), encoding="utf-8")
    package = prepared(tmp_path, mapping, workers=2, stages=("user",))
    found = {
        (one["algorithm"], one["form"]): (one["count"], one["standing"]) for one in report_of(package)["passwords"]
    }
    assert found == {
        ("md5", "32 hexadecimal digits"): (3000, "log in at once"),
        ("md5", "md5$..., 41 characters"): (3000, "log in at once"),
        ("sha256", "64 hexadecimal digits"): (3000, "log in once Akinon has agreed to it"),
    }
    assert package.stage("user").counts.valid == 9000
    assert "6,000 log in at once; 3,000 log in once Akinon has agreed to it" in page_of(package)


@pytest.mark.parametrize("salt", ["", "sha256$a$"])
def test_a_password_that_was_made_up_is_a_reset_to_the_report_as_it_is_to_check(tmp_path, salt):
    """Beside digests of the same form that are real ones; also of customers that others drop."""
    mapping, hashes = write_shop(tmp_path), ("", "ab" * 32, "ab" * 32, "")
    lines = [f"{n};N N;c{n // 2}@example.com;1;;01.01.2018 00:00;{hashes[n % 4]}" for n in range(10)]
    head = "id;name;email;active;phone;joined;hash\n"
    (tmp_path / "customers.csv").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    made = f'"{salt}{{{{ hash or (id | unusable_password) }}}}"'
    text = mapping.read_text(encoding="utf-8").replace("\"{{ email | digest('md5') }}\"", made)
    mapping.write_text(text.replace("password_algorithm: md5", "password_algorithm: sha256"), encoding="utf-8")
    package = prepared(tmp_path, mapping, stages=("user",))
    reset, agreed = "reset at first login", "log in once Akinon has agreed to it"
    form = "sha256$..., 73 characters" if salt else "64 hexadecimal digits"
    found = {one["form"]: (one["count"], one["standing"]) for one in report_of(package)["passwords"]}
    assert found == {"a digest that no password has": (3, reset), form: (2, agreed)}
    assert f"3 {reset}; 2 {agreed}" in page_of(package)
    kinds = count_passwords(mapping, tmp_path / "work")[0].kinds
    assert {one.standing: one.count for one in kinds} == {reset: 3, agreed: 2}


def test_only_the_owner_may_read_a_report(sample):
    for name in ("report.html", "report.json", "profile.json"):
        assert (sample.path / name).stat().st_mode & 0o777 == 0o600


class Page(HTMLParser):
    """What a page could load or run."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.texts, self._in = [], [], {"style": "", "script": ""}, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in = tag if tag in self.texts else None

    def handle_endtag(self, tag):
        self._in = None

    def handle_data(self, data):
        if self._in:
            self.texts[self._in] += data


def test_the_page_loads_nothing_and_runs_nothing_but_its_own_script(sample):
    page = Page(page_of(sample))
    attributes = [(tag, name, value) for tag, found in page.tags for name, value in found.items()]
    assert not [one for one in attributes if one[1] in ("src", "srcset", "style") or one[1].startswith("on")]
    assert all(value.startswith("#") for _, name, value in attributes if name in ("href", "action"))
    policy = next(found["content"] for tag, found in page.tags if found.get("http-equiv") == "Content-Security-Policy")
    hashes = {
        name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for name, text in page.texts.items()
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "http://" not in page_of(sample)
    assert "https://" not in page_of(sample)


def test_every_link_of_the_page_leads_somewhere(sample):
    page = Page(page_of(sample))
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids))
    assert {found["href"][1:] for tag, found in page.tags if tag == "a"} <= set(ids)


def test_what_a_source_holds_is_text_in_the_page_and_its_invisible_letters_are_seen(tmp_path):
    quoted = HOSTILE.replace('"', '""')
    orders = ORDERS.replace(
        "105;7;umut@example.com;01.05.2020 12:00;ten;EUR", f'105;7;u@e.org;01.05.2020 12:00;1;"{quoted}"'
    )
    write_shop(tmp_path, orders=orders)
    page = page_of(prepared(tmp_path, tmp_path / "migration.yaml", show_data=True))
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "\\x1b[31m\\u202eevil" in page


def test_the_page_of_the_small_shop_is_the_golden_one(small):
    """After a change that is meant, run this test with ETL_GOLDEN=write, and look at the page."""
    page = page_of(small).replace(str(small.path.parents[3]), "FOLDER").replace(small.path.name, "PACKAGE")
    manifest = small.manifest
    page = page.replace(manifest.created, "THEN").replace(manifest.versions["python"], "3.x")
    page = re.sub(r"(?<=title=\")[0-9a-f]{64}(?=\")", "SHA-256", page)
    if os.environ.get("ETL_GOLDEN") == "write":
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8")


def test_a_source_without_rows_has_a_report_too(tmp_path):
    write_shop(tmp_path, customers=CUSTOMERS.split("\n", maxsplit=1)[0] + "\n")
    report = report_of(prepared(tmp_path, tmp_path / "migration.yaml"))
    assert report["stages"][0]["read"] == 0
    assert report["problems"]


@pytest.mark.parametrize(
    ("row", "sums"),
    [
        ("106;2;ali@example.com;02.05.2020 12:00;0;USD", [("made", 1, 0)]),
        ("106;99;ali@example.com;02.05.2020 12:00;0,05;USD", [("held", 1, 500)]),
    ],
    ids=["an order of nothing", "an order that is held"],
)
def test_an_order_of_nothing_is_among_the_sums_and_what_none_is_left_of_is_not(row, sums, tmp_path):
    assert "106;2;ali@example.com;02.05.2020 12:00;0,05;USD" in ORDERS
    orders = ORDERS.replace("106;2;ali@example.com;02.05.2020 12:00;0,05;USD", row)
    package = prepared(tmp_path, write_shop(tmp_path, orders=orders))
    profile = json.loads((package.path / "profile.json").read_text(encoding="utf-8"))
    lines = profile["stages"]["order"]["money"][0]["sums"]
    assert [(one["fate"], one["count"], one["units"]) for one in lines if one["currency"] == "usd"] == sums


def test_every_kind_of_source_column_is_told_with_what_is_made_of_it(small):
    found = {(one["stage"], one["name"]): one["used_by"] for one in report_of(small)["columns"]}
    assert found["user", "email"] == ["email", "password"]
    assert found["order", "number"] == ["number"]
    unused = [name for (stage, name), used in found.items() if not used]
    assert unused == []


def test_bands_of_the_picture_are_as_wide_as_there_are_rows():
    picture = str(flow(100, [("valid", "valid", 75), ("held", "held", 0), ("rejected", "rejected", 25)], "t", str))
    heights = [float(one) for one in re.findall(r'<rect class="(?:valid|rejected)"[^>]* height="([\d.]+)"', picture)]
    assert round(heights[0] / heights[1], 1) == 3.0
    assert "held" not in picture
    for path, height in zip(re.findall(r'<path class="band [a-z]+" d="([^"]+)"', picture), heights, strict=True):
        _, begin, _, bent, _, to, _, end, below, _, back, _, up, _, last = map(float, re.findall(r"-?[\d.]+", path))
        assert (bent, to, back, up) == (begin, end, below, last)
        assert (below - end, last - begin) == pytest.approx((height, height), abs=0.11)


@pytest.mark.parametrize(
    ("spread", "shown"),
    [
        ([["2019-11", 2], ["2020-01", 1]], [("2019-11", 2), ("2019-12", 0), ("2020-01", 1)]),
        ([["1970-01", 1], ["1990-05", 2]], [(str(y), {1970: 1, 1990: 2}.get(y, 0)) for y in range(1970, 1991)]),
        ([], []),
    ],
)
def test_months_without_any_stand_between_those_with_some(spread, shown):
    assert months(spread) == shown


def test_the_schema_of_a_report_can_be_printed():
    assert json.loads(Path(ROOT / "schemas/report.schema.json").read_text(encoding="utf-8"))["title"] == "A report"
