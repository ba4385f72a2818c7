"""The kind `jsonl`: one JSON object a line. Every newline is a true boundary, so the file is cut without a doubt.

The columns are the keys of the first 1,000 objects, or what `header` lists; an object with a further key is a fault
that names it. A blank line is not a row, but it is counted: a row has the number of its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from etl.errors import SourceError
from etl.extract.csv_records import at_newlines, raw_lines
from etl.extract.cuts import NEWLINE, first_line, part_size, ranges, sample
from etl.extract.detecting import encoding_of
from etl.extract.json_path import EVERY, Found, Steps, found_in, path_text, rows_path, why_absent
from etl.extract.json_values import (
    HEADER_SAMPLE,
    decode_row,
    in_words,
    keys_of,
    record_of,
    shown_value,
)
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
from etl.extract.locations import File, size_of
from etl.extract.nested import PATH_SCHEMA, WITH, RowShape, nested_table
from etl.extract.opening import chunk_encoding, cuttable, existing_file, is_compressed, reading, text_chunks, text_start
from etl.extract.reach import Reach, reached
from etl.extract.rows import BLANK, ReadRow, SequentialTable, gather
from etl.extract.undecodable import column, undecodable
from etl.findings import Unfit
from etl.model import Part, Rows, Table

NOTHING = object()
"""What a blank line holds."""


class JsonlPart(Struct, frozen=True):
    """Some whole lines of a file: its bytes from `begin` to `stop`."""

    path: File
    begin: int
    stop: int
    encoding: str
    header: tuple[str, ...]
    pass_others: bool = False
    start: None = None
    reached: float | None = None

    def moved(self, start: int) -> JsonlPart:
        """Its place is certain, so it stays where it is."""
        return self

    def read(self) -> Rows:
        with reading(self.path), self.path.open("rb") as file:
            file.seek(self.begin)
            lines = file.read(self.stop - self.begin).removesuffix(b"\n").split(b"\n")
        return gather(_records(lines, self.encoding, self.header, self.pass_others))


class JsonlTable(Struct, frozen=True):
    path: File
    header: tuple[str, ...]
    begin: int
    end: int
    encoding: str
    pass_others: bool = False
    first_row: int = 1
    text_only: bool = False

    def parts(self, rows: int) -> Iterator[Part]:
        data = sample(self.path, self.begin)
        return self.byte_parts(part_size(rows, len(data) / max(1, data.count(b"\n"))))

    def byte_parts(self, size: int) -> Iterator[Part]:
        """Parts of about `size` bytes."""
        for begin, stop in ranges(self.path, self.begin, self.end, size, lambda data: first_line(data, NEWLINE)):
            share = reached(stop, self.begin, self.end)
            yield JsonlPart(self.path, begin, stop, self.encoding, self.header, self.pass_others, reached=share)


def open_jsonl(location: str, settings: OptionValues) -> Table:
    path = existing_file(location, may_be_empty=bool(settings["header"]))
    encoding = encoding_of(path, settings["encoding"])
    if settings["path"] or settings["with"]:
        lines = JsonlRows(path, encoding, settings["path"])
        return nested_table(lines, lines.steps, settings)
    read_as, passes = chunk_encoding(encoding), bool(settings["pass_others"])
    header = settings["header"] or _header(path, encoding)
    if is_compressed(path) or not cuttable(encoding):
        reach = Reach()
        return SequentialTable(
            header, 1, lambda: _records(_lines(path, encoding, reach), read_as, header, passes), reach=reach
        )
    return JsonlTable(path, header, text_start(path, encoding), size_of(path), read_as, passes)


def _lines(path: File, encoding: str, reach: Reach | None = None) -> Iterator[bytes]:
    with reading(path):
        yield from raw_lines(text_chunks(path, encoding, reach), cut=at_newlines)


def _header(path: File, encoding: str) -> tuple[str, ...]:
    """The keys of the first objects. Raises SourceError when there is none, with the first line's own fault."""
    records = _decoded(_lines(path, encoding), chunk_encoding(encoding))
    first = list(islice((one for one in records if one[0] is not NOTHING), HEADER_SAMPLE))
    header = keys_of(value for value, _ in first)
    if not header:
        reason = next((str(reason) for _, reason in first if reason), "there is no object with a key in it")
        raise SourceError(f"{path}: no columns in the first {HEADER_SAMPLE:,} lines: {_is_a_document(first) or reason}")
    return header


