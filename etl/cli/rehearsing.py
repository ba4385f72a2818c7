"""Commands for rehearsing on this machine."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.shared import Workspace, workspace_folder
from etl.errors import MappingError


def sandbox(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0 takes a free one.")
    ] = 8765,
    store: Annotated[Path | None, typer.Option("--store", help="Keep what is migrated in this SQLite file.")] = None,
    token: Annotated[str | None, typer.Option("--token", help="A token that is good from the start.")] = None,
) -> None:
    """Start a local stand-in for Omnitron to rehearse against. Ctrl-C stops it."""
    from etl.sandbox.server import serve

    try:
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
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise MappingError(f"--port {port}: another program listens there; stop it, or name another port") from error


def demo(workspace: Workspace = Path("work")) -> None:
    """Migrate the sample shop to a local stand-in: check, dry-run, run."""
    from etl.demo import run_demo

    sys.exit(run_demo(workspace_folder(workspace)))


COMMANDS: dict[str, Callable[..., None]] = {
    "sandbox": sandbox,
    "demo": demo,
}
