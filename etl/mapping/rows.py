"""Checked -> the same with its rows at hand: what a mapping uses of a database is fetched, and nothing else of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from etl.extract import answered_all, fetched_all, read_columns
from etl.extract.database import identity
from etl.mapping import Checked
from etl.mapping.templates import columns_used
from etl.model import Stage


def with_rows(checked: Checked, stages: Iterable[Stage]) -> Checked:
    """Fetch, one after another and all of one moment, what these stages take from databases. Raises SourceError.

    Also the key by which a row is told, when something is wrong with it.
    """
    sources, tables = checked.migration.sources, checked.tables
    used = {
        name: read_columns(sources[name], columns) | identity(tables[name])
        for name, columns in columns_used(stages).items()
    }
    # The shop's transactions end here, and the process of the queries does; preparing takes its time.
    try:
        tables = fetched_all({name: checked.tables[name] for name in used}, used)
    finally:
        checked.connections.release()
    try:
        return replace(checked, tables={**checked.tables, **answered_all(tables)})
    finally:
        checked.connections.queries.close()
