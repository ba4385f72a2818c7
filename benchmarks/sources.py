"""The same orders from a CSV, from databases, a dump and JSON: whole dry-runs, in turn. And joins: `query` beside others.

`make bench BENCH='--sources'`. Servers are named by ETL_BENCH_POSTGRES and ETL_BENCH_MYSQL (an address without a database, of a
user who may create one); without them those of the tests, ETL_TEST_POSTGRES and ETL_TEST_MYSQL.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.contenders import PEERS, Differs, Engine
from benchmarks.lines import LINES_AN_ORDER, write_lines
from benchmarks.measure import Taken, Took, memory_kind, peak_memory, timed
from benchmarks.page import megabytes, seconds, table, times
from benchmarks.shops import SERVERS, in_mysql, in_postgres, in_sqlite, mysql_dump
from benchmarks.work import MAPPINGS, ORDER_COLUMNS, Finished, Work, make_work
from etl.package import Package

CSV_SOURCE = '{ csv: orders.csv, delimiter: ";" }'


@dataclass(frozen=True, slots=True)
class Form:
    """The orders in one form. `most` is how many times the time from CSV it may take (None: nobody said); `make` writes it.

    `without` is a library of which it is measured what it is worth; there is no such form where that is not installed.
    """

    what: str
    source: str
    most: float | None = None
    make: Callable[[Work], None] = lambda work: None
    needs: str = ""
    without: str = ""

    @property
    def name(self) -> str:
        return "_".join(["from", *re.findall(r"\w+", self.what.lower())])

    @property
    def missing(self) -> bool:
        installed = not self.without or find_spec(self.without) is not None
        return not installed or (bool(self.needs) and self.needs not in os.environ)

    def engine(self, work: Work) -> Engine:
        """Its mapping is written beside the work: orders_only.yaml, but for the source."""
        text = (MAPPINGS / "orders_only.yaml").read_text(encoding="utf-8")
        if CSV_SOURCE not in text:
            raise Differs(f"orders_only.yaml has no source {CSV_SOURCE}")
        (work.folder / f"{self.name}.yaml").write_text(text.replace(CSV_SOURCE, self.source), encoding="utf-8")
        # A server's rows are fetched in each run: that is what is measured.
        return Engine(self.what, f"{self.name}.yaml", ("--fresh",) if self.needs else (), self.without)


def _json_lines(work: Work) -> None:
    import orjson

    with Finished(work.folder / "orders.jsonl") as path, path.open("wb") as file:
        file.writelines(orjson.dumps(row) + b"\n" for row in records(work))


def _json(work: Work) -> None:
    import orjson

    with Finished(work.folder / "orders.json") as path, path.open("wb") as file:
        file.write(b'{"orders": [')
        for number, row in enumerate(records(work)):
            file.write((b"," if number else b"") + orjson.dumps(row))
        file.write(b"]}")


def records(work: Work) -> Iterator[dict[str, str | None]]:
    """A blank cell of the CSV is null."""
    with work.orders.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            yield {name: cell or None for name, cell in row.items()}


MARIADB = '{ table: orders, database: "${BENCH_MYSQL}" }'
FORMS = (
    Form("CSV", CSV_SOURCE),
    Form("PostgreSQL", '{ table: orders, database: "${BENCH_POSTGRES}" }', 1.25, in_postgres, "BENCH_POSTGRES"),
    Form("MariaDB", MARIADB, 1.5, in_mysql, "BENCH_MYSQL"),
    Form("MariaDB by PyMySQL", MARIADB, None, in_mysql, "BENCH_MYSQL", "MySQLdb"),
    Form("SQLite", "{ table: orders, database: orders.sqlite }", 1.4, in_sqlite),
    Form("mysqldump", "{ table: orders, database: orders.sql }", 2.0, mysql_dump, "BENCH_MYSQL"),
    Form("JSONL (one object a line)", "{ jsonl: orders.jsonl }", None, _json_lines),
    Form("JSON (one list, by a path)", "{ json: orders.json, path: orders }", None, _json),
)


def prepared(work: Work) -> list[Form]:
    """The forms that can be had here, each written."""
    found = [form for form in FORMS if not form.missing]
    for form in found:
        form.make(work)
    return found


def sources(folder: Path, out: Path, rows: int, rounds: int, tell: Callable[[str], None]) -> str:
    """Dry-runs of the same orders in turn. Raises Differs unless all make the same payloads."""
    with SERVERS():
        work = make_work(folder, rows)
        forms = prepared(work)
        left_out = [form.what for form in FORMS if form not in forms]
        taken = _in_turn({form.what: form.engine(work) for form in forms}, work, out, rounds, tell)
        joined = joins(work, out, rounds, tell)
    base = taken["CSV"].wall
    lines = [_line(form, taken[form.what], base) for form in forms]
    header = ["from", "wall s", "CPU s", f"peak MB ({memory_kind()})", "times from CSV", "wanted"]
    missing = (
        f"Left out, as no server is named, or a library is not installed: {', '.join(left_out)}.\n" if left_out else ""
    )
    return (
        f"## {rows:,} orders of {len(ORDER_COLUMNS)} columns: dry-run from each kind of source\n\n"
        f"{table(header, lines)}\n{missing}"
        "All make the same payloads, byte for byte. CPU and memory are those of the engine's processes; a server's are its own.\n"
        f"MariaDB is read by {_mysql_reader()}; what is wanted of it is meant of mysqlclient.\n\n{joined}"
    )


def _mysql_reader() -> str:
    return "mysqlclient" if find_spec("MySQLdb") else "PyMySQL"


def _line(form: Form, took: Taken, base: float) -> list[str]:
    wanted = "" if form.most is None else f"{form.most:g}"
    return [form.what, seconds(took.wall), seconds(took.cpu), megabytes(took.memory), times(took.wall / base), wanted]


def _in_turn(
    engines: dict[str, Engine], work: Work, out: Path, rounds: int, tell: Callable[[str], None]
) -> dict[str, Taken]:
    runs: dict[str, list[Took]] = {what: [] for what in engines}
    payloads: list[str] = []
    for number in range(rounds):
        for what, engine in engines.items():
            engine.clear(out)
            runs[what].append(timed(engine.command(work, out)))
            tell(f"  round {number + 1}: {what}: {seconds(runs[what][-1].wall)} s")
            made = payloads_sha256(engine.package(out))
            payloads.append(made)
            if made != payloads[0]:
                raise Differs(f"from {what} come other payloads than from {next(iter(engines))}")
    return {what: Taken(tuple(runs[what]), _memory(engine, work, out)) for what, engine in engines.items()}


def payloads_sha256(package: Package) -> str:
    """Of all bytes that would be sent. What a package keeps besides, such as rows' numbers, is each source's own."""
    digest = hashlib.sha256()
    for stage in package.stages:
        for batch in package.batches(stage):
            digest.update(package.payload(batch))
    return digest.hexdigest()


def _memory(engine: Engine, work: Work, out: Path) -> int:
    engine.clear(out)
    return peak_memory(engine.command(work, out))


# Joins


@dataclass(frozen=True, slots=True)
class Join:
    """A script of benchmarks/peers that sums the lines of each order, and writes `order_no,total` in the orders' order."""

    script: str
    what: str
    needs: tuple[str, ...] = ()
    server: str = ""

    @property
    def missing(self) -> bool:
        return any(find_spec(name) is None for name in self.needs) or bool(
            self.server and self.server not in os.environ
        )

    def command(self, work: Work, out: Path) -> Sequence[str]:
        return [sys.executable, str(PEERS / f"{self.script}.py"), str(work.folder), str(self.output(out))]

    def output(self, out: Path) -> Path:
        return out / f"{self.script}.csv"


