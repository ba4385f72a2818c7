"""Why a record was not sent: its row was rejected, its parent is not migrated, another stands for it, or it waits.

The last package tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from etl.errors import PackageError
from etl.findings import Sentence, masked_sentence, said
from etl.journal.journal import Journal
from etl.journal.plans import Wait, Why
from etl.package import Held, Merged, Package, Reject, is_readable
from etl.personal import mask_key


class Unsent(Struct, frozen=True):
    """One reason. `fate` is rejected, held, merged or waiting; `place` the source row, where there is one.

    `masked` is the reason without personal data.
    """

    fate: str
    package: Path
    place: str | None
    field: str | None
    reason: str
    masked: str


def reasons(journal: Journal, stage: str, key: str) -> tuple[Unsent, ...]:
    """None where nothing is known: the package is gone, or has no such record."""
    last = journal.runs.last_used()
    if last is None:
        return ()
    number, path = last
    waits = journal.plans.waiting(number, stage, [key])
    if key in waits:
        wait = waits[key]
        return (
            Unsent("waiting", path, None, None, _waiting(wait, wait.parent), _waiting(wait, mask_key(wait.parent))),
        )
    try:
        return tuple(_of_package(Package.open(path), stage, key))
    except PackageError:
        return ()


def foreseen(packages: Path, stage: str, key: str) -> tuple[Unsent, ...]:
    """Why the newest package would not send it, where no load has begun. None where there is no package, or it would."""
    paths = [one.parent for one in packages.glob("*/manifest.json") if not one.parent.name.endswith(".partial")]
    found = [Package.open(path) for path in paths if is_readable(path)]
    if not found:
        return ()
    try:
        return tuple(_of_package(max(found, key=lambda package: package.manifest.created), stage, key))
    except PackageError:
        return ()


def _of_package(package: Package, stage: str, key: str) -> Iterator[Unsent]:
    packaged = next((one for one in package.stages if one.name == stage), None)
    if packaged is None:
        return
    for reject in package.rejects(packaged):
        if reject.key == key:
            yield _unsent("rejected", package, reject, personal=reject.personal)
    for held in package.held(packaged):
        if held.key == key:
            yield _unsent("held", package, held, personal=False)
    for merged in package.merged(packaged):
        if merged.key == key:
            yield _unsent("merged", package, merged, personal=merged.personal)


def _unsent(fate: str, package: Package, one: Reject | Held | Merged, *, personal: bool) -> Unsent:
    place = said("{source} row {row}", source=one.source, row=one.row)
    reason = Sentence(one.reason, one.words, one.parts)
    return Unsent(
        fate, package.path, place, one.field, reason, masked_sentence(one.words, one.parts, personal=personal)
    )


def _waiting(wait: Wait, key: str | None) -> Sentence:
    words = "{record} has failed" if wait.why is Why.FAILED else "{record} has not been sent"
    if wait.why is Why.UNSETTLED:
        words = "it is not settled yet" if wait.parent is None else "{record} is not settled yet"
    return said(words, record=f"{wait.parent_stage} '{key}'")
