"""The kind `api`: five shops' ways of paging, limits, logins, connections that are cut, and going on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest
from api_shops import KEY, SECRET, TOKEN, shop
from commands import command, environment, etl

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.inspect import Inspecting, inspect
from etl.commands.preview import preview
from etl.commands.settings import Settings
from etl.errors import MappingError, SourceError
from etl.extract import KINDS, Connections, World, evidence, fetched, locate, open_table, read_all
from etl.extract.apis.paging import RECIPES, Answered, Paging, address, following, paging_of
from etl.extract.confinement import confine
from etl.model import Source
from etl.report.inspection import lines_of
from etl.target import Secret

ORDERS = [{"id": n, "no": f"№{n}", "total": f"exact:{n}.10", "billing": {"city": "İzmir"}} for n in range(1, 26)]
SMALL = {"woocommerce": 10, "shopify": 10, "prestashop": 10, "magento": 10}
OPTIONS: dict[str, dict[str, object]] = {
    "woocommerce": {"login": Secret(f"{KEY}:{SECRET}"), "parameters": {"status": "any"}},
    "shopify": {
        "token": Secret(TOKEN),
        "token_header": "X-Shopify-Access-Token",
        "path": "orders",
        "parameters": {"status": "any"},
    },
    "prestashop": {
        "login": Secret(f"{KEY}:"),
        "path": "orders",
        "parameters": {"output_format": "JSON", "display": "full", "sort": "[id_ASC]"},
    },
    "magento": {"token": Secret(TOKEN), "path": "items"},
    "odata": {"path": "value"},
    "cursor": {
        "path": "data.orders",
        "paging": {"by": "cursor", "parameter": "after", "at": "meta.next", "size": 7, "size_parameter": "n"},
    },
}


@pytest.fixture(autouse=True)
def spool(tmp_path, monkeypatch):
    """Pages and rows lie here, and nobody waits for seconds."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("etl.extract.apis.asking.FIRST_WAIT", 0.01)
    return folder


def source_of(found, **changes):
    options = OPTIONS.get(found.kind, {})
    paging = {"by": found.kind, "size": SMALL[found.kind]} if found.kind in SMALL else found.kind
    return Source("orders", "api", found.url, {"paging": paging, **options, **changes} if options or changes else {})


def rows_of(source, columns=None):
    with Connections() as connections, open_table(source, World(connections=connections)) as table:
        found = fetched(table, columns or table.header)
        return [row for _, part in read_all(found, 4) for row in part.rows]


def refusal(source):
    with pytest.raises(SourceError) as caught:
        rows_of(source)
    return str(caught.value)


@pytest.mark.parametrize("number", [0, 1, 10, 20, 25])
@pytest.mark.parametrize("kind", OPTIONS)
def test_all_rows_of_a_shop_come_in_its_order_each_once(kind, number, spool):
    with shop(kind, ORDERS[:number]) as found:
        rows = rows_of(source_of(found, header=["id", "no"]))
        assert [row[0] for row in rows] == list(range(1, number + 1))
        assert len(found.asked) <= number // 7 + 2
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize("kind", OPTIONS)
def test_an_answer_that_was_cut_is_asked_for_again_and_never_is_the_end(kind):
    with shop(kind, ORDERS) as found:
        found.faults = [None, "cut", "short", 503, 429, None, "cut"]
        assert [row[0] for row in rows_of(source_of(found))] == list(range(1, 26))


def test_values_keep_their_types_and_amounts_are_exact():
    with shop("plain", ORDERS) as found:
        rows = rows_of(Source("orders", "api", found.url))
        assert rows[0][0] == 1
        assert str(rows[0][2]) == "1.1"
        assert rows[0][3] == {"city": "İzmir"}


def test_only_columns_that_are_used_are_kept():
    with shop("magento", ORDERS) as found:
        assert rows_of(source_of(found), ["no"])[:2] == [["№1"], ["№2"]]


def test_lines_of_orders_are_rows_with_what_is_around_them():
    orders = [{"id": n, "lines": [{"sku": f"{n}-{i}"} for i in range(n % 3)]} for n in range(1, 26)]
    with shop("magento", orders) as found:
        rows = rows_of(source_of(found, path="items[*].lines[*]", **{"with": {"order": "^.id"}}))
        assert rows == [[f"{n}-{i}", n] for n in range(1, 26) for i in range(n % 3)]


