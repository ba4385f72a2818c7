"""Count the passwords of a migration's customers by kind, before anything is prepared or sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct

from etl.commands.keeping import opened
from etl.commands.settings import Settings, Watch, unwatched
from etl.expressions import PRIVATE_KEYS, Counted
from etl.extract.databases.following import Follow
from etl.mapping import Checked
from etl.mapping.rows import with_rows
from etl.model import Stage
from etl.payloads.census import PasswordKind, census
from etl.places import workspace_of
from etl.prepare.chunk import Chunk
from etl.prepare.integrity import Integrity, StageIntegrity
from etl.prepare.plan import plan_stage
from etl.workers.engine import chunks

KEYS = 1_000_000
"""Keys that are held in memory; more lie in a file."""


class StageCensus(Struct, frozen=True):
    """The passwords of one stage of users."""

    stage: str
    kinds: tuple[PasswordKind, ...]

    @property
    def customers(self) -> int:
        return sum(kind.count for kind in self.kinds)


def count_passwords(
    mapping: Path, workspace: Path | None = None, watch: Watch = unwatched, follow: Follow | None = None
) -> list[StageCensus]:
    """Of each stage of users, the passwords of all that would be sent. Reads their sources; writes nothing that stays.

    `watch` is told of the rows that are read, `follow` of those that come from servers.
    """
    how = Settings(workspace_of(mapping, workspace), follow=follow)
    with opened(mapping, how, ready=lambda checked: None) as (checked, migration):
        stages = [stage for stage in migration.stages if stage.payload == "user"]
        ready = with_rows(checked, stages)
        with TemporaryDirectory(prefix="etl-census-") as folder, closing(Integrity(Path(folder), KEYS)) as integrity:
            return [StageCensus(one.name, tuple(census(_records(ready, one, integrity, watch)))) for one in stages]


def _records(checked: Checked, stage: Stage, integrity: Integrity, watch: Watch) -> Iterator[Mapping[str, Any]]:
    table = checked.table(stage)
    resources = {**checked.resources, PRIVATE_KEYS: {"passwords": Counted()}}
    judge, row = integrity.stage(stage), table.first_row
    with closing(chunks(plan_stage(checked.migration, stage, table, resources), table)) as found:
        for chunk in found:
            yield from _sent(chunk, judge, row)
            row += chunk.height
            watch(stage.name, chunk.height)


def _sent(chunk: Chunk, judge: StageIntegrity, row: int) -> Iterator[Mapping[str, Any]]:
    """The records of a chunk that no earlier one repeats."""
    [verdict] = judge.judge([chunk], row)
    dropped = verdict.dropped()
    wanted = [position not in dropped for position in range(len(chunk.keys))]
    return map(json.loads, compress(chunk.records, wanted))
