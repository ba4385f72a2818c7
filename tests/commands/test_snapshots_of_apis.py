"""Snapshots of HTTP APIs: taken once, worked on without asking the shop again, by the commands and words of any server."""

from __future__ import annotations

import json

import pytest
from api_shops import TOKEN, shop

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.preview import preview
from etl.commands.settings import Settings
from etl.commands.snapshot import kept, remove, snapshot
from etl.errors import EtlError, MappingError, SourceError

MAPPING = """\
version: 1
name: acme
sources:
  orders: {{ api: "{url}", path: items, token: "${{API_TOKEN}}", paging: {{ by: magento, size: 10 }} }}
  lines:
    api: "{url}"
    path: "items[*].lines"
    token: ${{API_TOKEN}}
    paging: {{ by: magento, size: 10 }}
    with: {{ number: "^.no" }}
  sums: {{ query: "SELECT number, count(*) AS pieces FROM lines GROUP BY number" }}
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
      password: "{{{{ no | digest('md5') }}}}"
      password_algorithm: md5
  - name: address
    from: sums
    key: "{{{{ number }}}}"
    refers: {{ customer_code: user }}
    fields:
      customer_code: "{{{{ number }}}}"
      email: a@example.com
      first_name: a
      last_name: b
      country: Türkiye
      city: "{{{{ pieces }}}}"
      township: Üsküdar
      line: e
"""
ORDERS = [
    {"id": n, "no": f"№{n}", "total": n + 0.5, "billing": {"city": "İzmir"}, "lines": [{"sku": "a"}] * (n % 3 + 1)}
    for n in range(1, 26)
]


@pytest.fixture(autouse=True)
def spool(tmp_path, monkeypatch):
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("etl.extract.apis.asking.FIRST_WAIT", 0.01)
    monkeypatch.setenv("API_TOKEN", TOKEN)
    return folder


@pytest.fixture
def found():
    with shop("magento", list(ORDERS)) as server:
        yield server


def write(folder, url, **changes):
    text = MAPPING.format(url=url)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "migration.yaml").write_text(text, encoding="utf-8")
    return folder / "migration.yaml"


def how(folder, **settings):
    return Settings(folder / "work", workers=1, **settings)


def payloads(package):
    return {path.parent.name: path.read_bytes() for path in sorted(package.path.glob("payloads/*/*"))}


def test_the_shop_is_asked_once_and_every_command_after_it_works_on_that(tmp_path, found, spool):
    mapping, told = write(tmp_path, found.url), []
    first = dry_run(mapping, how(tmp_path, inform=told.append))
    asked = len(found.asked)
    host = found.url.rpartition("/orders")[0]
    found.orders.clear()
    again = dry_run(mapping, how(tmp_path, inform=told.append))
    assert len(preview(mapping, "user", 30, settings=how(tmp_path))) == 25
    assert len(found.asked) == asked
    assert payloads(first) == payloads(again)
    assert b'"city":"3"' in payloads(first)["address"]
    (taken,) = kept(mapping, how(tmp_path))
    line = f"rows of {host} are from the snapshot {taken.snapshot.id}, taken just now; --fresh takes a new one"
    assert [told[0], *told[1:]] == [f"taking a snapshot of {host}", line, line]
    assert {one.snapshot for one in again.manifest.inputs if one.snapshot} == {taken.snapshot.id}
    assert list(spool.iterdir()) == []


def test_fresh_asks_again_and_an_older_one_can_be_named(tmp_path, found):
    mapping = write(tmp_path, found.url)
    old = snapshot(mapping, how(tmp_path))
    del found.orders[20:]
    fresh = dry_run(mapping, how(tmp_path, fresh=True))
    assert fresh.stages[0].counts.valid == 20
    assert dry_run(mapping, how(tmp_path)).stages[0].counts.valid == 20
    assert dry_run(mapping, how(tmp_path, snapshot=old.id)).stages[0].counts.valid == 25
    assert [one.used for one in kept(mapping, how(tmp_path))] == [True, False]
    remove(mapping, how(tmp_path), old.id)
    assert len(kept(mapping, how(tmp_path))) == 1


def test_only_columns_that_are_used_are_kept_and_no_secret_and_files_are_private(tmp_path, found):
    taken = snapshot(write(tmp_path, found.url), how(tmp_path))
    orders, lines = taken.tables
    assert (orders.kind, orders.rows, list(orders.fetched), list(orders.columns)) == (
        "api", 25, ["no", "billing"], ["id", "no", "total", "billing", "lines"],
    )  # fmt: skip
    assert orders.pages == [10, 10, 5]
    assert list(lines.fetched) == ["number"]
    manifest = json.loads((taken.folder / "manifest.json").read_bytes())
    assert [table["held"] for table in manifest["tables"]] == [["no", "billing"], ["number"]]
    stored = b"".join(path.read_bytes() for path in taken.folder.iterdir())
    assert TOKEN.encode() not in stored
    assert {oct(path.stat().st_mode & 0o777) for path in taken.folder.iterdir()} == {"0o600"}
    assert "pages" in str(orders.statement)


