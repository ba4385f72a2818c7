"""Rows that a stage's `where` leaves out, and what some of its fields would have come to: no package keeps them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import compress
from operator import not_
from typing import Any

from msgspec.structs import replace

from etl.expressions import CompiledStage, compile_stage, writers
from etl.model import Record, Rows, Stage
from etl.prepare.chunk import readable_rows, text_column
from etl.prepare.plan import Plan


class LeftOut:
    """Finds them among many rows by the code that makes records, of which no more than these fields is computed."""

    def __init__(self, plan: Plan, fields: Collection[str]) -> None:
        stage = plan.stage
        own = {stage.key} if isinstance(stage.key, str) else set()
        self._where = _compiled(plan, stage, own)
        self._fields = _compiled(plan, replace(stage, where=None), {*fields, *own})

    def of(self, rows: Rows) -> Iterator[tuple[int, str | None, Record]]:
        """Each with its index, its key, and those of the fields that can be computed."""
        found, indices = readable_rows(rows)
        keep = self._where.records(found).keep
        if keep is None:
            return
        gone = list(map(not_, keep))
        left_out = list(compress(found, gone))
        made = self._fields.records(left_out)
        # Without a field there is no column to tell how many rows there are.
        values: Sequence[Sequence[Any]] = [*zip(*made.columns.values(), strict=True)] or [()] * len(made.keys)
        in_turn = zip(compress(indices, gone), text_column(made.keys), values, strict=True)
        for position, (index, key, row) in enumerate(in_turn):
            record = dict(zip(made.columns, row, strict=True))
            for failure in self._fields.failures(left_out[position]) if position in made.failed else ():
                record.pop(failure.field, None)
            yield index, key, record


def _compiled(plan: Plan, stage: Stage, fields: Collection[str]) -> CompiledStage:
    some = {name: one for name, one in stage.fields.items() if name in fields}
    return compile_stage(
        replace(stage, fields=some), plan.header, plan.resources, writers(plan.date_format, plan.datetime_format)
    )
