"""Read YAML strictly: plain data, the place of every value, and a Problem for whatever YAML would silently read otherwise.

PyYAML's own safe_load reads `0123` as 83, `12:30` as 750, `no` as False, and keeps the last of two equal keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from etl.model import Place, Problem

Path = tuple[str | int, ...]
MOST_NODES = 100_000


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands: its place for people, and its first and last character in the text."""

    place: Place
    start: int
    end: int


@dataclass(slots=True)
class Document:
    """A YAML file as plain data, with the span of every value and the place of every key."""

    file: str
    text: str
    data: Any = None
    values: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """The place of a value, or of the nearest thing around it."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values[path].place if path in self.values else Place(self.file)

    def key_place(self, path: Path) -> Place:
        return self.keys.get(path) or self.place(path)

    def word_place(self, path: Path, word: str) -> Place:
        """The place of a word inside a value: where in the expression the wrong name stands."""
        span = self.values.get(path)
        if span is None or not word:
            return self.place(path)
        edge = r"(?<!\w)" if word[0].isalnum() else ""
        tail = r"(?!\w)" if word[-1].isalnum() else ""
        found = re.compile(f"{edge}{re.escape(word)}{tail}").search(self.text, span.start, span.end)
        return self._at(found.start()) if found else span.place

    def _at(self, index: int) -> Place:
        line = self.text.count("\n", 0, index) + 1
        return Place(self.file, line, index - (self.text.rfind("\n", 0, index) + 1) + 1)


def read_document(file: str, text: str) -> Document:
    """Parse YAML text. What cannot be understood is in `problems`; `data` is None when nothing could be."""
    document = Document(file, text)
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(document, error))
        return document
    except RecursionError:
        document.problems.append(Problem(Place(file), "is nested too deeply"))
        return document
    if len(nodes) != 1 or nodes[0] is None:
        what = (
            "is empty; `etl schema` describes what belongs here"
            if not nodes or nodes[0] is None
            else ("holds more than one document (---); one mapping is one file")
        )
        document.problems.append(Problem(Place(file), what))
        return document
    document.data = _Reader(document).value(nodes[0], ())
    return document


def _syntax_problem(document: Document, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(Place(document.file), f"is not YAML: {error}")
    reason = getattr(error, "problem", None) or str(error)
    line = document.text.splitlines()[mark.line] if mark.line < document.text.count("\n") + 1 and document.text else ""
    place = Place(document.file, mark.line + 1, mark.column + 1)
    if re.search(r"(^|[:\-,\[{])\s*\{\{", line):
        return Problem(place, UNQUOTED)
    if "\t" in line[: mark.column + 1]:
        reason = "YAML allows no tab here; indent with blanks"
    return Problem(place, f"is not YAML: {reason}")


UNQUOTED = 'an unquoted {{ is a mapping to YAML: put the whole value in quotes, "{{ ... }}"'

NULL = re.compile(r"(~|null|Null|NULL|)\Z")
BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INT = re.compile(r"-?(0|[1-9][0-9]*)\Z")
FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")

TRAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(y|n|yes|no|on|off)\Z", re.I), "a yes or no to some YAML readers and text to others"),
    (re.compile(r"[-+]?0[0-9_]+\Z"), "an octal number to YAML"),
    (re.compile(r"[-+]?0[xob][0-9a-f_]+\Z", re.I), "a number in another base to YAML"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z"), "a number in base 60 to YAML"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?e[-+]?[0-9]+\Z", re.I),
        "a number with an exponent to some YAML readers",
    ),
    (re.compile(r"[-+]?(\.inf|\.nan)\Z", re.I), "not a number that JSON can hold"),
    (re.compile(r"[-+]?[0-9][0-9,_]*_[0-9_]*\Z"), "a number with separators to YAML"),
    (re.compile(r"\+[0-9.]+\Z"), "a number to YAML, which loses its +"),
    (re.compile(r"([-+]?\.[0-9]+|[-+]?[0-9]+\.)\Z"), "a number without its digits before or after the point"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?\Z"), "a date to YAML"),
)
"""Plain scalars that do not mean what they look like."""


class _Reader:
    """Turns YAML nodes into plain data, noting places and problems in the document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._seen = 0
        self._inside: list[int] = []

    def value(self, node: Node, path: Path) -> Any:
        place = self._place(node)
        self._document.values[path] = Span(place, node.start_mark.index, node.end_mark.index)
        self._seen += 1
        if self._seen > MOST_NODES or id(node) in self._inside:
            if self._seen <= MOST_NODES + 1 or id(node) in self._inside:
                self._problem(place, f"aliases make more than {MOST_NODES} values of this file; write them out")
            self._seen = MOST_NODES + 2
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, place)
        self._inside.append(id(node))
        plain = self._sequence(node, path) if isinstance(node, SequenceNode) else self._mapping(node, path)
        self._inside.pop()
        return plain

    def _scalar(self, node: ScalarNode, place: Place) -> Any:
        text: str = node.value
        if self._tagged(node, place) or node.style is not None:
            return text
        if NULL.match(text):
            return None
        if text in BOOL:
            return BOOL[text]
        if INT.match(text):
            return int(text) if len(text) < 1000 else text
        if FLOAT.match(text):
            return float(text)
        for trap, meaning in TRAPS:
            if trap.match(text):
                self._problem(place, f"{text} is {meaning}: write '{text}' in quotes if it is text{_otherwise(text)}")
        return text

    def _sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        self._tagged(node, self._place(node))
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: Node, path: Path) -> Any:
        assert isinstance(node, MappingNode)
        self._tagged(node, self._place(node))
        if any(isinstance(key, MappingNode) for key, _ in node.value):
            self._problem(self._place(node), UNQUOTED)
            return None
        plain: dict[str, Any] = {}
        for key, item in self._entries(node, path):
            plain[key] = self.value(item, (*path, key))
        return plain

    def _entries(self, node: MappingNode, path: Path) -> Iterator[tuple[str, Node]]:
        first: dict[str, int] = {}
        for key_node, item in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self._problem(place, "a key must be one word or number")
                continue
            key = self._key(key_node, place)
            if key in first:
                self._problem(place, f"'{key}' is already given in line {first[key]}; YAML would keep only this one")
                continue
            first[key] = place.line
            self._document.keys[(*path, key)] = place
            yield key, item

    def _key(self, node: ScalarNode, place: Place) -> str:
        if node.value == "<<" and node.style is None:
            self._problem(place, "merging mappings with << is not available; write the keys out")
        self._scalar(node, place)
        return str(node.value)

    def _tagged(self, node: Node, place: Place) -> bool:
        """Whether a value carries an explicit tag (!!str), and whether that is a problem."""
        explicit = self._document.text[node.start_mark.index : node.start_mark.index + 1] == "!"
        if explicit and node.tag != "tag:yaml.org,2002:str":
            self._problem(place, f"the tag {node.tag.replace('tag:yaml.org,2002:', '!!')} is not available")
        return explicit

    def _place(self, node: Node) -> Place:
        return Place(self._document.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _problem(self, place: Place, what: str) -> None:
        self._document.problems.append(Problem(place, what))


def _otherwise(text: str) -> str:
    if text.lower() in ("y", "yes", "on"):
        return ", true if it is a logical value"
    if text.lower() in ("n", "no", "off"):
        return ", false if it is a logical value"
    if text[:1].isdigit() or text[:1] in "+-.":
        return ", or write the number in plain digits"
    return ""
