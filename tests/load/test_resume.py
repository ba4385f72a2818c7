"""A load that ends in the middle, by trouble, a signal or a kill: the journal is right, and what a person may ask it."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from load_helpers import (
    PASSWORD,
    TOKEN,
    USER_STAGE,
    lines,
    scripted,
    send,
    states,
    target_of,
    user,
)
from rich.console import Console
from waiting import eventually

from etl.errors import Ambiguous, MappingError, PackageError, Refused
from etl.journal.database import JournalError
from etl.journal.history import read_history
from etl.journal.journal import Journal
from etl.journal.status import read_status
from etl.journal.workspace import Occupied, Workspace
from etl.load.resolve import resolve
from etl.load.uploader import NO_PILOT, check_ready, load, resume
from etl.outside import Outside
from etl.report.history import print_history
from etl.seams import SEAMS
from etl.stop import Stop, Stopped
from etl.target import Secret

TEN = sorted(str(n) for n in range(1, 11))


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


def test_a_journal_that_is_locked_when_the_answer_comes_takes_it_from_the_log_later(tmp_path, package):
    other = []

    def answer(handler, body):
        one = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None, check_same_thread=False)
        one.execute("BEGIN IMMEDIATE")
        other.append(one)
        send(handler, 200, {"migration_id": "m1"})

    with scripted(answer) as server, pytest.raises(JournalError) as caught:
        load(package, target_of(server.url), USER_STAGE, tmp_path, Outside(busy_seconds=0.01))
    other[0].close()
    assert str(caught.value) == (
        f"batch 1 was accepted as migration m1; but this could not be written: {tmp_path}/journal.sqlite: locked by another "
        "program; close what has it open (nothing was lost), and give the same command again, which takes "
        "it from requests.jsonl"
    )
    assert states(tmp_path) == {"sending": 1, "planned": 2}
    assert read_status(tmp_path).attention == ()
    Journal.open(Workspace(tmp_path)).close()
    assert states(tmp_path) == {"accepted": 1, "planned": 2}
    [sending] = read_history(tmp_path, "user", "1").sendings
    assert (sending.migration_id, sending.steps[-1].note) == ("m1", "taken from requests.jsonl: answered 200")


def test_there_is_nothing_to_resume_where_nothing_was_loaded(tmp_path):
    with pytest.raises(
        JournalError, match="no journal here; nothing has been sent to this target from this workspace yet"
    ):
        resume(target_of("http://localhost"), USER_STAGE, tmp_path)


def test_a_run_waits_for_a_pilot_when_the_target_requires_one(tmp_path, sandbox, package):
    with pytest.raises(MappingError) as caught:
        load(package, target_of(sandbox.url, require_pilot=True), USER_STAGE, tmp_path)
    assert str(caught.value) == ("target.require_pilot is set, and no pilot has succeeded yet; run `etl pilot` first")
    assert sandbox.keys() == []


# Stopping, and being killed


def test_before_preparing_it_is_asked_for_a_pilot_and_omnitron_is_not(tmp_path, package):
    with scripted((200, {})) as server, pytest.raises(MappingError) as caught:
        check_ready(target_of(server.url, require_pilot=True), tmp_path, Outside())
    assert (str(caught.value), server.seen) == (NO_PILOT, [])


def test_before_preparing_it_is_asked_whether_the_workspace_is_free(tmp_path, package):
    workspace = Workspace(tmp_path)
    with scripted((200, {})) as server, workspace.locked() as holder, pytest.raises(Occupied) as caught:
        check_ready(target_of(server.url), tmp_path, Outside())
    assert f"process {holder.pid} " in str(caught.value)
    assert server.seen == []


def test_before_preparing_omnitron_is_asked_whether_it_takes_the_token(tmp_path, sandbox):
    with pytest.raises(Refused, match=r"^\S+ does not accept the token; set a valid one in target\.token"):
        check_ready(target_of(sandbox.url, token=Secret("of somebody else")), tmp_path, Outside())
    check_ready(target_of(sandbox.url), tmp_path, Outside())


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
import os
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from load_helpers import STAGES, target_of
from etl.load.resolve import resolve
from etl.load.uploader import load
from etl.outside import Outside
from etl.seams import seam_from_environment
from etl.stop import Stop
from etl.package import Package
root, seam = Path(sys.argv[1]), seam_from_environment()
stop = Stop(lambda name: print(f"heard {name}", flush=True))
outside = Outside(seam=seam, stop=stop)
if sys.argv[3] == "resolve":
    resolve(root, 2, arrived=False, outside=outside)
    sys.exit()
def told(event):
    print(event.kind, flush=True)
if "ETL_TELL" in os.environ:
    seam = lambda moment: print(moment, flush=True)
outside = Outside(seam=seam, stop=stop, events=told)
with stop.on_signals():
    load(Package.open(root / "packages" / "one"), target_of(sys.argv[2]), STAGES[:1], root, outside)
"""


