"""The command that shows rows beside what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from etl.cli.shared import (
    console,
    json_option,
    keeping,
    mapping_argument,
    printed_option,
    settings,
    show_data_option,
    workspace_option,
)
from etl.cli.watching import watching

REJECTED = "--rejected"


class KindIfAny(click.Command):
    """`--rejected MAPPING`: the word after it is a kind of problem only where it is no file or folder."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_with_kinds(args)))


def _with_kinds(args: list[str]) -> Iterator[str]:
    for one, after in zip(args, [*args[1:], ""], strict=True):
        yield f"{REJECTED}=" if one == REJECTED and Path(after).exists() and after else one


@click.command(cls=KindIfAny)
@mapping_argument
@click.option("--stage", help="Only this stage.")
@click.option("-n", "number", type=click.IntRange(min=1), default=3, help="How many rows of each stage.")
@click.option("--key", help="The row whose record has this key.")
@click.option(
    REJECTED,
    is_flag=False,
    flag_value="",
    metavar="[KIND]",
    help="Only rejected rows; of a KIND: a field, a rule, or an entry that a lookup lacks.",
)
@click.option("--where", metavar="EXPR", help="Only rows for which this is true: \"status == '1'\".")
@workspace_option
@keeping
@printed_option
@show_data_option
@json_option
def preview(
    mapping: Path,
    stage: str | None,
    workspace: Path | None,
    show_data: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Show source rows beside their payload and their problems.

    Cells stand beside the fields that are made of them. What is wrong between rows (a key that comes twice, a parent that
    is missing) only a dry-run tells.
    """
    from etl.commands.preview import AskedRows, previewed
    from etl.report.preview import print_preview
    from etl.terminal import plain_json

    asked = AskedRows(**{name: how.pop(name) for name in ("number", "key", "rejected", "where")})
    with watching(as_json) as watch:
        chosen = settings(mapping, workspace, **how, show_data=show_data, inform=watch.line, follow=watch.follow)
        rows = previewed(mapping, stage, asked, chosen, watch)
    shown = rows if show_data else [row.masked() for row in rows]
    if as_json:
        print(plain_json({"rows": [row.as_plain() for row in shown]}))
    else:
        print_preview(console(), shown)


COMMANDS: dict[str, click.Command] = {"preview": preview}
