"""The kind `query`: SQL over this mapping's own sources. Its rows are computed once, into a private file of CSV."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from etl.errors import SourceError, TextError
from etl.extract.columns import absent_columns, column_names
from etl.extract.csv_file import CsvTable
from etl.extract.database import FetchedTable
from etl.extract.databases.spool import Spool, private_file
from etl.extract.databases.writing import spooled
from etl.extract.kinds import COUNTERS, NORMALIZE, TRIM, Kind, Option, World
from etl.extract.queries.task import Task
from etl.files import sha256_of
from etl.findings import said
from etl.model import Evidence, Part, Source, Table, UnreadRow
from etl.suggest import did_you_mean

if TYPE_CHECKING:
    from etl.extract.queries.process import QueryProcess
    from etl.extract.queries.statement import ComparedColumn


class QueryTable(Struct, frozen=True):
    """A query whose columns are known, and that has not run. `inner` are the tables it reads, each with its source."""

    source: Source
    inner: Mapping[str, tuple[Source, Table]]
    spool: Spool
    process: QueryProcess
    header: tuple[str, ...]
    first_row: int = 1
    text_only: bool = True

    @property
    def absent(self) -> Mapping[str, str]:
        return _absent(self.inner)

    def parts(self, rows: int) -> Iterator[Part]:
        return self.answered().parts(rows)

    def columns_read(self, name: str) -> tuple[str, ...]:
        """The columns that it reads of one of its tables."""
        return columns_read(self.source, self.inner[name][1].header)

    def answered(self) -> FetchedTable:
        """Its rows, from now on in a file of ours. The tables it reads have theirs at hand. Raises SourceError."""
        from etl.extract.queries.statement import headers_read, in_fixed_order, parsed

        statement, options = parsed(self.source.location), self.source.options
        headers = headers_read(statement, {name: table.header for name, (_, table) in self.inner.items()})
        path, memory, threads = self.spool.path(), str(options["memory"]), int(str(options["threads"]))
        try:
            sql = in_fixed_order(statement, headers)
            task = Task(sql, headers, memory, threads, path.with_suffix(".work"), path)
            count = self._answer(task, float(str(options["seconds"])))
        except (ValueError, SourceError) as error:
            raise SourceError(f"source '{self.source.name}': the query: {error}") from None
        size, width = path.stat().st_size, len(self.header)
        seen = Evidence(self.source.name, size, sha256_of(path), sql, None, count)
        rows = CsvTable(path, self.header, self.first_row, 0, size, spooled(width))
        return FetchedTable(rows, seen, unread=_unread_file(path))

    def _answer(self, task: Task, seconds: float) -> int:
        """Beside the query's rows a file holds those of its tables that could not be read, and those of queries it reads."""
        with private_file(_unread_file(task.result)) as file:
            for _, table in self.inner.values():
                for row in unread_rows(table):
                    pickle.dump(row, file)
            return self.process.answer(task, self.inner, seconds, lambda row: pickle.dump(row, file), self._tell_handed)

    def _tell_handed(self, rows: int | None) -> None:
        """So many more rows are with the query; None: all are, and it runs."""
        if self.spool.follow is None:
            return
        if rows is None:
            self.spool.follow(said("{source}: the query runs", source=self.source.name), 0, None)
            return
        heights = [table.evidence.rows if isinstance(table, FetchedTable) else None for _, table in self.inner.values()]
        known = [one for one in heights if one is not None]
        total = sum(known) if len(known) == len(heights) else None
        self.spool.follow(said("{source}: rows read by the query", source=self.source.name), rows, total)


def _absent(inner: Mapping[str, tuple[Source, Table]]) -> dict[str, str]:
    return {name: why for _, table in inner.values() for name, why in absent_columns(table).items()}


def _unread_file(result: Path) -> Path:
    return result.with_suffix(".unread")


def unread_rows(table: Table) -> Iterator[UnreadRow]:
    """The rows of a query's sources that could not be read; none of what is no query that has run."""
    if not isinstance(table, FetchedTable) or table.unread is None:
        return
    with table.unread.open("rb") as file, suppress(EOFError):
        while True:
            yield pickle.load(file)  # noqa: S301 - written by our own process


