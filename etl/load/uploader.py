"""Load a package: stage by stage, batch by batch, from the journal, so that it can end anywhere and go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from msgspec import Struct

from etl.errors import Ambiguous, Exit, MappingError, PackageError, TargetError
from etl.files import sha256_of
from etl.findings import said
from etl.journal.batch import Shipment
from etl.journal.database import JournalError, NoJournal
from etl.journal.folder import MigrationFolder, check_known, person
from etl.journal.journal import Journal
from etl.journal.outcome import outcome_noted
from etl.journal.requestlog import RequestLog
from etl.journal.states import State
from etl.journal.summary import LoadSummary, summarise
from etl.journal.workspace import Workspace
from etl.load import wording
from etl.load.cutting import Cutting
from etl.load.delivery import Delivery
from etl.load.flight import Flight
from etl.load.keys import check_keys
from etl.load.planning import Cut, Rules, plan_again, plan_batches
from etl.load.probe import connect, probe
from etl.load.tally import Tally
from etl.model import Stage
from etl.outside import Event, Outside
from etl.package import MANIFEST, Package, PackagedStage
from etl.stop import Stopped
from etl.target import Target


class GateClosed(TargetError):
    """A stage has more errors than its gate allows."""

    exit_code = Exit.DATA
    ending = "a stage has more failed records than the mapping allows"


class Loading(Struct, frozen=True):
    """A workspace, held, with what is needed to load into it."""

    journal: Journal
    delivery: Delivery
    target: Target
    outside: Outside
    package: Package
    number: int
    asked: Asked


class Asked(Struct, frozen=True):
    """What a person asked for beyond the mapping.

    mapping  the SHA-256 of the mapping that the package must have been made by; None: it may be any
    final    records that are not settled yet go, too
    """

    mapping: str | None = None
    final: bool = False


def load(
    package: Package,
    target: Target,
    stages: Sequence[Stage],
    root: Path,
    outside: Outside | None = None,
    asked: Asked | None = None,
) -> LoadSummary:
    """Upload what no earlier run has uploaded. Other packages' batches that were planned and not sent are taken back.

    Raises Ambiguous, Refused, Unavailable, GateClosed, Stopped, JournalError...: all EtlErrors, with the journal right.
    """
    require_fit(package, stages, asked or Asked())
    with session("run", package, target, stages, root, outside or Outside(), asked) as here:
        _require_pilot(here)
        return load_package(here, stages)


def load_package(here: Loading, stages: Sequence[Stage], *, again: bool = False) -> LoadSummary:
    """Plan the package and send what is planned; `again`: only repetitions, all of them, whatever the gates say."""
    here.journal.supersede(_names(stages), lambda batch: batch.pilot or batch.package != here.number)
    wanted = [stage for stage in stages if stage.name in _names(here.package.stages)]
    for stage in wanted:
        plan_batches(*_planning(here, stage))
        here.outside.events(_planned(here.journal, stage.name))
    with suppress(
        JournalError
    ):  # where there is no room for that, all is in the -wal, and whatever needs room next tells it
        here.journal.checkpoint()
    runs = [StageRun(here, stage, again=again) for stage in wanted]
    for run in runs:
        plan_again(*_planning(here, run.stage))
        run.run()
    for run in runs if again else ():
        run.judge()
    return summarise(here.journal, here.package, here.number)


def require_fit(package: Package, stages: Sequence[Stage], asked: Asked, remake: str = "run") -> None:
    """Raise MappingError where the package is not one that this mapping makes: it would be sent otherwise than it was meant.

    `remake`: for whom it is, which says how to get another one (wording.REMAKES).
    """
    missing = [stage.name for stage in package.stages if stage.name not in _names(stages)]
    if missing:
        raise MappingError(wording.stages_missing(package.path, missing, remake))
    if asked.mapping is not None and asked.mapping != package.manifest.mapping.sha256:
        raise MappingError(wording.other_mapping(package.path, package.manifest.mapping.file, remake))


def check_ready(target: Target, root: Path, outside: Outside) -> None:
    """Whether a load could begin now, before hours are spent on preparing for it. Raises Occupied, MappingError, Refused or
    Unavailable.

    `load` itself looks again: what is true now may not be true then.
    """
    workspace = Workspace(root)
    workspace.check_free()
    _check_journal(workspace, target)
    probe(target, root, outside)


def _check_journal(workspace: Workspace, target: Target) -> None:
    try:
        with closing(Journal.read(workspace)) as journal:
            journal.homes.check(workspace)
            succeeded = journal.runs.pilot_succeeded()
    except NoJournal:
        succeeded = False
    if target.require_pilot and not succeeded:
        raise MappingError(NO_PILOT)


NO_PILOT = said("target.require_pilot is set, and no pilot has succeeded yet; run `etl pilot` first")


def resume(
    target: Target,
    stages: Sequence[Stage],
    root: Path,
    outside: Outside | None = None,
    asked: Asked | None = None,
) -> LoadSummary:
    """Go on with the package of the last run: poll what was accepted, send what is planned. Raises like `load`."""
    package = last_package(root)
    require_fit(package, stages, asked or Asked())
    with session("resume", package, target, stages, root, outside or Outside(), asked) as here:
        _require_pilot(here)
        return load_package(here, stages)


def last_package(root: Path) -> Package:
    """The package that was loaded last. Raises JournalError when nothing was, PackageError when it is gone."""
    journal = Journal.read(Workspace(root))
    try:
        path, command = journal.runs.last_package(), journal.runs.goes_on()
        unknown = journal.batches(state=State.UNKNOWN)
        if unknown and (path is None or not path.exists()):  # whatever goes on in its place would stop there
            raise wording.telling(wording.still_unknown(unknown, journal), Ambiguous)
    finally:
        journal.close()
    if path is None:
        raise JournalError(
            said("{path}: there is nothing to resume; `etl {command}` starts a load", path=str(root), command=command)
        )
    if not path.exists():
        raise PackageError(
            said(
                "{path}: is not there any more; `etl run` makes a new package, and sends what has not arrived",
                path=str(path),
            )
        )
    return Package.open(path, again="run")


@contextmanager
def session(
    command: str,
    package: Package,
    target: Target,
    stages: Sequence[Stage],
    root: Path,
    outside: Outside,
    asked: Asked | None = None,
) -> Iterator[Loading]:
    """Hold the workspace, open its journal, and write there how this run began and ended.

    Raises MappingError, with nothing written, when a stage may be another one under a new name (asked once more: since it was
    before preparing, more may be sent), or its records may be those that were sent, under other keys.
    """
    workspace = Workspace(root)
    with workspace.locked() as holder:
        check_known(MigrationFolder(workspace.migration), workspace.target)
        journal = Journal.open(workspace, now=outside.now, seam=outside.seam, busy_seconds=outside.busy_seconds)
        try:
            journal.stage_names.check(stages, workspace.target)
            check_keys(journal, package, stages)
            journal.homes.begin(workspace, person())
            log = RequestLog(workspace.requests, outside.now, outside.seam)
            delivery = Delivery(journal, connect(target, log, outside), target, outside)
            valid = {stage.name: stage.counts.valid for stage in package.stages}
            number = journal.runs.package_id(workspace.shorten(package.path), sha256_of(package.path / MANIFEST), valid)
            log.run = journal.runs.begin(command, holder, number)
            with outcome_noted(journal), _stopping(journal):
                yield Loading(journal, delivery, target, outside, package, number, asked or Asked())
        finally:
            journal.close()


@contextmanager
def _stopping(journal: Journal) -> Iterator[None]:
    """Whoever stops a load is told how it goes on."""
    try:
        yield
    except Stopped as stopped:
        if stopped.then:
            raise
        again = Stopped(stopped.why, wording.goes_on(journal))
        again.told = (wording.stopped(stopped.why, journal),)
        raise again from stopped


def _names(stages: Sequence[Stage] | Sequence[PackagedStage]) -> list[str]:
    return [stage.name for stage in stages]


def _require_pilot(here: Loading) -> None:
    if here.target.require_pilot and not here.journal.runs.pilot_succeeded():
        raise MappingError(NO_PILOT)


def _planning(here: Loading, stage: Stage) -> tuple[Journal, Package, int, PackagedStage, Cut, Rules]:
    ramp_up = here.target.ramp_up if stage.ramp_up is None else stage.ramp_up
    rules = Rules(stage.refers, here.asked.final)
    packaged = here.package.stage(stage.name)
    return here.journal, here.package, here.number, packaged, Cut(_batch_size(here, stage), ramp_up), rules


def _batch_size(here: Loading, stage: Stage) -> int:
    return stage.batch_size or here.target.batch_size


def _planned(journal: Journal, stage: str) -> Event:
    batches, records = journal.planned(stage)
    return Event("planned", stage, f"stage '{stage}': {records} records to send in {batches} batches", records=records)


def stop_at_unknown(journal: Journal, stage: str) -> None:
    """Raise Ambiguous when a batch of the stage may have arrived: a person has to decide before anything else is sent."""
    unknown = journal.batches(stage, State.UNKNOWN)
    if unknown:
        raise wording.telling(wording.still_unknown(unknown, journal), Ambiguous)


LOOKED_BACK = 20
"""Batches of an earlier run that tell how large the next one may be."""


class StageRun:
    """One stage on its way to its end: every batch done, and no more failed records than its gate allows.

    `again`: only repetitions are sent. A person asked for them, to learn of each whether it goes now; no gate stops them.
    """

    def __init__(self, here: Loading, stage: Stage, *, again: bool = False) -> None:
        self._here = here
        self.stage = stage
        self._again = again
        self._width = max(here.target.concurrency, 1)
        self._pause = here.target.pause if stage.pause is None else stage.pause
        self._on_their_way: set[int] = set()
        self._tally = Tally(here.journal, stage.name)
        self._cutting = Cutting(_batch_size(here, stage), here.journal.last_done(stage.name, LOOKED_BACK))
        self._cuts = here.target.cut_after_errors if stage.cut_after_errors is None else stage.cut_after_errors

    def run(self) -> None:
        with Flight(self._width, self._here.outside.stop) as flight:
            for batch in self._here.journal.batches(self.stage.name, State.ACCEPTED):
                flight.land(leave=self._width - 1)
                flight.launch(partial(self._carry, batch))
            flight.land()
            stop_at_unknown(self._here.journal, self.stage.name)
            self._send_planned(flight)
        if not self._again:
            self.judge()

    def _carry(self, batch: Shipment) -> None:
        carried = self._here.delivery.carry(batch)
        self._tally.add(carried)
        if carried.state is State.DONE:
            self._cutting.saw(carried)
        self._on_their_way.discard(batch.id)

    def _send_planned(self, flight: Flight) -> None:
        """Send until nothing is planned. A batch is sent once the errors of those that ended were judged."""
        launched = False
        while batch := self._next(flight):
            flight.land(leave=0 if batch.alone else self._width - 1)
            if not self._again:
                self.judge()
            if self._cut(batch):
                continue
            self._here.outside.wait(self._pause if launched else 0)
            self._on_their_way.add(batch.id)
            flight.launch(partial(self._carry, batch))
            launched = True
            if batch.alone:
                flight.land()

    def _next(self, flight: Flight) -> Shipment | None:
        """The next planned batch. One in flight may yet be halved, so there is none only when all have landed."""
        found = self._planned()
        if found is None:
            flight.land()
            found = self._planned()
        return found

    def _planned(self) -> Shipment | None:
        # One that waits for its next attempt is planned, too, and in somebody's hands.
        return self._here.journal.next_planned(self.stage.name, tuple(self._on_their_way), again=self._again)

    def _cut(self, batch: Shipment) -> bool:
        """Put smaller batches in the place of this one, when those before it had errors. They are planned then."""
        size = self._cutting.pieces(batch.records) if self._cuts else None
        if size is None:
            return False
        pieces = self._here.delivery.cut(batch, size)
        text = f"batch {batch.id}: cut in {len(pieces)} smaller ones, because batches before it had errors"
        self._here.outside.events(Event("cut", batch.stage, text, batch.id, batch.records))
        return True

    def judge(self) -> None:
        if not self._tally.within(self.stage.gate):
            journal, tally = self._here.journal, self._tally
            failed = journal.failed(self.stage.name)
            told = wording.gate_closed(self.stage.name, failed, tally.failed, tally.records, journal)
            raise wording.telling(told, GateClosed)
