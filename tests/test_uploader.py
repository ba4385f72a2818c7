"""Loading against the stand-in: faults, gates, pace, resuming, and what a person decides."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest
from load_helpers import (
    PASSWORD,
    STAGES,
    TOKEN,
    USER_STAGE,
    Sandbox,
    free_port,
    lines,
    make_package,
    scripted,
    send,
    stages,
    target_of,
    user,
    users,
    watched,
    whole_shop,
)

from etl.errors import Ambiguous, Exit, MappingError, PackageError, Refused, Unavailable
from etl.load import (
    SEAMS,
    DeadlineMissed,
    GateClosed,
    JournalError,
    Outside,
    Stop,
    Stopped,
    Unreadable,
    load,
    read_history,
    read_status,
    read_summary,
    resolve,
    resume,
)
from etl.model import Gate, Polling, Secret


@pytest.fixture(scope="module")
def server():
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def sandbox(server):
    server.reset()
    yield server
    server.clear_faults()


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "packages" / "one", users(*range(1, 11)))


TEN = sorted(str(n) for n in range(1, 11))


def states(root):
    status = read_status(root)
    return {state: count for stage in status.stages for state, count in stage.batches.items()}


def line(summary, stage="user"):
    one = next(one for one in summary.stages if one.name == stage)
    return {name: getattr(one, name) for name in one.__slots__ if getattr(one, name) and name != "name"}


def test_a_package_is_uploaded_stage_by_stage_and_every_record_once(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", whole_shop(6))
    outside, events = watched()
    summary = load(package, target_of(sandbox.url), STAGES, tmp_path, outside)
    assert [line(summary, stage.name) for stage in STAGES] == [{"records": 6, "uploaded": 6, "batches": 2}] * 4
    assert summary.complete
    assert sandbox.keys() == [str(n) for n in range(1, 7)]
    assert sandbox.keys("order", "number") == [f"o{n}" for n in range(1, 7)]
    sent = [(event.kind, event.stage) for event in events if event.kind in ("sending", "done")]
    one = [("sending", 0), ("done", 0)] * 2
    assert sent == [(kind, stage.name) for stage in STAGES for kind, _ in one]
    assert read_summary(tmp_path, package) == summary


def test_what_the_server_got_is_byte_for_byte_what_the_package_holds(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    uploaded = {one["sha256"] for one in sandbox.ask("uploads")["results"]}
    assert uploaded == {batch.payload.sha256 for batch in package.stage("user").batches}


def test_a_second_load_of_the_same_package_sends_nothing(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


def test_a_delta_sends_new_records_only_and_lists_those_that_changed(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    newer = make_package(tmp_path / "packages" / "two", {"user": [("1", user(1, first_name="Can")), ("11", user(11))]})
    summary = load(newer, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert line(summary) == {"records": 2, "uploaded": 1, "changed": 1, "batches": 1}
    assert sandbox.keys() == sorted([*TEN, "11"])
    assert read_history(tmp_path, "user", "1").changed == (newer.path,)
    assert read_status(tmp_path).stages[0].changed == 1


# Ambiguous


AMBIGUOUS = {
    "error_before": {"status": 500},
    "error_after": {"status": 502},
    "drop_before_body": {},
    "drop_during_body": {},
    "drop_after_body": {},
    "drop_after_accept": {},
    "half_answer": {},
    "not_http": {},
    "wrong_json": {},
    "no_migration_id": {},
}


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_a_batch_whose_fate_is_unknown_stops_the_run_and_is_decided_by_a_person(fault, tmp_path, sandbox, package):
    target = target_of(sandbox.url)
    sandbox.fault(fault, skip=1, **AMBIGUOUS[fault])
    with pytest.raises(Ambiguous) as caught:
        load(package, target, USER_STAGE, tmp_path)
    assert caught.value.exit_code is Exit.UNKNOWN
    path = package.path / "payloads/user/000002.json"
    assert str(caught.value).endswith(
        f" (batch 2, 4 records of stage 'user', in {path}; the request is in {tmp_path}/requests.jsonl): "
        "it may have arrived, so it is not sent again; look in Omnitron whether it did, "
        "then `etl resolve 2 --arrived [MIGRATION_ID]` or `etl resolve 2 --lost`"
    )
    assert states(tmp_path) == {"done": 1, "unknown": 1, "planned": 1}
    with pytest.raises(Ambiguous, match=r"^the fate of batch 2, 4 records of stage 'user', in .* is unknown \(POST "):
        resume(target, USER_STAGE, tmp_path)
    arrived = [
        one
        for one in sandbox.ask("uploads")["results"]
        if one["sha256"] == package.stage("user").batches[1].payload.sha256
    ]
    decision = resolve(tmp_path, 2, arrived=bool(arrived), migration_id=arrived[0]["migration_id"] if arrived else None)
    assert decision.state == ("accepted" if arrived else "planned")
    summary = resume(target, USER_STAGE, tmp_path)
    assert line(summary) == {"records": 10, "uploaded": 10, "batches": 3}
    assert sandbox.keys() == TEN


def test_a_time_out_is_ambiguous_and_nothing_is_sent_after_it(tmp_path, sandbox, package):
    sandbox.fault("delay_answer", seconds=0.3)
    with pytest.raises(Ambiguous, match=r"no answer within 0\.1 s"):
        load(package, target_of(sandbox.url, read_timeout=0.1), USER_STAGE, tmp_path)
    assert states(tmp_path) == {"unknown": 1, "planned": 2}


def test_a_batch_that_arrived_without_a_migration_id_is_done_with_unknown_counts(tmp_path, sandbox, package):
    sandbox.fault("drop_after_accept")
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    decision = resolve(tmp_path, 1, arrived=True)
    assert decision.next_step == (
        "its records count as uploaded, and how many of them failed is not known; `etl resume` goes on after it"
    )
    assert line(resume(target_of(sandbox.url), USER_STAGE, tmp_path)) == {"records": 10, "uploaded": 10, "batches": 3}
    assert sandbox.keys() == TEN
    [sending] = read_history(tmp_path, "user", "1").sendings
    assert (sending.errors, [one.arrived for one in sending.decisions]) == (None, [True])


def test_only_an_unknown_fate_can_be_decided(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    with pytest.raises(MappingError, match=r"^batch 1 is done: its fate is known, there is nothing to decide$"):
        resolve(tmp_path, 1, arrived=False)
    with pytest.raises(JournalError, match=r"^no batch 99 in .*; there are 1 to 3 \(`etl status` lists them\)$"):
        resolve(tmp_path, 99, arrived=False)


# Refused


def test_a_refused_batch_stops_the_run_and_resume_sends_the_same_bytes_again(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=406, skip=1)
    with pytest.raises(Refused) as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    path = package.path / "payloads/user/000002.json"
    assert str(caught.value).startswith(f"POST {sandbox.url}/api/v1/remote/1/migrations/start/user/ answered 406: ")
    assert str(caught.value).endswith(
        f"(batch 2, 4 records of stage 'user', in {path}; the request is in {tmp_path}/requests.jsonl): nothing of it was "
        "accepted; put the cause right, then `etl resume` sends the same bytes, `etl run` prepares new ones"
    )
    assert line(read_summary(tmp_path, package)) == {
        "records": 10, "uploaded": 4, "waiting": 2, "refused": 4, "batches": 1,
    }  # fmt: skip
    assert [one.state for one in read_status(tmp_path).attention] == ["refused"]
    assert line(resume(target_of(sandbox.url), USER_STAGE, tmp_path)) == {"records": 10, "uploaded": 10, "batches": 3}
    assert read_status(tmp_path).attention == ()
    assert sandbox.keys() == TEN


def test_a_batch_that_is_too_large_is_halved_until_it_fits(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", users(*range(1, 9)), batch_size=8)
    sandbox.fault("too_large", size=1200)
    summary = load(package, target_of(sandbox.url, batch_size=8), USER_STAGE, tmp_path)
    assert line(summary)["uploaded"] == 8
    assert sandbox.keys() == [str(n) for n in range(1, 9)]
    assert set(sandbox.uploads()) <= {1, 2, 4}
    assert states(tmp_path)["superseded"] >= 1


def test_one_record_that_is_too_large_is_refused(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", users(1, 2))
    sandbox.fault("too_large", size=10)
    with pytest.raises(Refused) as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert (caught.value.status, states(tmp_path)) == (413, {"superseded": 1, "refused": 1, "planned": 1})


# Surely not arrived


def test_what_surely_did_not_arrive_is_sent_again(tmp_path, sandbox, package):
    waits = []
    sandbox.fault("error_before", status=429, retry_after=7, times=2)
    outside, events = watched(sleep=waits.append, random=lambda: 0.5)
    load(package, target_of(sandbox.url, polling=Polling(interval=0)), USER_STAGE, tmp_path, outside)
    assert [wait for wait in waits if wait] == [7, 7]
    retries = [event.text for event in events if event.kind == "retry"]
    assert retries[0].endswith("; attempt 2 in 7.0 s")
    assert sandbox.keys() == TEN


def test_a_target_that_is_not_there_is_given_up_after_so_many_attempts_and_nothing_is_unknown(
    tmp_path, package, sandbox
):
    waits = []
    outside, _ = watched(sleep=waits.append, random=lambda: 0.5)
    with pytest.raises(Unavailable) as caught:
        load(package, target_of(f"http://127.0.0.1:{free_port()}", retry_wait=1), USER_STAGE, tmp_path, outside)
    assert str(caught.value).endswith(
        "given up after 4 attempts; nothing of it arrived; `etl resume` sends it when Omnitron is there again"
    )
    assert [wait for wait in waits if wait] == [1, 2, 4]
    assert states(tmp_path) == {"planned": 3}
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


def test_a_server_that_asks_to_wait_for_a_day_is_not_waited_for(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=503, retry_after=86400)
    with pytest.raises(Unavailable, match="given up, for it asks to wait 86400 s"):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert states(tmp_path) == {"planned": 3}


def test_a_token_that_expires_is_renewed_by_a_login_once(tmp_path, sandbox, package):
    sandbox.fault("expire_token", skip=1)
    target = target_of(sandbox.url, token=None, username="sandbox", password=Secret("sandbox"))
    load(package, target, USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN
    assert [one["purpose"] for one in lines(tmp_path)].count("login") == 2


def test_a_login_that_does_not_help_is_refused_and_nothing_is_unknown(tmp_path, package):
    with scripted((200, {"key": "k-12345"}), (401, {}), (200, {"key": "k-54321"}), (401, {"detail": "no"})) as server:
        target = target_of(server.url, token=None, username="ada", password=Secret("lovelace"))
        with pytest.raises(Refused, match="not even after a fresh login; nothing of it was accepted"):
            load(package, target, USER_STAGE, tmp_path)
    assert states(tmp_path) == {"planned": 3}


def test_a_wrong_token_is_refused_before_any_login_is_known(tmp_path, sandbox, package):
    with pytest.raises(Refused, match="does not accept the token"):
        load(package, target_of(sandbox.url, token=Secret("another-one")), USER_STAGE, tmp_path)
    assert states(tmp_path) == {"planned": 3}


# Following


def test_an_answer_that_the_polling_settings_cannot_read_stops_the_run_with_the_raw_body(tmp_path, sandbox, package):
    sandbox.fault("unknown_progress")
    with pytest.raises(Unreadable) as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert str(caught.value).endswith(
        ": the progress of batch 1 cannot be read: target.polling.total: there is no 'total_count' in {state}; "
        'put target.polling right, then `etl resume`. The whole answer: {"state":"RUNNING"}'
    )
    assert states(tmp_path) == {"accepted": 1, "planned": 2}
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


def test_other_polling_expressions_read_another_shape(tmp_path, package):
    shape = {"state": "FINISHED", "failed": {"count": 0}}
    polling = Polling(
        path="/follow/{migration_id}",
        total="{{ null }}",
        success="{{ null }}",
        errors="{{ failed.count }}",
        done="{{ state == 'FINISHED' }}",
    )

    def answer(handler, body):
        send(handler, 200, {"migration_id": "a/b"} if handler.command == "POST" else shape)

    with scripted(answer) as server:
        summary = load(package, target_of(server.url, polling=polling), USER_STAGE, tmp_path)
    assert line(summary) == {"records": 10, "uploaded": 10, "batches": 3}
    assert server.seen[1].path == "/follow/a%2Fb"


def test_a_migration_that_never_ends_meets_the_deadline_and_stays_accepted(tmp_path, sandbox, package):
    clock = iter(range(10**9))
    outside, _ = watched(sleep=lambda seconds: None, monotonic=lambda: float(next(clock)))
    sandbox.fault("never_ends")
    with pytest.raises(DeadlineMissed) as caught:
        load(package, target_of(sandbox.url, polling=Polling(deadline=60)), USER_STAGE, tmp_path, outside)
    migration_id = sandbox.ask("uploads")["results"][0]["migration_id"]
    assert str(caught.value) == (
        f"migration {migration_id} (batch 1, 4 records of stage 'user') did not end within 60 s; the batch stays accepted; "
        "`etl resume` follows it further, and target.polling.deadline gives it more time"
    )
    assert states(tmp_path) == {"accepted": 1, "planned": 2}
    with pytest.raises(MappingError, match=f"^batch 1 was accepted as {migration_id}, so it was not lost;"):
        resolve(tmp_path, 1, arrived=False)
    assert resolve(tmp_path, 1, arrived=True).state == "done"
    sandbox.clear_faults()
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


def test_trouble_while_looking_at_progress_is_waited_out(tmp_path, sandbox, package):
    sandbox.fault("error_before", on="progress", status=502, times=20)
    outside, events = watched(sleep=lambda seconds: None)
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path, outside)
    assert [event.kind for event in events].count("retry") == 20
    assert sandbox.keys() == TEN


# Gates and pace


def test_a_gate_without_a_limit_stops_before_the_next_batch_and_shows_the_records(tmp_path, sandbox, package):
    sandbox.fault("errors", count=2)
    with pytest.raises(GateClosed) as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    path = package.path / "payloads/user/000001.json"
    assert str(caught.value) == (
        "stage 'user' has 2 errors in 4 records, more than its gate allows, so it stops here: "
        f"2 errors in batch 1, 4 records of stage 'user', in {path}; the request is in {tmp_path}/requests.jsonl: "
        "keys 1, 2, 3, 4. Omnitron does not tell which records failed; look there, put them right, "
        "then raise the stage's gate and `etl resume`"
    )
    assert caught.value.exit_code is Exit.DATA
    assert states(tmp_path) == {"done": 1, "planned": 2}
    with pytest.raises(GateClosed):
        resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    summary = resume(target_of(sandbox.url), stages(gate=Gate(errors=2))[:1], tmp_path)
    assert line(summary) == {"records": 10, "uploaded": 10, "errors": 2, "batches": 3}
    [attention] = read_status(tmp_path).attention
    assert (attention.batch, attention.state, attention.why) == (1, "done", "2 of its records failed")


def test_the_next_stage_waits_for_the_gate_of_the_one_before(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", whole_shop(3))
    sandbox.fault("errors", type="address")
    with pytest.raises(GateClosed, match=r"^stage 'address' has 1 errors in 3 records"):
        load(package, target_of(sandbox.url), STAGES, tmp_path)
    assert sandbox.keys("order", "number") == []


def test_a_gate_of_a_share_is_judged_over_what_was_uploaded_so_far(tmp_path, sandbox, package):
    sandbox.fault("errors", skip=1, count=2)
    with pytest.raises(GateClosed, match="has 2 errors in 8 records"):
        load(package, target_of(sandbox.url), stages(gate=Gate(share=0.2))[:1], tmp_path)
    resume(target_of(sandbox.url), stages(gate=Gate(share=0.25))[:1], tmp_path)
    assert sandbox.keys() == TEN


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
        send(handler, 200, {"migration_id": "m", "total_count": 4, "success_count": 4, "error_count": 0})

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


# Trouble of our own


def test_a_payload_file_that_was_touched_is_not_sent(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=406)
    with pytest.raises(Refused):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    path = package.path / "payloads/user/000002.json"
    path.write_bytes(path.read_bytes().replace(b"user5", b"user6"))
    with pytest.raises(PackageError, match="changed since it was prepared"):
        resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == []


def test_a_planned_file_is_checked_again_before_it_is_sent(tmp_path, sandbox, package):
    sandbox.fault("error_after")
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    resolve(tmp_path, 1, arrived=True)
    path = package.path / "payloads/user/000002.json"
    path.write_bytes(b"[]")
    with pytest.raises(PackageError) as caught:
        resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert str(caught.value) == f"{path}: changed since it was planned (SHA-256 differs); batch 2 is not sent"
    assert states(tmp_path) == {"done": 1, "planned": 2}


def test_an_answer_that_the_journal_cannot_take_is_told_and_the_batch_is_unknown(tmp_path, package):
    """The disk is full when the answer comes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def answer(handler, body):
        if handler.command == "POST":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
        send(handler, 200, {"migration_id": "m1", "total_count": 4, "success_count": 4, "error_count": 0})

    with scripted(answer) as server:
        try:
            with pytest.raises(Ambiguous) as caught:
                load(package, target_of(server.url), USER_STAGE, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert '{"migration_id": "m1"' in str(caught.value)
    assert states(tmp_path) == {"unknown": 1, "planned": 2}
    assert resolve(tmp_path, 1, arrived=True, migration_id="m1").state == "accepted"


def test_a_journal_that_is_locked_when_the_answer_comes_leaves_the_batch_unknown(tmp_path, package):
    other = []

    def answer(handler, body):
        one = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None, check_same_thread=False)
        one.execute("BEGIN IMMEDIATE")
        other.append(one)
        send(handler, 200, {"migration_id": "m1"})

    with scripted(answer) as server, pytest.raises(Ambiguous) as caught:
        load(package, target_of(server.url), USER_STAGE, tmp_path, Outside(busy_seconds=0.01))
    other[0].close()
    assert str(caught.value) == (
        f"batch 1 was accepted as migration m1; but this could not be written: {tmp_path}/journal.sqlite: locked by another "
        "program; close what has it open (nothing was lost) and go on with `etl resume`. "
        "Then `etl resolve 1 --arrived m1`"
    )
    assert states(tmp_path) == {"unknown": 1, "planned": 2}


