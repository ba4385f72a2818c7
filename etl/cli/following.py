"""Commands that follow a load: go on, look, decide, be sure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from etl.cli import resuming
from etl.cli.advice import given
from etl.cli.shared import (
    answers_masked,
    console,
    json_option,
    keeping,
    mapping_argument,
    outside,
    printed_option,
    settings,
    show_data_option,
    workspace_option,
)
from etl.cli.watching import watching
from etl.errors import Exit, MappingError
from etl.findings import said

if TYPE_CHECKING:
    from etl.report.results import ChannelDecision, Decision, Standing

maybe_mapping_argument = click.argument(
    "mapping",
    type=Path,
    required=False,
    callback=given.remember,
    help="The mapping. Default: the one in this folder, or the only one in the workspace.",
)

target_option = click.option("--target", help="The target, as `etl status` names it. Default: the mapping's.")


@click.command
@maybe_mapping_argument
@workspace_option
@target_option
@click.option(
    "--changed", is_flag=True, help="List what has changed since it was uploaded, field by field, and what is gone."
)
@click.option(
    "--write", type=Path, metavar="FILE", help="With --changed: write the list as CSV to this file instead, unmasked."
)
@printed_option
@show_data_option
@json_option
def status(
    mapping: Path | None,
    workspace: Path | None,
    target: str | None,
    changed: bool,
    write: Path | None,
    show_data: bool,
    as_json: bool,
) -> None:
    """Show where a migration stands, and what needs a person.

    Stages, batches, errors, and how long the rest will take.
    """
    from etl.cli.plain import standing
    from etl.commands import status as verb
    from etl.commands.which import Which
    from etl.report.following import masked_standing, print_standing
    from etl.terminal import plain_json

    which = Which(mapping, workspace, target)
    if write is not None:
        _write_changed(which, write, changed)
    found = verb.status(which, changed=changed and write is None)
    shown = found if show_data else masked_standing(found)
    if as_json:
        print(plain_json(standing(given.whole_result(shown))))
    else:
        print_standing(console(), shown)
    sys.exit(_exit_of(found))


def _exit_of(found: Standing) -> Exit:
    if any(one.state == "unknown" for target in found.targets for one in target.attention):
        return Exit.UNKNOWN
    return Exit.OK if found.own.ok else Exit.DATA


def _write_changed(which: Any, file: Path, changed: bool) -> None:
    from etl.commands import status as verb

    if not changed:
        raise MappingError(said("--write writes what --changed lists; say --changed, too"))
    records = verb.write_changed(which, file)
    words = "{path}: {count} records that changed or are gone, with personal data as it is (0600)"
    click.echo(given.fit_line(said(words, path=str(file), count=records)), err=True)


@click.command
@click.argument("batch", type=int, help="The batch's number, as `etl status` shows it.")
@click.argument("migration_id", required=False, help="With --arrived: the migration it became, if known.")
@click.option("--arrived", is_flag=True, help="Omnitron has it.")
@click.option("--lost", is_flag=True, help="Omnitron does not have it: it may be sent again.")
@click.option("--ask", is_flag=True, help="Look its users up in the channel, where that is known to tell.")
@click.option("-m", "--mapping", type=Path, callback=given.remember, help="The mapping.")
@workspace_option
@target_option
@printed_option
@show_data_option
@json_option
def resolve(
    batch: int,
    migration_id: str | None,
    mapping: Path | None,
    workspace: Path | None,
    target: str | None,
    show_data: bool,
    as_json: bool,
    **decided: bool,
) -> None:
    """Record what became of a batch whose fate is unknown."""
    from etl.commands import resolve as verb
    from etl.commands.which import Which

    _check_decided(decided, migration_id, target)
    here = outside()
    if decided["ask"]:
        with answers_masked(show_data):
            asked = verb.resolve_by_asking(mapping or Path(), workspace, batch, here)
        _print_asked(asked, as_json)
        return
    which = Which(mapping, workspace, target)
    made = verb.resolve(which, batch, here, arrived=decided["arrived"], migration_id=migration_id)
    _print_decided(made, as_json)


def _check_decided(decided: Mapping[str, bool], migration_id: str | None, target: str | None) -> None:
    if sum(decided.values()) != 1:
        words = "say one of --arrived, --lost and --ask: whether Omnitron has the batch, or that it is to be asked"
        raise MappingError(said(words))
    if not decided["arrived"] and migration_id is not None:
        words = "only a batch that arrived became a migration; leave '{migration}' out"
        raise MappingError(said(words, migration=migration_id))
    if decided["ask"] and target:
        raise MappingError(said("--ask asks the target of the mapping; leave --target out"))


def _print_decided(decision: Decision, as_json: bool) -> None:
    from etl.cli.plain import plain
    from etl.report.checking import decided_line
    from etl.terminal import plain_json

    print(plain_json(plain(given.whole_result(decision))) if as_json else given.fit_line(decided_line(decision)))


def _print_asked(asked: ChannelDecision, as_json: bool) -> None:
    from etl.cli.plain import decided
    from etl.report.checking import asked_lines
    from etl.terminal import plain_json

    lines = [plain_json(decided(given.whole_result(asked)))] if as_json else map(given.fit_line, asked_lines(asked))
    for line in lines:
        print(line)


@click.command
@maybe_mapping_argument
@click.option("--key", required=True, help="The record's key.")
@click.option("--stage", required=True, help="The record's stage.")
@workspace_option
@target_option
@click.option("--verbose", is_flag=True, help="Show all that is known of each request.")
@printed_option
@show_data_option
@json_option
def history(
    mapping: Path | None,
    key: str,
    stage: str,
    workspace: Path | None,
    target: str | None,
    verbose: bool,
    show_data: bool,
    as_json: bool,
) -> None:
    """Tell what became of one record.

    Whether it was sent, when, in which request, with which bytes, and what came back.
    """
    from etl.cli.plain import plain
    from etl.commands import history as verb
    from etl.commands.which import Which
    from etl.report.history import masked_history, print_history
    from etl.terminal import plain_json

    found = verb.history(Which(mapping, workspace, target), stage, key)
    shown = found if show_data else masked_history(found)
    if as_json:
        print(plain_json(plain(given.whole_result(shown))))
    else:
        print_history(console(), shown, verbose=verbose)


@click.command
@mapping_argument
@click.option("--key", help="The key of the first stage's record to send.")
@click.option("--records", type=click.IntRange(min=1), default=1, help="How many records of the first stage.")
@click.option(
    "--package", "path", type=Path, help="Prepare nothing: take them from this package, such as one of `etl sample`."
)
@workspace_option
@keeping
@printed_option
@show_data_option
@json_option
def pilot(
    mapping: Path,
    key: str | None,
    records: int,
    path: Path | None,
    workspace: Path | None,
    show_data: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Send one user with an address, an order and an item.

    Akinon asks for this test migration before the real data. Each stage is followed to its end.
    """
    from etl.cli.plain import piloted
    from etl.commands import pilot as verb
    from etl.report.checking import print_pilot
    from etl.terminal import plain_json

    if path is not None and any(how.values()):
        words = "--package {path}: is sent from as it is; leave --fresh and --snapshot out"
        raise MappingError(said(words, path=str(path)))
    with watching(as_json, show_data=show_data) as watch, answers_masked(show_data):
        given_settings = settings(mapping, workspace, **how, **watch.hears)
        done = verb.pilot(mapping, given_settings, outside(watch), watch, key=key, records=records, path=path)
    if as_json:
        print(plain_json(piloted(done)))
    else:
        print_pilot(console(), done.result.stages)


