"""Signals while a cluster of one's own prepares: the main thread's business alone, and none is lost or complained of."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from commands import command, environment
from small_migration import write_shop
from waiting import WAIT, eventually

from etl.stop import SIGNALS
from etl.workers.dask_engine import dask_pools

pytest.importorskip("distributed", reason="the extra [dask] is not installed")


def deaf_to(process):
    """By thread of a process, the signals that the kernel does not give it."""
    found = {}
    for thread in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            mask = dict(line.split(":\t") for line in (thread / "status").read_text().splitlines())["SigBlk"]
            found[int(thread.name)] = {one for one in SIGNALS if int(mask, 16) >> (one - 1) & 1}
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_all_that_dask_begins_is_deaf_to_signals_and_what_asks_it_is_not():
    before = deaf_to(os.getpid())
    children = {one.pid for one in psutil.Process().children(recursive=True)}
    with dask_pools(None, 1):
        after = deaf_to(os.getpid())
        begun = after.keys() - before.keys()
        assert begun
        assert [after[one] for one in begun] == [set(SIGNALS)] * len(begun)
        assert {one: after[one] for one in before if one in after} == {
            one: before[one] for one in before if one in after
        }
        workers = [one for one in psutil.Process().children(recursive=True) if one.pid not in children]
        [worker] = [one.pid for one in workers if "spawn_main" in " ".join(one.cmdline())]
        assert deaf_to(worker)[worker] == set(SIGNALS)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_the_cluster_begins_ends_the_command_and_leaves_nothing_behind(number, tmp_path):
    words = command("dry-run", write_shop(tmp_path), "-w", tmp_path / "work", "--engine", "dask", "--workers", "1")
    # As a terminal does, the whole group gets the signal: the workers too.
    with subprocess.Popen(
        words,
        env=environment(TMPDIR=tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        eventually(lambda: list(tmp_path.glob("etl-dask-*")))
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert list(tmp_path.glob("etl-dask-*")) == []
    assert list(tmp_path.glob("work/*/packages/*")) == []


CLEARS_AWAY = """
import time
from etl.cli import program
from etl.workers.dask_engine import dask_pools

def prepare():
    with dask_pools(None, 1):
        try:
            print("begun", flush=True)
            time.sleep(60)
        finally:
            print("clearing away", flush=True)
            time.sleep(60)

if __name__ == "__main__":
    program._invoke = prepare
    program.run()
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_it_at_once_and_its_workers_with_it(number, tmp_path):
    (tmp_path / "prepares.py").write_text(CLEARS_AWAY, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, tmp_path / "prepares.py"],
        env=environment(TMPDIR=tmp_path, PYTHONPATH=Path(__file__).parents[2]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        workers = []
        for line in ("begun\n", "clearing away\n"):
            assert process.stdout.readline() == line
            workers += psutil.Process(process.pid).children(recursive=True)
            os.killpg(process.pid, number)
        assert (*process.communicate(timeout=WAIT), process.returncode) == ("", "", -number)
    eventually(lambda: not any(one.is_running() for one in workers))
    assert workers
