"""Gates and pace: when a load stops by itself, and how much is on its way at once."""

import threading
from uuid import uuid4

import pytest
from load_helpers import (
    STAGES,
    USER_STAGE,
    line,
    make_package,
    scripted,
    send,
    stages,
    states,
    target_of,
    user,
    users,
    watched,
    whole_shop,
)

from etl.errors import Ambiguous, Exit
from etl.journal.status import read_status
from etl.load.resolve import resolve
from etl.load.uploader import GateClosed, load, resume
from etl.model import Gate
from etl.target import Polling

TEN = sorted(str(n) for n in range(1, 11))


def test_a_gate_without_a_limit_stops_before_the_next_batch_and_shows_the_records(tmp_path, sandbox, package):
    sandbox.fault("errors", count=2)
    with pytest.raises(GateClosed) as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    path = package.path / "payloads/user/000001.json"
    assert str(caught.value) == (
        "stage 'user' has 2 errors in 4 records, more than its gate allows, so it stops here. "
        "Omnitron does not tell which of them failed. Put right what is wrong; after that `etl dry-run` prepares "
        "them anew and `etl retry` sends them again. Or raise the stage's gate, and `etl resume --old-mapping` goes on "
        "without them\n"
        f"  batch 1: 2 errors in 4 records (keys 1, 2, 3, 4), its bytes: {path}\n  the requests: {tmp_path}/requests.jsonl"
    )
    assert caught.value.exit_code is Exit.DATA
    assert states(tmp_path) == {"done": 1, "planned": 2}
    with pytest.raises(GateClosed):
        resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    summary = resume(target_of(sandbox.url), stages(gate=Gate(errors=2))[:1], tmp_path)
    assert {**line(summary), "batches": None} == {"records": 10, "uploaded": 8, "failed": 2, "batches": None}
    [attention] = read_status(tmp_path).attention
    why = "2 of its records failed, and Omnitron does not tell which"
    assert (attention.batch, attention.state, attention.keys, attention.why) == (1, "done", (), why)


def test_the_next_stage_waits_for_the_gate_of_the_one_before(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", whole_shop(3))
    sandbox.fault("errors", type="address")
    with pytest.raises(GateClosed, match=r"^stage 'address' has 1 error in 3 records"):
        load(package, target_of(sandbox.url), STAGES, tmp_path)
    assert sandbox.keys("order", "number") == []


def test_a_gate_of_a_share_is_judged_over_what_was_uploaded_so_far(tmp_path, sandbox, package):
    sandbox.fault("errors", skip=1, count=2)
    with pytest.raises(GateClosed, match="has 2 errors in 8 records"):
        load(package, target_of(sandbox.url), stages(gate=Gate(share=0.2))[:1], tmp_path)
    resume(target_of(sandbox.url), stages(gate=Gate(share=0.25))[:1], tmp_path)
    assert sandbox.keys() == TEN


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ((1,), "in 1 record (its key, which may be personal, is not shown), its bytes: "),
        ((1, 2), "in 2 records (2 keys, which may be personal and are not shown), its bytes: "),
    ],
)
def test_a_gate_does_not_show_keys_that_may_be_personal(codes, told, tmp_path, sandbox):
    contents = {"user": [(f"user{n}@example.com", user(n)) for n in codes]}
    package = make_package(tmp_path / "packages" / "one", contents)
    sandbox.fault("errors")
    with pytest.raises(GateClosed) as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert told in str(caught.value)
    assert "@" not in str(caught.value)


def test_with_a_ramp_up_a_systematic_error_costs_one_record(tmp_path, sandbox, package):
    sandbox.fault("errors", times=-1, count=500)
    with pytest.raises(GateClosed):
        load(package, target_of(sandbox.url, ramp_up=True), USER_STAGE, tmp_path)
    assert sandbox.uploads() == [1]


def test_there_is_a_pause_between_batches_and_none_before_the_first(tmp_path, sandbox, package):
    waits = []
    outside, _ = watched(sleep=waits.append)
    load(package, target_of(sandbox.url, pause=9, polling=Polling(interval=0)), USER_STAGE, tmp_path, outside)
    assert [wait for wait in waits if wait] == [9, 9]


def test_several_batches_are_in_flight_at_once_and_still_each_record_arrives_once(tmp_path):
    """Each POST is answered only when as many are there at once, so the test ends only if they are."""
    barrier = threading.Barrier(3)
    seen = []

    def answer(handler, body):
        if handler.command == "POST":
            barrier.wait(timeout=20)
            seen.append(body)
        send(handler, 200, {"migration_id": uuid4().hex, "total_count": 4, "success_count": 4, "error_count": 0})

    package = make_package(tmp_path / "packages" / "one", users(*range(1, 25)))
    with scripted(answer) as server:
        summary = load(package, target_of(server.url, concurrency=3), USER_STAGE, tmp_path)
    assert line(summary) == {"records": 24, "uploaded": 24, "batches": 6}
    assert len(seen) == 6


def test_when_one_of_several_in_flight_fails_the_others_are_finished_and_nothing_more_is_sent(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", users(*range(1, 41)))
    sandbox.fault("error_after", status=502, skip=2)
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url, concurrency=3), USER_STAGE, tmp_path)
    found = states(tmp_path)
    assert found["unknown"] == 1
    assert "sending" not in found
    [unknown] = read_status(tmp_path).attention
    resolve(tmp_path, unknown.batch, arrived=True)
    resume(target_of(sandbox.url, concurrency=3), USER_STAGE, tmp_path)
    assert sandbox.keys() == sorted(str(n) for n in range(1, 41))
