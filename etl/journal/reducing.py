"""requests.jsonl without the bodies of answers, and without what was asked for in an address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
from msgspec import Struct

from etl.files import durably, sync_folder

REMOVED = "(removed)"

Reduced = Callable[[str], str]
"""A text -> what of it says nothing about a person."""


class Reducing(Struct, frozen=True):
    """How texts become fit to stay: what Omnitron answered, and our own sentences that may repeat it."""

    answer: Reduced
    sentence: Reduced


def is_reduced(path: Path, how: Reducing) -> bool:
    with path.open("rb") as file:
        return all(reduced_line(line, how) == line for line in file)


def reduce_log(path: Path, how: Reducing) -> None:
    """Write the log anew, a line at a time, wholly or not at all. A line that a crash cut short is left out."""
    beside = path.with_name(f"{path.name}.partial")
    with path.open("rb") as file, durably(beside) as written:
        for line in file:
            written.write(reduced_line(line, how))
    beside.rename(path)
    sync_folder(path.parent)


def reduced_line(line: bytes, how: Reducing) -> bytes:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return b""
    if not isinstance(found, dict):
        return b""
    for name, reduced in (("answer", how.answer), ("error", how.sentence)):
        if isinstance(found.get(name), str):
            found[name] = reduced(found[name])
    address, asked, _ = str(found.get("url", "")).partition("?")
    if asked:
        found["url"] = f"{address}?{REMOVED}"
    return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)
