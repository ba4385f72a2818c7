"""What the checks share: the document, what was built from it, and what was opened to check it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from msgspec import Struct, field

from etl.expressions import GEOGRAPHY, LOOKUP, PRIVATE_KEYS, Names, PrivateKey
from etl.expressions.syntax import faults
from etl.extract import Connections, Snapshot, absent_columns, further_columns
from etl.geography import ChannelLists, NoLists
from etl.mapping.opens import Opens
from etl.mapping.places import Document, YamlPath
from etl.mapping.templates import columns_used
from etl.model import Expression, Migration, Problem, Stage, Table


def passing_key() -> PrivateKey:
    """A key for looks that leave nothing behind; a package is made with that of the workspace."""
    return PrivateKey(os.urandom(32))


class Context(Struct, frozen=True):
    """`data` is the document's, without what the grammar refused. `tables` and `resources` are filled by the first checks;
    what they open is closed with `opened`.

    What is not opened (`opens`, and what `kept` has not, if rows of servers are from a snapshot) stays closed: any name may be
    one of its columns. `closed` tells what it is.

    `lists` are the channel's places and carriers; `lists_wanted`: where there are none, that is a problem of whoever needs them.
    """

    document: Document
    data: Mapping[str, Any]
    migration: Migration
    opened: ExitStack
    connections: Connections
    opens: Opens = Opens.ALL
    kept: Snapshot | None = None
    lists: ChannelLists | None = None
    lists_wanted: bool = False
    target_known: bool = False
    tables: dict[str, Table] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            LOOKUP: {},
            PRIVATE_KEYS: {"passwords": passing_key()},
            GEOGRAPHY: {"channel": NoLists("the channel's lists are not looked into here")},
        }
    )
    lookup_tables: dict[str, Table] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    _used: dict[str, set[str]] = field(default_factory=dict)

    def at(self, path: YamlPath, what: str) -> Problem:
        """A problem with a value."""
        return Problem(self.document.place(path), what)

    def at_character(self, path: YamlPath, text: str, character: int | None, what: str) -> Problem:
        """A problem with one character of a text value; with the whole of it where none is known, or a variable is in it."""
        if character is None or not self.is_written(path, text):
            return self.at(path, what)
        return Problem(self.document.place_in(path, text, character), what)

    def is_written(self, path: YamlPath, text: str) -> bool:
        """Whether a text stands at a path as it is, without a variable."""
        found: Any = self.document.data
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return bool(found == text)

    def at_key(self, path: YamlPath, what: str) -> Problem:
        """A problem with a key."""
        return Problem(self.document.key_place(path), what)

    def written(self, part: str) -> Mapping[str, Any]:
        """`sources` or `lookups` as they are written, what the grammar refused included: a name is known all the same."""
        whole = self.document.data.get(part)
        return whole if isinstance(whole, Mapping) else {}

    def names(self, stage: Stage) -> Names:
        """What the stage's expressions may use. A table that cannot be opened has any column."""
        table = self.tables.get(stage.source)
        # A lookup that could not be read is known by its name all the same.
        lookups = {name: self.resources[LOOKUP].get(name, {}) for name in self.written("lookups")}
        columns = None if table is None else frozenset(self.columns(stage.source, table))
        source = self.migration.sources.get(stage.source)
        trims = source is not None and source.options.get("trim", True) is not False
        resources = {**self.resources, LOOKUP: lookups}
        used = self.used(stage.source)
        text_only, absent = table is not None and table.text_only, self.absent(stage.source)
        return Names(columns, resources, text_only, trims, used=used, absent=absent)

    def used(self, source: str) -> frozenset[str]:
        """The columns of a source that the mapping's expressions read. Each is looked at once, however many stages ask."""
        if not self._used:
            self._used.update(columns_used(self.migration.stages))
        return frozenset(self._used.get(source, ()))

    def absent(self, source: str) -> Mapping[str, str]:
        """The columns that a source should have and has not here, each with why."""
        return absent_columns(self.tables[source]) if source in self.tables else {}

    def columns(self, source: str, table: Table) -> list[str]:
        """A table's columns, and what can be asked for beside them."""
        return [*table.header, *further_columns(self.migration.sources[source], table.header)]

    def expression_problems(
        self, path: YamlPath, expression: Expression, names: Names, *, condition: bool = False
    ) -> list[Problem]:
        """Everything wrong with the expression at a path, each where it stands in it."""
        found = faults(expression.text, names, condition=condition)
        return [Problem(self.document.place_in(path, expression.text, one.at), one.what) for one in found]
