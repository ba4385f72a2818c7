"""The moments of a load that a test may name to end the process there, as a power cut would.

A seam for tests: with ETL_KILL_AT=name or ETL_KILL_AT=name:n in the environment the process sends itself SIGKILL the n-th
time it comes by that moment. Without it nothing happens. This is the one place that reads the variable.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping

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
    name, _, count = wanted.rpartition(":") if wanted.rpartition(":")[2].isdigit() else (wanted, "", "1")
    if name not in SEAMS:
        raise ValueError(f"{VARIABLE}={wanted}: there is no moment '{name}'; there are: {', '.join(SEAMS)}")
    return _kill_at(name, int(count))


def _kill_at(name: str, count: int) -> Seam:
    lock, left = threading.Lock(), [count]

    def seam(moment: str) -> None:
        if moment != name:
            return
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return seam
