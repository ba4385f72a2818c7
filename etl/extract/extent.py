"""How much there is to read of a table, as far as it is known before it is read."""

from __future__ import annotations

from dataclasses import dataclass

from etl.extract.apis.answers import PagedTable
from etl.extract.corrected import CorrectedTable
from etl.extract.csv_file import CsvTable
from etl.extract.database import FetchedTable
from etl.extract.numbering import NumberedTable
from etl.extract.parquet_file import ParquetTable
from etl.model import Table


@dataclass(frozen=True, slots=True)
class Extent:
    """Its rows, where they have been counted; or the bytes that they lie in, of which each part tells its end (Rows.end)."""

    rows: int | None = None
    begin: int = 0
    end: int | None = None


def extent_of(table: Table) -> Extent:
    """Nothing is opened for it. Of what is read from its beginning to its end (JSON, a workbook, an archive) nothing is known."""
    if isinstance(table, NumberedTable | CorrectedTable):
        return Extent(extent_of(table.inner).rows)
    if isinstance(table, FetchedTable | PagedTable):
        return Extent(table.evidence.rows)
    if isinstance(table, ParquetTable):
        return Extent(sum(table.groups))
    return Extent(None, table.begin, table.end) if isinstance(table, CsvTable) else Extent()
