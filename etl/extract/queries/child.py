"""Runs one query after another, as a program of its own, so that it can be ended whatever it does.

It takes pickles: a Task, then a table's name with cells by their columns for each batch of rows, then None. It writes the rows as
CSV, and answers with one line of JSON: how many rows there are, or a sentence, which is its last one. Then it takes the next
Task. Whoever started it keeps its input open, and gives no Task before the answer to the last one.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from etl.errors import SourceError
from etl.extract.databases.spool import private_file
from etl.extract.databases.writing import write_rows
from etl.extract.queries.blame import blamed
from etl.extract.queries.engine import add_tables, named, shut_in
from etl.extract.queries.task import AT_ONCE, CellColumns, Task
from etl.extract.queries.wording import failed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def main() -> None:
    orders = sys.stdin.buffer
    task: Task = _taken(orders)
    while True:
        task = _answered(task, orders)


def _answered(task: Task, orders: BinaryIO) -> Task:
    """Answer a task; gives the next one. A process that could not answer ends: its engine may be in the middle of something."""
    import duckdb

    try:
        following, rows = _run(task, orders)
    except duckdb.OutOfMemoryException:
        answer: dict[str, object] = {
            "error": "it does not get by with its memory; raise `memory`, or give the folder in TMPDIR more room"
        }
    except CellRefused as fault:
        answer = fault.answer
    except duckdb.Error as fault:
        answer = {"error": failed(fault)}
    except SourceError as fault:
        answer = {"error": str(fault)}
    else:
        _say({"rows": rows})
        return following.result()
    _say(answer)
    os._exit(1)  # at once: a thread may be waiting for a task


class CellRefused(Exception):
    """A query has met a value that it cannot take."""

    def __init__(self, answer: dict[str, object]) -> None:
        super().__init__()
        self.answer = answer


def _say(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the answer


def _run(task: Task, orders: BinaryIO) -> tuple[Future[Task], int]:
    """What is asked next, when it is asked, and how many rows the task's query has."""
    # An engine for each task, which knows nothing of the others and gives back what it held.
    with closing(shut_in(task.memory, task.threads, str(task.folder))) as engine:
        add_tables(engine, task.headers)
        while batch := _taken(orders):
            _insert(engine, *batch)
        following: Future[Task] = Future()
        threading.Thread(target=lambda: following.set_result(_taken(orders)), daemon=True).start()
        # CellColumns as texts are DuckDB's own: 30.00, true, 2024-01-31.
        sql = f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({task.sql})"  # noqa: S608 - checked to be one SELECT
        with _blaming(engine, sql, task), private_file(task.result) as file:
            engine.execute(sql)
            return following, write_rows(_rows(engine), None, file)


@contextmanager
def _blaming(engine: DuckDBPyConnection, sql: str, task: Task) -> Iterator[None]:
    """While the tables are there, a value that is refused can be looked for in them."""
    import duckdb

    try:
        yield
    except (duckdb.ConversionException, duckdb.InvalidInputException) as fault:
        raise CellRefused(
            {"error": failed(fault), "blame": blamed(fault, sql, engine, task.headers).as_json()}
        ) from None


def _taken(orders: BinaryIO) -> Any:
    """Ends the process when whoever gives it tasks has ended: a killed process ends none of its children."""
    try:
        return pickle.load(orders)  # noqa: S301 - written by our own process
    except (EOFError, pickle.UnpicklingError):
        os._exit(1)


def _insert(engine: DuckDBPyConnection, table: str, cells: CellColumns) -> None:
    import numpy as np

    engine.register("etl_rows", {f"c{at}": np.array(column, dtype=object) for at, column in enumerate(cells)})
    engine.execute(f"INSERT INTO {named(table)} SELECT * FROM etl_rows")  # noqa: S608 - a quoted name
    engine.unregister("etl_rows")


def _rows(engine: DuckDBPyConnection) -> Iterator[Sequence[object]]:
    while rows := engine.fetchmany(AT_ONCE):
        yield from rows


if __name__ == "__main__":
    main()