PASSWORD = "ETL_VERIFY_PASSWORD"  # noqa: S105 - the name of a variable


@click.command
@mapping_argument
@click.option("--email", help="The migrated user's e-mail.")
@click.option(
    "--arrived", is_flag=True, help="Instead: look all uploaded users up in the channel, and list who is missing."
)
@workspace_option
@printed_option
@show_data_option
@json_option
def verify(
    mapping: Path, email: str | None, arrived: bool, workspace: Path | None, show_data: bool, as_json: bool
) -> None:
    """Look in the shop whether a migrated user has everything.

    Logs in as that user, and looks for the address, the order and its items. Looks the user up in Omnitron's channel, too:
    where it is found, --arrived and `etl resolve --ask` can ask the channel about others.

    The password is asked for, or read from the environment variable ETL_VERIFY_PASSWORD; it is never an argument.
    """
    from etl.mapping import find_mapping

    find_mapping(mapping)  # before a person is asked for anything
    if arrived == (email is not None):
        words = "say one of --email and --arrived: which user to look for, or that all are looked up"
        raise MappingError(said(words))
    if arrived:
        _verify_arrived(mapping, workspace, show_data, as_json)
    _verify_user(mapping, workspace, email or "", show_data, as_json)


def _verify_user(mapping: Path, workspace: Path | None, email: str, show_data: bool, as_json: bool) -> NoReturn:
    from etl.cli.plain import verified
    from etl.commands import verify as verb
    from etl.report.checking import print_checks, told_checks
    from etl.report.results import Verified
    from etl.terminal import plain_json

    password = _password()
    with answers_masked(show_data):
        made = verb.verify_user(mapping, workspace, email, password)
    found = Verified(told_checks(made.report, masked=not show_data), made.channel)
    if as_json:
        print(plain_json(verified(found)))
    else:
        print_checks(console(), found)
    sys.exit(Exit.OK if found.report.passed else Exit.DATA)


def _verify_arrived(mapping: Path, workspace: Path | None, show_data: bool, as_json: bool) -> NoReturn:
    from etl.cli.plain import arrivals
    from etl.commands import verify as verb
    from etl.report.checking import arrived_lines, masked_arrivals
    from etl.terminal import plain_json

    with answers_masked(show_data):
        made = verb.arrived(mapping, workspace, outside())
    found = made if show_data else masked_arrivals(made)
    lines = [plain_json(arrivals(found))] if as_json else map(given.fit_line, arrived_lines(found))
    for line in lines:
        print(line)
    sys.exit(Exit.DATA if found.missing else Exit.OK)


def _password() -> str:
    import os

    if password := os.environ.get(PASSWORD):
        return password
    if not sys.stdin.isatty():
        words = "there is no terminal to ask for the user's password; set {name} in the environment"
        raise MappingError(said(words, name=PASSWORD))
    return str(click.prompt(given.told(said("The user's password in the shop")), hide_input=True, err=True))


COMMANDS: dict[str, click.Command] = {
    "pilot": pilot,
    **resuming.COMMANDS,
    "status": status,
    "resolve": resolve,
    "verify": verify,
    "history": history,
}
