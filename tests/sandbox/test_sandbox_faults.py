"""The stand-in's faults, each met by a real client on a real socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import requests
from sandbox_client import TOKEN, USER, WAIT

from etl.sandbox.breaking import BREAKS
from etl.sandbox.faults import KINDS

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"


STATUS_FAULTS = [400, 401, 404, 406, 413, 415, 429, 500, 502, 503, 504]


@pytest.mark.parametrize("status", STATUS_FAULTS)
def test_error_before_answers_the_status_and_accepts_nothing(sandbox, status):
    sandbox.fault("error_before", type="user", status=status, retry_after=7)
    answer = sandbox.start("user", [USER])
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert sandbox.uploads() == []
    assert sandbox.start("user", [USER]).status_code == 200


def test_error_after_accepts_and_answers_the_status_with_the_body_that_was_asked_for(sandbox):
    sandbox.fault("error_after", status=502, body="<h1>Bad Gateway</h1>")
    answer = sandbox.start("user", [USER])
    assert (answer.status_code, answer.text) == (502, "<h1>Bad Gateway</h1>")
    assert [upload["count"] for upload in sandbox.uploads()] == [1]


def test_too_large_answers_413_above_its_size_only(sandbox):
    sandbox.fault("too_large", size=5000)
    many = [USER | {"customer_code": str(number)} for number in range(50)]
    assert [sandbox.start("user", records).status_code for records in (many, [USER], many)] == [413, 200, 413]


def test_expire_token_is_401_until_a_new_login(sandbox):
    login = {"username": "sandbox", "password": "sandbox"}
    old, new = (sandbox.post("/api/v1/auth/login/", json=login).json()["key"] for _ in range(2))
    sandbox.fault("expire_token", on="progress")
    migration_id = sandbox.start("user", [USER]).json()["migration_id"]
    path = f"/api/v1/remote/1/migrations/{migration_id}/"
    statuses = [sandbox.get(path, headers={"Authorization": f"Token {key}"}).status_code for key in (old, old, new)]
    assert statuses == [401, 401, 200]


def test_refuse_closes_the_port_right_after_the_answer_and_opens_it_again(sandbox):
    sandbox.fault("refuse", type="user", seconds=1)
    progress = sandbox.migrate("user", USER)
    assert progress["status"] == "finished"
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        sandbox.state()
    while not can_connect(sandbox.url):
        pass
    assert sandbox.state()["user"]["stored"] == 1


def can_connect(url):
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [("drop_before_body", 0), ("drop_during_body", 0), ("drop_after_body", 0), ("drop_after_accept", 1)],
)
@pytest.mark.parametrize("size", [1, 5000])
def test_a_dropped_connection_is_a_real_one(sandbox, fault, arrived, size):
    records = [USER | {"customer_code": str(number)} for number in range(size)]
    sandbox.fault(fault)
    with pytest.raises(requests.ConnectionError):
        sandbox.start("user", records)
    assert len(sandbox.uploads()) == arrived


def test_half_an_answer_ends_before_its_length_and_the_upload_was_accepted(sandbox):
    sandbox.fault("half_answer")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        sandbox.start("user", [USER])
    assert len(sandbox.uploads()) == 1


def test_an_answer_that_is_not_http_breaks_the_client(sandbox):
    sandbox.fault("not_http")
    with pytest.raises(requests.ConnectionError, match="BadStatusLine"):
        sandbox.start("user", [USER])
    assert len(sandbox.uploads()) == 1


@pytest.mark.parametrize(("fault", "body"), [("wrong_json", "{'id': "), ("no_migration_id", '{"detail":"Queued."}')])
def test_an_answer_without_a_migration_id_is_200_and_the_upload_was_accepted(sandbox, fault, body):
    sandbox.fault(fault)
    answer = sandbox.start("user", [USER])
    assert (answer.status_code, answer.text, len(sandbox.uploads())) == (200, body, 1)


def test_progress_may_answer_in_a_shape_nobody_knows(sandbox):
    sandbox.fault("unknown_progress", type="user")
    assert sandbox.migrate("user", USER) == {"state": "RUNNING"}


def test_progress_that_never_ends_ends_when_the_faults_are_cleared(sandbox):
    sandbox.fault("never_ends", type="user")
    stuck = sandbox.migrate("user", USER)
    assert (stuck["status"], stuck["total_count"], stuck["success_count"], stuck["error_count"]) == ("running", 1, 0, 0)
    sandbox.clear_faults()
    assert sandbox.progress(stuck["migration_id"])["success_count"] == 1


def test_slow_work_is_seen_in_progress_record_by_record(sandbox):
    sandbox.fault("slow", seconds=0.05)
    records = [USER | {"customer_code": str(number), "email": f"{number}@example.com"} for number in range(10)]
    migration_id = sandbox.start("user", records).json()["migration_id"]
    seen = [sandbox.progress(migration_id)["success_count"]]
    while seen[-1] < 10:
        seen.append(sandbox.progress(migration_id)["success_count"])
    assert seen == sorted(seen)
    assert set(seen) - {0, 10}


def test_errors_makes_so_many_records_of_the_upload_fail(sandbox):
    sandbox.fault("errors", count=2)
    records = [USER | {"customer_code": str(number), "email": f"{number}@example.com"} for number in range(5)]
    progress = sandbox.migrate("user", *records)
    assert (progress["success_count"], progress["error_count"]) == (3, 2)
    assert [error["reasons"] for error in sandbox.errors()] == [{"fault": "Made to fail."}] * 2
    assert [row["stored"] for row in sandbox.records("user")] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(("fault", "arrived"), [("delay", 0), ("delay_answer", 1)])
def test_a_client_that_gives_up_waiting_may_or_may_not_have_arrived(sandbox, fault, arrived):
    sandbox.fault(fault, seconds=0.7)
    path = sandbox.url + "/api/v1/remote/1/migrations/start/user/"
    headers = {"Authorization": f"Token {TOKEN}"}
    files = {"file": ("a.json", json.dumps([USER]).encode())}
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(path, headers=headers, files=files, timeout=(WAIT, 0.1))
    # The delayed request is judged before this one, which waits longer than it did.
    sandbox.fault("delay", on="token", seconds=0.9)
    assert sandbox.get("/api/v1/active_user/").status_code == 200
    assert len(sandbox.uploads()) == arrived


def test_a_fault_waits_for_its_turn_and_is_met_so_many_times(sandbox):
    sandbox.fault("error_before", type="order", skip=1, times=2, status=503)
    statuses = [sandbox.start(payload, [{}]).status_code for payload in ("user", "order", "order", "order", "order")]
    assert statuses == [200, 200, 503, 503, 200]


@pytest.mark.parametrize(
    ("settings_", "reason"),
    [
        ({"fault": "explode"}, "There is no fault 'explode'. There are: error_before, "),
        ({"fault": "slow", "second": 1}, "A fault has no setting 'second'. It has: fault, on, type, "),
        ({"fault": "slow", "on": "strat"}, "There is no endpoint 'strat'. There are: login, token, start, "),
        ({"fault": "slow", "type": "users"}, "There is no type 'users'. There are: user, address, order, order_item."),
        ({"fault": "slow", "times": "3"}, "'times' must be a number."),
        ([], ""),
    ],
)
def test_a_fault_that_cannot_be_set_is_400_and_says_what_is_possible(sandbox, settings_, reason):
    answer = sandbox.post("/_sandbox/faults", json=settings_)
    assert answer.status_code == (400 if reason else 200)
    assert answer.json().get("detail", "").startswith(reason)


def test_every_fault_is_carried_out_and_documented():
    rows = [line.split("|")[1].strip(" `") for line in DOCS.read_text(encoding="utf-8").splitlines() if "|" in line]
    assert list(BREAKS) == list(KINDS)
    assert [name for name in rows if name in KINDS] == list(KINDS)
    for kind in KINDS.values():
        assert kind.sentence in DOCS.read_text(encoding="utf-8")
