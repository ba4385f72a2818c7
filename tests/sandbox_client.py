"""Start a sandbox of one's own in a subprocess, and talk to it over real HTTP; a good record of each type."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

TOKEN = "test-token"
WAIT = 20
PASSWORD = "Sifre123!"

USER = {
    "first_name": "Ayşe",
    "last_name": "Işık",
    "email": "ayse@example.com",
    "gender": "female",
    "sms_allowed": False,
    "email_allowed": True,
    "phone": "5321234567",
    "date_of_birth": "1990-02-28",
    "date_joined": "2020-01-31 10:00:00",
    "password": hashlib.sha1(PASSWORD.encode()).hexdigest(),
    "password_algorithm": "sha1",
    "customer_code": "7",
}
ADDRESS = {
    "title": "Ev",
    "phone_number": "5321234567",
    "customer_code": "7",
    "first_name": "Ayşe",
    "last_name": "Işık",
    "country": "türkiye",
    "city": "İstanbul",
    "township": "üsküdar",
    "district": None,
    "line": "Çamlıca Cad. 1 <b>",
    "email": "ayse@example.com",
}
ORDER = {
    "number": "10045",
    "user": "7",
    "user_email": "ayse@example.com",
    "status": "550",
    "created_date": "2021-05-05 12:30:00",
    "amount": 1299.9,
    "discount_amount": None,
    "currency": "try",
    "payment_type": "credit_card",
    "bank": "",
    "installment_count": 3,
    "tracking_number": "",
    "shipping_company": "yurtici",
    "shipping_address": "Çamlıca Cad. 1 Üsküdar",
    "billing_address": "Çamlıca Cad. 1 Üsküdar",
    "extra_field": {"note": "hediye"},
}
ITEM = {
    "order_number": "10045",
    "product": "Kazak",
    "sku": "KZ-1",
    "quantity": 2,
    "price": 649.95,
    "image_url": "",
    "extra_field": {},
}
RECORDS: dict[str, dict[str, Any]] = {"user": USER, "address": ADDRESS, "order": ORDER, "order_item": ITEM}


class SandboxClient:
    """A running sandbox: `url`, its process, and the requests tests make most."""

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self.process = process
        self.http = requests.Session()
        # Environment proxies and ~/.netrc have no say here.
        self.http.trust_env = False

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.http.get(self.url + path, timeout=WAIT, **self._with_token(more))

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.http.post(self.url + path, timeout=WAIT, **self._with_token(more))

    def _with_token(self, more: dict[str, Any]) -> dict[str, Any]:
        return {"headers": {"Authorization": f"Token {TOKEN}"}} | more

    def start(self, payload: str, records: object, name: str = "batch.json", **more: Any) -> requests.Response:
        data = records if isinstance(records, bytes) else json.dumps(records).encode()
        path = f"/api/v1/remote/1/migrations/start/{payload}/"
        return self.post(path, files={"file": (name, data)}, **more)

    def migrate(self, payload: str, *records: object) -> dict[str, Any]:
        """Upload, wait until the work is done, and return the last progress."""
        migration_id = self.start(payload, list(records)).json()["migration_id"]
        self.state(wait=WAIT)
        return self.progress(migration_id)

    def progress(self, migration_id: str) -> dict[str, Any]:
        return self.get(f"/api/v1/remote/1/migrations/{migration_id}/").json()

    def state(self, wait: float = 0) -> dict[str, Any]:
        return self.get(f"/_sandbox/state?wait={wait}").json()

    def records(self, payload: str, key: str | None = None) -> list[dict[str, Any]]:
        return self.get(f"/_sandbox/records/{payload}", params={"key": key} if key else {}).json()["results"]

    def uploads(self) -> list[dict[str, Any]]:
        return self.get("/_sandbox/uploads").json()["results"]

    def errors(self) -> list[dict[str, Any]]:
        return self.get("/_sandbox/errors").json()["results"]

    def fault(self, fault: str, **settings: Any) -> None:
        answer = self.post("/_sandbox/faults", json={"fault": fault, **settings})
        assert answer.status_code == 200, answer.text

    def clear_faults(self) -> None:
        self.http.delete(self.url + "/_sandbox/faults", timeout=WAIT)

    def reset(self) -> None:
        self.post("/_sandbox/reset")


@contextmanager
def running_sandbox(*arguments: str, token: str = TOKEN) -> Iterator[SandboxClient]:
    """A sandbox on a free port with `token` valid; ended by SIGTERM, or by the test itself."""
    command = [sys.executable, "-m", "etl.sandbox", "--token", token, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            client = SandboxClient(line.removeprefix("listening on ").strip(), process)
            with client.http:
                yield client
        finally:
            process.terminate()
            process.wait(WAIT)
