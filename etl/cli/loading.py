"""Commands that prepare and load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from etl.cli.shared import (
    Engine,
    EngineName,
    Json,
    Limit,
    Mapping,
    Scheduler,
    ShowData,
    Workers,
    Workspace,
    outside,
    progress,
    reporting,
    settings,
)


def dry_run(
    mapping: Mapping,
    workspace: Workspace = Path("work"),
    workers: Workers = None,
    limit: Limit = None,
    engine: Engine = EngineName.LOCAL,
    scheduler: Scheduler = None,
    show_data: ShowData = False,
    as_json: Json = False,
) -> None:
    """Prepare the package that `run` would upload, and say what became of every row. Sends nothing."""
    from etl import runner

    with reporting(as_json) as report:
        with progress(as_json) as watch:
            package = runner.dry_run(mapping, settings(workspace, workers, limit, engine, scheduler), watch)
        report(runner.summary_of(package, show_data=show_data))


def run(
    mapping: Mapping,
    workspace: Workspace = Path("work"),
    workers: Workers = None,
    limit: Limit = None,
    engine: Engine = EngineName.LOCAL,
    scheduler: Scheduler = None,
    show_data: ShowData = False,
    as_json: Json = False,
) -> None:
    """Prepare a package and upload it, stage by stage, following each batch to its end."""
    from etl import runner

    with reporting(as_json) as report:
        with progress(as_json) as watch:
            given = settings(workspace, workers, limit, engine, scheduler)
            summary, error = runner.run(mapping, given, outside(watch), watch, show_data=show_data)
        report(summary, error)


COMMANDS: dict[str, Callable[..., None]] = {
    "dry-run": dry_run,
    "run": run,
}
