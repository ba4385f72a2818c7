"""The fault matrix: each fault of tests/fault_table.py at each stage, what it leaves behind, the way on to every record once."""

import os
import subprocess
from collections import Counter
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import pytest
from fault_table import DECIDE, FAULTS, FROM_OUTSIDE, PAGE, page
from fault_world import CUSTOMERS, InProcess, Processes
from servers import served_by

from etl.errors import Exit
from etl.journal.status import read_status
from etl.model import PAYLOADS

MEMORY = Path("/dev/shm")
"""What a disk keeps when the power fails is not what is tried here; where there is a disk of memory, waiting for it is saved."""


@pytest.fixture(scope="module")
def fast_disk(tmp_path_factory):
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path_factory.mktemp("faults")
        return
    with TemporaryDirectory(dir=MEMORY, prefix="faults-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def strict_server():
    with served_by("the strict server") as server:
        yield server


@pytest.fixture
def folder(fast_disk):
    with TemporaryDirectory(dir=fast_disk) as folder:
        yield Path(folder)


@pytest.fixture
def world(folder, sandbox, monkeypatch):
    one = InProcess(sandbox, folder, monkeypatch)
    yield one
    one.close()


@pytest.fixture
def strict_world(folder, strict_server, monkeypatch):
    strict_server.reset()
    one = InProcess(strict_server, folder, monkeypatch)
    yield one
    one.close()


@pytest.fixture
def processes(folder, sandbox):
    one = Processes(sandbox, folder)
    yield one
    one.close()


CUT = ["done", "superseded", "done", "done"]
BELOW = {"user": PAYLOADS[1:], "address": (), "order": ("order_item",), "order_item": ()}


def meet(fault, stage, world):
    """The run that meets the fault: exit code, message, and the state of every batch."""
    place = PAYLOADS.index(stage)
    if fault.from_here and place:
        assert world.run(PAYLOADS[:place]) == (Exit.OK, "")
    fault.made(world, stage)
    code, text = world.run()
    assert (code, fault.says in text) == (fault.exit, True), text
    later = ["done"] * 2 if fault.state == "done" and fault.batches[1:] != ("planned",) else ["planned"] * 2
    expected = {name: ["done"] * 2 for name in PAYLOADS[:place]} | {stage: fault.expected()}
    if fault.failed and not fault.batches:
        # What the failed record has below it fails too, and after an error the batches that follow are cut.
        later, expected[stage] = ["done"] * 2, CUT
        expected |= dict.fromkeys(BELOW[stage], CUT)
    expected = {name: later if fault.state else [] for name in PAYLOADS[place + 1 :]} | expected
    assert world.batches() == {name: states for name, states in expected.items() if states}


def go_on(fault, world):
    """What the table says that a person does then."""
    world.repair()
    if fault.settled:
        fault.settled(world, "")
    if fault.way == "`etl run`":
        return world.run()
    if fault.way == DECIDE:
        code, text = world.resume()
        assert code == Exit.UNKNOWN, text
        assert text.startswith("the fate of batch ")
        assert world.decide_by_asking() == 1
    return world.resume()


def assert_every_record_arrived_once(world, failed=False):
    world.sandbox.ask("state?wait=10")
    for name in PAYLOADS:
        records = world.sandbox.ask(f"records/{name}")["results"]
        assert Counter(one["received"] for one in records) == {1: CUSTOMERS}, name
        assert failed or all(one["stored"] == 1 for one in records), name
    status = read_status(world.root)
    assert status.waiting == 0
    assert failed or status.attention == ()


def try_out(fault, stage, world):
    meet(fault, stage, world)
    done = Exit.DATA if fault.failed else Exit.OK
    code, text = go_on(fault, world)
    assert code == done, text
    assert_every_record_arrived_once(world, fault.failed)


@pytest.mark.parametrize("stage", PAYLOADS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_after_each_fault_at_each_stage_every_record_arrives_once(fault, stage, world):
    try_out(fault, stage, world)


def stage_of(fault):
    """Each fault at another stage than the one before; from outside, what meets every stage meets the first one."""
    return PAYLOADS[0] if fault.from_here else PAYLOADS[FAULTS.index(fault) % len(PAYLOADS)]


@pytest.mark.parametrize("fault", FROM_OUTSIDE, ids=lambda fault: fault.what)
def test_a_server_that_shares_no_code_with_the_load_says_the_same(fault, strict_world):
    try_out(fault, stage_of(fault), strict_world)
    assert strict_world.sandbox.violations() == []


@pytest.mark.parametrize("fault", [one for one in FAULTS if one.processes], ids=lambda fault: fault.what)
def test_the_commands_end_with_the_same_exit_codes_and_messages(fault, processes):
    try_out(fault, stage_of(fault), processes)


def test_the_page_has_the_table_of_these_faults():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "run: python tests/fault_table.py"


# A disk that is really full


@pytest.fixture
def small_disk(folder):
    """A file system of its own, which can be made larger: (folder, resize)."""
    folder = folder / "work"
    folder.mkdir()

    def mount(*options):
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder],
            check=False,
            capture_output=True,
            text=True,
        )

    done = mount("size=16k")
    if done.returncode:
        pytest.skip(
            f"a small disk cannot be mounted here, it needs root ({done.stderr.strip()}); the limits above stand in for it"
        )
    try:
        yield folder, lambda kilobytes: mount("remount", f"size={kilobytes}k")
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_full_at_any_moment_loses_nothing_and_repeats_nothing(world, small_disk):
    """The disk grows a few pages at a time, and each time the load is tried again, until it comes to its end.

    At last it grows by more: each try that fails leaves pages in the journal's -wal, which cannot shrink on a full disk.
    """
    folder, resize = small_disk
    codes, again = [], world.run
    for kilobytes in (*range(32, 640, 4), *range(640, 6000, 100)):
        resize(kilobytes)
        code, text = again()
        codes.append(code)
        if code == Exit.OK:
            break
        assert "No space left" in text or "disk" in text or "fate of batch" in text, text
        if code == Exit.UNKNOWN:
            world.decide_by_asking()
        if world.batches():
            again = world.resume
        elif (folder / "shop" / "packages").exists():
            rmtree(folder / "shop" / "packages")  # nothing of it was even planned
    assert codes[-1] == Exit.OK, (codes, text)
    assert len(set(codes)) > 2, codes
    assert_every_record_arrived_once(world)
