"""Loading against the stand-in: faults, gates, pace, resuming, and what a person decides."""

import pytest
from load_helpers import (
    STAGES,
    USER_STAGE,
    Sandbox,
    free_port,
    line,
    lines,
    make_package,
    scripted,
    send,
    states,
    target_of,
    user,
    users,
    watched,
    whole_shop,
)

from etl.errors import Ambiguous, Exit, MappingError, Refused, Unavailable
from etl.journal.database import JournalError
from etl.journal.history import read_history
from etl.journal.status import read_status
from etl.journal.summary import read_summary
from etl.load.resolve import resolve
from etl.load.uploader import load, resume
from etl.model import Polling, Secret
from etl.omnitron.progress import DeadlineMissed, Unreadable


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
    assert uploaded == {batch.payload.sha256 for batch in package.batches(package.stage("user"))}


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
    second = list(package.batches(package.stage("user")))[1].payload.sha256
    arrived = [one for one in sandbox.ask("uploads")["results"] if one["sha256"] == second]
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
        total="{{ none }}",
        success="{{ none }}",
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
