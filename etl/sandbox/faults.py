"""The fault switch: what shall go wrong, where, and how often. Pure: breaking.py carries the faults out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from etl.sandbox.rules import TYPES

FOR_EVER = -1
ANY = "any"

# The first that matches a path names its endpoint; `type` is the payload type, `migration` the id it is looked up by.
ENDPOINTS = (
    ("login", re.compile(r"/api/[vi]1/auth/login/?")),
    ("token", re.compile(r"/api/v1/active_user/?")),
    ("start", re.compile(r"/api/v1/remote/[^/]+/migrations/start/(?P<type>[^/]+)/?")),
    ("progress", re.compile(r"/api/v1/remote/[^/]+/migrations/(?P<migration>[^/]+)/?")),
    ("geography", re.compile(r"/api/v1/(channel/[^/]+/)?(countries|cities|townships|districts)/?")),
    ("channel", re.compile(r"/api/v1/channel/[^/]+/(customers|addresses|cargos)/?")),
    ("shop_login", re.compile(r"/users/login/?")),
    ("shop", re.compile(r"/(csrf_token|current_user|address|account/address|users/old-orders)(/.*)?")),
)
# A `progress` request whose answer says that the migration is done; a fault on `progress` meets it too.
FINISHED = "finished"
PLACES = (*(name for name, _ in ENDPOINTS), FINISHED, ANY)


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault by name: one sentence for docs/sandbox.md, and what it is unless the request says otherwise."""

    sentence: str
    defaults: Mapping[str, Any]


def _kind(sentence: str, **defaults: Any) -> FaultKind:
    return FaultKind(sentence, defaults)


KINDS: Mapping[str, FaultKind] = {
    "error_before": _kind("Answers `status` and does nothing.", status=500),
    "error_after": _kind("Does what was asked (accepts the upload), then answers `status`.", status=500),
    "too_large": _kind("Answers 413 when the request body is larger than `size` bytes.", status=413, times=FOR_EVER),
    "expire_token": _kind("Forgets the token the request came with, so that it is answered 401 until a new login."),
    "refuse": _kind(
        "Answers as usual, then refuses every connection for `seconds`; open ones are closed.", on=FINISHED, seconds=1.0
    ),
    "drop_before_body": _kind("Resets the connection when the headers have come; the body is never read."),
    "drop_during_body": _kind("Reads some of the body, then resets the connection."),
    "drop_after_body": _kind("Reads the whole body, does nothing, resets the connection without an answer."),
    "drop_after_accept": _kind("Does what was asked, resets the connection without an answer."),
    "half_answer": _kind("Does what was asked, sends half of the answer's body and closes the connection."),
    "not_http": _kind("Does what was asked, answers something that is not HTTP and closes the connection."),
    "wrong_json": _kind("Does what was asked, answers 200 with `body`, which is not JSON.", status=200, body="{'id': "),
    "no_migration_id": _kind(
        "Does what was asked, answers 200 with `body`, without a migration_id.", status=200, body={"detail": "Queued."}
    ),
    "repeated_id": _kind("Does what was asked, answers with the migration_id of the upload before."),
    "unknown_progress": _kind(
        "Answers progress in a shape nobody knows, `body`.", on="progress", status=200, body={"state": "RUNNING"}
    ),
    "delay": _kind(
        "Waits `seconds` before it reads the request; a client that gives up first has sent nothing.", seconds=1.0
    ),
    "delay_answer": _kind("Does what was asked, then waits `seconds` before it answers.", seconds=1.0),
    "trickle": _kind("Does what was asked, then answers byte by byte, with `seconds` between them.", seconds=0.4),
    "never_ends": _kind(
        "Progress stays at 0 of n, though the work is done; it ends when the faults are cleared.",
        on="progress",
        times=FOR_EVER,
    ),
    "slow": _kind("The accepted upload is worked off slowly: `seconds` for each record.", seconds=0.05),
    "errors": _kind("The first `count` records of the accepted upload fail: they count as errors, are not stored."),
    "one_time_code": _kind("The shop's login asks for a one-time code (202).", on="shop_login", status=202, body={}),
    "captcha": _kind(
        "The shop's login asks for a captcha.",
        on="shop_login",
        status=200,
        body={"redirect_url": "/users/login/captcha/"},
    ),
}


@dataclass(slots=True)
class Fault:
    """One thing that shall go wrong. `times` counts down to 0, -1 is for ever; `skip` lets that many requests pass."""

    fault: str
    on: str = "start"
    type: str | None = None
    times: int = 1
    skip: int = 0
    status: int = 500
    retry_after: str | None = None
    seconds: float = 0.0
    size: int = 0
    count: int = 1
    body: Any = None

    def meets(self, call: Seen) -> bool:
        in_place = self.on in (ANY, call.endpoint) or (self.on == "progress" and call.endpoint == FINISHED)
        large_enough = self.fault != "too_large" or call.size > self.size
        return in_place and self.type in (None, call.type) and large_enough


@dataclass(frozen=True, slots=True)
class Seen:
    """What the switch needs to know of a request. `size` is its Content-Length."""

    endpoint: str
    type: str | None = None
    size: int = 0


class Switch:
    """The faults that are set, in order. Used from the server's event loop only."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, settings: object) -> None:
        self._faults += [read_fault(one) for one in (settings if isinstance(settings, list) else [settings])]

    def clear(self) -> None:
        self._faults.clear()

    def listing(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._faults]

    def take(self, call: Seen) -> Fault | None:
        """The fault this request meets, counted down; None when it shall be served as usual."""
        for fault in self._faults:
            if fault.times != 0 and fault.meets(call):
                if fault.skip == 0:
                    fault.times -= fault.times > 0
                    return fault
                fault.skip -= 1
        return None


def read_fault(settings: object) -> Fault:
    """A fault from its JSON. Raises ValueError with a sentence that names what is possible."""
    if not isinstance(settings, dict) or not isinstance(settings.get("fault"), str):
        raise ValueError('A fault is an object such as {"fault": "error_after", "on": "start", "status": 502}.')
    name = settings["fault"]
    if name not in KINDS:
        raise ValueError(f"There is no fault '{name}'. There are: {', '.join(KINDS)}.")
    known = [field.name for field in fields(Fault)]
    strange = [key for key in settings if key not in known]
    if strange:
        raise ValueError(f"A fault has no setting '{strange[0]}'. It has: {', '.join(known)}.")
    fault = Fault(**{**KINDS[name].defaults, **settings})
    _check(fault)
    return fault


def _check(fault: Fault) -> None:
    if fault.on not in PLACES:
        raise ValueError(f"There is no endpoint '{fault.on}'. There are: {', '.join(PLACES)}.")
    for name, kinds in (
        ("times", int),
        ("skip", int),
        ("status", int),
        ("size", int),
        ("count", int),
        ("seconds", (int, float)),
    ):
        if isinstance(getattr(fault, name), bool) or not isinstance(getattr(fault, name), kinds):
            raise ValueError(f"'{name}' must be a number.")
    if fault.type not in (None, *TYPES):
        raise ValueError(f"There is no type '{fault.type}'. There are: {', '.join(TYPES)}.")
    if not 200 <= fault.status <= 599:
        raise ValueError("'status' must be between 200 and 599.")
    if fault.retry_after is not None:
        fault.retry_after = str(fault.retry_after)
