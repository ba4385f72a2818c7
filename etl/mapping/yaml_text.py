"""Read YAML strictly: plain data, the place of every value, and a Problem for whatever YAML would silently read otherwise.

PyYAML's own safe_load reads `0123` as 83, `12:30` as 750, `no` as False, and keeps the last of two equal keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from etl.mapping.places import Document, Span, YamlPath
from etl.mapping.secrets import is_secret
from etl.mapping.traps import NULL, read_plain

MOST_NODES = 100_000
DEEPEST = 50
LARGEST = 1_000_000
"""Characters of a mapping. What is larger is data, and belongs in a file of its own."""

UNQUOTED = 'an unquoted {{ is a mapping to YAML: put the whole value in quotes, "{{ ... }}"'

STAND_IN = "{{ none }}"
"""What an unquoted expression is read as, so that the rest can be checked."""

_UNQUOTED = re.compile(r"""(?m)(?P<before>[^"'#\n]*?(?:[:,\[{-][ \t]*|^[ \t]*))(?P<value>\{\{.*)$""")
_MOST_REPAIRS = 200


def read_document(file: str, text: str) -> Document:
    """Parse YAML text. What cannot be understood is in `problems`; `data` is None when nothing could be."""
    document = Document(file, text)
    nodes = _composed(document) if len(text) <= LARGEST else _too_large(document)
    if len(nodes) > 1:
        second = nodes[1].start_mark.index if nodes[1] is not None else len(text)
        document.problem(second, "a second document begins here (---); one mapping is one file")
    elif nodes and nodes[0] is not None:
        document.data = _Reader(document).value(nodes[0], ())
    if document.data is None and not document.problems:
        document.problem(0, "is empty; `etl schema` describes what belongs here")
    return document


def _too_large(document: Document) -> list[Node | None]:
    document.problem(
        0, f"has {len(document.text)} characters, a mapping at most {LARGEST}; put tables of codes in files"
    )
    return []


# Text -> nodes


class _Loader(yaml.SafeLoader):
    """PyYAML's composer, which stops at a depth nobody needs and remembers where tags stand. Constructs nothing."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.tags: list[int] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            self.tags.append(event.start_mark.index)
        if self.depth == DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"nested more than {DEEPEST} levels deep", problem_mark=event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _composed(document: Document) -> list[Node | None]:
    """The nodes of each document in the text. Where an unquoted {{ is no YAML at all, the rest is read without it."""
    text = document.text
    for _ in range(_MOST_REPAIRS):
        try:
            return _compose(document, text)
        except yaml.YAMLError as error:
            repaired = _repaired(document, text, error)
            if repaired is None:
                break
            text = repaired
    return []


def _compose(document: Document, text: str) -> list[Node | None]:
    loader = _Loader(text)
    nodes = []
    try:
        while loader.check_node():
            nodes.append(loader.get_node())
    except (ValueError, OverflowError):
        # PyYAML asks Python for whatever character an escape such as \UFFFFFFFF names.
        raise yaml.MarkedYAMLError(problem="no such character", problem_mark=loader.get_mark()) from None
    for index in loader.tags:
        document.problem(index, _TAG)
    return nodes


def _repaired(document: Document, text: str, error: yaml.YAMLError) -> str | None:
    """The text, of the same length, without the unquoted {{ that made this error; None when something else did."""
    found = _unquoted(text, error)
    if found is None:
        # What follows a repair may be its doing.
        if not document.spoilt:
            document.problem(*_reason(error))
        return None
    start, end = found
    document.problem(start, UNQUOTED)
    document.spoil(start)
    return f'{text[:start]}"{"x" * (end - start - 2)}"{text[end:]}'


def _unquoted(text: str, error: yaml.YAMLError) -> tuple[int, int] | None:
    """Where an unquoted {{ begins and its value ends, in the line of an error or the one that PyYAML was reading from."""
    for mark in (getattr(error, "problem_mark", None), getattr(error, "context_mark", None)):
        found = mark and _UNQUOTED.match(text, text.rfind("\n", 0, mark.index) + 1)
        if found:
            # Within brackets the value ends before they close.
            inside = "[" in found["before"] or "{" in found["before"]
            length = len(found["value"][: found["value"].rfind("}}") + 2] if inside else found["value"])
            return found.start("value"), found.start("value") + max(length, 2)
    return None


_TAG = "a tag (!...) is not available; write text that begins with ! in quotes"
_MISPLACED = "this does not fit what is before it; look at its indentation and its quotes"
_WORDS = (
    ("undefined alias", "there is no such anchor; write text that begins with * in quotes"),
    ("duplicate anchor", "this anchor is there already; write text that begins with & in quotes"),
    ("tag", _TAG),
    (r"found character '\\t'", "a tab, which YAML does not allow here; indent with blanks"),
    ("unexpected end of stream", "a quote that is not closed"),
    (r"expected ',' or .*, but got '\{'", "a { within brackets: put ${NAME} in quotes there, or close the bracket before this"),
    ("expected ',' or", "a bracket before this is not closed, or a comma is missing"),
    ("expected the node content|expected <block end>|expected alphabetic", _MISPLACED),
    ("mapping values are not allowed", "a colon too many: put the value in quotes, or end the line before it with a colon"),
    ("could not find expected ':'", "a key without its colon, or text without its quotes"),
    ("special characters are not allowed", "a control character; remove it"),
    ("cannot start any token", "a value cannot begin with this character; put it in quotes"),
    ("unknown escape character", r"a \ that begins no known escape; write \\, or put the text in single quotes"),
    ("no such character", r"an escape (\U...) that is no character"),
)  # fmt: skip
"""PyYAML's reasons in words that help, and that repeat nothing of the file."""


def _reason(error: yaml.YAMLError) -> tuple[int, str]:
    """Where an error is, and what it is."""
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable text")
    mark = getattr(error, "problem_mark", None)
    if reason in ("found unexpected end of stream", "could not find expected ':'"):
        # These are found where something else begins, and stand where PyYAML began to read.
        mark = getattr(error, "context_mark", None) or mark
    index = mark.index if mark is not None else getattr(error, "position", 0)
    spoken = next((words for theirs, words in _WORDS if re.search(theirs, reason)), reason)
    return index, f"is not YAML: {spoken}"


# Nodes -> data


class _Reader:
    """Turns YAML nodes into plain data, noting places and problems in the document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._seen = 0
        self._inside: set[int] = set()

    def value(self, node: Node, path: YamlPath) -> Any:
        self._document.values[path] = Span(node.start_mark.index, node.end_mark.index, getattr(node, "style", None))
        if is_secret(path):
            return self._secret(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if self._too_much(node):
            return None
        self._inside.add(id(node))
        plain = self._sequence(node, path) if isinstance(node, SequenceNode) else self._mapping(node, path)
        self._inside.remove(id(node))
        return plain

    def _secret(self, node: Node) -> Any:
        """However wrongly a secret is written, it is read as text, and no problem repeats it."""
        if not isinstance(node, ScalarNode):
            return {}
        return None if node.style is None and NULL.match(node.value) else node.value

    def _too_much(self, node: Node) -> bool:
        """Whether aliases have made the file endless, or larger than it is written."""
        if id(node) in self._inside:
            self._problem(node, "this holds itself, through an alias; write it out")
            return True
        self._seen += 1 + len(node.value)
        if self._seen > MOST_NODES >= self._seen - 1 - len(node.value):
            self._problem(node, f"aliases make more than {MOST_NODES} values of this file; write them out")
        return self._seen > MOST_NODES

    def _scalar(self, node: ScalarNode) -> Any:
        text = node.value = _paired(node.value)
        if node.start_mark.index in self._document.spoilt:
            return STAND_IN
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._problem(node, "half a character (\\ud800 to \\udfff); write the character itself")
            return text.encode("utf-8", "replace").decode()
        if node.style is not None:
            return text
        try:
            return read_plain(text)
        except ValueError as error:
            self._problem(node, str(error))
            return text

    def _sequence(self, node: SequenceNode, path: YamlPath) -> list[Any]:
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: Node, path: YamlPath) -> Any:
        assert isinstance(node, MappingNode)
        if self._is_unquoted(node):
            self._problem(node, UNQUOTED)
            self._document.spoil(node.start_mark.index)
            return STAND_IN
        return {key: self.value(item, (*path, key)) for key, item in self._entries(node, path)}

    def _is_unquoted(self, node: MappingNode) -> bool:
        """Whether a mapping was meant as an expression: {{ a }} is a mapping whose key is a mapping."""
        start = node.start_mark.index
        nested = any(isinstance(key, MappingNode) for key, _ in node.value)
        return nested and self._document.text.startswith("{{", start)

    def _entries(self, node: MappingNode, path: YamlPath) -> Iterator[tuple[str, Node]]:
        for key_node, item in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            if (*path, key) in self._document.keys and not self._is_alias(path, key, key_node):
                line = self._document.key_place((*path, key)).line
                self._problem(key_node, f"'{key}' is already given in line {line}; YAML would keep only this one")
                continue
            self._document.keys[(*path, key)] = key_node.start_mark.index
            yield key, item

    def _is_alias(self, path: YamlPath, key: str, node: Node) -> bool:
        return self._document.keys[(*path, key)] == node.start_mark.index

    def _key(self, node: Node) -> str | None:
        """A key as text, or None with a problem."""
        if not isinstance(node, ScalarNode):
            self._problem(node, "a key must be one word or number")
        elif node.style is None and node.value == "<<":
            self._problem(node, "merging mappings with << is not available; write the keys out")
        elif not node.value:
            self._problem(node, "a key is missing before the colon")
        else:
            self._scalar(node)
            return str(node.value)
        return None

    def _problem(self, node: Node, what: str) -> None:
        self._document.problem(node.start_mark.index, what)


_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def _paired(text: str) -> str:
    """The text with each pair of surrogates, which is how JSON escapes an emoji, as the one character that it means."""
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
