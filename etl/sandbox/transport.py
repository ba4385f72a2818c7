"""Below HTTP: reach the connection under a request, and close the door to new ones.

ASGI has no word for "drop the connection" or "refuse to listen", and a client must meet the real thing: a reset, an
answer that ends too early, ECONNREFUSED. So uvicorn's own HTTP/1.1 protocol is subclassed to keep a register of open
connections by the client's address, which ASGI does tell; and the door closes the listening socket, and opens it again
on the same port.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import Scope

HostAndPort = tuple[str, int]

_LINGER_ZERO = struct.pack("ii", 1, 0)
_REOPEN_PAUSE = 0.05


class Connection(H11Protocol):
    """uvicorn's connection, found again by the client's address."""

    open: dict[HostAndPort, Connection] = {}  # noqa: RUF012  one register for the process, as there is one event loop

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:
            self.open[self.client] = self

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            self.open.pop(self.client, None)
        super().connection_lost(exc)


def under(scope: Scope) -> asyncio.Transport:
    host, port = scope["client"]
    return Connection.open[(host, port)].transport


def reset(transport: asyncio.Transport) -> None:
    """Drop the connection so that the client sees a reset, whatever was or was not read."""
    plain: socket.socket = transport.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()


def listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only where the protocol is named; with it every answer takes 40 ms longer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class Door:
    """Where connections come in. `shut` is the refused connection."""

    def __init__(self) -> None:
        self._hung: tuple[uvicorn.Server, HostAndPort] | None = None
        self._reopening: asyncio.Task[None] | None = None

    def hang(self, server: uvicorn.Server, host: str, port: int) -> None:
        self._hung = server, (host, port)

    def shut(self, seconds: float) -> None:
        """Stop listening at once and close idle connections; those in use close after their answer."""
        if self._hung is None:
            raise RuntimeError("the door hangs in no server yet")
        server, address = self._hung
        for listener in server.servers:
            listener.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        if self._reopening is not None:
            self._reopening.cancel()
        self._reopening = asyncio.get_running_loop().create_task(self._reopen(server, address, seconds))

    async def _reopen(self, server: uvicorn.Server, address: HostAndPort, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while not server.should_exit:
            try:
                listener = listening_socket(*address)
            except OSError:
                # Somebody else holds the port for the moment.
                await asyncio.sleep(_REOPEN_PAUSE)
            else:
                server.servers = [await _listen(server, listener)]
                return


async def _listen(server: uvicorn.Server, listener: socket.socket) -> asyncio.Server:
    def connection() -> Connection:
        return Connection(server.config, server.server_state, server.lifespan.state)

    return await asyncio.get_running_loop().create_server(connection, sock=listener, backlog=server.config.backlog)
