"""`extends:` a mapping that takes another one as it is, and writes only what differs.

What is written here stands for what is written there: a key of the file; one of `target`, `databases`, `sources`, `lookups`; a
stage of the same name keeps what it does not say again, field by field; a test of the same name is replaced. There is no other
rule, and no way to take something away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from os.path import normpath, relpath
from pathlib import Path as FilePath
from typing import Any

from msgspec import field

from etl.errors import MappingError, SourceError
from etl.extract import KINDS, check_inside, is_url
from etl.mapping.places import Document, YamlPath
from etl.model import Place, Problem

EXTENDS = "extends"
BY_NAME = ("target", "databases", "sources", "lookups")
"""Parts of the file whose entries are replaced one by one."""

DEEPEST = 5
"""Mappings that may extend each other in a row: a circle ends here."""

Open = Callable[[FilePath], Document]


class Extended(Document, dict=True):
    """Two documents as one. `origins` tells of a path, and of all below it that says nothing else, where it is written."""

    files: tuple[FilePath, ...] = ()
    origins: dict[YamlPath, tuple[Document, YamlPath]] = field(default_factory=dict)

    def place(self, path: YamlPath) -> Place:
        document, there = self._written(path)
        return document.place(there)

    def key_place(self, path: YamlPath) -> Place:
        document, there = self._written(path)
        return document.key_place(there)

    def place_in(self, path: YamlPath, value: str, offset: int) -> Place:
        document, there = self._written(path)
        return document.place_in(there, value, offset)

    def holds(self, path: YamlPath) -> bool:
        document, there = self._written(path)
        return document.holds(there)

    def _written(self, path: YamlPath) -> tuple[Document, YamlPath]:
        for length in range(len(path), -1, -1):
            if path[:length] in self.origins:
                document, there = self.origins[path[:length]]
                return document, (*there, *path[length:])
        raise AssertionError("the whole document has no origin; please report this")


def files_of(document: Document) -> tuple[FilePath, ...]:
    """The files that a mapping is written in: its own last."""
    return document.files if isinstance(document, Extended) else (FilePath(document.file),)


def with_extended(own: Document, read: Open, depth: int = 1) -> Document:
    """The document with what it extends; itself, where it extends nothing. What is wrong with that is among its problems."""
    written = own.data.get(EXTENDS) if isinstance(own.data, Mapping) else None
    if not isinstance(written, str):
        return own
    base = _base(own, written, read, depth)
    if base is None or not isinstance(base.data, Mapping):
        # Nothing else is worth telling of a mapping of which most is missing.
        own.problems += base.problems if base is not None else []
        own.data = None
        return own
    merged = _Merger(base, own).merged()
    merged.problems = [*base.problems, *own.problems]
    merged.spoilt = own.spoilt
    return merged


def _base(own: Document, written: str, read: Open, depth: int) -> Document | None:
    """The mapping that a file extends; None with a problem."""
    path = FilePath(normpath(FilePath(own.file).parent / written))
    try:
        check_inside(str(path))
        if depth > DEEPEST:
            raise MappingError(f"more than {DEEPEST} mappings extend each other, or one of them itself")
        return with_extended(read(path), read, depth + 1)
    except (MappingError, SourceError) as error:
        own.problems.append(Problem(own.place((EXTENDS,)), str(error)))
        return None


class _Merger:
    """Base and own document -> one, with the origin of everything that comes from the base."""

    def __init__(self, base: Document, own: Document) -> None:
        self.base, self.own = base, own
        self.origins: dict[YamlPath, tuple[Document, YamlPath]] = {(): (own, ())}

    def merged(self) -> Extended:
        base, own = self.base, self.own
        theirs: Mapping[str, Any] = base.data
        ours: Mapping[str, Any] = own.data
        keys = [key for key in {**theirs, **ours} if key != EXTENDS]
        data = {key: self._part(key, theirs.get(key), ours.get(key)) for key in keys}
        files = (*files_of(base), FilePath(own.file))
        return Extended(own.file, own.text, data, own.values, own.keys, files=files, origins=self.origins)

    def _part(self, key: str, theirs: Any, ours: Any) -> Any:
        if key in BY_NAME and isinstance(theirs, Mapping) and isinstance(ours, Mapping | None):
            moved = {name: self._moved(key, entry) for name, entry in theirs.items()}
            return self._entries((key,), moved, ours or {})
        if key in ("stages", "tests") and isinstance(theirs, list) and isinstance(ours, list | None):
            return list(self._items(key, theirs, ours or []))
        if key not in self.own.data:
            self._from_base((key,), (key,))
            return theirs
        return ours

    def _from_base(self, path: YamlPath, there: YamlPath) -> None:
        self.origins[path] = (self.base, there)

    def _entries(
        self, path: YamlPath, theirs: Mapping[str, Any], ours: Mapping[str, Any], there: YamlPath = ()
    ) -> dict[str, Any]:
        for name in theirs:
            if name not in ours:
                self._from_base((*path, name), (*(there or path), name))
        return {**theirs, **ours}

    def _items(self, key: str, theirs: list[Any], ours: list[Any]) -> Iterator[Any]:
        """Theirs in their order, each with what ours of the same name says; then what is ours alone."""
        left = {_name(item, key): index for index, item in enumerate(ours) if _name(item, key)}
        positions: list[int | None] = []
        for index, item in enumerate(theirs):
            mine = left.pop(_name(item, key), None) if _name(item, key) else None
            path: YamlPath = (key, len(positions))
            positions.append(mine)
            yield self._item(path, item, (key, index), ours, mine)
        taken = {one for one in positions if one is not None}
        for count, index in enumerate(index for index in range(len(ours)) if index not in taken):
            self.origins[(key, len(theirs) + count)] = (self.own, (key, index))
            yield ours[index]

    def _item(self, path: YamlPath, item: Any, there: YamlPath, ours: list[Any], mine: int | None) -> Any:
        if mine is None:
            self._from_base(path, there)
            return item
        own = ours[mine]
        self.origins[path] = (self.own, (path[0], mine))
        if path[0] == "tests":
            return own
        entries = self._entries(path, item, own, there)
        if isinstance(item.get("fields"), Mapping) and isinstance(own.get("fields"), Mapping):
            within: YamlPath = (*path, "fields")
            entries["fields"] = self._entries(within, item["fields"], own["fields"], (*there, "fields"))
        return entries

    def _moved(self, part: str, entry: Any) -> Any:
        """An entry of the base as it is written from here: a path to a file begins at the folder of its own mapping."""
        if part == "databases":
            form = entry if isinstance(entry, Mapping) else {"at": entry}
            moved = {**form, "at": self._path(form.get("at"))}
            return moved if isinstance(entry, Mapping) else moved["at"]
        if not isinstance(entry, Mapping) or part == "target":
            return entry
        files = [name for name, kind in KINDS.items() if name in entry and kind.where == "file"]
        return {**entry, **{name: self._path(entry[name]) for name in files}}

    def _path(self, written: Any) -> Any:
        if not isinstance(written, str) or written.startswith(("${", "/")) or is_url(written):
            return written
        return relpath(FilePath(self.base.file).parent / written, FilePath(self.own.file).parent)


def _name(item: Any, key: str) -> tuple[str, str] | None:
    """What tells a stage, or a test, from the others. None: nothing does."""
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        return None
    return (str(item.get("stage")) if key == "tests" else "", item["name"])
