"""A small migration with everything that may go wrong around it: the stand-in, the disk, the journal, another program.

The same commands are run in this process, where a fault can be placed at an exact moment, or as the processes a person starts.
"""

from __future__ import annotations

import json
import resource
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any
from urllib.request import Request, urlopen

from commands import environment, etl
from load_helpers import free_port, whole_shop
from requests.adapters import HTTPAdapter

from etl.address import target_name
from etl.commands.resume import resume
from etl.commands.run import run
from etl.commands.settings import Settings
from etl.errors import EtlError, Exit
from etl.journal.status import read_status
from etl.journal.tables import VERSION
from etl.journal.workspace import Workspace
from etl.load.resolve import resolve
from etl.model import PAYLOADS
from etl.omnitron.client import new_session
from etl.outside import Outside

CUSTOMERS, BATCH = 4, 2
NAME = "shop"
KEYS = {"user": "customer_code", "address": "{{ address_code }}", "order": "number", "order_item": "{{ line_code }}"}
REFERS = {"address": {"customer_code": "user"}, "order": {"user": "user"}, "order_item": {"order_number": "order"}}
SETTINGS: dict[str, Any] = {
    "channel": "1",
    "batch_size": BATCH,
    "retries": 3,
    "retry_wait": 0.01,
    "connect_timeout": 5,
    "read_timeout": 10,
    "polling": {"interval": 0.01, "longest": 0.05, "deadline": 30},
}
TOKEN_SETTINGS = {"token": "${OMNITRON_TOKEN}"}
LOGIN_SETTINGS = {"username": "sandbox", "password": "${OMNITRON_PASSWORD}"}


