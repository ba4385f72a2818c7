"""Chunks in order, from one process or several: wrong cuts, killed processes, Ctrl-C, and a limit."""

from __future__ import annotations

import gc
import gzip
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from rows_table import GivenTable, chunks, plan_of
from small_migration import CUSTOMERS, write_shop
from tables import open_table
from waiting import WAIT, eventually

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.errors import SourceError
from etl.model import Expression, Place, Rows, Source, Stage
from etl.workers.engine import chunks as engine_chunks
from etl.workers.engine import pools
from etl.workers.pools import without_collecting
from etl.workers.slots import SIZE, Slots

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}}
STAGE = Stage("user", "user", "rows", "id", {"id": Expression("{{ id }}", Place("m.yaml"))})


def plan(header=("id",)):
    return plan_of(STAGE, header, SCHEMA)


def records(found):
    return [record for chunk in found for record in chunk.records]


def keys(found):
    return [key for chunk in found for key in chunk.keys]


# Order and cuts


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 3, 50, 1000])
def test_chunks_come_in_the_order_of_the_table(workers, rows):
    ids = [str(n) for n in range(30)]
    table = GivenTable(("id",), tuple((one,) for one in ids))
    assert keys(chunks(plan(), table, workers=workers, rows=rows)) == ids


def test_lines_come_by_shared_memory(monkeypatch):
    came, get = [], Slots.get

    def seen(slots, slot, size):
        came.append(size)
        return get(slots, slot, size)

    monkeypatch.setattr(Slots, "get", seen)
    table = GivenTable(("id",), (("1",), ("22",)))
    assert records(chunks(plan(), table, workers=2, rows=1)) == [b'{"id":"1"}', b'{"id":"22"}']
    assert came == [11, 12]


def test_lines_that_are_too_long_for_shared_memory_come_by_the_pipe():
    rows = tuple((letter * size,) for letter in "abc" for size in (1, SIZE - 100, SIZE + 100))
    table = GivenTable(("id",), rows)
    assert records(chunks(plan(), table, workers=2, rows=1)) == [(b'{"id":"%s"}' % row[0].encode()) for row in rows]


@dataclass(frozen=True)
class GuessedPart:
    """Some of 100 numbers; where the part truly begins only the part before it knows. Notes each reading in a file."""

    log: Path
    start: int
    stop: int

    def moved(self, start):
        return replace(self, start=start)

    def read(self):
        with self.log.open("a") as file:
            file.write(f"{self.start}\n")
        end = next(n for n in range(self.stop, self.stop + 20) if n % 7 == 0)
        return Rows([(str(n),) for n in range(self.start, min(end, 100))], end=min(end, 100))


@dataclass(frozen=True)
class GuessingTable:
    log: Path
    header: tuple = ("id",)
    first_row: int = 2
    text_only: bool = True

    def parts(self, rows):
        return (GuessedPart(self.log, start, start + rows) for start in range(0, 100, rows))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_part_that_was_guessed_wrong_is_read_again_where_it_begins(tmp_path, workers):
    table = GuessingTable(tmp_path / "log")
    assert keys(chunks(plan(), table, workers=workers, rows=20)) == [str(n) for n in range(100)]
    read = sorted(map(int, table.log.read_text().split()))
    # In one process the true place is known before a part is read; several read ahead at 20, 40, 60 and 80 in vain.
    assert read == ([0, 21, 42, 63, 84] if workers == 1 else [0, 20, 21, 40, 42, 60, 63, 80, 84])


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("rows", [1, 2, 7])
def test_quoted_newlines_are_no_ends_of_rows_wherever_the_file_is_cut(tmp_path, workers, rows):
    chosen = random.Random(rows)
    cells = [
        f"k{n}" + "".join(chosen.choices([",", "\n", "\n9,9\n", "x", '""'], k=chosen.randrange(8))) for n in range(120)
    ]
    file = tmp_path / "rows.csv"
    file.write_text("id,n\n" + "".join(f'"{cell}",1\n' for cell in cells), encoding="utf-8", newline="")
    table = open_table(Source("rows", "csv", str(file)))
    assert keys(chunks(plan(table.header), table, workers=workers, rows=rows)) == [
        cell.replace('""', '"').strip() for cell in cells
    ]


# A limit


class UnreadableEnd(GivenTable):
    """A table that fails as soon as anything but its first part is asked for."""

    def parts(self, rows):
        yield next(super().parts(rows))
        raise SourceError("the rest was asked for")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_limit_asks_for_no_part_that_it_does_not_need(workers):
    table = UnreadableEnd(("id",), tuple((str(n),) for n in range(100)))
    assert keys(chunks(plan(), table, workers=workers, limit=5)) == list("01234")
    with pytest.raises(SourceError, match="the rest was asked for"):
        keys(chunks(plan(), table, workers=workers, limit=6, rows=5))


