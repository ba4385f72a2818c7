"""Bound a whole exchange. A socket's time-out is between two bytes: an answer that comes byte by byte never meets it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from requests.adapters import HTTPAdapter

from etl.stop import deaf


class Watchdog:
    """Shuts a connection that is not done in time. Armed anew for each phase; `expired` says which one was too long, or ""."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._twin: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self.expired = ""

    def __enter__(self) -> Watchdog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._disarm()
            if self._twin is not None:
                self._twin.close()
                self._twin = None

    def guard(self, connection: socket.socket) -> None:
        """Watch this connection. A second handle on it is kept: the first one is given up to whoever speaks TLS over it."""
        with self._lock:
            self._twin = connection.dup()

    def arm(self, seconds: float, otherwise: str) -> None:
        """From now on there are so many seconds; `otherwise` is what is said when they were not enough."""
        with self._lock:
            self._disarm()
            self._timer = threading.Timer(seconds, self._expire, (otherwise,))
            self._timer.daemon = True
            with deaf():
                self._timer.start()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self, otherwise: str) -> None:
        with self._lock:
            if self._timer is not threading.current_thread() or self._twin is None:
                return  # it was armed anew, or had ended, in the moment in which this one rang
            self.expired = otherwise
            with suppress(OSError):  # the other side may have closed it already
                self._twin.shutdown(socket.SHUT_RDWR)


class WatchedAdapter(HTTPAdapter):
    """Tells of the connection as soon as it stands, before TLS and before the first byte."""

    def __init__(self, connected: Callable[[socket.socket], None]) -> None:
        self._connected = connected
        super().__init__()

    def get_connection_with_tls_context(self, *how: Any, **more: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*how, **more)
        pool.ConnectionCls = _telling(pool.ConnectionCls, self._connected)
        return pool


def _telling(kind: Any, connected: Callable[[socket.socket], None]) -> Any:
    class Telling(kind):  # type: ignore[misc]  # urllib3 has one for http and one for https
        def _new_conn(self) -> socket.socket:
            connection: socket.socket = super()._new_conn()
            connected(connection)
            return connection

    return Telling
