"""The rows that a mapping's own tests give, as tables: no source is opened for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

from msgspec import Struct

from etl.errors import SourceError
from etl.extract import (
    KINDS,
    Connections,
    World,
    answered_all,
    fetched_all,
    numbered,
    open_table,
    read_columns,
    with_needs,
)
from etl.extract.rows import RowsPart
from etl.mapping.source_checks import in_order_of_need
from etl.mapping.templates import columns_used
from etl.model import MappingTest, Migration, Part, Rows, Source, Stage, Table


class GivenTable(Struct, frozen=True):
    """Rows that stand in a mapping."""

    header: tuple[str, ...]
    text_only: bool
    rows: tuple[tuple[object, ...], ...] = ()
    first_row: int = 1

    def parts(self, rows: int) -> Iterator[Part]:
        if self.rows:
            yield RowsPart(Rows(self.rows))


def table_of_cells(migration: Migration, stage: Stage) -> Table:
    """The columns that the stage's expressions and its tests name, and no row."""
    source = migration.sources[stage.source]
    used = columns_used([stage])[stage.source]
    given = {name for test in migration.tests if test.stage == stage.name for case in test.cases for name in case.given}
    header = sorted(read_columns(source, used | given))
    return numbered(GivenTable(tuple(header), KINDS[source.kind].text_only), source, used | given)


@contextmanager
def table_of_sources(migration: Migration, stage: Stage, test: MappingTest) -> Iterator[Table]:
    """The stage's rows as they are made from the small tables that a test gives. Raises SourceError."""
    used = columns_used([stage])[stage.source]
    source = migration.sources[stage.source]
    columns = read_columns(source, used)
    tables = {
        name: _given(migration.sources[name], test, columns if name == stage.source else set()) for name in test.sources
    }
    with ExitStack() as opened:
        connections = opened.enter_context(Connections())
        for one in _made_from(migration, stage, test):
            tables[one.name] = opened.enter_context(_opened(one, World(tables, connections, migration.sources)))
        found = fetched_all({stage.source: tables[stage.source]}, {stage.source: columns})
        yield numbered(answered_all(found)[stage.source], source, used)


@contextmanager
def _opened(source: Source, world: World) -> Iterator[Table]:
    """Of several queries an error says which one it is."""
    with ExitStack() as opened:
        try:
            table = opened.enter_context(open_table(source, world))
        except SourceError as error:
            raise SourceError(f"source '{source.name}': {error}") from None
        yield table


def _given(source: Source, test: MappingTest, used: Collection[str]) -> Table:
    table = test.sources[source.name]
    blank = tuple(name for name in sorted(used) if name not in table.columns)
    rows = tuple((*row, *("" for _ in blank)) for row in table.rows)
    return GivenTable((*table.columns, *blank), KINDS[source.kind].text_only, rows)


def _made_from(migration: Migration, stage: Stage, test: MappingTest) -> list[Source]:
    """The queries among what the stage reads, each after those that it needs."""
    sources = {name: one for name, one in migration.sources.items() if name not in test.sources}
    return in_order_of_need([sources[name] for name in with_needs(sources, {stage.source})])
