"""Where things stand in a mapping file: every value, every key, every character of a value.

YAML's text and the value it means differ: quotes, escapes, folded lines, indentation. What a person has to find is a
word, so the characters that are no blanks are counted, which YAML never changes or reorders.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from msgspec import Struct, field
from yaml.scanner import Scanner

from etl.model import Place, Problem

YamlPath = tuple[str | int, ...]
"""The keys and indices that lead to a value."""

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_HEXADECIMAL = {"x": 2, "u": 4, "U": 8}
_LARGEST_CHARACTER = 0x10FFFF


class Span(Struct, frozen=True):
    """The first and last character of a value in the text, and how it is written: plain None, quoted ' ", block | >."""

    start: int
    end: int
    style: str | None = None


class Document(Struct, dict=True):
    """A YAML file as plain data, with the span of every value and the position of every key."""

    file: str
    text: str
    data: Any = None
    values: dict[YamlPath, Span] = field(default_factory=dict)
    keys: dict[YamlPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    spoilt: dict[int, int] = field(default_factory=dict)
    """Positions of values that were no YAML and have a stand-in, each with its line."""

    def place(self, path: YamlPath) -> Place:
        """The place of a value, or of the nearest thing around it."""
        while path and path not in self.values:
            path = path[:-1]
        return self.at(self.values[path].start) if path in self.values else Place(self.file)

    def key_place(self, path: YamlPath) -> Place:
        """The place of a key, or of the nearest thing around it."""
        return self.at(self.keys[path]) if path in self.keys else self.place(path)

    def holds(self, path: YamlPath) -> bool:
        """Whether something is written at a path."""
        return path in self.values

    def place_in(self, path: YamlPath, value: str, offset: int) -> Place:
        """The place of the character `offset` of a text value."""
        span = self.values.get(path)
        if span is None:
            return self.place(path)
        before = sum(not character.isspace() for character in value[:offset])
        position = next(islice(inked(self.text[span.start : span.end], span.style), before, None), 0)
        return self.at(span.start + position)

    def at(self, index: int) -> Place:
        """Line and column of a position in the text, counted as editors do."""
        line = bisect_right(self._lines, index)
        return Place(self.file, line, index - self._lines[line - 1] + 1)

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def spoil(self, index: int) -> None:
        self.spoilt[index] = self.at(index).line

    def problem(self, index: int, what: str) -> None:
        self.problems.append(Problem(self.at(index), what))


def inked(source: str, style: str | None) -> Iterator[int]:
    """The positions, in a value's source, of the characters of the value that are no blanks."""
    start = found.end() if (found := _PROPERTIES.match(source)) else 0
    if style == '"':
        yield from _double_quoted(source, start + 1)
    elif style == "'":
        yield from _single_quoted(source, start + 1)
    else:
        # The first line of a block holds its | or > and nothing of the value.
        begin = source.find("\n", start) if style in ("|", ">") else start
        yield from (index for index in range(max(begin, start), len(source)) if not source[index].isspace())


def _single_quoted(source: str, index: int) -> Iterator[int]:
    while index < len(source) - 1:
        if not source[index].isspace():
            yield index
        index += 2 if source[index] == "'" else 1


def _double_quoted(source: str, index: int) -> Iterator[int]:
    while index < len(source) - 1:
        width, character = _escaped(source, index)
        if not character.isspace():
            yield index
        index += width


def _escaped(source: str, index: int) -> tuple[int, str]:
    """How long the next character of a double-quoted text is written, and which it is. A folded line is a blank."""
    if source[index] != "\\":
        return 1, source[index]
    letter = source[index + 1]
    digits = _HEXADECIMAL.get(letter, 0)
    if digits:
        code = int(source[index + 2 : index + 2 + digits], 16)
        return 2 + digits, chr(min(code, _LARGEST_CHARACTER))
    return 2, Scanner.ESCAPE_REPLACEMENTS.get(letter, letter)
