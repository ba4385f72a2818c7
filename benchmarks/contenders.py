"""Who does the work, and whether they all did the same."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from benchmarks.work import Work
from etl.package import Package

PEERS = Path(__file__).parent / "peers"
SAMPLE = 20_000
"""Records that are compared; all of them when there are no more."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A script of benchmarks/peers. `needs` are modules that may be missing; one that does no work is only counted."""

    script: str
    what: str
    needs: tuple[str, ...] = ()
    works: bool = True

    @property
    def missing(self) -> list[str]:
        return [name for name in self.needs if find_spec(name) is None]

    def command(self, work: Work, out: Path) -> list[str]:
        return [sys.executable, str(PEERS / f"{self.script}.py"), str(work.orders), str(self.output(out))]

    def output(self, out: Path) -> Path:
        return out / f"{self.script}.json"


@dataclass(frozen=True, slots=True)
class Engine:
    """`etl dry-run` of one of the work's mappings: package, manifest and all. `without`: a library that it does without;
    `program`: the module that is run."""

    what: str
    mapping: str
    options: tuple[str, ...] = ()
    without: str = ""
    program: str = "etl"

    def command(self, work: Work, out: Path) -> list[str]:
        mapping = work.folder / self.mapping
        hidden = f"import sys; sys.modules[{self.without!r}] = None; from etl.cli import main; main()"
        start = ["-c", hidden] if self.without else ["-m", self.program]
        return [sys.executable, *start, "dry-run", str(mapping), "-w", str(self.workspace(out)), *self.options]

    def workspace(self, out: Path) -> Path:
        return out / "workspace"

    def clear(self, out: Path) -> None:
        """Put the last run's package aside. Its hundreds of files are not deleted yet: for half a minute after that, ext4
        takes several times as long to create new ones, which nobody who prepares a package would meet."""
        if self.workspace(out).exists():
            self.workspace(out).rename(out / f"aside-{time.monotonic_ns()}")

    def package(self, out: Path) -> Package:
        (path,) = self.workspace(out).glob("*/packages/*")
        return Package.open(path)


ORDERS = Engine("etl dry-run, the orders alone", "orders_only.yaml")
WHOLE = Engine("etl dry-run, customers and `refers` too", "migration.yaml")
UNREPORTED = replace(WHOLE, what="the same without the report", program="benchmarks.unreported")
IN_ORDER = Engine("etl dry-run, orders in the order of their dates", "in_order.yaml")
UNREPORTED_IN_ORDER = replace(IN_ORDER, what="the same without the report", program="benchmarks.unreported")
WITH_ITEMS = Engine("etl dry-run, with the orders' items", "with_items.yaml")
UNREPORTED_WITH_ITEMS = replace(WITH_ITEMS, what="the same without the report", program="benchmarks.unreported")
COMPRESSED = Engine("etl dry-run, the orders from a .gz", "compressed.yaml")

ONE_BY_ONE = Peer("script_jsonschema_rs", "script: csv, jsonschema-rs, orjson")
COLUMNS = Peer("polars_jsonschema_rs", "polars, then jsonschema-rs per record", ("polars",))
PEERS_IN_TURN = (
    Peer("plain_petl", "petl, jinja2 `compile_expression`, jsonschema"),
    Peer("dlt_function", "dlt with a Python function, jsonschema-rs", ("dlt",)),
    Peer("script_fastjsonschema", "script: csv, strptime, fastjsonschema, json", ("fastjsonschema",)),
    Peer("pandas_columns", "pandas, then jsonschema-rs per record", ("pandas",)),
    ONE_BY_ONE,
    COLUMNS,
    Peer("polars_rounding", "the same, with the cents checked by `round`", ("polars",)),
    Peer("no_work", "csv.reader to orjson, no work at all", works=False),
    Peer("polars_columns", "polars without validation", ("polars",)),
)


class Differs(Exception):
    """A peer made something else than the engine: there is nothing to compare."""


def engine_records(package: Package) -> dict[str, Any]:
    """The package's orders by number."""
    stage = next(stage for stage in package.stages if stage.payload == "order")
    return {
        record["number"]: record for batch in package.batches(stage) for record in orjson.loads(package.payload(batch))
    }


def check_same(peer: Peer, out: Path, expected: dict[str, Any]) -> None:
    """Raise Differs unless the peer wrote as many orders, and each one looked at is the engine's."""
    made = orjson.loads(peer.output(out).read_bytes())
    if len(made) != len(expected):
        raise Differs(f"{peer.script} wrote {len(made)} orders, the engine {len(expected)}")
    if not peer.works:
        return
    step = max(1, len(made) // SAMPLE)
    for record in made[::step]:
        for line in differences(record, expected.get(record["number"], {})):
            raise Differs(f"{peer.script}, order {record['number']}: {line}")


def differences(made: dict[str, Any], expected: dict[str, Any]) -> Iterator[str]:
    for name in made.keys() | expected.keys():
        if made.get(name, "(missing)") != expected.get(name, "(missing)"):
            yield f"{name} is {made.get(name, '(missing)')!r}, the engine's {expected.get(name, '(missing)')!r}"
