"""Whether a password fits the algorithm that is named beside it: nothing else tells that a customer can never log in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etl.findings import Words

FIELDS = ("password", "password_algorithm")

KEYWORD = "digests"
"""The keyword of our own in a payload schema: algorithm -> how many hexadecimal digits its digest has."""

Widths = Mapping[str, int]


def misfit(record: Mapping[str, Any], widths: Widths) -> Words | None:
    """What speaks against a record's password and its algorithm being of one kind. None: nothing."""
    password, algorithm = (record.get(name) for name in FIELDS)
    if not isinstance(password, str) or not isinstance(algorithm, str):
        return None
    *prefix, digest = password.split("$")
    named = prefix[0] if prefix and prefix[0] in widths else algorithm
    if algorithm in widths and named != algorithm:
        words = "{it} begins with '{prefix}$', and password_algorithm is {algorithm}"
        return words, {"prefix": named, "algorithm": algorithm}
    if named not in widths or len(digest) == widths[named] or len(digest) not in widths.values():
        return None
    other = next(name for name, width in widths.items() if width == len(digest))
    words = "{it} has {length} hexadecimal digits as {other} has, and password_algorithm is {algorithm}"
    return words, {"length": len(digest), "other": other, "algorithm": algorithm}


def misfits(columns: Mapping[str, Sequence[Any]], widths: Widths) -> set[int]:
    """The positions of the records whose password is of another kind than they say. One look where all are bare digests."""
    if not all(name in columns for name in FIELDS):
        return set()
    passwords, algorithms = (columns[name] for name in FIELDS)
    try:
        kinds = set(zip(algorithms, map(len, passwords), strict=True))
    except TypeError:
        kinds = {(None, 0)}
    if all(widths.get(algorithm) == length for algorithm, length in kinds):
        return set()
    records = (dict(zip(FIELDS, one, strict=True)) for one in zip(passwords, algorithms, strict=True))
    return {position for position, record in enumerate(records) if misfit(record, widths) is not None}
