"""Options and output that several commands share."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from etl.cli.advice import given
from etl.cli.watching import Watcher, hearing
from etl.errors import EtlError, Exit, MappingError
from etl.findings import said
from etl.languages import DEFAULT, LANGUAGES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from etl.commands.settings import Settings
    from etl.outside import Outside
    from etl.report.summary import Summary

# Paths are of `type=Path`: whether a file is there and can be read is for the command to say; click's own type looks too.
mapping_argument = click.argument(
    "mapping", type=Path, callback=given.remember, help="The mapping: a YAML file, or its folder."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on standard output."
)
show_data_option = click.option("--show-data", is_flag=True, help="Print personal data as it is instead of masked.")
workspace_option = click.option(
    "-w",
    "--workspace",
    type=Path,
    envvar="ETL_WORKSPACE",
    show_envvar=True,
    callback=given.remember,
    help="The folder for packages, journal and logs. Default: `work` beside the mapping.",
)
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), help="Processes to prepare with. Default: one a core."
)


class AskedLanguage(click.ParamType[str]):
    """A language's code, in capital letters too, or a locale as the environment has it: `TR`, `tr_TR.UTF-8`, `C` (that of no
    language, which is English)."""

    name = "language"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return f"[{'|'.join(LANGUAGES)}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        code = re.split(r"[_.@-]", value.strip(), maxsplit=1)[0].lower()
        code = DEFAULT if code in ("c", "posix") else code
        if code not in LANGUAGES:
            known = ", ".join(f"'{one}'" for one in LANGUAGES)
            self.fail(f"'{value}' is not a language that is spoken here; there are: {known}", param, ctx)
        return code


def language_of(
    what: str, default: str = DEFAULT, *, is_for_print_alone: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--language",
        envvar="ETL_LANGUAGE",
        show_envvar=True,
        type=AskedLanguage(),
        callback=given.remember,
        expose_value=not is_for_print_alone,
        help=f"Of {what}. Default: {default}.",
    )


language_option = language_of("what is printed, the report and the workbook of rejects")
printed_option = language_of("what is printed", is_for_print_alone=True)
"""Of a command that writes nothing in the reader's language but what it prints."""
language_of_all = click.Option(
    ["--language"],
    envvar="ETL_LANGUAGE",
    show_envvar=True,
    type=AskedLanguage(),
    callback=given.remember,
    expose_value=False,
    hidden=True,
)
"""Of the program itself: what the environment asks for is taken, or refused, by every command alike, and so is an error told."""
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), help="Only this many rows of each source, for a quick look."
)


def _confine(context: click.Context, parameter: click.Parameter, folders: tuple[Path, ...]) -> None:
    given.root = folders
    if folders:
        from etl.extract.confinement import confine

        confine(folders)


root_option = click.option(
    "--root",
    metavar="FOLDER",
    type=Path,
    multiple=True,
    expose_value=False,
    callback=_confine,
    help="Read sources and lookups from this folder only (may be given more than once).",
)
"""Of every command that takes a mapping: a mapping may be somebody else's."""

LOCAL, DASK = "local", "dask"
engine_option = click.option(
    "--engine",
    type=click.Choice([LOCAL, DASK]),
    default=LOCAL,
    help="What prepares: processes of this machine, or a Dask cluster.",
)
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", help="The Dask cluster. Default: one on this machine, for a try."
)


fresh_option = click.option("--fresh", is_flag=True, help="Fetch the rows of the shop's server anew, and keep them.")
snapshot_option = click.option(
    "--snapshot",
    metavar="ID",
    help="Work on this snapshot of the shop's server. Default: the latest; `etl snapshot --list`.",
)


