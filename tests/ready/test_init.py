"""`etl init` on every shop that we ship: it says which one it is and why, and what it writes is a mapping that runs."""

import csv
import json
import re
import shutil
import subprocess

import pytest
import shopify_admin
from all_shops import SHOPS
from commands import environment, etl
from ready_shop import DATA, ROOT, standing
from shopify_exports import SHOPIFY

from etl.commands.copied import copy_pages
from etl.guess import SHOPS as KNOWN
from etl.guess import WITHOUT_TABLES, recognise

THREE = {"OMNITRON_URL": "http://127.0.0.1:1", "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": "t"}


needs_structures = pytest.mark.skipif(not DATA.is_dir(), reason=f"the shops' own structures, {DATA}, are not here")


@pytest.fixture(scope="module")
def shop():
    """Its many tables take long to make; here they are only read."""
    if not DATA.is_dir():
        pytest.skip(f"the shops' own structures, {DATA}, are not here")
    with standing(SHOPS[0], customers=4) as found:
        yield found


def test_one_command_and_three_variables_lead_from_a_dump_to_a_green_run(tmp_path, shop):
    dump = shop.dump(tmp_path)
    done = etl("init", "mine", "--from", dump, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, *_ = done.stdout.splitlines()
    assert first == (
        f"mine: {dump} looks like OpenCart 3: it has the tables oc_customer, oc_address, oc_order, oc_order_product, "
        "oc_order_total; customer has the column salt, and none called approved; its tables begin with 'oc_'"
    )
    prepared = json.loads(etl("dry-run", "mine", "--json", cwd=tmp_path, **THREE).stdout)
    # What is held refers to accounts that were closed or deleted: nothing is rejected.
    assert [(one["rejected"], one["valid"] > 0) for one in prepared["stages"]] == [(0, True)] * 4
    tested = etl("test", "mine", cwd=tmp_path, **THREE)
    assert tested.returncode == 0, tested.stdout


def test_the_example_of_variables_copied_as_it_is_told_leads_to_the_dump_that_was_named(tmp_path, shop):
    assert etl("init", "mine", "--from", shop.dump(tmp_path), cwd=tmp_path).returncode == 0
    example = (tmp_path / "mine/.env.example").read_text(encoding="utf-8")
    (tmp_path / "mine/.env").write_text(example.replace("OMNITRON_TOKEN=", "OMNITRON_TOKEN=t"), encoding="utf-8")
    prepared = json.loads(etl("dry-run", "mine", "--json", cwd=tmp_path).stdout)
    assert [one["valid"] > 0 for one in prepared["stages"]] == [True] * 4


def test_saved_answers_of_an_api_are_recognised_and_run(tmp_path):
    (tmp_path / "answers").mkdir()
    shopify_admin.save(tmp_path / "answers")
    done = etl("init", "mine", "--from", "answers", cwd=tmp_path)
    assert done.stdout.splitlines()[0] == (
        "mine: answers looks like Shopify, from saved answers of its Admin API: it has the files customers*.json and "
        "orders*.json; its orders have financial_status, line_items, name"
    )
    assert etl("init", "named", "--from", "shopify-json", cwd=tmp_path).returncode == 0
    for name in (
        "mine",
        "named",
    ):  # both look beside themselves, the one of itself, the other by its example of variables
        example = (tmp_path / name / ".env.example").read_text(encoding="utf-8")
        (tmp_path / name / ".env").write_text(example.replace("OMNITRON_TOKEN=", "OMNITRON_TOKEN=t"), encoding="utf-8")
        prepared = json.loads(etl("dry-run", name, "--json", cwd=tmp_path).stdout)
        assert [(one["rejected"], one["valid"] > 0) for one in prepared["stages"]] == [(0, True)] * 4


def test_saved_answers_are_recognised_file_by_file_too_and_what_was_not_named_is_told(tmp_path):
    (tmp_path / "answers").mkdir()
    shopify_admin.save(tmp_path / "answers")
    for page in (tmp_path / "answers").iterdir():
        if not page.name.endswith("-1.json"):
            page.unlink()
    files = ("--from", "answers/orders-1.json", "--from", "answers/customers-1.json")
    whole = (
        "mine: answers looks like Shopify, from saved answers of its Admin API: it has the files customers*.json and "
        "orders*.json; its orders have financial_status, line_items, name"
    )
    assert etl("init", "mine", *files, cwd=tmp_path).stdout.splitlines()[0] == whole
    (tmp_path / "answers/orders-2.json").write_text('{"orders": []}', encoding="utf-8")
    told = etl("init", "more", *files, cwd=tmp_path).stdout.splitlines()[0]
    assert told == f"{whole.replace('mine', 'more')}; the whole folder is read: orders-2.json, too"
    (tmp_path / "other").mkdir()
    (tmp_path / "answers/orders-1.json").rename(tmp_path / "other/orders-1.json")
    apart = etl("init", "apart", "--from", "other/orders-1.json", *files[2:], cwd=tmp_path)
    assert (apart.returncode, apart.stderr.strip()) == (
        2,
        "these look like Shopify, from saved answers of its Admin API; its mapping reads one folder: "
        "put them together, and name the folder",
    )


def exports(folder, orders="orders_export"):
    with SHOPIFY.standing(folder):
        pass
    (folder / "orders_export.csv").rename(folder / f"{orders}.csv")
    return folder / "customers_export.csv", folder / f"{orders}.csv"


@needs_structures
@pytest.mark.parametrize("orders", ["orders_export", "orders_export_1", "Siparişler 2025"])
def test_two_exports_are_recognised_one_by_one_and_whatever_they_are_called(tmp_path, orders):
    (tmp_path / "exports").mkdir()
    files = exports(tmp_path / "exports", orders)
    for name, places in (("mine", files), ("other", [tmp_path / "exports"])):
        done = etl("init", name, *(word for one in places for word in ("--from", one)), cwd=tmp_path)
        assert (done.returncode, "looks like Shopify's two exports" in done.stdout) == (0, True), (
            done.stdout + done.stderr
        )
        prepared = json.loads(etl("dry-run", name, "--json", cwd=tmp_path, **THREE).stdout)
        assert [(one["rejected"], one["valid"] > 0) for one in prepared["stages"]] == [(0, True)] * 4


@needs_structures
def test_files_that_a_spreadsheet_has_saved_anew_are_read_as_they_are_written(tmp_path):
    """With semicolons, and the letters of the machine that it ran on."""
    (tmp_path / "exports").mkdir()
    for file in exports(tmp_path / "exports"):
        with file.open(encoding="utf-8", newline="") as text:
            rows = list(csv.reader(text))
        with file.open("w", encoding="windows-1254", errors="replace", newline="") as text:
            csv.writer(text, delimiter=";").writerows(rows)
    for name, places in (("mine", ["exports"]), ("other", sorted((tmp_path / "exports").iterdir()))):
        done = etl("init", name, *(word for one in places for word in ("--from", one)), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        prepared = json.loads(etl("dry-run", name, "--json", cwd=tmp_path, **THREE).stdout)
        assert [(one["rejected"], one["valid"] > 0) for one in prepared["stages"]] == [(0, True)] * 4


@needs_structures
def test_two_exports_of_two_folders_are_told_to_be_put_together(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    customers, orders = exports(tmp_path / "a")
    orders.rename(tmp_path / "b/orders_export.csv")
    done = etl("init", "mine", "--from", customers, "--from", tmp_path / "b/orders_export.csv", cwd=tmp_path)
    told = (
        "these look like Shopify's two exports, whose mapping reads one folder: put them together, and name the folder"
    )
    assert (done.returncode, done.stderr.strip()) == (2, told)


def test_of_two_files_that_may_both_be_the_orders_none_is_taken():
    orders = frozenset({"Name", "Lineitem name", "Financial Status"})
    customers = frozenset({"Customer ID", "Accepts Email Marketing"})
    assert recognise({"a": orders, "b": customers}).called == {"customers_export": "b", "orders_export": "a"}
    assert recognise({"a": orders, "b": customers, "c": orders}) is None


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl is here")
def test_what_the_page_says_to_run_saves_every_page_of_the_answers(tmp_path):
    page = (ROOT / "mappings/shopify-json/README.md").read_text(encoding="utf-8")
    script = page.partition("<!-- answers -->\n```sh\n")[2].partition("```")[0]
    with shopify_admin.serving() as api:
        told = shopify_admin.variables(api)
        script = script.replace("https://SHOP.myshopify.com", told["LEGACY"])
        variables = environment(SHOP_TOKEN=told["SHOP_TOKEN"])
        done = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
    (tmp_path / "expected").mkdir()
    shopify_admin.save(tmp_path / "expected")
    for name, one in (("customers", "customers"), ("orders", "orders")):
        rows = [
            [row["id"] for path in sorted(folder.glob(f"{name}-*.json")) for row in json.loads(path.read_bytes())[one]]
            for folder in (tmp_path / "answers", tmp_path / "expected")
        ]
        assert rows[0] == rows[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers", "expected"]


MAPPINGS = sorted(
    path.name for path in (ROOT / "mappings").iterdir() if path.is_dir() and path.name not in ("common", "opencart")
)


@pytest.mark.parametrize("name", MAPPINGS)
def test_every_link_of_the_pages_in_a_new_folder_leads_somewhere(tmp_path, name):
    folder = tmp_path / "mine"
    folder.mkdir()
    copy_pages(ROOT / "mappings" / name, folder)
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert {"README.md", "COMMON.md"} <= set(pages)
    for page, text in pages.items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            to, _, anchor = target.partition("#")
            assert (to or page) in pages, f"{page}: {target}"
            headings = [
                re.sub(r"[^\w -]", "", one).lower().replace(" ", "-")
                for one in re.findall(r"(?m)^#+ (.+)", pages[to or page])
            ]
            assert not anchor or anchor in headings, f"{page}: {target}"
        # A command names the folder that is there.
        assert "mappings/" not in text


def test_the_name_of_a_mapping_is_named_alone(tmp_path):
    done = etl("init", "mine", "--from", "shopify-json", "--from", "answers", cwd=tmp_path)
    told = "shopify-json is the name of a mapping, and is named alone: `etl init mine --from shopify-json`"
    assert (done.returncode, done.stderr.strip()) == (2, told)


def test_another_prefix_is_found_and_written(tmp_path, shop):
    dump = shop.dump(tmp_path)
    dump.write_text(dump.read_text(encoding="utf-8").replace("`oc_", "`dukkan7_"), encoding="utf-8")
    done = etl("init", "mine", "--from", dump, cwd=tmp_path)
    assert "its tables begin with 'dukkan7_'" in done.stdout
    prepared = json.loads(etl("dry-run", "mine", "--json", cwd=tmp_path, **THREE).stdout)
    assert prepared["stages"][0]["valid"] == 5


def test_a_live_shop_is_recognised_and_its_address_is_not_written(tmp_path, shop):
    done = etl("init", "mine", "--from", shop.address, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "mine/migration.yaml").read_text(encoding="utf-8")
    assert 'shop: "${LEGACY}"' in text
    checked = etl("check", "mine", cwd=tmp_path, **THREE, LEGACY=shop.address)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("shop", WITHOUT_TABLES)
def test_a_shop_without_tables_is_asked_for_by_name_and_what_is_written_for_it_passes_its_own_tests(tmp_path, shop):
    done = etl("init", "mine", "--from", shop, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"mine: {shop} looks like {WITHOUT_TABLES[shop]}: that is the name of its mapping\n")
    variables = {**THREE, "LEGACY": "https://shop.example.com", "SHOP_LOGIN": "a:b", "SHOP_TOKEN": "x"}
    tested = etl("test", "mine", cwd=tmp_path, **variables)
    assert tested.returncode == 0, tested.stdout
    assert "LEGACY=" in (tmp_path / "mine/.env.example").read_text(encoding="utf-8")


def test_the_address_of_an_api_is_told_which_names_there_are(tmp_path):
    done = etl("init", "mine", "--from", "https://shop.example.com", cwd=tmp_path)
    assert done.returncode == 2
    assert "name the mapping instead: woocommerce-rest, shopify-admin, shopify-json" in done.stderr
    assert not (tmp_path / "mine").exists()


def test_what_is_no_shop_that_is_known_is_told_with_what_is_there(tmp_path):
    (tmp_path / "raflar.csv").write_text("raf,kat\nA,1\n", encoding="utf-8")
    done = etl("init", "mine", "--from", "raflar.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "of no shop that is known (OpenCart 1.5" in done.stderr
    assert not (tmp_path / "mine").exists()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("x", encoding="utf-8")
    done = etl("init", "mine", "--from", "shop.sql", cwd=tmp_path)
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    assert etl("init", "9 lives", "--from", "shop.sql", cwd=tmp_path).returncode == 2


def test_a_shop_is_told_by_its_tables_in_any_case_and_not_by_half_of_them():
    whole = {
        f"OC_{name}".upper(): frozenset({"SALT"})
        for name in ("customer", "address", "order", "order_product", "order_total")
    }
    found = recognise(whole)
    assert (found.shop.name, found.prefix) == ("opencart-3", "OC_")
    whole.pop("OC_ORDER_TOTAL")
    assert recognise(whole) is None


def test_shops_beside_the_one_that_is_taken_are_named():
    by_name = {shop.name: shop for shop in KNOWN}
    tables = {}
    there = (
        ("oc_", "opencart-3", "salt"),
        ("eski_", "opencart-3", "salt"),
        ("wp_", "woocommerce", "id"),
        ("", "oscommerce", "id"),
    )
    for prefix, name, column in there:
        tables |= {prefix + table: frozenset({column}) for table in by_name[name].tables}
    found = recognise(tables)
    assert (found.shop.name, found.prefix) == ("opencart-3", "oc_")
    assert found.why[2:] == (
        "tables that begin with 'eski_' are of another one, which TABLE_PREFIX reads instead",
        "tables that begin with 'wp_' are of WooCommerce whose orders are posts, which a dump of them alone is recognised as",
        "tables without a prefix are of osCommerce, which a dump of them alone is recognised as",
    )


def test_woocommerce_with_an_empty_table_of_orders_keeps_them_as_posts():
    tables = {f"wp_{name}": frozenset({"id"}) for name in KNOWN[6].tables}
    assert recognise(tables).shop.name == "woocommerce-hpos"
    assert recognise(tables, frozenset({"wp_wc_orders"})).shop.name == "woocommerce"
