"""Prepare what a run would upload."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from etl.commands.keeping import opened
from etl.commands.prepare import prepare
from etl.commands.settings import Settings, Watch, unwatched
from etl.commands.summing import summary_of, with_counts
from etl.mapping import Checked, target_known
from etl.package import Package
from etl.report.summary import Summary
from etl.stop import Stop


def dry_run(mapping: Path, settings: Settings, watch: Watch = unwatched, stop: Stop | None = None) -> Package:
    """Prepare the package that `run` would upload. Raises EtlError."""
    with opened(mapping, settings, ready=lambda checked: None) as (checked, _):
        return prepare(checked, settings, watch, stop)


def summed_dry_run(mapping: Path, settings: Settings, watch: Watch = unwatched) -> Summary:
    """The same, summed up: what the package holds, and what of it is at the mapping's target already. Raises EtlError."""
    with opened(mapping, settings, ready=lambda checked: None) as (checked, _):
        package = prepare(checked, settings, watch)
        summary = summary_of(package, show_data=settings.show_data, strict=settings.strict)
        return _with_earlier_loads(summary, package, checked, settings)


def _with_earlier_loads(summary: Summary, package: Package, checked: Checked, settings: Settings) -> Summary:
    """As far as the mapping says which target: its journal knows, without asking anybody. Nothing is gone because the first
    rows lack it."""
    root = settings.journal(checked.migration)
    if target_known(checked.migration.target) is None or not root.exists():
        return summary
    from etl.journal.database import NoJournal
    from etl.load.comparing import foresee

    try:
        found = foresee(root, package)
    except NoJournal:
        return summary
    counted = with_counts(summary, found)
    stages = [
        replace(stage, batches=prepared.batches, gone=0 if package.manifest.part else stage.gone)
        for stage, prepared in zip(counted.stages, summary.stages, strict=True)
    ]
    return replace(counted, stages=stages, target=root.name)