def test_there_is_nothing_to_resume_where_nothing_was_loaded(tmp_path):
    with pytest.raises(JournalError, match="no journal here; nothing has been sent from this workspace yet"):
        resume(target_of("http://localhost"), USER_STAGE, tmp_path)


def test_a_run_waits_for_a_pilot_when_the_target_requires_one(tmp_path, sandbox, package):
    with pytest.raises(MappingError) as caught:
        load(package, target_of(sandbox.url, require_pilot=True), USER_STAGE, tmp_path)
    assert str(caught.value) == ("target.require_pilot is set, and no pilot has succeeded yet; run `etl pilot` first")
    assert sandbox.keys() == []


# Stopping, and being killed


def test_asked_to_stop_it_finishes_the_request_in_hand_and_resume_goes_on(tmp_path, sandbox, package):
    stop = Stop()

    def seam(moment):
        if moment == "post:sent":
            stop.ask("SIGTERM")

    with pytest.raises(Stopped) as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path, Outside(stop=stop, seam=seam))
    assert str(caught.value) == "stopped by SIGTERM; `etl resume` goes on where this ended"
    assert states(tmp_path) in ({"accepted": 1, "planned": 2}, {"done": 1, "planned": 2})
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


LOAD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from load_helpers import STAGES, target_of
from etl.load import Outside, Stop, load, resolve, seam_from_environment
from etl.package import Package
root, seam, stop = Path(sys.argv[1]), seam_from_environment(), Stop()
outside = Outside(seam=seam, stop=stop)
if sys.argv[3] == "resolve":
    resolve(root, 2, arrived=False, outside=outside)
    sys.exit()