def start(root, url, what="load", shell="", **environment):
    command = [sys.executable, "-c", LOAD, root, url, what, str(Path(__file__).parents[1])]
    command = ["sh", "-c", f'{shell}; exec "$@"', "sh", *command] if shell else command
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def decide_by_asking(root, sandbox):
    """What a person does with an unknown batch: look in Omnitron whether its bytes are there."""
    arrived = {one["sha256"]: one["migration_id"] for one in sandbox.ask("uploads")["results"]}
    for one in read_status(root).attention:
        if one.state == "unknown":
            resolve(root, one.batch, arrived=one.sha256 in arrived, migration_id=arrived.get(one.sha256))


# Moments that only a load which meets a fault comes by.
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
    resume(target_of(sandbox.url), USER_STAGE, tmp_path)
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


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def said(process, line):
    """Read what it prints until this line; it must not end before."""
    while (one := process.stdout.readline()) != f"{line}\n":
        assert one, process.stderr.read()


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_ends_it_in_order(number, tmp_path, sandbox, package):
    sandbox.fault("never_ends")
    process = start(tmp_path, sandbox.url)
    said(process, "progress")
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"etl.stop.Stopped: stopped by {number.name}; `etl resume` goes on where this ended" in error
    assert states(tmp_path) == {"accepted": 1, "planned": 2}


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_it_at_once(number, tmp_path, sandbox, package):
    sandbox.fault("delay_answer", seconds=60)
    process = start(tmp_path, sandbox.url, ETL_TELL="1")
    said(process, "post:sent")
    process.send_signal(number)
    said(process, f"heard {number.name}")
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == -number
    assert states(tmp_path) == {"unknown": 1, "planned": 2}


def test_a_hang_up_that_is_ignored_stays_ignored(tmp_path, sandbox, package):
    """As `nohup` starts it."""
    sandbox.fault("never_ends")
    process = start(tmp_path, sandbox.url, shell='trap "" HUP')
    said(process, "progress")
    process.send_signal(signal.SIGHUP)
    said(process, "progress")
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert "stopped by SIGTERM" in error


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
    assert (sending.batch, sending.position, sending.state, sending.counts) == (2, 1, "done", True)
    assert json.loads(sending.record) == user(6)
    assert (sending.file, sending.package) == (package.path / "payloads/user/000002.json", package.path)
    assert [step.after for step in sending.steps] == ["planned", "sending", "accepted", "done"]
    assert [one["phase"] for one in sending.requests if one["purpose"] == "start"] == ["sending", "answered"]
    assert sending.requests[1]["answer"] == json.dumps({"migration_id": sending.migration_id}, separators=(",", ":"))
    assert read_history(tmp_path, "user", "99").sendings == ()


def test_history_shows_no_counts_that_nobody_has_told(tmp_path, sandbox, package, capsys):
    sandbox.fault("error_before", status=502)
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    print_history(Console(), read_history(tmp_path, "user", "1"))
    assert "\n  migration  not known\n" in capsys.readouterr().out


def test_history_does_not_show_bytes_that_are_not_those_that_were_sent(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    (package.path / "payloads/user/000002.json").write_bytes(b"[\n{}\n]\n")
    assert read_history(tmp_path, "user", "6").sendings[0].record is None


def test_status_tells_the_time_left_only_while_something_runs(tmp_path, sandbox, package):
    sandbox.fault("never_ends", skip=1)
    process = start(tmp_path, sandbox.url)

    def accepted():
        assert process.poll() is None, process.communicate()
        return sandbox.uploads() == [4, 4] and states(tmp_path).get("accepted") == 1

    eventually(accepted)
    status = read_status(tmp_path)
    assert status.forecast == status.left / status.per_second > 0
    process.kill()
    process.communicate()
    status = read_status(tmp_path)
    assert (status.forecast, status.left, status.goes_on) == (None, 6, "resume")


def test_status_tells_throughput(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=400, skip=2)
    with pytest.raises(Refused):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    status = read_status(tmp_path)
    assert (status.run.command, status.running, status.package) == ("run", None, package.path)
    assert status.run.outcome.startswith("batch 3, 2 records of stage 'user': nothing of it was accepted; ")
    assert status.per_second > 0
    assert (status.forecast, status.goes_on) == (None, None)
    assert (status.stages[0].uploaded, status.stages[0].refused, status.ok) == (8, 2, False)


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
