"""The sandbox's own endpoints under /_sandbox/: what arrived, what was stored, the fault switch. No token needed."""

from __future__ import annotations

import asyncio
import time

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from etl.sandbox.desk import RefusalError, desk_of, json_object, not_found
from etl.sandbox.rules import TYPES

_LOOK_AGAIN = 0.01
_COUNTS = (
    "SELECT type, count(*) AS records, sum(received) AS received, sum(stored) AS stored FROM records GROUP BY type"
)
_SENT = "SELECT type, count(*) AS uploads, sum(errors) AS errors FROM uploads GROUP BY type"
_ZERO = {"uploads": 0, "records": 0, "received": 0, "stored": 0, "errors": 0}


async def state(request: Request) -> Response:
    """Counts per type. `?wait=SECONDS` first waits until the queue is worked off, that long at most."""
    store = desk_of(request).store
    deadline = time.monotonic() + _seconds(request.query_params.get("wait", "0"))
    while (pending := len(store.unfinished())) and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_AGAIN)
    counts = {payload: dict(_ZERO) for payload in TYPES}
    for row in store.rows(_COUNTS) + store.rows(_SENT):
        counts[row.pop("type")].update(row)
    return JSONResponse({"channel": desk_of(request).account.channel, "pending": pending, **counts})


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RefusalError(400, {"detail": f"'wait' is a number of seconds, not '{text}'."}) from None


async def records(request: Request) -> Response:
    """Everything of a type that ever came, stored or not. `?key=` asks for one."""
    payload = request.path_params["type"]
    if payload not in TYPES:
        raise not_found()
    key = request.query_params.get("key")
    where = {} if key is None else {"key": key}
    found = desk_of(request).store.records(payload, **where)
    return JSONResponse({"count": len(found), "results": found})


async def uploads(request: Request) -> Response:
    names = (
        "migration_id",
        "type",
        "filename",
        "sha256",
        "size",
        "count",
        "received_at",
        "success",
        "errors",
        "finished",
    )
    found = [{name: getattr(upload, name) for name in names} for upload in desk_of(request).store.uploads()]
    return JSONResponse({"count": len(found), "results": found})


async def errors(request: Request) -> Response:
    rows = desk_of(request).store.rows("SELECT * FROM errors ORDER BY rowid")
    found = [row | {"reasons": orjson.loads(row["reasons"])} for row in rows]
    return JSONResponse({"count": len(found), "results": found})


async def faults(request: Request) -> Response:
    switch = desk_of(request).switch
    if request.method == "POST":
        try:
            switch.add(orjson.loads(await request.body()))
        except ValueError as error:
            raise RefusalError(400, {"detail": str(error)}) from None
    elif request.method == "DELETE":
        switch.clear()
    return JSONResponse({"faults": switch.listing()})


async def customers(request: Request) -> Response:
    """Whether, and how long after they came, migrated users are found in the channel."""
    showing = desk_of(request).showing
    if request.method == "POST":
        try:
            showing.change(orjson.loads(await request.body()))
        except ValueError as error:
            raise RefusalError(400, {"detail": str(error)}) from None
    return JSONResponse({"after": showing.after})


async def geography(request: Request) -> Response:
    """Add places: {country: {city: {township: [district, ...]}}}."""
    desk = desk_of(request)
    tree = await json_object(request)
    desk.geography.add(tree)
    desk.store.execute("INSERT INTO places VALUES (?)", orjson.dumps(tree).decode())
    return JSONResponse({level: len(places) for level, places in desk.geography.places.items()})


async def reset(request: Request) -> Response:
    """Forget everything that came, and all faults. Tokens stay valid, added places known."""
    desk_of(request).store.reset()
    desk_of(request).switch.clear()
    return JSONResponse({"detail": "Everything is forgotten."})


ROUTES = [
    Route("/_sandbox/state", state),
    Route("/_sandbox/records/{type}", records),
    Route("/_sandbox/uploads", uploads),
    Route("/_sandbox/errors", errors),
    Route("/_sandbox/faults", faults, methods=["GET", "POST", "DELETE"]),
    Route("/_sandbox/customers", customers, methods=["GET", "POST"]),
    Route("/_sandbox/geography", geography, methods=["POST"]),
    Route("/_sandbox/reset", reset, methods=["POST"]),
]
