"""Whether a stage's records are still known by the keys that they were sent under."""

from __future__ import annotations

from collections.abc import Sequence

from etl.errors import MappingError
from etl.journal.journal import Journal
from etl.journal.stages import said_to_be_others
from etl.model import Expression, Stage
from etl.package import Package, PackagedStage


def check_keys(journal: Journal, package: Package, stages: Sequence[Stage]) -> None:
    """Raise MappingError when records were sent under keys that were made otherwise, and this package has none of those keys.

    Remembers what the keys are made from. A key that is only written otherwise gives keys that are known: then all is well.
    """
    packaged = {one.name: one for one in package.stages}
    sent = {stage for stage, _ in journal.stage_names.sent()}
    for stage in stages:
        now, before = key_text(stage), journal.stage_names.key_of(stage.name)
        if now == before or stage.name not in packaged:
            continue
        if before is not None and stage.name in sent and _are_all_new(journal, package, packaged[stage.name]):
            raise MappingError(_other_keys(stage.name, now, before, package, journal.workspace.target))
        journal.stage_names.note_key(stage.name, now)


def key_text(stage: Stage) -> str:
    """What a stage's keys are made from, as the mapping has it."""
    template = stage.fields.get(stage.key) if isinstance(stage.key, str) else stage.key
    return template.text if isinstance(template, Expression) else str(template)


def _are_all_new(journal: Journal, package: Package, stage: PackagedStage) -> bool:
    """Whether there are records, and none of their keys was ever sent."""
    return stage.counts.valid > 0 and not any(
        journal.taken(stage.name, package.keys(batch)) for batch in package.batches(stage)
    )


def _other_keys(stage: str, now: str, before: str, package: Package, target: str) -> str:
    return (
        f"stage '{stage}': its key is made from `{now}`, and was made from `{before}` when records were sent to {target}; none "
        f"of the keys in {package.path} was sent, so that each record would be sent again. Make the key as before; or, if these "
        f"are other records: {said_to_be_others(stage, target)}. Nothing was sent now"
    )
