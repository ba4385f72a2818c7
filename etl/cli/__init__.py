"""The commands: arguments in, exit codes out. No logic; what is heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import typer

from etl.cli import editing, following, loading, rehearsing
from etl.errors import EtlError, Exit

app = typer.Typer(
    name="etl",
    help="Move a shop's users, addresses, orders and order items to Akinon Omnitron, described by one YAML file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for _room in (editing, loading, following, rehearsing):
    for _name, _command in _room.COMMANDS.items():
        app.command(_name)(_command)

# Typer carries its own click; this is the public way to that one's base error (ClickException).
USAGE_ERROR: Any = typer.BadParameter.__mro__[2]


def main() -> None:
    """Run a command; whatever a person can put right is a message and an exit code, never a traceback."""
    # A termination is an interruption: what is half done is cleared away.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
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