def keeping(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that reads sources: whose rows of a server they are."""
    return fresh_option(snapshot_option(command))


strict_option = click.option("--strict", is_flag=True, help="Take warnings for problems.")
old_mapping_option = click.option(
    "--old-mapping", is_flag=True, help="Send the package though the mapping was changed after it was made."
)
stages_option = click.option(
    "--stage",
    "stages",
    multiple=True,
    metavar="NAME",
    help="Only this stage; may be given several times. Records of other stages that it refers to must have been sent before.",
)


def preparing(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments of a command that prepares a package: they are those of `settings`."""
    options = (
        mapping_argument,
        workspace_option,
        stages_option,
        workers_option,
        limit_option,
        engine_option,
        scheduler_option,
        strict_option,
        language_option,
        keeping,
    )
    for option in reversed(options):
        command = option(command)
    return command


class TellSummary(Protocol):
    """Prints a summary and ends the command with the exit code of the error, or of the summary."""

    def __call__(self, summary: Summary, error: EtlError | None = None) -> None: ...


PIPE_WIDTH = 120
"""Columns of what is written to a pipe or a file, where nothing says how wide a line may be."""


def console() -> Console:
    from rich.console import Console

    class Printer(Console):
        def on_broken_pipe(self) -> None:
            """Rich would end the command with 1, as if the data had problems."""
            raise BrokenPipeError

        def render_str(self, text: str, **how: Any) -> Text:
            """Rich itself takes only some control characters out, and those without a trace. Advised commands are whole."""
            return super().render_str(given.fit(text), **how)

    # Without emoji: a folder called `:star:` is printed as it is called.
    if sys.stdout.isatty():
        return Printer(highlight=False, soft_wrap=False, emoji=False)
    return Printer(highlight=False, soft_wrap=False, emoji=False, width=PIPE_WIDTH, file=WithoutTrailingBlanks())


class WithoutTrailingBlanks(io.StringIO):
    """Standard output for tables: their cells are padded to the right, which a file or a diff has no use for."""

    def write(self, text: str) -> int:
        return sys.stdout.write(re.sub(r"[ ]+(?=\n)", "", text))

    def flush(self) -> None:
        sys.stdout.flush()


@contextmanager
def reporting(as_json: bool) -> Iterator[TellSummary]:
    """Print a summary and end with its exit code."""

    def report(summary: Summary, error: EtlError | None = None) -> None:
        if as_json:
            print(summary.saying(given.whole_result(summary.problems)).as_json())
        else:
            _print_for_people(summary)
        sys.exit(error.exit_code if error else Exit.OK if summary.ok else Exit.DATA)

    yield report


@contextmanager
def answers_masked(show_data: bool) -> Iterator[None]:
    """An error that ends the command tells what Omnitron answered only where personal data is asked for."""
    try:
        yield
    except EtlError as error:
        from etl.report.mask import without_answer

        error.args = (error.text if show_data else without_answer(error.text),)
        raise


def _print_for_people(summary: Summary) -> None:
    from etl.report.summary import print_summary

    for problem in summary.problems:
        print(given.fit(problem), file=sys.stderr)
    for warning in summary.warnings:
        _warn(warning)
    print_summary(console(), summary)


def outside(watcher: Watcher | None = None) -> Outside:
    """What an upload takes from the world: the clock, the network, signals, and somebody who watches."""
    from etl.outside import Outside, nobody_watches
    from etl.seams import seam_from_environment
    from etl.stop import Stop

    stop = Stop(hearing())
    return Outside(
        events=watcher.told if watcher else nobody_watches,
        stop=stop,
        seam=seam_from_environment(),
        uploading=stop.on_signals,
    )


def settings(
    mapping: Path,
    workspace: Path | None,
    workers: int | None = None,
    limit: int | None = None,
    engine: str = LOCAL,
    scheduler: str | None = None,
    language: str | None = None,
    **how: Any,
) -> Settings:
    """`how`: further fields of Settings."""
    from etl.commands.settings import Settings, usable_cores
    from etl.places import workspace_of

    if scheduler is not None and engine != DASK:
        raise MappingError(said("--scheduler {name}: goes with --engine dask", name=scheduler))
    if how.get("fresh") and how.get("snapshot") is not None:
        words = "--fresh takes a new snapshot, and --snapshot {name} is another; say one of them"
        raise MappingError(said(words, name=how["snapshot"]))
    return Settings(
        workspace=workspace_of(mapping, workspace),
        workers=workers or usable_cores(),
        limit=limit,
        engine=engine,
        scheduler=scheduler,
        language=language or DEFAULT,
        tell=_warn,
        **how,
    )


def _warn(sentence: str) -> None:
    print(given.fit(said("warning: {line}", line=sentence)), file=sys.stderr, flush=True)
