"""`make bench`: this engine and what a user would write instead, in turn, on the same work. Writes benchmarks/results.md.

python -m benchmarks.run [--rows 200000] [--rounds 3] [--quick | --full] [--sources [--memory]] [--folder work/bench]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders import (
    COLUMNS,
    COMPRESSED,
    IN_ORDER,
    ONE_BY_ONE,
    ORDERS,
    PEERS_IN_TURN,
    UNREPORTED,
    UNREPORTED_IN_ORDER,
    UNREPORTED_WITH_ITEMS,
    WHOLE,
    WITH_ITEMS,
    Differs,
    Engine,
    Peer,
    check_same,
    engine_records,
)
from benchmarks.measure import Failed, Taken, Took, memory_kind, peak_memory, repeat, timed
from benchmarks.memory import memory_of_sources
from benchmarks.page import machine, megabytes, seconds, table, times, usable_cores
from benchmarks.sources import sources
from benchmarks.upload import RECORDS as UPLOADED
from benchmarks.upload import measure_upload
from benchmarks.work import Work, compress, make_work, put_in_order, write_items

RESULTS = Path(__file__).parent / "results.md"
OF_SOURCES = Path(__file__).parent / "results-sources.md"
OF_MEMORY = Path(__file__).parent / "results-memory.md"
MEMORY_SIZES = (200_000, 1_000_000, 5_000_000)
SIZES = (10_000, 100_000, 1_000_000)
FULL_SIZES = (*SIZES, 5_000_000)
QUICK_SIZES = (10_000, 50_000)
ONCE_ONLY = 15.0
"""Seconds. A contender that takes longer is not run again: its ratio is no close call."""

LARGEST_REPORT = 2_000_000
"""Bytes: a page that a browser opens at once, however many rows there were."""

ROWS_A_SIZE = 2_000_000
"""A size is run again until about so many rows have been prepared, or the rounds are done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `folder` keeps the work between runs; what the contenders write goes to `out` inside it."""

    folder: Path
    rows: int
    rounds: int
    sizes: tuple[int, ...]
    results: Path = RESULTS

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def work(self, rows: int | None = None) -> Work:
        return make_work(self.folder, rows or self.rows)


def main() -> None:
    plan = _plan(sys.argv[1:])
    plan.out.mkdir(parents=True, exist_ok=True)
    parts = [_introduction(plan)]
    try:
        for section in SECTIONS_OF[plan.results]:
            tell(f"{section.__name__.replace('_', ' ')} ...")
            parts.append(section(plan))
            print(parts[-1], flush=True)
    except (Differs, Failed) as error:
        sys.exit(f"{error}\nnothing is written to {plan.results.name}")
    finally:
        shutil.rmtree(plan.out)
    plan.results.write_text("\n".join(parts), encoding="utf-8")


def _plan(arguments: list[str]) -> Plan:
    parser = argparse.ArgumentParser(description="Run this engine and its peers on the same work.")
    parser.add_argument("--rows", type=int, help="orders for the contest (200,000; with --quick 20,000)")
    parser.add_argument("--rounds", type=int, help="runs of each contender (3; with --quick 2)")
    parser.add_argument("--folder", type=Path, default=Path("work/bench"), help="where the work is kept")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that everything runs")
    parser.add_argument("--full", action="store_true", help="also five million orders: needs 20 GB of disk")
    parser.add_argument(
        "--sources",
        action="store_true",
        help="databases, dumps, JSON and joins instead (1,000,000 orders; with --quick 20,000)",
    )
    parser.add_argument(
        "--memory",
        action="store_true",
        help="with --sources: the memory of a dry-run from each kind, from 200,000 to 5,000,000 orders; needs 20 GB of disk",
    )
    found = parser.parse_args(arguments)
    rows, rounds, default_sizes = (20_000, 2, QUICK_SIZES) if found.quick else (200_000, 3, SIZES)
    if found.sources and not found.quick:
        rows = SIZES[-1]
    results = OF_SOURCES if found.sources else RESULTS
    if found.memory and found.sources:
        sizes = (found.rows,) if found.rows else QUICK_SIZES if found.quick else MEMORY_SIZES
        return Plan(found.folder, sizes[-1], 1, sizes, OF_MEMORY)
    if found.memory:
        parser.error("--memory is of the kinds of sources: --sources --memory")
    return Plan(
        found.folder, found.rows or rows, found.rounds or rounds, FULL_SIZES if found.full else default_sizes, results
    )


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _introduction(plan: Plan) -> str:
    return f"""# What was measured

