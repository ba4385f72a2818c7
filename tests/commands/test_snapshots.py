"""Snapshots of a shop's server that are kept: taken whole or not at all, and worked on without asking the server again."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from commands import etl
from database_mapping import database_mapping
from shops import SERVERS, shop_of

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.keeping import fitting
from etl.commands.preview import preview
from etl.commands.settings import Settings
from etl.commands.snapshot import kept, remove, snapshot
from etl.commands.summing import summary_of
from etl.commands.test import test as run_tests
from etl.errors import MappingError, SourceError
from etl.extract.databases.kept import Snapshots, spoken_age
from etl.files import sha256_of
from etl.mapping import load_mapping

MAPPING = database_mapping(
    [
        'orders: { sql: "SELECT order_id, customer_id, total FROM oc_order ORDER BY order_id", database: shop }',
        "sums: { query: \"SELECT customer_id, sum(money(total, '.')) AS total FROM orders GROUP BY customer_id\" }",
    ],
    addresses="sums",
    key="customer_id",
    city="total",
)
PHONE = MAPPING.replace("      gender: null\n", "      gender: null\n      phone: \"{{ phone | phone('TR') }}\"\n")
TESTED = (
    MAPPING + 'tests:\n  - { stage: user, given: { email: "A@B.com", group_id: "1" }, expect: { email: a@b.com } }\n'
)


def fill(shop):
    shop.run(
        "CREATE TABLE oc_customer (customer_id integer PRIMARY KEY, firstname varchar(60), email varchar(60), "
        "phone varchar(60), group_id integer, card varchar(60))",
        "CREATE TABLE oc_order (order_id integer PRIMARY KEY, customer_id integer, total varchar(20))",
        "CREATE TABLE oc_group (group_id integer PRIMARY KEY, name varchar(60))",
        "INSERT INTO oc_group VALUES (1, 'retail'), (2, 'wholesale')",
        "INSERT INTO oc_customer VALUES (1, 'Ayşe', 'A@example.com', '05321234567', 1, '4111111111111111'), "
        "(2, 'Ali', 'B@example.com', NULL, 1, '4111111111111111')",
        "INSERT INTO oc_order VALUES (1, 1, '10.50'), (2, 1, '4.50'), (3, 2, '7')",
    )


def write(folder, text=MAPPING):
    (folder / "migration.yaml").write_text(text, encoding="utf-8")
    return folder / "migration.yaml"


@pytest.fixture(params=SERVERS)
def shop(request, tmp_path, monkeypatch):
    with shop_of(request.param, tmp_path) as found:
        fill(found)
        monkeypatch.setenv("LEGACY", found.location)
        yield found


@pytest.fixture
def postgresql(tmp_path, monkeypatch):
    with shop_of("postgresql", tmp_path) as found:
        fill(found)
        monkeypatch.setenv("LEGACY", found.location)
        yield found


@pytest.fixture
def mysql(tmp_path, monkeypatch):
    with shop_of("mysql", tmp_path) as found:
        fill(found)
        monkeypatch.setenv("LEGACY", found.location)
        yield found


def how(folder, **settings):
    return Settings(folder / "work", workers=1, **settings)


def close(shop):
    """From now on nobody can read anything there."""
    shop.run(*(f"DROP TABLE {name}" for name in ("oc_customer", "oc_order", "oc_group")))


def payloads(package):
    return {path.parent.name: path.read_bytes() for path in sorted(package.path.glob("payloads/*/*"))}


def folders(folder):
    return sorted(path.name for path in (folder / "work/acme/snapshots").glob("*"))


# --- taken, and worked on


def test_a_snapshot_is_worked_on_and_the_server_is_not_asked_again(shop, tmp_path):
    mapping = write(tmp_path)
    taken = snapshot(mapping, how(tmp_path))
    close(shop)
    told = []
    package = dry_run(mapping, how(tmp_path, inform=told.append))
    assert [stage.counts.valid for stage in package.stages] == [2, 2]
    assert b'"city":"15.00"' in payloads(package)["address"]
    assert len(preview(mapping, "user", 5, settings=how(tmp_path))) == 2
    place = f"{shop.kind}://***@{shop.location.partition('@')[2]}"
    assert told == [f"rows of {place} are from the snapshot {taken.id}, taken just now; --fresh takes a new one"]
    inputs = {one.name: one for one in package.manifest.inputs}
    assert {one.snapshot for name, one in inputs.items() if name != "sums"} == {taken.id}
    assert (inputs["customers"].rows, inputs["orders"].rows, inputs["group"].rows) == (2, 3, 2)
    assert all(
        inputs[name].statement and inputs[name].taken and inputs[name].sha256 for name in ("customers", "orders")
    )
    assert summary_of(package).snapshot == taken.id


def test_the_first_command_takes_one_and_the_next_works_on_it(shop, tmp_path):
    mapping, told = write(tmp_path), []
    preview(mapping, "user", 1, settings=how(tmp_path, inform=told.append))
    close(shop)
    dry_run(mapping, how(tmp_path, inform=told.append))
    (name,) = folders(tmp_path)
    assert told[0].startswith("taking a snapshot of ")
    assert [name in line for line in told] == [False, True, True]


def test_a_snapshot_and_the_live_database_give_the_same_payloads(shop, tmp_path):
    mapping = write(tmp_path)
    first = payloads(dry_run(mapping, how(tmp_path)))
    again = payloads(dry_run(mapping, how(tmp_path)))
    assert first == again == payloads(dry_run(mapping, how(tmp_path, fresh=True)))
    assert len(folders(tmp_path)) == 2


def test_it_holds_only_used_columns_and_neither_a_password_nor_what_others_may_read(shop, tmp_path, monkeypatch):
    if shop.kind == "postgresql":
        monkeypatch.setenv("LEGACY", shop.location.replace("postgres@", "postgres:Hunter2@"))
    taken = snapshot(write(tmp_path), how(tmp_path))
    files = sorted(taken.folder.iterdir())
    assert [file.name for file in files] == ["000001.csv", "000002.csv", "000003.csv", "lock", "manifest.json"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in (taken.folder, taken.folder.parent)} == {0o700}
    everything = b"".join(file.read_bytes() for file in files)
    assert b"Hunter2" not in everything
    assert b"4111111111111111" not in everything
    manifest = json.loads((taken.folder / "manifest.json").read_bytes())
    for one in manifest["tables"]:
        assert one["statement"].startswith("SELECT ")
        assert one["taken"].endswith("Z")
        assert len(one["sha256"]) == 64
    assert (manifest["tables"][0]["asked"], manifest["tables"][0]["rows"]) == ("oc_customer", 2)


def test_all_tables_are_of_one_moment(shop, tmp_path, monkeypatch):
    """An order that comes while the customers are read is in none of the tables."""
    from etl.extract.databases.session import OneByOne

    original, done = OneByOne.copy_all, []

    def copy_all(self, requests):
        found = []
        for request in requests:
            found += original(self, [request])
            if not done:
                done.append(shop.run("INSERT INTO oc_order VALUES (4, 2, '1')"))
        return found

    monkeypatch.setattr(OneByOne, "copy_all", copy_all)
    taken = snapshot(write(tmp_path), how(tmp_path))
    assert done
    assert {one.asked[:8]: one.rows for one in taken.tables}["SELECT o"] == 3
    assert len({one.taken for one in taken.tables}) == 1


# --- which one


def test_fresh_takes_a_new_one_and_a_named_one_can_be_gone_back_to(shop, tmp_path):
    mapping = write(tmp_path)
    first = snapshot(mapping, how(tmp_path))
    shop.run("INSERT INTO oc_customer VALUES (3, 'Can', 'c@example.com', NULL, 1, NULL)")
    read = lambda **settings: dry_run(mapping, how(tmp_path, **settings)).stages[0].counts.read  # noqa: E731
    assert (read(), read(fresh=True), read(), read(snapshot=first.id)) == (2, 3, 3, 2)


def test_an_edit_that_needs_another_column_says_so_and_asks_no_server(shop, tmp_path):
    mapping = write(tmp_path)
    taken = snapshot(mapping, how(tmp_path))
    write(tmp_path, PHONE)
    with pytest.raises(MappingError) as caught:
        dry_run(mapping, how(tmp_path))
    assert str(caught.value) == (
        f"the snapshot {taken.id}, taken just now, lacks column 'phone' of 'oc_customer', which the mapping uses now; "
        "`etl snapshot` takes a new one, and so does --fresh"
    )
    assert folders(tmp_path) == [taken.id]
    assert [stage.counts.valid for stage in dry_run(mapping, how(tmp_path, fresh=True)).stages] == [2, 2]
    write(tmp_path)
    assert dry_run(mapping, how(tmp_path)).stages[0].counts.valid == 2


def test_an_older_one_that_fits_is_named_and_not_taken_in_the_place_of_the_newest(postgresql, tmp_path):
    older = snapshot(write(tmp_path, PHONE), how(tmp_path))
    newer = snapshot(write(tmp_path), how(tmp_path))
    mapping = write(tmp_path, PHONE)
    with pytest.raises(MappingError) as caught:
        dry_run(mapping, how(tmp_path))
    assert str(caught.value).endswith(f"; or `--snapshot {older.id}`, taken just now, which has it")
    assert dry_run(mapping, how(tmp_path, snapshot=older.id)).stages[0].counts.valid == 2
    assert [(one.snapshot.id, one.used, one.lacks) for one in kept(mapping, how(tmp_path))] == [
        (newer.id, True, ("column 'phone' of 'oc_customer'",)),
        (older.id, False, ()),
    ]


def test_another_statement_or_table_is_not_in_the_snapshot(postgresql, tmp_path):
    mapping = write(tmp_path)
    snapshot(mapping, how(tmp_path))
    write(tmp_path, MAPPING.replace("FROM oc_order ORDER", "FROM oc_order WHERE order_id < 3 ORDER"))
    with pytest.raises(MappingError, match="lacks the statement of source 'orders', which the mapping uses now"):
        dry_run(mapping, how(tmp_path))


def test_another_server_has_no_snapshot_yet_and_one_is_taken(shop, tmp_path, monkeypatch):
    mapping = write(tmp_path)
    snapshot(mapping, how(tmp_path))
    with shop_of(shop.kind, tmp_path) as other:
        fill(other)
        other.run("DELETE FROM oc_customer WHERE customer_id = 2")
        monkeypatch.setenv("LEGACY", other.location)
        assert dry_run(mapping, how(tmp_path)).stages[0].counts.read == 1
    monkeypatch.setenv("LEGACY", shop.location)
    assert dry_run(mapping, how(tmp_path)).stages[0].counts.read == 2


def test_the_column_of_a_query_is_known_from_its_text(postgresql, tmp_path):
    mapping = write(tmp_path)
    snapshot(mapping, how(tmp_path))
    write(tmp_path, MAPPING.replace("FROM orders GROUP", "FROM customers JOIN orders USING (customer_id) GROUP"))
    assert dry_run(mapping, how(tmp_path)).stages[1].counts.valid == 2
    wider = "SELECT customer_id, min(phone) AS total FROM customers GROUP BY customer_id"
    write(tmp_path, MAPPING.replace(MAPPING.partition('query: "')[2].partition('"')[0], wider))
    with pytest.raises(MappingError, match="lacks column 'phone' of 'oc_customer'"):
        dry_run(mapping, how(tmp_path))


def test_an_id_that_is_none_names_the_nearest(postgresql, tmp_path):
    mapping = write(tmp_path)
    with pytest.raises(MappingError, match="no snapshot '2020'; none is kept, `etl snapshot` takes one"):
        dry_run(mapping, how(tmp_path, snapshot="2020"))
    taken = snapshot(mapping, how(tmp_path))
    with pytest.raises(MappingError, match=f"no snapshot '{taken.id}x'; did you mean '{taken.id}'"):
        dry_run(mapping, how(tmp_path, snapshot=f"{taken.id}x"))
    with pytest.raises(MappingError, match=r"no snapshot 'manifest.json'"):
        remove(mapping, how(tmp_path), "manifest.json")


def test_what_lies_in_files_has_no_snapshot(tmp_path, monkeypatch):
    with shop_of("sqlite", tmp_path) as shop:
        fill(shop)
        monkeypatch.setenv("LEGACY", shop.location)
        mapping = write(tmp_path)
        assert snapshot(mapping, how(tmp_path)) is None
        dry_run(mapping, how(tmp_path, fresh=True))
        assert not (tmp_path / "work/acme/snapshots").exists()
        with pytest.raises(MappingError, match="--snapshot 7: the mapping reads no server, and so has no snapshots"):
            dry_run(mapping, how(tmp_path, snapshot="7"))


def test_what_is_wrong_with_the_mapping_is_told_before_a_server_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("LEGACY", "postgresql://nobody@host.invalid/shop")
    mapping = write(tmp_path, MAPPING.replace("| lower", "| lowr"))
    for command in (snapshot, dry_run):
        with pytest.raises(MappingError, match="unknown function 'lowr'; did you mean 'lower'"):
            command(mapping, how(tmp_path))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (6 * 86400 + 5, "6 days ago")],
)
def test_an_age_is_told_in_the_largest_unit(seconds, words):
    assert spoken_age(seconds) == words


# --- kept whole, or not believed


def test_a_file_that_was_changed_is_not_believed(postgresql, tmp_path):
    mapping = write(tmp_path)
    taken = snapshot(mapping, how(tmp_path))
    file = taken.folder / "000001.csv"
    whole = file.read_bytes()
    for wrong in (whole[:-1], whole.replace(b"A@example", b"Z@example")):
        file.write_bytes(wrong)
        with pytest.raises(SourceError, match=rf"is not what the snapshot {taken.id} took; take a new one"):
            dry_run(mapping, how(tmp_path))
    assert list(tmp_path.glob("work/acme/packages/*")) == []


def test_a_manifest_that_is_damaged_says_how_to_get_rid_of_it(postgresql, tmp_path):
    mapping = write(tmp_path)
    taken = snapshot(mapping, how(tmp_path))
    (taken.folder / "manifest.json").write_text("{")
    with pytest.raises(SourceError, match=rf"is damaged; `etl snapshot MAPPING --remove {taken.id}`"):
        dry_run(mapping, how(tmp_path))
    remove(mapping, how(tmp_path), taken.id)
    assert not (tmp_path / "work/acme/snapshots").exists()


def test_where_nothing_could_be_fetched_no_folder_is_left_and_what_was_kept_stays(postgresql, tmp_path):
    mapping = write(tmp_path)
    taken = snapshot(mapping, how(tmp_path))
    postgresql.run("DROP TABLE oc_order")
    for left in ([taken.id], []):
        with pytest.raises((MappingError, SourceError)):
            snapshot(mapping, how(tmp_path))
        assert folders(tmp_path) == left
        if left:
            remove(mapping, how(tmp_path), taken.id)
    assert not (tmp_path / "work/acme").exists()


def test_who_watches_is_told_of_each_table_on_its_way(shop, tmp_path):
    told: list[tuple[str, int, int | None]] = []
    snapshot(write(tmp_path), Settings(tmp_path / "work", follow=lambda *one: told.append(one)))
    totals = {what: total for what, _, total in told}
    assert totals == {"customers: rows fetched": 2, "group: rows fetched": 2, "orders: rows fetched": None}
    assert sum(rows for what, rows, _ in told if what == "orders: rows fetched") == 3


def test_what_is_removed_is_gone_and_one_that_is_read_stays(postgresql, tmp_path):
    mapping = write(tmp_path)
    taken = snapshot(mapping, how(tmp_path))
    reading = load_mapping(mapping, kept=lambda migration: fitting(how(tmp_path), migration))
    with reading, pytest.raises(MappingError, match="is read by another command; wait until it has ended"):
        remove(mapping, how(tmp_path), taken.id)
    remove(mapping, how(tmp_path), taken.id)
    assert folders(tmp_path) == []


def test_a_table_that_changes_while_it_is_read_leaves_nothing(mysql, tmp_path, monkeypatch):
    from etl.extract.databases.mysql import MysqlSession

    mysql.run("ALTER TABLE oc_order ENGINE=MyISAM", "ALTER TABLE oc_customer ENGINE=MyISAM")
    original = MysqlSession.copy

    def copy(self, relation, columns, file):
        copied = original(self, relation, columns, file)
        with suppress(Exception):
            mysql.run("INSERT INTO oc_customer VALUES (9, 'x', 'x', '', 1, '')")
        return copied

    monkeypatch.setattr(MysqlSession, "copy", copy)
    with pytest.raises(SourceError, match=r"'oc_customer' has 3 rows, and 2 came .MyISAM tables have"):
        snapshot(write(tmp_path), how(tmp_path))
    assert folders(tmp_path) == []
    assert list(tmp_path.glob("work/acme/packages/*")) == []


def test_tables_that_have_no_snapshot_are_told_in_the_summary(mysql, tmp_path):
    mysql.run("ALTER TABLE oc_customer ENGINE=MyISAM")
    mapping = write(tmp_path)
    for _ in range(2):
        assert summary_of(dry_run(mapping, how(tmp_path))).warnings[0] == (
            "source 'customers': MyISAM tables have no snapshot: what was written meanwhile may be among the rows"
        )


MANY = {
    "postgresql": "SELECT n AS customer_id, repeat('x', 500) AS total FROM generate_series(1, 3000000) AS t(n)",
    "mysql": "SELECT seq AS customer_id, repeat('x', 500) AS total FROM seq_1_to_3000000",
}


def long_mapping(folder, kind):
    query = MAPPING.partition("  sums: ")[2].partition("\n")[0]
    return write(folder, MAPPING.replace(query, f'{{ sql: "{MANY[kind]}", database: shop }}'))


def begun(folder):
    """Waits until rows are on their way."""
    for _ in range(600):
        if any(path.stat().st_size > 100_000 for path in (folder / "work/acme/snapshots").glob("*.partial/*.csv")):
            return
        time.sleep(0.05)
    raise AssertionError("no row came")


def started(mapping, *arguments, **limits):
    command = [sys.executable, "-m", "etl", "snapshot", str(mapping), *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **limits)


def test_a_process_that_is_killed_leaves_no_snapshot_and_the_next_clears_away(shop, tmp_path):
    with started(long_mapping(tmp_path, shop.kind)) as process:
        begun(tmp_path)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    (left,) = folders(tmp_path)
    assert left.endswith(".partial")
    mapping = write(tmp_path)
    assert kept(mapping, how(tmp_path)) == []
    taken = snapshot(mapping, how(tmp_path))
    assert folders(tmp_path) == [taken.id]


def test_ctrl_c_leaves_nothing(postgresql, tmp_path):
    with started(long_mapping(tmp_path, "postgresql")) as process:
        begun(tmp_path)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().endswith("interrupted\n")
    assert process.returncode == 130
    assert folders(tmp_path) == []


def end_others(shop):
    if shop.kind == "postgresql":
        shop.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'omnitron-etl' "
                 "AND datname = current_database()")  # fmt: skip
        return
    with shop.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
        for (number,) in cursor.fetchall():
            cursor.execute(f"KILL {number}")


def test_a_server_that_goes_away_in_the_middle_leaves_nothing(shop, tmp_path):
    with started(long_mapping(tmp_path, shop.kind)) as process:
        begun(tmp_path)
        end_others(shop)
        told = process.stderr.read()
    assert process.returncode == 1
    assert "the server ended the connection" in told
    assert told.strip().endswith("nothing of it was used, run it again")
    assert not (tmp_path / "work/acme").exists()


def test_a_disk_that_is_full_leaves_nothing(postgresql, tmp_path):
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))}
    with started(long_mapping(tmp_path, "postgresql"), **limit) as process:
        told = process.stderr.read()
    assert process.returncode == 1
    assert (
        "the disk cannot take the database's rows (File too large); make room, or name another folder with --workspace"
        in told
    )
    assert folders(tmp_path) == []


def test_two_that_are_taken_at_once_are_two(postgresql, tmp_path):
    mapping, taken = write(tmp_path), []
    threads = [threading.Thread(target=lambda: taken.append(snapshot(mapping, how(tmp_path)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folders(tmp_path) == sorted(one.id for one in taken)
    assert len(set(folders(tmp_path))) == 3


def test_nobody_removes_what_another_process_is_taking(tmp_path):
    snapshots = Snapshots(tmp_path / "snapshots")
    with snapshots.new(datetime.now(UTC)) as first:
        (first.folder / "000001.csv").write_text("1\n")
        with snapshots.new(datetime.now(UTC) + timedelta(seconds=1)):
            assert first.folder.exists()
    assert list(snapshots.folder.iterdir()) == []


# --- what opens nothing

NOT_THERE = {"postgresql": "postgresql://nobody:x@127.0.0.1:1/shop", "dump": "none.sql", "folder": "no/such/folder"}


def test_check_knows_the_columns_from_the_last_snapshot(shop, tmp_path):
    mapping = write(tmp_path)
    snapshot(mapping, how(tmp_path))
    close(shop)
    write(tmp_path, MAPPING.replace("{{ firstname }}", "{{ fristname }}").replace('"{{ total }}"', '"{{ totla }}"'))
    found = check(mapping, tmp_path / "work")
    assert [one.what for one in found.problems if one.kind == "mapping"] == [
        "unknown column 'fristname'; did you mean 'firstname'?",
        "unknown column 'totla'; did you mean 'total'?",
    ]
    assert found.closed == ()


def test_check_knows_a_column_whose_cells_no_snapshot_has(postgresql, tmp_path):
    snapshot(write(tmp_path), how(tmp_path))
    assert [one for one in check(write(tmp_path, PHONE), tmp_path / "work").problems if one.kind == "mapping"] == []


@pytest.mark.parametrize("connect", [False, True])
def test_check_says_in_one_line_what_it_cannot_know_and_asks_when_it_is_told_to(shop, tmp_path, connect):
    mapping = write(tmp_path, MAPPING.replace("{{ firstname }}", "{{ fristname }}"))
    done = etl("check", mapping, *(["--connect"] if connect else []), COLUMNS=200)
    unknown = "unknown column 'fristname'; did you mean 'firstname'?"
    line = (
        f"not known without a network: the columns of 'customers', 'orders', 'sums', 'group'; "
        f"`etl check {mapping} --connect` asks, `etl snapshot {mapping}` keeps them"
    )
    assert (unknown in done.stdout, line in done.stderr) == (connect, not connect)
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("place", NOT_THERE.values(), ids=NOT_THERE)
def test_the_mapping_s_tests_run_where_the_shop_is_not_there(tmp_path, monkeypatch, place):
    monkeypatch.setenv("LEGACY", place)
    (result,) = run_tests(
        write(tmp_path, TESTED.replace(" where: \"{{ group_id | lookup('group') == 'retail' }}\"", ""))
    )
    assert result.differences == ()


def test_a_lookup_that_is_not_there_is_told_by_the_test_that_needs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LEGACY", NOT_THERE["postgresql"])
    text = TESTED.replace('first_name: "{{ firstname }}"', "first_name: \"{{ group_id | lookup('group') }}\"")
    text = text.replace("    where: \"{{ group_id | lookup('group') == 'retail' }}\"\n", "")
    text = text.replace("expect: { email: a@b.com }", "expect: { email: a@b.com, first_name: retail }")
    (result,) = run_tests(write(tmp_path, text))
    assert result.differences == (
        "first_name: the lookup cannot be read: its rows are in sources that are not opened here",
    )


def test_a_lookup_of_the_snapshot_serves_the_mapping_s_tests(postgresql, tmp_path):
    mapping = write(tmp_path, TESTED)
    snapshot(mapping, how(tmp_path))
    close(postgresql)
    assert [one.differences for one in run_tests(mapping)] == [()]


def test_a_test_of_text_cells_takes_no_number_though_no_source_is_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("LEGACY", NOT_THERE["postgresql"])
    with pytest.raises(MappingError, match="all cells of this source are text: put this 'group_id' in quotes"):
        run_tests(write(tmp_path, TESTED.replace('group_id: "1"', "group_id: 1")))


@pytest.mark.parametrize("place", NOT_THERE.values(), ids=NOT_THERE)
@pytest.mark.parametrize(
    "command",
    [
        "resume M", "retry M", "status M", "verify M --arrived", "resolve M 1 --ask", "history M --stage user --key 1",
        "run M --package none", "snapshot M --list", "target M",
    ],
    ids=lambda words: words.split()[0],
)  # fmt: skip
def test_what_needs_no_rows_opens_no_source(tmp_path, monkeypatch, capsys, place, command):
    from etl.cli import main

    monkeypatch.setenv("LEGACY", place)
    target = 'target: { url: "http://127.0.0.1:1", channel: 7, token: "${ACME_TOKEN}" }\n'
    monkeypatch.setenv("ACME_TOKEN", "t")
    mapping = write(tmp_path, target + MAPPING)
    monkeypatch.setattr(sys, "argv", ["etl", *command.replace("M", str(mapping)).split()])
    with suppress(SystemExit):
        main()
    told = capsys.readouterr()
    for word in ("nothing answers", "no such file", "none.sql", "no/such/folder", "is no database"):
        assert word not in told.err.replace(str(mapping), ""), told.err
    assert Path(mapping).exists()


# --- the command line


def test_the_command_says_what_it_took_and_lists_it(postgresql, tmp_path):
    mapping = write(tmp_path)
    here = partial(etl, cwd=tmp_path)
    done = here("snapshot", mapping)
    (name,) = folders(tmp_path)
    assert done.returncode == 0, done.stderr
    lines = re.findall(r"^ {11}(. rows) +\d+ bytes  (.+) of postgresql://\*\*\*@", done.stdout, re.M)
    query = "SELECT order_id, customer_id, total FROM oc_order ORDER BY order_id"
    assert lines == [("2 rows", "'oc_customer'"), ("3 rows", query), ("2 rows", "'oc_group'")]
    assert done.stdout.endswith(f"Snapshot: {tmp_path}/work/acme/snapshots/{name}\n")
    assert done.stderr.startswith("taking a snapshot of postgresql://***@")
    listed = here("snapshot", ".", "--list").stdout
    assert listed.startswith(f"{name}  just now, 7 rows, ")
    assert listed.endswith("; fits the mapping, is the latest\n")
    (as_json,) = json.loads(here("snapshot", ".", "--list", "--json").stdout)["snapshots"]
    assert (as_json["id"], as_json["used"], as_json["lacks"]) == (name, True, [])
    summary = json.loads(here("dry-run", ".", "--json").stdout)
    assert summary["snapshot"] == name
    assert f"are from the snapshot {name}, taken just now" in here("preview", ".").stderr
    assert here("run", ".", "--package", "x", "--fresh").returncode == 2
    assert here("dry-run", ".", "--fresh", "--snapshot", name).returncode == 2
    assert here("snapshot", ".", "--remove", name).stdout == f"removed {name}\n"
    assert here("snapshot", ".", "--list").stderr == "no snapshot is kept\n"


# --- of an earlier version


def as_its_first_form_was(snapshot):
    """The rows as CSV with commas and double quotes, and a manifest that does not say so. Bytes are of both forms the same."""
    manifest = json.loads((snapshot.folder / "manifest.json").read_bytes())
    for table in manifest["tables"]:
        path = snapshot.folder / table["file"]
        marks = (table.pop("delimiter"), table.pop("quote"))
        assert marks[0] in path.read_text(encoding="utf-8")
        path.write_text(path.read_text(encoding="utf-8").replace(marks[0], ","), encoding="utf-8")
        table["sha256"] = sha256_of(path)
    manifest["format"] = 1
    (snapshot.folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_a_snapshot_that_an_earlier_version_took_as_csv_with_commas_is_read_as_before(shop, tmp_path):
    mapping = write(tmp_path)
    taken = snapshot(mapping, how(tmp_path))
    before = payloads(dry_run(mapping, how(tmp_path)))
    as_its_first_form_was(taken)
    assert payloads(dry_run(mapping, how(tmp_path))) == before
    assert folders(tmp_path) == [taken.id]


def test_a_snapshot_of_a_later_version_is_refused_with_what_to_do(postgresql, tmp_path):
    mapping = write(tmp_path)
    taken = snapshot(mapping, how(tmp_path))
    manifest = taken.folder / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"format": 2', '"format": 3'), encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        dry_run(mapping, how(tmp_path))
    assert str(caught.value) == (
        f"{taken.folder}: was taken by another version of omnitron-etl; take a new one with `etl snapshot MAPPING`"
    )
