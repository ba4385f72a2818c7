"""Checked -> the same with its rows at hand: what a mapping uses of a database is fetched, and nothing else of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from msgspec.structs import replace

from etl.extract import Corrected, answered_all, fetched_all, find_corrected, locate, read_columns
from etl.extract.database import identity, named_rows
from etl.mapping import Checked
from etl.mapping.templates import columns_wanted
from etl.model import Locate, Source, Stage, Table


def with_rows(checked: Checked, stages: Iterable[Stage], most: int | None = None) -> Checked:
    """Fetch, one after another and all of one moment, what these stages take from databases. Raises SourceError.

    Also the key by which a row is told, when something is wrong with it. Rows that persons have mended are found, with `most`
    among the first of each source.
    """
    stages = list(stages)
    sources, tables = checked.migration.sources, checked.tables
    used = {
        name: read_columns(sources[name], columns) | identity(tables[name])
        for name, columns in columns_wanted(stages).items()
    }
    # The shop's transactions end here, and the process of the queries does; preparing takes its time.
    try:
        tables = fetched_all({name: checked.tables[name] for name in used}, used)
    finally:
        checked.connections.release()
    try:
        ready = {**checked.tables, **answered_all(tables)}
    finally:
        checked.connections.end_queries()
    corrected = {
        stage.name: _corrected(checked, stage, ready[stage.source], most) for stage in stages if stage.corrections
    }
    return replace(checked, tables=ready, corrected=corrected)


def _corrected(checked: Checked, stage: Stage, table: Table, most: int | None) -> Corrected:
    source = checked.migration.sources[stage.source]
    return find_corrected(table, stage.corrections, teller(source, table), most)


def teller(source: Source, table: Table) -> Locate:
    """A way to tell where a row is, by its key where its table has one and has been fetched."""
    return named_rows(partial(locate, source, table), table)
