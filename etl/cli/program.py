"""All commands in one program, and how each way of failing ends it."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from typing import Any

import typer

from etl.cli import INTERRUPTED, editing, following, loading, rehearsing
from etl.errors import EtlError, Exit

app = typer.Typer(
    name="etl",
    help="Move a shop's users, addresses, orders and order items to Akinon Omnitron, described by one YAML file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 110},
)

for _room in (editing, loading, following, rehearsing):
    for _name, _command in _room.COMMANDS.items():
        app.command(_name)(_command)

# Typer carries its own click; this is the public way to that one's base error (ClickException).
USAGE_ERROR: Any = typer.BadParameter.__mro__[2]


READER_GONE = 141
"""What a shell reports for a command that a closed pipe ended."""


ADVICE = {
    errno.ENOSPC: "make room, then run it again",
    errno.EDQUOT: "make room, then run it again",
    errno.EACCES: "allow this user to use it, or name another place",
    errno.EPERM: "allow this user to use it, or name another place",
    errno.EROFS: "nothing can be written there; name another place",
}
OTHERWISE = "see whether it is there and can be used, then run it again"


def run() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    # A termination is an interruption: what is half done is cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _survive_odd_letters()
    try:
        _invoke()
    except EtlError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`etl ... | head`).
        _drop_output()
        sys.exit(READER_GONE)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}; {ADVICE.get(error.errno or 0, OTHERWISE)}", Exit.DATA)
    except USAGE_ERROR as error:
        error.show()
        _end(error.format_message(), Exit.MAPPING)
    except typer.Abort:
        _fail("aborted", INTERRUPTED)


def _invoke() -> None:
    """Run the command itself: Typer's own `app()` turns Ctrl-C into a result, and a reader that goes away into exit code 1."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("etl", sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    finally:
        # Here, where it can be told; at the interpreter's own end it would be a traceback.
        sys.stdout.flush()


def _survive_odd_letters() -> None:
    """Whatever the terminal's encoding, a letter that it lacks is written as its number, and stops nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    _end(message, code)


def _end(message: str, code: int) -> None:
    """Leave, after the one JSON object that --json promises: an error is a summary too."""
    try:
        if "--json" in sys.argv:
            from etl.report.summary import Summary

            print(Summary("", None, False, problems=message.splitlines()).as_json())
        sys.stdout.flush()
    except OSError:
        _drop_output()
    sys.exit(code)


def _drop_output() -> None:
    """Standard output cannot be written: keep Python from complaining when it flushes what is left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
