"""The benchmark's work is the same every time, and its peers make what the engine makes. No speed is asserted here."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import contenders, lines, measure, memory, page, shops, single_records, sources, work  # noqa: E402

ROWS = 200


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return work.make_work(tmp_path_factory.mktemp("bench"), ROWS)


def run(command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def expected(made, tmp_path_factory):
    """The engine's orders by number."""
    out = tmp_path_factory.mktemp("engine")
    run([*contenders.ORDERS.command(made, out), "--workers", "1"])
    return contenders.engine_records(contenders.ORDERS.package(out))


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(made, tmp_path):
    again, other = work.make_work(tmp_path, ROWS), work.make_work(tmp_path, ROWS, seed=1)
    for file in ("orders.csv", "customers.csv"):
        assert (again.folder / file).read_bytes() == (made.folder / file).read_bytes()
        assert (other.folder / file).read_bytes() != (made.folder / file).read_bytes()


def test_every_order_is_of_a_customer_and_every_customer_has_an_e_mail_of_its_own():
    orders = [dict(zip(work.ORDER_COLUMNS, row, strict=True)) for row in work.orders(ROWS)]
    customers = [dict(zip(work.CUSTOMER_COLUMNS, row, strict=True)) for row in work.customers(ROWS // 4)]
    assert len(orders) == ROWS
    assert {order["customer_code"] for order in orders} <= {customer["customer_code"] for customer in customers}
    assert len({customer["email"].lower() for customer in customers}) == len(customers)


def test_the_engine_rejects_and_holds_none_of_the_work(made, tmp_path):
    run([*contenders.WHOLE.command(made, tmp_path), "--workers", "1"])
    counts = {stage.name: stage.counts for stage in contenders.WHOLE.package(tmp_path).stages}
    assert {name: count.valid for name, count in counts.items()} == {"user": ROWS // 4, "order": ROWS}
    assert all(count.read == count.valid for count in counts.values())


def test_the_engine_without_its_report_makes_the_same_payloads_and_no_report(made, tmp_path):
    found = {}
    for one in (contenders.WHOLE, contenders.UNREPORTED):
        run([*one.command(made, tmp_path / one.program), "--workers", "2"])
        package = one.package(tmp_path / one.program)
        found[one] = [stage.batches for stage in package.stages]
        assert (package.path / "report.html").exists() == (one is contenders.WHOLE)
    assert found[contenders.WHOLE] == found[contenders.UNREPORTED]


def test_both_mappings_make_the_same_orders(made, expected, tmp_path):
    run([*contenders.WHOLE.command(made, tmp_path), "--workers", "1"])
    assert contenders.engine_records(contenders.WHOLE.package(tmp_path)) == expected


def test_orders_in_order_are_the_same_orders_with_dates_that_ascend(made, tmp_path):
    work.put_in_order(made)
    run([*contenders.IN_ORDER.command(made, tmp_path), "--workers", "1"])
    found = contenders.engine_records(contenders.IN_ORDER.package(tmp_path))
    dates = [order["created_date"] for order in found.values()]
    run([*contenders.WHOLE.command(made, tmp_path / "whole"), "--workers", "1"])
    whole = contenders.engine_records(contenders.WHOLE.package(tmp_path / "whole"))
    assert dates == sorted(order["created_date"] for order in whole.values())
    assert dates != [order["created_date"] for order in whole.values()]
    assert {number: {**order, "created_date": None} for number, order in found.items()} == {
        number: {**order, "created_date": None} for number, order in whole.items()
    }


def test_the_items_of_the_work_sum_up_to_their_orders(made, tmp_path):
    work.put_in_order(made)
    work.write_items(made)
    run([*contenders.WITH_ITEMS.command(made, tmp_path), "--workers", "2"])
    package = contenders.WITH_ITEMS.package(tmp_path)
    found = json.loads((package.path / "report.json").read_text())["balance"]
    assert (found["compared"], found["line"], found["no_items"]) == (ROWS, ROWS, 0)
    assert 0 < found["piece"] < ROWS


def test_the_compressed_work_makes_the_same_orders(made, expected, tmp_path):
    work.compress(made)
    run([*contenders.COMPRESSED.command(made, tmp_path), "--workers", "1"])
    assert contenders.engine_records(contenders.COMPRESSED.package(tmp_path)) == expected


@pytest.mark.parametrize("peer", contenders.PEERS_IN_TURN, ids=lambda peer: peer.script)
def test_a_peer_makes_what_the_engine_makes(peer, made, expected, tmp_path):
    if peer.missing:
        pytest.skip(f"{', '.join(peer.missing)} is not installed; `pip install -e .[bench]` brings it")
    run(peer.command(made, tmp_path))
    contenders.check_same(peer, tmp_path, expected)


def test_a_peer_that_makes_something_else_stops_the_benchmark(tmp_path):
    peer = contenders.ONE_BY_ONE
    peer.output(tmp_path).write_text('[{"number": "1", "amount": 5.0}, {"number": "2", "amount": 5.0}]')
    with pytest.raises(contenders.Differs) as found:
        contenders.check_same(peer, tmp_path, {"1": {"number": "1", "amount": 5}, "2": {"number": "2", "amount": 5.01}})
    assert str(found.value) == "script_jsonschema_rs, order 2: amount is 5.0, the engine's 5.01"
    with pytest.raises(contenders.Differs) as found:
        contenders.check_same(peer, tmp_path, {"1": {}})
    assert str(found.value) == "script_jsonschema_rs wrote 2 orders, the engine 1"


def test_memory_counts_the_processes_a_process_started():
    child = "held = b'x' * 60_000_000; print('ready', flush=True); input()"
    alone = measure.memory_of_tree(psutil.Process())
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        assert measure.memory_of_tree(psutil.Process()) > alone + 50_000_000
        process.communicate(b"\n")


def test_a_command_that_fails_is_told_with_what_it_said():
    with pytest.raises(measure.Failed, match="ended with 3:\nno such order\n"):
        measure.timed([sys.executable, "-c", "import sys; print('no such order'); sys.exit(3)"])


def test_the_machine_is_described_without_its_paths():
    text = page.machine()
    assert text.startswith("- CPU: ")
    assert "omnitron-etl" in text
    assert str(Path.home()) not in text
    assert str(ROOT) not in text


def test_single_records_are_an_upload_each_and_at_least_one_look():
    cost = single_records.measure(single_records.Setting(batch_size=1, concurrency=4), records=5)
    assert cost.uploads == 5
    assert cost.requests >= 10
    whole = single_records.measure(single_records.Setting(batch_size=500, concurrency=1), records=5)
    assert whole.uploads == 1


def test_the_runbook_has_the_table_of_what_single_records_cost():
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    rows = text.partition(page.table(single_records.HEADER, []))[2].splitlines()
    settings = [tuple(cell.strip(" `") for cell in row.split("|")[1:3]) for row in rows[:9]]
    assert settings == [
        (f"batch_size: {size}", str(width)) for size in single_records.SIZES for width in single_records.CONCURRENCY
    ]


# Kinds of sources


def test_no_two_forms_write_to_the_same_files():
    assert len({form.name for form in sources.FORMS}) == len(sources.FORMS)


def test_the_same_orders_in_every_form_make_the_same_payloads(made, tmp_path):
    with shops.SERVERS():
        forms = sources.prepared(made)
        assert {form.what for form in forms} >= {"CSV", "SQLite"}
        found = {}
        for form in forms:
            engine, out = form.engine(made), tmp_path / form.name
            run([*engine.command(made, out), "--workers", "1"])
            found[form.what] = sources.payloads_sha256(engine.package(out))
    assert set(found.values()) == {found["CSV"]}
    assert not set(shops.SETTINGS) & set(shops.os.environ)


def test_each_kind_whose_memory_is_measured_makes_the_same_orders(made, tmp_path):
    with shops.SERVERS():
        streamed = list(memory.at_size(ROWS))
        assert {one.form.what for one in streamed} >= {
            "CSV",
            "SQLite",
            "XML",
            "Parquet",
            "Excel (.xlsx)",
            "`query` over the CSV",
        }
        found = {}
        for one in streamed:
            one.form.make(made)
            engine, out = one.form.engine(made), tmp_path / one.form.name
            run([*engine.command(made, out), "--workers", "1"])
            found[one.form.what] = sources.payloads_sha256(engine.package(out))
    assert set(found.values()) == {found["CSV"]}


def test_memory_is_measured_at_each_size_and_what_is_made_for_it_is_removed(tmp_path, monkeypatch):
    streamed = [one for one in memory.STREAMED if one.form.what in ("CSV", "XML", "Excel (.xlsx)")]
    monkeypatch.setattr(memory, "STREAMED", [*streamed[:-1], replace(streamed[-1], rows=20)])
    text = memory.memory_of_sources(tmp_path, tmp_path / "out", (10, 30), lambda line: None)
    lines = {line.split(" | ")[0].strip("| "): line for line in text.splitlines()}
    assert all(float(lines[what].split(" | ")[1]) > 30 for what in ("CSV", "XML", "Excel (.xlsx)"))
    assert lines["Excel (.xlsx)"].split(" | ")[2] == ""
    assert sorted(path.name for path in tmp_path.glob("30-*/*") if path.suffix != ".yaml") == [
        "customers.csv",
        "orders.csv",
    ]
    assert not list((tmp_path / "out").glob("workspace"))


@pytest.mark.parametrize("join", sources.JOINS, ids=lambda join: join.script)
def test_every_join_sums_the_same(made, join, tmp_path):
    with shops.SERVERS():
        if join.missing:
            pytest.skip(f"{join.script} needs {join.needs or join.server}")
        if join.server:
            shops.in_postgres(made)
        lines.write_lines(made)
        for one in (join, sources.JOINS[0]):
            run(one.command(made, tmp_path))
    total = join.output(tmp_path).read_bytes()
    assert total == sources.JOINS[0].output(tmp_path).read_bytes()
    assert total.count(b"\n") > ROWS / 2


def test_every_room_has_tests_that_are_to_notice_its_mutants():
    """Without an import: the module needs an extra that tests do without."""
    tree = ast.parse((ROOT / "benchmarks/mutants.py").read_text(encoding="utf-8"))
    [table] = [one.value for one in tree.body if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "TESTS"]
    tests = ast.literal_eval(table)
    rooms = {one.stem for one in (ROOT / "etl").iterdir() if not one.name.startswith(("_", "py."))}
    assert rooms == tests.keys()
    assert [one for named in tests.values() for one in named if not (ROOT / "tests" / one).exists()] == []
