"""What a dump has said so far: its tables, whose rows they are, its encoding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from etl.dumps.create import Column, Created
from etl.dumps.errors import DumpError
from etl.dumps.insert import Head


class Known(Struct):
    """What a dump has said so far."""

    tables: dict[str, Created] = field(default_factory=dict)
    named: dict[str, dict[str, None]] = field(default_factory=dict)
    """Tables that no CREATE TABLE tells of, with all columns that their rows are given for, in order."""
    nameless: dict[str, int] = field(default_factory=dict)
    """Tables of which neither that is said, and the line of the first rows."""
    filled: dict[str, int] = field(default_factory=dict)
    """Tables that have rows, and the line of the first of them."""
    inserted: dict[str, int] = field(default_factory=dict)
    """Tables that have rows of an INSERT, and the line of the first of them."""
    one_kept: set[str] = field(default_factory=set)
    """Tables with rows of which a database keeps one, where two have the same key (REPLACE, INSERT IGNORE)."""
    absent: dict[str, dict[str, int]] = field(default_factory=dict)
    """Table -> its generated columns that rows leave out, each with the line of the first such rows."""
    looked_into: set[str] = field(default_factory=set)
    """Tables of which the first values have been looked at for that; other rows of a dump are written as these are."""
    counts: dict[str, int] = field(default_factory=dict)
    children: dict[str, dict[str, None]] = field(default_factory=dict)
    """Table -> those that inherit from it."""
    views: set[str] = field(default_factory=set)
    encoding: str | None = None
    database: str = ""
    """The one that the dump has said last to use."""
    databases: dict[str, str] = field(default_factory=dict)
    """Table -> the database or schema that it is in, where the dump says so."""

    rows_in: dict[str, str] = field(default_factory=dict)
    """Table -> the database that its first rows are written for; "" where the dump does not name one."""

    def place(self, table: str, schema: str, line: int) -> None:
        """Raises DumpError for a table of two databases: their rows must not become those of one."""
        database = schema or self.database
        first = self.databases.setdefault(table, database) if database else database
        if first != database:
            raise DumpError(
                line, f"table '{table}' is in two databases, '{first}' and '{database}'; dump the one that is meant"
            )

    def tables_told(self) -> dict[str, tuple[str, ...]]:
        """The columns of each table that is no view."""
        made = {table.name: self._told(table) for table in self.tables.values() if table.name not in self.views}
        return made | {name: tuple(columns) for name, columns in self.named.items() if name not in self.nameless}

    def _told(self, table: Created) -> tuple[str, ...]:
        lacking = self.lacking(table.name)
        return tuple(name for name in table.names if name not in lacking)

    def create(self, table: Created) -> None:
        """With the columns of the tables that it inherits from before its own, as PostgreSQL has them."""
        parents = [self.tables[name] for name in table.parents if name in self.tables]
        columns = {column.name: column for one in (*parents, table) for column in one.columns}
        self.tables[table.name] = replace(table, columns=tuple(columns.values()))
        for parent in table.parents:
            self.children.setdefault(parent, {})[table.name] = None

    def give_default(self, table: str, column: str) -> None:
        """A default that a statement of its own sets: rows that leave the column out are refused, as its value is not known."""
        made = self.tables.get(table)
        if made is not None:
            columns = (replace(one, computed_default=True) if one.name == column else one for one in made.columns)
            self.tables[table] = replace(made, columns=tuple(columns))

    def heirs(self, table: str) -> list[str]:
        """The tables that inherit from it, and those that inherit from these: a server gives their rows with its own."""
        found = [table]
        for one in found:
            found += [name for name in self.children.get(one, ()) if name not in found]
        return found[1:]

    def rows(self, table: str) -> int:
        """As far as they were counted, with those of its heirs."""
        return sum(self.counts.get(name, 0) for name in (table, *self.heirs(table)))

    def lacking(self, table: str) -> dict[str, int]:
        """The columns of `absent`, also those that rows of its heirs leave out."""
        own = self.tables[table].names if table in self.tables else ()
        found: dict[str, int] = {}
        for name in (table, *self.heirs(table)):
            found |= {column: line for column, line in self.absent.get(name, {}).items() if column in own}
        return found

    def lack(self, table: str, columns: Iterable[str], line: int) -> None:
        """Rows of a table leave out these of its generated columns."""
        for column in columns:
            self.absent.setdefault(table, {}).setdefault(column, line)

    def learn(self, found: Head, line: int) -> None:
        """What rows tell of a table that was not created."""
        if found.table in self.tables:
            self._learn_inherited(self.tables[found.table], found.columns or ())
            return
        if found.columns is None:
            self.nameless.setdefault(found.table, line)
        else:
            self.named.setdefault(found.table, {}).update(dict.fromkeys(found.columns))

    def orphaned(self, table: str) -> list[str]:
        """The tables from which it inherits columns, and which are not in the dump."""
        return [parent for parent in self.tables[table].parents if parent not in self.tables]

    def _learn_inherited(self, table: Created, named: Sequence[str]) -> None:
        """The columns of a parent that is not in the dump, by the rows that are given for them."""
        if not self.orphaned(table.name):
            return
        columns = {name: Column(name, "", nullable=False) for name in named}
        columns |= {column.name: column for column in table.columns}
        self.tables[table.name] = replace(table, columns=tuple(columns.values()))

    def fill(self, table: str, schema: str, line: int) -> None:
        """Rows of a table begin in this line. Raises DumpError where others were of another database, or of an unnamed one."""
        self.place(table, schema, line)
        self.filled.setdefault(table, line)
        database = schema or self.database
        if self.rows_in.setdefault(table, database) != database:
            raise DumpError(
                line,
                f"rows of table '{table}' of the database '{database or self.rows_in[table]}', and from line "
                f"{self.filled[table]} on of one that is not named; dump the one that is meant",
            )
