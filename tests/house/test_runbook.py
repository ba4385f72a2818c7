"""Every command of docs/runbook.md, in order, on the sample shop: one stand-in for the rehearsal, another one for Omnitron."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import environment
from load_helpers import free_port
from sandbox_client import TOKEN, running_sandbox

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```sh(?P<where> terminal 2)?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ENDS = re.compile(r"  # ends with (\d)")
PASSWORD = "Deneme-1234"

EXPORT = """\
#!/bin/sh
# The shop has a new customer since the last time.
file=samples/opencart/customers.csv
number=$((9000 + $(wc -l < $file)))
tail -n 1 $file | sed "s/^[0-9]*;/$number;/; s/[a-z0-9.]*@example/new$number@example/" >> $file
"""
ENV = """\
OMNITRON_URL={url}
OMNITRON_CHANNEL=1
OMNITRON_TOKEN={token}
OMNITRON_SHOP_URL={url}
"""


def blocks(where):
    return [found["text"] for found in BLOCK.finditer(PAGE) if found["where"] == where]


def commands():
    """Each command of the first terminal, and the exit code that its comment promises."""
    for line in "".join(blocks(None)).splitlines():
        ends = ENDS.search(line)
        yield line, int(ends[1]) if ends else 0


def script():
    """All of it as one shell session that notes each exit code."""
    return "\n".join(f"{line}\necho $? >> codes" for line, _ in commands())


@pytest.fixture
def folder(tmp_path):
    """Sample and mapping, laid out as in the repository; exported anew by a script of the shop's own."""
    for name in ("mappings/opencart", "samples/opencart"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".env", "*.py", "__pycache__"))
    mapping = tmp_path / "mappings/opencart/migration.yaml"
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("target:\n", "target:\n  polling: { interval: 0.05 }\n"), encoding="utf-8")
    (tmp_path / "export.sh").write_text(EXPORT, encoding="utf-8")
    (tmp_path / "export.sh").chmod(0o700)
    return tmp_path


@contextmanager
def second_terminal(folder, settings):
    [text] = blocks(" terminal 2")
    with subprocess.Popen(
        ["bash", "-c", f"exec {text}"], cwd=folder, env=settings, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout.readline().startswith("listening on ")
            yield
        finally:
            server.terminate()


def test_the_commands_of_the_runbook_do_what_it_says(folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = environment(PATH=path, PORT=free_port(), ETL_VERIFY_PASSWORD=PASSWORD)
    with running_sandbox() as omnitron, second_terminal(folder, settings):
        (folder / "mappings/opencart/.env.example").write_text(
            ENV.format(url=omnitron.url, token=TOKEN), encoding="utf-8"
        )
        done = subprocess.run(
            ["bash", "-c", script()], cwd=folder, env=settings, capture_output=True, text=True, check=False, timeout=300
        )
        told = f"{done.stdout}\n{done.stderr}"
        codes = [int(code) for code in (folder / "codes").read_text().split()]
        assert [
            f"{line} ended with {code}" for (line, ends), code in zip(commands(), codes, strict=True) if code != ends
        ] == [], told
        state = omnitron.state(wait=10)
    # Three customers more than the sample has: one for the night, one for the delta, one for the last night.
    assert {
        name: (state[name]["records"], state[name]["received"], state[name]["errors"])
        for name in state
        if name in COUNTS
    } == COUNTS
    assert "answered 502" in told
    assert "(its file is gone or changed)" in done.stdout
    assert "Traceback" not in told
    assert PASSWORD not in told
    assert TOKEN not in told


COUNTS = {"user": (277, 277, 0), "address": (351, 351, 0), "order": (648, 648, 0), "order_item": (1599, 1599, 0)}


def test_every_command_there_is_stands_in_the_runbook_or_belongs_to_the_editor():
    from etl.cli import following, loading

    named = set(re.findall(r"\betl ([a-z-]+)", "".join(blocks(None))))
    assert {*following.COMMANDS, *loading.COMMANDS} <= named
