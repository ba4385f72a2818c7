"""Every shop that a mapping is shipped for: its real tables, with its own dirt, live and from its dump, to the stand-in.

With ETL_SHOPS=all (`make shops`) every shop is also read live, and has many customers.
"""

import json
import os
import pickle
import random
import shutil
from dataclasses import dataclass
from decimal import Decimal
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest
from all_shops import OFFERED, SHOPS
from ready_shop import DATA, PLANTED, ROOT, SEED, Filling, ReadyShop, email_of, standing
from sandbox_client import TOKEN, running_sandbox

from etl import Outside, Settings, dry_run
from etl.commands.init import Begun, init
from etl.commands.run import run_package
from etl.commands.test import test as run_own_tests
from etl.mapping import Opens, as_written, load_mapping
from etl.package import Package

IS_LONG = os.environ.get("ETL_SHOPS") == "all"
CUSTOMERS = 300 if IS_LONG else 12
VARIABLES = {"OMNITRON_URL": "http://127.0.0.1:1", "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": TOKEN}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the shops' own structures, {DATA}, are not here")


@dataclass
class Dumped:
    """A shop that stood once: its dump, what its customers paid, and the workspace with the package made of the dump."""

    shop: ReadyShop
    filling: Filling
    folder: Path

    @property
    def file(self):
        return self.folder / "shop.sql"

    def paid(self):
        return pickle.loads((self.folder / "paid").read_bytes())


@pytest.fixture(scope="module", params=SHOPS, ids=lambda shop: shop.name)
def shop(request, tmp_path_factory):
    """Each process works in a copy of its own, of what one of them has made: a shop's many tables take long."""
    base, shop = tmp_path_factory.getbasetemp(), request.param
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shop-{shop.name}"
    with made.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not (made / "package").exists():
            make(shop, made)
    folder = tmp_path_factory.mktemp(shop.name) / "copy"
    shutil.copytree(made, folder)
    return Dumped(shop, shop.fill(random.Random(SEED), CUSTOMERS), folder)


