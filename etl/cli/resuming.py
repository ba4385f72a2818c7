"""Commands that go on with a load: what was interrupted, what has failed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from etl.cli.advice import given
from etl.cli.shared import (
    json_option,
    mapping_argument,
    old_mapping_option,
    outside,
    printed_option,
    reporting,
    settings,
    show_data_option,
    workspace_option,
)
from etl.cli.watching import watching
from etl.errors import MappingError
from etl.findings import joined, said
from etl.terminal import visible


@click.command
@mapping_argument
@workspace_option
@old_mapping_option
@printed_option
@show_data_option
@json_option
def resume(mapping: Path, workspace: Path | None, old_mapping: bool, show_data: bool, as_json: bool) -> None:
    """Go on with an upload that was interrupted.

    The same package, the same bytes, nothing twice.
    """
    from etl.commands import resume as verb

    with reporting(as_json) as report:
        with watching(as_json, show_data=show_data) as watch:
            summary, error = verb.resume(
                mapping, settings(mapping, workspace), outside(watch), show_data=show_data, old_mapping=old_mapping
            )
        report(summary, error)


@click.command
@mapping_argument
@click.option("--stage", help="Only failed records of this stage.")
@click.option("--batch", type=int, help="Only those of this batch, as `etl status` shows it.")
@click.option("--key", "keys", multiple=True, help="Only the record with this key; may be given several times.")
@click.option("--yes", is_flag=True, help="Also what may be there already, without being asked.")
@workspace_option
@old_mapping_option
@printed_option
@show_data_option
@json_option
def retry(
    mapping: Path,
    stage: str | None,
    batch: int | None,
    keys: tuple[str, ...],
    yes: bool,
    workspace: Path | None,
    as_json: bool,
    **how: bool,
) -> None:
    """Send failed records again.

    One by one, as the newest package has them: `etl dry-run` makes one from a mapping that was put right.
    """
    from etl.commands import retry as verb
    from etl.load.retry import RetryChoice

    with reporting(as_json) as report:
        with watching(as_json, show_data=how["show_data"]) as watch:
            summary, error = verb.retry(
                mapping,
                settings(mapping, workspace),
                outside(watch),
                RetryChoice(stage, batch, keys),
                (lambda unsure: None) if yes else _agree,
                **how,
            )
        report(summary, error)


def _agree(unsure: Sequence[str]) -> None:
    """Ask whether records may be sent that may be there already. Raises MappingError, or click.Abort for a no."""
    if not sys.stdin.isatty():
        raise MappingError(
            joined(
                "\n",
                [*map(visible, unsure), said("There is no terminal to ask whether that is meant; say so with --yes")],
            )
        )
    for line in unsure:
        click.echo(given.fit_line(line), err=True)
    click.confirm(given.told(said("Send them again?")), abort=True, err=True)


COMMANDS: dict[str, click.Command] = {
    "resume": resume,
    "retry": retry,
}
