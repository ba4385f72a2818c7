"""The command that removes people's data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.advice import given
from etl.cli.keeping import size
from etl.cli.shared import json_option, mapping_argument, workspace_option
from etl.errors import MappingError
from etl.terminal import counted, visible

if TYPE_CHECKING:
    from etl.commands.purge import ToPurge


@click.command
@mapping_argument
@click.option("--yes", is_flag=True, help="Remove it without asking.")
@click.option("--force", is_flag=True, help="Also where something is still under way or unknown.")
@workspace_option
@json_option
def purge(mapping: Path, yes: bool, force: bool, workspace: Path | None, as_json: bool) -> None:
    """Remove what holds people's data, when a migration is over.

    Packages and samples with their workbooks and reports, snapshots, the bytes of batches, corrections, and the bodies of answers
    in logs and journals. The journal stays: which keys were sent, when, with which sums, and what became of them.
    """
    from etl.cli.plain import plain
    from etl.commands import purge as verb
    from etl.report.summary import plain_json

    def confirmed(found: ToPurge) -> bool:
        for line in _lines(found):
            print(given.fit_line(line), file=sys.stderr)
        return found.is_empty or yes or _asked()

    done = verb.purge(mapping, workspace, confirmed, force=force)
    if as_json:
        print(plain_json(plain(done)))
    elif done.files:
        parts = (
            counted(len(done.packages), "package"),
            counted(len(done.snapshots), "snapshot"),
            counted(done.files, "file"),
        )
        print(visible(f"removed: {', '.join(parts)}, {size(done.bytes)}"))
        print("the journal stays: `etl history`, `etl find` and `etl status` tell from it")


def _asked() -> bool:
    if not sys.stdin.isatty():
        raise MappingError("there is no terminal to ask; nothing was removed; `etl purge MAPPING --yes`")
    return click.confirm("Remove all of it? It cannot be brought back", err=True)


def _lines(found: ToPurge) -> Iterator[str]:
    if found.is_empty:
        yield f"{found.folder}: nothing is left that holds people's data"
        return
    yield f"{found.folder}: {found.files:,} files, {size(found.bytes)}, will be removed"
    for what, paths in (("package", found.packages), ("bytes of batches", found.batches)):
        yield from (f"  {what}: {path.relative_to(found.folder)}" for path in paths)
    yield from (f"  snapshot: {name}" for name in found.snapshots)
    if found.corrections is not None:
        yield f"  corrections: {found.corrections}"
    yield from (f"  bodies of answers in {path.relative_to(found.folder)}" for path in found.logs)
    yield from found.still
    yield from found.notes
    yield "  not removed: what lies elsewhere (the sources, copies of a workbook, backups of the journal)"


COMMANDS: dict[str, click.Command] = {"purge": purge}
