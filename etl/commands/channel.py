"""Keep the channel's own lists: countries, cities, townships, districts, carriers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from etl.commands.lists import lists_path
from etl.errors import MappingError
from etl.files import private_folder, replace_durably
from etl.geography import CARGOS, LISTS, ListedRow, lists_bytes
from etl.journal.requestlog import RequestLog
from etl.mapping import Opens, load_mapping, require
from etl.omnitron.api import Omnitron
from etl.omnitron.client import Client, Limits
from etl.omnitron.listing import Listing
from etl.outside import Outside
from etl.places import make_workspace, workspace_of

NAMES = (*LISTS.values(), CARGOS)

Hear = Callable[[str, int], None]
"""Told the name of a list, and how many entries it has, once all of them have come."""


class Pulled(Struct, frozen=True):
    """What was fetched of which channel and when (UTC, ISO 8601), how many entries of each list, and where it is kept."""

    address: str
    channel: str
    taken: str
    counts: dict[str, int]
    file: str


def pull(mapping: Path, workspace: Path | None, outside: Outside, hear: Hear = lambda name, count: None) -> Pulled:
    """Fetch all lists, and keep them when all are whole: what was kept before stays until then.

    Raises EtlError; TargetError where the channel did not answer all of them.
    """
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=True)
    root = workspace_of(mapping, workspace)
    path = lists_path(root, migration)
    if path is None:
        raise MappingError(f"{migration.file}: does not say which target; set target.url and target.channel")
    make_workspace(root, migration.file)
    private_folder(path.parent)
    target, log = migration.target, RequestLog(path.parent / "requests.jsonl", outside.now)
    client = Client(target.url, Limits.of(target), log, session=outside.session, monotonic=outside.monotonic)
    listing = Listing(Omnitron(target, client, outside.now), target, outside.wait, outside.random)
    with outside.uploading():
        rows = dict(_all(listing, hear))
    taken = outside.now().isoformat(timespec="seconds")
    replace_durably(path, lists_bytes(target.url, target.channel, taken, rows))
    return Pulled(target.url, target.channel, taken, {name: len(found) for name, found in rows.items()}, str(path))


def _all(listing: Listing, hear: Hear) -> Iterator[tuple[str, list[ListedRow]]]:
    for name in NAMES:
        rows = listing.rows(name)
        hear(name, len(rows))
        yield name, rows
