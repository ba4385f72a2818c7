"""What is on the disk before a byte leaves, and before the next step begins: the order of writes, syncs and requests.

A killed process cannot show it, because the kernel writes what the process has handed over; only a power cut could.
"""

import os
import re
import socket
from contextlib import contextmanager
from uuid import uuid4

from load_helpers import USER_STAGE, make_package, reset_connection, scripted, send, target_of, users

from etl.errors import Ambiguous
from etl.journal import database
from etl.load.uploader import load

TRANSITION = re.compile(r"INSERT INTO transitions .*VALUES \(\d+, \w+, '[^']*', (?:NULL|'\w+'), '(\w+)'")


class Diary:
    """The syncs of files and folders below a folder, the commits of the journal, and each POST, in their order."""

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
            self.entries.append(f"file {path.relative_to(self.root)}: {self.gist(last)}")

    def gist(self, data):
        found = [one for one in (b'"phase":"sending"', b'"phase":"answered"', b'"phase":"failed"') if one in data]
        return found[0][9:-1].decode() if found else f"{len(data)} bytes"

    def traced(self, statement):
        if found := TRANSITION.search(statement):
            self.state = found[1]
        if statement == "COMMIT" and self.state:
            self.entries.append(f"journal {self.state}")
            self.state = ""

    state = ""


@contextmanager
def written_down(root, monkeypatch):
    diary = Diary(root)
    fsync, sendall, connect = os.fsync, socket.socket.sendall, database._connect

    def sync(handle):
        fsync(handle)
        diary.synced(handle)

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
    opened = database.Database(tmp_path / "journal.sqlite", writing=True)
    try:
        assert (opened.value("PRAGMA synchronous"), opened.value("PRAGMA journal_mode")) == (2, "wal")
        assert opened.value("PRAGMA foreign_keys") == 1
    finally:
        opened.close()


def test_the_package_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    with written_down(tmp_path, monkeypatch) as diary:
        make_package(tmp_path / "packages" / "one", users(1))
    size = (tmp_path / "packages/one/manifest.json").stat().st_size
    assert diary.entries[-3:] == [
        f"file packages/one.partial/manifest.json: {size} bytes",
        "folder packages/one.partial",
        "folder packages",
    ]
