"""Migrations that are killed: a small shop with all four stages, real processes, and a person who asks the server."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from commands import command, environment, target
from forking import Forked, start
from load_helpers import TOKEN, Sandbox
from servers import Strict

from etl.address import target_name
from etl.errors import Exit
from etl.journal.status import Attention, read_status
from etl.journal.summary import read_summary
from etl.journal.workspace import Workspace
from etl.package import Package

KILLED = -signal.SIGKILL
STAGES = ("user", "address", "order", "order_item")
TARGET = {
    "url": "${OMNITRON_URL}",
    "channel": 1,
    "token": "${OMNITRON_TOKEN}",
    "retries": 3,
    "retry_wait": 0.01,
    "polling": {"interval": 0.005, "factor": 1.5, "longest": 0.05, "deadline": 30},
}
MAPPING = """\
version: 1
name: shop
target: {target}
sources:
  customers: {{ csv: customers.csv }}
  addresses: {{ csv: addresses.csv }}
  orders: {{ csv: orders.csv }}
  lines: {{ csv: lines.csv }}
stages:
  - name: user
    from: customers
    where: "{{{{ active == '1' }}}}"
    key: customer_code
    unique: [email]
    fields:
      customer_code: "{{{{ id }}}}"
      first_name: Ayşe
      last_name: Yılmaz
      email: "{{{{ email | email }}}}"
      sms_allowed: false
      email_allowed: true
      date_joined: "2020-01-02 03:04:05"
      password: 3cb4e732631f47e6eb961f34554b7cde
      password_algorithm: md5
  - name: address
    from: addresses
    key: "{{{{ id }}}}"
    refers: {{ customer_code: user }}
    fields:
      title: "Ev {{{{ id }}}}"
      customer_code: "{{{{ customer }}}}"
      first_name: Ayşe
      last_name: Yılmaz
      country: Türkiye
      city: İstanbul
      township: Kadıköy
      line: "Sokak {{{{ id }}}}"
      email: "user{{{{ customer }}}}@example.com"
  - name: order
    from: orders
    key: number
    refers: {{ user: user }}
    fields:
      number: "{{{{ number }}}}"
      user: "{{{{ customer }}}}"
      user_email: "user{{{{ customer }}}}@example.com"
      status: "550"
      created_date: "2021-02-03 04:05:06"
      amount: "{{{{ amount | money }}}}"
      currency: try
      payment_type: ""
      bank: ""
      installment_count: 1
      tracking_number: ""
      shipping_company: yurtici
      shipping_address: "Sokak {{{{ number }}}}"
      billing_address: "Sokak {{{{ number }}}}"
  - name: order_item
    from: lines
    key: "{{{{ order }}}}-{{{{ sku }}}}"
    refers: {{ order_number: order }}
    fields:
      order_number: "{{{{ order }}}}"
      product: Kitap
      sku: "{{{{ sku }}}}"
      quantity: 2
      price: "{{{{ price | money }}}}"
      extra_field: {{}}
"""
BLOCKED, HOPELESS = 4, 5
"""Of the customers: every fourth has left (filtered), every fifth has no e-mail to speak of (rejected)."""


def write_shop(folder: Path, customers: int = 30, *, dirty: bool = True, **settings: Any) -> Path:
    """The mapping and its four sources. When dirty some rows are filtered, some rejected, and what belongs to them held."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = range(1, customers + 1)
    sources = {
        "customers": ["id,email,active", *(_customer(n, dirty) for n in numbers)],
        "addresses": ["id,customer", *(f"a{n},{n}" for n in numbers)],
        "orders": ["number,customer,amount", *(f'o{n},{n},"1.299,90"' for n in numbers)],
        "lines": ["order,sku,price", *(f'o{n},s{n},"649,95"' for n in numbers)],
    }
    for name, rows in sources.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    mapping = folder / "migration.yaml"
    mapping.write_text(MAPPING.format(target=json.dumps({**TARGET, "batch_size": 8, **settings})), encoding="utf-8")
    return mapping


def _customer(number: int, dirty: bool) -> str:
    email = "nobody" if dirty and number % HOPELESS == 0 else f"user{number}@example.com"
    active = 0 if dirty and number % BLOCKED == 0 else 1
    return f"{number},{email},{active}"


