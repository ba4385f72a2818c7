"""Northwind's own database three ways: through PostgreSQL, through its dump, through a folder of its tables."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from dump_servers import POSTGRES, address, postgres_database, run
from real_input import DATA, counts, etl, etl_json, needs, payload_files, payload_records

pytestmark = needs("northwind")

DUMP = DATA / "northwind" / "northwind.sql"
MAPPING = Path(__file__).parent / "northwind" / "database.yaml"
STAGES = ("user", "order", "order_item")


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    """Where each form of the shop is."""
    folder = tmp_path_factory.mktemp("export")
    with postgres_database() as (connection, name, login):
        run("psql", *login, "-q", "-v", "ON_ERROR_STOP=1", "-f", DUMP, name)
        for table in ("customers", "orders", "order_details"):
            with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT csv, HEADER)") as copy:
                (folder / f"{table}.csv").write_bytes(b"".join(map(bytes, copy)))
        yield {"live": f"postgresql://{address(POSTGRES).netloc}/{name}", "dump": str(DUMP), "folder": str(folder)}


@pytest.fixture(scope="module")
def prepared(ways, tmp_path_factory):
    return {
        way: etl_json("dry-run", MAPPING, "-w", tmp_path_factory.mktemp(way), LEGACY=place)
        for way, place in ways.items()
    }


def test_every_row_is_accounted_for_and_nothing_is_wrong(prepared):
    for summary in prepared.values():
        assert counts(summary) == {
            "user": (91, 0, 0, 0, 91),
            "order": (830, 0, 0, 0, 830),
            "order_item": (2155, 0, 0, 0, 2155),
        }


def test_the_three_ways_give_the_same_bytes(prepared):
    found = {
        way: [file.read_bytes() for stage in STAGES for file in payload_files(summary, stage)]
        for way, summary in prepared.items()
    }
    assert found["live"] == found["dump"] == found["folder"]


def test_the_orders_cost_what_their_lines_do_to_the_cent(prepared):
    total = Decimal(0)
    for item in payload_records(prepared["dump"], "order_item"):
        exact = item["price"] * item["quantity"] * (1 - Decimal(str(item["extra_field"]["discount"])))
        total += exact.quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert sum(order["amount"] for order in payload_records(prepared["live"], "order")) == total
    assert abs(total - Decimal("1265793.04")) < 1  # what is told of Northwind everywhere


def test_the_server_is_asked_once_however_often_one_looks(ways, tmp_path):
    etl_json("snapshot", MAPPING, "-w", tmp_path, LEGACY=ways["live"])
    before = sorted(tmp_path.rglob("*.csv"))
    for _ in range(2):
        done = etl("preview", MAPPING, "-w", tmp_path, LEGACY=ways["live"])
        assert "taken just now" in done.stderr
    assert sorted(tmp_path.rglob("*.csv")) == before