def make(shop, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with standing(shop, CUSTOMERS) as found:
        found.dump(folder)
        (folder / "paid").write_bytes(pickle.dumps(found.paid()))
    with pytest.MonkeyPatch.context() as patch:
        package = prepared(Dumped(shop, found.filling, folder), patch, folder / "shop.sql")
    (folder / "package").write_text(str(package.path.relative_to(folder)), encoding="utf-8")


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def prepared(shop, monkeypatch, legacy, **more):
    for name, value in {**VARIABLES, "LEGACY": str(legacy), **more}.items():
        monkeypatch.setenv(name, value)
    return dry_run(shop.shop.mapping, Settings(workspace=shop.folder / "work", workers=1))


@pytest.fixture(scope="module")
def package(shop):
    return Package.open(shop.folder / (shop.folder / "package").read_text(encoding="utf-8"))


def payloads(package):
    return {str(path.relative_to(package.path)): path.read_bytes() for path in package.path.glob("payloads/*/*")}


def records(package, stage):
    found = sorted((package.path / "payloads" / stage).glob("*.json"))
    return [record for path in found for record in json.loads(path.read_bytes(), parse_float=Decimal)]


def counts(package):
    found = {one.name: one.counts for one in package.manifest.stages}
    return {name: (one.read, one.filtered, one.rejected, one.held) for name, one in found.items()}


def rejects(package):
    return [line for path in sorted(package.path.glob("rejects/*")) for line in path.read_text().splitlines()]


def test_every_row_is_accounted_for(shop, package):
    expected = {name: (one.read, one.filtered, one.rejected, one.held) for name, one in shop.filling.outcomes.items()}
    assert counts(package) == expected, rejects(package)[:5]


def test_the_live_shop_gives_the_same_bytes_as_its_dump(shop, package, monkeypatch):
    if not IS_LONG and shop.shop is not SHOPS[0]:
        return  # all of them in `make shops`
    with standing(shop.shop, CUSTOMERS) as found:
        assert payloads(prepared(shop, monkeypatch, found.address)) == payloads(package)


def test_money_is_equal_to_the_cent_for_each_order_and_currency(shop, package):
    sent = [(one["number"], one["currency"], Decimal(one["amount"])) for one in records(package, "order")]
    paid = [(str(number), currency, Decimal(amount)) for number, currency, amount in shop.paid()]
    assert sorted(sent) == sorted(paid)


def test_the_parts_of_an_order_add_up_to_its_amount(shop, package):
    sold = {}
    for item in records(package, "order_item"):
        sold[item["order_number"]] = sold.get(item["order_number"], 0) + item["quantity"] * Decimal(item["price"])
    for order in records(package, "order"):
        parts = order["extra_field"]
        assert sold.get(order["number"], 0) == Decimal(parts["products"])
        made = parts["products"] + parts["shipping"] - parts["discount"] + parts["other"]
        assert Decimal(made) == Decimal(order["amount"]), order["number"]


def test_what_is_left_over_of_an_order_is_small(shop, package):
    """Rounding each price to a cent, and PrestaShop's wrapping: no line of the shop has been forgotten."""
    fees = Decimal("4.50") if shop.shop.name.startswith("prestashop") else 0
    for order in records(package, "order"):
        assert abs(Decimal(order["extra_field"]["other"]) - fees) < Decimal("0.25"), order["number"]


def test_only_what_was_paid_back_is_refunded(shop, package):
    found = {one["number"]: one["extra_field"]["refunded"] for one in records(package, "order")}
    assert found == {number: shop.filling.refunded.get(number) for number in found}


def test_no_card_number_token_or_address_of_a_visitor_leaves_the_shop(shop, package):
    folder = package.path if shop.shop.keeps_all_in_one_column else shop.folder / "work"
    for path in (one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert not [planted for planted in PLANTED if planted.encode() in content], path


def test_the_stand_in_takes_all_of_it(shop, package, monkeypatch):
    with running_sandbox() as sandbox:
        monkeypatch.setenv("OMNITRON_URL", sandbox.url)
        monkeypatch.setenv("LEGACY", str(shop.file))
        settings = Settings(workspace=shop.folder / "work", workers=1)
        summary, error = run_package(shop.shop.mapping, settings, Outside(), package.path)
        assert error is None, sandbox.errors()[:3]
        assert [(one.name, one.uploaded, one.failed) for one in summary.stages] == [
            (name, one.valid, 0) for name, one in shop.filling.outcomes.items()
        ]


def test_its_own_tests_pass_and_open_no_shop(shop, monkeypatch):
    monkeypatch.setenv("LEGACY", "/there/is/no.sql")
    results = run_own_tests(shop.shop.mapping)
    assert [(one.name, one.differences) for one in results if one.differences] == []


def test_its_dump_is_recognised_and_what_is_written_for_it_has_no_problem(shop, monkeypatch):
    begun = init(shop.folder / "mine", [str(shop.file)])
    assert isinstance(begun, Begun)
    assert begun.shop == shop.shop.name
    with load_mapping(begun.folder, opens=Opens.HERE) as checked:
        assert [str(one) for one in (*checked.problems, *checked.warnings)] == []


@pytest.mark.parametrize(("choice", "held", "filtered"), [("held", 3, 0), ("left", 0, 3)])
def test_guests_become_users_are_held_or_are_left_out(shop, package, monkeypatch, choice, held, filtered):
    tried = SHOPS if IS_LONG else [one for one in SHOPS if one.name in ("opencart-3", "prestashop-1.6")]
    if shop.shop not in tried or not shop.shop.has_guests:
        return
    made = counts(package)
    other = counts(prepared(shop, monkeypatch, shop.file, GUESTS=choice))
    valid = {name: read - sum(rest) for name, (read, *rest) in other.items()}
    assert valid["user"] == made["user"][0] - sum(made["user"][1:]) - 2
    # The fourth order without an account is of a customer's e-mail: it is that customer's, whatever the choice.
    read, was_filtered, rejected, was_held = made["order"]
    assert other["order"] == (read, was_filtered + filtered, rejected, was_held + held)


BLANKED = ("Misafir@Example.com", "baska@example.com", email_of(5), email_of(7))
"""Of two guests of different e-mails, and of two customers."""


def test_who_has_no_email_is_rejected_alone_and_nobody_is_merged_or_lost_by_it(shop, package, monkeypatch):
    text = shop.file.read_text(encoding="utf-8")
    for email in BLANKED:
        text = text.replace(f"'{email}'", "''")
    (shop.folder / "blank.sql").write_text(text, encoding="utf-8")
    blank = prepared(shop, monkeypatch, shop.folder / "blank.sql")
    has_guests = shop.shop.has_guests
    guests_have_accounts = shop.shop.name.startswith("prestashop")
    assert counts(blank)["user"][2] == (4 if guests_have_accounts else 2)
    # The other order of the first guest still has an e-mail, and a user.
    assert len(records(blank, "user")) == len(records(package, "user")) - (3 if has_guests else 2)
    before, after = ({one["number"]: one["user"] for one in records(each, "order")} for each in (package, blank))
    lost = [user for number, user in before.items() if number not in after]
    assert len(lost) == sum(user in ("5", "7") for user in before.values()) + (2 if has_guests else 0)
    assert counts(blank)["order"][:2] == counts(package)["order"][:2]


def test_a_guest_becomes_one_user_with_a_password_that_nobody_knows(shop, package):
    guests = [one for one in records(package, "user") if one["customer_code"].startswith("guest-")]
    if shop.shop is SHOPS[0]:
        assert [one["email"] for one in guests] == ["misafir@example.com", "baska@example.com"]
    assert {one["password_algorithm"] for one in guests} <= {"reset"}
    assert len({one["password"] for one in guests}) == len(guests)


def test_each_has_a_page_and_an_example_of_its_variables():
    for shop in (*SHOPS, *OFFERED):
        assert (shop.mapping / "README.md").read_text(encoding="utf-8").startswith("# ")
        assert "LEGACY=" in (shop.mapping / ".env.example").read_text(encoding="utf-8")
        assert as_written(shop.mapping)["tests"]


def test_the_table_of_shops_has_them_all():
    page = (ROOT / "mappings/README.md").read_text(encoding="utf-8").partition("<!-- The shops")[2]
    assert [shop.name for shop in (*SHOPS, *OFFERED) if f"[{shop.name}]({shop.name}/README.md)" not in page] == []
