"""Looking at a migration whose workspace cannot be written: somebody else's, an archive, a disk that takes nothing."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import tarfile
from contextlib import closing, contextmanager

import pytest
from commands import command, environment, target
from killing import Migration, write_shop
from load_helpers import TOKEN, Sandbox

from etl.journal.batch import NOTHING, Draft
from etl.journal.journal import Journal
from etl.journal.states import State
from etl.journal.workspace import Workspace

DROP_FROM_BOUNDING_SET, OVERRIDE_MODES = 24, 1
"""PR_CAPBSET_DROP and CAP_DAC_OVERRIDE, of Linux."""


@pytest.fixture(scope="module")
def server():
    one = Sandbox()
    yield one
    one.close()


@pytest.fixture
def shop(tmp_path, server):
    server.reset()
    server.clear_faults()
    return Migration(tmp_path, server, write_shop(tmp_path, customers=3, dirty=False, batch_size=2))


@contextmanager
def unwritable(folder):
    """Nothing in the folder can be made, changed or removed."""
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(modes[path] & 0o555)
    try:
        yield
    finally:
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)


def obey_modes():
    """Before a command is started as root, whom no mode would stop."""
    if os.geteuid() == 0:
        assert ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, OVERRIDE_MODES) == 0


def look(shop, *arguments, folder=None):
    """A command where the workspace cannot be written, or another folder."""
    with unwritable(folder or shop.home.parent):
        before = snapshot(shop)
        ended = subprocess.run(
            command(*arguments),
            cwd=shop.folder,
            env=environment(**target(shop.sandbox.url, TOKEN)),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            preexec_fn=obey_modes,
        )
        assert snapshot(shop) == before
    return ended


def snapshot(shop):
    """Every file, and what it holds. SQLite's -shm is its index of the -wal, and shared by whoever looks."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in shop.home.rglob("*")
        if not path.name.endswith("-shm")
    }


def standing(shop):
    ended = look(shop, "status", shop.mapping, "--json")
    assert ended.stderr == "", ended.stderr
    return json.loads(ended.stdout)


def counts(found, name):
    return [stage[name] for stage in found["stages"]]


@pytest.fixture
def loaded(shop):
    """Nobody has its journal open, and SQLite has taken away what it needs to read one."""
    assert shop.etl("run").code == 0
    for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
        left = shop.root / name
        assert name.endswith("-shm") or not left.exists() or not left.stat().st_size
        left.unlink(missing_ok=True)
    return shop


def test_the_helper_really_cannot_write(loaded):
    done = look(loaded, "run", loaded.mapping)
    assert (done.returncode, "cannot be written (Permission denied); let it be written and go on" in done.stderr) == (
        2,
        True,
    ), done


def test_status_and_history_tell_the_same_where_nothing_can_be_written(loaded):
    told = standing(loaded)
    assert told == json.loads(loaded.etl("status").output)
    told = look(loaded, "history", "migration.yaml", "--stage", "user", "--key", "2", "--show-data")
    assert (told.returncode, "user2@example.com" in told.stdout) == (0, True), told


@pytest.mark.parametrize("name", ["-shm", ""])
def test_what_a_killed_load_left_in_the_wal_is_told_with_or_without_its_index(shop, name):
    shop.killed_at("accepted:written:2", "run")
    assert shop.root.joinpath("journal.sqlite-wal").stat().st_size
    if name:
        shop.root.joinpath(f"journal.sqlite{name}").unlink()
    told = standing(shop)
    assert counts(told, "waiting") == [1, 3, 3, 3]
    assert told["running"] is None
    assert [one["state"] for one in told["attention"]] == []
    assert told == json.loads(shop.etl("status").output)


def test_a_load_that_runs_is_told_of_with_what_it_has_written_last(loaded):
    workspace = Workspace(loaded.root)
    with workspace.locked("etl run somewhere"), closing(Journal.open(workspace)) as journal:
        draft = Draft("user", "user", 1, ["new"], [b"0" * 32], file="batches/user/9.json", sha256="0")
        journal.move(journal.add(draft), State.SENDING, NOTHING)
        told = standing(loaded)
        assert (told["running"]["command"], told["running"]["pid"]) == ("etl run somewhere", os.getpid())
        assert told["stages"][0]["batches"] == {"done": 2, "sending": 1}
        done = look(loaded, "resume", loaded.mapping)
        assert (done.returncode, "is held by `etl run somewhere`" in done.stderr) == (2, True)


def test_what_changed_is_listed_and_a_backup_made_where_nothing_can_be_written(loaded):
    rows = loaded.folder / "orders.csv"
    rows.write_text(rows.read_text().replace("1.299,90", "5,00", 1))
    assert loaded.etl("run").code == 1
    told = look(loaded, "status", loaded.mapping, "--changed", "--json")
    [one] = json.loads(told.stdout)["changed"]
    assert (one["key"], [field["field"] for field in one["fields"]]) == ("o1", ["amount"])
    for arguments in (["target", loaded.mapping], ["journal", "backup", loaded.mapping, loaded.folder / "backup.tar"]):
        done = look(loaded, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
    with tarfile.open(loaded.folder / "backup.tar") as archive:
        assert f"{loaded.root.name}/journal.sqlite" in archive.getnames()
    assert [one.name for one in loaded.folder.glob("backup*")] == ["backup.tar"]


@pytest.mark.parametrize("name", ["run", "dry-run", "pilot"])
def test_where_the_mapping_lies_in_a_folder_that_cannot_be_written_an_error_says_to_name_one(
    name, shop, tmp_path_factory
):
    done = look(shop, name, shop.mapping, folder=shop.folder)
    assert (done.returncode, done.stderr) == (
        2,
        f"{shop.folder}/work: cannot be written (Permission denied); name another folder with --workspace\n",
    )
    if name != "pilot":
        assert look(shop, name, shop.mapping, "-w", tmp_path_factory.mktemp("work"), folder=shop.folder).returncode == 0
