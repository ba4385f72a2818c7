"""What is on the disk before a byte leaves, and before the next step begins: the order of writes, syncs, renames and requests.

A killed process cannot show it, because the kernel writes what the process has handed over; only a power cut could.
"""

import json
import os
import re
import socket
import tarfile
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from load_helpers import USER_STAGE, make_package, reset_connection, scripted, send, target_of, users

from etl.errors import Ambiguous
from etl.journal import database, transfer
from etl.journal.folder import MigrationFolder
from etl.journal.old_form import take_over
from etl.journal.workspace import Workspace
from etl.load.uploader import load

TRANSITION = re.compile(r"INSERT INTO transitions .*VALUES \(\d+, \w+, '[^']*', (?:NULL|'\w+'), '(\w+)'")
HOME = re.compile(r"INSERT INTO homes .*VALUES \('[^']*', '(handed over|taken over)'")


class Diary:
    """The syncs and renames of files and folders below a folder, the commits of the journal, and each POST, in their order."""

    def __init__(self, root):
        self.root, self.entries = root, []

    def name(self, handle):
        found = os.fstat(handle)
        for path in (self.root, *self.root.rglob("*")):
            if os.path.samestat(path.stat(), found):
                return path
        raise AssertionError("a file of nowhere was synced")

    def synced(self, handle):
        path = self.name(handle)
        if path.is_dir():
            self.entries.append(f"folder {path.relative_to(self.root)}")
        else:
            # What the file holds now is what the sync has brought to the disk: what is still in a buffer is not.
            last = (
                path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2] if path.suffix == ".jsonl" else path.read_bytes()
            )
            told = self.gist(last) if path.suffix == ".jsonl" else f"{len(last)} bytes"
            self.entries.append(f"file {path.relative_to(self.root)}: {told}")

    def renamed(self, before, after):
        here = [Path(one).resolve() for one in (before, after)]
        self.entries.append("rename {} to {}".format(*(one.relative_to(self.root.resolve()) for one in here)))

    def gist(self, data):
        found = [one for one in (b'"phase":"sending"', b'"phase":"answered"', b'"phase":"failed"') if one in data]
        return found[0][9:-1].decode() if found else f"{len(data)} bytes"

    def traced(self, statement):
        if found := TRANSITION.search(statement) or HOME.search(statement):
            self.state = found[1]
        if statement == "COMMIT" and self.state:
            self.entries.append(f"journal {self.state}")
            self.state = ""

    state = ""


@contextmanager
def written_down(root, monkeypatch):
    diary = Diary(root)
    fsync, rename, sendall, connect = os.fsync, os.rename, socket.socket.sendall, database._connect

    def sync(handle):
        fsync(handle)
        diary.synced(handle)

    def move(before, after):
        rename(before, after)
        diary.renamed(before, after)

    def leave(self, data, *flags):
        if bytes(data[:5]) == b"POST ":
            diary.entries.append("POST")
        return sendall(self, data, *flags)

    def traced(*how):
        connection = connect(*how)
        connection.set_trace_callback(diary.traced)
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sync)
        patch.setattr(os, "rename", move)
        patch.setattr(socket.socket, "sendall", leave, raising=False)
        patch.setattr(database, "_connect", traced)
        yield diary


def upload(tmp_path, monkeypatch, answer, codes=(1,), **settings):
    """The diary of a load of these users."""
    package = make_package(tmp_path / "packages" / "one", users(*codes))
    with scripted(answer) as server, written_down(tmp_path, monkeypatch) as diary:
        try:
            load(package, target_of(server.url, **settings), USER_STAGE, tmp_path)
        except Ambiguous:
            diary.entries.append("stopped")
    return diary.entries


def done(handler, body):
    counts = {"total_count": 1, "success_count": 1, "error_count": 0}
    send(handler, 200, {"migration_id": uuid4().hex} if handler.command == "POST" else counts)


BYTES = "packages/one/payloads/user/000001.json"
INTENT = ["journal planned", f"file {BYTES}: {{size}} bytes", "folder packages/one/payloads/user", "journal sending"]
LOGGED = ["file requests.jsonl: sending", "folder ."]


def intent(tmp_path):
    size = (tmp_path / BYTES).stat().st_size
    return [one.format(size=size) for one in INTENT] + LOGGED


def test_bytes_and_intent_are_on_the_disk_before_the_first_byte_leaves_and_the_answer_before_it_is_believed(
    tmp_path, monkeypatch
):
    entries = upload(tmp_path, monkeypatch, done)
    assert entries == [
        *intent(tmp_path),
        "POST",
        "file requests.jsonl: answered",
        "folder .",
        "journal accepted",
        "journal done",
    ]


def test_a_post_that_failed_is_on_the_disk_before_its_batch_is_unknown(tmp_path, monkeypatch):
    entries = upload(tmp_path, monkeypatch, reset_connection)
    assert entries == [
        *intent(tmp_path),
        "POST",
        "file requests.jsonl: failed",
        "folder .",
        "journal unknown",
        "stopped",
    ]


