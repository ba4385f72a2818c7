"""The script that brings up what tests need: databases, and a browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci/services"
NAMES = ("ETL_TEST_POSTGRES", "ETL_TEST_MYSQL")
FOUND = all(
    shutil.which(one, path=f"{os.environ['PATH']}:/usr/sbin") for one in ("mariadbd", "mariadb-install-db", "setpriv")
)


def script(command, folder, **settings):
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    return subprocess.run(
        [SCRIPT, command, folder],
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def answers(port):
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def open_folder():
    """Servers run as a user who cannot enter pytest's own folders."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield folder


def test_addresses_that_are_given_are_taken_as_they_are(tmp_path):
    given = {"ETL_TEST_CHROMIUM": "/c", "ETL_TEST_POSTGRES": "postgresql://a@h:1", "ETL_TEST_MYSQL": "mysql://b@h:2"}
    done = script("start", tmp_path, **given)
    assert done.stdout == "".join(f"export {name}={place}\n" for name, place in given.items())
    assert list(tmp_path.iterdir()) == []


def test_a_browser_that_is_there_is_named_by_its_path(tmp_path):
    browser = tmp_path / "chromium"
    browser.touch(mode=0o755)
    given = {"ETL_TEST_POSTGRES": "postgresql://a@h:1", "ETL_TEST_MYSQL": "mysql://b@h:2"}
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = script("start", tmp_path, ETL_TEST_CHROMIUM="", PATH=path, **given)
    assert done.stdout.splitlines()[0] == f"export ETL_TEST_CHROMIUM={browser}"


@pytest.mark.skipif(
    not FOUND and not os.environ.get("ETL_REQUIRE_SERVICES"), reason="needs MariaDB's and PostgreSQL's programs"
)
def test_what_does_not_answer_is_started_and_ended(open_folder):
    try:
        done = script("start", open_folder, ETL_USUAL_POSTGRES="1", ETL_USUAL_MYSQL="1")
        assert done.returncode == 0, done.stderr
        places = dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines())
        ports = [int(places[name].rpartition(":")[2]) for name in NAMES]
        assert [answers(port) for port in ports] == [True, True]
    finally:
        script("stop", open_folder)
    assert [answers(port) for port in ports] == [False, False]
