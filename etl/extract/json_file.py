"""The kind `json`: an array of objects, or an object with such an array somewhere in it. Read as a stream."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager

from etl.errors import SourceError
from etl.extract.json_stream import Item, JsonText
from etl.extract.json_values import keys_of, record_of, shown_value
from etl.extract.kinds import (
    COUNTERS,
    ENCODING,
    NORMALIZE,
    TRIM,
    Kind,
    Option,
    Settings,
    column_names_option,
    holding_nothing,
)
from etl.extract.locations import File
from etl.extract.opening import chunk_encoding, existing_file, reading, text_chunks
from etl.extract.rows import Record, SequentialTable
from etl.extract.undecodable import undecodable
from etl.model import Table
from etl.suggest import perhaps


def open_json(location: str, settings: Settings) -> Table:
    path = existing_file(location)
    source = JsonArray(path, settings["encoding"], settings["path"])
    header = settings["header"] or keys_of(item.value for item in source.items())
    if not header:
        raise SourceError(f"{path}: there is no object with a key in it, so there are no columns")
    return SequentialTable(header, 1, lambda: _records(source, header))


def _records(source: JsonArray, header: tuple[str, ...]) -> Iterator[Record]:
    known = frozenset(header)
    for item in source.items():
        cells, reason = record_of(item.value, header, known)
        if reason or item.reason:
            # As it is written: a value at fault may be one that cannot be written again.
            yield [shown_value(item.text)], reason or item.reason
        else:
            yield cells, ""


class WrongShape(ValueError):
    """A document that has no array where one is looked for."""


class JsonArray:
    """The array at a path such as `data.orders` of a file. Every look at its items reads the file anew."""

    def __init__(self, path: File, encoding: str, inner: str | None) -> None:
        self._path, self._encoding, self._inner = path, encoding, inner

    def items(self) -> Iterator[Item]:
        """Raises SourceError."""
        with reading(self._path), self._told():
            text = JsonText(_texts(self._path, self._encoding))
            yield from self._at(text, self._inner.split(".") if self._inner else [], "")
            text.end()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            sentence = str(error)
            raise SourceError(f"{self._path}{'' if sentence.startswith(':') else ': '}{sentence}") from None

    def _at(self, text: JsonText, names: list[str], so_far: str) -> Iterator[Item]:
        if not names:
            yield from self._array(text, so_far)
            return
        name, found, others = names[0], False, []
        for key in text.members() if text.peek() == "{" else ():
            if key != name:
                others.append(key)
                text.skip()
            elif found:
                raise WrongShape(f"`path: {self._inner}`: the key '{name}' is there twice")
            else:
                found = True
                yield from self._at(text, names[1:], f"{so_far}.{name}".lstrip("."))
        if not found:
            there = perhaps(name, others) or (f"; there are: {', '.join(others[:10])}" if others else "")
            raise WrongShape(f"`path: {self._inner}`: no key '{name}'{f' in {so_far}' if so_far else ''}{there}")

    def _array(self, text: JsonText, so_far: str) -> Iterator[Item]:
        if text.peek() == "[":
            for _ in text.elements():
                yield text.item()
            return
        what, hint = _described(text, so_far)
        if not so_far:
            text.end()
        where = f"`path: {self._inner}` is" if self._inner else "the file holds"
        raise WrongShape(f"{where} {what}, not an array of objects{hint}")


def _described(text: JsonText, so_far: str) -> tuple[str, str]:
    """What stands where an array should, and where one is, one level down; reads past it."""
    first = text.peek()
    if first != "{":
        text.skip()
        return {'"': "a text", "t": "true or false", "f": "true or false", "n": "null"}.get(first, "a number"), ""
    arrays = []
    for key in text.members():
        if text.peek() == "[":
            arrays.append(key)
        text.skip()
    return "an object", f"; write `path: {f'{so_far}.{arrays[0]}'.lstrip('.')}`?" if arrays else ""


def _texts(path: File, encoding: str) -> Iterator[str]:
    read_as = chunk_encoding(encoding)
    decoder, seen = codecs.getincrementaldecoder(read_as)(), 0
    for piece in text_chunks(path, encoding):
        seen += len(piece)
        try:
            yield decoder.decode(piece)
        except UnicodeDecodeError as error:
            offset = seen - len(error.object) + error.start
            reason = undecodable(error.object, error.start, f"offset {offset}", encoding)
            raise SourceError(f"{path}: {reason}") from None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise SourceError(f"{path}: ends in the middle of a character; was the file cut off?") from None


JSON = Kind(
    "json",
    "A JSON file: an array of objects, or an object that holds one (see `path`).",
    holding_nothing(open_json),
    (
        ENCODING,
        Option(
            "path",
            "where in the document the array is, keys joined by dots.",
            lambda value: value,
            {"type": "string", "examples": ["data.orders"]},
        ),
        column_names_option("the keys that are columns. Default: all keys of all objects."),
        TRIM,
        NORMALIZE,
        COUNTERS,
    ),
    examples=("orders.json",),
)