def test_a_batch_of_its_own_has_its_bytes_on_the_disk_before_it_is_planned(tmp_path, monkeypatch):
    """Two of two records, and the package has them in one file."""
    entries = upload(tmp_path, monkeypatch, done, codes=(1, 2), batch_size=1)
    first, second = ((tmp_path / f"batches/user/00000{n}.json").stat().st_size for n in (1, 2))
    planned = entries[: entries.index("journal planned") + 1]
    assert [one for one in planned if "batches/user" in one or one.startswith("journal")] == [
        f"file batches/user/000001.json: {first} bytes",
        "folder batches/user",
        f"file batches/user/000002.json: {second} bytes",
        "folder batches/user",
        "journal planned",
    ]


def test_the_journal_waits_for_the_disk_at_each_commit(tmp_path):
    opened = database.JournalDatabase(tmp_path / "journal.sqlite", writing=True)
    try:
        assert (opened.value("PRAGMA synchronous"), opened.value("PRAGMA journal_mode")) == (2, "wal")
        assert opened.value("PRAGMA foreign_keys") == 1
    finally:
        opened.close()


def test_the_package_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    with written_down(tmp_path, monkeypatch) as diary:
        make_package(tmp_path / "packages" / "one", users(1))
    size = (tmp_path / "packages/one/manifest.json").stat().st_size
    assert diary.entries[-4:] == [
        f"file packages/one.partial/manifest.json: {size} bytes",
        "folder packages/one.partial",
        "rename packages/one.partial to packages/one",
        "folder packages",
    ]


def test_what_is_remembered_of_the_targets_is_on_the_disk_before_it_takes_the_place_of_what_was(tmp_path, monkeypatch):
    folder = MigrationFolder(tmp_path)
    folder.decide(TARGET, None)
    with written_down(tmp_path, monkeypatch) as diary:
        folder.belongs_to(tmp_path / "migration.yaml")
        folder.belongs_to(tmp_path / "migration.yaml")  # known: nothing is written
    assert diary.entries == [
        f"file targets.json.partial: {(tmp_path / 'targets.json').stat().st_size} bytes",
        "folder .",
        "rename targets.json.partial to targets.json",
        "folder .",
    ]


TARGET = "http_127.0.0.1_9_channel_1"


def loaded(home):
    """A migration's folder from which a user was sent, all of it to one target."""
    package = make_package(home / "packages" / "one", users(1))
    with scripted(done) as server:
        load(package, target_of(server.url), USER_STAGE, home / TARGET)
    return Workspace(home / TARGET)


def test_what_is_handed_over_is_sent_no_more_from_here_before_its_file_is_there(tmp_path, monkeypatch):
    workspace = loaded(tmp_path)
    with written_down(tmp_path, monkeypatch) as diary:
        transfer.hand_over(workspace, tmp_path / "work.tar")
    size = (tmp_path / "work.tar").stat().st_size
    assert diary.entries == [
        "journal handed over",
        f"file work.tar.partial: {size} bytes",
        "folder .",
        "rename work.tar.partial to work.tar",
        "folder .",
    ]


def test_what_is_taken_over_is_whole_and_its_file_used_up_before_anything_is_sent_from_it(tmp_path, monkeypatch):
    transfer.hand_over(loaded(tmp_path / "old/shop"), tmp_path / "work.tar")
    home = tmp_path / "new/shop"
    home.mkdir(parents=True)
    with written_down(tmp_path, monkeypatch) as diary:
        transfer.take_over(MigrationFolder(home), TARGET, tmp_path / "work.tar")
    arriving = f"new/shop/arriving-{TARGET}"
    placed = diary.entries.index(f"rename {arriving}/{TARGET} to new/shop/{TARGET}")
    synced = {entry.partition(": ")[0] for entry in diary.entries[:placed]}
    unpacked = {f"file {arriving}/{name}" for name in members(tmp_path / "work.tar.taken")}
    assert unpacked <= synced
    assert [entry for entry in diary.entries[placed + 1 :] if "packages" not in entry] == [
        "folder new/shop",
        "rename work.tar to work.tar.taken",
        "folder .",
        "journal taken over",
    ]


def members(file):
    with tarfile.open(file) as archive:
        return set(archive.getnames()) - {transfer.ABOUT}


def test_a_workspace_of_the_older_form_has_its_journal_moved_last_and_its_name_after_that(tmp_path, monkeypatch):
    workspace = loaded(tmp_path)
    port = json.loads(workspace.requests.read_text().splitlines()[0])["url"].split(":")[2].split("/")[0]
    for one in workspace.root.iterdir():
        one.rename(tmp_path / one.name)
    workspace.root.rmdir()
    (tmp_path / "batches").mkdir()
    with written_down(tmp_path, monkeypatch) as diary:
        take_over(tmp_path)
    name = f"http_127.0.0.1_{port}_channel_1"
    taken = f"{name}.taken"
    assert [entry for entry in diary.entries if not entry.startswith("file")] == [
        "folder .",  # the new folder's name
        f"rename requests.jsonl to {taken}/requests.jsonl",
        f"rename batches to {taken}/batches",
        f"rename journal.sqlite to {taken}/journal.sqlite",
        f"folder {taken}",
        "folder .",
        f"rename {taken} to {name}",
        "folder .",
    ]