JOINS = (
    Join("join_query", "`query`: DuckDB, fed by this engine's readers"),
    Join("join_pandas", "pandas", ("pandas",)),
    Join("join_polars", "polars", ("polars",)),
    Join("join_postgres", "the same SQL in PostgreSQL, where the rows already are", server="BENCH_POSTGRES"),
)


def joins(work: Work, out: Path, rounds: int, tell: Callable[[str], None]) -> str:
    """Join and sum in turn. Raises Differs unless all write the same rows."""
    write_lines(work)
    contenders = [one for one in JOINS if not one.missing]
    runs: dict[Join, list[Took]] = {one: [] for one in contenders}
    for number in range(rounds):
        for one in contenders:
            runs[one].append(timed(one.command(work, out)))
            tell(f"  round {number + 1}: {one.script}: {seconds(runs[one][-1].wall)} s")
            if one.output(out).read_bytes() != contenders[0].output(out).read_bytes():
                raise Differs(f"{one.script} sums something else than {contenders[0].script}")
    taken = {one: Taken(tuple(found), peak_memory(one.command(work, out))) for one, found in runs.items()}
    base = taken[contenders[0]].wall
    rows = [
        [one.what, seconds(took.wall), seconds(took.cpu), megabytes(took.memory), times(took.wall / base)]
        for one, took in taken.items()
    ]
    header = ["", "wall s", "CPU s", "peak MB", "times `query`"]
    return (
        f"## Join and sum: {work.rows:,} orders with {work.rows * LINES_AN_ORDER:,} lines\n\n{table(header, rows)}\n"
        "Whole processes, from two CSV files (PostgreSQL: from its own tables, without loading them) to a file of sums.\n"
    )
