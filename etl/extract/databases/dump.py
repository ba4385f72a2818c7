"""An SQL dump as a database: its tables, without a server. All that is wanted of it is read in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from etl.dumps.errors import DumpError
from etl.dumps.reader import Block, nameless, outline, read
from etl.dumps.shape import COMPUTED, UnknownColumn
from etl.errors import SourceError
from etl.extract.databases.mended import mended_rows
from etl.extract.databases.session import Copied, Relation, Request
from etl.extract.databases.writing import are_bare, write_rows
from etl.extract.detecting import encoding_of
from etl.extract.locations import File
from etl.extract.opening import byte_stream
from etl.suggest import did_you_mean


class DumpSession:
    """Reading a dump's tables takes a pass of its own: CREATE TABLE may stand anywhere in it."""

    taken: str | None = None

    def __init__(self, path: File, encoding: str | None = None, *, mend: bool = False) -> None:
        # What is UTF-16 comes out of the reader as UTF-8.
        found = None if encoding is None else encoding_of(path, encoding)
        self._path, self._encoding = path, "utf-8" if found and found.startswith("utf-16") else found
        self._mend = mend
        with self._speaking(), byte_stream(path) as file:
            self._outline = outline(file)
        self._tables = self._outline.columns

    def tables(self) -> list[str]:
        return list(self._tables)

    def table(self, name: str) -> Relation:
        found = self._tables.get(name)
        if name in self._outline.nameless:
            raise SourceError(f"{self._path}:{self._outline.nameless[name]}: {nameless(name)}")
        if found is None:
            raise SourceError(f"{self._path}: no table '{name}'{did_you_mean(name, self._tables)}")
        absent = self._outline.absent.get(name, {})
        return Relation(
            found, of=name, absent={column: f"{self._path}:{line}: {COMPUTED}" for column, line in absent.items()}
        )

    def statement(self, sql: str) -> Relation:
        advice = "read its tables with `table`, and join them in a `query`; or load it into a server"
        raise SourceError(f"{self._path}: a dump runs no SQL; {advice}")

    def count(self, relation: Relation) -> None:
        """Nobody else knows it; a dump that was cut off is refused by its reader."""

    def copy_all(self, requests: Sequence[Request]) -> list[Copied]:
        """One pass for all of them. A table that two of them want is read with the columns of both. The rows of tables that
        inherit from it are its own, too, as a server has it."""
        wanted: dict[str, tuple[str, ...]] = {}
        read_of = [self._read_of(request.relation.of) for request in requests]
        for request, names in zip(requests, read_of, strict=True):
            for of in names:
                columns = {*wanted.get(of, ()), *request.columns}
                wanted[of] = tuple(name for name in self._tables[of] if name in columns)
        counts = [0] * len(requests)
        with self._speaking(), byte_stream(self._path) as file:
            for block in read(file, wanted, self._encoding, one_kept=self._outline.one_kept):
                for number, request in enumerate(requests):
                    if block.table in read_of[number]:
                        counts[number] += self._write(block, request)
        return [Copied(None, count) for count in counts]

    def _read_of(self, table: str) -> tuple[str, ...]:
        """The tables of the dump whose rows are those of a table of the server."""
        return (table, *self._outline.heirs.get(table, ()))

    def _write(self, block: Block, request: Request) -> int:
        positions = [block.columns.index(name) for name in request.columns]
        if block.plain is not None and not self._mend:
            picked = block.plain.picked(positions)
            lines = picked.lines()
            if lines is not None and are_bare(lines, picked.height, len(positions)):
                request.file.write(lines)
                return picked.height
        return write_rows(mended_rows(block.rows) if self._mend else block.rows, positions, request.file)

    def close(self) -> None:
        pass

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except DumpError as error:
            raise SourceError(f"{self._path}:{error.line}: {error.what}") from None
        except UnknownColumn as error:
            raise SourceError(f"{self._path}: {error}") from None
