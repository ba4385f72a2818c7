"""The commands: arguments in, exit codes out. No logic; what is heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl.errors import EtlError, Exit, MappingError

if TYPE_CHECKING:
    from rich.console import Console

    from etl.report.summary import Summary
    from etl.runner import Settings, Watch

app = typer.Typer(
    name="etl",
    help="Move a shop's users, addresses, orders and order items to Akinon Omnitron, described by one YAML file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# Typer carries its own click; this is the public way to that one's base error (ClickException).
USAGE_ERROR: Any = typer.BadParameter.__mro__[2]

Mapping = Annotated[Path, typer.Argument(metavar="MAPPING", help="The mapping: a YAML file, or its folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on standard output.")]
ShowData = Annotated[bool, typer.Option("--show-data", help="Print personal data as it is instead of masked.")]
Workspace = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="ETL_WORKSPACE", help="The folder for packages, journal and logs."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes to prepare with. Default: one a core.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Only this many rows of each source, for a quick look.")
]


def main() -> None:
    """Run a command; whatever a person can put right is a message and an exit code, never a traceback."""
    try:
        app(standalone_mode=False)
    except EtlError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader went away (`etl ... | head`); keep Python from complaining when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}", Exit.DATA)
    except USAGE_ERROR as error:
        error.show()
        sys.exit(Exit.MAPPING)
    except typer.Abort:
        _fail("aborted", 130)


def _fail(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(code)


# Editing


@app.command()
def check(mapping: Mapping, as_json: Json = False) -> None:
    """Find every problem in a mapping, before a row is read. Opens no network."""
    from etl import runner
    from etl.report.summary import Summary

    checked = runner.check(mapping)
    problems = [str(problem) for problem in checked.problems]
    if as_json:
        print(Summary(checked.migration.name, None, not problems, problems=problems).as_json())
    else:
        for line in problems:
            print(line)
        print(_check_verdict(len(problems), mapping), file=sys.stderr)
    sys.exit(Exit.MAPPING if problems else Exit.OK)


def _check_verdict(problems: int, mapping: Path) -> str:
    if problems:
        return f"{problems} problem{'' if problems == 1 else 's'}"
    return f"{mapping}: no problems"


@app.command()
def test(mapping: Mapping) -> None:
    """Run the mapping's own `tests:`."""
    from etl import runner

    results = runner.run_tests(mapping)
    for result in results:
        print(f"{'failed' if result.differences else 'passed'}  {result.name}")
        for difference in result.differences:
            print(f"        {result.place}: {difference}")
    failed = sum(bool(result.differences) for result in results)
    print(f"{len(results) - failed} passed, {failed} failed", file=sys.stderr)
    sys.exit(Exit.MAPPING if failed else Exit.OK)


@app.command()
def preview(
    mapping: Mapping,
    stage: Annotated[str | None, typer.Option("--stage", help="Only this stage.")] = None,
    number: Annotated[int, typer.Option("-n", min=1, help="How many rows of each stage.")] = 3,
    key: Annotated[str | None, typer.Option("--key", help="The row whose record has this key.")] = None,
    show_data: ShowData = False,
    as_json: Json = False,
) -> None:
    """Show source rows side by side with their payload and their problems."""
    from etl import runner
    from etl.report.preview import print_preview
    from etl.report.summary import plain_json

    rows = runner.preview(mapping, stage, number, key)
    shown = rows if show_data else [row.masked() for row in rows]
    if as_json:
        print(plain_json({"rows": [row.as_plain() for row in shown]}))
    else:
        print_preview(_console(), shown)


