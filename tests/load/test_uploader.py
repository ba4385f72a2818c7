"""Loading against the stand-in: faults, gates, pace, resuming, and what a person decides."""

import pytest
from load_helpers import (
    STAGES,
    USER_STAGE,
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
from etl.load.uploader import GateClosed, load, resume
from etl.omnitron.progress import DeadlineMissed
from etl.target import Polling, Secret

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
    assert line(summary) == {"records": 2, "uploaded": 1, "changed": 1, "batches": 1, "gone": 9}
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
    assert str(caught.value).startswith(
        "batch 2, 4 records of stage 'user': it may have arrived, so it is not sent again; look in Omnitron whether it did, "
        "then `etl resolve 2 --arrived [MIGRATION_ID]` or `etl resolve 2 --lost`\n"
        f"  its bytes: {path}\n  the request: {tmp_path}/requests.jsonl\n"
        f"  what happened: POST {sandbox.url}/api/v1/remote/1/migrations/start/user/"
    )
    assert states(tmp_path) == {"done": 1, "unknown": 1, "planned": 1}
    with pytest.raises(Ambiguous, match=r"^the fate of batch 2, 4 records of stage 'user' is unknown: it may "):
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
    with pytest.raises(Ambiguous, match=r"no whole answer within 0\.1 s"):
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


def test_a_migration_id_that_another_batch_has_is_not_believed(tmp_path, sandbox, package):
    sandbox.fault("repeated_id", skip=1)
    with pytest.raises(Ambiguous) as caught:
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    first = sandbox.ask("uploads")["results"][0]["migration_id"]
    assert str(caught.value).endswith(f"\n  what happened: Omnitron answered with migration {first}, which is batch 1")
    assert states(tmp_path) == {"done": 1, "unknown": 1, "planned": 1}
    with pytest.raises(MappingError) as refused:
        resolve(tmp_path, 2, arrived=True, migration_id=first)
    assert str(refused.value) == f"migration {first} is batch 1, so batch 2 is another one; look again"
    assert states(tmp_path) == {"done": 1, "unknown": 1, "planned": 1}
    resolve(tmp_path, 2, arrived=True, migration_id=sandbox.ask("uploads")["results"][1]["migration_id"])
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


@pytest.mark.parametrize("name", ["", " ", "x" * 129, ".."])
def test_what_no_migration_can_be_called_is_no_decision(name, tmp_path, sandbox, package):
    sandbox.fault("drop_after_accept")
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    with pytest.raises(MappingError, match=f"^'{name}' is no migration_id; leave it out when it is not known$"):
        resolve(tmp_path, 1, arrived=True, migration_id=name)
    assert states(tmp_path) == {"unknown": 1, "planned": 2}


WRONG_AND_RIGHT = {
    "lost, though it arrived": ((False, None), (True, "ID"), "accepted"),
    "arrived, though it was lost": ((True, None), (False, None), "planned"),
    "arrived as another migration": ((True, "another"), (True, "ID"), "accepted"),
    "arrived as a migration that nobody knows": ((True, "another"), (True, None), "done"),
    "lost, though it arrived as nobody knows what": ((False, None), (True, None), "done"),
}


@pytest.mark.parametrize(("wrong", "right", "state"), WRONG_AND_RIGHT.values(), ids=WRONG_AND_RIGHT)
def test_a_decision_that_was_typed_wrongly_is_corrected_and_both_are_kept(
    wrong, right, state, tmp_path, sandbox, package
):
    sandbox.fault("error_before" if state == "planned" else "error_after", status=502)
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    there = [one["migration_id"] for one in sandbox.ask("uploads")["results"]]
    decide = [(arrived, there[0] if named == "ID" else named) for arrived, named in (wrong, right)]
    for arrived, migration_id in decide:
        decision = resolve(tmp_path, 1, arrived=arrived, migration_id=migration_id)
    assert (decision.state, decision.migration_id) == (state, decide[1][1])
    [sending] = read_history(tmp_path, "user", "1").sendings
    assert [(one.arrived, one.migration_id) for one in sending.decisions] == decide
    assert [step.note for step in sending.steps[-2:]] == [
        "the decision is taken back", f"decided: {'arrived' if decide[1][0] else 'lost'}",
    ]  # fmt: skip
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


def test_a_decision_from_which_something_has_followed_stays(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=502)
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    resolve(tmp_path, 1, arrived=False)
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    with pytest.raises(MappingError, match=r"^batch 1 is done: its fate is known, there is nothing to decide$"):
        resolve(tmp_path, 1, arrived=False)
    assert sandbox.keys() == TEN


def test_an_accepted_batch_whose_job_died_is_sent_again_one_by_one(tmp_path, sandbox, package):
    outside, _ = impatient()
    sandbox.fault("never_ends")
    with pytest.raises(DeadlineMissed):
        load(package, stuck(sandbox.url), USER_STAGE, tmp_path, outside)
    decision = resolve(tmp_path, 1, arrived=False)
    assert decision.next_step == (
        "its job died, so none of its records is there; `etl run` or `etl resume` sends them again, one by one"
    )
    assert line(read_summary(tmp_path, package)) == {"records": 10, "waiting": 10, "batches": 1}
    sandbox.reset()  # nothing of it is there
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sorted(sandbox.uploads()) == [1, 1, 1, 1, 2, 4]
    assert sandbox.keys() == TEN


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
    assert str(caught.value) == (
        "batch 2, 4 records of stage 'user': nothing of it was accepted; put the cause right, then `etl resume` sends the same "
        f"bytes, `etl run` prepares new ones\n  its bytes: {path}\n  the request: {tmp_path}/requests.jsonl\n"
        f"  what happened: POST {sandbox.url}/api/v1/remote/1/migrations/start/user/ answered 406: "
        '{"detail":"Made to answer 406."}'
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
    assert str(caught.value).startswith(
        "batch 1, 4 records of stage 'user': given up after 4 attempts; nothing of it arrived; "
        "`etl resume` sends it when Omnitron is there again\n"
    )
    assert [wait for wait in waits if wait] == [1, 2, 4]
    assert states(tmp_path) == {"planned": 3}
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


def test_a_server_that_asks_to_wait_for_a_day_is_not_waited_for(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=429, retry_after=86400)
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


def impatient():
    """An Outside whose clock goes a second with each look at it."""
    clock = iter(range(10**9))
    return watched(sleep=lambda seconds: None, monotonic=lambda: float(next(clock)))


def stuck(url):
    return target_of(url, polling=Polling(deadline=60))


NEVER_ENDING = {
    "a shape that the settings cannot read": (
        {"fault": "unknown_progress"},
        """ answered 200: {"state":"RUNNING"}; this cannot be read: target.polling.total: there is no 'total_count' in """
        "{state, records}; see target.polling",
    ),
    "a page of HTML": (
        {"fault": "wrong_json", "body": "<h1>Back soon</h1>"},
        " answered 200: <h1>Back soon</h1>; this cannot be read: it is not a JSON object; see target.polling",
    ),
    "404": (
        {"fault": "error_before", "status": 404},
        """ answered 404: {"detail":"Made to answer 404."}; check target.polling.path""",
    ),
    "401": (
        {"fault": "error_before", "status": 401},
        "does not accept the token; set a valid one in target.token (its variable)",
    ),
    "a queue that does not move": (
        {"fault": "unknown_progress", "body": {"total_count": 0, "success_count": 0, "error_count": 0}},
        """ answered 200: {"total_count":0,"success_count":0,"error_count":0}""",
    ),
    "a part of what was sent": (
        {"fault": "unknown_progress", "body": {"total_count": 3, "success_count": 0, "error_count": 3}},
        """ answered 200: {"total_count":3,"success_count":0,"error_count":3}""",
    ),
    "a count that is null": (
        {"fault": "unknown_progress", "body": {"total_count": 4, "success_count": 4, "error_count": None}},
        """ answered 200: {"total_count":4,"success_count":4,"error_count":null}; this cannot be read: """
        "target.polling.errors gives None, not a count; see target.polling",
    ),
}


@pytest.mark.parametrize(("fault", "told"), NEVER_ENDING.values(), ids=NEVER_ENDING)
def test_a_migration_whose_end_cannot_be_seen_stays_accepted_and_the_last_answer_is_told(
    fault, told, tmp_path, sandbox, package
):
    outside, _ = impatient()
    sandbox.ask("faults", {"on": "progress", "times": -1, **fault})
    with pytest.raises(DeadlineMissed) as caught:
        load(package, stuck(sandbox.url), USER_STAGE, tmp_path, outside)
    assert caught.value.exit_code is Exit.TARGET
    first, last = str(caught.value).split("\n")
    assert first.endswith(
        "(batch 1, 4 records of stage 'user') did not end within 60 s; the batch stays accepted; "
        "`etl resume` follows it further; a longer target.polling.deadline (then `etl resume --old-mapping`) gives it more time."
    )
    assert last.startswith("  the last look: ")
    assert last.endswith(told)
    assert states(tmp_path) == {"accepted": 1, "planned": 2}
    sandbox.clear_faults()
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.keys() == TEN


@pytest.mark.parametrize(("fault", "told"), NEVER_ENDING.values(), ids=NEVER_ENDING)
def test_an_odd_look_is_followed_by_another_one(fault, told, tmp_path, sandbox, package):
    outside, events = watched(sleep=lambda seconds: None)
    sandbox.ask("faults", {"on": "progress", "times": 3, **fault})
    summary = load(package, target_of(sandbox.url), USER_STAGE, tmp_path, outside)
    assert line(summary) == {"records": 10, "uploaded": 10, "batches": 3}
    looks = [event for event in events if event.kind in ("retry", "progress")]
    assert len(looks) >= 3


def test_an_odd_look_tells_what_came_back_and_how_long_it_waits(tmp_path, package):
    answers = [
        (200, {"migration_id": "m1"}),
        (404, {}, {"Retry-After": "7"}),
        (200, {"total_count": 4, "success_count": 4}),
    ]
    waits = []
    outside, events = watched(sleep=waits.append)
    done = (200, {"total_count": 4, "success_count": 4, "error_count": 0})
    with scripted(*answers, done, (406, {})) as server, pytest.raises(Refused):
        load(package, target_of(server.url), USER_STAGE, tmp_path, outside)
    assert [event.text for event in events if event.kind == "retry"] == [
        f"batch 1: GET {server.url}/api/v1/remote/1/migrations/m1/ answered 404: {{}}; check target.polling.path; "
        "looking again in 7.0 s",
        f"batch 1: GET {server.url}/api/v1/remote/1/migrations/m1/ answered 200: "
        '{"total_count": 4, "success_count": 4}; this cannot be read: target.polling.errors: '
        "there is no 'error_count' in {total_count, success_count, records}; see target.polling; looking again in 0.0 s",
    ]
    assert waits[:3] == [0, 7.0, pytest.approx(0.015)]


def test_a_total_above_what_was_sent_is_said_and_kept(tmp_path, package):
    def answer(handler, body):
        counts = {"total_count": 5, "success_count": 5, "error_count": 0}
        send(handler, 200, {"migration_id": f"m{len(server.seen)}"} if handler.command == "POST" else counts)

    outside, events = watched()
    with scripted(answer) as server:
        load(package, target_of(server.url), USER_STAGE, tmp_path, outside)
    said = "batch 1: Omnitron counts 5 records, though 4 were sent; ask Akinon what else it counts"
    assert next(event.text for event in events if event.kind == "odd") == said
    assert read_history(tmp_path, "user", "1").sendings[0].steps[-1].note == said


def test_an_end_that_is_declared_too_early_is_not_believed(tmp_path, sandbox, package):
    """Whatever target.polling.done says: the work is queued, and its counts are not those of the end."""
    polling = Polling(interval=0.01, longest=0.05, done="{{ true }}")
    sandbox.fault("slow", seconds=0.02)
    summary = load(package, target_of(sandbox.url, polling=polling), USER_STAGE, tmp_path)
    assert line(summary) == {"records": 10, "uploaded": 10, "batches": 3}


def test_the_polling_expressions_see_how_many_records_were_sent(tmp_path, package):
    polling = Polling(
        total="{{ records }}",
        success="{{ records - failed }}",
        errors="{{ failed }}",
        done="{{ ended }}",
        interval=0.01,
    )

    def answer(handler, body):
        told = {"ended": True, "failed": 1 if handler.path.endswith("m1/") else 0}
        send(handler, 200, {"migration_id": f"m{len(server.seen)}"} if handler.command == "POST" else told)

    with scripted(answer) as server, pytest.raises(GateClosed):
        load(package, target_of(server.url, polling=polling), USER_STAGE, tmp_path)
    with pytest.raises(GateClosed):
        resume(target_of(server.url, polling=polling), USER_STAGE, tmp_path)
    [sending] = read_history(tmp_path, "user", "1").sendings
    assert (sending.total, sending.success, sending.errors) == (4, 3, 1)


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
        send(handler, 200, {"migration_id": f"a/{len(server.seen)}"} if handler.command == "POST" else shape)

    with scripted(answer) as server:
        summary = load(package, target_of(server.url, polling=polling), USER_STAGE, tmp_path)
    assert line(summary) == {"records": 10, "uploaded": 10, "batches": 3}
    assert server.seen[1].path == "/follow/a%2F1"


def test_a_migration_that_never_ends_is_not_lost_and_may_be_said_to_have_arrived(tmp_path, sandbox, package):
    outside, _ = impatient()
    sandbox.fault("never_ends")
    with pytest.raises(DeadlineMissed):
        load(package, stuck(sandbox.url), USER_STAGE, tmp_path, outside)
    migration_id = sandbox.ask("uploads")["results"][0]["migration_id"]
    with pytest.raises(MappingError, match=f"^batch 1 was accepted as {migration_id}, so it is no other migration;"):
        resolve(tmp_path, 1, arrived=True, migration_id="another")
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
