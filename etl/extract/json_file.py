"""The kind `json`: an array of objects, or such arrays somewhere in a document. Read as a stream."""

from __future__ import annotations

import codecs
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice

from etl.errors import SourceError
from etl.extract.detecting import encoding_of
from etl.extract.json_parts import EACH, JsonTable, can_be_cut, rows_in
from etl.extract.json_path import EVERY, Found, Steps, path_text, rows_path, why_absent, written_path
from etl.extract.json_stream import Item, JsonText
from etl.extract.json_values import HEADER_SAMPLE
from etl.extract.kinds import (
    COUNTERS,
    ENCODING,
    NORMALIZE,
    PASS_OTHERS,
    TRIM,
    Kind,
    Option,
    OptionValues,
    column_names_option,
    holding_nothing,
)
from etl.extract.locations import File
from etl.extract.nested import PATH_SCHEMA, WITH, RowShape, naming, nested_table
from etl.extract.opening import chunk_encoding, existing_file, reading, text_chunks, text_start
from etl.extract.reach import Reach
from etl.extract.undecodable import offset, undecodable
from etl.model import Table
from etl.suggest import perhaps


def open_json(location: str, settings: OptionValues) -> Table:
    path = existing_file(location)
    source = JsonRows(path, encoding_of(path, settings["encoding"]), settings["path"])
    return nested_table(source, rows_path(settings["path"]), settings)


class WrongShape(ValueError):
    """A document that has no array where one is looked for."""


class JsonRows:
    """What a path such as `data.orders[*].lines[*]` leads to in a file. Every look at it reads the file anew.

    Up to the outermost list that is read whole, the document is streamed; of that list an element at a time is held.
    """

    def __init__(self, path: File, encoding: str, written: str | None) -> None:
        self.path, self._encoding, self._inner = path, encoding, written
        steps = rows_path(written)
        outermost = steps.index(EVERY)
        self._outer, self._rest = steps[:outermost], steps[outermost + 1 :]
        self.nested = bool(self._rest)
        self.reach = Reach()
        self._cuts: Sequence[int] = ()

    def rows(self) -> Iterator[Found]:
        """Raises SourceError."""
        yield from rows_in(self._items(), self._rest)

    def in_parts(self, header: tuple[str, ...], shape: RowShape) -> Table | None:
        """Raises SourceError."""
        if not self._cuts or not can_be_cut(self.path, self._encoding):
            return None
        mark = text_start(self.path, self._encoding)
        cuts = array("q", [mark + place for place in self._cuts])
        return JsonTable(self.path, header, cuts, self._encoding, self._rest, shape)

    def why_empty(self) -> str:
        """Which key of the path no element of the outermost list has, or ""."""
        why = why_absent([item.value for item in islice(self._items(), HEADER_SAMPLE)], self._rest)
        return why and f"`path: {self._inner}`: {why}"

    def _items(self) -> Iterator[Item]:
        with reading(self.path), naming(self.path):
            cut = self._encoding if can_be_cut(self.path, self._encoding) else None
            text = JsonText(texts_of(self.path, self._encoding, self.reach), cut)
            yield from self._at(text, self._outer, "")
            text.end()

    def _at(self, text: JsonText, steps: Steps, so_far: str) -> Iterator[Item]:
        if not steps:
            yield from self._array(text, so_far)
        elif isinstance(steps[0], str):
            yield from self._member(text, steps[0], steps[1:], so_far)
        elif isinstance(steps[0], int):
            yield from self._element(text, steps[0], steps[1:], so_far)

    def _member(self, text: JsonText, name: str, rest: Steps, so_far: str) -> Iterator[Item]:
        if text.peek() == "[":
            raise WrongShape(f"`path: {self._inner}`: {_of_a_list(text, name, (*rest, EVERY, *self._rest), so_far)}")
        found, others = False, []
        for key in text.members() if text.peek() == "{" else ():
            if key != name:
                others.append(key)
                text.skip()
            elif found:
                raise WrongShape(f"`path: {self._inner}`: the key '{name}' is there twice")
            else:
                found = True
                yield from self._at(text, rest, f"{so_far}.{name}".lstrip("."))
        if not found:
            there = perhaps(name, others) or (f"; there are: {', '.join(others[:10])}" if others else "")
            raise WrongShape(f"`path: {self._inner}`: no key '{name}'{f' in {so_far}' if so_far else ''}{there}")

    def _element(self, text: JsonText, place: int, rest: Steps, so_far: str) -> Iterator[Item]:
        where = so_far or "the document"
        if text.peek() != "[":
            what, _ = _described(text, so_far)
            raise WrongShape(f"`path: {self._inner}`: {where} is {what}, so it has no element [{place}]")
        count = 0
        for _ in text.elements():
            if count == place:
                yield from self._at(text, rest, f"{so_far}[{place}]")
            else:
                text.skip()
            count += 1
        if count <= place:
            raise WrongShape(f"`path: {self._inner}`: {where} has {count} elements, and [{place}] counts from [0]")

    def _array(self, text: JsonText, so_far: str) -> Iterator[Item]:
        if text.peek() == "[":
            cuts = array("q")
            for number, _ in enumerate(text.elements()):
                if number % EACH == 0:
                    cuts.append(text.offset())
                yield text.item()
            self._cuts = array("q", [*cuts, text.offset()])
            return
        what, hint = _described(text, so_far)
        if not so_far:
            text.end()
        where = f"`path: {self._inner}` is" if self._inner else "the file holds"
        raise WrongShape(f"{where} {what}, not an array of objects{hint}")