Written by `make bench{ASKED[plan.results]}` on {datetime.now(UTC):%Y-%m-%d}; how and against what: [README.md](README.md).

{machine()}
{"" if plan.results == OF_MEMORY else _of_seconds(plan)}\
Peak memory is the {memory_kind()} of all processes together, looked at fifty times a second in a run of its own.
"""


def _of_seconds(plan: Plan) -> str:
    return (
        f"Seconds of wall and of CPU (user and system, all processes) are medians of {plan.rounds} rounds, the contenders "
        f"in turn\nin each; what takes more than {ONCE_ONLY:.0f} seconds runs once.\n"
    )


# The same work, everybody


def contest(plan: Plan) -> str:
    """Engine and peers in turn: A B C, A B C, ..."""
    work, peers = plan.work(), []
    for peer in PEERS_IN_TURN:
        if peer.missing:
            tell(f"  {peer.script}: left out, {', '.join(peer.missing)} is not installed")
        else:
            peers.append(peer)
    taken = _in_turn(plan, work, [ORDERS, WHOLE, *peers])
    base = taken[ORDERS].wall
    rows = [
        [one.what, seconds(took.wall), _range(took), seconds(took.cpu), megabytes(took.memory), times(took.wall / base)]
        for one, took in taken.items()
    ]
    header = ["", "wall s", "from-to", "CPU s", "peak MB", "times the engine's wall"]
    return (
        f"## {plan.rows:,} orders\n\n{table(header, rows)}\n"
        "The engine's runs are whole `etl dry-run` processes: they check keys, number rows, cut batches, hash and write\n"
        "the package and its manifest. The peers read, compute, validate and write one JSON file.\n"
    )


def _in_turn(plan: Plan, work: Work, contenders: list[Engine | Peer]) -> dict[Engine | Peer, Taken]:
    runs: dict[Engine | Peer, list[Took]] = {one: [] for one in contenders}
    for number in range(plan.rounds):
        for one in contenders:
            if number and runs[one][0].wall > ONCE_ONLY:
                continue
            _prepare(plan, one)
            runs[one].append(timed(one.command(work, plan.out)))
            tell(f"  round {number + 1}: {one.what}: {seconds(runs[one][-1].wall)} s")
            if number == 0 and one is ORDERS:
                expected = engine_records(ORDERS.package(plan.out))
            if number == 0 and isinstance(one, Peer):
                check_same(one, plan.out, expected)
    return {one: Taken(tuple(runs[one]), _memory(plan, one, work)) for one in contenders}


def _prepare(plan: Plan, one: Engine | Peer) -> None:
    if isinstance(one, Engine):
        one.clear(plan.out)


def _memory(plan: Plan, one: Engine | Peer, work: Work) -> int:
    _prepare(plan, one)
    return peak_memory(one.command(work, plan.out))


def _range(taken: Taken) -> str:
    return "-".join(map(seconds, taken.spread))


# One core


def one_core(plan: Plan) -> str:
    """The engine and the fastest script of one process, each kept on one core."""
    if not hasattr(os, "sched_setaffinity"):
        return "## One core\n\nNot measured: this system cannot keep a process on one core.\n"
    work, core = plan.work(), [min(os.sched_getaffinity(0))]
    contenders: list[Engine | Peer] = [ORDERS, ONE_BY_ONE, *([] if COLUMNS.missing else [COLUMNS])]
    runs: dict[Engine | Peer, list[Took]] = {one: [] for one in contenders}
    for _ in range(plan.rounds):
        for one in contenders:
            _prepare(plan, one)
            runs[one].append(timed(one.command(work, plan.out), core))
    taken = {one: Taken(tuple(found)) for one, found in runs.items()}
    base = taken[ORDERS].wall
    rows = [[one.what, seconds(took.wall), seconds(took.cpu), times(took.wall / base)] for one, took in taken.items()]
    return f"## {plan.rows:,} orders on one core\n\n{table(['', 'wall s', 'CPU s', 'times the engine'], rows)}"


# A source that cannot be cut


def compressed(plan: Plan) -> str:
    """The same CSV in a .gz: one process has to read it, all cores can do what comes after."""
    work = plan.work()
    compress(work)
    rows = []
    for what, engine in (("the file as it is", ORDERS), ("compressed (.gz)", COMPRESSED)):
        one, all_cores = (_workers(plan, work, engine, workers, plan.rounds) for workers in (1, usable_cores()))
        rows.append([what, seconds(one.wall), seconds(all_cores.wall), times(one.wall / all_cores.wall)])
    header = ["", "1 worker, s", f"{usable_cores()} workers, s", "times as fast"]
    return f"## {plan.rows:,} orders from a source that cannot be cut\n\n{table(header, rows)}"


def _workers(plan: Plan, work: Work, engine: Engine, workers: int, rounds: int) -> Taken:
    one = replace(engine, options=("--workers", str(workers)))
    return repeat(rounds, one.command(work, plan.out), lambda: one.clear(plan.out))


# Sizes


def sizes(plan: Plan) -> str:
    """Cost per row and peak memory from small to large, customers and `refers` and `unique` on."""
    rows = [_size(plan, size) for size in plan.sizes]
    header = [
        "orders", "wall s", "µs a row", "µs a row after starting", "CPU µs a row", "peak MB", "1 worker, s", "times as fast",
    ]  # fmt: skip
    return (
        f"## Sizes: `etl dry-run` of customers and orders, {usable_cores()} workers\n\n{table(header, rows)}\n"
        "A row is a row of either file (a customer for every four orders). Starting is what one row takes.\n"
        "The package is the same, byte for byte, with one worker and with several.\n"
    )


def _size(plan: Plan, size: int) -> list[str]:
    work, rounds = plan.work(size), max(1, min(plan.rounds, ROWS_A_SIZE // size))
    many = _workers(plan, work, WHOLE, usable_cores(), rounds)
    digest = [stage.batches for stage in WHOLE.package(plan.out).stages]
    one = _workers(plan, work, WHOLE, 1, rounds)
    if [stage.batches for stage in WHOLE.package(plan.out).stages] != digest:
        raise Differs(f"{size:,} orders: one worker and {usable_cores()} leave different packages")
    start = _started(plan, work)
    read = sum(stage.counts.read for stage in WHOLE.package(plan.out).stages)
    memory = _memory(plan, WHOLE, work)
    WHOLE.clear(plan.out)
    tell(f"  {size:,}: {seconds(many.wall)} s, {megabytes(memory)} MB")
    each = [many.wall / read, (many.wall - start) / read, many.cpu / read]
    return [
        f"{size:,}", seconds(many.wall), *(f"{one_row * 1e6:.1f}" for one_row in each), megabytes(memory),
        seconds(one.wall), times(one.wall / many.wall),
    ]  # fmt: skip


def _started(plan: Plan, work: Work) -> float:
    """Seconds for a dry-run of one row. It has a workspace of its own, so that the package before it stays."""
    return repeat(3, *_limited(work, plan.out / "start", 1)).wall


def _limited(work: Work, out: Path, limit: int) -> tuple[list[str], Callable[[], object]]:
    """The orders alone: the first customers are not those of the first orders, which would all be held."""
    engine = replace(ORDERS, options=("--limit", str(limit)))
    return engine.command(work, out), lambda: engine.clear(out)


# The report


def report(plan: Plan) -> str:
    """What the report costs of the largest work, and how large it is."""
    work = plan.work(max(plan.sizes))
    put_in_order(work)
    write_items(work)
    pairs = {
        "in the order of their dates": (UNREPORTED_IN_ORDER, IN_ORDER),
        "the same with their items": (UNREPORTED_WITH_ITEMS, WITH_ITEMS),
        "of any date, from one to the next": (UNREPORTED, WHOLE),
    }
    rows = [row for orders, pair in pairs.items() for row in _cost(plan, work, orders, *pair)]
    size = (WHOLE.package(plan.out).path / "report.html").stat().st_size
    if size > LARGEST_REPORT:
        raise Differs(f"report.html of {work.rows:,} orders has {size:,} bytes, more than {LARGEST_REPORT:,}")
    return (
        f"## The report, of {work.rows:,} orders and their customers\n\n{table(['orders', '', 'wall s', 'CPU s'], rows)}\n"
        f"`report.html` has {size / 1e6:.2f} MB; more than {LARGEST_REPORT / 1e6:.0f} MB would end the benchmark.\n"
        "Without: nothing is measured for the report, and neither report nor workbook are written. Amounts are summed by\n"
        "month: of an export in the order of its numbers a part has few months, of orders in no order nearly all. Where there\n"
        "are items, they are held against their orders.\n"
    )


def _cost(plan: Plan, work: Work, orders: str, unreported: Engine, reported: Engine) -> Iterator[list[str]]:
    runs: dict[Engine, list[Took]] = {unreported: [], reported: []}
    for _ in range(plan.rounds):
        for one, found in runs.items():
            one.clear(plan.out)
            found.append(timed(one.command(work, plan.out)))
    without, whole = (Taken(tuple(found)) for found in runs.values())
    yield [orders, "without a report", seconds(without.wall), seconds(without.cpu)]
    yield ["", "with it", seconds(whole.wall), seconds(whole.cpu)]
    yield ["", "the report", f"{whole.wall / without.wall - 1:+.0%}", f"{whole.cpu / without.cpu - 1:+.0%}"]


# First looks


def first_looks(plan: Plan) -> str:
    """How long a person waits before there is something to see, on the largest file."""
    work = plan.work(max(plan.sizes))
    etl = [sys.executable, "-m", "etl"]
    looks = {
        "`etl --help`": repeat(5, [*etl, "--help"]),
        "`etl preview`": repeat(5, [*etl, "preview", str(work.mapping)]),
        "`etl dry-run --limit 1000`": repeat(5, *_limited(work, plan.out, 1000)),
    }
    rows = [[name, seconds(took.wall), seconds(took.cpu)] for name, took in looks.items()]
    return f"## First looks, on a file of {work.rows:,} orders\n\n{table(['', 'wall s', 'CPU s'], rows)}"


# Uploading


def upload(plan: Plan) -> str:
    """The part of an upload's wall time in which our own process computes; the rest it waits for the stand-in."""
    records = UPLOADED if plan.rows >= 200_000 else UPLOADED // 20
    dry, run = measure_upload(plan.folder / "upload", records)
    wall, cpu = run.wall - dry.wall, run.cpu - dry.cpu
    return (
        f"## Uploading {records:,} small records to the stand-in\n\n"
        f"In batches of 500, one after the other: {seconds(wall)} s, of which our own process computes {seconds(cpu)} s "
        f"({cpu / wall:.0%}).\nThat is a `run` less a `dry-run` of the same records; the stand-in runs on the same cores.\n"
    )


# Kinds of sources


def kinds_of_sources(plan: Plan) -> str:
    """The same orders in every form a shop comes in, and joins."""
    return sources(plan.folder, plan.out, plan.rows, plan.rounds, tell)


def memory(plan: Plan) -> str:
    """The same orders in every form, at each size."""
    return memory_of_sources(plan.folder, plan.out, plan.sizes, tell)


SECTIONS_OF = {
    RESULTS: (contest, one_core, compressed, sizes, report, first_looks, upload),
    OF_SOURCES: (kinds_of_sources,),
    OF_MEMORY: (memory,),
}
ASKED = {RESULTS: "", OF_SOURCES: " BENCH=--sources", OF_MEMORY: " BENCH='--sources --memory'"}


if __name__ == "__main__":
    main()
