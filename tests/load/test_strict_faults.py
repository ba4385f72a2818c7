"""What only the strict server does: odd answers about an upload and about its progress, seen on the way to the real thing."""

import sqlite3
from collections import Counter
from typing import Any

import pytest
from fault_world import CUSTOMERS, InProcess, target
from servers import served_by

from etl.errors import Exit
from etl.model import PAYLOADS


@pytest.fixture(scope="module")
def server():
    with served_by("the strict server") as one:
        yield one


@pytest.fixture
def world(tmp_path, server, monkeypatch):
    server.reset()
    one = InProcess(server, tmp_path, monkeypatch)
    yield one
    one.close()


def assert_every_record_arrived_once(server):
    assert server.violations() == []
    for name in PAYLOADS:
        records = server.ask(f"records/{name}")["results"]
        assert Counter((one["received"], one["stored"]) for one in records) == {(1, 1): CUSTOMERS}, name


def test_looks_that_find_nothing_then_zeros_then_half_are_followed_to_the_end(world, server):
    assert world.run() == (Exit.OK, "")
    looks = Counter(one["path"] for one in server.ask("requests")["results"] if one["method"] == "GET")
    assert {count for path, count in looks.items() if "/migrations/" in path} == {4}
    assert_every_record_arrived_once(server)


PROGRESS: dict[str, tuple[str, dict[str, Any]]] = {
    "counts of zero, long after it was registered": ("zeros", {"times": 5}),
    "a total that grows with what has been worked off": ("growing_total", {"times": 5}),
    "a count of errors that is null": ("errors_null", {}),
    "a page of HTML with status 200": ("html", {}),
    "404 again, after it was registered": ("error_before", {"status": 404}),
    "401 for a token that is good": ("error_before", {"status": 401}),
    "503 that asks to wait": ("error_before", {"status": 503, "retry_after": 0}),
    "an answer that trickles": ("trickle", {"seconds": 0.002}),
    "half an answer": ("half_answer", {}),
}


@pytest.mark.parametrize("name", PROGRESS)
def test_one_odd_look_does_not_end_the_night(name, world, server):
    fault, settings = PROGRESS[name]
    server.ask("looks", ["done"])
    server.fault(fault, on="progress", **settings)
    assert world.run() == (Exit.OK, "")
    assert_every_record_arrived_once(server)


STARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "an answer of a byte each 0.4 s": ("trickle", {"seconds": 0.4}),
    "no answer at all": ("stall", {}),
    "a migration_id of 5 MB": ("long_id", {}),
    "the migration_id of the batch before": ("repeated_id", {}),
    "503 that asks to wait, and had taken it": ("error_after", {"status": 503, "retry_after": 0}),
    "a page of HTML with status 200": ("html", {}),
    "a redirect that had taken nothing, to a path that would": ("error_before", {"status": 307}),
}
REFUSED = ("a redirect that had taken nothing, to a path that would",)


@pytest.mark.parametrize("name", STARTS)
def test_an_odd_answer_to_an_upload_never_has_it_sent_twice(name, world, server):
    target(read_timeout=1.0)(world, "order")
    fault, settings = STARTS[name]
    server.fault(fault, on="start", type="order", skip=1, **settings)
    code, text = world.run()
    wanted = ("refused", Exit.TARGET) if name in REFUSED else ("unknown", Exit.UNKNOWN)
    assert (world.batches()["order"], code) == (["done", wanted[0]], wanted[1]), text
    assert len(text) < 2000
    server.clear_faults()
    world.decide_by_asking()
    assert world.resume() == (Exit.OK, "")
    assert_every_record_arrived_once(server)
    assert max(len(line) for line in (world.root / "requests.jsonl").read_bytes().splitlines()) < 10_000


def test_a_total_greater_than_what_was_sent_is_said(world, server):
    server.fault("total_too_great", on="progress", type="order", times=-1)
    assert world.run() == (Exit.OK, "")
    with sqlite3.connect(world.root / "journal.sqlite") as connection:
        notes = connection.execute("SELECT note FROM transitions WHERE after = 'done' AND note <> ''").fetchall()
    connection.close()
    assert len(notes) == 2
    assert all("Omnitron counts 3 records, though 2 were sent" in note for (note,) in notes)
    assert_every_record_arrived_once(server)
