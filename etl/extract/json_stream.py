"""A JSON document as a stream of the values in one of its arrays: a window of text at a time, whatever the document's size.

The standard library's decoder reads each value; here is only what stands around them. ijson, the library for this, makes a "?"
of half a character, keeps the last of two equal keys, and knows no line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from etl.expressions.cells import compose
from etl.extract.json_values import DETAILS, DOCUMENT, decoded, in_words, row_value, value_fault
from etl.findings import Unfit

_BLANKS = re.compile(r"[ \t\n\r]*")
WINDOW = 1 << 18
NEARLY = len("-Infinity") + 1
"""A fault this near to the end of the window may be only that the rest is missing."""


class NotJson(ValueError):
    """What is no JSON, and where: line and column from 1."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(f":{line}:{column}: not JSON: {what}")


class Item(Struct, frozen=True):
    """A value of an array as it was written, and what is wrong with it (None: nothing)."""

    value: Any
    text: str
    reason: Unfit | None


class JsonText:
    """A document's text, and how far it has been read. All methods raise NotJson, or ValueError without a place."""

    def __init__(self, pieces: Iterator[str], encoding: str | None = None) -> None:
        self._pieces, self._encoding = pieces, encoding
        self._bytes, self._counted = 0, 0  # bytes before a character of the window, and which one
        self._text, self._at = "", 0
        self._line, self._column = 1, 1  # of the window's first character
        self._ended = False
        self._begun = False  # whether something stands before the window

    def _more(self) -> bool:
        """Make the window about twice as long, without what has been read. False at the document's end."""
        read, rest = self._text[: self._at], self._text[self._at :]
        self.offset()
        self._counted = 0
        self._line, self._column = self._place(self._at)
        self._begun = self._begun or bool(read.strip())
        wanted, parts = max(WINDOW, len(rest)), [rest]
        while wanted > 0 and (piece := next(self._pieces, None)) is not None:
            parts.append(piece)
            wanted -= len(piece)
        self._ended = wanted > 0
        self._text, self._at = "".join(parts), 0
        return bool(read) or len(parts) > 1

    def _place(self, at: int) -> tuple[int, int]:
        newlines = self._text.count("\n", 0, at)
        if not newlines:
            return self._line, self._column + at
        return self._line + newlines, at - self._text.rfind("\n", 0, at)

    def offset(self) -> int:
        """How many bytes of the document have been read, where its encoding is given."""
        if self._encoding is not None:
            self._bytes += len(self._text[self._counted : self._at].encode(self._encoding))
        self._counted = self._at
        return self._bytes

    def fail(self, what: str, at: int | None = None) -> NotJson:
        place = self._at if at is None else at
        begun = self._begun or self._text[:place].strip()
        if self._ended and begun and not self._text[place:].strip():
            what = "it ends here, in the middle; was the file cut off?"
        return NotJson(what, *self._place(place))

    def peek(self) -> str:
        """The next character that is no blank; "" at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def take(self, character: str, what: str) -> None:
        if self.peek() != character:
            raise self.fail(what)
        self._at += 1

    def item(self) -> Item:
        """The next value."""
        self.peek()
        while True:
            found = self._attempt()
            if found is not None:
                return found
            self._more()

    def _attempt(self) -> Item | None:
        """The next value, if the window holds the whole of it."""
        start = self._at
        try:
            value, end, reason = self._read(self._text, start)
        except json.JSONDecodeError as error:
            if self._ended or not self._may_go_on(error):
                raise self.fail(in_words(error), error.pos) from None
            return None
        if end == len(self._text) and not self._ended:
            return None  # a number may go on
        self._at = end
        return Item(value, self._text[start:end], reason)

    def _read(self, text: str, start: int) -> tuple[Any, int, Unfit | None]:
        try:
            return row_value(text, start)
        except json.JSONDecodeError:
            raise
        except ValueError:
            # A key twice: the row is at fault, not the document.
            value, end = decoded(text, start, DOCUMENT)
            return value, end, value_fault(value)

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        return error.pos >= len(self._text) - NEARLY or error.msg.startswith("Unterminated string")

    def skip(self) -> None:
        """Pass over the next value. A list or an object that is longer than the window is passed over part by part."""
        first = self.peek()
        if first not in ("[", "{"):
            self.item()
        elif self._attempt() is None:
            for _ in self.elements() if first == "[" else self.members():
                self.skip()

    def elements(self) -> Iterator[None]:
        """Stand before each value of an array in turn; who asks for the next has read it."""
        self.take("[", DETAILS["Expecting value"])
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if not self._goes_on("]"):
                return

    def members(self) -> Iterator[str]:
        """Each key of an object, before its value; who asks for the next has read it."""
        self.take("{", DETAILS["Expecting value"])
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self.fail(DETAILS["Expecting property name enclosed in double quotes"])
            key = compose(str(self.item().value))
            self.take(":", DETAILS["Expecting ':' delimiter"])
            yield key
            if not self._goes_on("}"):
                return

    def _goes_on(self, end: str) -> bool:
        if self.peek() == end:
            self._at += 1
            return False
        self.take(",", DETAILS["Expecting ',' delimiter"])
        return True

    def end(self) -> None:
        if self.peek():
            raise self.fail(f"{DETAILS['Extra data']}; with one object a line, read it with `jsonl:`")
