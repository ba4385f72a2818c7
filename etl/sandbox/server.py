"""The stand-in as a process: one HTTP server on loopback, its store, its worker."""

from __future__ import annotations

import ipaddress
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from etl.sandbox import api, channel, controls, shop
from etl.sandbox.breaking import Breaking
from etl.sandbox.desk import Account, Desk, RefusalError, Showing, answer_http_error, answer_own_fault, answer_refusal
from etl.sandbox.geography import Geography
from etl.sandbox.store import Store
from etl.sandbox.transport import Connection, listening_socket
from etl.sandbox.worker import Worker

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    store_path: Path | None = None,
    *,
    account: Account | None = None,
    token: str | None = None,
    customers_after: float | None = None,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until SIGINT or SIGTERM. Port 0 is any free one; `ready(url)` is called once requests are answered.

    `customers_after` is how many seconds after they came migrated users are found in the channel; None is never.

    Raises ValueError for a host that is not loopback, OSError when the port is taken or the store cannot be opened.
    """
    address = loopback(host)
    listener = listening_socket(address, port)
    try:
        store = Store(store_path)
    except BaseException:
        listener.close()
        raise
    if token:
        store.add_token(token)
    _run(account or Account(), store, Showing(customers_after), address, listener, ready)


def loopback(host: str) -> str:
    """The address `host` stands for. Behind a known password lies personal data: no other machine may reach it."""
    text = "127.0.0.1" if host == "localhost" else host
    try:
        inside = ipaddress.ip_address(text).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise ValueError(f"the sandbox listens on this machine only, not on '{host}'; use 127.0.0.1")
    return text


def _run(
    account: Account, store: Store, showing: Showing, host: str, listener: socket, ready: Callable[[str], None]
) -> None:
    geography = Geography()
    for row in store.rows("SELECT tree FROM places"):
        geography.add(orjson.loads(row["tree"]))
    worker = Worker(store, geography)
    desk = Desk(account, store, geography, worker, showing=showing)
    port = int(listener.getsockname()[1])
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    worker.start()
    try:
        server = Server(_config(application(desk)), lambda: ready(url))
        desk.door.hang(server, host, port)
        server.run(sockets=[listener])
    finally:
        listener.close()
        worker.stop()
        store.close()


def application(desk: Desk) -> Starlette:
    # Answers to loopback names only: no web page shall read the records through a name of its own (DNS rebinding).
    trusted = ["127.0.0.1", "localhost", "[::1]", "::1"]
    app = Starlette(
        routes=[*api.ROUTES, *channel.ROUTES, *shop.ROUTES, *controls.ROUTES],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=trusted),
            Middleware(Breaking, desk.switch, desk.store, desk.door),
        ],
        exception_handlers={
            RefusalError: answer_refusal,
            HTTPException: answer_http_error,
            Exception: answer_own_fault,
        },
    )
    app.state.desk = desk
    return app


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        # The register of connections goes by the client's real address; a header must not change it.
        proxy_headers=False,
        log_config=None,
        log_level="critical",
        access_log=False,
        # Longer than a client's pause between two polls, so that a reused connection is not closed under its request.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )


class Server(uvicorn.Server):
    """uvicorn, which tells when it listens, and ends normally on SIGINT and SIGTERM instead of raising them again."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {name: signal.signal(name, self.handle_exit) for name in SIGNALS}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)
