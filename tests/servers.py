"""The two servers that a load is tried against, each in a process of its own, asked in the same words."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request

from load_helpers import TOKEN, Sandbox, answer_to


class Strict(Sandbox):
    """tests/strict_server, with a ledger in a folder of its own."""

    def __init__(self, folder=None):
        self._temporary = TemporaryDirectory() if folder is None else None
        command = [
            sys.executable,
            "-m",
            "strict_server",
            "--folder",
            str(folder or self._temporary.name),
            "--token",
            TOKEN,
        ]
        self.process = subprocess.Popen(command, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.split()[-1]

    def close(self):
        super().close()
        if self._temporary:
            self._temporary.cleanup()

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        path = path.partition("?")[0]  # it judges records as they come: there is nothing to wait for
        request = Request(f"{self.url}/_strict/{path}", data, method=method or ("GET" if data is None else "POST"))
        return answer_to(request)

    def violations(self):
        return self.ask("violations")["results"]


SERVERS = {"the stand-in": Sandbox, "the strict server": Strict}


@contextmanager
def served_by(name):
    server = SERVERS[name]()
    try:
        yield server
    finally:
        server.close()
