"""The kind `parquet`: a file of typed columns, read by DuckDB; no more of it at once than a part of a row group.

Numbers, true and false, dates and times keep their types; amounts (DECIMAL) are exact. A list stays a list, a structure an
object. Bytes that are text are text, others hexadecimal digits. The reader is shut in: it opens this one file, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from etl.errors import SourceError
from etl.extract.columns import column_names
from etl.extract.kinds import COUNTERS, NORMALIZE, TRIM, Kind, OptionValues, holding_nothing
from etl.extract.opening import existing_file, reading
from etl.extract.spans import span_text
from etl.model import Part, Rows, Table

if TYPE_CHECKING:
    import duckdb

MAGIC = b"PAR1"
ENCRYPTED = b"PARE"
MEMORY = "500MB"
LEAST = 10_000
"""Rows of a part, where its row group has them: opening a file costs as much as reading some thousand rows."""

PLAIN = frozenset({
    "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "HUGEINT", "VARCHAR",
    "BOOLEAN", "DOUBLE", "FLOAT", "DATE", "TIMESTAMP",
})  # fmt: skip
"""DuckDB's types whose values are cells as they come; DECIMAL(10,2) is one, too."""


class ParquetPart(Struct, frozen=True):
    """Some rows of one row group, from `begin` to before `stop`, counted from 0 in the whole file. `odd` are the positions of
    columns whose values are not yet what cells are."""

    path: Path
    begin: int
    stop: int
    odd: tuple[int, ...]
    start: None = None
    reached: float | None = None

    def moved(self, start: int) -> ParquetPart:
        """Its place is certain, so it stays where it is."""
        return self

    def read(self) -> Rows:
        """Raises SourceError."""
        with _reader(self.path) as reader:
            found = reader.execute(
                "SELECT * EXCLUDE (file_row_number) FROM read_parquet(?, file_row_number = true) "
                "WHERE file_row_number BETWEEN ? AND ?",
                [str(self.path), self.begin, self.stop - 1],
            ).fetchall()
        if len(found) != self.stop - self.begin:
            raise SourceError(f"{self.path}: row {self.begin + len(found) + 1} is missing; was the file changed?")
        return Rows(_converted(found, self.odd) if self.odd else found)


def _converted(rows: Sequence[Sequence[Any]], odd: Sequence[int]) -> list[list[Any]]:
    found = [list(row) for row in rows]
    for row in found:
        for at in odd:
            row[at] = native(row[at])
    return found


class ParquetTable(Struct, frozen=True):
    """`groups` are the numbers of rows of the row groups, one after the other."""

    path: Path
    header: tuple[str, ...]
    groups: tuple[int, ...]
    odd: tuple[int, ...]
    first_row: int = 1
    text_only: bool = False

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(self.groups)

    def parts(self, rows: int) -> Iterator[Part]:
        begin, height = 0, self.height
        for size in self.groups:
            end = begin + size
            while begin < end:
                stop = min(begin + max(rows, LEAST), end)
                yield ParquetPart(self.path, begin, stop, self.odd, reached=stop / height)
                begin = stop


def open_parquet(location: str, settings: OptionValues) -> Table:
    path = existing_file(location)
    if not isinstance(path, Path):
        raise SourceError(f"{path}: a Parquet file is read from a disk of this machine; fetch it, or unpack it, first")
    _check_ends(path)
    with _reader(path) as reader:
        columns = reader.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        groups = reader.execute(
            "SELECT row_group_id, any_value(row_group_num_rows) FROM parquet_metadata(?) GROUP BY 1 ORDER BY 1",
            [str(path)],
        ).fetchall()
    try:
        header = column_names([name for name, *_ in columns])
    except ValueError as error:
        raise SourceError(f"{path}: {error}") from None
    odd = tuple(at for at, (_, kind, *_) in enumerate(columns) if kind not in PLAIN)
    return ParquetTable(path, header, tuple(int(size) for _, size in groups), odd)


def _check_ends(path: Path) -> None:
    """A Parquet file has its sign at both ends. Raises SourceError."""
    with reading(path), path.open("rb") as file:
        first = file.read(4)
        file.seek(-min(4, path.stat().st_size), 2)
        last = file.read(4)
    if ENCRYPTED in (first, last):
        raise SourceError(f"{path}: is encrypted; write it without that")
    if first != MAGIC:
        raise SourceError(f"{path}: is no Parquet file")
    if last != MAGIC:
        raise SourceError(f"{path}: ends before its end (the sign of Parquet is missing there); fetch it again")


@contextmanager
def _reader(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    with closing(duckdb.connect(":memory:")) as reader:
        reader.execute("SET threads = 1")
        reader.execute(f"SET memory_limit = '{MEMORY}'")
        reader.execute("SET TimeZone = 'UTC'")
        reader.execute(f"SET allowed_paths = [{_literal(str(path))}]")
        reader.execute("SET enable_external_access = false")
        reader.execute("SET lock_configuration = true")
        try:
            yield reader
        except duckdb.OutOfMemoryException:
            raise SourceError(
                f"{path}: a group of its rows does not fit into {MEMORY} of memory; write it with smaller row groups"
            ) from None
        except duckdb.Error:
            raise SourceError(f"{path}: is damaged or no Parquet file; fetch it again") from None


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def native(cell: Any) -> Any:
    """A value as cells of JSON and of workbooks are."""
    if cell is None or isinstance(cell, str | bool | int | float):
        return cell
    if isinstance(cell, Decimal):
        return _shortest(cell)
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None) if cell.tzinfo is None else cell.isoformat()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return span_text(cell)
    if isinstance(cell, bytes | bytearray):
        return _text(bytes(cell))
    if isinstance(cell, dict):
        return {str(name): native(one) for name, one in cell.items()}
    return [native(one) for one in cell] if isinstance(cell, Sequence) else str(cell)


def _shortest(number: Decimal) -> Decimal:
    """7.00 is 7, as a number of JSON is: a key would be 7 by itself and 7.00 as a text, and its orders would not find it."""
    plain = f"{number:f}"
    return Decimal(plain.rstrip("0").rstrip(".")) if plain[-1] == "0" and "." in plain else number


def _text(cell: bytes) -> str:
    """Old writers (Hive, Impala) call their texts bytes."""
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return cell.hex()


PARQUET = Kind(
    "parquet",
    "A Parquet file; its row groups are read in parts. Columns keep their types.",
    holding_nothing(open_parquet),
    (TRIM, NORMALIZE, COUNTERS),
    mistakes={
        "is no Parquet file": "another format under this name",
        "ends before its end": "the file was cut off; fetch it again",
    },
    examples=("orders.parquet",),
)
