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
    from etl.report.placing import target_lines
    from etl.terminal import plain_json

    if another and same_as:
        raise MappingError("say one of --another and --same-as NAME")
    decided = another or same_as is not None
    found = verb.decide_target(mapping, workspace, same_as) if decided else verb.targets(Which(mapping, workspace))
    print(plain_json(plain(found)) if as_json else "\n".join(map(visible, target_lines(found))))


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
    from etl.report.placing import put_aside_line
    from etl.terminal import plain_json

    done = verb.start_over(mapping, workspace, lambda target: (named or _typed(target)) == target)
    print(plain_json(plain(done)) if as_json else given.fit_line(put_aside_line(done)))


def _typed(target: str) -> str:
    if not sys.stdin.isatty():
        raise MappingError(
            f"there is no terminal to ask for the target's name; `etl start-over MAPPING --target {target}`"
        )
    asked = f"Everything will be sent to {target} again. Is it the stand-in, and no tunnel? Type its name"
    return str(click.prompt(asked, err=True))


@click.group
def journal() -> None:
    """Copy a journal, or let another machine go on with it.

    What was sent is known by journal.sqlite, requests.jsonl, batches/ and the packages together: these commands take them all.
    """


file_argument = click.argument("file", type=Path, help="The file with everything.")


@journal.command
@mapping_argument
@file_argument
@workspace_option
def backup(mapping: Path, file: Path, workspace: Path | None) -> None:
    """Copy the journal and all that belongs to it into FILE, also while a load runs."""
    from etl.commands import transfer
    from etl.commands.which import Which

    target = transfer.backup(Which(mapping, workspace), file)
    print(f"{file}: a copy of all that is known of {target}")


@journal.command("hand-over")
@mapping_argument
@file_argument
@workspace_option
def hand_over(mapping: Path, file: Path, workspace: Path | None) -> None:
    """Put everything into FILE for another machine. From here nothing more is sent."""
    from etl.commands import transfer
    from etl.commands.which import Which

    target = transfer.hand_over(Which(mapping, workspace), file)
    print(
        f"{file}: nothing more is sent to {target} from here; take it, once, to where it goes on, then "
        f"`etl journal take-over MAPPING FILE` there"
    )


@journal.command("take-over")
@mapping_argument
@file_argument
@workspace_option
def take_over(mapping: Path, file: Path, workspace: Path | None) -> None:
    """Go on here with what another machine has handed over in FILE, which is used up by it."""
    from etl.commands import transfer

    target = transfer.take_over(mapping, workspace, file)
    command = transfer.goes_on(mapping, workspace)
    print(given.whole(f"what was sent to {target} is known here now; `etl status` shows it, `etl {command}` goes on"))


@journal.command
@mapping_argument
@click.option("--target", "named", metavar="NAME", help="The target's name, for when nobody is there to type it.")
@workspace_option
def moved(mapping: Path, named: str | None, workspace: Path | None) -> None:
    """Say that this journal is the one that sends: the one it was copied from, or handed over to, is gone for good."""
    from etl.commands import transfer
    from etl.commands.which import Which

    target = transfer.moved(Which(mapping, workspace), lambda target: (named or _typed_moved(target)) == target)
    print(f"records are sent to {target} from here")


def _typed_moved(target: str) -> str:
    if not sys.stdin.isatty():
        raise MappingError(
            f"there is no terminal to ask for the target's name; `etl journal moved MAPPING --target {target}`"
        )
    return str(click.prompt(f"Is every other copy of the journal of {target} gone for good? Type its name", err=True))


@journal.command("new-stage")
@mapping_argument
@click.argument("stage", help="The stage's name in the mapping.")
@workspace_option
def new_stage(mapping: Path, stage: str, workspace: Path | None) -> None:
    """Say that STAGE sends other records than a stage which the mapping has no more.

    Without that word a load refuses a stage that may be another one under a new name: all of it would be sent again.
    """
    from etl.commands import new_stage as verb

    target = verb.new_stage(mapping, workspace, stage)
    print(visible(f"stage '{stage}' sends records of its own to {target}"))


COMMANDS: dict[str, click.Command] = {
    "target": target,
    "start-over": start_over,
    "journal": journal,
}
