"""Where the lists of objects in a JSON document are, and how many objects they hold: the paths that a `json` source may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct, field

from etl.extract.json_stream import JsonText

DEEPEST = 6
"""Levels of lists in lists that are looked for."""
MOST = 200
"""Paths that are kept: an object whose keys are ids has one for each of them."""


class Outline(Struct):
    """`rows` are the objects at each path, as `path` takes it ("": the document is the list); `names` the tables' own, where an
    export gives them."""

    rows: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, rows: int = 1) -> None:
        if path in self.rows or len(self.rows) < MOST:
            self.rows[path] += rows


def outline(pieces: Iterator[str]) -> Outline:
    """Reads the document once, an element of its outermost lists at a time. Raises ValueError for what is no JSON."""
    text, found = JsonText(pieces), Outline()
    _walk(text, "", found)
    text.end()
    return found


def outline_of_lines(values: Iterable[Any]) -> Outline:
    """The same of JSON lines, whose paths go into every line; "": the line itself."""
    found = Outline()
    for value in values:
        if isinstance(value, dict):
            found.add("")
            _inside(value, "", found, DEEPEST)
    return found


def _walk(text: JsonText, path: str, found: Outline) -> None:
    first = text.peek()
    if first == "{":
        for key in text.members():
            if text.peek() in ("[", "{") and _is_key(key):
                _walk(text, f"{path}.{key}".lstrip("."), found)
            else:
                text.skip()
    elif first == "[":
        _elements(text, path, found)
    else:
        text.skip()


def _is_key(key: str) -> bool:
    """Whether a path can name it."""
    return bool(key) and not any(sign in key for sign in ".[]")


def _elements(text: JsonText, path: str, found: Outline) -> None:
    exported = False
    for place, _ in enumerate(text.elements()):
        if exported and text.peek() == "{":
            _exported(text, f"{path}[{place}].data", found)
            continue
        value = text.item().value
        exported = exported or (place == 0 and isinstance(value, dict) and value.get("type") == "header")
        if isinstance(value, dict) and not exported:
            found.add(path)
            _inside(value, f"{path}[*]", found, DEEPEST)


def _exported(text: JsonText, path: str, found: Outline) -> None:
    """An element of phpMyAdmin's export: a table, whose rows may be many, or the name of the database."""
    for key in text.members():
        if key == "data" and text.peek() == "[":
            for _ in text.elements():
                text.skip()
                found.add(path)
            found.rows.setdefault(path, 0)
        else:
            value = text.item().value
            if key == "name" and isinstance(value, str):
                found.names[path] = value
    if path not in found.rows:
        found.names.pop(path, None)


def _inside(value: dict[str, Any], prefix: str, found: Outline, levels: int) -> None:
    """The lists inside of an object, and in the objects in it. `prefix` is the object's own path."""
    for key, inner in value.items() if levels else ():
        path = f"{prefix}.{key}".removeprefix(".")
        if not _is_key(key):
            continue
        if isinstance(inner, dict):
            _inside(inner, path, found, levels - 1)
        elif isinstance(inner, list):
            for element in inner:
                if isinstance(element, dict):
                    found.add(path)
                    _inside(element, f"{path}[*]", found, levels - 1)
