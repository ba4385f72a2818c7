"""A load that is killed, at every moment that has a name and at others, loses nothing and repeats nothing.

Real processes, SIGKILL, and afterwards what a person does: look with `status`, ask the server about what is unknown,
`resolve`, `resume`. At the end the server has every valid record exactly once. Every test is made against the stand-in and
against the strict server, which shares no code with what is tried here.
"""

import random
import re
from typing import Any

import pytest
from killing import kill_at_random, migration
from servers import SERVERS, served_by

from etl.errors import Exit
from etl.seams import SEAMS

SMALL: dict[str, Any] = {"customers": 16, "batch_size": 4}
"""Eleven valid users in three batches, and as many batches in every other stage."""


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with served_by(request.param) as one:
        yield one


# Moments that only a load which meets a fault comes by. The fault; what `skip` lets through is another occurrence.
FAULTS = {
    "refused": {"name": "error_before", "status": 400},
    "unknown": {"name": "error_after", "status": 500},
    "superseded": {"name": "too_large", "size": 300, "times": 1},
    "file": {"name": "too_large", "size": 300, "times": 1},
}
ONCE = ("run:begun", "run:ended")
"""A command comes by these once; by the others at each batch, or at each stage."""
PASSED_BY = [moment for moment in SEAMS if not moment.startswith("decision")]


def break_for(sandbox, moment, skip):
    """Make a load come by this moment: set the fault that leads to it, if it needs one. Whether it does."""
    fault = FAULTS.get(moment.split(":")[0])
    if fault:
        sandbox.clear_faults()
        sandbox.fault(skip=skip, **fault)
    return fault is not None


@pytest.mark.parametrize("moment", PASSED_BY)
def test_killed_there_in_a_run_and_later_on_in_a_resume_every_record_arrives_once(moment, tmp_path, sandbox):
    one = migration(tmp_path, sandbox, **SMALL)
    break_for(sandbox, moment, skip=0)
    one.killed_at(moment, "run")
    one.decide()
    broken = break_for(sandbox, moment, skip=2)  # the fourth upload is of one record, which cannot be cut
    one.killed_at(moment if broken or moment in ONCE else f"{moment}:3", "resume")
    sandbox.clear_faults()
    one.finish()


def test_a_resume_does_not_send_again_what_a_killed_process_left_on_its_way(tmp_path, sandbox):
    one = migration(tmp_path, sandbox, **SMALL)
    one.killed_at("post:sent:2", "run")
    arrived = one.arrived()
    for _ in range(2):
        ended = one.etl("resume")
        assert ended.code == Exit.UNKNOWN
        said = [re.sub(r" --mapping [^`]*`", "`", line) for line in ended.summary["problems"][-4:]]
        assert said == [
            "the fate of batch 2, 4 records of stage 'user' is unknown: it may have arrived, so it is not sent again; "
            "look in Omnitron whether it did, then `etl resolve 2 --arrived [MIGRATION_ID]` or `etl resolve 2 --lost`",
            f"  its bytes: {one.home}/packages/{one.package()}/payloads/user/000002.json",
            f"  the request: {one.root}/requests.jsonl",
            "  what happened: the process ended before an answer was written",
        ]
        assert one.arrived() == arrived
    one.finish()


def test_killed_while_it_is_written_that_the_fate_is_unknown_it_is_unknown_all_the_same(tmp_path, sandbox):
    """The process that finds a request without an answer is killed, too."""
    one = migration(tmp_path, sandbox, **SMALL)
    one.killed_at("answer:received", "run")
    for moment in ("unknown:unwritten", "unknown:written", "run:begun"):
        one.killed_at(moment, "resume")
        assert [unknown.batch for unknown in one.unknown()] == [1]
    one.finish()


@pytest.mark.parametrize("lost", [False, True], ids=["arrived", "lost"])
def test_killed_in_a_resolve_the_decision_was_made_or_was_not(lost, tmp_path, sandbox):
    one = migration(tmp_path, sandbox, **SMALL)
    one.killed_at("intent:logged:2" if lost else "answer:received:2", "run")
    [unknown] = one.unknown()
    answer = ["--lost"] if lost else ["--arrived", one.arrived()[unknown.sha256]]
    for moment in ("unknown:unwritten", "unknown:written", "run:begun", "decision:unwritten"):
        one.killed_at(moment, "resolve", 2, *answer)
        assert [unknown.batch for unknown in one.unknown()] == [2]
    one.killed_at("decision:written", "resolve", 2, *answer)
    assert one.unknown() == []
    one.finish()


NO_PILOT = "target.require_pilot is set, and no pilot has succeeded yet; run `etl pilot` first"
PILOT_KILLED = ("file:written", "planned:unwritten", "planned:written", "post:sent", "accepted:written")


@pytest.mark.parametrize("moment", PILOT_KILLED)
def test_killed_in_a_pilot_another_one_goes_on_and_the_run_sends_the_rest(moment, tmp_path, sandbox):
    one = migration(tmp_path, sandbox, **SMALL, require_pilot=True)
    one.killed_at(f"{moment}:2", "pilot", "--key", "2")
    one.decide()
    said = one.etl("run").summary["problems"][-1]
    assert re.sub(r"`etl pilot [^`]*`", "`etl pilot`", said) == NO_PILOT
    ended = one.etl("pilot")
    assert ended.code == 0, ended
    one.finish()


def test_killed_when_its_success_is_on_the_disk_a_pilot_has_succeeded(tmp_path, sandbox):
    one = migration(tmp_path, sandbox, **SMALL, require_pilot=True)
    one.killed_at("run:ended", "pilot", "--key", "2")
    one.finish()


SEVERAL_AT_ONCE = (
    "file:written",
    "planned:unwritten",
    "sending:written",
    "post:sent",
    "answer:received",
    "done:unwritten",
)


@pytest.mark.parametrize("moment", SEVERAL_AT_ONCE)
def test_killed_with_three_batches_in_flight_and_a_ramp_up_every_record_arrives_once(moment, tmp_path, sandbox):
    one = migration(tmp_path, sandbox, **SMALL, concurrency=3, ramp_up=True)
    one.killed_at(f"{moment}:5", "run")
    one.finish()


KILLS = 25
"""Of each of the four migrations."""
SHOPS = {
    "one at a time": {},
    "three at once, with a ramp-up": {"concurrency": 3, "ramp_up": True},
}


@pytest.mark.parametrize("name", SHOPS)
def test_killed_again_and_again_at_random_moments_every_record_arrives_once(name, tmp_path, sandbox):
    kill_at_random(migration(tmp_path, sandbox, **SMALL, **SHOPS[name]), random.Random(name), KILLS)
