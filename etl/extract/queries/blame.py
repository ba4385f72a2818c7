"""Which cell made a query fail: the part of the query that took it, the value, and the rows of its tables that hold it.

DuckDB knows the value and the place in the query, not the row. So the tables, which are still there, are searched for the value,
which is told masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from etl.extract.queries.engine import Headers, named
from etl.findings import shown
from etl.personal import mask_text
from etl.records import as_dict

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_CLAUSE = 120
MOST_CELLS = 3


class CellOfTable(Struct, frozen=True):
    """A cell of a query's table: `index` counts its rows from 0, without those that could not be read."""

    table: str
    column: str
    index: int


class Blame(Struct, frozen=True):
    """`clause` is a part of the query; `value` is masked. Either is "" where it is not known."""

    clause: str = ""
    value: str = ""
    cells: Sequence[CellOfTable] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        return as_dict(self)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Blame:
        return cls(found["clause"], found["value"], tuple(CellOfTable(**cell) for cell in found["cells"]))


_VALUES = (
    re.compile(r"Could not convert string '(.*)' to ", re.DOTALL),
    re.compile(r'Could not convert string "(.*)" to ', re.DOTALL),
    re.compile(r'^invalid \w+ field format: "(.*)", expected', re.DOTALL),
    re.compile(r'field value out of range: "(.*)"', re.DOTALL),
    re.compile(r'Malformed JSON .*?  Input: "(.*)"', re.DOTALL),
    re.compile(r'Could not parse string "(.*?)" according', re.DOTALL),
    re.compile(r"while executing the UDF: \w+: '(.*?)' ", re.DOTALL),
)
_COLUMN = re.compile(r"when casting from source column (.+)$", re.DOTALL)
"""How DuckDB tells the value it could not take, and the column."""


def blamed(error: Exception, statement: str, engine: DuckDBPyConnection, headers: Headers) -> Blame:
    """What an error is about. `statement` is what was run, `engine` has its tables."""
    import duckdb

    told = _told(error)
    sentence = str(told.get("exception_message", ""))
    value = next((found[1] for pattern in _VALUES if (found := pattern.search(sentence))), "")
    column = found[1] if (found := _COLUMN.search(sentence)) else ""
    cells: Sequence[CellOfTable] = ()
    if value:
        with suppress(duckdb.Error):  # the memory may be full; what is known is told all the same
            cells = _cells(engine, headers, value, column)
    return Blame(_clause(statement, told), shown(value, mask_text) if value else "", tuple(cells))


def _told(error: Exception) -> Mapping[str, Any]:
    try:
        found = json.loads(str(error).partition(" Error: ")[2])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _clause(statement: str, told: Mapping[str, Any]) -> str:
    """The part of the statement that the error is about: `location` is its first byte and its length."""
    place = re.fullmatch(r"\[(\d+),(\d+)\]", str(told.get("location", "")))
    if place is None:
        return ""
    begin, size = int(place[1]), int(place[2])
    found = " ".join(statement.encode()[begin : begin + size].decode(errors="ignore").split())
    return found if len(found) <= MOST_CLAUSE else f"{found[:MOST_CLAUSE]}..."


def _cells(engine: DuckDBPyConnection, headers: Headers, value: str, column: str) -> Sequence[CellOfTable]:
    """The first row of each table that holds the value: as a cell of this column, as any cell, or as a text inside of JSON."""
    there = {table: [name for name in header if name == column] for table, header in headers.items()}
    inside = json.dumps(value, ensure_ascii=False)
    for columns, condition, sought in (
        (there, "{} = $1", value),
        (headers, "{} = $1", value),
        (headers, "contains({}, $1)", inside),
    ):
        if found := list(_holding(engine, columns, condition, sought)):
            return found[:MOST_CELLS]
    return ()


def _holding(engine: DuckDBPyConnection, columns: Headers, condition: str, sought: str) -> Iterator[CellOfTable]:
    for table, names in columns.items():
        for name in names:
            where = condition.format(named(name))
            sql = f"SELECT min(rowid) FROM {named(table)} WHERE {where}"  # noqa: S608 - quoted names
            ((first,),) = engine.execute(sql, [sought]).fetchall()
            if first is not None:
                yield CellOfTable(table, name, int(first))
                break
