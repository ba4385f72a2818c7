"""Migrate the sample shop to a local stand-in, with the very commands a person would type."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from etl.errors import Exit, TargetError
from etl.resources import shipped

TEST_EMAIL, TEST_PASSWORD = "test.musteri@example.com", "Deneme-1234"
"""The sample's test customer (samples/opencart/README.md)."""

SAMPLE_IS_DIRTY = """
The sample has the dirt that real exports have, on purpose: rows that cannot be sent are rejected, and records whose
customer or order is not migrated are held. Each is named, with its reason, in the package's rejects/ and held/."""


def run_demo(workspace: Path) -> int:
    """check, dry-run, run and verify the sample migration. Gives the exit code: 0 when everything went as it should."""
    mapping = shipped("mappings/opencart")
    # A folder of its own each time: the stand-in is new, so what an earlier demo uploaded is not there any more.
    folder = workspace / "demo" / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    token = secrets.token_hex()
    with _sandbox(token) as url:
        environment = {**os.environ, **_settings(url, token)}
        for command, fine in _steps(mapping, folder):
            code = _run(command, environment)
            if code not in fine:
                return code
    print(SAMPLE_IS_DIRTY)
    return Exit.OK


def _settings(url: str, token: str) -> dict[str, str]:
    """The variables the sample mapping reads. The stand-in is Omnitron and the shop in one."""
    return {
        "OMNITRON_URL": url,
        "OMNITRON_CHANNEL": "1",
        "OMNITRON_TOKEN": token,
        "OMNITRON_SHOP_URL": url,
        "ETL_VERIFY_PASSWORD": TEST_PASSWORD,
    }


def _steps(mapping: Path, folder: Path) -> list[tuple[list[str], tuple[int, ...]]]:
    """Each command, and the exit codes that are fine for it (the sample has rows to reject: 1)."""
    place = ["--workspace", str(folder)]
    return [
        (["check", str(mapping)], (Exit.OK,)),
        (["dry-run", str(mapping), *place], (Exit.OK, Exit.DATA)),
        (["run", str(mapping), *place], (Exit.OK, Exit.DATA)),
        (["verify", str(mapping), "--email", TEST_EMAIL, *place], (Exit.OK,)),
    ]


def _run(command: list[str], environment: dict[str, str]) -> int:
    print(f"\n$ etl {' '.join(command)}", flush=True)
    return subprocess.run([sys.executable, "-m", "etl", *command], env=environment, check=False).returncode  # noqa: S603


@contextmanager
def _sandbox(token: str) -> Iterator[str]:
    """The stand-in in a process of its own, on a free port; stopped at the end whatever happens."""
    command = [sys.executable, "-m", "etl.sandbox", "--port", "0", "--token", token]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout is not None
        try:
            line = server.stdout.readline()
            if not line.startswith("listening on "):
                raise TargetError("the stand-in did not start; `etl sandbox` shows why")
            yield line.removeprefix("listening on ").strip()
        finally:
            server.terminate()
