"""Commands for editing a mapping: they read, and send nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli import previewing, testing
from etl.cli.advice import given
from etl.cli.shared import (
    json_option,
    limit_option,
    mapping_argument,
    show_data_option,
    strict_option,
    workspace_option,
)
from etl.cli.watching import watching
from etl.errors import Exit, MappingError
from etl.terminal import visible, visible_lines

if TYPE_CHECKING:
    from etl.commands.census import StageCensus


@click.command
@mapping_argument
@click.option("--connect", is_flag=True, help="Ask the shop's server, and look at what is behind URLs.")
@strict_option
@click.option("--data", is_flag=True, help="Read the customers, too, and count their passwords by kind.")
@workspace_option
@json_option
def check(mapping: Path, connect: bool, strict: bool, data: bool, workspace: Path | None, as_json: bool) -> None:
    """Find every problem in a mapping. Opens no network, unless --connect or --data says so.

    Of a shop's server the latest snapshot tells the columns. Warnings are told beside the problems, and are none unless
    --strict says so. With --data: how many customers log in with their old password, and how many choose a new one.
    """
    from etl.cli.plain import plain
    from etl.commands import check as verb
    from etl.mapping import fatal, first_of
    from etl.report.summary import Summary

    with watching(as_json or not connect) as watch:
        checked = verb.check(mapping, workspace, connect=connect, follow=watch.follow)
    problems, warnings = ([str(one) for one in found] for found in (checked.problems, checked.warnings))
    ok = not problems and not (strict and warnings)
    counted = _census(mapping, workspace, as_json) if data and not fatal(checked.problems, upload=False) else []
    if as_json:
        summary = Summary(
            checked.migration.name, None, ok, problems=problems, warnings=warnings, not_known=checked.closed,
            notes=[*map(str, checked.notes), *_not_known(checked.closed)],
        )  # fmt: skip
        print(summary.as_json(passwords=plain(counted)) if data else summary.as_json())
    else:
        told = [*first_of(checked.problems), *first_of(checked.warnings), *first_of(checked.notes)]
        for line in [*told, *_census_lines(counted)]:
            print(visible(line))
        for line in _not_known(checked.closed):
            print(visible(given.whole(line)), file=sys.stderr)
        print(visible(_check_verdict(len(problems), len(warnings), mapping, strict=strict)), file=sys.stderr)
    sys.exit(Exit.OK if ok else Exit.MAPPING)


def _not_known(closed: Sequence[str]) -> Iterator[str]:
    if closed:
        names = ", ".join(f"'{name}'" for name in closed)
        yield f"not known without a network: the columns of {names}; `etl check --connect` asks, `etl snapshot` keeps them"


def _census(mapping: Path, workspace: Path | None, as_json: bool) -> Sequence[StageCensus]:
    from etl.commands.census import count_passwords

    with watching(as_json) as watch:
        return count_passwords(mapping, workspace, watch, watch.follow)


def _census_lines(counted: Sequence[StageCensus]) -> list[str]:
    from etl.report.census import census_lines

    return [line for one in counted for line in census_lines(one.stage, one.kinds)]


def _check_verdict(problems: int, warnings: int, mapping: Path, *, strict: bool) -> str:
    found = f"{problems:,} problem{'' if problems == 1 else 's'}" if problems else f"{mapping}: no problems"
    if not warnings:
        return found
    taken = f", which --strict takes for {'a problem' if warnings == 1 else 'problems'}" if strict else ""
    return f"{found}, {warnings:,} warning{'' if warnings == 1 else 's'}{taken}"


@click.command
@click.argument("name", type=Path, help="The folder to write, named after the shop.")
@click.option(
    "--from",
    "locations",
    required=True,
    multiple=True,
    help="The shop: a dump, a database's address, a file, a folder of CSV files, or a mapping. May be given several times.",
)
def init(name: Path, locations: tuple[str, ...]) -> None:
    """Recognise a shop, and write a folder NAME with its mapping.

    For a shop that is not known, a proposal of it.
    """
    from etl.commands.copied import EXAMPLE
    from etl.commands.init import Proposed
    from etl.commands.init import init as verb
    from etl.mapping.environment import filled_from
    from etl.report.proposing import proposed_lines

    begun = verb(name, [filled_from(one, Path()) for one in locations])
    if isinstance(begun, Proposed):
        for line in proposed_lines(begun, EXAMPLE):
            print(visible(line))
        return
    why = "; ".join(begun.why)
    for line in (
        f"{begun.folder}: {begun.location} looks like {begun.title}: {why}",
        f"  {', '.join(begun.files)}",
        f"Copy {EXAMPLE} to .env there and fill it in, read README.md, then: etl check {begun.folder} --data",
    ):
        print(visible(line))


@click.command
@mapping_argument
def show(mapping: Path) -> None:
    """Print a mapping with what it extends, as one file."""
    from etl.commands import written

    print(visible_lines(written.show(mapping)), end="")


@click.command
@click.argument("name", required=False, help="Only this function.")
@click.option("--markdown", is_flag=True, help="The reference page, as docs/functions.md has it.")
def functions(name: str | None, markdown: bool) -> None:
    """List the functions a mapping may call.

    With a NAME: its parameters, and examples of what it gives and refuses.
    """
    from etl.expressions.functions import TABLE
    from etl.report.functions import function_rows, function_text, functions_page
    from etl.suggest import did_you_mean

    if markdown and name is not None:
        raise MappingError(f"--markdown is the page of all functions; leave out '{name}', or --markdown")
    if markdown:
        print(functions_page(TABLE), end="")
    elif name is not None:
        if name not in TABLE:
            raise MappingError(f"unknown function '{name}'{did_you_mean(name, TABLE)}")
        print(function_text(TABLE[name]))
    else:
        for group, signature, sentence in function_rows(TABLE):
            print(f"{group:<8} {signature}\n         {sentence}")


@click.command
@click.argument(
    "name", default="migration", help="migration, user, address, order, order_item or report. Default: migration."
)
def schema(name: str) -> None:
    """Print the JSON Schema of mappings, payloads or reports."""
    from etl.model import PAYLOADS
    from etl.resources import shipped
    from etl.suggest import did_you_mean

    names = ("migration", *PAYLOADS, "report")
    if name not in names:
        raise MappingError(f"unknown schema '{name}'{did_you_mean(name, names)}")
    print(shipped(f"schemas/{name}.schema.json").read_text(encoding="utf-8"), end="")


@click.command
@click.argument("location", metavar="FILE_OR_DATABASE", help="A file, a folder, a dump, or a database's address.")
@click.argument("table", required=False, help="One table, sheet or file of it. Default: all.")
@click.option("--mapping", type=Path, help="Tell which columns this mapping uses, and read as it says.")
@click.option("--encoding", help="A file's encoding, where it cannot be found out.")
@click.option("--delimiter", help="A CSV file's delimiter, where it cannot be found out.")
@limit_option
@show_data_option
@json_option
def inspect(
    location: str,
    table: str | None,
    mapping: Path | None,
    show_data: bool,
    limit: int | None,
    as_json: bool,
    **given: str | None,
) -> None:
    """Show what a file or a database holds.

    Its tables with their rows; of the one that is named, or is the only one, the columns: how many cells are filled,
    how many differ, how long they are and what they are.

    FILE_OR_DATABASE is a path, ${NAME} for an address in the environment or in .env, or (with --mapping) the name of
    one of its databases or sources.
    """
    from etl.commands.inspect import Inspecting
    from etl.commands.inspect import inspect as verb
    from etl.report.inspection import lines_of
    from etl.terminal import plain_json

    options = {name: value for name, value in given.items() if value is not None}
    with watching(as_json) as watch:
        found = replace(verb(Inspecting(location, table, mapping, limit, options), watch.follow), show_data=show_data)
    if as_json:
        print(plain_json(found.as_plain()))
    else:
        for line in lines_of(found):
            print(visible(line))


COMMANDS: dict[str, click.Command] = {
    "init": init,
    "check": check,
    **testing.COMMANDS,
    "show": show,
    **previewing.COMMANDS,
    "inspect": inspect,
    "functions": functions,
    "schema": schema,
}
