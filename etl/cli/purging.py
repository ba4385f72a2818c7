"""The command that removes people's data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.advice import given
from etl.cli.keeping import size
from etl.cli.shared import json_option, mapping_argument, printed_option, workspace_option
from etl.errors import MappingError
from etl.findings import Sentence, joined, said

if TYPE_CHECKING:
    from etl.commands.purge import ToPurge
    from etl.journal.purges import Purge


@click.command
@mapping_argument
@click.option("--yes", is_flag=True, help="Remove it without asking.")
@click.option("--force", is_flag=True, help="Also where something is still under way or unknown.")
@workspace_option
@printed_option
@json_option
def purge(mapping: Path, yes: bool, force: bool, workspace: Path | None, as_json: bool) -> None:
    """Remove what holds people's data, when a migration is over.

    Packages and samples with their workbooks and reports, snapshots, the bytes of batches, corrections, and the bodies of answers
    in logs and journals. The journal stays: which keys were sent, when, with which sums, and what became of them.
    """
    from etl.cli.plain import plain
    from etl.commands import purge as verb
    from etl.terminal import plain_json

    def confirmed(found: ToPurge) -> bool:
        for line in _lines(found):
            print(given.fit_line(line), file=sys.stderr)
        return found.is_empty or yes or _asked(force=force)

    done = verb.purge(mapping, workspace, confirmed, force=force)
    if as_json:
        print(plain_json(plain(done)))
    elif done.files:
        for line in _removed(done):
            print(given.fit_line(line))


def _removed(done: Purge) -> Iterator[Sentence]:
    packages, snapshots = len(done.packages), len(done.snapshots)
    parts = (
        said("{count:,} package" if packages == 1 else "{count:,} packages", count=packages),
        said("{count:,} snapshot" if snapshots == 1 else "{count:,} snapshots", count=snapshots),
        said("{count:,} file" if done.files == 1 else "{count:,} files", count=done.files),
        size(done.bytes),
    )
    yield said("removed: {what}", what=joined(", ", parts))
    yield said("the journal stays: `etl history`, `etl find` and `etl status` tell from it")


def _asked(*, force: bool) -> bool:
    if not sys.stdin.isatty():
        words = "there is no terminal to ask; nothing was removed; `etl purge MAPPING --yes`"
        if force:
            words = "there is no terminal to ask; nothing was removed; `etl purge MAPPING --force --yes`"
        raise MappingError(said(words))
    return click.confirm(given.told(said("Remove all of it? It cannot be brought back")), err=True)


def _lines(found: ToPurge) -> Iterator[str]:
    folder = str(found.folder)
    if found.is_empty:
        yield said("{path}: nothing is left that holds people's data", path=folder)
        return
    words = "{path}: {count:,} files, {what}, will be removed"
    yield said(words, path=folder, count=found.files, what=size(found.bytes))
    yield from (said("  package: {path}", path=_inside(found, one)) for one in found.packages)
    yield from (said("  bytes of batches: {path}", path=_inside(found, one)) for one in found.batches)
    yield from (said("  snapshot: {name}", name=name) for name in found.snapshots)
    if found.corrections is not None:
        yield said("  corrections: {path}", path=str(found.corrections))
    yield from (said("  bodies of answers in {path}", path=_inside(found, one)) for one in found.logs)
    yield from found.still
    yield from found.notes
    yield said("  not removed: what lies elsewhere (the sources, copies of a workbook, backups of the journal)")


def _inside(found: ToPurge, path: Path) -> str:
    return str(path.relative_to(found.folder))


COMMANDS: dict[str, click.Command] = {"purge": purge}
