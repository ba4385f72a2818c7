"""Commands that prepare and load."""

from __future__ import annotations

from pathlib import Path

import click

from etl.cli.shared import (
    engine_option,
    json_option,
    limit_option,
    mapping_argument,
    outside,
    progress,
    reporting,
    scheduler_option,
    settings,
    show_data_option,
    workers_option,
    workspace_option,
)


@click.command
@mapping_argument
@workspace_option
@workers_option
@limit_option
@engine_option
@scheduler_option
@show_data_option
@json_option
def dry_run(
    mapping: Path,
    workspace: Path,
    workers: int | None,
    limit: int | None,
    engine: str,
    scheduler: str | None,
    show_data: bool,
    as_json: bool,
) -> None:
    """Prepare the package that `run` would upload, and say what became of every row. Sends nothing."""
    from etl import runner

    with reporting(as_json) as report:
        with progress(as_json) as watch:
            package = runner.dry_run(mapping, settings(workspace, workers, limit, engine, scheduler), watch)
        report(runner.summary_of(package, show_data=show_data))


@click.command
@mapping_argument
@workspace_option
@workers_option
@limit_option
@engine_option
@scheduler_option
@show_data_option
@json_option
def run(
    mapping: Path,
    workspace: Path,
    workers: int | None,
    limit: int | None,
    engine: str,
    scheduler: str | None,
    show_data: bool,
    as_json: bool,
) -> None:
    """Prepare a package and upload it, stage by stage, following each batch to its end."""
    from etl import runner

    with reporting(as_json) as report:
        with progress(as_json) as watch:
            given = settings(workspace, workers, limit, engine, scheduler)
            summary, error = runner.run(mapping, given, outside(watch), watch, show_data=show_data)
        report(summary, error)


COMMANDS: dict[str, click.Command] = {
    "dry-run": dry_run,
    "run": run,
}