def test_a_limit_may_end_within_a_part_or_after_the_last_row():
    table = GivenTable(("id",), tuple((str(n),) for n in range(10)))
    assert keys(chunks(plan(), table, limit=7, rows=3)) == list("0123456")
    assert keys(chunks(plan(), table, limit=99, rows=3)) == list("0123456789")


def test_a_limited_dry_run_does_not_see_that_the_file_is_cut_off_later(tmp_path):
    chosen = random.Random(5)
    rows = [f"{n};Ali {chosen.random()};m{chosen.random()}@example.com;1;;01.05.2020 12:00" for n in range(40_000)]
    data = gzip.compress("\n".join([CUSTOMERS.split("\n")[0], *rows]).encode())
    mapping = write_shop(tmp_path)
    mapping.write_text(
        mapping.read_text(encoding="utf-8").replace("customers.csv", "customers.csv.gz"), encoding="utf-8"
    )
    (tmp_path / "customers.csv.gz").write_bytes(data[: len(data) * 3 // 4])
    settings = Settings(tmp_path / "work", workers=2)
    package = dry_run(mapping, replace(settings, limit=5))
    assert [stage.counts.read for stage in package.stages] == [5, 5, 5]
    with pytest.raises(SourceError, match=r"customers\.csv\.gz: the compressed file is damaged or cut off"):
        dry_run(mapping, settings)
    assert list(package.path.parent.iterdir()) == [package.path]


def bytes_read():
    return int(dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())["rchar"])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts what a process reads")
def test_a_limited_dry_run_does_not_read_the_rest_of_a_large_file(tmp_path):
    mapping = many_customers(tmp_path, 2_000)
    with (tmp_path / "customers.csv").open("ab") as file:
        file.truncate(1 << 30)  # a gigabyte of nothing, of which no byte is on the disk
    before = bytes_read()
    package = dry_run(mapping, Settings(tmp_path / "work", workers=2, limit=100))
    assert bytes_read() - before < 1 << 23
    assert package.stage("user").counts.read == 100
    assert {one.name: one.sha256 for one in package.manifest.inputs} == {
        "customers": None,
        "orders": None,
        "lines": None,
    }
    assert package.manifest.inputs[0].bytes == 1 << 30


# Processes that end


@dataclass(frozen=True)
class KillingPart:
    start: None = None

    def moved(self, start):
        return self

    def read(self):
        os.kill(os.getpid(), signal.SIGKILL)


class KillingTable(GivenTable):
    def parts(self, rows):
        return iter([*super().parts(rows), KillingPart()])


KILLED = "a worker process was ended from outside (out of memory?); use --workers 1, or a machine with more memory"


def test_a_worker_that_is_killed_is_an_error_that_says_what_to_do():
    table = KillingTable(("id",), (("1",), ("2",)))
    with pytest.raises(SourceError) as caught:
        keys(chunks(plan(), table, workers=2, rows=1))
    assert str(caught.value) == KILLED
    assert multiprocessing.active_children() == []


@dataclass(frozen=True)
class FailingPart(KillingPart):
    def read(self):
        raise SourceError("rows.csv: no such file")


class FailingTable(GivenTable):
    def parts(self, rows):
        return iter([FailingPart(), *super().parts(rows)])


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_the_same_error_here(workers):
    with pytest.raises(SourceError, match=r"^rows\.csv: no such file$"):
        keys(chunks(plan(), FailingTable(("id",), (("1",), ("2",))), workers=workers, rows=1))
    assert multiprocessing.active_children() == []


def test_a_consumer_that_stops_early_leaves_no_process():
    found = chunks(plan(), GivenTable(("id",), tuple((str(n),) for n in range(100))), workers=2, rows=1)
    next(found)
    assert multiprocessing.active_children() != []
    found.close()
    assert multiprocessing.active_children() == []


@dataclass(frozen=True)
class EndlessPart(KillingPart):
    def read(self):
        threading.Event().wait()


class EndlessTable(GivenTable):
    def parts(self, rows):
        return iter([*super().parts(rows), EndlessPart()])


def test_a_worker_that_does_not_come_to_an_end_is_not_waited_for_by_a_consumer_that_stops_early():
    found = chunks(plan(), EndlessTable(("id",), (("1",), ("2",))), workers=2, rows=1)
    next(found)
    found.close()
    assert multiprocessing.active_children() == []


def test_the_same_processes_work_for_every_stage():
    plans, table = [plan(), plan(("x", "id"))], GivenTable(("id",), tuple((str(n),) for n in range(20)))
    with pools("local", 2, None, plans) as found:
        assert multiprocessing.active_children() == []  # before a table is worth it
        assert keys(engine_chunks(plans[0], GivenTable(("id",), (("7",),)), found)) == ["7"]
        assert multiprocessing.active_children() == []
        assert keys(engine_chunks(plans[0], table, found, rows=3)) == [str(n) for n in range(20)]
        workers = {one.pid for one in multiprocessing.active_children()}
        wide = GivenTable(("x", "id"), tuple(("x", str(n)) for n in range(20)))
        assert keys(engine_chunks(plans[1], wide, found, rows=3)) == [str(n) for n in range(20)]
        assert {one.pid for one in multiprocessing.active_children()} == workers
    assert multiprocessing.active_children() == []


def test_a_signal_that_comes_while_the_processes_end_is_heeded_when_they_have_ended(monkeypatch):
    end = ProcessPoolExecutor.shutdown

    def signalled(executor, *how, **named):
        signal.raise_signal(signal.SIGINT)
        end(executor, *how, **named)

    monkeypatch.setattr(ProcessPoolExecutor, "shutdown", signalled)
    one, table = plan(), GivenTable(("id",), tuple((str(n),) for n in range(20)))
    with pytest.raises(KeyboardInterrupt), pools("local", 2, None, [one]) as found:
        assert keys(engine_chunks(one, table, found, rows=3)) == [str(n) for n in range(20)]
    assert multiprocessing.active_children() == []


def test_the_collector_rests_while_parts_are_prepared_and_is_then_as_it_was():
    assert gc.isenabled()
    with without_collecting():
        assert not gc.isenabled()
        with without_collecting():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def many_customers(tmp_path, number):
    rows = [f"{n};Ali Can;m{n}@example.com;1;;01.05.2020 12:00" for n in range(number)]
    return write_shop(tmp_path, "\n".join([CUSTOMERS.split("\n")[0], *rows]) + "\n")


def test_a_dry_run_whose_worker_is_killed_leaves_no_package(tmp_path):
    mapping = many_customers(tmp_path, 60_000)  # more parts than two workers are given at once

    def kill_one(stage, rows):
        for worker in multiprocessing.active_children()[:1]:
            with suppress(ProcessLookupError):  # it was ended meanwhile, as the one before it was killed
                os.kill(worker.pid, signal.SIGKILL)

    with pytest.raises(SourceError) as caught:
        dry_run(mapping, Settings(tmp_path / "work", workers=2), kill_one)
    assert str(caught.value) == KILLED
    assert list((tmp_path / "work/shop/packages").iterdir()) == []


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGINT, "1"), (signal.SIGINT, "2"), (signal.SIGTERM, "2"), (signal.SIGHUP, "2")]
)
def test_ctrl_c_and_its_like_end_a_dry_run_and_leave_nothing_behind(tmp_path, number, workers):
    mapping = many_customers(tmp_path, 300_000)
    command = [sys.executable, "-m", "etl", "dry-run", str(mapping), "-w", str(tmp_path / "work"), "--workers", workers]
    packages = tmp_path / "work/shop/packages"
    # As a terminal does, the whole group gets the signal: the workers too.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        eventually(lambda: list(packages.glob("*.partial/rejects/user.jsonl")))
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out, err.decode()) == (130, b"", "interrupted\n")
    assert list(packages.iterdir()) == []


