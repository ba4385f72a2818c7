"""Where the time of a dry-run with one worker goes: python -m benchmarks.sections work/bench/.../migration.yaml

The engine's own steps are wrapped in a stopwatch; a step's time is without the steps inside it. A step that is no longer
there is said and left out: its time then shows in the one around it.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from benchmarks.page import seconds, table

STEPS = (
    ("check the mapping, open the sources", "etl.commands.keeping:load_mapping"),
    ("compile", "etl.workers.engine:Program"),
    ("read and cut the CSV in cells", "etl.extract.csv_part:CsvPart.read"),
    ("read and cut the CSV in cells", "etl.extract.rows:RowsPart.read"),
    ("expressions: rows to columns", "etl.prepare.program:Program.records"),
    ("validate", "etl.payloads.validate:Validator.invalid"),
    ("columns to lines of JSON", "etl.prepare.program:Program.lines"),
    ("measure for the report", "etl.prepare.meter:Meter.sketch"),
    ("measure for the report", "etl.prepare.profiling:Profiler.add"),
    ("measure for the report", "etl.prepare.profiling:Profiler.sent"),
    ("the rest of a chunk", "etl.prepare.chunk:prepare_rows"),
    ("integrity: keys, unique, refers", "etl.prepare.integrity:StageIntegrity.judge"),
    ("number rows, count", "etl.prepare.stage:Scribe.write"),
    ("cut batches", "etl.packing:StageWriter.add"),
    ("cut batches", "etl.packing:StageWriter.close"),
    ("write and hash payloads and index", "etl.packing:StageWriter._write"),
    ("hash the sources", "etl.commands.prepare:_manifest"),
    ("write the report and the workbook", "etl.commands.prepare:write_report"),
    ("write the report and the workbook", "etl.commands.prepare:write_workbook"),
    ("finish the package", "etl.packing:PackageWriter.finish"),
)


class Stopwatch:
    """Adds up the time of each step, without that of the steps inside it."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = defaultdict(float)
        self._inside = [0.0]

    def wrap(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._inside.append(0.0)
            begun = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.perf_counter() - begun
                self.taken[step] += whole - self._inside.pop()
                self._inside[-1] += whole

        return timed


def attach(stopwatch: Stopwatch) -> None:
    for step, place in STEPS:
        module, path = place.split(":")
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        try:
            for part in outer:
                owner = getattr(owner, part)
            setattr(owner, name, stopwatch.wrap(step, getattr(owner, name)))
        except AttributeError:
            print(f"there is no {place} any more", file=sys.stderr)


def main() -> None:
    begun = time.perf_counter()
    from etl.commands.dry_run import dry_run
    from etl.commands.settings import Settings

    stopwatch = Stopwatch()
    imported = time.perf_counter() - begun
    attach(stopwatch)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        dry_run(Path(sys.argv[1]), Settings(workspace=Path(folder), workers=1))
        whole = time.perf_counter() - begun
    taken = {"import the engine": imported, **stopwatch.taken}
    taken["between the steps"] = whole - sum(stopwatch.taken.values())
    total = whole + imported
    rows = [[step, seconds(spent), f"{spent / total:.0%}"] for step, spent in taken.items()]
    print(table(["", "s", "of the whole"], [*rows, ["**whole**", seconds(total), ""]]))


if __name__ == "__main__":
    main()