@contextmanager
def open_query(source: Source, world: World) -> Iterator[Table]:
    from etl.extract.queries.statement import bound, parsed
    from etl.extract.queries.wording import BadQuery

    try:
        statement = parsed(source.location)
        for name in statement.tables:
            if name not in world.tables:
                raise BadQuery(f"reads no source '{name}'{did_you_mean(name, world.tables)}", statement.tables[name])
        inner = {
            name: (world.sources.get(name, Source(name, "", name)), world.tables[name]) for name in statement.tables
        }
        headers = {name: table.header for name, (_, table) in inner.items()}
        names = column_names(bound(statement, headers, _absent(inner)))
    except BadQuery as error:
        raise TextError(f"the query: {error}", error.at) from None
    except ValueError as error:
        raise SourceError(f"the query: {error}") from None
    yield QueryTable(source, inner, world.connections.spool, world.connections.queries, names)


def columns_read(query: Source, header: Sequence[str]) -> tuple[str, ...]:
    """The columns that a query reads of a table with these; none for a query that cannot be read, which is told elsewhere."""
    from etl.extract.queries.statement import parsed

    try:
        return parsed(query.location).columns_read(header)
    except ValueError:
        return ()


def columns_joined(source: Source) -> list[tuple[ComparedColumn, ComparedColumn]]:
    """The columns that a query asks to be equal; none of one that cannot be read, or is no query."""
    from etl.extract.queries.statement import compared_columns, parsed

    if source.kind != QUERY.name:
        return []
    try:
        return list(compared_columns(parsed(source.location)))
    except ValueError:
        return []


def place_of_need(source: Source, name: str) -> int | None:
    """The character of a query at which it first names a table; None where that is not known."""
    from etl.extract.queries.statement import parsed

    return parsed(source.location).tables.get(name) if source.kind == QUERY.name else None


def tables_of(source: Source) -> tuple[str, ...]:
    """The tables a query reads; none of one that cannot be read, which is told when it is opened."""
    from etl.extract.queries.statement import parsed

    try:
        return tuple(parsed(source.location).tables)
    except ValueError:
        return ()


def evidence_of_query(source: Source, table: Table, whole: bool) -> Evidence:
    return table.evidence if isinstance(table, FetchedTable) else Evidence(source.name)


def _memory(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]* ?[KMG]B", value):
        return value
    raise ValueError(f"{value!r} is no amount of memory; write it as 500MB or 2GB")


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise ValueError(f"{value!r} is no number of seconds")


def _threads(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 64:
        return value
    raise ValueError(f"{value!r} is no number of threads, from 1 to 64")


QUERY = Kind(
    "query",
    "One SELECT over this mapping's own sources, by their names, in DuckDB's SQL. All columns are text. Its rows come in its own "
    "order, and otherwise in that of all its columns.",
    open_query,
    (
        Option(
            "memory",
            "how much memory the query may take; what does not fit goes to a private folder in TMPDIR. Default: 500MB.",
            _memory,
            {"type": "string", "examples": ["500MB", "2GB"]},
            "500MB",
        ),
        Option(
            "seconds",
            "how long the query may take, once all rows are read. Default: 600.",
            _seconds,
            {"type": "number", "exclusiveMinimum": 0, "examples": [600]},
            600,
        ),
        Option(
            "threads",
            "how many processors the query may use. With more than 1, sums of floats and lists without an ORDER BY of their own "
            "may differ from run to run. Default: 1.",
            _threads,
            {"type": "integer", "minimum": 1, "maximum": 64, "examples": [2]},
            1,
        ),
        TRIM,
        NORMALIZE,
        COUNTERS,
    ),
    mistakes={
        "reads no source '...'": "the name in FROM is none of `sources:`; the message says the nearest",
        "a query is one SELECT": "take the other statements out",
    },
    examples=("SELECT order_id, sum(money(price)) AS total FROM lines GROUP BY order_id",),
    where="sources",
    needs=tables_of,
    evidence=evidence_of_query,
    rows_of=lambda source: source.name,
    text_only=True,
)
