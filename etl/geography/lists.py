"""What a channel answered when it was asked for its places and carriers: one file, with the address and the time as evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct

from etl.errors import MappingError
from etl.geography.matching import Gazetteer

FORMAT = 1
LISTS = {"country": "countries", "city": "cities", "township": "townships", "district": "districts"}
"""What the API calls the list of each level (Omnitron contract, 'Atlas')."""

CARGOS = "cargos"
"""The list of carriers (Omnitron contract, 'What the channel can be asked')."""

ListedRow = Mapping[str, Any]


class ChannelLists(Struct, frozen=True, dict=True):
    """The lists of one channel. `rows` are as Omnitron answered them, by the names of the API."""

    path: Path
    address: str
    channel: str
    taken: str
    rows: Mapping[str, Sequence[ListedRow]]
    bytes: int = 0
    sha256: str = ""

    @cached_property
    def gazetteer(self) -> Gazetteer:
        return Gazetteer({level: self.rows.get(name, ()) for level, name in LISTS.items()})

    @cached_property
    def carriers(self) -> tuple[str, ...]:
        """The values that this channel knows as `shipping_company`."""
        found = (row.get("shipping_company") for row in self.rows.get(CARGOS, ()))
        return tuple(dict.fromkeys(one for one in found if isinstance(one, str) and one))

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(rows) for name, rows in self.rows.items()}


def lists_bytes(address: str, channel: str, taken: str, rows: Mapping[str, Sequence[ListedRow]]) -> bytes:
    said = {"format": FORMAT, "address": address, "channel": channel, "taken": taken, "lists": rows}
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)


def read_lists(path: Path) -> ChannelLists | None:
    """The lists in a file; None where there is no file. Raises MappingError for one that is damaged."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MappingError(
            f"{path}: cannot be read ({error.strerror}); `etl channel pull` fetches the lists anew"
        ) from None
    try:
        said = orjson.loads(data)
        rows = {name: _rows(said["lists"][name]) for name in (*LISTS.values(), CARGOS)}
        if said["format"] != FORMAT:
            raise ValueError(said["format"])
        return ChannelLists(
            path, str(said["address"]), str(said["channel"]), str(said["taken"]), rows, len(data), _sum(data)
        )
    except (ValueError, TypeError, LookupError):
        raise MappingError(f"{path}: damaged; `etl channel pull` fetches the lists anew") from None


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _rows(value: Any) -> list[ListedRow]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ValueError("no list of objects")
    return value
