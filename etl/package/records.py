"""A payload file's bytes, and the records in it."""

from __future__ import annotations

from collections.abc import Sequence


def join_records(records: Sequence[bytes]) -> bytes:
    """A batch's bytes: a JSON array, one record a line, so that two packages can be compared line by line."""
    return b"[\n" + b",\n".join(records) + b"\n]\n"


def split_records(payload: bytes) -> list[bytes]:
    """The inverse of join_records. JSON text has no raw newline, so the lines are the records."""
    return payload[2:-3].split(b",\n") if len(payload) > 5 else []
