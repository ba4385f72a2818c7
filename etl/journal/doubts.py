"""What the package's own checks had warned of in records that failed: the likeliest reason, for Omnitron gives none."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from etl.errors import PackageError
from etl.findings import WARNING, masked_sentence
from etl.journal.batch import Shipment
from etl.journal.journal import Journal
from etl.package import Package, PackagedStage, ProblemKind


def doubts(journal: Journal, batch: Shipment, keys: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Warnings by key, masked. A package keeps the rows of the first of each kind only, so one that is not here says nothing."""
    try:
        package = Package.open(journal.runs.package_path(batch.package))
        stage = next((one for one in package.stages if one.name == batch.stage), None)
        return _of(package, stage, keys) if stage and keys else {}
    except PackageError:
        return {}


def _of(package: Package, stage: PackagedStage, keys: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    warned = [kind for kind in package.kinds(stage) if kind.severity == WARNING and kind.rows]
    if not warned:
        return {}
    lines = (line for one in package.batches(stage) for line in package.index(one) if line[0] in keys)
    told = {key: tuple(filter(None, (_told(kind, row) for kind in warned))) for key, row, *_ in lines}
    return {key: reasons for key, reasons in told.items() if reasons}


def _told(kind: ProblemKind, row: int) -> str:
    """The warning as it is of this row; nothing when another row's data would be in it. Never personal data."""
    own = next((one for one in kind.examples if one.row == row), None)
    if row not in kind.rows or (own is None and kind.examples[0].parts):
        return ""
    example = own or kind.examples[0]
    return masked_sentence(example.words, example.parts, personal=example.personal)
