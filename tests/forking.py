"""Processes of `etl` that start at once: forks of one that has imported the engine, each a process of its own all the same.

A fork is what a start by hand is after its imports: its own process id, arguments, environment, folder and files, and it can
be killed at any moment. What makes it is a process without threads, `python forking.py ADDRESS`; starting Python and importing
the engine is most of what a short command costs. Where the start itself is the matter, tests call `commands.etl_by_hand`.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from secrets import token_hex
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

STARTED = {"PYTHONUTF8": "1"}
IMPORTED_TOO = (
    *("etl.cli.program", "etl.payloads.reference", "etl.report.following", "etl.report.summary"),
    *("email_validator", "jsonschema_rs", "nh3", "phonenumbers", "rich.console", "rich.table", "xlsxwriter"),
)
"""What every command is imported with before a fork. No database, no numpy, no Dask: they start threads."""
SMALLEST = """\
version: 1
name: smallest
sources: { lines: { csv: lines.csv } }
stages:
  - name: order_item
    from: lines
    key: sku
    fields: { order_number: "{{ order }}", sku: "{{ sku }}", product: "{{ sku }}", quantity: 1, price: 1 }
"""
LINES = "order,sku\n1,A\n"
REQUEST = 1 << 20


@dataclass
class Forked:
    """A command under way, or its end."""

    pid: int
    returncode: int | None
    _connection: socket.socket
    _files: tuple[IO[bytes], IO[bytes]]

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, seconds: float = 120) -> int:
        """Its exit code, negative for a signal. After so many seconds, raises TimeoutExpired."""
        if self.returncode is None:
            self._connection.settimeout(seconds)
            try:
                told = self._connection.recv(64)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(f"process {self.pid}", seconds) from None
            self.returncode = int(told)
            self._connection.close()
        return self.returncode

    def communicate(self, seconds: float = 120) -> tuple[bytes, bytes]:
        """Wait for its end: what it printed, and what it wrote to its standard error."""
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        output, error = (_whole(file) for file in self._files)
        return output, error

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    with file:
        return file.read()


def start(arguments: list[str], environment: dict[str, str], folder: Path | None = None) -> Forked:
    """Start `etl` with these arguments, without a standard input."""
    request = {"arguments": arguments, "environment": environment | STARTED, "folder": str(folder or Path.cwd())}
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, REQUEST)
    connection.connect(_server())
    files = (TemporaryFile(), TemporaryFile())  # noqa: SIM115 - closed when they are read
    socket.send_fds(connection, [json.dumps(request).encode()], [file.fileno() for file in files])
    return Forked(int(connection.recv(64)), None, connection, files)


@cache
def _server() -> bytes:
    """The address of this process' server of forks, which ends with it."""
    # The numbers of processes come again: a server that outlived a killed process may still have the address of its number.
    address = f"\0etl-forks-{os.getpid()}-{token_hex(4)}"
    server = subprocess.Popen(
        [sys.executable, __file__, address[1:]],
        env=os.environ | STARTED,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout
    assert server.stdout.readline() == b"listening\n"
    _servers.append(server)
    return address.encode()


_servers: list[subprocess.Popen[bytes]] = []
"""Kept, since a Popen that nobody keeps warns of its process."""


# The other side: the process that forks


class Forks:
    """Takes requests, one a connection, and tells each the exit code of its fork."""

    def __init__(self, address: str):
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(address)
        self._listener.listen()
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._listener, selectors.EVENT_READ)
        self._ready.register(0, selectors.EVENT_READ)
        self._children: dict[int, tuple[int, socket.socket]] = {}

    def next_child(self) -> list[str] | None:
        """The arguments, in a process that was forked for them; None when nobody asks any more."""
        while True:
            for key, _ in self._ready.select():
                if key.fd == 0:
                    return None
                if key.fd == self._listener.fileno():
                    arguments = self._fork(self._listener.accept()[0])
                    if arguments is not None:
                        return arguments
                else:
                    self._ended(key.fd)

    def _fork(self, connection: socket.socket) -> list[str] | None:
        data, files, _, _ = socket.recv_fds(connection, REQUEST, 2)
        request = json.loads(data)
        child = os.fork()
        if not child:
            self._become(request, files)
            connection.close()
            return request["arguments"]
        for file in files:
            os.close(file)
        ended = os.pidfd_open(child)
        self._children[ended] = (child, connection)
        self._ready.register(ended, selectors.EVENT_READ)
        connection.send(str(child).encode())
        return None

    def _become(self, request: dict, files: list[int]) -> None:
        """Leave everything of the server behind, and take what was asked for."""
        for ended, (_, connection) in self._children.items():
            os.close(ended)
            connection.close()
        self._ready.close()
        self._listener.close()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, file in enumerate((nothing, *files)):
            os.dup2(file, number)
            os.close(file)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])

    def _ended(self, ended: int) -> None:
        child, connection = self._children.pop(ended)
        self._ready.unregister(ended)
        os.close(ended)
        _, status = os.waitpid(child, 0)
        with connection:
            connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _work_once() -> None:
    """Prepare a package: the forks find every schema read and the page of the report compiled."""
    from etl.commands.dry_run import dry_run
    from etl.commands.settings import Settings

    with TemporaryDirectory() as folder:
        mapping = Path(folder, "migration.yaml")
        mapping.write_text(SMALLEST)
        mapping.with_name("lines.csv").write_text(LINES)
        dry_run(mapping, Settings(Path(folder, "work"), workers=1))
    tempfile.tempdir = None  # each fork has a TMPDIR of its own


def main() -> None:
    sys.path.remove(str(Path(__file__).parent))  # a fork finds what a start by hand would find
    for command in iter_modules(import_module("etl.commands").__path__, "etl.commands."):
        import_module(command.name)
    for name in IMPORTED_TOO:
        import_module(name)
    _work_once()
    gc.freeze()
    forks = Forks(f"\0{sys.argv[1]}")
    os.write(1, b"listening\n")
    arguments = forks.next_child()
    if arguments is not None:
        sys.argv[1:] = arguments
        runpy.run_module("etl", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
