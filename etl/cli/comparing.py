"""Commands that compare what is sent: with what was sent before, with what another mapping makes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.advice import USUAL, given
from etl.cli.shared import (
    console,
    json_option,
    keeping,
    printed_option,
    root_option,
    settings,
    show_data_option,
    workers_option,
    workspace_option,
)
from etl.errors import Exit
from etl.findings import said

if TYPE_CHECKING:
    from etl.commands.settings import Settings


def _remember(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """What is advised is about the mapping among the two."""
    if value is not None and given.mapping is None and (value.suffix in (".yaml", ".yml") or (value / USUAL).is_file()):
        given.mapping = value
    return value


old_argument = click.argument(
    "old", type=Path, callback=_remember, help="A package, or a mapping; alone, a mapping: its last package."
)
new_argument = click.argument(
    "new",
    type=Path,
    required=False,
    callback=_remember,
    help="A package, or a mapping. Default: what OLD makes now.",
)
only_stages_option = click.option(
    "--stage", "stages", multiple=True, metavar="NAME", help="Only this stage; may be given several times."
)


@click.command
@old_argument
@new_argument
@workspace_option
@only_stages_option
@workers_option
@keeping
@click.option("--exit-code", is_flag=True, help="End with 1 when anything differs, as `git diff --exit-code` does.")
@root_option
@printed_option
@show_data_option
@json_option
def diff(
    old: Path,
    new: Path | None,
    stages: tuple[str, ...],
    exit_code: bool,
    show_data: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Show in which records two packages differ.

    Or what an edit of the mapping changes: a mapping stands for what it makes of its sources now; nothing of that is kept,
    and nothing is sent.
    """
    from etl.cli.plain import plain
    from etl.cli.watching import watching
    from etl.commands import diff as verb
    from etl.report.differing import masked_difference, print_difference
    from etl.terminal import plain_json

    with watching(as_json) as watch:

        def prepared_with(mapping: Path) -> Settings:
            return settings(mapping, **how, **watch.hears)

        found = verb.diff(old, new, verb.Preparing(prepared_with, watch), stages)
    shown = found if show_data else masked_difference(found)
    if as_json:
        print(plain_json({"differs": found.differs, **plain(shown)}))
    else:
        for note in shown.notes:
            print(given.fit(said("note: {note}", note=note)), file=sys.stderr)
        print_difference(console(), shown)
    sys.exit(Exit.DATA if exit_code and found.differs else Exit.OK)


COMMANDS: dict[str, click.Command] = {"diff": diff}