class World:
    """What a fault may change, and the commands. Each command gives its exit code and its message."""

    def __init__(self, sandbox, folder):
        self.sandbox, self.folder = sandbox, folder
        self.workspace = folder / "work"
        self.root = self.workspace / NAME / target_name(sandbox.url, SETTINGS["channel"])
        self.cleanup = ExitStack()
        self.moments = {}
        self.undo = []
        self.mapping = self.ran = ""  # the mapping's text, and as it was when a package was last made from it
        self.well()

    def well(self):
        """Everything as it should be: the target's settings, a fresh token, no faults."""
        self.settings = {"url": self.sandbox.url, **TOKEN_SETTINGS, **SETTINGS}
        self.secrets = {"OMNITRON_TOKEN": self.log_in(), "OMNITRON_PASSWORD": "sandbox"}
        self.gate = {}
        self.detour = None
        self.moments.clear()

    def log_in(self):
        body = json.dumps({"username": "sandbox", "password": "sandbox"}).encode()
        request = Request(f"{self.sandbox.url}/api/v1/auth/login/", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)["key"]

    def close(self):
        self.repair()
        self.cleanup.close()

    def repair(self):
        """Put right what was wrong on this side and on the other one."""
        while self.undo:
            self.undo.pop()()
        while not self._stand_in_is_there():
            pass
        self.sandbox.clear_faults()
        self.well()

    def _stand_in_is_there(self):
        host, port = self.sandbox.url.removeprefix("http://").split(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    # The mapping

    def write_to_run(self, stages):
        path = self.write(stages)
        self.ran = self.mapping
        return path

    @property
    def edited(self):
        """Whether the mapping is another one than the package was made from."""
        return self.mapping != self.ran

    def write(self, stages=PAYLOADS):
        """The mapping with these stages, and its sources."""
        shop = whole_shop(CUSTOMERS)
        for name in PAYLOADS:
            rows = [record | {"address_code": key, "line_code": key} for key, record in shop[name]]
            (self.folder / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
        mapping = {
            "version": 1,
            "name": NAME,
            "target": self.settings,
            "sources": {name: {"json": f"{name}.json"} for name in stages},
            "stages": [self._stage(name, shop[name][0][1]) for name in stages],
        }
        text = json.dumps(mapping, ensure_ascii=False)
        self.mapping = text
        (self.folder / "migration.yaml").write_text(text, encoding="utf-8")
        return self.folder / "migration.yaml"

    def _stage(self, name, record):
        fields = {
            field: f"{{{{ {field} }}}}" if isinstance(value, str) and value else value
            for field, value in record.items()
        }
        stage = {"name": name, "from": name, "key": KEYS[name], "fields": fields}
        if name in REFERS:
            stage["refers"] = REFERS[name]
        return stage | ({"gate": self.gate} if self.gate else {})

    def resolve(self, batch, migration_id):
        """Say of an unknown batch that it arrived as this migration, or, without one, that it was lost."""
        raise NotImplementedError

    # What is known afterwards

    def batches(self):
        """Per stage the states of its batches, in order; as they are in the file, whatever version it has."""
        if not (self.root / "journal.sqlite").exists():
            return {}
        with sqlite3.connect(self.root / "journal.sqlite") as connection:
            try:
                rows = connection.execute("SELECT stage, state FROM batches ORDER BY id").fetchall()
            except sqlite3.OperationalError:
                rows = []
        connection.close()
        return {name: [state for stage, state in rows if stage == name] for name in PAYLOADS if (name in dict(rows))}

    def decide_by_asking(self):
        """What a person does with an unknown batch: look in Omnitron whether its bytes are there. How many were decided."""
        self.sandbox.ask("state?wait=10")
        arrived = {one["sha256"]: one["migration_id"] for one in self.sandbox.ask("uploads")["results"]}
        unknown = [one for one in read_status(self.root).attention if one.state == "unknown"]
        for one in unknown:
            self.resolve(one.batch, arrived.get(one.sha256))
        return len(unknown)


class InProcess(World):
    """The commands without a process of their own: `moments` names what happens when."""

    def __init__(self, sandbox, folder, monkeypatch):
        self._monkeypatch = monkeypatch
        super().__init__(sandbox, folder)

    def run(self, stages=PAYLOADS):
        return self._do(lambda: run(self.write_to_run(stages), self._prepared(), self._outside(), self._watch))

    def resume(self):
        mapping = self.write()
        return self._do(lambda: resume(mapping, self._prepared(), self._outside(), old_mapping=self.edited))

    def resolve(self, batch, migration_id):
        resolve(self.root, batch, arrived=bool(migration_id), migration_id=migration_id)

    def _do(self, command):
        for name, value in self.secrets.items():
            self._monkeypatch.setenv(name, value)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            summary, error = command()
        except EtlError as refused:
            return refused.exit_code, str(refused)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        if error:
            return error.exit_code, str(error)
        return Exit.OK if summary.ok else Exit.DATA, "\n".join(summary.problems)

    def _prepared(self):
        return Settings(workspace=self.workspace, workers=1)

    def _outside(self):
        return Outside(
            session=self._session,
            seam=self._moment,
            events=lambda event: self._moment(f"{event.kind} {event.stage}"),
            sleep=lambda seconds: time.sleep(min(seconds, 0.05)),
            busy_seconds=0.05,
        )

    def _session(self):
        session = new_session()
        if self.detour:
            session.mount(self.sandbox.url, Detour(self.sandbox.url, self.detour))
        return session

    def _watch(self, stage, rows):
        self._moment(f"rows of {stage}")

    def _moment(self, name):
        self.moments.pop(name, lambda: None)()


LIMITED = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
runpy.run_module("etl", run_name="__main__", alter_sys=True)
"""


class Processes(World):
    """The commands as a person starts them, who wants to see what Omnitron answers.

    `largest_file` is a limit that the process is started with, in bytes.
    """

    largest_file = None

    def run(self, stages=PAYLOADS):
        return self._etl("run", self.write_to_run(stages), "--workers", "1", "--show-data")

    def resume(self):
        mapping = self.write()
        return self._etl("resume", mapping, "--show-data", *(["--old-mapping"] if self.edited else []))

    def resolve(self, batch, migration_id):
        answer = ["--arrived", migration_id] if migration_id else ["--lost"]
        assert self._etl("resolve", batch, *answer, "--mapping", self.folder)[0] == Exit.OK

    def _etl(self, *arguments):
        words = [*map(str, arguments), "--workspace", str(self.workspace), "--json"]
        done = self._limited(words) if self.largest_file else etl(*words, **self.secrets)
        assert "Traceback" not in done.stderr, done.stderr
        told = "\n".join(json.loads(done.stdout).get("problems", []))
        return done.returncode, self._as_in_process(told)

    def _limited(self, words):
        return subprocess.run(
            [sys.executable, "-c", LIMITED, str(self.largest_file), *words],
            env=environment(**self.secrets),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def _as_in_process(self, told):
        """Commands that are advised are whole here."""
        return told.replace(f" {self.folder / 'migration.yaml'}", "").replace(f" --workspace {self.workspace}", "")


# What can go wrong on this side. Each is given the world, before the command starts.


def target(**settings):
    """The target is another one, or is waited for differently. A setting of None is left out."""

    def arrange(world, stage):
        changed = {name: value() if callable(value) else value for name, value in settings.items()}
        world.settings = {name: value for name, value in (world.settings | changed).items() if value is not None}

    return arrange


class Detour(HTTPAdapter):
    """Leads the requests to the stand-in elsewhere: what its name or its certificate cannot do, this one cannot."""

    def __init__(self, address, elsewhere):
        self._address, self._elsewhere = address, elsewhere
        super().__init__()

    def send(self, request, *more, **settings):
        request.url = request.url.replace(self._address, self._elsewhere)
        return super().send(request, *more, **settings)


def elsewhere(address):
    """For the time being the target's address leads to another one; it is the same target."""

    def arrange(world, stage):
        world.detour = address(world) if callable(address) else address

    return arrange


def nobody_listens(world):
    return f"http://127.0.0.1:{free_port()}"


def wrong_token(world, stage):
    world.secrets["OMNITRON_TOKEN"] = "a-token-nobody-gave-out"


def no_tls(world):
    """The stand-in speaks no TLS."""
    return world.sandbox.url.replace("http://", "https://")


def gate(**limits):
    def arrange(world, stage):
        world.gate = limits

    return arrange


def at(moment, trouble):
    """The trouble begins at that moment of the run."""

    def arrange(world, stage):
        world.moments[moment.format(stage=stage, last=PAYLOADS[-1])] = lambda: trouble(world, stage)

    return arrange


def no_room(world, stage):
    """No file can grow any more, until the command has ended."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def no_room_for_the_package(world, stage):
    if isinstance(world, Processes):
        world.largest_file = 500
        world.undo.append(lambda: setattr(world, "largest_file", None))
    else:
        at("rows of {stage}", no_room)(world, stage)


def no_room_for_the_log(world, stage):
    """/dev/full takes no byte; what was logged before is put aside and comes back."""
    world.root.mkdir(parents=True, exist_ok=True)
    log, aside = world.root / "requests.jsonl", world.root / "aside.jsonl"
    if log.exists():
        log.rename(aside)
    log.symlink_to("/dev/full")

    def room_again():
        log.unlink()
        if aside.exists():
            aside.rename(log)

    world.undo.append(room_again)


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def locked(world, stage):
    """Another process has begun to write in the journal, and does not end."""
    command = [sys.executable, "-c", LOCK, str(world.root / "journal.sqlite")]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "locked\n"
    world.undo.append(lambda: other.communicate(timeout=20))


def newer_journal(world, stage):
    world.root.mkdir(parents=True, exist_ok=True)
    journal = world.root / "journal.sqlite"
    known = journal.exists()
    set_version(journal, 99)
    # Where this run would have made the journal, the one of the newer version is moved away.
    world.undo.append(lambda: set_version(journal, VERSION) if known else journal.unlink())


def set_version(journal, version):
    connection = sqlite3.connect(journal)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def held(world, stage):
    holding = world.cleanup.enter_context(ExitStack())
    holding.enter_context(Workspace(world.root).locked("etl run shop"))
    world.undo.append(holding.close)


def damaged(world, stage):
    """A byte of the stage's first payload file is another one."""
    package = max((world.root.parent / "packages").iterdir())
    path = package / "payloads" / stage / "000001.json"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"user", b"resu", 1) if b"user" in whole else whole.replace(b"s", b"z", 1))
    world.undo.append(lambda: path.write_bytes(whole))


def all_of(*arrangements):
    def arrange(world, stage):
        for one in arrangements:
            one(world, stage)

    return arrange


def stand_in(fault, **settings):
    """A fault of the stand-in, at the stage in question."""

    def arrange(world, stage):
        world.sandbox.fault(fault, type=stage, **settings)

    return arrange
