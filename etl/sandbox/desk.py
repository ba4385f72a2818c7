"""What every handler works with, and the one way an answer other than success is made."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from etl.sandbox.faults import Switch
from etl.sandbox.geography import Geography
from etl.sandbox.store import Store
from etl.sandbox.transport import Door
from etl.sandbox.worker import Worker


@dataclass(frozen=True, slots=True)
class Account:
    """Who may log in to the API, and the one channel there is."""

    username: str = "sandbox"
    password: str = "sandbox"  # noqa: S105  documented; the sandbox listens on loopback only
    channel: str = "1"


@dataclass(slots=True)
class Showing:
    """Whether migrated users and their addresses are found in the channel: so many seconds after they came, or never.

    Nobody documents which of the two the real one does.
    """

    after: float | None = None

    def until(self) -> str:
        """The time of arrival up to which they are found, in the store's text; "" is before all of them."""
        if self.after is None:
            return ""
        return (datetime.now(UTC) - timedelta(seconds=self.after)).isoformat(timespec="milliseconds")

    def change(self, given: object) -> None:
        """From {"after": seconds or null}. Raises ValueError."""
        after = given.get("after", "") if isinstance(given, dict) else ""
        if after is not None and (isinstance(after, bool) or not isinstance(after, int | float) or after < 0):
            raise ValueError("'after' is a number of seconds, or null where migrated users are never shown.")
        self.after = after


@dataclass(frozen=True, slots=True)
class Desk:
    account: Account
    store: Store
    geography: Geography
    worker: Worker
    switch: Switch = field(default_factory=Switch)
    door: Door = field(default_factory=Door)
    showing: Showing = field(default_factory=Showing)


def desk_of(request: Request) -> Desk:
    return cast(Desk, request.app.state.desk)


class RefusalError(Exception):
    """An answer with an error status and a JSON body."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.status, self.body = status, body


async def answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return JSONResponse(error.body, error.status)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own errors (404, 405, a broken form) in the shape of Omnitron's."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)


async def answer_own_fault(request: Request, error: Exception) -> Response:
    """A mistake in the sandbox itself: its trace goes to stderr, so that it is not taken for a fault that was set."""
    logging.getLogger("etl.sandbox").error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse({"detail": "The sandbox itself has failed; its stderr says why."}, 500)


def not_found() -> RefusalError:
    return RefusalError(404, {"detail": "Not found."})


async def json_object(request: Request) -> dict[str, object]:
    """The request's JSON body. Raises RefusalError (400, or 415 when it is of another type)."""
    if "json" not in request.headers.get("content-type", ""):
        kind = request.headers.get("content-type", "")
        raise RefusalError(415, {"detail": f'Unsupported media type "{kind}" in request.'})
    try:
        content = await request.json()
    except ValueError as error:
        raise RefusalError(400, {"detail": f"JSON parse error - {error}"}) from None
    if not isinstance(content, dict):
        raise RefusalError(400, {"non_field_errors": ["Invalid data. Expected a dictionary."]})
    return content
