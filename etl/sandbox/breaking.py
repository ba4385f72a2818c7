"""Carry faults out: an ASGI layer around the application that spoils the requests the switch picks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from etl.sandbox.faults import ENDPOINTS, FINISHED, Fault, Seen, Switch
from etl.sandbox.store import Store, Upload
from etl.sandbox.transport import Door, reset, under

DETAILS = {
    401: {"detail": "Invalid token.", "code": "authentication_failed"},
    429: {"detail": "Request was throttled."},
}


@dataclass(frozen=True, slots=True)
class FaultyRequest:
    """A request that meets a fault."""

    fault: Fault
    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    store: Store
    door: Door

    async def serve(self) -> None:
        await self.app(self.scope, self.receive, self.send)


class Breaking:
    """ASGI: serves as usual what meets no fault. The sandbox's own endpoints never do."""

    def __init__(self, app: ASGIApp, switch: Switch, store: Store, door: Door) -> None:
        self._app = app
        self._switch = switch
        self._store = store
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = self._look(scope) if scope["type"] == "http" else None
        fault = self._switch.take(seen) if seen else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["fault"] = fault
        await BREAKS[fault.fault](FaultyRequest(fault, self._app, scope, receive, send, self._store, self._door))

    def _look(self, scope: Scope) -> Seen | None:
        matches = ((name, path.fullmatch(scope["path"])) for name, path in ENDPOINTS)
        endpoint, found = next(((name, match) for name, match in matches if match), ("", None))
        if found is None:
            return None
        names = found.groupdict()
        upload = self._store.upload(names["migration"]) if "migration" in names else None
        if upload is not None:
            # The handler answers from this same reading, so that a fault on "finished" meets the answer that says so.
            scope.setdefault("state", {})["upload"] = upload
            return Seen(FINISHED if upload.finished else endpoint, upload.type)
        size = Headers(scope=scope).get("content-length", "0")
        return Seen(endpoint, names.get("type"), int(size) if size.isdigit() else 0)


def upload_seen(state: Mapping[str, Any]) -> Upload | None:
    upload = state.get("upload")
    return upload if isinstance(upload, Upload) else None


def fault_met(state: Mapping[str, Any], *names: str) -> Fault | None:
    """The fault a handler has to carry out itself, when it is one of `names`."""
    fault = state.get("fault")
    return fault if isinstance(fault, Fault) and fault.fault in names else None


async def error_before(call: FaultyRequest) -> None:
    await _read_body(call.receive)
    await _answer_fault(call)


async def error_after(call: FaultyRequest) -> None:
    await _served(call)
    await _answer_fault(call)


async def replaced(call: FaultyRequest) -> None:
    await _served(call)
    await _answer(call, call.fault.status, call.fault.body)


async def expire_token(call: FaultyRequest) -> None:
    token = Headers(scope=call.scope).get("authorization", "").removeprefix("Token ")
    call.store.revoke_token(token)
    await call.serve()


async def refuse(call: FaultyRequest) -> None:
    # Shut before the answer is sent: once the client has read it, its next connection is surely refused.
    call.door.shut(call.fault.seconds)
    start, body = await _served(call)
    # Told so, the client does not try the old connection once more before it notices that it is closed.
    start["headers"] = [*start["headers"], (b"connection", b"close")]
    await call.send(start)
    await call.send({"type": "http.response.body", "body": body})


async def drop_before_body(call: FaultyRequest) -> None:
    await _drop(call)


async def drop_during_body(call: FaultyRequest) -> None:
    await call.receive()
    await _drop(call)


async def drop_after_body(call: FaultyRequest) -> None:
    await _read_body(call.receive)
    await _drop(call)


async def drop_after_accept(call: FaultyRequest) -> None:
    await _served(call)
    await _drop(call)


async def half_answer(call: FaultyRequest) -> None:
    start, body = await _served(call)
    await call.send(start)
    await call.send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    # Closed, not aborted: what was written still goes out, then the stream ends before Content-Length is reached.
    under(call.scope).close()
    await _until_gone(call.receive)


async def not_http(call: FaultyRequest) -> None:
    await _served(call)
    transport = under(call.scope)
    transport.write(b"?? this is not HTTP ??\r\n\r\n")
    transport.close()
    await _until_gone(call.receive)


async def delay(call: FaultyRequest) -> None:
    await asyncio.sleep(call.fault.seconds)
    await call.serve()


async def delay_answer(call: FaultyRequest) -> None:
    start, body = await _served(call)
    await asyncio.sleep(call.fault.seconds)
    await call.send(start)
    await call.send({"type": "http.response.body", "body": body})


async def trickle(call: FaultyRequest) -> None:
    start, body = await _served(call)
    await call.send(start)
    for one in body:
        await call.send({"type": "http.response.body", "body": bytes([one]), "more_body": True})
        await asyncio.sleep(call.fault.seconds)
    await call.send({"type": "http.response.body", "body": b""})


async def repeated_id(call: FaultyRequest) -> None:
    await _served(call)
    before = call.store.uploads()[-2:]
    await _answer(call, 200, {"migration_id": before[0].migration_id})


async def by_the_handler(call: FaultyRequest) -> None:
    """The handlers of start and progress look at the fault themselves (fault_met)."""
    await call.serve()


BREAKS: dict[str, Callable[[FaultyRequest], Awaitable[None]]] = {
    "error_before": error_before,
    "error_after": error_after,
    "too_large": error_before,
    "expire_token": expire_token,
    "refuse": refuse,
    "drop_before_body": drop_before_body,
    "drop_during_body": drop_during_body,
    "drop_after_body": drop_after_body,
    "drop_after_accept": drop_after_accept,
    "half_answer": half_answer,
    "not_http": not_http,
    "wrong_json": replaced,
    "no_migration_id": replaced,
    "repeated_id": repeated_id,
    "unknown_progress": replaced,
    "delay": delay,
    "delay_answer": delay_answer,
    "trickle": trickle,
    "never_ends": by_the_handler,
    "slow": by_the_handler,
    "errors": by_the_handler,
    "one_time_code": replaced,
    "captcha": replaced,
}


async def _read_body(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _served(call: FaultyRequest) -> tuple[Message, bytes]:
    """Let the application do its work, and keep its answer back."""
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await call.app(call.scope, call.receive, keep)
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])


async def _answer_fault(call: FaultyRequest) -> None:
    body = call.fault.body
    if body is None:
        body = DETAILS.get(call.fault.status, {"detail": f"Made to answer {call.fault.status}."})
    await _answer(call, call.fault.status, body)


async def _answer(call: FaultyRequest, status: int, body: object) -> None:
    """Text is sent as it stands, anything else as JSON; both say they are JSON."""
    data = body.encode() if isinstance(body, str) else orjson.dumps(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    if call.fault.retry_after is not None:
        headers.append((b"retry-after", call.fault.retry_after.encode()))
    await call.send({"type": "http.response.start", "status": status, "headers": headers})
    await call.send({"type": "http.response.body", "body": data})


async def _drop(call: FaultyRequest) -> None:
    reset(under(call.scope))
    await _until_gone(call.receive)


async def _until_gone(receive: Receive) -> None:
    """Wait until the server has noticed that the connection is closed; ending sooner, it would try to answer 500."""
    while (await receive())["type"] != "http.disconnect":
        pass