@dataclass
class Migration:
    """A shop on its way into one of tests/servers.py: every step is a process of its own, as at a person's prompt."""

    folder: Path
    sandbox: Sandbox
    mapping: Path

    @property
    def home(self) -> Path:
        """The migration's folder."""
        return self.folder / "work" / "shop"

    @property
    def root(self) -> Path:
        """The folder of the stand-in as a target."""
        return self.home / target_name(self.sandbox.url, "1")

    def arguments(self, name: str, *more: object) -> list[str]:
        here = (*more, "--mapping", self.mapping) if name == "resolve" else (self.mapping, *more)
        workers = ("--workers", 1) if name == "run" else ()
        return [str(word) for word in (name, *here, *workers, "--workspace", self.folder / "work", "--json")]

    def start(self, name: str, *more: object, **settings: str) -> Forked:
        given = {**target(self.sandbox.url, TOKEN), **settings}
        return start(self.arguments(name, *more), environment(**given))

    def start_by_hand(self, name: str, *more: object, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command(*self.arguments(name, *more)),
            env=environment(**target(self.sandbox.url, TOKEN), **settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def etl(self, name: str, *more: object, **settings: str) -> Ended:
        process = self.start(name, *more, **settings)
        output, error = process.communicate()
        return Ended(process.wait(), output.decode(), error.decode())

    def killed_at(self, moment: str, name: str, *more: object) -> None:
        """Let a command come by this moment, which is its last."""
        ended = self.etl(name, *more, ETL_KILL_AT=moment)
        assert ended.code == KILLED, (moment, ended)

    def killed_after(self, lines: int, seconds: float, name: str, *more: object) -> bool:
        """Kill a command that many seconds after it has logged that many requests; whether it lived so long."""
        process, wanted = self.start(name, *more), self.requests() + lines
        while not _ended(process, LOOK_AGAIN) and self.requests() < wanted:
            pass
        if not _ended(process, seconds):
            process.kill()
        process.communicate()
        return process.wait() == KILLED

    def package(self) -> str:
        """The name of the only package."""
        [path] = (self.home / "packages").iterdir()
        return path.name

    def requests(self) -> int:
        log = self.root / "requests.jsonl"
        return log.read_bytes().count(b"\n") if log.exists() else 0

    # What a person does after it

    def decide(self, knows_the_id: Callable[[], bool] = lambda: True) -> int:
        """Say of every unknown batch what the server knows of its bytes; how many there were."""
        unknown = self.unknown()
        if unknown:
            arrived = self.arrived()
            for one in unknown:
                found = arrived.get(one.sha256)
                answer = ["--lost"] if found is None else ["--arrived", found] if knows_the_id() else ["--arrived"]
                ended = self.etl("resolve", one.batch, *answer)
                assert ended.code == 0, ended
        return len(unknown)

    def unknown(self) -> list[Attention]:
        if not Workspace(self.root).journal.exists():
            return []
        return [one for one in read_status(self.root).attention if one.state == "unknown"]

    def arrived(self) -> dict[str, str]:
        """What the server has got: the SHA-256 of the bytes, and the migration they became."""
        settle(self.sandbox)
        return {one["sha256"]: one["migration_id"] for one in self.sandbox.ask("uploads")["results"]}

    def finish(self, knows_the_id: Callable[[], bool] = lambda: True) -> Ended:
        """Resume and decide until there is nothing left to do; then everything must have arrived once."""
        for _ in range(6):
            self.decide(knows_the_id)
            ended = self.etl("resume")
            if NOTHING_TO_RESUME.search(ended.error):
                ended = self.etl("run")
            if ended.code not in (Exit.UNKNOWN, Exit.TARGET):
                break
        self.check(ended)
        return ended

    def check(self, ended: Ended) -> None:
        """Every valid record of the package is in the server once, nothing else is, and the books agree."""
        assert ended.code == Exit.DATA, ended  # the shop has rows that are rejected
        self.sandbox.ask("state?wait=20")
        summary = ended.summary
        for stage in summary["stages"]:
            assert stage["read"] == stage["filtered"] + stage["rejected"] + stage["held"] + stage["valid"] > 0, stage
            assert stage["valid"] == stage["uploaded"] + stage["already"] > 0, stage
            assert stage["failed"] == 0, stage
        package = Package.open(Path(summary["package"]))
        assert read_summary(self.root, package).complete
        assert read_status(self.root).attention == ()
        if isinstance(self.sandbox, Strict):
            assert self.sandbox.violations() == []
        for name in STAGES:
            assert self.stored(name) == Counter(_plain(one) for one in prepared(package, name))

    def stored(self, payload: str) -> Counter[str]:
        """Every record that ever arrived, as often as it did."""
        rows = self.sandbox.ask(f"records/{payload}")["results"]
        assert all(row["received"] == row["stored"] for row in rows)
        return Counter({_plain(row["record"]): row["received"] for row in rows})


LOOK_AGAIN = 0.002


def _ended(process: Forked, within: float) -> bool:
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


NOTHING_TO_RESUME = re.compile("nothing to resume|no journal here")


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    output: str
    error: str

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads(self.output)


def migration(folder: Path, sandbox: Sandbox, **settings: Any) -> Migration:
    return Migration(folder, sandbox, write_shop(folder, **settings))


def prepared(package: Package, stage: str) -> Iterator[dict[str, object]]:
    for batch in package.batches(package.stage(stage)):
        yield from (json.loads(record) for record in package.records(batch))


def _plain(record: object) -> str:
    return json.dumps(record, sort_keys=True)


IN_HAND = (psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT, psutil.CONN_SYN_RECV)


def settle(sandbox: Sandbox) -> None:
    """Wait until the server has no request in hand, also none that a dead process has left in the kernel's buffers."""
    port = urlsplit(sandbox.url).port
    while any(one.laddr and one.laddr.port == port and one.status in IN_HAND for one in psutil.net_connections("tcp4")):
        pass


MOMENT = 0.05
"""Seconds after a request was logged, on the average."""


def kill_at_random(one: Migration, chance: random.Random, kills: int) -> int:
    """Kill a migration that often, or until it is complete; how often it was. Then let it come to its end."""
    killed = 0
    for _ in range(kills):
        name = chance.choice(["run", "resume", "resume", "resume"]) if one.requests() else "run"
        killed += one.killed_after(chance.randrange(8), chance.expovariate(1 / MOMENT), name)
        one.decide(lambda: chance.random() < 0.5)
    one.finish()
    return killed
