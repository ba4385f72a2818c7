"""A kept snapshot as a database: its tables are known, and their rows are there already. No server is asked."""

from __future__ import annotations

from collections.abc import Sequence

from etl.errors import SourceError
from etl.extract.databases.kept import KeptRows, Snapshot
from etl.extract.databases.session import Copied, Relation, Request


class KeptSession:
    taken: str | None = None

    def __init__(self, snapshot: Snapshot, address: str) -> None:
        self.snapshot, self._address = snapshot, address

    def tables(self) -> list[str]:
        found = (one for one in self.snapshot.tables if one.address == self._address and one.kind == "table")
        return sorted({one.asked for one in found})

    def table(self, name: str) -> Relation:
        return _relation(self.rows("table", name), of=name)

    def statement(self, sql: str) -> Relation:
        return _relation(self.rows("sql", sql), sql=sql)

    def rows(self, kind: str, asked: str) -> KeptRows:
        """Raises SourceError where the snapshot has none."""
        found = self.snapshot.find(self._address, kind, asked)
        if found is None:
            raise SourceError(f"{self._address}: the snapshot {self.snapshot.id} has nothing of '{asked}'")
        return found

    def count(self, relation: Relation) -> None:
        """They were counted when it was taken."""

    def copy_all(self, requests: Sequence[Request]) -> list[Copied]:
        raise AssertionError("the rows of a kept snapshot are read where they lie; please report this")

    def close(self) -> None:
        pass


def _relation(rows: KeptRows, *, of: str = "", sql: str = "") -> Relation:
    return Relation(tuple(rows.columns), of=of, sql=sql, key=tuple(rows.key), identity=tuple(rows.identity))
