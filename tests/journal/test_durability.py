"""What a power cut would leave: a killed process cannot show it, so every fsync is recorded.

The disk here keeps of a file what was there at its last fsync, and the name of a file or folder once its folder was synced.
"""

import json
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from load_helpers import STAGES, make_package, target_of, watched, whole_shop

from etl.files import durably, kept_secret, open_private, private_folder, write_private
from etl.journal.neighbours import opened
from etl.journal.workspace import Workspace
from etl.load.uploader import load


class Disk:
    """What is on it for good, below a folder: bytes and names by the inode they belong to, so that a rename keeps them."""

    def __init__(self, root, monkeypatch):
        self._root, self._files, self._names = root, {}, set()
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self._record)

    def _record(self, handle):
        found = os.fstat(handle)
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if stat.S_ISDIR(found.st_mode):
            self._names |= {(found.st_ino, one.name) for one in os.scandir(path)}
        else:
            self._files[found.st_ino] = path.read_bytes()
        self._fsync(handle)

    def bytes(self, path):
        """Of a file, as they would be found after a power cut; None when it would not be there at all."""
        below = [path, *path.parents][: len(path.relative_to(self._root).parts)]
        there = all((one.parent.stat().st_ino, one.name) in self._names for one in below)
        return self._files.get(path.stat().st_ino) if there else None


@pytest.fixture
def disk(tmp_path, monkeypatch):
    return Disk(tmp_path, monkeypatch)


def last_line(disk, root):
    data = disk.bytes(root / "requests.jsonl")
    return None if data is None else json.loads(data.splitlines()[-1])


def test_before_a_byte_leaves_the_batch_and_the_intent_are_on_the_disk_and_after_it_the_answer(tmp_path, disk, sandbox):
    """The second load sends files of its own: only what the first one left."""
    root, seen = tmp_path / "work" / "shop", []

    def moment(name):
        if name == "post:began":
            line = last_line(disk, root)
            whole = disk.bytes(Workspace(root).whole(line["file"]))
            seen.append(
                (line["phase"], whole == Workspace(root).whole(line["file"]).read_bytes(), line["file"].split("/")[0])
            )
        if name == "accepted:unwritten":
            line = last_line(disk, root)
            seen.append((line["phase"], line["status"], json.loads(line["answer"]).keys() == {"migration_id"}))

    for customers in (2, 3):
        package = make_package(root / "packages" / str(customers), whole_shop(customers))
        outside, _ = watched(seam=moment)
        load(package, target_of(sandbox.url), STAGES, root, outside)
    sent = [one for one in seen if one[0] == "sending"]
    assert seen == [one for pair in zip(sent, [("answered", 200, True)] * 8, strict=True) for one in pair]
    assert [one[1:] for one in sent] == [(True, "packages")] * 4 + [(True, "batches")] * 4


def test_a_failed_post_is_on_the_disk_before_the_batch_is_planned_again(tmp_path, disk):
    root, seen = tmp_path / "work" / "shop", []

    def moment(name):
        if name == "planned:written" and (root / "requests.jsonl").exists():
            seen.append(last_line(disk, root)["phase"])

    package = make_package(root / "packages" / "one", whole_shop(1))
    outside, _ = watched(seam=moment, sleep=lambda seconds: None)
    with pytest.raises(Exception, match="given up"):
        load(package, target_of("http://127.0.0.1:9", retries=1), STAGES, root, outside)
    assert seen == ["failed", "failed"]


def test_a_file_written_durably_is_whole_when_it_is_left_and_so_is_the_folder_made_for_it(tmp_path, disk):
    path = tmp_path / "a" / "b" / "file"
    private_folder(path.parent)
    with durably(path) as file:
        file.write(b"one")
    assert disk.bytes(path) == b"one"
    with durably(path, append=True) as file:
        file.write(b", two")
    assert disk.bytes(path) == b"one, two"
    with durably(path) as file:  # as over what a process left that was killed while it wrote
        file.write(b"anew")
    assert disk.bytes(path) == b"anew"


def test_a_secret_is_made_once_durably_for_its_owner_alone_and_leaves_nothing_beside_it(tmp_path, disk):
    path = tmp_path / "secret"
    made = kept_secret(path)
    assert len(made) == 32
    assert disk.bytes(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_secret(path) == made
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_of_many_who_want_a_secret_at_once_all_have_the_same(tmp_path):
    began = threading.Barrier(16)

    def wanted(_):
        began.wait()
        return kept_secret(tmp_path / "secret")

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(wanted, range(16)))) == 1


def test_a_folder_that_two_make_at_once_is_there_for_both(tmp_path, monkeypatch):
    folder = tmp_path / "made"
    is_dir = Path.is_dir

    def made_meanwhile(path):
        was = is_dir(path)
        if path == folder and not was:
            folder.mkdir()
        return was

    monkeypatch.setattr(Path, "is_dir", made_meanwhile)
    assert private_folder(folder) == folder


def test_files_and_folders_are_their_owners_alone_and_are_written_anew_unless_appended_to(tmp_path):
    previous = os.umask(0)
    try:
        folder = private_folder(tmp_path / "a" / "b")
        assert private_folder(folder) == folder
        write_private(folder / "file", b"a longer one")
        write_private(folder / "file", b"short")
    finally:
        os.umask(previous)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a", folder, folder / "file")]
    assert modes == [0o700, 0o700, 0o600]
    with open_private(folder / "file", append=True) as file:
        file.write(b" and more")
    assert (folder / "file").read_bytes() == b"short and more"


@pytest.mark.parametrize(("setting", "value"), [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1)])
def test_a_commit_of_the_journal_is_on_the_disk_and_what_refers_has_to_be_there(setting, value, tmp_path):
    database = opened(Workspace(tmp_path), writing=True)
    try:
        assert database.value(f"PRAGMA {setting}") == value
    finally:
        database.close()