@pytest.mark.parametrize("kind", ["woocommerce", "magento", "prestashop"])
def test_a_page_without_lines_is_not_the_last_and_orders_are_counted_and_not_their_lines(kind):
    orders = [{"id": n, "lines": [{"sku": f"{n}-{i}"} for i in range(0 if 11 <= n <= 20 else 3)]} for n in range(1, 26)]
    with shop(kind, orders) as found:
        path = f"{OPTIONS[kind].get('path', '')}[*].lines"
        rows = rows_of(source_of(found, path=path, **{"with": {"order": "^.id"}}))
        assert rows == [[f"{n}-{i}", n] for n in (*range(1, 11), *range(21, 26)) for i in range(3)]


def test_a_row_is_told_by_its_page_and_its_place_there(tmp_path):
    with shop("magento", ORDERS) as found, Connections() as connections:
        source = source_of(found)
        with open_table(source, World(connections=connections)) as table:
            ready = fetched(table, table.header)
            assert [str(locate(source, ready, number)) for number in (1, 10, 11, 25)] == [
                "orders page 1, item 1",
                "orders page 1, item 10",
                "orders page 2, item 1",
                "orders page 3, item 5",
            ]
            seen = evidence(source, ready)
            assert (seen.location, seen.rows, seen.statement) == (found.url, 25, f"GET {found.url}: 3 pages")
            assert len(seen.sha256) == 64


def test_a_value_that_is_no_object_is_a_row_that_cannot_be_read():
    with shop("plain", [{"id": 1}, 7, {"id": 2}]) as found, Connections() as connections:
        source = Source("orders", "api", found.url)
        with open_table(source, World(connections=connections)) as table:
            ((_, rows),) = read_all(fetched(table, ["id"]))
            assert [(one.index, str(one.reason)) for one in rows.faults] == [(1, "is a list, not an object")]


# Limits, and what does not go well


def test_a_server_that_is_asked_too_often_says_how_long_to_wait(monkeypatch):
    waited = []
    monkeypatch.setattr("etl.extract.apis.asking.time.sleep", waited.append)
    with shop("shopify", ORDERS) as found:
        found.retry_after, found.faults = "7", [429, 429]
        assert len(rows_of(source_of(found))) == 25
        assert waited == [7, 7]
        found.retry_after, found.faults = "86400", [429]
        assert refusal(source_of(found)).endswith(
            "answers 429, and asks to wait 86400 seconds, after 1 try; run it again later"
        )


def test_a_server_that_stays_down_is_given_up_and_its_pages_are_gone_on_with(spool):
    with shop("magento", ORDERS) as found:
        found.faults = [None, None, *[503] * 8]
        assert refusal(source_of(found)) == f"{found.url}: answers 503, after 8 tries; run it again later"
        asked = len(found.asked)
        assert len(rows_of(source_of(found))) == 25
        assert len(found.asked) == asked + 1
    assert list(spool.iterdir()) == []


REFUSALS = [
    (401, {}, "does not let this login in (401); look at `token` or `login`, and its rights"),
    (404, {}, "answers 404; is the path right?"),
    (422, {}, "answers 422; is a parameter wrong?"),
    (302, {"Location": "https://b.example/login?next=x"},
     "leads on to https://b.example/login (302), which is not followed; name the right address"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "what"), REFUSALS)
