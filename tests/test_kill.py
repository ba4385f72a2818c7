"""A load that is killed, at every moment that has a name and at others, loses nothing and repeats nothing.

Real processes, SIGKILL, and afterwards what a person does: look with `status`, ask the stand-in about what is unknown,
`resolve`, `resume`. At the end the stand-in has every valid record exactly once.
"""

import random

import pytest
from killing import KILLED, Migration, migration
from load_helpers import Sandbox

from etl.errors import Exit
from etl.load import SEAMS, read_status

SMALL = {"customers": 16, "batch_size": 4}
"""Eleven valid users in three batches, and as many batches in every other stage."""


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
    broken = break_for(sandbox, moment, skip=3)
    one.killed_at(moment if broken or moment in ONCE else f"{moment}:3", "resume")
    sandbox.clear_faults()
    one.finish()


SEVERAL_AT_ONCE = ("file:written", "planned:unwritten", "sending:written", "post:sent", "answer:received", "done:unwritten")


@pytest.mark.parametrize("moment", SEVERAL_AT_ONCE)
def test_killed_with_three_batches_in_flight_and_a_ramp_up_every_record_arrives_once(moment, tmp_path, sandbox):
    one = migration(tmp_path, sandbox, **SMALL, concurrency=3, ramp_up=True)
    one.killed_at(f"{moment}:5", "run")
    one.finish()
