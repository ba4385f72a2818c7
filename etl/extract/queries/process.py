"""The process that runs queries: it is given the rows of their tables, and ended when a query's time is over."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from etl.errors import SourceError
from etl.expressions import key_text
from etl.expressions.cells import all_of, texts_of
from etl.extract.queries.blame import Blame, CellOfTable
from etl.extract.queries.task import AT_ONCE, CellColumns, Task
from etl.extract.rows import read_all
from etl.model import Rows, Source, Table, UnreadRow
from etl.stop import deaf
from etl.terminal import visible

SourceTables = Mapping[str, tuple[Source, Table]]


TellUnread = Callable[[UnreadRow], None]
"""Told of a row that could not be read."""


TellHanded = Callable[[int | None], None]
"""Told how many more rows have been handed over; None when all are there, and the query runs."""


def nobody_follows(rows: int | None) -> None:
    pass


class QueryProcess:
    """A process that runs one query after another, started by the first: importing DuckDB is most of what a small query takes."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def answer(
        self, task: Task, tables: SourceTables, seconds: float, unread: TellUnread, handed: TellHanded = nobody_follows
    ) -> int:
        """Run a task; gives the number of rows in its file. Raises SourceError. The time begins when all rows are there.

        Rows that cannot be read are not among its tables' rows; `unread` is told of each. `handed` hears how it goes on.
        """
        task.folder.mkdir(mode=0o700)
        if self._child is None:
            self._child = _started()
        try:
            with suppress(BrokenPipeError):  # it has ended, and says why
                _feed(self._child.stdin, task, tables, unread, handed)
                handed(None)
            return _rows(_said(self._child, seconds), tables)
        except BaseException:
            self.close()  # it may be in the middle of something; another query has a new one
            raise

    def close(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        with suppress(BrokenPipeError), child:  # waits for it, and closes its pipes
            pass


def _started() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "etl.extract.queries.child"]
    # In a session of its own: Ctrl-C is told to this process, which ends it.
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


def _feed(orders: Any, task: Task, tables: SourceTables, unread: TellUnread, handed: TellHanded) -> None:
    pickle.dump(task, orders)
    for name, (source, table) in tables.items():
        for cells in _batches(source, table, task.headers[name], unread):
            pickle.dump((name, cells), orders)
            handed(len(cells[0]))
    pickle.dump(None, orders)
    orders.flush()


def _said(child: subprocess.Popen[bytes], seconds: float) -> bytes:
    """Its input stays open, for it ends when that does."""
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, end)
    with deaf():
        timer.start()
    try:
        assert child.stdout is not None
        said = child.stdout.readline()
    finally:
        timer.cancel()
    if said:
        return said
    if late.is_set():
        raise SourceError(
            f"it was ended after {seconds:g} seconds; raise `seconds`, or look for a join that lacks its condition"
        )
    raise SourceError(f"its process ended without an answer (exit {child.wait()}; out of memory?); lower `memory`")


def _rows(said: bytes, tables: SourceTables) -> int:
    found = json.loads(said)
    if "error" in found:
        about = _about(Blame.of_json(found["blame"]), tables) if "blame" in found else ""
        raise SourceError(f"{about}{': ' if about else ''}{found['error']}")
    return int(found["rows"])


def _about(blame: Blame, tables: SourceTables) -> str:
    """What could not be taken, and where it stands."""
    places = " and ".join(_place(cell, *tables[cell.table]) for cell in blame.cells)
    what = " of ".join(part for part in (blame.clause, blame.value) if part)
    return f"{what} ({places})" if places else what


def _place(cell: CellOfTable, source: Source, table: Table) -> str:
    from etl.extract import locate

    before = 0
    for first, content in read_all(table, AT_ONCE):
        faulty = {fault.index for fault in content.faults}
        readable = [index for index in range(len(content.rows)) if index not in faulty]
        if cell.index < before + len(readable):
            row = first + content.place(readable[cell.index - before])
            return f"{locate(source, table, row)}, column '{visible(cell.column)}'"
        before += len(readable)
    return f"{source.name}, column '{visible(cell.column)}'"


def _batches(source: Source, table: Table, columns: Sequence[str], unread: TellUnread) -> Iterator[CellColumns]:
    from etl.extract import locate

    positions = [table.header.index(name) for name in columns]
    trim, normalize = source.tidied
    text_of = texts_of(trim=trim, normalize=normalize)
    for first, content in read_all(table, AT_ONCE):
        for fault in content.faults:
            at = locate(source, table, first + content.place(fault.index))
            unread(UnreadRow(source.name, at, replace(fault, column=None)))
        rows = _readable(content)
        if rows:
            columns_of_text = ([_text(row[at]) for row in rows] for at in positions)
            yield [[cell or None for cell in all_of(text_of, one)] for one in columns_of_text]


def _readable(content: Rows) -> Sequence[Sequence[object]]:
    faulty = {fault.index for fault in content.faults}
    return [row for index, row in enumerate(content.rows) if index not in faulty] if faulty else content.rows


def _text(cell: object) -> str:
    """A cell of JSON or a workbook as the text that expressions have of it; lists and objects as JSON."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, list | dict):
        # A number with decimals becomes a text: SQL's JSON would make a float of it, which is not exact.
        return json.dumps(_plain(cell), ensure_ascii=False, default=str)
    return key_text(cell)


def _plain(cell: object) -> object:
    """A whole number that JSON wrote as 103.0 is 103 inside of lists and objects, too."""
    if isinstance(cell, list):
        return [_plain(one) for one in cell]
    if isinstance(cell, dict):
        return {name: _plain(one) for name, one in cell.items()}
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell
