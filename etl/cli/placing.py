"""Commands about where records are sent, and where it is kept that they were."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from etl.cli.advice import given
from etl.cli.shared import json_option, mapping_argument, workspace_option
from etl.errors import MappingError
from etl.terminal import visible


@click.command
@mapping_argument
@click.option("--another", is_flag=True, help="The mapping's target is an Omnitron of its own: it gets everything.")
@click.option("--same-as", metavar="NAME", help="The mapping's target is this one under another name.")
@workspace_option
@json_option
def target(mapping: Path, another: bool, same_as: str | None, workspace: Path | None, as_json: bool) -> None:
    """List the targets of a migration, or decide what a new one is.

    Records of a migration that were sent to one Omnitron are not sent to a second one before a person has said whether it
    is another one, or the same one under another name.
    """
    from etl.cli.plain import plain
    from etl.commands import target as verb
    from etl.commands.which import Which
    from etl.report.summary import plain_json

    if another and same_as:
        raise MappingError("say one of --another and --same-as NAME")
    decided = another or same_as is not None
    found = plain(
        verb.decide_target(mapping, workspace, same_as) if decided else verb.targets(Which(mapping, workspace))
    )
    if as_json:
        print(plain_json(found))
        return
    for name in found["targets"]:
        print(visible(f"sent to   {name}"))
    for one in found["decisions"]:
        what = f"is {one['same_as']}" if one["same_as"] else "is an Omnitron of its own"
        print(visible(f"decided   {one['target']} {what} ({one['person']}, {one['time']})"))
    print(visible(f"mapping   {found['target'] or 'does not say'}"))


@click.command("start-over")
@mapping_argument
@click.option("--target", "named", metavar="NAME", help="The target's name, for when nobody is there to type it.")
@workspace_option
@json_option
def start_over(mapping: Path, named: str | None, workspace: Path | None, as_json: bool) -> None:
    """Begin a rehearsal anew: put its journal aside.

    Everything is sent there again by the next run. Nothing is deleted. The name of the target is asked for, because an
    address of this machine may be a tunnel to a real Omnitron.
    """
    from etl.cli.plain import plain
    from etl.commands import start_over as verb
    from etl.report.summary import plain_json

    done = plain(verb.start_over(mapping, workspace, lambda target: (named or _typed(target)) == target))
    if as_json:
        print(plain_json(done))
    else:
        print(given.fit_line(f"{done['aside']}: put aside; `etl run` sends everything to {done['target']} again"))


def _typed(target: str) -> str:
    if not sys.stdin.isatty():
        raise MappingError(
            f"there is no terminal to ask for the target's name; `etl start-over MAPPING --target {target}`"
        )
    asked = f"Everything will be sent to {target} again. Is it the stand-in, and no tunnel? Type its name"
    return str(click.prompt(asked, err=True))


COMMANDS: dict[str, click.Command] = {
    "target": target,
    "start-over": start_over,
}