def test_a_refusal_is_told_at_once(status, headers, what):
    with shop("plain", ORDERS) as found:
        found.faults = [(status, headers, b"{}")]
        assert refusal(Source("orders", "api", found.url)) == f"{found.url}: {what}"
        assert len(found.asked) == 1


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<!DOCTYPE html>", "answers with a web page; is the address that of the API?"),
        (b'[{"id": 1}', "answers with no JSON, or not all of it, after 8 tries; run it again later"),
        (b'{"orders": [{"id": 1}]}', "page 1: is an object, not a list of objects; write `path: orders`?"),
        (b"[]", "the first page has no rows, so there are no columns; is a parameter wrong? With `header` a source without "
         "rows has columns"),
        (b'[{"id": "\\ud800"}]', "page 1: holds half of a character (a lone surrogate)"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_told(body, what):
    with shop("plain", ORDERS) as found:
        found.faults = [(200, {}, body)] * 8
        assert refusal(Source("orders", "api", found.url)) == f"{found.url}: {what}"


def test_a_path_that_leads_nowhere_is_no_shop_without_orders():
    with shop("magento", ORDERS) as found:
        assert (
            "page 1: has no key 'order', which `path` begins with; there is: items, search_criteria, total_count"
            in refusal(source_of(found, path="order", header=["id"]))
        )


def test_paging_that_a_server_does_not_heed_ends_at_once():
    with shop("plain", ORDERS) as found:
        source = Source("orders", "api", found.url, {"paging": {"by": "page", "parameter": "seite"}})
        assert refusal(source) == f"{found.url}: page 2: is the same as the page before it; is `paging` right?"


@pytest.mark.parametrize(("kind", "way"), [("woocommerce", "woocommerce"), ("shopify", "link"), ("odata", "odata")])
def test_further_pages_without_paging_are_an_error_and_not_a_short_table(kind, way):
    with shop(kind, ORDERS * 4) as found:
        assert refusal(source_of(found, paging=None)).endswith(
            f"page 1: there are further pages, and no `paging` is given; write `paging: {way}`"
        )


def test_a_shop_that_changes_meanwhile_is_noticed(spool):
    """Also where as many rows come as it says in the end: two were missed, as those behind moved up."""
    with shop("magento", list(ORDERS)) as found, Connections() as connections:
        with open_table(source_of(found), World(connections=connections)) as table:
            del found.orders[:2]
            with pytest.raises(SourceError) as caught:
                fetched(table, table.header)
        assert str(caught.value) == (
            f"{found.url}: says it has 23 and then 25 rows, and 23 came: it changed meanwhile. Run it again; let it "
            "sort by id, or ask for what is older than today (`parameters`)"
        )
    assert list(spool.iterdir()) == []


def test_an_error_that_is_told_with_status_200_is_not_the_end():
    with shop("cursor", ORDERS) as found:
        found.faults = [None, (200, {}, b'{"error": "quota"}')]
        assert refusal(source_of(found)) == (
            f"{found.url}: page 2: has no key 'data', which `path` begins with; there is: error"
        )


# Logins


def test_the_token_goes_to_no_other_host():
    with shop("odata", ORDERS) as found, shop("odata", ORDERS) as other:
        document = {"value": [{"id": 1}], "@odata.nextLink": other.url}
        found.faults = [(200, {}, json.dumps(document).encode())]
        there = other.url.rpartition("/")[0]
        assert refusal(source_of(found, token=Secret(TOKEN))) == (
            f"{found.url}: its next page is at {there}, another host, to which no token is sent; name that host as the source's "
            "address if it is right"
        )
        assert other.asked == []


def test_nothing_of_a_login_is_printed_or_stored(spool, tmp_path):
    with shop("woocommerce", ORDERS) as found:
        found.faults = [None, None, *[503] * 8]
        said = refusal(source_of(found))
        stored = b"".join(one.read_bytes() for one in spool.rglob("*") if one.is_file())
        assert stored
        for secret in (SECRET, KEY):
            assert secret not in said
            assert secret.encode() not in stored
        assert {oct(one.stat().st_mode & 0o777) for one in spool.rglob("*")} == {"0o700", "0o600"}
        # Another login does not see what this one was shown.
        assert "does not let this login in (401)" in refusal(source_of(found, login=Secret("ck_other:x")))


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (
            "http://shop.example.com/orders",
            "everybody on the way could read what comes over plain HTTP; write https://",
        ),
        ("https://ali:s3cr3t@shop.example.com/", "a login does not belong in an address; write `login: ${SHOP_LOGIN}`"),
        ("orders.json", "is no address of an API; write https://host/path"),
        ("ftp://shop.example.com/", "is no address of an API; write https://host/path"),
        ("https://shop.example.com:port/", "is no address of an API; write https://host/path"),
    ],
)
def test_an_address_that_is_none_is_told_by_check_which_asks_nobody(url, what, tmp_path):
    mapping = mapping_of(tmp_path, url)
    told = [str(one) for one in check(mapping).problems]
    assert [one for one in told if what in one]
    assert not [one for one in told if "s3cr3t" in one]


