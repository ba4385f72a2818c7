"""Records as JSON lines, written from their columns: no object is made for a record but the one that is written.

msgspec writes it. A payload's bytes must be one and the same however they come about, so this is the only writer of records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

WriteLines = Callable[[Mapping[str, Sequence[Any]]], bytes]
"""Columns, all of the same length and in the order of the fields -> a line of JSON for each record, ended by a line break.

The values have been validated: what msgspec would write though JSON has no word for it (a date, a Decimal) is not among them.
"""


def lines_of(fields: Iterable[str]) -> WriteLines:
    """The writer for records of these fields."""
    names = {f"f{number}": name for number, name in enumerate(fields)}
    record = msgspec.defstruct("Record", names, rename=names, gc=False)
    encode = msgspec.json.Encoder().encode_lines
    return lambda columns: encode(list(map(record, *columns.values())))


def with_value(record: bytes, name: str, value: str) -> bytes:
    """A record of one of these lines, in which one field is another text."""
    fields = msgspec.json.decode(record)
    return msgspec.json.encode({**fields, name: value})


def split_lines(lines: bytes) -> list[bytes]:
    """Each record's own bytes. JSON has no raw line break but those between records."""
    return lines[:-1].split(b"\n") if lines else []
