"""Where a migration stands: stages, batches, what needs a person, how fast it goes and how long it will take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from etl.errors import EtlError
from etl.findings import Sentence, said
from etl.journal.batch import Shipment
from etl.journal.doubts import doubts
from etl.journal.journal import Journal
from etl.journal.notes import note
from etl.journal.purges import purges
from etl.journal.runs import Run
from etl.journal.states import State
from etl.journal.summary import StageUpload, summarise_stages
from etl.journal.workspace import Holder, Workspace
from etl.package import Package

SHOWN = 100
"""Batches of a kind that are listed; all of them are counted."""
NAMED = 20
"""Failed records of a batch that are named."""


class StageStatus(Struct, frozen=True):
    """A stage of the last package: its records as StageSummary has them, and the stage's batches by state, of all packages."""

    name: str
    valid: int
    uploaded: int
    already: int
    failed: int
    changed: int
    waiting: int
    refused: int
    unknown: int
    unsettled: int
    held_back: int
    gone: int
    elsewhere: int
    batches: Mapping[str, int]


class Attention(Struct, frozen=True):
    """A batch that a person should look at, and why. `file` is where its bytes lie, `sha256` is theirs.

    `keys` are those of its records that are known to have failed, or the first of them; `doubts` what the
    package's own checks had warned of in these.
    """

    batch: int
    stage: str
    state: str
    records: int
    failed: int
    file: Path
    sha256: str
    migration_id: str | None
    why: str
    keys: tuple[str, ...] = ()
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Status(Struct, frozen=True):
    """Where the load to one target stands. `ok`: nothing has failed, or is left to be sent or decided, but what is unsettled.

    `per_second` records in the last run; `forecast` seconds for what is left to be sent, while something runs; None when
    nothing tells. `goes_on` is the command that sends what is left and can go; None when nothing is, or nothing may.
    `purged` is when people's data was last removed from the workspace. `barred` says why nothing may be sent from here:
    the journal was handed over, or is a copy.
    """

    target: str
    ok: bool
    package: Path | None
    running: Holder | None
    run: Run | None
    pilot_succeeded: bool
    stages: tuple[StageStatus, ...]
    attention: tuple[Attention, ...]
    per_second: float | None
    forecast: float | None
    requests: Path
    purged: str | None = None
    barred: str | None = None
    goes_on: str | None = None

    @property
    def waiting(self) -> int:
        return sum(stage.waiting for stage in self.stages)

    @property
    def left(self) -> int:
        """Records that nothing keeps from being sent."""
        return sum(stage.waiting - stage.unsettled - stage.held_back for stage in self.stages)


def read_status(root: Path) -> Status:
    """Raises JournalError when there is no journal. Looks only: may be called while a load runs."""
    workspace = Workspace(root)
    journal = Journal.read(workspace)
    try:
        return _status(journal, workspace.holder())
    finally:
        journal.close()


def nothing_sent(workspace: Workspace) -> Status:
    """The status of a target that has no journal."""
    return Status(workspace.target, True, None, workspace.holder(), None, False, (), (), None, None, workspace.requests)


def _status(journal: Journal, running: Holder | None) -> Status:
    package = journal.runs.last_used()
    lost = [] if running else journal.lost()
    stages = _stages(journal, package, lost)
    per_second = journal.runs.per_second()
    barred = journal.homes.barred(journal.workspace)
    left = sum(stage.waiting - stage.unsettled - stage.held_back for stage in stages)
    return Status(
        target=journal.workspace.target,
        ok=all(stage.complete for stage in stages),
        package=package[1] if package else None,
        running=running,
        run=journal.runs.last(),
        pilot_succeeded=journal.runs.pilot_succeeded(),
        stages=tuple(_stage(stage, _batches(journal, stage.name, lost)) for stage in stages),
        attention=_attention(journal, lost),
        per_second=per_second,
        forecast=left / per_second if per_second and running else None,
        requests=journal.workspace.requests,
        purged=next((one.time for one in reversed(purges(journal.workspace.migration)) if one.finished), None),
        barred=barred,
        goes_on=journal.runs.goes_on() if left and barred is None else None,
    )


def _stages(journal: Journal, package: tuple[int, Path] | None, lost: Sequence[Shipment]) -> tuple[StageUpload, ...]:
    number, path = package or (0, None)
    valid = journal.plans.contents(number)
    return summarise_stages(
        journal, number, valid, [one.id for one in lost], is_part=path is not None and _is_part(path)
    )


def _is_part(package: Path) -> bool:
    """Whether a package was not to hold everything. One that cannot be read any more was a whole one, for all that is known."""
    try:
        return Package.open(package).manifest.part is not None
    except EtlError:
        return False


def _stage(stage: StageUpload, batches: Mapping[str, int]) -> StageStatus:
    counts: dict[str, Any] = {name: getattr(stage, name, stage.records) for name in StageStatus.__struct_fields__}
    return StageStatus(**{**counts, "batches": batches})


def _batches(journal: Journal, stage: str, lost: Sequence[Shipment]) -> Mapping[str, int]:
    return journal.counts(0, stage, [one.id for one in lost]).by_state()


def _attention(journal: Journal, lost: Sequence[Shipment]) -> tuple[Attention, ...]:
    unknown = [*journal.batches(state=State.UNKNOWN), *lost]
    failed = [batch.id for batch in journal.failed()]
    wanted = [*(one.id for one in unknown[:SHOWN]), *journal.refused_and_left()[:SHOWN], *failed[:SHOWN]]
    return tuple(_explained(journal, journal.batch(number)) for number in wanted)


def _explained(journal: Journal, batch: Shipment) -> Attention:
    keys = _known_failed(journal, batch)
    return Attention(
        batch.id,
        batch.stage,
        str(State.UNKNOWN if batch.state is State.SENDING else batch.state),
        batch.records,
        batch.failed,
        journal.workspace.whole(batch.file),
        batch.sha256,
        batch.migration_id,
        _why(journal, batch, keys),
        keys,
        doubts(journal, batch, keys),
    )


def _known_failed(journal: Journal, batch: Shipment) -> tuple[str, ...]:
    if batch.failed_whole:
        return tuple(journal.counting_keys(batch.id, NAMED))
    return tuple(journal.attempts.failed_again(batch, NAMED)) if batch.state is State.DONE else ()


def _why(journal: Journal, batch: Shipment, keys: Sequence[str]) -> str:
    if batch.state is State.SENDING:
        return note("unanswered")
    if batch.state is not State.DONE:
        return journal.trail.last_note(batch.id)
    if batch.failed_whole and batch.sent is None:
        return journal.trail.last_note(batch.id)
    if batch.failed_whole:
        return said(
            "its record failed" if batch.records == 1 else "all of its records failed, so it created none of them"
        )
    return _some_failed(batch.failed, is_known=bool(keys))


def _some_failed(count: int, *, is_known: bool) -> Sentence:
    words = "{count} of its records failed, and Omnitron does not tell which"
    if is_known:
        words = "{count} of its records failed, and Omnitron does not tell which; sent again, each alone, these failed once more"
    return said(words, count=count)