def test_a_token_that_is_written_in_a_mapping_is_refused(tmp_path):
    mapping = mapping_of(tmp_path, "https://shop.example.com/orders", ", token: abc123")
    told = [str(one) for one in check(mapping).problems]
    assert [one for one in told if "a secret is written here" in one]
    assert not [one for one in told if "abc123" in one]


def test_a_confined_mapping_asks_no_api(tmp_path):
    try:
        confine([tmp_path])
        assert "--root allows files of this machine only" in refusal(
            Source("orders", "api", "https://shop.example.com/")
        )
    finally:
        confine([])


# A whole migration


def mapping_of(folder, url, more=""):
    text = f"""\
version: 1
name: shop
description: A shop behind an API
target: {{}}
sources:
  orders: {{ api: "{url}"{more} }}
stages:
  - name: user
    from: orders
    key: customer_code
    fields:
      customer_code: "{{{{ no }}}}"
      first_name: "{{{{ billing.city }}}}"
      last_name: "{{{{ no }}}}"
      email: a@example.com
      sms_allowed: false
      email_allowed: true
      date_joined: "2020-01-02 03:04:05"
      password: "{{{{ no | digest('md5') }}}}"
      password_algorithm: md5
"""
    text = text.replace("{{ id | digits if id is none else no }}", "{{ no }}").replace(
        "{{ mail | default('a@example.com') }}", "a@example.com"
    )
    (folder / "migration.yaml").write_text(text, encoding="utf-8")
    return folder / "migration.yaml"


PAGED = ", path: items, token: '${API_TOKEN}', paging: { by: magento, size: 10 }"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_package_is_made_of_an_api_and_is_the_same_as_of_its_saved_answer(tmp_path, monkeypatch, workers):
    monkeypatch.setenv("API_TOKEN", TOKEN)
    with shop("magento", ORDERS) as found:
        package = dry_run(mapping_of(tmp_path, found.url, PAGED), Settings(tmp_path / "work", workers=workers))
        assert package.stages[0].counts.valid == 25
        given = package.manifest.inputs[0]
        assert (given.file, given.rows) == (found.url, 25)
    (tmp_path / "saved").mkdir()
    mapping = mapping_of(tmp_path / "saved", "x")
    text = mapping.read_text(encoding="utf-8").replace('api: "x"', "json: orders.json, path: items")
    mapping.write_text(text, encoding="utf-8")
    (tmp_path / "saved/orders.json").write_text(json.dumps({"items": ORDERS}), encoding="utf-8")
    again = dry_run(mapping, Settings(tmp_path / "work2", workers=workers))
    assert (package.path / "payloads/user/000001.json").read_bytes() == (
        again.path / "payloads/user/000001.json"
    ).read_bytes()


