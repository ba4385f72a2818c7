"""How many rows there are in a table, where that is known before they are read."""

from __future__ import annotations

from etl.extract.apis.answers import PagedTable
from etl.extract.corrected import CorrectedTable
from etl.extract.database import FetchedTable
from etl.extract.many import ManyTable
from etl.extract.numbering import NumberedTable
from etl.model import Table


def height_of(table: Table) -> int | None:
    """Nothing is opened for it. Of what is told by its bytes alone nothing is known: see Part.reached."""
    if isinstance(table, NumberedTable | CorrectedTable):
        return height_of(table.inner)
    if isinstance(table, FetchedTable | PagedTable):
        return table.evidence.rows
    if isinstance(table, ManyTable):
        heights = [height_of(one) for one in table.tables]
        return None if None in heights else sum(one or 0 for one in heights)
    height: int | None = getattr(table, "height", None)
    return height
