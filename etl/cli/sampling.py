"""The command that chooses a few records to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from etl.cli.advice import given
from etl.cli.shared import (
    console,
    json_option,
    keeping,
    language_of,
    mapping_argument,
    settings,
    show_data_option,
    workers_option,
    workspace_option,
)
from etl.findings import said


@click.command
@mapping_argument
@workspace_option
@workers_option
@keeping
@language_of("what is printed, the report and customers.xlsx")
@show_data_option
@json_option
def sample(mapping: Path, show_data: bool, as_json: bool, **how: Any) -> None:
    """Choose the few records that show everything the mapping does.

    Every branch, default, function and lookup entry, every field that is null and every warning occurs in them, and all that
    they refer to is there: a package to try with, and a list of customers to check by eye. Sends nothing.
    """
    from etl.cli.plain import plain
    from etl.cli.watching import watching
    from etl.commands import sample as verb
    from etl.report.sample import masked_sample, print_sample
    from etl.terminal import plain_json

    with watching(as_json) as watch:
        chosen = replace(settings(mapping, **how, inform=watch.line, follow=watch.follow), show_data=show_data)
        found = verb.sample(mapping, chosen, watch)
    shown = found if show_data else masked_sample(found)
    if as_json:
        print(plain_json({**plain(shown), "uncovered": plain(shown.uncovered)}))
    else:
        print_sample(console(), shown)
        words = "Next: `etl run --package {path}` sends it; first to a stand-in, `etl sandbox`."
        print(given.fit(found.barred or said(words, path=str(found.package))))


COMMANDS: dict[str, click.Command] = {"sample": sample}
