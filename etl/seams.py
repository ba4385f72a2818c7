"""The moments of a load that a test may name to end the process there, as a power cut would.

A seam for tests: with ETL_KILL_AT=name or ETL_KILL_AT=name:n in the environment the process sends itself SIGKILL the n-th
time it comes by that moment. Without it nothing happens. This is the one place that reads the variable.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from itertools import count

Seam = Callable[[str], None]

VARIABLE = "ETL_KILL_AT"

STATE_SEAMS = ("planned", "superseded", "sending", "accepted", "done", "refused", "unknown")

SEAMS = (
    *(f"{state}:{moment}" for state in STATE_SEAMS for moment in ("unwritten", "written")),
    "file:written",
    "intent:logged",
    "post:began",
    "post:sent",
    "answer:received",
    "answer:logged",
    "decision:unwritten",
    "decision:written",
    "run:begun",
    "run:ended",
)
"""`state:unwritten` is before the transition is committed, `state:written` just after it is durable."""


def no_seam(name: str) -> None:
    """What is called at each moment when nobody asked for anything."""


def seam_from_environment(environment: Mapping[str, str] = os.environ) -> Seam:
    """The seam that ETL_KILL_AT asks for. Raises ValueError for a moment that does not exist."""
    wanted = environment.get(VARIABLE)
    if not wanted:
        return no_seam
    name, _, number = wanted.rpartition(":") if wanted.rpartition(":")[2].isdigit() else (wanted, "", "1")
    if name not in SEAMS:
        raise ValueError(f"{VARIABLE}={wanted}: there is no moment '{name}'; there are: {', '.join(SEAMS)}")
    return _kill_at(name, int(number))


def _kill_at(name: str, number: int) -> Seam:
    passed = count(1)  # no two threads get the same number of it

    def seam(moment: str) -> None:
        if moment == name and next(passed) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return seam