def _is_a_document(first: Sequence[tuple[object, Unfit | None]]) -> str:
    """Advice for a file that is one document, on one line or indented over many."""
    value = first[0][0] if first else None
    is_one = isinstance(value, list) or (isinstance(value, str) and value.strip() in ("[", "{", "[{"))
    return "the file looks like one document; read it with `json:`" if is_one else ""


def _decoded(lines: Iterable[bytes], encoding: str) -> Iterator[tuple[object, Unfit | None]]:
    """Each line's value, and what is wrong with the line; the line's own text is the value then. A blank one is NOTHING."""
    for line in lines:
        try:
            text = line.decode(encoding)
            if text.isspace() or not text:
                yield NOTHING, None
                continue
            yield decode_row(text)
        except UnicodeDecodeError as error:
            reason = undecodable(line, error.start, column(error.start + 1), encoding)
            yield line.decode(encoding, "backslashreplace"), reason
        except json.JSONDecodeError as error:
            words = "not JSON at column {column}: {detail}"
            yield text, Unfit("row:json", None, words, detail=_detail(error), column=error.colno)
        except Unfit as why:
            yield text, why


def _detail(error: json.JSONDecodeError) -> str:
    is_at_end = error.pos >= len(error.doc.rstrip())
    return "the line ends here, in the middle; was it cut off?" if is_at_end else in_words(error)


def _records(
    lines: Iterable[bytes], encoding: str, header: tuple[str, ...], pass_others: bool = False
) -> Iterator[ReadRow]:
    known = None if pass_others else frozenset(header)
    for value, reason in _decoded(lines, encoding):
        if value is NOTHING:
            yield BLANK
        else:
            yield ([shown_value(value)], reason) if reason else record_of(value, header, known)


def values_of(path: File, encoding: str) -> Iterator[Any]:
    """What the lines hold, without those that cannot be read."""
    decoded = _decoded(_lines(path, encoding), chunk_encoding(encoding))
    return (value for value, reason in decoded if reason is None and value is not NOTHING)


class JsonlRows:
    """What a path leads to in every line. A line is the element of the outermost list; it is held as a whole."""

    nested = True

    def __init__(self, path: File, encoding: str, written: str | None) -> None:
        self.path, self._encoding, self._written = path, encoding, written
        self.reach = Reach()
        # Without a path the line itself is the row; a list in its place is a list of rows.
        self._inner: Steps = rows_path(written) if written else ()
        self.steps: Steps = (EVERY, *self._inner)

    def rows(self) -> Iterator[Found]:
        for value, reason in self._values():
            if reason:
                yield Found(value, (), reason)
            else:
                yield from found_in(value, self._inner)

    def why_empty(self) -> str:
        why = why_absent([value for value, reason in islice(self._values(), HEADER_SAMPLE) if not reason], self._inner)
        return why and f"`path: {self._written}`: {why}"

    def in_parts(self, header: tuple[str, ...], shape: RowShape) -> None:
        """It is read from its beginning to its end."""

    def _values(self) -> Iterator[tuple[Any, Unfit | None]]:
        decoded = _decoded(_lines(self.path, self._encoding, self.reach), chunk_encoding(self._encoding))
        return ((value, reason) for value, reason in decoded if value is not NOTHING)


JSONL = Kind(
    "jsonl",
    "A file with one JSON object a line. It may be compressed (.gz, .bz2, .xz).",
    holding_nothing(open_jsonl),
    (
        ENCODING,
        Option(
            "path",
            "where in each line the rows are: keys joined by dots, `[*]` for every element of a list. Default: the line is the "
            "row.",
            path_text,
            PATH_SCHEMA,
        ),
        WITH,
        column_names_option(
            "the keys that are columns; an object with another is rejected (see `pass_others`). Default: all keys of the first "
            "1,000 objects."
        ),
        PASS_OTHERS,
        TRIM,
        NORMALIZE,
        COUNTERS,
    ),
    mistakes={
        "no columns in the first 1,000 lines": "the lines are no objects: a list is `json`",
    },
    examples=("orders.jsonl",),
    loose=True,
)
