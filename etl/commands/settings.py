"""How to prepare, and where everything of a migration lies."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol

from etl.arguments import AtLeast, Count, OneOf, checked
from etl.errors import MappingError
from etl.extract.databases.following import Follow
from etl.findings import or_perhaps, said
from etl.journal.folder import MigrationFolder
from etl.languages import DEFAULT, LANGUAGES
from etl.mapping import target_known
from etl.model import Migration, Stage
from etl.places import migration_folder
from etl.workers.names import DASK, LOCAL

Language = Annotated[str, OneOf(LANGUAGES)]

Watch = Callable[[str, int], None]
"""Told a stage's name and how many more of its rows have been read."""


def unwatched(stage: str, rows: int) -> None:
    pass


class Expect(Protocol):
    """Told how many rows a stage is going to read: before the first, when they are counted; `about` so many otherwise, and again
    whenever it is known better."""

    def __call__(self, stage: str, rows: int, *, about: bool) -> None: ...


def nobody_expects(stage: str, rows: int, *, about: bool) -> None:
    pass


Tell = Callable[[str], None]
"""Told a sentence about something out of the ordinary that keeps nothing from going on."""


def nobody_listens(sentence: str) -> None:
    pass


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@checked
@dataclass(frozen=True, slots=True)
class Settings:
    """How to prepare. `workers` processes; `limit` rows of each source; `keys` held in memory; `fast` paths.

    `stages` names those that are prepared; none is all. A record that refers to another stage's is sent when that one has
    arrived with an earlier load, and held otherwise.
    `strict`: what is odd about the mapping keeps it from being prepared.
    `tell` hears what is out of the ordinary, `expect` how many rows there are to read, `follow` of rows that come from servers.
    `fresh`: rows of servers are fetched anew; `snapshot`: they are those of the one with this ID. `inform` is told which.
    `show_data`: the report of a package shows personal data. `language`: of the report and the workbook of rejects.
    `packages` is the folder where packages are made; None is the migration's own.
    `engine` is `local` or `dask`; `scheduler` the address of a Dask cluster, None for one on this machine.
    """

    workspace: Path
    workers: Count = field(default_factory=usable_cores)
    limit: Count | None = None
    keys: Annotated[int, AtLeast(0)] = 50_000
    fast: bool = True
    engine: Annotated[str, OneOf((LOCAL, DASK))] = LOCAL
    scheduler: str | None = None
    stages: tuple[str, ...] = ()
    strict: bool = False
    tell: Tell = nobody_listens
    fresh: bool = False
    snapshot: str | None = None
    inform: Tell = nobody_listens
    show_data: bool = False
    language: Language = DEFAULT
    packages: Path | None = None
    expect: Expect = nobody_expects
    follow: Follow | None = None

    def chosen(self, migration: Migration) -> tuple[Stage, ...]:
        """The stages to prepare, in the mapping's order. Raises MappingError for a name that is none."""
        names = [stage.name for stage in migration.stages]
        for name in self.stages:
            if name not in names:
                line = said("--stage {stage}: the mapping has no such stage", stage=name)
                raise MappingError(or_perhaps(line, name, names))
        return tuple(stage for stage in migration.stages if not self.stages or stage.name in self.stages)

    def folder(self, migration: Migration) -> MigrationFolder:
        """Where everything of one migration lies."""
        return migration_folder(self.workspace, migration.name)

    def journal(self, migration: Migration) -> Path:
        """The folder of the target that the mapping names, as it does for every mapping that can upload."""
        return self.folder(migration).target(target_known(migration.target) or "").root
