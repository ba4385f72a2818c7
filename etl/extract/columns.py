"""Header cells -> names that a row's cells can be reached by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.expressions.cells import tidy
from etl.model import Table
from etl.suggest import NO_HEADER, look_like_data


def absent_columns(table: Table) -> Mapping[str, str]:
    """Columns that a table has where it comes from, and that cannot be read here, each with why and what to do."""
    found: Mapping[str, str] = getattr(table, "absent", {})
    return found


def column_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Names composed and trimmed; the blank header of the fifth column becomes `column_5`. Two equal names raise ValueError."""
    names = tuple(tidy(cell) or f"column_{number}" for number, cell in enumerate(cells, start=1))
    first: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if name in first:
            if look_like_data(names):
                raise ValueError(f"columns {first[name]} and {number} are named alike; {NO_HEADER}")
            raise ValueError(
                f"columns {first[name]} and {number} are both named '{name}'; "
                "rename one, so that a mapping can tell them apart"
            )
        first[name] = number
    return names
