"""Runs one query, as a program of its own, so that it can be ended whatever it does.

It takes pickles: a Task, then a table's name with cells by their columns for each batch of rows, then None. It writes the rows as
CSV, and answers with one line of JSON: how many rows there are, or a sentence. Whoever started it keeps its input open.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from etl.errors import SourceError
from etl.extract.databases.session import write_rows
from etl.extract.databases.spool import private_file
from etl.extract.queries.engine import add_tables, named, shut_in
from etl.extract.queries.statement import told

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

AT_ONCE = 5000

CellColumns = Sequence[Sequence[str | None]]
"""Some rows of a table, column by column."""


@dataclass(frozen=True, slots=True)
class Task:
    """A query that was checked and put in a fixed order, the columns of its tables, and the file its rows go into.

    `folder` is where the engine may put what does not fit into `memory`: an empty one of ours.
    """

    sql: str
    headers: Mapping[str, tuple[str, ...]]
    memory: str
    threads: int
    folder: Path
    result: Path


def main() -> None:
    import duckdb

    orders = sys.stdin.buffer
    try:
        answer: dict[str, object] = {"rows": _answered(orders)}
    except duckdb.OutOfMemoryException:
        answer = {"error": "it does not get by with its memory; raise `memory`, or give the folder in TMPDIR more room"}
    except duckdb.Error as error:
        answer = {"error": told(error)}
    except SourceError as error:
        answer = {"error": str(error)}
    except EOFError:  # whoever started it has ended
        os._exit(1)
    print(json.dumps(answer), flush=True)  # noqa: T201 - the answer


def _answered(orders: BinaryIO) -> int:
    task: Task = pickle.load(orders)  # noqa: S301 - written by our own process
    with closing(shut_in(task.memory, task.threads, str(task.folder))) as engine:
        add_tables(engine, task.headers)
        while batch := pickle.load(orders):  # noqa: S301
            _insert(engine, *batch)
        threading.Thread(target=_end_with, args=(orders,), daemon=True).start()
        # Cells as texts are DuckDB's own: 30.00, true, 2024-01-31.
        engine.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({task.sql})")  # noqa: S608 - checked to be one SELECT
        with private_file(task.result) as file:
            return write_rows(_rows(engine), None, file)


def _insert(engine: DuckDBPyConnection, table: str, cells: CellColumns) -> None:
    import numpy as np

    engine.register("etl_rows", {f"c{at}": np.array(column, dtype=object) for at, column in enumerate(cells)})
    engine.execute(f"INSERT INTO {named(table)} SELECT * FROM etl_rows")  # noqa: S608 - a quoted name
    engine.unregister("etl_rows")


def _rows(engine: DuckDBPyConnection) -> Iterator[Sequence[object]]:
    while rows := engine.fetchmany(AT_ONCE):
        yield from rows


def _end_with(orders: BinaryIO) -> None:
    """End when whoever waits for the answer has ended: a killed process ends none of its children."""
    orders.read()
    os._exit(1)


if __name__ == "__main__":
    main()
