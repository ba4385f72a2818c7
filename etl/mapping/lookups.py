"""Read a lookup that is two columns of a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from etl.errors import SourceError
from etl.expressions.cells import clean
from etl.extract import absent_columns, place_of, read_all
from etl.findings import Unfit
from etl.model import Lookup, Source, Table
from etl.suggest import column_hint


class ColumnFault(ValueError):
    """A lookup's file lacks the column that `setting` ('key' or 'value') names."""

    def __init__(self, setting: str, what: str) -> None:
        super().__init__(what)
        self.setting = setting


class Unread(dict[str, object]):
    """A lookup whose rows are not at hand: whatever is looked up in it is told why."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why

    def get(self, key: str, default: object = None) -> Any:
        raise Unfit("function:lookup", key, "the lookup cannot be read: {why}", why=self.why)


def check_columns(lookup: Lookup, table: Table) -> None:
    """Raises ColumnFault."""
    for setting in ("key", "value"):
        _position(table, lookup, setting)


def read_lookup(lookup: Lookup, source: Source, table: Table) -> Mapping[str, object]:
    """Two columns of a source as a mapping from text to value. Raises SourceError or ColumnFault."""
    key, value = _position(table, lookup, "key"), _position(table, lookup, "value")
    return _unambiguous(source, table, _pairs(source, table, key, value))


def entry_rows(lookup: Lookup, source: Source, table: Table) -> dict[str, int]:
    """The row in which each entry of a lookup that has been read first stands."""
    found: dict[str, int] = {}
    for row, key, _ in _pairs(source, table, _position(table, lookup, "key"), _position(table, lookup, "value")):
        found.setdefault(str(key), row)
    return found


def _position(table: Table, lookup: Lookup, setting: str) -> int:
    column = getattr(lookup, setting)
    if column not in table.header:
        hint = column_hint(column, table.header, absent=absent_columns(table))
        raise ColumnFault(setting, f"unknown column '{column}'{hint}")
    return table.header.index(column)


def _pairs(source: Source, table: Table, key: int, value: int) -> Iterator[tuple[int, Any, Any]]:
    """Row number, key and value of each row; a row that cannot be read stops the lookup."""
    for first, rows in read_all(table):
        if rows.faults:
            fault = rows.faults[0]
            file, number = place_of(source, table, first + rows.place(fault.index))
            raise SourceError(f"{file} row {number}: {fault.reason}")
        for offset, row in enumerate(rows.rows):
            yield first + rows.place(offset), clean(row[key]), clean(row[value])


def _unambiguous(source: Source, table: Table, pairs: Iterator[tuple[int, Any, Any]]) -> dict[str, object]:
    found: dict[str, object] = {}
    rows: dict[str, int] = {}
    for row, key, value in pairs:
        if key is None:
            continue
        text = str(key)
        if text in found and found[text] != value:
            file, number = place_of(source, table, row)
            other, first = place_of(source, table, rows[text])
            where = f"row {first}" if other == file else f"{other} row {first}"
            raise SourceError(f"{file} row {number}: '{text}' is given again with another value ({where})")
        found[text] = value
        rows.setdefault(text, row)
    return found
