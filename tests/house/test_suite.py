"""What the suite itself promises: it has the same result wherever it is started, and always comes to an end."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]
SENDS_AN_INTERRUPTION = """
import signal, subprocess, sys

def test_a_child_can_be_interrupted():
    child = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); import time; time.sleep(60)"], stdout=-1, stderr=-1)
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    child.communicate()
    assert child.returncode == -signal.SIGINT
"""
WAITS_FOR_EVER = """
import threading

def test_waits():
    threading.Event().wait()
"""


def test_no_two_files_of_tests_have_one_name():
    """pytest would import only the first of them, and collect nothing at all."""
    names = Counter(path.name for path in TESTS.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def pytest_of(folder, text, *options):
    """The suite's own settings and conftest.py, on a test of this text, started where SIGINT is ignored as by nohup."""
    (folder / "conftest.py").write_bytes((TESTS / "conftest.py").read_bytes())
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(TESTS.parent / "pyproject.toml"), "-p", "no:cacheprovider"]
    script = 'trap "" INT; exec "$@"'
    return subprocess.run(
        ["sh", "-c", script, "sh", *command, "--rootdir", str(folder), *options, str(folder / "test_it.py")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_interruptions_arrive_also_where_the_suite_was_started_with_sigint_ignored(tmp_path):
    done = pytest_of(tmp_path, SENDS_AN_INTERRUPTION)
    assert done.returncode == 0, done.stdout


def test_a_test_that_waits_for_ever_is_ended(tmp_path):
    done = pytest_of(tmp_path, WAITS_FOR_EVER, "--timeout", "1")
    assert "Failed: Timeout (>1.0s) from pytest-timeout." in done.stdout, done.stdout
    settings = (TESTS.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert "\ntimeout = " in settings