def _of_a_list(text: JsonText, name: str, rest: Steps, so_far: str) -> str:
    """What to write where a path asks a list for a key: one of its elements, or the list itself."""
    where = so_far or "the document"
    elements = [text.item().value for _ in islice(text.elements(), HEADER_SAMPLE)]
    if any(isinstance(one, dict) and name in one for one in elements):
        return f"{where} is a list; `{so_far}[*].{name}` goes into its elements"
    shorter = written_path(so_far, rest)
    instead = f"write `path: {shorter}`" if shorter else f'leave `path` out, or save the list as {{"{name}": [...]}}'
    return f"{where} is a list already, and its elements have no key '{name}'; {instead}"


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


def texts_of(path: File, encoding: str, reach: Reach | None = None) -> Iterator[str]:
    """The text of a file in pieces. Raises SourceError for bytes that are none."""
    read_as = chunk_encoding(encoding)
    decoder, seen = codecs.getincrementaldecoder(read_as)(), 0
    for piece in text_chunks(path, encoding, reach):
        seen += len(piece)
        try:
            yield decoder.decode(piece)
        except UnicodeDecodeError as error:
            at = seen - len(error.object) + error.start
            reason = undecodable(error.object, error.start, offset(at), encoding)
            raise SourceError(f"{path}: {reason}") from None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise SourceError(f"{path}: ends in the middle of a character; was the file cut off?") from None


JSON = Kind(
    "json",
    "A JSON file: an array of objects, or an object that holds one, or many (see `path`).",
    holding_nothing(open_json),
    (
        ENCODING,
        Option(
            "path",
            "where in the document the rows are: keys joined by dots, `[*]` for every element of a list, `[2]` for its third. "
            "Default: the document is the array.",
            path_text,
            PATH_SCHEMA,
        ),
        WITH,
        column_names_option(
            "the keys that are columns; an object with another is rejected (see `pass_others`). Default: all keys of all "
            "objects."
        ),
        PASS_OTHERS,
        TRIM,
        NORMALIZE,
        COUNTERS,
    ),
    mistakes={
        "no key '...'": "`path` is wrong at this step; the message names what is there",
        "not JSON:": "the file was cut off, or is a web page; fetch it again",
    },
    examples=("orders.json",),
    loose=True,
)
