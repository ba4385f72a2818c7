"""What it costs to know every failed record by name: `batch_size: 1`, beside larger batches, against the local stand-in.

    python -m benchmarks.single_records                   1,000 users for each pair; three minutes
    python -m benchmarks.single_records --records 100     to see that it runs

Prints the table of docs/runbook.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import timed
from benchmarks.page import seconds, table
from benchmarks.upload import MAPPING, stand_in

RECORDS = 1000
SIZES = (500, 50, 1)
CONCURRENCY = (1, 4, 8)
HEADER = ("Per 1,000 records", "`concurrency`", "uploads", "requests", "seconds")


@dataclass(frozen=True, slots=True)
class Setting:
    batch_size: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class Cost:
    """`requests`: all, the looks at progress among them. `seconds`: of `etl run --package`, its start included."""

    setting: Setting
    uploads: int
    requests: int
    seconds: float


def mapping(setting: Setting) -> str:
    """That of the upload benchmark with these settings, and the engine's own polling."""
    settings = f"batch_size: {setting.batch_size}, concurrency: {setting.concurrency}"
    return MAPPING.replace("polling: { interval: 0.2 }", settings)


def measure(setting: Setting, records: int) -> Cost:
    """Prepare, then upload the package to a stand-in of its own."""
    with TemporaryDirectory() as name, stand_in(Path(name) / "store.sqlite"):
        folder = Path(name)
        (folder / "users.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(1, records + 1)))
        (folder / "migration.yaml").write_text(mapping(setting))
        timed([sys.executable, "-m", "etl", "dry-run", name])
        [package] = (folder / "work" / "upload" / "packages").iterdir()
        took = timed([sys.executable, "-m", "etl", "run", name, "--package", str(package)])
        [log] = folder.glob("work/upload/*/requests.jsonl")
        uploads, requests = counted(log.read_bytes().splitlines())
    return Cost(setting, uploads, requests, took.wall)


def counted(lines: Sequence[bytes]) -> tuple[int, int]:
    """Uploads and all requests of a request log. An upload has two lines, the first before it is sent."""
    uploads = sum(b'"sending"' in line for line in lines)
    return uploads, len(lines) - uploads


def costs(records: int) -> Iterator[Cost]:
    for size, concurrency in product(SIZES, CONCURRENCY):
        yield measure(Setting(size, concurrency), records)


def row(cost: Cost, records: int) -> list[str]:
    per_thousand = 1000 / records
    return [
        f"`batch_size: {cost.setting.batch_size}`",
        str(cost.setting.concurrency),
        f"{cost.uploads * per_thousand:,.0f}",
        f"{cost.requests * per_thousand:,.0f}",
        seconds(cost.seconds * per_thousand),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=RECORDS, help="how many users are uploaded for each pair")
    records = parser.parse_args().records
    print(table(HEADER, [row(cost, records) for cost in costs(records)]), end="")


if __name__ == "__main__":
    main()
