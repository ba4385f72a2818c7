"""Real exports that are no part of the project, and `etl` as a process of its own to read them with.

What a package or the stand-in holds is read here with the standard library and exact numbers, not with the engine.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from forking import start

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT.parent / "shared" / "data"


def needs(name):
    """Skip the tests of a module where this export is absent."""
    return pytest.mark.skipif(not (DATA / name).is_dir(), reason=f"the real export {DATA / name} is not here")


def etl(*arguments, **environment):
    """Run `etl`; all it may know of the world is PATH and what is given."""
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    given = {name: str(value) for name, value in environment.items()}
    words = [str(word) for word in arguments]
    process = start(words, known | given)
    output, error = (written.decode() for written in process.communicate(300))
    return subprocess.CompletedProcess(words, process.wait(), output, error)


def exact(text):
    """JSON with its amounts as the digits say."""
    return json.loads(text, parse_float=Decimal)


def etl_json(*arguments, code=0, **environment):
    """The object that a command prints with --json; it has to end with this exit code."""
    done = etl(*arguments, "--json", **environment)
    assert done.returncode == code, done.stderr or done.stdout
    return exact(done.stdout)


def stages_of(summary):
    return {stage["name"]: stage for stage in summary["stages"]}


def counts(summary, *names):
    """For each stage, the numbers of its row in the summary's table."""
    names = names or ("read", "filtered", "rejected", "held", "valid")
    return {name: tuple(stage[one] for one in names) for name, stage in stages_of(summary).items()}


def payload_files(summary, stage):
    return sorted(Path(summary["package"]).glob(f"payloads/{stage}/*.json"))


def payload_records(summary, stage):
    return [record for file in payload_files(summary, stage) for record in exact(file.read_text(encoding="utf-8"))]


def keys_and_rows(summary, stage):
    """For each payload record, in order, its key and its row of the source."""
    return [tuple(pair) for batch in lines(summary, "index", stage) for pair in batch]


def lines(summary, folder, stage):
    """The lines of rejects/<stage>.jsonl, held/<stage>.jsonl or index/<stage>.jsonl."""
    text = (Path(summary["package"]) / folder / f"{stage}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def read_table(path, encoding="utf-8"):
    """A CSV as the standard library reads it: the header, and every row with its number as a spreadsheet counts."""
    with path.open(encoding=encoding, newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    return header, list(enumerate(rows, start=2))