@app.command()
def functions(
    name: Annotated[str | None, typer.Argument(help="Only this function.")] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The reference page, as docs/functions.md has it.")
    ] = False,
) -> None:
    """List the functions a mapping may call, with their parameters and examples."""
    from etl.expressions.functions import TABLE
    from etl.report.functions import function_rows, function_text, functions_page
    from etl.suggest import did_you_mean

    if markdown:
        print(functions_page(TABLE), end="")
    elif name is not None:
        if name not in TABLE:
            raise MappingError(f"unknown function '{name}'{did_you_mean(name, TABLE)}")
        print(function_text(TABLE[name]))
    else:
        for group, signature, sentence in function_rows(TABLE):
            print(f"{group:<8} {signature}\n         {sentence}")


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="migration, user, address, order or order_item.")] = "migration",
) -> None:
    """Print the JSON Schema of the mapping language, or of a payload."""
    from etl.model import PAYLOADS
    from etl.resources import shipped
    from etl.suggest import did_you_mean

    names = ("migration", *PAYLOADS)
    if name not in names:
        raise MappingError(f"unknown schema '{name}'{did_you_mean(name, names)}")
    print(shipped(f"schemas/{name}.schema.json").read_text(encoding="utf-8"), end="")


# Preparing and loading


@app.command("dry-run")
def dry_run(
    mapping: Mapping,
    workspace: Workspace = Path("work"),
    workers: Workers = None,
    limit: Limit = None,
    show_data: ShowData = False,
    as_json: Json = False,
) -> None:
    """Prepare the package that `run` would upload, and say what became of every row. Sends nothing."""
    from etl import runner

    with _reporting(as_json) as report:
        with _progress(as_json) as watch:
            package = runner.dry_run(mapping, _settings(workspace, workers, limit), watch)
        report(runner.summary_of(package, show_data=show_data))


@app.command()
def run(
    mapping: Mapping,
    workspace: Workspace = Path("work"),
    workers: Workers = None,
    limit: Limit = None,
    show_data: ShowData = False,
    as_json: Json = False,
) -> None:
    """Prepare a package and upload it, stage by stage, following each batch to its end."""
    from etl import runner

    with _reporting(as_json) as report, _progress(as_json) as watch:
        report(runner.run(mapping, _settings(workspace, workers, limit), watch, show_data=show_data))


def _settings(workspace: Path, workers: int | None, limit: int | None) -> Settings:
    from etl.runner import Settings, usable_cores

    return Settings(workspace=workspace, workers=workers or usable_cores(), limit=limit)


# Rehearsing


@app.command()
def sandbox(
    port: Annotated[int, typer.Option("--port", help="The port to listen on; 0 takes a free one.")] = 8765,
    store: Annotated[Path | None, typer.Option("--store", help="Keep what is migrated in this SQLite file.")] = None,
    token: Annotated[str | None, typer.Option("--token", help="A token that is good from the start.")] = None,
) -> None:
    """Start a local stand-in for Omnitron to rehearse against. Ctrl-C stops it."""
    from etl.sandbox.server import serve

    serve(
        "127.0.0.1",
        port,
        store,
        username="sandbox",
        password="sandbox",  # noqa: S106 - the stand-in's documented login
        channel="1",
        token=token,
        ready=lambda url: print(f"listening on {url}", flush=True),
    )


@app.command()
def demo(workspace: Workspace = Path("work")) -> None:
    """Migrate the sample shop to a local stand-in: check, dry-run, run."""
    from etl.demo import run_demo

    sys.exit(run_demo(workspace))


# What the commands share


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


@contextmanager
def _reporting(as_json: bool) -> Iterator[Callable[[Summary], None]]:
    """Print a summary and end with its exit code. With --json, an error is a summary too."""
    from etl.report.summary import Summary

    def report(summary: Summary) -> None:
        if as_json:
            print(summary.as_json())
        else:
            _print_for_people(summary)
        sys.exit(Exit.OK if summary.ok else Exit.DATA)

    try:
        yield report
    except EtlError as error:
        if as_json:
            print(Summary("", None, False, problems=str(error).splitlines()).as_json())
        raise


def _print_for_people(summary: Summary) -> None:
    from etl.report.summary import print_summary

    for problem in summary.problems:
        print(problem, file=sys.stderr)
    print_summary(_console(), summary)


@contextmanager
def _progress(as_json: bool) -> Iterator[Watch]:
    """A line for each stage with the rows read so far, when a person watches; nothing in a pipe."""
    if as_json or not sys.stderr.isatty():
        yield lambda stage, rows: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: Sequence[Any] = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def watch(stage: str, rows: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.advance(tasks[stage], rows)

        yield watch
