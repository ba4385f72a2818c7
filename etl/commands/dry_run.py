"""Prepare what a run would upload."""

from __future__ import annotations

from pathlib import Path

from etl.commands.keeping import opened
from etl.commands.prepare import prepare
from etl.commands.settings import Settings, Watch, unwatched
from etl.package import Package
from etl.stop import Stop


def dry_run(mapping: Path, settings: Settings, watch: Watch = unwatched, stop: Stop | None = None) -> Package:
    """Prepare the package that `run` would upload. Raises EtlError."""
    with opened(mapping, settings, ready=lambda checked: None) as (checked, _):
        return prepare(checked, settings, watch, stop)
