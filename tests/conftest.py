"""No test is timed: a machine that is busy is no fault of the code. And none minds where it was started from."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from load_helpers import Sandbox

MEMORY, ROOM = Path("/dev/shm"), 2 << 30
"""What a disk keeps when the power fails is not what is tried here: where a disk of memory has room, waiting is saved."""

if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None

# Processes that start by hand compile a module once, and not each of them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")

# `nohup make test &`: a shell gives its jobs in the background a SIGINT that is ignored, and every process that a test
# starts would inherit that. With a handler of one's own they start as at a prompt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)

HANDLERS = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}


def pytest_runtest_teardown():
    """A load that was asked to stop in this process leaves a handler that ends it at the next signal: one that a test sends."""
    for number, handler in HANDLERS.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.fixture(scope="session")
def stand_in():
    """The stand-in for Omnitron, in a process of its own; started once."""
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def server(stand_in):
    """What `sandbox` is: a file of tests may name another one."""
    return stand_in


@pytest.fixture
def sandbox(server):
    """The server as it is when nobody has sent anything."""
    server.reset()
    yield server
    server.clear_faults()
