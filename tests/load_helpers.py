"""What the tests of etl/load share: packages, a stand-in to load into, a server that does as it is told."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError
from urllib.request import Request, urlopen

import orjson
from msgspec.structs import replace

from etl.journal.status import read_status
from etl.model import Counts, Stage
from etl.outside import Outside
from etl.package import FORMAT, UNSETTLED, Input, Manifest
from etl.packing import PackageWriter
from etl.target import Polling, Secret, Target

TOKEN = "token-of-the-tests"
PASSWORD = "correct horse"
QUICK = Polling(interval=0.01, factor=1.5, longest=0.05, deadline=20)


def user(code, **changes):
    return {
        "customer_code": str(code),
        "first_name": "Ayşe",
        "last_name": "Yılmaz",
        "email": f"user{code}@example.com",
        "gender": "female",
        "sms_allowed": False,
        "email_allowed": True,
        "phone": None,
        "date_of_birth": None,
        "date_joined": "2020-01-02 03:04:05",
        "password": hashlib.md5(PASSWORD.encode()).hexdigest(),
        "password_algorithm": "md5",
        **changes,
    }


def address(code, customer, **changes):
    return {
        "title": f"Ev {code}",
        "customer_code": str(customer),
        "first_name": "Ayşe",
        "last_name": "Yılmaz",
        "country": "Türkiye",
        "city": "İSTANBUL",
        "township": "KADIKÖY",
        "line": f"Sokak {code}",
        "email": f"user{customer}@example.com",
        **changes,
    }


def order(number, customer, **changes):
    return {
        "number": str(number),
        "user": str(customer),
        "user_email": f"user{customer}@example.com",
        "status": "550",
        "created_date": "2021-02-03 04:05:06",
        "amount": 1299.9,
        "currency": "try",
        "payment_type": "",
        "bank": "",
        "tracking_number": "",
        "shipping_company": "yurtici",
        "shipping_address": "Sokak 1",
        "billing_address": "Sokak 1",
        **changes,
    }


def item(order_number, sku, **changes):
    return {
        "order_number": str(order_number),
        "product": "Kitap",
        "sku": str(sku),
        "quantity": 2,
        "price": 649.95,
        "image_url": None,
        "extra_field": {},
        **changes,
    }


STAGES = (
    Stage("user", "user", "users", "customer_code", {}),
    Stage("address", "address", "addresses", "code", {}, refers={"customer_code": "user"}),
    Stage("order", "order", "orders", "number", {}, refers={"user": "user"}),
    Stage("order_item", "order_item", "items", "sku", {}, refers={"order_number": "order"}),
)
USER_STAGE = STAGES[:1]


def stages(**changes):
    return tuple(replace(stage, **changes) for stage in STAGES)


def make_package(path, contents, batch_size=4, warnings=(), unsettled=None):
    """contents: {stage: [(key, record), ...]}; a stage's name is its payload. unsettled: {stage: keys}."""
    waits = unsettled or {}
    nothing = Input("", "", 0, "")
    with PackageWriter(path) as writer:
        packaged = []
        for name, records in contents.items():
            stage = writer.stage(name, name, batch_size)
            index = [
                (key, row, UNSETTLED) if key in waits.get(name, ()) else (key, row)
                for row, (key, _) in enumerate(records, 2)
            ]
            stage.add([orjson.dumps(record) for _, record in records], index)
            packaged.append(stage.close(Counts(read=len(records), valid=len(records)), warnings))
        created = f"2026-01-01T00:00:00+00:00 {path.name}"
        return writer.finish(Manifest(FORMAT, "test", created, {}, nothing, (), tuple(packaged)))


def users(*codes, **changes):
    return {"user": [(str(code), user(code, **changes)) for code in codes]}


def whole_shop(customers):
    """Each customer with an address, an order and an item."""
    codes = range(1, customers + 1)
    return {
        "user": [(f"{n}", user(n)) for n in codes],
        "address": [(f"a{n}", address(n, n)) for n in codes],
        "order": [(f"o{n}", order(f"o{n}", n)) for n in codes],
        "order_item": [(f"s{n}", item(f"o{n}", f"s{n}")) for n in codes],
    }


def answer_to(request):
    """The server's JSON. While it refuses connections, which is one of its faults, it is asked again: a person would."""
    until = time.monotonic() + 10
    while True:
        try:
            with urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > until:
                raise
            time.sleep(0.05)


class Sandbox:
    """A stand-in in a process of its own."""

    def __init__(self):
        command = [sys.executable, "-m", "etl.sandbox", "--port", "0", "--token", TOKEN]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.split()[-1]

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.process.stdout.close()

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_sandbox/{path}", data, method=method or ("GET" if data is None else "POST"))
        return answer_to(request)

    def fault(self, name, **settings):
        self.ask("faults", {"fault": name, **settings})

    def clear_faults(self):
        self.ask("faults", method="DELETE")

    def reset(self):
        self.ask("reset", {})

    def keys(self, payload="user", name="customer_code"):
        """Of every record that ever arrived, as often as it did."""
        return sorted(row["record"][name] for row in self.ask(f"records/{payload}")["results"])

    def uploads(self):
        return [one["count"] for one in self.ask("uploads")["results"]]


def target_of(url, **changes):
    settings = {
        "url": url,
        "channel": "1",
        "token": Secret(TOKEN),
        "polling": QUICK,
        "retries": 3,
        "retry_wait": 0.01,
        "connect_timeout": 5,
        "read_timeout": 5,
        "batch_size": 4,
    }
    return Target(**{**settings, **changes})


@dataclass
class Exchange:
    """A request as a scripted server got it."""

    method: str
    path: str
    headers: dict
    body: bytes


class Scripted:
    """A server that answers with what it is given, in order: (status, body) or (status, body, headers), or a function
    of (handler, body). The last one is repeated."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.seen = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length", 0))
                answer = scripted.answers.pop(0) if len(scripted.answers) > 1 else scripted.answers[0]
                if callable(answer) and getattr(answer, "before_body", False):
                    return answer(self, b"")
                body = self.rfile.read(length)
                scripted.seen.append(Exchange(self.command, self.path, dict(self.headers), body))
                if callable(answer):
                    return answer(self, body)
                return send(self, *answer)

            do_GET = do_POST = handle_one

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def send(handler, status, body=b"", headers=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def reset_connection(handler, _body):
    """Close it so that the peer gets a reset, not an orderly end."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    handler.connection.close()
    handler.close_connection = True


def before_body(function):
    function.before_body = True
    return function


@contextmanager
def scripted(*answers):
    server = Scripted(*answers)
    try:
        yield server
    finally:
        server.close()


def lines(root):
    return [json.loads(line) for line in (root / "requests.jsonl").read_text().splitlines()]


def watched(**changes):
    """An Outside that keeps its events, and does not really wait for long."""
    events = []
    return Outside(events=events.append, **changes), events


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def states(root):
    status = read_status(root)
    return {state: count for stage in status.stages for state, count in stage.batches.items()}


def line(summary, stage="user"):
    one = next(one for one in summary.stages if one.name == stage)
    return {name: getattr(one, name) for name in one.__slots__ if getattr(one, name) and name != "name"}
