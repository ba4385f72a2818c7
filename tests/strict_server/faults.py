"""What shall go wrong, and when. A fault is JSON: its name, and where, when and how often a request meets it."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

FOR_EVER = -1

OF_ITS_OWN: dict[str, dict[str, Any]] = {
    "too_large": {"status": 413, "times": FOR_EVER},
    "refuse": {"on": "finished", "seconds": 1.0},
    "wrong_json": {"status": 200, "body": "{'id': "},
    "html": {"status": 200, "body": "<!DOCTYPE html><title>Maintenance</title><h1>We are back soon</h1>"},
    "no_migration_id": {"status": 200, "body": {"detail": "Queued."}},
    "unknown_progress": {"on": "progress", "status": 200, "body": {"state": "RUNNING"}},
    "never_ends": {"on": "progress", "times": FOR_EVER},
    "zeros": {"on": "progress"},
    "growing_total": {"on": "progress"},
    "total_too_great": {"on": "progress"},
    "errors_null": {"on": "progress"},
    "long_id": {"size": 5 * 2**20},
    "delay": {"seconds": 1.0},
    "delay_answer": {"seconds": 1.0},
    "trickle": {"seconds": 0.4},
}
"""What a fault is unless it is said otherwise."""


@dataclass
class Fault:
    """`on`: login, token, start, progress, finished (the progress that says so), geography, channel, or any.

    `skip` requests pass before, `times` meet it. `type` is that of the upload; `size` in bytes, `count` in records.
    """

    fault: str
    on: str = "start"
    type: str | None = None
    skip: int = 0
    times: int = 1
    status: int = 500
    retry_after: int | None = None
    location: str | None = None
    body: object = None
    seconds: float = 0.0
    size: int = 0
    count: int = 1

    def meets(self, on, kind, size):
        there = self.on in ("any", on) or (self.on, on) == ("progress", "finished")
        return there and self.type in (None, kind) and (self.fault != "too_large" or size > self.size)


class Faults:
    """Those that are set, in their order; each request meets one at most."""

    def __init__(self):
        self._lock, self._faults = threading.Lock(), []

    def set(self, *settings):
        made = [Fault(**{**OF_ITS_OWN.get(one["fault"], {}), **one}) for one in settings]
        with self._lock:
            self._faults += made

    def clear(self):
        with self._lock:
            self._faults.clear()

    def listing(self):
        return [asdict(one) for one in self._faults]

    def met(self, on, kind, size):
        with self._lock:
            for one in self._faults:
                if one.times and one.meets(on, kind, size):
                    if not one.skip:
                        one.times -= one.times > 0
                        return one
                    one.skip -= 1
        return None