def told(event):
    print(event.kind, flush=True)
outside = Outside(seam=seam, stop=stop, events=told)
with stop.on_signals():
    load(Package.open(root / "packages" / "one"), target_of(sys.argv[2]), STAGES[:1], root, outside)
"""


def start(root, url, what="load", **environment):
    command = [sys.executable, "-c", LOAD, root, url, what, os.path.dirname(__file__)]  # noqa: PTH120
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def decide_by_asking(root, sandbox):
    """What a person does with an unknown batch: look in Omnitron whether its bytes are there."""
    arrived = {one["sha256"]: one["migration_id"] for one in sandbox.ask("uploads")["results"]}
    for one in read_status(root).attention:
        sha256 = (
            next(entry["sha256"] for entry in lines(root) if entry.get("batch") == one.batch)
            if one.state == "unknown"
            else ""
        )
        if one.state == "unknown":
            resolve(root, one.batch, arrived=sha256 in arrived, migration_id=arrived.get(sha256))


# The others are passed only by a load that meets a fault, or by a decision; each has its own line here.
FAULTS = {
    "refused:unwritten": ("error_before", {"status": 400}),
    "refused:written": ("error_before", {"status": 400}),
    "unknown:unwritten": ("error_after", {"status": 500}),
    "unknown:written": ("error_after", {"status": 500}),
    "superseded:unwritten": ("too_large", {"size": 1000, "times": 1}),
    "superseded:written": ("too_large", {"size": 1000, "times": 1}),
    "file:written": ("too_large", {"size": 1000, "times": 1}),
}


@pytest.mark.parametrize("moment", [one for one in SEAMS if not one.startswith("decision")])
def test_killed_at_any_moment_and_resumed_every_record_arrives_once(moment, tmp_path, sandbox, package):
    if moment in FAULTS:
        fault, settings = FAULTS[moment]
        sandbox.fault(fault, **settings)
    process = start(tmp_path, sandbox.url, ETL_KILL_AT=moment)
    _, error = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, error
    sandbox.ask("state?wait=10")
    sandbox.clear_faults()
    decide_by_asking(tmp_path, sandbox)
    # Killed before the package was in the journal, there is nothing to resume: the same command again does it.
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN
    assert read_status(tmp_path).attention == ()


@pytest.mark.parametrize("moment", ["decision:unwritten", "decision:written"])
def test_killed_while_a_decision_is_written_it_is_there_or_not(moment, tmp_path, sandbox, package):
    sandbox.fault("error_before", status=500, skip=1)
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    process = start(tmp_path, sandbox.url, "resolve", ETL_KILL_AT=moment)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    decide_by_asking(tmp_path, sandbox)
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_it_in_order_and_a_second_one_at_once(number, tmp_path, sandbox, package):
    sandbox.fault("never_ends")
    process = start(tmp_path, sandbox.url)
    while process.stdout.readline() != "progress\n":
        assert process.poll() is None
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"etl.load.stop.Stopped: stopped by {number.name}; `etl resume` goes on where this ended" in error
    assert states(tmp_path) == {"accepted": 1, "planned": 2}

    sandbox.clear_faults()
    sandbox.fault("delay_answer", seconds=30)
    process = start(tmp_path, sandbox.url)
    while process.stdout.readline() != "sending\n":
        assert process.poll() is None
    while not any(one["phase"] == "sending" and one["batch"] == 2 for one in lines(tmp_path)):
        pass
    process.send_signal(number)
    while process.poll() is None:
        process.send_signal(number)
    process.communicate()
    assert process.returncode == -number
    assert states(tmp_path) == {"done": 1, "unknown": 1, "planned": 1}


def test_a_second_load_is_told_who_holds_the_workspace(tmp_path, sandbox, package):
    sandbox.fault("never_ends")
    process = start(tmp_path, sandbox.url)
    while process.stdout.readline() != "progress\n":
        assert process.poll() is None
    with pytest.raises(Exception, match=rf"is held by `.*`, process {process.pid} on ") as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert type(caught.value).__name__ == "Occupied"
    status = read_status(tmp_path)
    assert status.running.pid == process.pid
    assert (status.waiting, status.forecast) == (10, None)
    process.kill()
    process.communicate()


# What a person may ask


def test_history_tells_when_in_which_request_with_which_bytes_and_what_came_back(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    history = read_history(tmp_path, "user", "6")
    [sending] = history.sendings
    assert (sending.batch, sending.position, sending.state, sending.held) == (2, 1, "done", True)
    assert json.loads(sending.record) == user(6)
    assert (sending.file, sending.package) == (package.path / "payloads/user/000002.json", package.path)
    assert [step.after for step in sending.steps] == ["planned", "sending", "accepted", "done"]
    assert [one["phase"] for one in sending.requests if one["purpose"] == "start"] == ["sending", "answered"]
    assert sending.requests[1]["answer"] == json.dumps({"migration_id": sending.migration_id}, separators=(",", ":"))
    assert read_history(tmp_path, "user", "99").sendings == ()


def test_history_does_not_show_bytes_that_are_not_those_that_were_sent(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    (package.path / "payloads/user/000002.json").write_bytes(b"[\n{}\n]\n")
    assert read_history(tmp_path, "user", "6").sendings[0].record is None


def test_status_tells_throughput_and_forecast(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=400, skip=2)
    with pytest.raises(Refused):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    status = read_status(tmp_path)
    assert (status.run.command, status.running, status.package) == ("run", None, package.path)
    assert status.run.outcome.startswith("POST ")
    assert status.per_second > 0
    assert status.forecast == status.waiting / status.per_second
    assert status.stages[0].records == {"done": 8, "refused": 2}


def test_no_secret_is_in_the_workspace(tmp_path, sandbox, package):
    target = target_of(sandbox.url, token=None, username="sandbox", password=Secret("sandbox"))
    load(package, target, USER_STAGE, tmp_path)
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes()
            assert PASSWORD.encode() not in path.read_bytes()
    answers = [json.loads(one["answer"]) for one in lines(tmp_path) if one["purpose"] == "login"]
    assert answers == [{"key": "***"}]
