"""The socket: requests are read from it, faults are made at it. A thread for each connection."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from .asked import Answer, Request

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset instead of an orderly end."""
REDIRECTS = (301, 302, 303, 307, 308)


class Server:
    """Listens on a port of this machine, and can stop listening for a while."""

    def __init__(self, office):
        self.office = office
        self._listener = _listening(0)
        self._port = self._listener.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        self.url = f"http://127.0.0.1:{self._port}"

    def serve(self):
        while self._open.wait():
            try:
                connection, address = self._listener.accept()
            except OSError:
                continue
            threading.Thread(target=self._handle, args=(connection, address), daemon=True).start()

    def _handle(self, connection, address):
        try:
            Handler(connection, address, cast(Any, self))
        except OSError:
            pass  # the peer has gone, or the connection was reset on purpose
        finally:
            connection.close()

    def refuse(self, seconds):
        """From now on connections are refused, for so long."""
        self._open.clear()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        threading.Timer(seconds, self._again).start()

    def _again(self):
        self._listener = _listening(self._port)
        self._open.set()


def _listening(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


class Handler(BaseHTTPRequestHandler):
    server: Any  # the Server above, which is none of the standard library's
    protocol_version = "HTTP/1.1"
    _body = None

    def handle_one(self):
        office = self.server.office
        self.request_read = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
        self._body = None
        request = self.request_read
        request.fault = office.fault_for(request)
        if request.fault is None:
            self.say(self.served())
        else:
            BREAKS.get(request.fault.fault, served)(self, request.fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = handle_one

    def read(self):
        """The body, whole; it is in the ledger then."""
        if self._body is None:
            request, office = self.request_read, self.server.office
            request.body = self._body = self.rfile.read(request.size)
            whole = len(request.body) == request.size
            if request.endpoint != "control":
                request.number = office.ledger.note(
                    request.method, request.target, request.headers, request.body, whole
                )
            if not whole:
                raise ConnectionError("the client has gone in the middle of its request")

    def served(self):
        self.read()
        return self.server.office.answer(self.request_read)

    def say(self, answer, only=None, pause=0.0):
        """Send it; `only` so many bytes of its body, or one byte at a time with a pause between them."""
        data = answer.data
        self.send_response(answer.status)
        headers = {"Content-Type": "application/json", "Content-Length": len(data), "Connection": "close"}
        for name, value in {**headers, **answer.headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.close_connection = True
        for chunk in [data[n : n + 1] for n in range(len(data))] if pause else [data[:only]]:
            self.wfile.write(chunk)
            time.sleep(pause)

    def made(self):
        """The answer that the fault describes."""
        fault = self.request_read.fault
        headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        if fault.status in REDIRECTS:
            headers["Location"] = fault.location or f"{self.server.url}/elsewhere/"
        body = {"detail": f"Made to answer {fault.status}."} if fault.body is None else fault.body
        return Answer(fault.status, body, headers)

    def drop(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close_connection = True
        self.rfile.close()  # holds the socket open, too; the reset goes out with the last that does
        self.connection.close()

    def log_message(self, *_):
        pass


# A function for each fault that is made here; the others are a matter of the answer, and served as usual.


def served(handler, fault):
    handler.say(handler.served())


def before(handler, fault):
    handler.read()
    handler.say(handler.made())


def after(handler, fault):
    handler.served()
    handler.say(handler.made())


def expire_token(handler, fault):
    _, _, token = handler.request_read.headers.get("authorization", "").partition(" ")
    handler.server.office.ledger.revoke(token)
    handler.say(handler.served())


def refuse(handler, fault):
    answer = handler.served()
    handler.server.refuse(fault.seconds)
    handler.say(answer)


def drop_before_body(handler, fault):
    handler.drop()


def drop_during_body(handler, fault):
    handler.rfile.read(min(100, handler.request_read.size // 2))
    handler.drop()


def drop_after_body(handler, fault):
    handler.read()
    handler.drop()


def drop_after_accept(handler, fault):
    handler.served()
    handler.drop()


def half_answer(handler, fault):
    answer = handler.served()
    handler.say(answer, only=len(answer.data) // 2)


def not_http(handler, fault):
    handler.served()
    handler.wfile.write(b"?? this is not HTTP ??\r\n\r\n")
    handler.close_connection = True


def delay(handler, fault):
    """Read nothing for so long. What a client that has given up meanwhile had sent is thrown away."""
    time.sleep(fault.seconds)
    watched = select.poll()
    watched.register(handler.connection, select.POLLRDHUP)
    if watched.poll(0):
        handler.drop()
    else:
        handler.say(handler.served())


def delay_answer(handler, fault):
    answer = handler.served()
    time.sleep(fault.seconds)
    handler.say(answer)


def stall(handler, fault):
    """Take it, and say nothing until the client goes."""
    handler.served()
    handler.connection.recv(1)
    handler.close_connection = True


def trickle(handler, fault):
    handler.say(handler.served(), pause=fault.seconds)


BREAKS = {
    "error_before": before,
    "error_after": after,
    "too_large": before,
    "wrong_json": after,
    "html": after,
    "no_migration_id": after,
    "unknown_progress": after,
    "expire_token": expire_token,
    "refuse": refuse,
    "drop_before_body": drop_before_body,
    "drop_during_body": drop_during_body,
    "drop_after_body": drop_after_body,
    "drop_after_accept": drop_after_accept,
    "half_answer": half_answer,
    "not_http": not_http,
    "delay": delay,
    "delay_answer": delay_answer,
    "stall": stall,
    "trickle": trickle,
}
