"""Prepare what a run would upload."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from etl.commands.prepare import prepare
from etl.commands.settings import Settings, Watch, unwatched
from etl.mapping import load_mapping, require
from etl.package import Package
from etl.stop import Stop

if TYPE_CHECKING:
    from etl.stop import Stop


def dry_run(mapping: Path, settings: Settings, watch: Watch = unwatched, stop: Stop | None = None) -> Package:
    """Prepare the package that `run` would upload. Raises EtlError."""
    with load_mapping(mapping) as checked:
        require(checked, upload=False, strict=settings.strict)
        return prepare(checked, settings, watch, stop)
