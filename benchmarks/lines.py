"""The lines of the benchmark's orders: what is joined and summed."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.work import SEED, Finished, Work

LINES_AN_ORDER = 3


def write_lines(work: Work) -> Path:
    """lines.csv beside the orders: three lines for each, on average, mixed."""
    path = work.folder / "lines.csv"
    if not path.exists():
        rng, count = random.Random(f"{SEED} lines"), work.rows * LINES_AN_ORDER
        with Finished(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            file.write("order_no;sku;quantity;price\n")
            for _ in range(count):
                order, cents = 100_000_001 + int(rng.random() * work.rows), rng.randrange(100, 100_000)
                file.write(f"{order};S{rng.randrange(5000)};{rng.randrange(1, 4)};{cents // 100}.{cents % 100:02}\n")
    return path
