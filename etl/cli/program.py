"""All commands in one program, and how each way of failing ends it."""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import click
from click.shell_completion import shell_complete

from etl import __version__
from etl.cli import (
    INTERRUPTED,
    channels,
    comparing,
    editing,
    following,
    keeping,
    loading,
    looking,
    mending,
    placing,
    purging,
    rehearsing,
    sampling,
)
from etl.cli.advice import given
from etl.cli.shared import language_of_all, root_option
from etl.errors import DiskError, EtlError, Exit
from etl.findings import said
from etl.stop import heeded
from etl.terminal import visible


class CommandGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a person meets them; click would sort them."""
        return list(self.commands)


app = CommandGroup(
    "etl",
    help="Move a shop's users, addresses, orders and order items to Akinon Omnitron, described by one YAML file.",
    commands={
        **editing.COMMANDS,
        **keeping.COMMANDS,
        **channels.COMMANDS,
        **loading.COMMANDS,
        **looking.COMMANDS,
        **comparing.COMMANDS,
        **mending.COMMANDS,
        **sampling.COMMANDS,
        **following.COMMANDS,
        **placing.COMMANDS,
        **purging.COMMANDS,
        **rehearsing.COMMANDS,
    },
    context_settings={"max_content_width": 110, "show_default": True},
)
app.params.append(language_of_all)
for command in app.commands.values():
    if any(parameter.name == "mapping" for parameter in command.params):
        root_option(command)
click.version_option(__version__, prog_name="etl")(app)
given.commands = app.commands


READER_GONE = 141
"""What a shell reports for a command that a closed pipe ended."""


def run() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    for one in heeded():
        if signal.getsignal(one) is not signal.SIG_IGN:  # a shell that runs it in the background wants that
            signal.signal(one, _interrupt)
    _write_line_by_line()
    try:
        _invoke()
    except EtlError as error:
        _fail(error.text, error.exit_code)
    except KeyboardInterrupt:
        _fail(said("interrupted"), INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`etl ... | head`).
        _drop_output()
        sys.exit(READER_GONE)
    except OSError as error:
        _fail(visible(str(DiskError(error))), Exit.DATA)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        print(given.fit(shown.getvalue().rstrip()), file=sys.stderr)
        _end(error.format_message(), Exit.MAPPING)
    except click.Abort:
        _fail(said("aborted"), INTERRUPTED)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Any of these signals ends a command, and what is half done is cleared away. A second one ends it at once, for an
    interruption of the clearing away could be told nowhere: the next command finds what is left."""
    for one in heeded():
        if signal.getsignal(one) is _interrupt:
            signal.signal(one, signal.SIG_DFL)
    raise KeyboardInterrupt


COMPLETE = "_ETL_COMPLETE"
"""The variable by which a shell asks for its completions; see the README."""


def _invoke() -> None:
    """Run the command itself: click's own `app()` turns Ctrl-C into a result, and a reader that goes away into exit code 1."""
    if instruction := os.environ.get(COMPLETE):
        sys.exit(shell_complete(app, {}, "etl", COMPLETE, instruction))
    try:
        with app.make_context("etl", sys.argv[1:]) as context:
            app.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    finally:
        # Here, where it can be told; at the interpreter's own end it would be a traceback.
        sys.stdout.flush()


def _write_line_by_line() -> None:
    """Whatever the terminal's encoding, a letter that it lacks is written as its number, and stops nothing. Results and messages
    that go to one file, or to `| less`, stand there in the order in which they were told."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)


def _fail(told: str, code: int) -> None:
    message = given.fit(told)
    with suppress(OSError):  # the terminal may be gone
        print(message, file=sys.stderr)
    _end(given.fit(str(told)), code)


def _end(message: str, code: int) -> None:
    """Leave, after the one JSON object that --json promises: an error is a summary too."""
    try:
        if "--json" in sys.argv:
            from etl.report.summary import Summary

            print(Summary("", None, False, problems=message.split("\n")).as_json())
        sys.stdout.flush()
    except OSError:
        _drop_output()
    sys.exit(code)


def _drop_output() -> None:
    """Standard output cannot be written: keep Python from complaining when it flushes what is left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
