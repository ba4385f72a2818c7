"""A table of rows that are given, cut in parts of an exact size; what a stage made of it leaves on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from etl.expressions import Header
from etl.findings import Unfit, literally
from etl.measures.ledger import Ledger
from etl.model import Locator, RowFault, Rows, Stage
from etl.packing import StageWriter
from etl.prepare.plan import Plan
from etl.prepare.profiling import profiler_of
from etl.prepare.stage import Scribe, prepare_stage
from etl.workers import engine


def row_unfit(sentence):
    """Why a row cannot be read, said in a sentence without parts."""
    return Unfit("row", None, literally(sentence))


@dataclass(frozen=True)
class GivenPart:
    rows: tuple
    start: None = None
    reached: None = None

    def moved(self, start):
        return self

    def read(self):
        """A row that is a text is one that could not be read, for that reason."""
        faults = [
            RowFault(index, row_unfit(row), ("?",)) for index, row in enumerate(self.rows) if isinstance(row, str)
        ]
        return Rows(self.rows, tuple(faults))


@dataclass(frozen=True)
class GivenTable:
    header: tuple
    rows: tuple
    first_row: int = 2
    text_only: bool = True

    def parts(self, rows):
        return (GivenPart(self.rows[start : start + rows]) for start in range(0, len(self.rows), rows))


def plan_of(stage: Stage, header, schema, resources=None, **options) -> Plan:
    return Plan(stage, Header(tuple(header), **options), resources or {}, schema, "%Y-%m-%d", "%Y-%m-%d %H:%M:%S")


@dataclass
class Left:
    """What a stage left: its counts, [key, row] of each record sent, the lines of its rejects, held and merged records."""

    counts: object
    records: list
    sent: list
    rejects: list
    held: list
    merged: list = field(default_factory=list)


def run_stage(root, plan, rows, integrity, *, part=100, workers=1, batch=1000) -> Left:
    """Prepare one stage in the folder `root`."""
    table = GivenTable(plan.header.columns, tuple(rows))
    writer = StageWriter(root, plan.stage.name, plan.stage.payload, batch, merges=plan.stage.merges)
    done = prepare_stage(
        plan,
        Scribe(plan, lambda row, cells=None: Locator("shop.csv", row), writer, profiler_of(plan, Ledger(root))),
        table.first_row,
        chunks(plan, table, workers, rows=part),
        integrity.stage(plan.stage),
        lambda rows: None,
    )
    return Left(
        done.counts,
        [one for batch in lines_of(root / done.batches.file) for one in payload_of(root, batch)],
        [tuple(one) for batch in lines_of(root / done.index.file) for one in batch],
        lines_of(root / done.rejects.file),
        lines_of(root / done.held.file),
        lines_of(root / done.merged.file) if done.merged else [],
    )


def chunks(plan, table, workers=1, **options):
    """The chunks of one table, prepared by so many processes."""
    with engine.pools(engine.LOCAL, workers, None, [plan]) as found:
        yield from engine.chunks(plan, table, found, **options)


def payload_of(root, batch):
    return json.loads((root / batch["payload"]["file"]).read_bytes())


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
