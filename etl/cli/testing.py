"""The command that runs a mapping's own tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.shared import PIPE_WIDTH, json_option, mapping_argument, workspace_option
from etl.errors import Exit, MappingError
from etl.terminal import visible

if TYPE_CHECKING:
    from etl.report.tested import Tested


@click.command
@mapping_argument
@click.option(
    "-k", "expression", metavar="EXPR", help="Only tests whose stage or name has these words: 'phone and not guest'."
)
@click.option("-v", "--verbose", is_flag=True, help="A line with the name of each test, instead of a dot.")
@click.option("--junit", "junit_file", type=Path, metavar="FILE", help="Write the results as JUnit's XML, too.")
@click.option(
    "--coverage",
    is_flag=True,
    help="Tell which fields, ways, defaults, functions and entries of lookups no test reaches.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit code 1 when the tests reach less of the mapping. Means --coverage.",
)
@workspace_option
@json_option
def test(
    mapping: Path,
    expression: str | None,
    verbose: bool,
    junit_file: Path | None,
    coverage: bool,
    fail_under: float | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Run the mapping's own `tests:`. Opens no source.

    Exit code 1: a test failed, or they reach less than --fail-under. 2: the mapping cannot be used, or -k leaves no test.
    """
    from etl.commands.selecting import all_of_them, meant
    from etl.commands.test import run_own_tests

    chosen = all_of_them if expression is None else meant(expression)
    found = run_own_tests(mapping, workspace, chosen, coverage=coverage or fail_under is not None)
    if expression is not None and not found.results:
        raise MappingError(
            f"-k {expression!r}: no test of {found.deselected} has these words; `etl test -v` lists them"
        )
    if junit_file is not None:
        _write_junit(junit_file, found)
    if as_json:
        _print_json(found)
    else:
        _print_for_people(found, verbose=verbose)
    too_little = fail_under is not None and found.coverage is not None and found.coverage.percent < fail_under
    if too_little:
        print(f"the tests reach less than {fail_under:g} % of the mapping (--fail-under)", file=sys.stderr)
    sys.exit(Exit.DATA if found.failed or too_little else Exit.OK)


def _write_junit(path: Path, found: Tested) -> None:
    from etl.files import write_private
    from etl.report.testing import junit

    write_private(path, junit(found))


def _print_json(found: Tested) -> None:
    from etl.cli.plain import tested
    from etl.terminal import plain_json

    print(plain_json(tested(found)))


def _print_for_people(found: Tested, *, verbose: bool) -> None:
    from etl.report.testing import coverage_lines, dots, failures, names, verdict

    results = found.results
    reached = [] if found.coverage is None else coverage_lines(found.coverage)
    for line in [*(names(results) if verbose else dots(results, _width())), *failures(results), *reached]:
        print(visible(line))
    print(visible(verdict(found)), file=sys.stderr)


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH


COMMANDS: dict[str, click.Command] = {"test": test}
