"""Commands that prepare and load."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from etl.cli.shared import json_option, old_mapping_option, outside, preparing, reporting, settings, show_data_option
from etl.cli.watching import watching
from etl.errors import MappingError
from etl.findings import said


@click.command
@preparing
@show_data_option
@json_option
def dry_run(mapping: Path, show_data: bool, as_json: bool, **how: Any) -> None:
    """Prepare what `run` would upload, and send nothing.

    Says what became of every row.
    """
    from etl.commands import dry_run as verb

    with reporting(as_json) as report:
        with watching(as_json) as watch:
            given = replace(settings(mapping, **how, **watch.hears), show_data=show_data)
            summary = verb.summed_dry_run(mapping, given, watch)
        report(summary)


@click.command
@preparing
@click.option("--package", type=Path, help="Prepare nothing: upload this package, which a dry-run made, as it is.")
@old_mapping_option
@click.option("--final", is_flag=True, help="Also records that are not settled: the old shop does not change any more.")
@show_data_option
@json_option
def run(
    mapping: Path,
    package: Path | None,
    old_mapping: bool,
    final: bool,
    show_data: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Prepare a package and upload it, stage by stage.

    Each batch is followed to its end.
    """
    from etl.commands import run as verb

    if package is not None and any(how[one] for one in ("stages", "limit", "fresh", "snapshot")):
        words = "--package {path}: is uploaded as it is; leave --stage, --limit, --fresh and --snapshot out"
        raise MappingError(said(words, path=str(package)))
    with reporting(as_json) as report:
        with watching(as_json, show_data=show_data) as watch:
            given = replace(
                settings(mapping, **how, **watch.hears),
                show_data=show_data,
            )
            if package is None:
                summary, error = verb.run(mapping, given, outside(watch), watch, show_data=show_data, final=final)
            else:
                summary, error = verb.run_package(
                    mapping, given, outside(watch), package, show_data=show_data, old_mapping=old_mapping, final=final
                )
        report(summary, error)


COMMANDS: dict[str, click.Command] = {
    "dry-run": dry_run,
    "run": run,
}
