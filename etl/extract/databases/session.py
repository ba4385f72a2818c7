"""What is asked of a database, whatever its dialect. One session is one connection in one read-only transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Protocol

from msgspec import Struct

LOCKED = "another process of the shop has locked the table for more than a minute; run it again when that has ended"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, or what a statement gives.

    columns  in their order
    of       what stands after FROM, quoted; nothing for a statement
    sql      the statement as the mapping has it; nothing for a table
    key      the columns of the primary key, by which rows come in a fixed order
    identity the same, where it is of whole numbers or UUIDs: by it a row is told to people
    note     what has to be known of the rows: that they are of no one moment
    absent   further columns that it has, of which nobody has the values here, each with why and what to do
    """

    columns: tuple[str, ...]
    of: str = ""
    sql: str = ""
    key: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    note: str = ""
    absent: Mapping[str, str] = field(default_factory=dict, hash=False)


class Session(Protocol):
    """Every method raises SourceError, which names the database without its password.

    `taken` is the server's time when the transaction began, ISO 8601 in UTC; None for a file that has none.
    """

    @property
    def taken(self) -> str | None: ...

    def tables(self) -> list[str]:
        """The names of all tables and views that `table` takes."""
        ...

    def table(self, name: str) -> Relation: ...

    def statement(self, sql: str) -> Relation:
        """Refuses whatever is not exactly one statement that gives rows."""
        ...

    def count(self, relation: Relation) -> int | None:
        """The rows of a table, in the session's own moment; None when there is nobody to ask."""
        ...

    def copy_all(self, requests: Sequence[Request]) -> list[Copied]:
        """Write rows as `writing` says, in UTF-8, NULL as a blank cell. A cut connection is an error, never the end."""
        ...

    def close(self) -> None: ...


class Request(Struct, frozen=True):
    """Columns of a relation, and the file that their rows go into."""

    relation: Relation
    columns: tuple[str, ...]
    file: BinaryIO


class Copied(Struct, frozen=True):
    """What the database was asked (None: a file was read), and how many rows it gave."""

    statement: str | None
    rows: int


class OneByOne(ABC):
    """A session that reads one relation after another."""

    @abstractmethod
    def copy(self, relation: Relation, columns: Sequence[str], file: BinaryIO) -> Copied: ...

    def copy_all(self, requests: Sequence[Request]) -> list[Copied]:
        return [self.copy(one.relation, one.columns, one.file) for one in requests]


class ByCursor(OneByOne):
    """A session that asks through cursors of its connection. `_tables` is the statement that gives the names of tables."""

    _connection: Any
    _tables: ClassVar[str]

    @abstractmethod
    def _speaking(self) -> AbstractContextManager[None]:
        """Has what the library raises told as a SourceError."""

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def tables(self) -> list[str]:
        with self._speaking():
            return [str(one) for (one,) in self._rows(self._tables)]


NUMBERS = ("smallint", "integer", "bigint", "uuid", "int", "tinyint", "mediumint")
"""Types of keys that say nothing of a person."""


def identity_of(key: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The columns of a key, each with its type, where they may be shown to anybody."""
    return tuple(name for name, _ in key) if all(kind.lower() in NUMBERS for _, kind in key) else ()


def chosen(relation: Relation, wanted: Collection[str]) -> tuple[str, ...]:
    """The wanted columns in the relation's order; at least one, for rows have to be counted."""
    found = tuple(name for name in relation.columns if name in wanted)
    return found or relation.columns[:1]


def selecting(relation: Relation, columns: Iterable[str], quote: str) -> str:
    """The statement that reads a table's columns, in the order of its primary key."""
    return selecting_expression(relation, ", ".join(quoted(name, quote) for name in columns), quote)


def selecting_expression(relation: Relation, listed: str, quote: str) -> str:
    order = ", ".join(quoted(name, quote) for name in relation.key)
    return f"SELECT {listed} FROM {relation.of}{f' ORDER BY {order}' if order else ''}"  # noqa: S608


def quoted(name: str, quote: str) -> str:
    return f"{quote}{name.replace(quote, quote * 2)}{quote}"


def trimmed(sql: str) -> str:
    """A statement without the semicolon at its end."""
    return sql.strip().rstrip(";").rstrip()
