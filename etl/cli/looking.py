"""Commands that look at what a dry-run or run left: they read packages, journal and mapping, and send nothing."""

from __future__ import annotations

from pathlib import Path

import click

from etl.cli.following import maybe_mapping_argument, target_option
from etl.cli.shared import json_option, show_data_option, workspace_option
from etl.terminal import visible

package_option = click.option("--package", "path", type=Path, help="This package. Default: the newest.")


@click.command
@maybe_mapping_argument
@package_option
@workspace_option
@target_option
@show_data_option
@json_option
def report(
    mapping: Path | None, path: Path | None, workspace: Path | None, target: str | None, show_data: bool, as_json: bool
) -> None:
    """Write a package's report anew, and say where it is.

    A page, and the same as JSON. Every dry-run and run has written one already.
    """
    from etl.commands import report as verb
    from etl.commands.which import Which
    from etl.report.page.facts import Telling
    from etl.report.summary import plain_json

    written = verb.report(Which(mapping, workspace, target), path, Telling(show_data=show_data))
    if as_json:
        print(plain_json({"page": written.page, "data": written.data}))
    else:
        print(visible(f"Report: {written.page}"))


COMMANDS: dict[str, click.Command] = {"report": report}