@pytest.mark.parametrize(
    ("old", "new", "lacks"),
    [
        ('first_name: "{{ billing.city }}"', 'first_name: "{{ total }}"', "column 'total' of the answers of source 'orders'"),
        ("path: items,", "path: items, parameters: { status: complete },", "the answers of source 'orders'"),
        ("from: orders", "from: orders2", "the answers of source 'orders2'"),
    ],
)  # fmt: skip
def test_what_is_used_now_and_was_not_fetched_is_named(tmp_path, found, old, new, lacks):
    mapping = write(tmp_path, found.url)
    taken = snapshot(mapping, how(tmp_path))
    text = mapping.read_text(encoding="utf-8").replace(old, new)
    text = (
        text.replace("  lines:\n", f'  orders2: {{ api: "{found.url}2", path: items }}\n  lines:\n')
        if "2" in new
        else text
    )
    mapping.write_text(text, encoding="utf-8")
    asked = len(found.asked)
    with pytest.raises(MappingError) as caught:
        dry_run(mapping, how(tmp_path))
    assert str(caught.value) == (
        f"the snapshot {taken.id}, taken just now, lacks {lacks}, which the mapping uses now; `etl snapshot` takes a new "
        "one, and so does --fresh"
    )
    assert len(found.asked) == asked


def test_an_option_that_is_wrong_is_told_and_not_taken_for_rows_that_the_snapshot_lacks(tmp_path, found):
    snapshot(write(tmp_path, found.url), how(tmp_path))
    mapping = write(tmp_path, found.url, **{"by: magento": "by: magneto"})
    with pytest.raises(MappingError, match=r"`by: magneto` is none of .*; did you mean 'magento'"):
        dry_run(mapping, how(tmp_path))


def test_check_knows_the_columns_of_an_api_from_the_snapshot_and_asks_nobody(tmp_path, found):
    mapping = write(tmp_path, found.url)
    assert check(mapping, tmp_path / "work").closed == ("orders", "lines", "sums")
    snapshot(mapping, how(tmp_path))
    asked = len(found.asked)
    mapping = write(tmp_path, found.url, **{"{{ billing.city }}": "{{ biling.city }}"})
    checked = check(mapping, tmp_path / "work")
    assert checked.closed == ()
    assert "unknown column 'biling'; did you mean 'billing'?" in str(checked.problems)
    assert len(found.asked) == asked


def test_a_file_that_somebody_changed_is_refused(tmp_path, found):
    mapping = write(tmp_path, found.url)
    taken = snapshot(mapping, how(tmp_path))
    path = taken.folder / taken.tables[0].file
    path.write_bytes(path.read_bytes().replace("№25".encode(), "№26".encode()))
    with pytest.raises(SourceError, match=f"{path}: is not what the snapshot {taken.id} took"):
        dry_run(mapping, how(tmp_path))
    path.write_bytes(b"{}\n")
    with pytest.raises(SourceError, match=f"{path}: is not what the snapshot {taken.id} took"):
        preview(mapping, "user", 1, settings=how(tmp_path))


def test_a_shop_that_goes_away_meanwhile_leaves_no_snapshot_and_its_pages_are_gone_on_with(tmp_path, found):
    mapping = write(tmp_path, found.url)
    found.faults = [None, None, None, *[503] * 8]
    with pytest.raises(EtlError, match="answers 503, after 8 tries"):
        snapshot(mapping, how(tmp_path))
    assert kept(mapping, how(tmp_path)) == []
    assert not (tmp_path / "work/acme/snapshots").exists()
    asked = len(found.asked)
    assert snapshot(mapping, how(tmp_path)).tables[0].rows == 25
    assert len(found.asked) - asked < 6


def test_a_rejected_row_is_told_by_its_page_from_the_snapshot_too(tmp_path, found):
    mapping = write(tmp_path, found.url)
    found.orders[13] = {**ORDERS[13], "billing": {"city": None}}
    for _ in range(2):
        package = dry_run(mapping, how(tmp_path))
        rejects = [json.loads(line) for line in (package.path / "rejects/user.jsonl").read_text("utf-8").splitlines()]
        assert "page 2, item 4" in str(rejects)
