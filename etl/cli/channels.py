"""Commands about what the channel itself knows: its places and carriers."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from etl.cli.advice import given
from etl.cli.shared import json_option, mapping_argument, outside, workspace_option
from etl.cli.watching import watching
from etl.terminal import visible


@click.group
def channel() -> None:
    """Keep the places and carriers that the channel knows."""


@channel.command
@mapping_argument
@workspace_option
@json_option
def pull(mapping: Path, workspace: Path | None, as_json: bool) -> None:
    """Fetch the lists of the channel, and keep them in the workspace.

    Countries, cities, townships, districts and carriers: `check` holds the mapping against them, and the function
    `place` looks into them. All five lists are fetched anew, or what was kept before stays.
    """
    from etl.cli.plain import plain
    from etl.commands import channel as verb
    from etl.terminal import plain_json

    with watching(as_json) as watch:
        pulled = verb.pull(mapping, workspace, outside(watch))
    if as_json:
        print(plain_json(plain(pulled)))
        return
    print(visible(f"{pulled.address}, channel {pulled.channel}, {pulled.taken}"))
    for name, count in pulled.counts.items():
        print(f"{count:>10,} {name}")
    print(visible(f"Kept: {pulled.file}"))


@channel.command
@mapping_argument
@click.argument("file", type=Path, help="The file to write: .csv or .xlsx.")
@click.option("--package", type=Path, help="The package to look at. Default: the newest.")
@workspace_option
@json_option
def review(mapping: Path, file: Path, package: Path | None, workspace: Path | None, as_json: bool) -> None:
    """Write names of places that are on no list into FILE.

    Those that rows were rejected for, with names that are near. A person fills in the column `omnitron`; as a
    lookup that `geography.names` lists, the file decides what is sent. What cells held is in it: only you may read it.
    """
    from etl.cli.plain import plain
    from etl.commands import review as verb
    from etl.terminal import plain_json

    done = verb.review(mapping, workspace, file, package)
    if as_json:
        print(plain_json(plain(done)))
        return
    found = f"{done.names:,} names of {done.rows:,} rows of {done.package}; {done.proposed:,} have a proposal"
    print(visible(f"{done.file}: {found}"))
    if done.names:
        kind = "csv" if file.suffix.lower() == ".csv" else "excel"
        lookup = f"{done.lookup}: {{ {kind}: {done.path}, key: place, value: omnitron }}"
        told = (
            f"fill in `omnitron`, then write `{lookup}` under `lookups:`, and `names: [{', '.join(done.decide)}]` under"
        )
        print(visible(given.whole(f"{told} `geography:`")), file=sys.stderr)


COMMANDS: dict[str, click.Command] = {"channel": channel}
