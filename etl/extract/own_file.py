"""Tables whose rows have come from a server: they lie in a file of ours, which the table of its kind reads."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from etl.extract.locations import File


class FileTable(Protocol):
    """A table that reads a file."""

    @property
    def header(self) -> tuple[str, ...]: ...
    @property
    def path(self) -> File: ...


class InOwnFile:
    """What such a table has of the `table` that reads its file."""

    __slots__ = ()

    table: FileTable

    @property
    def header(self) -> tuple[str, ...]:
        return self.table.header

    @property
    def path(self) -> Path:
        """The file of ours that holds its rows."""
        assert isinstance(self.table.path, Path)
        return self.table.path
