"""What each path of the contract answers. What the contract does not allow is answered as an error, and written down."""

from __future__ import annotations

import json
import secrets

from . import contract
from .asked import Answer
from .channel import Channel
from .controls import Controls
from .faults import Faults
from .multipart import records_of, uploaded_file

LOGIN = {"username": "sandbox", "password": "sandbox"}
LOOKS = ("missing", "zeros", "half", "done")
"""What the looks at a migration see, one after the other: `missing` (404), `zeros`, `half` of its records, `done`."""


class Office:
    """Answers requests; the socket is somebody else's."""

    def __init__(self, ledger, token, number):
        self.ledger, self.faults, self.channel, self.looks = ledger, Faults(), Channel(ledger), LOOKS
        self._number, controls = number, Controls(self)
        ledger.allow(token)
        self._ways = {
            "login": self._login,
            "token": lambda request: Answer(200, {"pk": 1, "username": LOGIN["username"], "is_active": True}),
            "start": self._start,
            "progress": self._progress,
            "customers": self.channel.customers,
            "lists": self.channel.lists,
            "geography": self.channel.geography,
            "control": controls.answer,
        }

    def forget(self):
        """All that arrived, and all that was set."""
        self.faults.clear()
        self.looks, self.channel.shown_after = LOOKS, None
        self.ledger.forget()

    def fault_for(self, request):
        """What this request shall meet, counted down."""
        on, kind = request.endpoint, request.names.get("type")
        if on in ("", "control"):
            return None
        on = "channel" if on in ("customers", "lists") else on
        upload = self._upload(request) if on == "progress" else None
        if upload:
            on, kind = "finished" if self._seen(upload) == "done" else on, upload["type"]
        return self.faults.met(on, kind, request.size)

    def answer(self, request):
        refusal = self._refusal(request)
        return refusal or self._ways[request.endpoint](request)

    def object_to(self, request, status, text):
        self.ledger.object_to(request.number, text)
        return Answer(status, {"detail": text})

    def _refusal(self, request):
        if not request.endpoint:
            return self.object_to(request, 404, f"{request.method} {request.path} is not in the contract")
        if request.endpoint in ("login", "control"):
            return None
        word, _, token = request.headers.get("authorization", "").partition(" ")
        if word != "Token" or not token:
            return self.object_to(request, 401, f"{request.path}: no header 'Authorization: Token KEY'")
        if not self.ledger.allows(token):
            return Answer(401, {"detail": "Invalid token.", "code": "authentication_failed"})
        if request.names.get("channel") not in (None, self._number):
            return self.object_to(request, 404, f"{request.path}: no such channel")
        return None

    def _login(self, request):
        try:
            given = json.loads(request.body)
        except ValueError:
            return self.object_to(request, 400, "the login is not JSON")
        if given != LOGIN:
            return Answer(400, {"non_field_errors": ["Unable to log in with provided credentials."]})
        key = secrets.token_hex(20)
        self.ledger.allow(key)
        return Answer(200, {"key": key})

    def _start(self, request):
        kind = request.names["type"]
        if kind not in contract.TYPES:
            return self.object_to(request, 404, f"there is no migration of '{kind}'")
        try:
            name, content = uploaded_file(request.headers.get("content-type"), request.body)
            exact, kept = records_of(content)
        except ValueError as error:
            return self.object_to(request, 400, f"the upload cannot be read: {error}")
        before = self.ledger.rows("SELECT migration_id FROM uploads ORDER BY rowid DESC LIMIT 1")
        failing = request.fault.count if request.meets("errors") else 0
        given = self.ledger.take(kind, name, content, exact, kept, failing)
        if request.meets("repeated_id"):
            given = before[0]["migration_id"]
        return Answer(200, {"migration_id": "a" * request.fault.size if request.meets("long_id") else given})

    def _upload(self, request):
        found = self.ledger.rows("SELECT * FROM uploads WHERE migration_id = ?", request.names["id"])
        return found[0] if found else None

    def _seen(self, upload):
        return self.looks[min(upload["looks"], len(self.looks) - 1)]

    def _progress(self, request):
        upload = self._upload(request)
        if upload is None:
            return self.object_to(request, 404, f"{request.path[:100]}: no migration has this id")
        seen = self._seen(upload)
        self.ledger.write("UPDATE uploads SET looks = looks + 1 WHERE migration_id = ?", upload["migration_id"])
        if seen == "missing":
            return Answer(404, {"detail": "Not found."})
        odd = ODD.get(request.fault.fault if request.fault else seen)
        counts = odd(upload) if odd else counted(upload, SHARES[seen])
        return Answer(200, {"migration_id": upload["migration_id"], **counts})


SHARES = {"half": 0.5, "done": 1.0}


def counted(upload, share):
    """The counts when this share of the records has been worked off; all of them are known from the start."""
    success, errors = int(upload["success"] * share), int(upload["errors"] * share)
    return {"total_count": upload["count"], "success_count": success, "error_count": errors}


def _zeros(upload):
    return {"total_count": 0, "success_count": 0, "error_count": 0}


def _growing(upload):
    so_far = int(upload["success"] * 0.7)
    return {"total_count": so_far, "success_count": so_far, "error_count": 0}


def _too_great(upload):
    return counted(upload, 1) | {"total_count": upload["count"] + 1}


ODD = {
    "zeros": _zeros,
    "never_ends": lambda upload: counted(upload, 0),
    "growing_total": _growing,
    "total_too_great": _too_great,
    "errors_null": lambda upload: counted(upload, 1) | {"error_count": None},
}
