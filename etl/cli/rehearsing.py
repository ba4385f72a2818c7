"""Commands for rehearsing on this machine."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import click

from etl.cli.shared import workspace_option
from etl.errors import MappingError
from etl.terminal import visible


@click.command
@click.option(
    "--port",
    type=click.IntRange(min=0, max=65535),
    default=8765,
    help="The port to listen on; 0 takes a free one.",
)
@click.option("--store", type=Path, help="Keep what is migrated in this SQLite file, across restarts.")
@click.option("--token", help="A token that is good from the start.")
@click.option(
    "--customers-after",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Show migrated users as customers of the channel, so long after they came; otherwise never.",
)
def sandbox(port: int, store: Path | None, token: str | None, customers_after: float | None) -> None:
    """Start a local stand-in for Omnitron. Ctrl-C stops it."""
    import sqlite3

    from etl.sandbox.server import serve

    def ready(url: str) -> None:
        print(f"listening on {url}", flush=True)
        if store is not None:
            print(visible(f"{store}: kept across restarts; `curl -X POST {url}/_sandbox/reset` empties it"), flush=True)

    try:
        serve(
            "127.0.0.1",
            port,
            store,
            token=token,
            customers_after=customers_after,
            ready=ready,
        )
    except sqlite3.Error as error:
        raise MappingError(
            f"--store {store}: cannot be used ({error}); name a file that a sandbox has made, or one that is not there yet"
        ) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise MappingError(f"--port {port}: another program listens there; stop it, or name another port") from error


@click.command
@workspace_option
def demo(workspace: Path | None) -> None:
    """Migrate the sample shop to a local stand-in.

    In turn: check, dry-run, run.
    """
    from etl.demo import run_demo
    from etl.places import WORK, workspace_of

    sys.exit(run_demo(workspace_of(None, workspace or Path(WORK))))


COMMANDS: dict[str, click.Command] = {
    "sandbox": sandbox,
    "demo": demo,
}
