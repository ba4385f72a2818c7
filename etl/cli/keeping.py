"""The command that keeps snapshots of a shop's server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.advice import given
from etl.cli.shared import json_option, mapping_argument, settings, workspace_option
from etl.cli.watching import Watcher, watching
from etl.errors import MappingError
from etl.findings import Figure, Sentence, joined, said
from etl.terminal import visible

if TYPE_CHECKING:
    from etl.commands.snapshot import KeptSnapshot
    from etl.extract import Snapshot


@click.command
@mapping_argument
@click.option("--list", "listing", is_flag=True, help="List the snapshots that are kept, and take none.")
@click.option("--remove", "removed", metavar="ID", multiple=True, help="Remove this snapshot, and take none.")
@workspace_option
@json_option
def snapshot(mapping: Path, listing: bool, removed: tuple[str, ...], workspace: Path | None, as_json: bool) -> None:
    """Fetch what the mapping uses of the shop's server, and keep it.

    All tables of a database over one connection, as they were at one moment. `preview`, `dry-run`, `run` and `pilot` work on
    the latest snapshot, and ask the server nothing.
    """
    from etl.commands import snapshot as verb

    if listing and removed:
        raise MappingError("say one of --list and --remove")
    how = settings(mapping, workspace, inform=Watcher().line)
    if removed:
        for name in removed:
            verb.remove(mapping, how, name)
        _print(as_json, {"removed": list(removed)}, [f"removed {name}" for name in removed])
    elif listing:
        found = verb.kept(mapping, how)
        _print(as_json, {"snapshots": [_as_plain(one) for one in found]}, _listed(found))
    else:
        with watching(as_json) as watch:
            taken = verb.snapshot(mapping, replace(how, inform=watch.line, follow=watch.follow))
        _print(as_json, {"snapshot": None if taken is None else _plain(taken)}, _told(taken))


def _print(as_json: bool, found: object, lines: Sequence[str]) -> None:
    from etl.terminal import plain_json

    if as_json:
        print(plain_json(found))
        return
    for line in lines:
        print(visible(given.whole(line)))


def _plain(snapshot: Snapshot) -> dict[str, object]:
    from etl.cli.plain import plain

    return {"id": snapshot.id, "folder": str(snapshot.folder), "made": snapshot.made, "tables": plain(snapshot.tables)}


def _as_plain(one: KeptSnapshot) -> dict[str, object]:
    return {**_plain(one.snapshot), "used": one.used, "lacks": list(one.lacks)}


def _told(snapshot: Snapshot | None) -> list[str]:
    if snapshot is None:
        return ["the mapping reads no server: its files are read as they are, and nothing is kept"]
    lines = []
    for one in snapshot.tables:
        what = f"'{one.asked}'" if one.kind == "table" else one.asked
        lines.append(f"{one.rows:>12,} rows {size(one.bytes):>9}  {what} of {one.address}, {one.taken}")
        lines += [f"              warning: {note}" for note in one.notes]
    return [*lines, f"Snapshot: {snapshot.folder}"]


def _listed(found: Sequence[KeptSnapshot]) -> list[str]:
    from etl.extract.databases.kept import now

    if not found:
        print("no snapshot is kept", file=sys.stderr)
    return [_line(one, one.snapshot.age(now())) for one in found]


def _line(one: KeptSnapshot, age: str) -> str:
    tables = one.snapshot.tables
    rows, total = sum(each.rows for each in tables), sum(each.bytes for each in tables)
    state = f"lacks {', '.join(one.lacks)}" if one.lacks else "fits the mapping"
    used = ", is the latest" if one.used else ""
    return f"{one.snapshot.id}  {age}, {rows:,} rows, {size(total)}, {', '.join(sorted(one.snapshot.addresses))}; {state}{used}"


UNITS = ("kB", "MB", "GB", "TB")


def size(number: float) -> Sentence:
    """1.2 MB"""
    unit = 0
    while number >= 1000 and unit < len(UNITS):
        number, unit = number / 1000, unit + 1
    if not unit:
        return said("{amount} bytes", amount=Figure(f"{number:,.0f}"))
    return joined(" ", [Figure(f"{number:,.1f}"), UNITS[unit - 1]])


COMMANDS: dict[str, click.Command] = {"snapshot": snapshot}