def test_a_signal_that_comes_while_workers_are_started_leaves_none_of_them(monkeypatch):
    """Also where another thread takes it, which the main thread does not while it is deaf."""
    submit, over = ProcessPoolExecutor.submit, threading.Event()
    threading.Thread(target=over.wait, daemon=True).start()
    taken, told = socket.socketpair()
    told.setblocking(False)

    def interrupted(executor, work, *arguments):
        begun = submit(executor, work, *arguments)
        os.kill(os.getpid(), signal.SIGINT)
        # On a busy machine the other thread may take it much later: then it would hit whatever runs by then.
        taken.recv(1)
        return begun

    monkeypatch.setattr(ProcessPoolExecutor, "submit", interrupted)
    with taken, told:
        taken.settimeout(WAIT)
        before = signal.set_wakeup_fd(told.fileno())
        try:
            with pytest.raises(KeyboardInterrupt):
                list(chunks(plan(), GivenTable(("id",), tuple((str(n),) for n in range(5000))), workers=2))
        finally:
            signal.set_wakeup_fd(before)
    over.set()
    assert multiprocessing.active_children() == []
    assert [one for one in threading.enumerate() if "ExecutorManager" in type(one).__name__] == []


ORPHANS = """
import os, sys
from dataclasses import dataclass
from rows_table import GivenTable, chunks
from test_engine import plan

@dataclass(frozen=True)
class WaitingPart:
    start: None = None
    def read(self):
        os.write(1, f"{os.getpid()}\\n".encode())
        os.read(0, 1)

class WaitingTable(GivenTable):
    def parts(self, rows):
        return iter([WaitingPart(), WaitingPart()])

list(chunks(plan(), WaitingTable(("id",), ()), workers=2))
"""


def test_workers_end_when_the_main_process_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parent, Path(__file__).parents[1])))},
    ) as process:
        workers = [int(process.stdout.readline()) for _ in range(2)]
        process.kill()
        eventually(lambda: not any(map(psutil.pid_exists, workers)))
