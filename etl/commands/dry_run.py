"""Prepare what a run would upload."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from etl.commands.keeping import opened
from etl.commands.prepare import prepare
from etl.commands.settings import Settings, Watch, unwatched
from etl.commands.summing import summary_of, with_counts
from etl.findings import said
from etl.journal.database import JournalError
from etl.journal.folder import MigrationFolder, has_sent
from etl.journal.workspace import Workspace
from etl.mapping import Checked, target_known
from etl.package import Package
from etl.report.summary import Summary
from etl.stop import Stop
from etl.terminal import listed


def dry_run(mapping: Path, settings: Settings, watch: Watch = unwatched, stop: Stop | None = None) -> Package:
    """Prepare the package that `run` would upload. Raises EtlError."""
    with opened(mapping, settings, ready=lambda checked: None) as (checked, _):
        return prepare(checked, settings, watch, stop)


def summed_dry_run(mapping: Path, settings: Settings, watch: Watch = unwatched) -> Summary:
    """The same, summed up: what the package holds, what of it is at the mapping's target already, and what would wait.

    Raises EtlError.
    """
    with opened(mapping, settings, ready=lambda checked: None) as (checked, _):
        package = prepare(checked, settings, watch)
        summary = summary_of(package, show_data=settings.show_data, strict=settings.strict)
        return _with_earlier_loads(summary, package, checked, settings)


def _with_earlier_loads(summary: Summary, package: Package, checked: Checked, settings: Settings) -> Summary:
    """As far as the mapping says which target: its journal knows, without asking anybody."""
    migration = checked.migration
    stages = [stage for stage in migration.stages if stage.name in {one.name for one in package.stages}]
    is_known = target_known(migration.target) is not None
    root = settings.journal(migration)  # of no target the folder of all of them, in which there is no journal
    sent = is_known and root.exists()
    if not sent and not any(stage.settled is not None for stage in stages):
        return _warned(summary, is_known, settings.folder(migration))
    from etl.load.comparing import foresee

    found = foresee(root, package, stages)
    counted = with_counts(summary, found)
    cut = [
        replace(stage, batches=prepared.batches) for stage, prepared in zip(counted.stages, summary.stages, strict=True)
    ]
    ok = summary.ok and not any(one.troubled or one.changed for one in found.stages)
    told = replace(counted, stages=cut, ok=ok, target=root.name if sent else None)
    return _warned(told, is_known, settings.folder(migration))


def _may_have_sent(target: Workspace) -> bool:
    """Of a journal that cannot be read nobody knows."""
    try:
        return has_sent(target)
    except JournalError:
        return True


def _warned(summary: Summary, is_known: bool, folder: MigrationFolder) -> Summary:
    """Whoever forgot a variable would read that all is to be sent."""
    sent = [] if is_known else [one.target for one in folder.targets() if _may_have_sent(one)]
    if not sent:
        return summary
    words = (
        "the mapping does not say which target, so what was sent before, to {targets}, is not counted; set the variables of "
        "its `target` as for a run"
    )
    return replace(summary, warnings=[*summary.warnings, said(words, targets=listed(sent))])
