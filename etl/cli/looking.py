"""Commands that look at what a dry-run or run left: they read packages, journal, mapping and sources, and send nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from etl.cli.advice import given
from etl.cli.following import maybe_mapping_argument, target_option
from etl.cli.shared import (
    console,
    json_option,
    language_of,
    printed_option,
    settings,
    show_data_option,
    workspace_option,
)
from etl.errors import Exit
from etl.findings import said

package_option = click.option("--package", "path", type=Path, help="This package. Default: the newest.")


@click.command
@maybe_mapping_argument
@package_option
@workspace_option
@target_option
@language_of("what is printed, the report, and rejects.xlsx if nobody has edited it", "the package's; printed is en")
@show_data_option
@json_option
def report(
    mapping: Path | None,
    path: Path | None,
    workspace: Path | None,
    target: str | None,
    language: str | None,
    show_data: bool,
    as_json: bool,
) -> None:
    """Write a package's report anew, and say where it is.

    A page, and the same as JSON. Every dry-run and run has written one already.
    """
    from etl.cli.plain import plain
    from etl.commands import report as verb
    from etl.commands.which import Which
    from etl.terminal import plain_json

    written = verb.renew_report(Which(mapping, workspace, target), path, show_data=show_data, language=language)
    if as_json:
        print(plain_json(plain(written)))
        return
    print(given.fit_line(said("Report: {path}", path=str(written.page))))
    if written.workbook is not None:
        print(given.fit_line(said("Workbook: {path}", path=str(written.workbook))))
    for note in written.notes:
        print(given.fit_line(said("note: {note}", note=note)), file=sys.stderr)


@click.command
@click.argument("mapping", type=Path, callback=given.remember, help="The mapping.")
@click.argument("text", help="A customer's or order's code, an e-mail address, a telephone number.")
@click.option("--package", "path", type=Path, help="Only this package. Default: all of them.")
@workspace_option
@printed_option
@show_data_option
@json_option
def find(mapping: Path, text: str, path: Path | None, workspace: Path | None, show_data: bool, as_json: bool) -> None:
    """Find a customer or an order, and all that belongs to it.

    Each record with its source row, its fate, and the batches that sent it: in all packages, and in the journal. Rows that
    `where` leaves out are looked up in the sources as they are now, of a server in its newest snapshot.
    """
    from etl.cli.plain import plain
    from etl.commands import find as verb
    from etl.commands.which import Which
    from etl.report.looking import find_lines, masked_find
    from etl.terminal import plain_json

    found = verb.find(Which(mapping, workspace), text, path)
    shown = found if show_data else masked_find(found)
    for line in [] if as_json else find_lines(shown):
        print(given.fit_line(line))
    if as_json:
        print(plain_json({"packages": plain(shown)}))
    sys.exit(Exit.OK if any(one.records for one in found) else Exit.DATA)


@click.command
@click.argument("mapping", type=Path, callback=given.remember, help="The mapping.")
@click.argument("stage", help="The record's stage.")
@click.argument("key", help="The record's key.")
@workspace_option
@printed_option
@show_data_option
@json_option
def explain(mapping: Path, stage: str, key: str, workspace: Path | None, show_data: bool, as_json: bool) -> None:
    """Show how each field of a record came about.

    The cells, the value after each function, where it stands in the mapping, what is wrong; and where the record went.
    Reads the source as it is now.
    """
    from etl.cli.plain import explanation
    from etl.commands import explain as verb
    from etl.report.looking import explain_lines, shown_explanation
    from etl.terminal import plain_json

    found = shown_explanation(verb.explain(mapping, settings(mapping, workspace), stage, key), show_data=show_data)
    for line in [] if as_json else explain_lines(found):
        print(given.fit_line(line))
    if as_json:
        print(plain_json(explanation(found)))


@click.command
@maybe_mapping_argument
@package_option
@workspace_option
@click.option(
    "--all", "every", is_flag=True, help="List every row of which the largest are named. Reads the sources again."
)
@printed_option
@json_option
def reconcile(mapping: Path | None, path: Path | None, workspace: Path | None, every: bool, as_json: bool) -> None:
    """Hold the money that is sent against the money of the source.

    By currency, status and month; and what lies between the two row by row.

    Exit code 1 when they differ by more than what is told to be filtered, rejected, held, repeated or rounded. Where an amount is
    computed, `totals` in the mapping says what the source's own amount is.
    """
    from etl.cli.plain import fields_of, plain
    from etl.commands import reconcile as verb
    from etl.commands.amounts import all_amounts
    from etl.commands.which import Which
    from etl.report.reconciled import all_rows_lines, print_reconciled
    from etl.terminal import plain_json

    made = verb.reconcile(Which(mapping, workspace), path)
    found = all_amounts(Which(mapping, workspace), path) if every else None
    ok = all(one.ok for one in made)
    if as_json:
        print(plain_json({"ok": ok, "amounts": plain(made), **({} if found is None else fields_of(found))}))
    else:
        print_reconciled(console(), made, path)
        for line in () if found is None else all_rows_lines(found):
            print(given.fit_line(line))
    sys.exit(Exit.OK if ok else Exit.DATA)


@click.command
@maybe_mapping_argument
@package_option
@workspace_option
@printed_option
@json_option
def lineage(mapping: Path | None, path: Path | None, workspace: Path | None, as_json: bool) -> None:
    """Show which column feeds which field, and which feed none.

    Through which functions and lookups, as the newest package was made.
    """
    from etl.cli.plain import plain
    from etl.commands import lineage as verb
    from etl.commands.which import Which
    from etl.report.looking import print_lineage
    from etl.terminal import plain_json

    found = verb.lineage(Which(mapping, workspace), path)
    if as_json:
        print(plain_json(plain(found)))
    else:
        print_lineage(console(), found)


COMMANDS: dict[str, click.Command] = {
    "report": report,
    "find": find,
    "explain": explain,
    "reconcile": reconcile,
    "lineage": lineage,
}
