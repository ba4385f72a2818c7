"""How much of an upload's time is spent in our own process: 100,000 small records against the local stand-in."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Took, timed

RECORDS = 100_000
MAPPING = """\
version: 1
name: upload
target: { url: "${OMNITRON_URL}", channel: 1, token: "${OMNITRON_TOKEN}", polling: { interval: 0.2 } }
sources:
  users: { csv: users.csv }
stages:
  - name: user
    from: users
    key: customer_code
    fields:
      customer_code: "{{ id }}"
      first_name: Ad
      last_name: Soyad
      email: "user{{ id }}@example.com"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: 5f4dcc3b5aa765d61d8327deb882cf99
      password_algorithm: md5
"""


def measure_upload(folder: Path, records: int = RECORDS) -> tuple[Took, Took]:
    """What a dry-run took, and what a run (the same, and the upload) took. Works in `folder`, anew each time."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "users.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(1, records + 1)))
    (folder / "migration.yaml").write_text(MAPPING)
    with stand_in(folder / "store.sqlite"):
        return timed(_command("dry-run", folder)), timed(_command("run", folder))


def _command(name: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "etl", name, str(folder), "-w", str(folder / "work")]


@contextmanager
def stand_in(store: Path) -> Iterator[None]:
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "etl.sandbox", "--port", "0", "--token", token, "--store", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            os.environ["OMNITRON_URL"] = server.stdout.readline().removeprefix("listening on ").strip()
            os.environ["OMNITRON_TOKEN"] = token
            yield
        finally:
            server.terminate()