def test_preview_shows_rows_of_an_api(tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", TOKEN)
    with shop("magento", ORDERS) as found:
        rows = preview(mapping_of(tmp_path, found.url, PAGED), None, 2)
        assert [(row.source, row.row, row.fate) for row in rows] == [("orders", 1, "valid"), ("orders", 2, "valid")]


def test_inspect_looks_at_an_api_by_the_name_of_its_source(tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", TOKEN)
    with shop("magento", ORDERS) as found:
        seen = inspect(Inspecting("orders", mapping=mapping_of(tmp_path, found.url, PAGED)))
        look = seen.look
        assert (look.rows, [one.name for one in look.columns], look.unused) == (
            25,
            ["id", "no", "total", "billing"],
            ["id", "total"],
        )
        assert 'token: "***"' in " ".join(lines_of(seen))
        assert TOKEN not in str([*lines_of(seen), seen.as_plain()])
    monkeypatch.setattr("etl.extract.apis.asking.TRIES", 1)
    with pytest.raises(MappingError, match="nothing answers at"):
        inspect(Inspecting("orders", mapping=tmp_path / "migration.yaml"))


def test_a_parameter_that_is_a_list_is_named_and_not_repeated(tmp_path):
    mapping = mapping_of(tmp_path, "https://shop.example.com/orders", ", parameters: { page: [s3cr3t] }")
    told = [one.what for one in check(mapping).problems]
    assert "`page` is neither a text nor a number; write what stands in the address, as a text" in told


def test_who_was_killed_goes_on_with_the_next_page(tmp_path, spool):
    orders = [{**ORDERS[0], "id": n, "no": f"n{n}"} for n in range(1, 201)]
    with shop("magento", orders) as found:
        mapping = mapping_of(tmp_path, found.url, PAGED)
        found.retry_after, found.faults = "600", [None] * 12 + [503]
        variables = {"API_TOKEN": TOKEN, "TMPDIR": spool}
        with subprocess.Popen(
            command("dry-run", mapping),
            env=environment(**variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as child:
            end = time.monotonic() + 60
            while len(found.asked) < 13 and time.monotonic() < end:
                time.sleep(0.02)
            time.sleep(0.2)
            os.kill(child.pid, signal.SIGKILL)
        asked = len(found.asked)
        assert asked == 13
        done = etl("dry-run", mapping, **variables)
        assert done.returncode == 0, done.stderr
        # Twelve pages were there; eight came.
        assert len(found.asked) == asked + 8
        assert "200" in done.stdout
    assert list(spool.iterdir()) == []


def test_pages_that_are_older_than_a_day_are_asked_for_again(spool):
    with shop("magento", ORDERS) as found:
        found.faults = [None, None, *[503] * 8]
        refusal(source_of(found))
        (folder,) = spool.iterdir()
        day_before = time.time() - 25 * 3600
        os.utime(folder, (day_before, day_before))
        asked = len(found.asked)
        assert len(rows_of(source_of(found))) == 25
        assert len(found.asked) == asked + 3


# Paging by itself


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_named_and_changed(name):
    assert paging_of(name) == RECIPES[name]
    assert paging_of({"by": name, "size": 5}).size == 5


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("woocomerce", "unknown paging 'woocomerce'; did you mean 'woocommerce'?"),
        ({"by": "pages"}, "`by: pages` is none of page, offset, cursor, link, next, woocommerce"),
        ({"by": "cursor", "parameter": "after"}, "`by: cursor` needs `at`"),
        ({"by": "page", "parameter": "p", "sise": 5}, "unknown key 'sise'; did you mean 'size'?"),
        ({"by": "page", "parameter": "p", "size": "5"}, "`size`: '5' is no number"),
        ({"by": "page", "parameter": "p", "size": 0}, "`size` is at least 1"),
        (7, "7 is neither a name"),
    ],
)
def test_a_paging_that_is_none_is_told(written, what):
    with pytest.raises(ValueError) as caught:
        paging_of(written)
    assert str(caught.value).startswith(what)


def test_parameters_of_an_address_are_kept_and_the_mappings_win():
    paging = Paging("offset", "limit", size=10, form="{offset},{size}")
    assert address("https://a.example/x?lang=tr&limit=5", {"sort": "[id_ASC]"}, paging, 20) == (
        "https://a.example/x?lang=tr&sort=%5Bid_ASC%5D&limit=20%2C10"
    )
    assert (
        address("https://a.example/x/", {"a": 1}, Paging("link"), "/y?page_info=z") == "https://a.example/y?page_info=z"
    )


def test_an_end_has_to_be_said():
    magento = RECIPES["magento"]
    assert following(magento, 1, Answered({"total_count": 20}, {}, 10, 0)) == 2
    assert following(magento, 2, Answered({"total_count": 20}, {}, 10, 10)) is None
    with pytest.raises(ValueError, match="`total: total_count` is no number in its answer"):
        following(magento, 1, Answered({}, {}, 10, 0))
    assert following(Paging("page", "p"), 3, Answered([], {}, 0, 20)) is None
    assert following(Paging("page", "p"), 3, Answered([1], {}, 1, 20)) == 4


def test_the_kind_needs_a_network_and_no_other_source():
    assert KINDS["api"].needs_network(Source("a", "api", "https://shop.example.com/"))
