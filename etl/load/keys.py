"""Whether a stage's records are still known by the keys that they were sent under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from etl.errors import MappingError
from etl.expressions import ExpressionError
from etl.expressions.parsing import parse
from etl.journal.journal import Journal
from etl.journal.stages import said_to_be_others
from etl.model import Stage
from etl.package import Package, PackagedStage


def check_keys(journal: Journal, package: Package, stages: Sequence[Stage]) -> None:
    """Raise MappingError when records were sent under keys that were made otherwise, and this package has others instead.

    Remembers what the keys are made from. A key that is only written otherwise gives the keys that are known: then all is well.
    A package that lacks some of these, be it for an export that is empty, does not tell: what was remembered stays.
    """
    packaged = {one.name: one for one in package.stages}
    sent = {stage for stage, _ in journal.stage_names.sent()}
    for stage in stages:
        if stage.name not in packaged:
            continue
        _check_numbers(journal, package, packaged[stage.name])
        # A package may be older than the mapping beside it.
        now, before = packaged[stage.name].key or stage.key_text, journal.stage_names.key_of(stage.name)
        if now == before:
            continue
        if before is not None and stage.name in sent and not _is_same(now, before):
            found = _looked_up(journal, package, packaged[stage.name])
            if found.new and found.gone:
                raise MappingError(_other_keys(stage.name, now, before, found, journal.workspace.target))
            if found.gone:
                continue
        journal.stage_names.note_key(stage.name, now)


def _check_numbers(journal: Journal, package: Package, stage: PackagedStage) -> None:
    """Raise MappingError where a record that was sent as '1.0', or '1.00', would be sent again as '1'."""
    formerly = journal.stage_names.keys_as_python_wrote(stage.name)
    if not formerly:
        return
    for batch in package.batches(stage):
        again = [key for key in package.keys(batch) if key in formerly]
        known = journal.taken(stage.name, again) if again else {}
        if new := [key for key in again if key not in known]:
            others = said_to_be_others(stage.name, journal.workspace.target)
            key, before = new[0], formerly[new[0]]
            zeros = before.removeprefix(key) if before.startswith(key) else ".0"
            raise MappingError(
                f"stage '{stage.name}': a record was sent with the key '{before}', as earlier versions wrote numbers "
                f"and truths of JSON and Parquet, and would be sent again with the key '{key}'. Make the key what it was "
                f"({{{{ ... ~ '{zeros}' }}}}); or, if these are other records: {others}. Nothing was sent now"
            )


def _is_same(now: str, before: str) -> bool:
    """Whether two texts are one expression, with other blanks in it or other quotes."""
    try:
        return parse(now) == parse(before)
    except ExpressionError:
        return False


class _Keys(NamedTuple):
    """How many of a package's keys some batch has, how many none has, and how many that some batch has are not in the package."""

    known: int
    new: int
    gone: int


def _looked_up(journal: Journal, package: Package, stage: PackagedStage) -> _Keys:
    known = sum(len(journal.taken(stage.name, package.keys(batch))) for batch in package.batches(stage))
    return _Keys(known, stage.counts.valid - known, journal.stage_names.keys_taken(stage.name) - known)


def _other_keys(stage: str, now: str, before: str, keys: _Keys, target: str) -> str:
    return (
        f"stage '{stage}': its key is made from `{now}`, and was made from `{before}` when records were sent to {target}; now "
        f"{keys.new:,} of its keys are new, and {keys.gone:,} that are known are gone, so that records may be sent again under "
        "another key. Make the key as before; or, if these are other records, or the same key is only written otherwise and "
        f"rows came and went ({keys.known:,} of its keys are known, and are not sent again): "
        f"{said_to_be_others(stage, target)}. Nothing was sent now"
    )
