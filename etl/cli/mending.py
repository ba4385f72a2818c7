"""The command that takes what a person has mended."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from etl.cli.advice import given
from etl.cli.shared import json_option, mapping_argument, printed_option, show_data_option, workspace_option
from etl.errors import Exit, MappingError
from etl.findings import said


@click.command
@mapping_argument
@click.argument("book", type=Path, required=False, help="rejects.xlsx, or one of its sheets as CSV, edited.")
@click.option("--why", metavar="TEXT", help="Why. Default: what was wrong with the row.")
@click.option("--drop-refused", is_flag=True, help="Take out the corrections that the newest package could not apply.")
@workspace_option
@printed_option
@show_data_option
@json_option
def fix(
    mapping: Path,
    book: Path | None,
    why: str | None,
    drop_refused: bool,
    workspace: Path | None,
    show_data: bool,
    as_json: bool,
) -> None:
    """Take the cells of rejected rows that a person has mended.

    They are kept as corrections beside the mapping; every later dry-run and run reads its rows with them. Without BOOK: list
    the corrections. Exit code 1: something was not taken.
    """
    if book is None:
        _list(mapping, workspace, why, drop_refused, show_data, as_json)
    elif drop_refused:
        raise MappingError(said("--drop-refused takes no workbook; leave out one of both"))
    else:
        _take(mapping, workspace, book, why, show_data, as_json)


def _take(mapping: Path, workspace: Path | None, book: Path, why: str | None, show_data: bool, as_json: bool) -> None:
    from etl.cli.plain import plain
    from etl.commands import fix as verb
    from etl.report.mending import fixed_lines, masked_fixed, refused_lines
    from etl.terminal import plain_json

    fixed = verb.fix(mapping, workspace, book, why)
    shown = fixed if show_data else masked_fixed(fixed)
    if as_json:
        refused = [{"where": where, "what": what} for where, what in shown.refused]
        print(plain_json({**plain(shown), "refused": refused}))
    else:
        _print(refused_lines(shown), sys.stderr)
        _print(fixed_lines(shown), sys.stdout)
        if fixed.cells:
            _print([said("Next: `etl dry-run MAPPING`")], sys.stdout)
    sys.exit(Exit.DATA if fixed.refused else Exit.OK)


def _list(
    mapping: Path, workspace: Path | None, why: str | None, drop_refused: bool, show_data: bool, as_json: bool
) -> None:
    from etl.cli.plain import plain
    from etl.commands import fix as verb
    from etl.report.mending import known_lines, masked_known
    from etl.terminal import plain_json

    if why is not None:
        raise MappingError(said("--why tells why a workbook was edited; name the workbook, too"))
    found = verb.drop_refused(mapping, workspace) if drop_refused else verb.known_corrections(mapping, workspace)
    shown = found if show_data else masked_known(found)
    if as_json:
        print(plain_json({"dropped" if drop_refused else "corrections": plain(shown)}))
    else:
        none = said("the newest package refused none" if drop_refused else "there are no corrections")
        _print(known_lines(shown, none), sys.stdout)


def _print(lines: Iterable[str], stream: object) -> None:
    for line in lines:
        print(given.fit_line(line), file=stream)  # type: ignore[call-overload]


COMMANDS: dict[str, click.Command] = {"fix": fix}
