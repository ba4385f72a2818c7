"""Which values of a dump's rows are wanted, and what stands for those that its statement leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

from etl.dumps.create import Column
from etl.dumps.errors import DumpError
from etl.dumps.insert import Cell

Value = TypeVar("Value")

COMPUTED = (
    "the database computes it, and the dump has no values of it; compute it in the mapping or in a `query`, or read the "
    "live database"
)
"""Of a generated column that rows leave out: null would be another value than the database has."""


class UnknownColumn(ValueError):
    """A column that a table of the dump has not; `there_are` those that it has."""

    def __init__(self, table: str, column: str, there_are: Sequence[str]) -> None:
        super().__init__(f"no column '{column}' in table '{table}' of the dump")
        self.table = table
        self.column = column
        self.there_are = there_are


class WrongLength(ValueError):
    """A row with more or fewer values than its statement has columns."""


class Shape(Struct, frozen=True):
    """`positions` of the wanted columns among the values of a row; None where the statement leaves the column out."""

    columns: tuple[Column, ...]
    positions: tuple[int | None, ...]
    given: int
    defaults: tuple[Cell, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def present(self) -> list[Column]:
        """The wanted columns that have a value in each row."""
        return [column for column, position in zip(self.columns, self.positions, strict=True) if position is not None]

    def pick(self, values: Sequence[Value]) -> list[Value]:
        """The values of the columns that are present."""
        if len(values) != self.given:
            raise WrongLength(f"a row has {len(values)} values for {self.given} columns")
        return [values[position] for position in self.positions if position is not None]

    def complete(self, cells: list[Cell]) -> list[Cell]:
        """The row, with the default of each column that is left out."""
        if len(cells) == len(self.positions):
            return cells
        present = iter(cells)
        return [
            default if position is None else next(present)
            for position, default in zip(self.positions, self.defaults, strict=True)
        ]


def unnamed(columns: Sequence[Column], values: int) -> list[str]:
    """The columns of an INSERT that names none: all, or (MySQL's own tool) all that are not generated."""
    written = [column.name for column in columns if not column.generated]
    return written if values == len(written) else [column.name for column in columns]


def without_values(columns: Sequence[Column], order: Sequence[str], values: Sequence[bytes] | None) -> list[str]:
    """The generated columns that a statement leaves out, or for which its first row has DEFAULT."""
    default = {name for name, value in zip(order, values or (), strict=False) if value.upper() == b"DEFAULT"}
    given = {*order} - default
    return [column.name for column in columns if column.generated and column.name not in given]


def shape_of(
    table: str, columns: Sequence[Column], order: Sequence[str], wanted: Sequence[str] | None, line: int
) -> Shape:
    """`columns` are the table's, `order` those of them that the statement gives, in its order."""
    by_name = {column.name: column for column in columns}
    for name in wanted or ():
        if name not in by_name:
            raise UnknownColumn(table, name, list(by_name))
    chosen = tuple(by_name[name] for name in (wanted if wanted is not None else by_name))
    positions = tuple(order.index(column.name) if column.name in order else None for column in chosen)
    left_out = [column for column, position in zip(chosen, positions, strict=True) if position is None]
    defaults = {column.name: _default(column, table, line) for column in left_out}
    return Shape(chosen, positions, len(order), tuple(defaults.get(column.name) for column in chosen))


def _default(column: Column, table: str, line: int) -> Cell:
    """What the server would put there."""
    if column.generated:
        raise DumpError(line, f"column '{column.name}' of table '{table}': {COMPUTED}")
    if column.computed_default:
        raise DumpError(
            line,
            f"rows of table '{table}' leave out its column '{column.name}', whose default the database computes; dump all "
            "columns of its rows",
        )
    literal = column.default.decode("utf-8", "replace")
    if literal[:1] == "'":
        return literal[1:-1].replace("''", "'")
    if literal and literal.upper() != "NULL":
        return literal
    if column.nullable or literal:
        return None
    if not column.kind:
        raise DumpError(
            line,
            f"rows of table '{table}' leave out the column '{column.name}', which others have; "
            "dump it with its structure (CREATE TABLE)",
        )
    raise DumpError(
        line,
        f"rows of table '{table}' leave out its column '{column.name}', which has no default; dump it with --complete-insert",
    )
